//! From a path and a method to the endpoint or webhook that answers (endpoints.md §1.3).

use std::{collections::HashMap, sync::Arc};

use hookstead_app::Method;
use http::HeaderValue;

use crate::{excerpt::excerpt, parse::Address, refusal::Refusal, target::Target};

/// The endpoints of a route. One that is disabled has no target.
type Methods = Vec<(Method, Option<Arc<Target>>)>;

/// Everything that answers requests.
#[derive(Default)]
pub(crate) struct Routes {
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
    pub(crate) fn webhook_named(&self, name: &str) -> Option<(Method, &Arc<Target>)> {
        let services = self.webhooks.iter().filter_map(|(service, webhooks)| {
            let webhook = name.strip_prefix(service.as_str())?.strip_prefix('/')?;
            webhooks.get(webhook)
        });
        services.map(|(method, target)| (*method, target)).next()
    }

    /// What answers, or why nothing does.
    pub(crate) fn find(
        &self,
        address: &Address<'_>,
        method: &http::Method,
    ) -> Result<&Arc<Target>, Refusal> {
        match address {
            Address::Endpoint { route, .. } => self.endpoint(route, method),
            Address::Webhook { service, webhook, .. } => self.webhook(service, webhook, method),
            Address::App { .. } | Address::Elsewhere => {
                Err(Refusal::not_found("NotFound", "there is nothing at this path".to_owned()))
            }
        }
    }

    /// What would answer if a path that nothing answers had other slashes.
    pub(crate) fn near(&self, path: &str, app: &str) -> Option<String> {
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
                is_other.then(|| format!("the route '{}'", excerpt(route)))
            }
            Address::Webhook { service, webhook, .. } => {
                self.webhooks.get(&*service)?.get(&*webhook)?;
                let is_other = squeezed_path != path;
                let name = format!("{service}/{webhook}");
                is_other.then(|| format!("the path of the webhook '{}'", excerpt(&name)))
            }
            Address::App { .. } | Address::Elsewhere => None,
        }
    }

    /// A method of its own wins over `*`.
    fn endpoint(&self, route: &str, method: &http::Method) -> Result<&Arc<Target>, Refusal> {
        let methods = self.endpoints.get(route).map_or(&[][..], Vec::as_slice);
        let specific = methods.iter().find(|(own, _)| is(*own, method));
        let any = || methods.iter().find(|(own, _)| *own == Method::Any && is_known(method));
        specific.or_else(any).and_then(|(_, target)| target.as_ref()).ok_or_else(|| {
            let (route, method) = (excerpt(route), excerpt(method.as_str()));
            let message = format!("no endpoint found for route '{route}' and method '{method}'");
            Refusal::not_found("EndpointNotFound", message)
        })
    }

    fn webhook(
        &self,
        service: &str,
        webhook: &str,
        method: &http::Method,
    ) -> Result<&Arc<Target>, Refusal> {
        let webhooks = self.webhooks.get(service).ok_or_else(|| {
            let message = format!("service not found: '{}'", excerpt(service));
            Refusal::not_found("ServiceNotFound", message)
        })?;
        let (own, target) = webhooks.get(webhook).ok_or_else(|| {
            let message = format!("incoming webhook not found: '{}'", excerpt(webhook));
            Refusal::not_found("IncomingWebhookNotFound", message)
        })?;
        if takes(*own, method) {
            return Ok(target);
        }
        let method = excerpt(method.as_str());
        let message = format!("method '{method}' is not allowed for webhook '{webhook}'");
        Err(Refusal::method_not_allowed(message, allow(*own)))
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
pub(crate) fn takes(own: Method, method: &http::Method) -> bool {
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

fn allow(own: Method) -> HeaderValue {
    HeaderValue::from_static(match own {
        Method::Get => "GET, OPTIONS",
        Method::Post => "POST, OPTIONS",
        Method::Put => "PUT, OPTIONS",
        Method::Patch => "PATCH, OPTIONS",
        Method::Delete => "DELETE, OPTIONS",
        Method::Head => "HEAD, OPTIONS",
        Method::Any => "GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS",
    })
}
