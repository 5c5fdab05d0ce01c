//! What a route uses, its function and every function that this one calls taken together.

use std::collections::{BTreeMap, BTreeSet};

use hookstead_app::{App, Problem, ProblemCode, RunAs, Severity};
use hookstead_functions::{Applies, Finding, Uses as SourceUses, is_builtin_module};
use serde::Serialize;

use super::{
    analyses::Analyses,
    missing::{Missing, Wanted},
    users::closed_to_users,
};
use crate::listing::Listing;

/// What the functions of a route use.
#[derive(Debug, Default, Serialize)]
pub struct Uses {
    /// `outgoing-http`, `database`, stages of Atlas, and globals that functions do not have.
    pub features: BTreeSet<String>,
    /// Modules that need no package.
    pub modules: BTreeSet<String>,
    /// npm packages.
    pub packages: BTreeSet<String>,
    /// Values, by name.
    pub values: BTreeSet<String>,
    /// Services and data sources, by name.
    pub services: BTreeSet<String>,
    /// Functions that it calls, and those that they call.
    pub functions: BTreeSet<String>,
    /// Whether there may be more, because a name is worked out as a function runs.
    pub dynamic: bool,
}

/// Modules of Node.js that are loaded and throw when they are used.
const NODE_MODULES: [&str; 16] = [
    "child_process",
    "cluster",
    "dgram",
    "dns",
    "fs",
    "http",
    "http2",
    "https",
    "inspector",
    "net",
    "readline",
    "repl",
    "tls",
    "v8",
    "vm",
    "worker_threads",
];

/// Findings that are wrong with functions, and not with files that others require.
const OF_FUNCTIONS: [&str; 2] = ["source-exports-nothing", "source-module-exports"];

/// Functions that are followed from one route: all that it uses is told with every route.
const FUNCTIONS_FOLLOWED_MAX: usize = 250;

/// An app with what its sources use.
pub(super) struct Survey<'a> {
    app: &'a App,
    analyses: &'a Analyses<'a>,
}

impl<'a> Survey<'a> {
    pub(super) fn new(app: &'a App, analyses: &'a Analyses<'a>) -> Self {
        Self { app, analyses }
    }

    /// What will fail in the sources, with its place.
    pub(super) fn problems(&self, wanted: &Wanted<'_>) -> Vec<Problem> {
        let functions = self.app.functions.values();
        let functions = functions
            .filter_map(|one| Some((one.file.as_deref()?, one.source.as_str(), &one.run_as)));
        let webhooks = self.app.services.values().flat_map(|service| service.webhooks.values());
        let webhooks = webhooks
            .filter_map(|one| Some((one.file.as_deref()?, one.source.as_str(), &one.run_as)));
        let mut problems = Vec::new();
        for (file, source, run_as) in functions.chain(webhooks) {
            let has_user = *run_as != RunAs::Application;
            let uses = self.analyses.of(source);
            if uses.is_too_long {
                problems.push(not_analysed(file, source.len()));
            }
            for one in &uses.findings {
                let is_of_user = one.applies == Applies::UserIsSystem;
                // A helper of others exports what it likes.
                if OF_FUNCTIONS.contains(&one.code) && wanted.functions.is_required(file) {
                    continue;
                }
                if wanted.applies(one.applies) && !(is_of_user && has_user) {
                    problems.extend(problem(file, one.clone(), is_of_user));
                }
            }
        }
        problems
    }

