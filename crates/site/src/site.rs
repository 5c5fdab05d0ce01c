//! An app, ready to run: everything is looked up once, here, and never per request.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use hookstead_app::{
    App, Endpoint, Place, Problem, ProblemCode, Protection, RunAs, Service, Severity, Webhook,
};
use hookstead_functions::{Functions, LoadError, Settings, SyntaxError};
use hookstead_identity::Users;
use hookstead_outbound::Documents;

use crate::{
    added::{AddedTo, strictest_of},
    client_function::{ClientFunction, client_functions},
    conditions,
    config::SiteConfig,
    data_rules::{self, data_rules},
    definition::definition,
    listing::{Declaration, Kind, Listing},
    oauth,
    origins::Origins,
    provider_secrets,
    rights::{Access, Unmet},
    route_key::route_key,
    routes::{Near, Routes},
    secrets::Secrets,
    target::{Target, encode, is_reserved, webhook_entry, webhook_path},
    user_mails::UserMails,
    users,
};

/// Where the hosted service ran an app, as its clients ask (docs/behaviour/client-api.md#location).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// `LOCAL` or `GLOBAL`.
    pub model: String,
    /// Such as `US-VA`.
    pub location: String,
}

/// An app, ready to run.
pub struct Site {
    app: Arc<str>,
    functions: Arc<Functions>,
    users: Option<Arc<Users>>,
    user_mails: Option<UserMails>,
    documents: Option<Arc<Documents>>,
    domain_id: String,
    routes: Routes,
    origins: Origins,
    /// The functions that other functions can call too.
    function_names: BTreeSet<String>,
    service_names: BTreeSet<String>,
    client_functions: HashMap<String, Arc<ClientFunction>>,
    /// What clients are told of where the app is deployed.
    deployment: Deployment,
    /// What links in error messages start with.
    base_url: String,
    listings: Vec<Listing>,
    problems: Vec<Problem>,
}

impl Site {
    /// Makes an app ready to run.
    ///
    /// What is wrong with an endpoint closes that endpoint, and is told by [`Site::problems`].
    ///
    /// # Errors
    /// Settings of functions that make no sense, or an engine that cannot start.
    pub fn new(
        app: &App,
        secrets: &Secrets<'_>,
        settings: Settings,
        config: &SiteConfig,
    ) -> Result<Self, LoadError> {
        let data = settings.data.clone();
        let rules = data_rules(app, config);
        let rules_problems = data_rules::problems(app, &rules);
        let functions = Arc::new(Functions::load(definition(app, secrets, rules), settings)?);
        let users = config.users.as_ref();
        let users =
            users.and_then(|settings| users::users(app, settings, secrets, &data, &functions));
        let mut plan = Plan::new(app, secrets, config, &functions);
        plan.report_syntax_errors();
        plan.problems.extend(provider_secrets::problems(app, secrets));
        plan.problems.extend(oauth::problems(app, config.public_base_url.as_deref()));
        plan.problems.extend(conditions::problems(app));
        plan.problems.extend(rules_problems);
        plan.problems.extend(package_conflicts(app, &functions));
        for endpoint in &app.endpoints {
            plan.add_endpoint(endpoint);
        }
        for service in app.services.values() {
            plan.routes.add_service(&service.name);
            for webhook in service.webhooks.values() {
                plan.add_webhook(service, webhook);
            }
        }
        let base_url = config.public_base_url.as_deref().unwrap_or_default();
        Ok(Self {
            app: app.client_app_id.as_str().into(),
            functions,
            users,
            user_mails: config.mailer.as_ref().and_then(|mailer| UserMails::new(app, mailer)),
            documents: config.documents.clone(),
            domain_id: users::domain_id(app),
            function_names: app.functions.keys().cloned().collect(),
            service_names: app.services.keys().cloned().collect(),
            client_functions: client_functions(app),
            deployment: Deployment {
                model: app.deployment_model.clone().unwrap_or_else(|| "GLOBAL".to_owned()),
                location: app.location.clone().unwrap_or_else(|| "US-VA".to_owned()),
            },
            origins: Origins::new(&app.allowed_request_origins, &config.cors),
            base_url: base_url.trim_end_matches('/').to_owned(),
            routes: plan.routes,
            listings: plan.listings,
            problems: plan.problems,
        })
    }

    /// Every endpoint and webhook, in the order of the export.
    pub fn endpoints(&self) -> &[Listing] {
        &self.listings
    }

    /// What keeps endpoints and webhooks from being served, beyond what loading the app found.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The slug of the app.
    pub fn client_app_id(&self) -> &str {
        &self.app
    }

    /// The functions of the app, for calling one without a request.
    pub fn functions(&self) -> &Functions {
        &self.functions
    }

