//! The refusal of a path that nothing answers, with what the caller perhaps meant.

use hookstead_site::{Near, Site};
use http::request::Parts;

use crate::{error_code::ErrorCode, excerpt::excerpt, refusal::Refusal};

/// The refusal of a path that nothing answers.
pub(super) fn nothing_here(site: &Site, parts: &Parts) -> Refusal {
    with_near_path(not_a_route(), site, parts)
}

pub(super) fn not_a_route() -> Refusal {
    Refusal::not_found(ErrorCode::NotFound, "there is nothing at this path".to_owned())
}

/// Adds to a refusal what differs from the path of the request by slashes only. The journal is
/// told and the caller is not: routes match exactly.
pub(super) fn with_near_path(refusal: Refusal, site: &Site, parts: &Parts) -> Refusal {
    let near = refusal.is_not_found().then(|| site.near(parts.uri.path())).flatten();
    let near = match near {
        Some(Near::Route(route)) => format!("the route '{}'", excerpt(route)),
        Some(Near::Webhook(name)) => format!("the path of the webhook '{}'", excerpt(&name)),
        None => return refusal,
    };
    refusal.with_hint(&format!("{near} differs by slashes only"))
}
