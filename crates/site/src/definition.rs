//! From the exported app to what its functions need to know.

use std::{collections::BTreeMap, sync::Arc};

use hookstead_app::{
    App, AppValue, Function, ModuleFileKind, ModuleFiles as AppFiles, RunAs, Service, ServiceKind,
    Webhook,
};
use hookstead_functions::{
    AppInfo, ConditionalRule, Definition, FileKind, FunctionSource, FunctionValue, ModuleFiles,
    SecretText, ServiceRules,
};
use hookstead_rules::{Condition, Rules};
use serde_json::Value as Json;

use crate::{
    conditions::{can_evaluate, when},
    rights::Unmet,
    secrets::Secrets,
    target::{endpoint_script, function_script, webhook_entry, webhook_script},
};

/// The files of an app that its functions can require.
struct FilesOfApp(Arc<AppFiles>);

impl ModuleFiles for FilesOfApp {
    fn kind(&self, path: &str) -> Option<FileKind> {
        Some(match self.0.kind(path)? {
            ModuleFileKind::File => FileKind::File,
            ModuleFileKind::Folder => FileKind::Folder,
        })
    }

    fn real_path(&self, path: &str) -> Option<String> {
        self.0.real_path(path)
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.0.read(path).map_err(|error| error.to_string())
    }

    fn list(&self, path: &str) -> Vec<String> {
        self.0.list(path)
    }
}

/// Describes an app to the functions' side.
pub(crate) fn definition(
    app: &App,
    secrets: &Secrets<'_>,
    data_rules: BTreeMap<String, Arc<Rules>>,
) -> Definition {
    let value = |(name, value): (&String, &AppValue)| {
        let value = match value {
            AppValue::Plain(json) => FunctionValue::Plain(json.clone()),
            AppValue::FromSecret(secret) => match secrets(secret) {
                Some(text) => FunctionValue::Secret(SecretText::new(text.expose().to_owned())),
                None => FunctionValue::MissingSecret(secret.clone()),
            },
        };
        (name.clone(), value)
    };
    let entries = app.services.values().flat_map(|service| {
        let entry = move |w: &Webhook| {
            let source = source(w.file.as_ref(), &w.source, &w.run_as, w.can_evaluate.as_ref());
            (webhook_entry(&service.name, &w.name), source)
        };
        service.webhooks.values().map(entry)
    });
    let function = |(name, f): (&String, &Function)| {
        let source = source(f.file.as_ref(), &f.source, &f.run_as, f.can_evaluate.as_ref());
        (name.clone(), source)
    };
    let entries = entries.chain(scripts(app));
    let services = app.services.values().map(|s| (s.name.clone(), service_type(&s.kind)));
    Definition {
        app: app_info(app),
        environment_tag: app.environment.tag.clone(),
        environment_values: app.environment.values.clone(),
        values: app.values.iter().map(value).collect(),
        functions: app.functions.iter().map(function).collect(),
        entries: entries.collect(),
        services: services.collect(),
        service_rules: app.services.values().map(service_rules).collect(),
        conditions: conditions(app).collect(),
        data_rules,
        module_files: Some(Arc::new(FilesOfApp(Arc::clone(&app.modules)))),
        dependencies: app.dependencies.clone(),
    }
}

/// What has to hold for functions and webhooks to be called.
fn conditions(app: &App) -> impl Iterator<Item = (String, Condition)> {
    let functions = app.functions.values();
    let functions = functions.map(|f| (f.name.clone(), can_evaluate(f.can_evaluate.as_ref())));
    let webhooks = app.services.values().flat_map(|service| {
        service.webhooks.values().map(|webhook| {
            let condition = can_evaluate(webhook.can_evaluate.as_ref());
            (webhook_entry(&service.name, &webhook.name), condition)
        })
    });
    functions.chain(webhooks).filter_map(|(name, condition)| Some((name, condition?)))
}

fn service_rules(service: &Service) -> (String, ServiceRules) {
    let mut rules = ServiceRules::default();
    for rule in &service.rules {
        let actions = rule.actions.iter().cloned();
        match when(rule.when.as_ref()) {
            None => rules.allowed.extend(actions),
            Some(when) => {
                rules.conditional.push(ConditionalRule { actions: actions.collect(), when });
            }
        }
    }
    (service.name.clone(), rules)
}

fn app_info(app: &App) -> AppInfo {
    AppInfo {
        id: app.identity.app_id.clone().unwrap_or_default(),
        client_app_id: app.client_app_id.clone(),
        name: app.name.clone(),
        project_id: app.identity.project_id.clone().unwrap_or_default(),
        deployment_model: app.deployment_model.clone().unwrap_or_default(),
        provider_region: app.provider_region.clone().unwrap_or_default(),
        last_deployed: String::new(),
    }
}

fn source(
    file: Option<&String>,
    source: &str,
    run_as: &RunAs,
    can_evaluate: Option<&Json>,
) -> FunctionSource {
    let missing = file.is_none().then(|| "it has no source".to_owned());
    FunctionSource {
        file: file.cloned().unwrap_or_default(),
        source: source.to_owned(),
        run_as_system: *run_as == RunAs::System,
        refusal: missing.or_else(|| refusal(can_evaluate)),
        execute_refusal: execute_refusal(run_as).map(str::to_owned),
    }
}

/// Why calling a function must fail for its condition: it is not understood.
fn refusal(json: Option<&Json>) -> Option<String> {
    let condition = can_evaluate(json)?;
    let is_understood = condition.problems().is_empty();
    (!is_understood).then(|| Unmet::Condition.reason().to_owned())
}

/// Why executing a function from another one must fail: its user is found out before a run, and
/// stays the same in it. Application authentication is no reason: such a function runs with the
/// rights of whoever executes it.
fn execute_refusal(run_as: &RunAs) -> Option<&'static str> {
    match run_as {
        RunAs::System | RunAs::Application => None,
        RunAs::User(_) => Some(
            "`run_as_user_id` names a user, and a function that another one executes has the user \
             of that one",
        ),
        RunAs::Script(_) => Some(
            "`run_as_user_id_script_source` asks for a user, and a function that another one \
             executes has the user of that one",
        ),
    }
}

/// The scripts that name users. There is no user yet when they run.
fn scripts(app: &App) -> impl Iterator<Item = (String, FunctionSource)> {
    let functions = app.functions.values().map(|f| (function_script(&f.name), &f.run_as));
    let endpoints = app.endpoints.iter();
    let endpoints = endpoints.filter_map(|e| Some((endpoint_script(e), e.run_as.as_ref()?)));
    let webhooks = app.services.values().flat_map(|service| {
        let script = |w: &'_ Webhook| webhook_script(&service.name, &w.name);
        service.webhooks.values().map(move |w| (script(w), &w.run_as))
    });
    functions.chain(endpoints).chain(webhooks).filter_map(|(name, run_as)| {
        let RunAs::Script(text) = run_as else { return None };
        let source = FunctionSource {
            file: format!("{}/run_as_user_id_script_source.js", name.trim_start_matches('/')),
            source: text.clone(),
            run_as_system: true,
            refusal: None,
            execute_refusal: None,
        };
        Some((name, source))
    })
}

fn service_type(kind: &ServiceKind) -> String {
    match kind {
        ServiceKind::Http => "http".to_owned(),
        ServiceKind::Github => "github".to_owned(),
        ServiceKind::Twilio => "twilio".to_owned(),
        ServiceKind::Aws => "aws".to_owned(),
        ServiceKind::Gcm => "gcm".to_owned(),
        ServiceKind::Other(other) => other.clone(),
    }
}