    /// The users of the app, where they are kept and the app has any use for them.
    pub fn users(&self) -> Option<&Arc<Users>> {
        self.users.as_ref()
    }

    /// The mails to users, where there is a mail server and the app has any use for it.
    pub fn user_mails(&self) -> Option<&UserMails> {
        self.user_mails.as_ref()
    }

    /// What fetches the certificates of providers, where anything does.
    pub fn documents(&self) -> Option<&Arc<Documents>> {
        self.documents.as_ref()
    }

    /// What tokens name the app by.
    pub fn domain_id(&self) -> &str {
        &self.domain_id
    }

    /// What answers requests.
    pub fn routes(&self) -> &Routes {
        &self.routes
    }

    /// Where browsers may call from.
    pub fn origins(&self) -> &Origins {
        &self.origins
    }

    /// What links in error messages start with.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// What differs by slashes only from a path that nothing answers.
    pub fn near(&self, path: &str) -> Option<Near<'_>> {
        self.routes.near(path, &self.app)
    }

    /// A function that clients can call; `None` where there is none, or it is private.
    pub fn client_function(&self, name: &str) -> Option<&Arc<ClientFunction>> {
        self.client_functions.get(name)
    }

    /// Whether the app has a service of this name, apart from data sources.
    pub fn has_service(&self, name: &str) -> bool {
        self.service_names.contains(name)
    }

    /// Where the hosted service ran the app.
    pub fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// Whether the app has a function of this name, apart from webhooks.
    pub fn has_function(&self, name: &str) -> bool {
        self.function_names.contains(name)
    }

    /// The name under which the functions' side knows a function of the app, or a webhook that is
    /// named `service/webhook`; `None` where there is neither.
    pub fn entry_of(&self, name: &str) -> Option<String> {
        if self.has_function(name) {
            return Some(name.to_owned());
        }
        Some(self.routes.webhook_named(name)?.1.entry.clone())
    }
}

/// The packages that are installed in other versions than the app declares.
fn package_conflicts<'a>(
    app: &'a App,
    functions: &'a Functions,
) -> impl Iterator<Item = Problem> + 'a {
    const FILE: &str = "functions/package.json";
    functions.package_conflicts().iter().map(|(name, problem)| {
        let field = format!("dependencies.{name}");
        Problem {
            severity: Severity::Warning,
            code: ProblemCode::DependencyConflict,
            file: FILE.to_owned(),
            line: app.lines.of(FILE, &field),
            column: None,
            excerpt: None,
            field: Some(field),
            message: problem.message.clone(),
            remedy: problem.remedy.clone(),
        }
    })
}

/// The field that holds a script, as the subject of a sentence.
const SCRIPT: &str = "`run_as_user_id_script_source`";

/// A site while it is being made.
struct Plan<'a> {
    app: &'a App,
    secrets: &'a Secrets<'a>,
    config: &'a SiteConfig,
    /// By the name of the function's entry.
    syntax_errors: BTreeMap<String, SyntaxError>,
    routes: Routes,
    listings: Vec<Listing>,
    problems: Vec<Problem>,
}

impl<'a> Plan<'a> {
    fn new(
        app: &'a App,
        secrets: &'a Secrets<'a>,
        config: &'a SiteConfig,
        functions: &Functions,
    ) -> Self {
        let errors = functions.syntax_errors();
        let syntax_errors = errors.map(|(name, why)| (name.to_owned(), why.clone())).collect();
        let (routes, listings, problems) = (Routes::default(), Vec::new(), Vec::new());
        Self { app, secrets, config, syntax_errors, routes, listings, problems }
    }

    fn add_endpoint(&mut self, endpoint: &Endpoint) {
        let route = route_key(&endpoint.route);
        let target = Target::of_endpoint(endpoint, &route, self.app, self.secrets, self.config);
        let absent = if endpoint.disabled {
            Some("it is disabled".to_owned())
        } else {
            is_reserved(&route).then(|| "its route belongs to the Data API".to_owned())
        };
        let is_absent = absent.is_some();
        self.listings.push(Listing {
            kind: Kind::Endpoint,
            method: endpoint.method.to_string(),
            path: format!("/app/{}/endpoint{}", encode(&self.app.client_app_id), encode(&route)),
            protection: (&self.protection_of_endpoint(endpoint)).into(),
            function: endpoint.function_name.clone(),
            refused: absent.or_else(|| self.refused(&target)),
            declaration: self.declared_endpoint(endpoint),
        });
        if is_absent {
            return self.routes.add_disabled(route, endpoint.method);
        }
        self.report(&target, &endpoint.declared_in, "validation_method");
        self.routes.add_endpoint(route, endpoint.method, Arc::new(target));
    }

