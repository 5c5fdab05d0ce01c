//! From a path and a method to the endpoint or webhook that answers
//! (docs/behaviour/routes.md#methods).

use std::{collections::HashMap, sync::Arc};

use crate::{address::Address, target::Target};
use hookstead_app::Method;

/// The endpoints of a route. One that is disabled has no target.
type Methods = Vec<(Method, Option<Arc<Target>>)>;

/// Why nothing answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRoute {
    /// The path is none of an endpoint or of a webhook.
    Path,
    /// There is no endpoint for this route and this method.
    Endpoint,
    /// The app has no such service.
    Service,
    /// The service has no such webhook.
    Webhook,
    /// The webhook takes this method only.
    Method(Method),
}

/// What would answer if a path had other slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Near<'a> {
    /// An endpoint at this route.
    Route(&'a str),
    /// A webhook, by `service/webhook`.
    Webhook(String),
}

/// Everything that answers requests.
#[derive(Default)]
pub struct Routes {
    endpoints: HashMap<String, Methods>,
    webhooks: HashMap<String, HashMap<String, (Method, Arc<Target>)>>,
    /// Routes that answer, by what is left of them without needless slashes.
    by_squeezed: HashMap<String, String>,
}

impl Routes {
    /// Adds an endpoint. Of two declarations for one route and method the first counts.
    pub(crate) fn add_endpoint(&mut self, route: String, method: Method, target: Arc<Target>) {
        self.by_squeezed.entry(squeezed(&route)).or_insert_with(|| route.clone());
        self.add(route, method, Some(target));
    }

    /// Adds an endpoint that is switched off. It keeps one of any method from answering instead.
    pub(crate) fn add_disabled(&mut self, route: String, method: Method) {
        self.add(route, method, None);
    }

    fn add(&mut self, route: String, method: Method, target: Option<Arc<Target>>) {
        let methods = self.endpoints.entry(route).or_default();
        if !methods.iter().any(|(other, _)| *other == method) {
            methods.push((method, target));
        }
    }

    /// Adds a service, so that a wrong webhook is told from a wrong service.
    pub(crate) fn add_service(&mut self, service: &str) {
        self.webhooks.entry(service.to_owned()).or_default();
    }

    /// Adds a webhook of a service.
    pub(crate) fn add_webhook(
        &mut self,
        service: &str,
        webhook: &str,
        method: Method,
        target: Arc<Target>,
    ) {
        let webhooks = self.webhooks.entry(service.to_owned()).or_default();
        webhooks.insert(webhook.to_owned(), (method, target));
    }

    /// A webhook by `service/webhook`, and the method that it takes.
    pub fn webhook_named(&self, name: &str) -> Option<(Method, &Arc<Target>)> {
        let services = self.webhooks.iter().filter_map(|(service, webhooks)| {
            let webhook = name.strip_prefix(service.as_str())?.strip_prefix('/')?;
            webhooks.get(webhook)
        });
        services.map(|(method, target)| (*method, target)).next()
    }

    /// What answers, or why nothing does.
    ///
    /// # Errors
    /// No endpoint, service or webhook is there, or it does not take the method.
    pub fn find(
        &self,
        address: &Address<'_>,
        method: &http::Method,
    ) -> Result<&Arc<Target>, NoRoute> {
        match address {
            Address::Endpoint { route, .. } => self.endpoint(route, method),
            Address::Webhook { service, webhook, .. } => self.webhook(service, webhook, method),
            Address::Auth { .. }
            | Address::Session { .. }
            | Address::Location { .. }
            | Address::Call { .. }
            | Address::Unserved { .. }
            | Address::App { .. }
            | Address::Elsewhere => Err(NoRoute::Path),
        }
    }

    /// What would answer if a path that nothing answers had other slashes.
    pub(crate) fn near(&self, path: &str, app: &str) -> Option<Near<'_>> {
        let asked = match Address::of(path) {
            Address::Endpoint { route, .. } => Some(route),
            _ => None,
        };
        let squeezed_path = squeezed(path);
        let near = Address::of(&squeezed_path);
        if near.app() != Some(app) {
            return None;
        }
        match near {
            Address::Endpoint { route, .. } => {
                let route = self.by_squeezed.get(&squeezed(&route))?;
                let is_other = asked.is_none_or(|asked| asked != route.as_str());
                is_other.then_some(Near::Route(route))
            }
            Address::Webhook { service, webhook, .. } => {
                self.webhooks.get(&*service)?.get(&*webhook)?;
                let is_other = squeezed_path != path;
                is_other.then(|| Near::Webhook(format!("{service}/{webhook}")))
            }
            Address::Auth { .. }
            | Address::Session { .. }
            | Address::Location { .. }
            | Address::Call { .. }
            | Address::Unserved { .. }
            | Address::App { .. }
            | Address::Elsewhere => None,
        }
    }

    /// A method of its own wins over `*`.
    fn endpoint(&self, route: &str, method: &http::Method) -> Result<&Arc<Target>, NoRoute> {
        let methods = self.endpoints.get(route).map_or(&[][..], Vec::as_slice);
        let specific = methods.iter().find(|(own, _)| is(*own, method));
        let any = || methods.iter().find(|(own, _)| *own == Method::Any && is_known(method));
        let found = specific.or_else(any).and_then(|(_, target)| target.as_ref());
        found.ok_or(NoRoute::Endpoint)
    }

    fn webhook(
        &self,
        service: &str,
        webhook: &str,
        method: &http::Method,
    ) -> Result<&Arc<Target>, NoRoute> {
        let webhooks = self.webhooks.get(service).ok_or(NoRoute::Service)?;
        let (own, target) = webhooks.get(webhook).ok_or(NoRoute::Webhook)?;
        if takes(*own, method) { Ok(target) } else { Err(NoRoute::Method(*own)) }
    }
}

/// A path without slashes at its end and without two of them in a row.
fn squeezed(path: &str) -> String {
    let mut squeezed = String::with_capacity(path.len());
    for part in path.split('/').filter(|part| !part.is_empty()) {
        squeezed.push('/');
        squeezed.push_str(part);
    }
    if squeezed.is_empty() { "/".to_owned() } else { squeezed }
}

/// Whether an endpoint or webhook of a method, or of any, answers requests of this one.
pub fn takes(own: Method, method: &http::Method) -> bool {
    is(own, method) || (own == Method::Any && is_known(method))
}

fn is(own: Method, method: &http::Method) -> bool {
    let http = match own {
        Method::Get => http::Method::GET,
        Method::Post => http::Method::POST,
        Method::Put => http::Method::PUT,
        Method::Patch => http::Method::PATCH,
        Method::Delete => http::Method::DELETE,
        Method::Head => http::Method::HEAD,
        Method::Any => return false,
    };
    *method == http
}

/// Whether "any method" means this one: nobody had `TRACE` or `BREW` in mind.
fn is_known(method: &http::Method) -> bool {
    use Method::{Delete, Get, Head, Patch, Post, Put};
    [Get, Post, Put, Patch, Delete, Head].into_iter().any(|known| is(known, method))
}
