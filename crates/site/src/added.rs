//! Protection that the operator adds to endpoints and webhooks of an export.

use std::fmt;

use hookstead_app::{Endpoint, Method, Protection, strengthen};

use crate::route_key::route_key;

/// Protection that the operator adds. It holds beside what the export asks for, and never in its
/// place, unless it asks for more of the same.
#[derive(Clone)]
pub struct AddedProtection {
    /// What it is added to.
    pub to: AddedTo,
    /// What callers must prove.
    pub protection: Protection,
}

/// What a protection is added to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddedTo {
    /// The endpoints of a route, of one method or of all.
    Endpoint {
        /// The route as the export has it.
        route: String,
        /// The method; [`Method::Any`]: each one that the route has.
        method: Method,
    },
    /// A webhook.
    Webhook {
        /// Its service.
        service: String,
        /// Its name.
        name: String,
    },
}

impl AddedTo {
    /// Whether it is this endpoint. One of every method is meant by each of them.
    pub fn is_endpoint(&self, endpoint: &Endpoint) -> bool {
        let Self::Endpoint { route, method } = self else { return false };
        let all = [*method, endpoint.method];
        route_key(route) == route_key(&endpoint.route)
            && (all.contains(&Method::Any) || *method == endpoint.method)
    }

    /// Whether it is this webhook.
    pub fn is_webhook(&self, service: &str, webhook: &str) -> bool {
        matches!(self, Self::Webhook { service: one, name } if one == service && name == webhook)
    }
}

/// What callers must prove where an export states one protection and the operator adds others.
pub(crate) fn with_added<'a>(
    stated: &'a Protection,
    added: impl Iterator<Item = &'a AddedProtection>,
) -> Vec<&'a Protection> {
    added.fold(vec![stated], |all, added| strengthen(all, &added.protection))
}

/// The one protection to be shown where several hold together: what the operator adds.
pub(crate) fn strictest_of(
    stated: &Protection,
    all: &[AddedProtection],
    is_meant: impl Fn(&AddedTo) -> bool,
) -> Protection {
    let added = all.iter().filter(|added| is_meant(&added.to));
    with_added(stated, added).last().copied().unwrap_or(stated).clone()
}

impl fmt::Debug for AddedProtection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AddedProtection").field("to", &self.to).finish_non_exhaustive()
    }
}