    fn add_webhook(&mut self, service: &Service, webhook: &Webhook) {
        let is_meant = |to: &AddedTo| to.is_webhook(&service.name, &webhook.name);
        let protection = strictest_of(&webhook.protection, &self.config.added, is_meant);
        let target = Target::of_webhook(service, webhook, self.app, self.secrets, self.config);
        self.listings.push(Listing {
            kind: Kind::Webhook,
            method: webhook.method.to_string(),
            path: webhook_path(&self.app.client_app_id, &service.name, &webhook.name),
            protection: (&protection).into(),
            function: format!("{}/{}", service.name, webhook.name),
            refused: self.refused(&target),
            declaration: Declaration {
                place: webhook.declared_in.clone(),
                method: webhook.method,
                protection,
                run_as: webhook.run_as.clone(),
                disabled: false,
                file: webhook.file.clone(),
                webhook: Some((service.name.clone(), webhook.name.clone())),
            },
        });
        self.report(&target, &webhook.declared_in, "options.validationMethod");
        self.routes.add_webhook(&service.name, &webhook.name, webhook.method, Arc::new(target));
    }

    fn protection_of_endpoint(&self, endpoint: &Endpoint) -> Protection {
        strictest_of(&endpoint.protection, &self.config.added, |to| to.is_endpoint(endpoint))
    }

    fn declared_endpoint(&self, endpoint: &Endpoint) -> Declaration {
        let function = self.app.functions.get(&endpoint.function_name);
        let of_function = function.map_or(&RunAs::Application, |function| &function.run_as);
        Declaration {
            place: endpoint.declared_in.clone(),
            method: endpoint.method,
            protection: self.protection_of_endpoint(endpoint),
            run_as: endpoint.run_as.as_ref().unwrap_or(of_function).clone(),
            disabled: endpoint.disabled,
            file: function.and_then(|function| function.file.clone()),
            webhook: None,
        }
    }

    fn refused(&self, target: &Target) -> Option<String> {
        let error = |entry| self.syntax_errors.get(entry);
        let broken =
            || error(&target.entry).map(|error| format!("its function does not compile: {error}"));
        let script = match &target.access {
            Access::Script(entry) => error(entry),
            _ => None,
        };
        let no_user = || script.map(|error| format!("{SCRIPT} does not compile: {error}"));
        target.refused().or_else(broken).or_else(no_user)
    }

    fn report_syntax_errors(&mut self) {
        let webhooks = self.app.services.values().flat_map(|service| {
            service
                .webhooks
                .values()
                .map(|webhook| (webhook_entry(&service.name, &webhook.name), webhook.file.as_ref()))
        });
        let functions = self.app.functions.values().map(|f| (f.name.clone(), f.file.as_ref()));
        for (name, file) in functions.chain(webhooks) {
            let Some(error) = self.syntax_errors.get(&name) else { continue };
            self.problems.push(Problem {
                severity: Severity::Error,
                code: ProblemCode::FunctionSyntaxError,
                file: file.cloned().unwrap_or_default(),
                line: error.place.map(|(line, _)| line),
                column: error.place.map(|(_, column)| column),
                excerpt: error.excerpt.clone(),
                field: None,
                message: format!("function `{name}` does not compile: {error}"),
                remedy: error.remedy.unwrap_or("mend the source").to_owned(),
            });
        }
    }

    /// Tells why nobody gets through, where that is news: the loader knows what stands in the
    /// export, but neither the secrets nor the settings.
    fn report(&mut self, target: &Target, place: &Place, guard_field: &str) {
        let what = match target.kind {
            Kind::Endpoint => "endpoint",
            Kind::Webhook => "webhook",
        };
        let (code, field, reason, remedy) = if let Some(closed) = target.guard.closed() {
            let code = ProblemCode::EndpointProtectionUnresolved;
            (code, guard_field, &*closed.reason, &*closed.remedy)
        } else if let Some(unmet) = target.unmet.filter(|unmet| *unmet != Unmet::Condition) {
            // The rights of an endpoint are those of its function, which is declared elsewhere.
            let field = match target.kind {
                Kind::Endpoint => "function_name",
                Kind::Webhook => unmet.field(),
            };
            (ProblemCode::EndpointAuthenticationUnsupported, field, unmet.reason(), unmet.remedy())
        } else {
            return;
        };
        let path = [place.field.as_str(), field];
        let path: Vec<_> = path.into_iter().filter(|part| !part.is_empty()).collect();
        self.problems.push(Problem {
            severity: Severity::Error,
            code,
            file: place.file.clone(),
            line: None,
            column: None,
            excerpt: None,
            field: Some(path.join(".")),
            message: format!("{what} `{}` refuses every request: {reason}", target.name),
            remedy: remedy.to_owned(),
        });
    }
}
