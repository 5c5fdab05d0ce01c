//! npm packages and files beside functions: which of them the functions of an app reach, and the
//! scripts that they become (docs/behaviour/modules.md#packages).
//!
//! All modules are found and compiled when the app is loaded. A run evaluates those that it
//! requires, each once, so that nothing at their top level outlives the run.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use hookstead_isolate::Code;
use serde_json::{Value as Json, json};

use crate::{FunctionSource, Limits};

mod addons;
mod enclosed;
mod esm;
mod files;
mod graph;
mod manifest;
mod node;
mod resolve;
mod scan;
mod versions;

use files::NoFiles;
pub use files::{FileKind, ModuleFiles};
use graph::{Graph, Links, ModuleLimits, Target};
pub use resolve::{ModuleProblem, ModuleProblemKind, WantedPackage, wanted_package};
pub use versions::satisfies;

/// What functions can require beside the modules of the program.
#[derive(Default)]
pub(crate) struct Packages {
    /// What the loader is told.
    pub(crate) told: Json,
    /// Modules of the program that are asked for.
    pub(crate) builtins: BTreeSet<String>,
    problems: BTreeMap<(String, String), ModuleProblem>,
    declared: BTreeMap<String, ModuleProblem>,
    /// Files of the app's own that others require.
    required: BTreeSet<String>,
}

impl Packages {
    /// Reads all that the sources reach, whose numbers are those of their scripts.
    pub(crate) fn read(
        sources: &[&FunctionSource],
        files: Option<Arc<dyn ModuleFiles>>,
        dependencies: &BTreeMap<String, String>,
        limits: &Limits,
        scripts: &mut Vec<Code>,
    ) -> Self {
        let limits =
            ModuleLimits { modules_max: limits.modules_max, bytes_max: limits.modules_bytes_max };
        let mut graph = Graph::new(files.unwrap_or_else(|| Arc::new(NoFiles)), limits);
        let mut packages = Self::default();
        let mut all_links = Vec::with_capacity(sources.len());
        for source in sources {
            let mut asked = scan::scan(&source.source);
            if crate::modules::names_at_run_time(&source.source) {
                // Nobody knows which; those that the app declares are there.
                asked.specifiers.extend(dependencies.keys().cloned());
            }
            let links = graph.links_of_function(&source.file, asked);
            for (specifier, target) in &links {
                if let Target::Refused(problem) = target {
                    let key = (source.file.clone(), specifier.clone());
                    packages.problems.insert(key, problem.clone());
                }
            }
            all_links.push(links);
        }
        let own = graph.modules.iter().map(|module| &module.path);
        packages.required = own.filter(|path| !path.contains("node_modules/")).cloned().collect();
        packages.declared = conflicts(&graph, dependencies);
        packages.builtins = graph.builtins(&all_links).into_iter().map(str::to_owned).collect();
        packages.told = told(&graph, &all_links, scripts);
        packages
    }

    /// Why a file cannot require something, where it cannot.
    pub(crate) fn problem(&self, file: &str, specifier: &str) -> Option<&ModuleProblem> {
        self.problems.get(&(file.to_owned(), specifier.to_owned()))
    }

    /// Whether a source requires this file.
    pub(crate) fn is_required(&self, file: &str) -> bool {
        self.required.contains(file)
    }

    /// The declared packages that are installed in other versions.
    pub(crate) fn conflicts(&self) -> &BTreeMap<String, ModuleProblem> {
        &self.declared
    }
}

/// The packages that are installed in another version than the one that the app declares.
fn conflicts(
    graph: &Graph,
    dependencies: &BTreeMap<String, String>,
) -> BTreeMap<String, ModuleProblem> {
    let conflict = |(name, range): (&String, &String)| {
        let version = graph.resolver.installed_version(name)?;
        let is_within = satisfies(&version, range).unwrap_or(true);
        let problem = ModuleProblem {
            kind: ModuleProblemKind::Version,
            message: format!("the app declares `{name}` {range}, and {version} is installed"),
            remedy: "run `hookstead deps install`".to_owned(),
        };
        (!is_within).then(|| (name.clone(), problem))
    };
    dependencies.iter().filter_map(conflict).collect()
}

/// Adds the scripts of the modules, and tells the loader of them.
fn told(graph: &Graph, of_functions: &[Links], scripts: &mut Vec<Code>) -> Json {
    let links = |links: &Links| -> Vec<Json> {
        let told = links.iter().filter_map(|(name, target)| Some(json!([name, target.told()?])));
        told.collect()
    };
    let made = graph.scripts();
    let modules = graph.modules.iter().zip(made).map(|(module, (format, script))| {
        let index = scripts.len();
        let bytes = script.source.len();
        scripts.push(Code::Source(script));
        json!([index, format as u8, format!("/{}", module.path), links(&module.links), bytes])
    });
    let modules: Vec<Json> = modules.collect();
    let functions: Vec<Vec<Json>> = of_functions.iter().map(links).collect();
    json!({ "modules": modules, "functions": functions })
}
