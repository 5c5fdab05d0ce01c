//! The spelling of routes by which they are compared.

/// The key of a route: odd exports hold empty ones and ones without a leading slash.
pub(crate) fn route_key(route: &str) -> String {
    if route.starts_with('/') { route.to_owned() } else { format!("/{route}") }
}
