//! What an app holds, in a few lines: the start of `check` and of `serve`.

use std::collections::{BTreeMap, BTreeSet};

use hookstead_app::{Part, PartKind, ProblemCode, Severity};
use hookstead_site::{Kind, Listing, check::Verdict};

use crate::{prepare::Prepared, terminal::clean};

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
            .filter(|one| {
                one.severity == Severity::Error && one.code == ProblemCode::FunctionSyntaxError
            })
            .map(|one| one.file.as_str())
            .collect();
        let verdict = |listing: &Listing| match listing.declaration.file.as_deref() {
            _ if listing.declaration.disabled => Verdict::Disabled,
            None => Verdict::Fails,
            Some(file) if broken.contains(file) => Verdict::Fails,
            Some(_) if listing.refused.is_some() => Verdict::Refused,
            Some(_) => Verdict::Runs,
        };
        let mut counts = Self::default();
        let listings = prepared.site.endpoints();
        listings.iter().for_each(|listing| counts.add(listing.kind, verdict(listing)));
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
        let more = groups.len() - KINDS_SHOWN;
        let kinds = if more == 1 { "kind" } else { "kinds" };
        lines.push(format!("and {more} more {kinds} of parts"));
    }
    lines
}
