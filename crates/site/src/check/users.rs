//! What functions that run with the rights of users use, and users do not have.

use std::collections::{BTreeMap, BTreeSet};

use hookstead_app::{App, RunAs};
use hookstead_functions::{Collection, Uses};

use super::{
    analyses::Analyses,
    missing::{Missing, Wanted},
};
use crate::listing::Listing;

/// Functions that are followed from one route.
const FUNCTIONS_FOLLOWED_MAX: usize = 250;

/// What a route uses with the rights of a user: collections that no rule opens, and stages that
/// only functions have which run as system.
pub(super) fn closed_to_users<'a>(
    app: &'a App,
    analyses: &Analyses<'a>,
    route: &Listing,
    wanted: &Wanted<'_>,
) -> Vec<Missing> {
    let run_as = &route.declaration.run_as;
    let is_system = *run_as == RunAs::System
        || *run_as == RunAs::Application && wanted.circumstances.user_is_system;
    let Some(file) = route.declaration.file.as_deref().filter(|_| !is_system) else {
        return Vec::new();
    };
    let mut used = Used::default();
    let uses = analyses.of(route.source(app));
    used.add(&uses, file, true);
    let mut names: Vec<(String, bool)> = called(&uses).collect();
    let mut looked_at = BTreeSet::new();
    while let Some((name, is_sure)) = names.pop() {
        // What a function executes that runs as system, runs as system too
        // (docs/behaviour/rights.md#functions-that-execute-others).
        let function = app.functions.get(&name).filter(|one| one.run_as != RunAs::System);
        if let Some(function) = function
            && looked_at.len() < FUNCTIONS_FOLLOWED_MAX
            && looked_at.insert((name, is_sure))
        {
            let uses = analyses.of(&function.source);
            used.add(&uses, function.file.as_deref().unwrap_or_default(), is_sure);
            names.extend(called(&uses).map(|(name, sure)| (name, sure && is_sure)));
        }
    }
    used.missing(wanted)
}

/// The functions that a source calls, and whether no branch avoids it.
fn called(uses: &Uses) -> impl Iterator<Item = (String, bool)> {
    uses.functions.iter().map(|name| (name.clone(), uses.functions_surely.contains(name)))
}

/// What is used.
#[derive(Default)]
struct Used {
    collections: BTreeMap<Collection, Places>,
    stages: BTreeMap<String, Places>,
}

/// The files that use something, and whether one of them surely runs.
#[derive(Default)]
struct Places {
    files: BTreeSet<String>,
    is_sure: bool,
}

impl Used {
    fn add(&mut self, uses: &Uses, file: &str, is_sure: bool) {
        for collection in &uses.collections {
            self.collections.entry(collection.clone()).or_default().add(file, is_sure);
        }
        for stage in &uses.system_stages {
            self.stages.entry(stage.clone()).or_default().add(file, is_sure);
        }
    }

    fn missing(self, wanted: &Wanted<'_>) -> Vec<Missing> {
        let collections = self.collections.into_iter();
        let rules = collections
            .filter_map(|(collection, places)| Some(places.told(wanted.rule(&collection)?)));
        let stages = self.stages.into_iter();
        let stages = stages.map(|(stage, places)| places.told(Missing::stage(&stage)));
        rules.chain(stages).collect()
    }
}

impl Places {
    fn add(&mut self, file: &str, is_sure: bool) {
        self.files.insert(file.to_owned());
        self.is_sure |= is_sure;
    }

    fn told(&self, missing: Missing) -> Missing {
        let missing = missing.used_in(&self.files);
        if self.is_sure { missing } else { missing.harmless() }
    }
}
