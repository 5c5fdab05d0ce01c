//! Everything that an app answers to: what the server says of it, with what the export says.

use hookstead_app::{App, Endpoint, Method, Place, Protection, RunAs, Webhook};
use hookstead_site::Listing;

/// Something that an app answers to.
pub(crate) struct Route<'a> {
    /// What the server says.
    pub(crate) listing: &'a Listing,
    /// The method that it takes.
    pub(crate) method: Method,
    /// Who may call.
    pub(crate) protection: &'a Protection,
    /// Whose rights it runs with.
    pub(crate) run_as: &'a RunAs,
    /// Whether it was switched off.
    pub(crate) disabled: bool,
    /// The file of its function, where there is one.
    pub(crate) file: Option<&'a str>,
    /// The source of its function.
    pub(crate) source: &'a str,
    /// Where it is declared.
    pub(crate) declared_in: &'a Place,
}

/// Every route of an app. The server lists them in the order of the model.
pub(crate) fn of_app<'a>(app: &'a App, listings: &'a [Listing]) -> Vec<Route<'a>> {
    let (of_endpoints, of_webhooks) = listings.split_at(app.endpoints.len().min(listings.len()));
    let endpoints = app.endpoints.iter().zip(of_endpoints);
    let webhooks = app.services.values().flat_map(|service| service.webhooks.values());
    endpoints
        .map(|(endpoint, listing)| of_endpoint(app, endpoint, listing))
        .chain(webhooks.zip(of_webhooks).map(|(webhook, listing)| of_webhook(webhook, listing)))
        .collect()
}

fn of_endpoint<'a>(app: &'a App, endpoint: &'a Endpoint, listing: &'a Listing) -> Route<'a> {
    let function = app.functions.get(&endpoint.function_name);
    let of_function = function.map_or(&RunAs::Application, |function| &function.run_as);
    Route {
        listing,
        method: endpoint.method,
        protection: &endpoint.protection,
        run_as: endpoint.run_as.as_ref().unwrap_or(of_function),
        disabled: endpoint.disabled,
        file: function.and_then(|function| function.file.as_deref()),
        source: function.map_or("", |function| &function.source),
        declared_in: &endpoint.declared_in,
    }
}

fn of_webhook<'a>(webhook: &'a Webhook, listing: &'a Listing) -> Route<'a> {
    Route {
        listing,
        method: webhook.method,
        protection: &webhook.protection,
        run_as: &webhook.run_as,
        disabled: false,
        file: webhook.file.as_deref(),
        source: &webhook.source,
        declared_in: &webhook.declared_in,
    }
}
