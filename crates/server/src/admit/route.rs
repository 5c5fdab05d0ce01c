//! An endpoint or a webhook answers the path and the method.

use std::sync::Arc;

use hookstead_app::Method;
use hookstead_site::{Address, NoRoute, Target};
use http::HeaderValue;

use super::{
    Passed, Stop,
    client::Client,
    unknown_path::{not_a_route, with_near_path},
};
use crate::{error_code::ErrorCode, excerpt::excerpt, refusal::Refusal};

/// The step is passed.
pub(crate) struct Route<'a> {
    pub(super) target: &'a Arc<Target>,
}

/// Refuses a request that nothing answers.
pub(super) fn check<'a>(request: Passed<'a, Client<'a>>) -> Result<Passed<'a, Route<'a>>, Stop> {
    let (site, parts, path) = (request.site, request.parts, &request.step.path);
    let found = site.routes().find(path, &parts.method);
    let refused = |why| with_near_path(refuse(why, path, &parts.method), site, parts);
    let target = found.map_err(refused)?;
    request.known.target = Some(Arc::clone(target));
    Ok(request.then(|Client { .. }| Route { target }))
}

fn refuse(why: NoRoute, address: &Address<'_>, method: &http::Method) -> Refusal {
    let (route, service, webhook) = match address {
        Address::Endpoint { route, .. } => (&**route, "", ""),
        Address::Webhook { service, webhook, .. } => ("", &**service, &**webhook),
        Address::Auth { .. }
        | Address::Session { .. }
        | Address::Location { .. }
        | Address::Call { .. }
        | Address::Unserved { .. }
        | Address::App { .. }
        | Address::Elsewhere => ("", "", ""),
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