    /// What a route uses, and what of it is missing.
    pub(super) fn of_route(&self, route: &Listing, wanted: &Wanted<'_>) -> (Uses, Vec<Missing>) {
        let Some(file) = route.declaration.file.as_deref() else {
            // There is no source, which is told already.
            return Default::default();
        };
        let mut found = Found::default();
        found.add(&self.analyses.of(route.source(self.app)), file, true);
        self.add_script(&mut found, route);
        // A function that calls itself, or is called in a circle, is looked at once; what is surely
        // called comes first, so that it counts as such.
        let mut looked_at = BTreeSet::new();
        let names: Vec<String> = found.functions.keys().cloned().collect();
        let (mut sure, mut others) = found.by_sureness(names);
        while let Some(name) = sure.pop().or_else(|| others.pop()) {
            if looked_at.contains(&name) {
                continue;
            }
            if looked_at.len() == FUNCTIONS_FOLLOWED_MAX {
                found.dynamic = true;
                break;
            }
            if let Some(function) = self.app.functions.get(&name) {
                let uses = self.analyses.of(&function.source);
                let is_sure = found.surely.contains(&name);
                found.add(&uses, function.file.as_deref().unwrap_or_default(), is_sure);
                let (more_sure, more) = found.by_sureness(uses.functions.iter().cloned());
                sure.extend(more_sure);
                others.extend(more);
            }
            looked_at.insert(name);
        }
        let mut missing = found.missing(wanted);
        missing.extend(closed_to_users(self.app, self.analyses, route, wanted));
        (found.into_uses(), missing)
    }

    /// Adds what the script uses that names the user of a route. Its lines are those of a field,
    /// so that what fails in it is not told with a place.
    fn add_script(&self, found: &mut Found, route: &Listing) {
        if let Some((source, file)) = self.script(route) {
            let uses = self.analyses.of(source);
            found.add(&SourceUses { findings: Vec::new(), ..(*uses).clone() }, file, true);
        }
    }

    /// The script of a route, with the file that holds it.
    fn script(&self, route: &Listing) -> Option<(&'a str, &'a str)> {
        let (run_as, place) = match &route.declaration.webhook {
            None => {
                let function = self.app.functions.get(&route.function)?;
                (&function.run_as, &function.declared_in)
            }
            Some((service, webhook)) => {
                let webhook = self.app.services.get(service)?.webhooks.get(webhook)?;
                (&webhook.run_as, &webhook.declared_in)
            }
        };
        match run_as {
            RunAs::Script(source) => Some((source, &place.file)),
            RunAs::System | RunAs::Application | RunAs::User(_) => None,
        }
    }
}

fn not_analysed(file: &str, bytes: usize) -> Problem {
    Problem {
        severity: Severity::Warning,
        code: ProblemCode::FunctionNotAnalysed,
        file: file.to_owned(),
        line: None,
        column: None,
        excerpt: None,
        field: None,
        message: format!(
            "the source has {bytes} bytes, and one of more than 256 KiB is not analysed"
        ),
        remedy: "call its endpoints: what it uses and what will fail is not known".to_owned(),
    }
}

fn problem(file: &str, finding: Finding, is_harmless: bool) -> Option<Problem> {
    let (line, column) = finding.place;
    let (severity, message) = match (finding.is_certain, is_harmless) {
        (_, true) => (Severity::Warning, finding.message),
        (true, _) => (Severity::Error, finding.message),
        (false, _) => {
            let text = format!("fails where it gets to line {line}: {}", finding.message);
            (Severity::Warning, text)
        }
    };
    Some(Problem {
        severity,
        code: ProblemCode::named(finding.code)?,
        file: file.to_owned(),
        line: Some(line),
        column: Some(column),
        excerpt: None,
        field: None,
        message,
        remedy: finding.remedy,
    })
}

/// Names, each with the files that use it.
type Names = BTreeMap<String, BTreeSet<String>>;

/// What was found on the way through the functions of a route.
#[derive(Default)]
struct Found {
    features: Names,
    modules: Names,
    values: Names,
    environment_values: Names,
    services: Names,
    functions: Names,
    /// Methods that are called of services, by the names of these.
    service_methods: Names,
    /// Modules and functions that no branch avoids on the way to them.
    surely: BTreeSet<String>,
    /// What fails, with the file.
    findings: Vec<(String, Finding)>,
    dynamic: bool,
}

/// The feature that stands for outgoing calls.
pub(super) const OUTGOING: &str = "outgoing-http";

/// The feature that stands for calls of a database.
pub(super) const DATABASE: &str = "database";

