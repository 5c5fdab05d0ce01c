//! Which packages are to be installed, and in which versions.

use std::collections::BTreeMap;

use hookstead_app::App;
use hookstead_functions::{analyse, satisfies, wanted_package};

use crate::exit::REMEDY;

/// Versions that are known to work in functions, of packages whose later ones need more.
const KNOWN: [(&str, &str); 3] =
    [("aws-sdk", "^2.1692.0"), ("axios", "^1.3.6"), ("node-fetch", "^2.7.0")];

/// npm allows no longer names.
const NAME_BYTES_MAX: usize = 214;

/// What is to be installed, and what cannot be.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    /// A sentence for each package that is left out.
    pub(super) refused: Vec<String>,
}

/// A package that is to be installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) name: String,
    pub(super) version: Version,
    /// Who asks for it.
    pub(super) reason: String,
}

/// A version of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Version {
    /// A range of versions that npm understands.
    Found(String),
    /// The registry is to be asked.
    Latest,
}

impl Version {
    /// The range as npm takes it.
    pub(super) fn range(&self) -> &str {
        match self {
            Self::Found(range) => range,
            Self::Latest => "latest",
        }
    }
}

impl Plan {
    /// What an app declares, and what its sources require beyond that.
    pub(super) fn of(app: &App) -> anyhow::Result<Self> {
        let mut plan = Self::default();
        for (name, range) in &app.dependencies {
            let is_range = satisfies("0.0.0", range).is_some();
            if !is_name(name) {
                plan.refused.push(format!(
                    "functions/package.json declares {name:?}, which is no name of a package"
                ));
            } else if is_range {
                let reason = "declared in functions/package.json".to_owned();
                let version = Version::Found(range.clone());
                plan.steps.push(Step { name: name.clone(), version, reason });
            } else {
                plan.refused.push(format!(
                    "functions/package.json declares {name} as {range:?}, which is no range of \
                     versions{REMEDY}install it by hand, or declare a version"
                ));
            }
        }
        for (name, (file, version)) in required(app, &mut plan.refused) {
            if app.dependencies.contains_key(&name) {
                continue;
            }
            let known = KNOWN.iter().find(|(package, _)| *package == name);
            let known = || known.map(|(_, range)| (*range).to_owned());
            let version = version.or_else(known).map_or(Version::Latest, Version::Found);
            plan.steps.push(Step { name, version, reason: format!("required by {file}") });
        }
        Ok(plan)
    }
}

/// The packages that sources require: who does first, and the version that is asked for.
fn required(app: &App, refused: &mut Vec<String>) -> BTreeMap<String, (String, Option<String>)> {
    let functions = app.functions.values().map(|one| (one.file.as_deref(), &one.source));
    let webhooks = app.services.values().flat_map(|service| service.webhooks.values());
    let webhooks = webhooks.map(|one| (one.file.as_deref(), &one.source));
    let mut required: BTreeMap<String, (String, Option<String>)> = BTreeMap::new();
    for (file, source) in functions.chain(webhooks) {
        let file = file.unwrap_or_default();
        for wanted in analyse(source).modules.iter().filter_map(|name| wanted_package(name)) {
            let name = wanted.name;
            if let Some(problem) = wanted.problem {
                refused.push(format!("{file}: {}{REMEDY}{}", problem.message, problem.remedy));
            } else if !is_name(&name) {
                refused.push(format!("{file} requires {name:?}, which is no name of a package"));
            } else {
                let version = wanted.version.filter(|range| satisfies("0.0.0", range).is_some());
                let known = required.entry(name).or_insert_with(|| (file.to_owned(), None));
                known.1 = known.1.take().or(version);
            }
        }
    }
    required
}

/// Whether npm allows this as the name of a package: nothing that it could take for an option, a
/// path or an address.
pub(super) fn is_name(name: &str) -> bool {
    let is_part = |part: &str| {
        let is_known =
            |one: char| one.is_ascii_alphanumeric() || matches!(one, '-' | '_' | '.' | '~');
        part.starts_with(|one: char| one.is_ascii_alphanumeric()) && part.chars().all(is_known)
    };
    name.len() <= NAME_BYTES_MAX
        && match name.strip_prefix('@') {
            Some(scoped) => {
                scoped.split_once('/').is_some_and(|(scope, name)| is_part(scope) && is_part(name))
            }
            None => is_part(name),
        }
}
