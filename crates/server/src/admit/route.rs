//! An endpoint or a webhook answers the path and the method.

use std::sync::Arc;

use hookstead_app::Method;
use hookstead_site::{Address, Near, NoRoute, Site, Target};
use http::{HeaderValue, request::Parts};

use super::{Passed, Stop, size::Size};
use crate::{error_code::ErrorCode, excerpt::excerpt, refusal::Refusal};

/// The step is passed.
pub(crate) struct Route<'a> {
    pub(super) target: &'a Arc<Target>,
}

/// Refuses a request that nothing answers.
pub(super) fn check<'a>(request: Passed<'a, Size<'a>>) -> Result<Passed<'a, Route<'a>>, Stop> {
    let (site, parts, path) = (request.site, request.parts, &request.step.path);
    let found = site.routes().find(path, &parts.method);
    let refused = |why| with_near_path(refuse(why, path, &parts.method), site, parts);
    let target = found.map_err(refused)?;
    request.known.target = Some(Arc::clone(target));
    Ok(request.then(|Size { .. }| Route { target }))
}

/// The refusal of a path that nothing answers.
pub(super) fn nothing_here(site: &Site, parts: &Parts) -> Refusal {
    with_near_path(not_a_route(), site, parts)
}

fn not_a_route() -> Refusal {
    Refusal::not_found(ErrorCode::NotFound, "there is nothing at this path".to_owned())
}

/// Adds to a refusal what differs from the path of the request by slashes only. The journal is
/// told and the caller is not: routes match exactly.
fn with_near_path(refusal: Refusal, site: &Site, parts: &Parts) -> Refusal {
    let near = refusal.is_not_found().then(|| site.near(parts.uri.path())).flatten();
    let near = match near {
        Some(Near::Route(route)) => format!("the route '{}'", excerpt(route)),
        Some(Near::Webhook(name)) => format!("the path of the webhook '{}'", excerpt(&name)),
        None => return refusal,
    };
    refusal.with_hint(&format!("{near} differs by slashes only"))
}

fn refuse(why: NoRoute, address: &Address<'_>, method: &http::Method) -> Refusal {
    let (route, service, webhook) = match address {
        Address::Endpoint { route, .. } => (&**route, "", ""),
        Address::Webhook { service, webhook, .. } => ("", &**service, &**webhook),
        Address::App { .. } | Address::Elsewhere => ("", "", ""),
    };
    let method = excerpt(method.as_str());
    match why {
        NoRoute::Path => not_a_route(),
        NoRoute::Endpoint => {
            let route = excerpt(route);
            let message = format!("no endpoint found for route '{route}' and method '{method}'");
            Refusal::not_found(ErrorCode::EndpointNotFound, message)
        }
        NoRoute::Service => {
            let message = format!("service not found: '{}'", excerpt(service));
            Refusal::not_found(ErrorCode::ServiceNotFound, message)
        }
        NoRoute::Webhook => {
            let message = format!("incoming webhook not found: '{}'", excerpt(webhook));
            Refusal::not_found(ErrorCode::IncomingWebhookNotFound, message)
        }
        NoRoute::Method(own) => {
            let message = format!("method '{method}' is not allowed for webhook '{webhook}'");
            Refusal::method_not_allowed(message, allow(own))
        }
    }
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