impl Found {
    /// Adds what a source uses; no branch avoids the source where it `is_sure`.
    fn add(&mut self, uses: &SourceUses, file: &str, is_sure: bool) {
        let flags = [(OUTGOING, uses.http), (DATABASE, uses.data)];
        let set = flags.into_iter().filter(|(_, is_set)| *is_set);
        let mut features: BTreeSet<String> = set.map(|(name, _)| name.to_owned()).collect();
        features.extend(uses.unsupported.iter().chain(&uses.atlas_stages).cloned());
        let all = [
            (&mut self.features, &features),
            (&mut self.modules, &uses.modules),
            (&mut self.values, &uses.values),
            (&mut self.environment_values, &uses.environment_values),
            (&mut self.services, &uses.services),
            (&mut self.functions, &uses.functions),
        ];
        for (names, more) in all {
            for name in more {
                names.entry(name.clone()).or_default().insert(file.to_owned());
            }
        }
        for (service, methods) in &uses.service_methods {
            let known = self.service_methods.entry(service.clone()).or_default();
            known.extend(methods.iter().cloned());
        }
        if is_sure {
            self.surely.extend(uses.modules_surely.iter().chain(&uses.functions_surely).cloned());
            self.findings.extend(uses.findings.iter().map(|one| (file.to_owned(), one.clone())));
        }
        self.dynamic |= uses.dynamic;
    }

    /// Functions that are surely called, and the others.
    fn by_sureness(&self, names: impl IntoIterator<Item = String>) -> (Vec<String>, Vec<String>) {
        names.into_iter().partition(|name| self.surely.contains(name))
    }

    fn missing(&self, wanted: &Wanted<'_>) -> Vec<Missing> {
        type Look<'a> = fn(&Wanted<'a>, &str, &BTreeSet<String>) -> Option<Missing>;
        // With whether it is known that a branch may avoid a name.
        let looks: [(&Names, Look<'_>, bool); 6] = [
            (&self.modules, |w, name, files| w.module(kind_of_module(name), name, files), true),
            (&self.services, |wanted, name, _| wanted.service(name), false),
            (&self.values, |wanted, name, _| wanted.value(name), false),
            (&self.environment_values, |w, name, _| w.environment_value(name), false),
            (&self.functions, |wanted, name, _| wanted.function(name), true),
            (&self.features, |wanted, name, _| wanted.feature(name), false),
        ];
        let mut all = Vec::new();
        let counts = |(_, one): &&(String, Finding)| {
            one.is_certain && wanted.applies(one.applies) && one.applies != Applies::UserIsSystem
        };
        for (file, finding) in self.findings.iter().filter(counts) {
            all.push(Missing::finding(file, finding));
        }
        for (names, look, knows_branches) in looks {
            for (name, files) in names {
                let may_be_avoided = knows_branches && !self.surely.contains(name);
                let missing = look(wanted, name, files).map(|missing| missing.used_in(files));
                let missing = missing.map(|one| if may_be_avoided { one.harmless() } else { one });
                let methods =
                    self.service_methods.get(name).filter(|_| std::ptr::eq(names, &self.services));
                all.extend(missing.map(|missing| missing.unless_asked_for_data(methods)));
            }
        }
        all
    }

    fn into_uses(self) -> Uses {
        let names = |names: Names| names.into_keys().collect();
        let is_package = |name: &String| kind_of_module(name) == ModuleKind::Package;
        let (packages, modules) = self.modules.into_keys().partition(is_package);
        Uses {
            features: names(self.features),
            modules,
            packages,
            values: names(self.values),
            services: names(self.services),
            functions: names(self.functions),
            dynamic: self.dynamic,
        }
    }
}

/// Where something that is required comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ModuleKind {
    /// It comes with Hookstead.
    Builtin,
    /// It comes with Node.js, and not with Hookstead.
    Node,
    /// It is a file beside the function.
    File,
    /// It is a package.
    Package,
}

fn kind_of_module(name: &str) -> ModuleKind {
    let plain = name.strip_prefix("node:").unwrap_or(name);
    if NODE_MODULES.contains(&plain.split('/').next().unwrap_or_default()) {
        ModuleKind::Node
    } else if is_builtin_module(name) {
        ModuleKind::Builtin
    } else if name.starts_with(['.', '/']) {
        ModuleKind::File
    } else {
        ModuleKind::Package
    }
}
