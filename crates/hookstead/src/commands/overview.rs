//! What an app holds, in a few lines: the start of `check` and of `serve`.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use hookstead_app::{App, Part, PartKind, RunAs, Severity, parts::functions_of};
use hookstead_site::Kind;

use super::{analyses::Analyses, check::Verdict};
use crate::{
    prepare::Prepared,
    routes::{self, Route},
    terminal::clean,
};

/// How many kinds of parts are told at the start; the last line says how many more there are.
const KINDS_SHOWN: usize = 10;

/// How much of an app is served.
#[derive(Debug, Default)]
pub(super) struct Counts {
    endpoints: usize,
    webhooks: usize,
    refused: usize,
    fails: usize,
    disabled: usize,
}

impl Counts {
    /// Counts the routes of an app, without a look at what their functions use.
    pub(super) fn of_app(prepared: &Prepared) -> Self {
        let broken: BTreeSet<&str> = prepared
            .problems
            .iter()
            .filter(|one| one.severity == Severity::Error && one.code == "function-syntax-error")
            .map(|one| one.file.as_str())
            .collect();
        let verdict = |route: &Route<'_>| match route.file {
            _ if route.disabled => Verdict::Disabled,
            None => Verdict::Fails,
            Some(file) if broken.contains(file) => Verdict::Fails,
            Some(_) if route.listing.refused.is_some() => Verdict::Refused,
            Some(_) => Verdict::Runs,
        };
        let routes = routes::of_app(&prepared.app, prepared.site.endpoints());
        let mut counts = Self::default();
        routes.iter().for_each(|route| counts.add(route.listing.kind, verdict(route)));
        counts
    }

    /// Counts a route.
    pub(super) fn add(&mut self, kind: Kind, verdict: Verdict) {
        match kind {
            Kind::Endpoint => self.endpoints += 1,
            Kind::Webhook => self.webhooks += 1,
        }
        match verdict {
            Verdict::Runs => {}
            Verdict::Refused => self.refused += 1,
            Verdict::Fails => self.fails += 1,
            Verdict::Disabled => self.disabled += 1,
        }
    }

    /// All of it in a line, such as `150 endpoints, 3 refused`.
    pub(super) fn line(&self, parts: &[Part]) -> String {
        let all = [
            (self.endpoints, "endpoint", "endpoints"),
            (self.webhooks, "webhook", "webhooks"),
            (self.refused, "refused", "refused"),
            (self.fails, "fails", "fail"),
            (self.disabled, "disabled", "disabled"),
            (
                parts.iter().filter(|part| part.active).count(),
                "part not served",
                "parts not served",
            ),
        ];
        let is_told = |index: usize, number: usize| number > 0 || index == 0 && self.webhooks == 0;
        let told =
            all.into_iter().enumerate().filter(|(index, (number, ..))| is_told(*index, *number));
        let words = told.map(|(_, (number, one, several))| {
            format!("{number} {}", if number == 1 { one } else { several })
        });
        words.collect::<Vec<_>>().join(", ")
    }
}

/// What an app holds and is not served, with the functions that nothing in it calls.
pub(super) fn parts<'a>(app: &'a App, analyses: &Analyses<'a>, data_dir: &Path) -> Vec<Part> {
    let is_own = |part: &Part| {
        let folder = app.root.join(&part.file).canonicalize();
        part.kind == PartKind::Folder
            && folder.is_ok_and(|folder| data_dir.canonicalize().is_ok_and(|own| own == folder))
    };
    let mut parts: Vec<Part> = app.parts.iter().filter(|part| !is_own(part)).cloned().collect();
    parts.extend(client_functions(app, analyses));
    parts.sort_by_key(|part| part.kind);
    parts
}

/// The functions that clients may call, and that nothing in the export is seen to call.
fn client_functions<'a>(app: &'a App, analyses: &Analyses<'a>) -> Vec<Part> {
    let called = called(app, analyses);
    let functions = app.functions.values();
    functions
        .filter(|function| !function.private && !called.contains(&function.name))
        .filter_map(|function| {
            let file = function.file.as_deref()?;
            Some(Part::new(PartKind::ClientFunction, &function.name, file))
        })
        .collect()
}

/// The functions that endpoints, webhooks, other functions, conditions or parts call.
fn called<'a>(app: &'a App, analyses: &Analyses<'a>) -> BTreeSet<String> {
    let of_endpoints = app.endpoints.iter().map(|endpoint| endpoint.function_name.clone());
    let of_parts = app.parts.iter().flat_map(|part| part.functions.iter().cloned());
    let mut called: BTreeSet<String> = of_endpoints.chain(of_parts).collect();
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

/// The parts of one kind that were in use.
pub(super) struct Group<'a> {
    pub(super) kind: PartKind,
    pub(super) parts: Vec<&'a Part>,
}

impl<'a> Group<'a> {
    /// The parts that were in use, by their kind.
    pub(super) fn all(parts: &'a [Part]) -> Vec<Self> {
        let mut by_kind: BTreeMap<PartKind, Vec<&Part>> = BTreeMap::new();
        for part in parts.iter().filter(|part| part.active) {
            by_kind.entry(part.kind).or_default().push(part);
        }
        by_kind.into_iter().map(|(kind, parts)| Self { kind, parts }).collect()
    }

    /// All of them in a line of at most so many columns, such as `2 triggers: nightly, weekly`.
    pub(super) fn line(&self, columns: usize) -> String {
        let names: Vec<&str> = self.parts.iter().map(|part| part.name.as_str()).collect();
        let mut line = match (self.parts.len(), names.concat().is_empty()) {
            (_, true) => return self.kind.plural().to_owned(),
            (1, false) => format!("1 {}: ", self.kind.noun()),
            (number, false) => format!("{number} {}: ", self.kind.plural()),
        };
        let start = line.len();
        for (index, name) in names.iter().enumerate() {
            let rest = names.len() - index;
            let room = columns.saturating_sub(line.chars().count() + 20);
            if line.len() > start && name.chars().count() > room {
                line.push_str(&format!(" and {rest} more"));
                break;
            }
            let comma = if line.len() > start { ", " } else { "" };
            line.push_str(&format!("{comma}{}", clean(name)));
        }
        line
    }
}

/// The parts that were in use: a line for each kind, as many as a person reads at a start.
pub(super) fn short_list(parts: &[Part], columns: usize) -> Vec<String> {
    let groups = Group::all(parts);
    let mut lines: Vec<String> =
        groups.iter().take(KINDS_SHOWN).map(|group| group.line(columns)).collect();
    if groups.len() > KINDS_SHOWN {
        lines.push(format!("and {} more kinds of parts", groups.len() - KINDS_SHOWN));
    }
    lines
}
