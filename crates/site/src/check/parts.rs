//! What an app holds and is not served.

use std::{collections::BTreeSet, path::Path};

use hookstead_app::{App, Part, PartKind, RunAs, functions_of};

use super::analyses::Analyses;
use crate::users::has_providers;

/// What an app holds and is not served, with the functions that nothing in it calls. With a mail
/// server, emails to users are sent. A file that others require is a helper of theirs.
pub fn parts<'a>(
    app: &'a App,
    analyses: &Analyses<'a>,
    data_dir: &Path,
    sends_mails: bool,
    is_required: &dyn Fn(&str) -> bool,
) -> Vec<Part> {
    let is_own = |part: &Part| {
        let folder = app.root.join(&part.file).canonicalize();
        part.kind == PartKind::Folder
            && folder.is_ok_and(|folder| data_dir.canonicalize().is_ok_and(|own| own == folder))
    };
    let is_served = |part: &Part| part.kind == PartKind::Email && sends_mails;
    let lost = app.parts.iter().filter(|part| !is_own(part) && !is_served(part));
    let mut parts: Vec<Part> = lost.cloned().collect();
    parts.extend(client_functions(app, analyses, is_required));
    parts.sort_by_key(|part| part.kind);
    parts
}

/// The functions that nothing in the export is seen to call, where no client can log in to call
/// them.
fn client_functions<'a>(
    app: &'a App,
    analyses: &Analyses<'a>,
    is_required: &dyn Fn(&str) -> bool,
) -> Vec<Part> {
    if has_providers(app) {
        return Vec::new();
    }
    let called = called(app, analyses);
    let functions = app.functions.values();
    functions
        .filter(|function| !function.private && !called.contains(&function.name))
        .filter_map(|function| {
            let file = function.file.as_deref().filter(|file| !is_required(file))?;
            Some(Part::new(PartKind::ClientFunction, &function.name, file))
        })
        .collect()
}

/// The functions that endpoints, webhooks, other functions, conditions, rules, log-in or parts
/// call.
fn called<'a>(app: &'a App, analyses: &Analyses<'a>) -> BTreeSet<String> {
    let of_endpoints = app.endpoints.iter().map(|endpoint| endpoint.function_name.clone());
    let of_parts = app.parts.iter().flat_map(|part| part.functions.iter().cloned());
    let mut called: BTreeSet<String> = of_endpoints.chain(of_parts).collect();
    for provider in app.auth_providers.values() {
        called.extend(provider.setup.functions().into_iter().map(str::to_owned));
    }
    called.extend(app.data_sources.values().flat_map(|source| source.rules.functions()));
    called.extend(app.custom_user_data.on_user_creation_function.clone());
    for function in app.functions.values() {
        let uses = analyses.of(&function.source);
        called.extend(uses.functions.iter().filter(|name| **name != function.name).cloned());
        called.extend(of_script(&function.run_as, analyses));
        called.extend(function.can_evaluate.iter().flat_map(functions_of));
    }
    called.extend(app.endpoints.iter().flat_map(|one| &one.can_evaluate).flat_map(functions_of));
    for service in app.services.values() {
        called.extend(service.rules.iter().flat_map(|rule| &rule.when).flat_map(functions_of));
        for webhook in service.webhooks.values() {
            called.extend(analyses.of(&webhook.source).functions.iter().cloned());
            called.extend(of_script(&webhook.run_as, analyses));
            called.extend(webhook.can_evaluate.iter().flat_map(functions_of));
        }
    }
    called
}

fn of_script<'a>(run_as: &'a RunAs, analyses: &Analyses<'a>) -> BTreeSet<String> {
    match run_as {
        RunAs::Script(source) => analyses.of(source).functions.clone(),
        RunAs::System | RunAs::Application | RunAs::User(_) => BTreeSet::new(),
    }
}
