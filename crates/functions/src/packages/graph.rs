//! Every module that the functions of an app can reach, read and made into scripts.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use hookstead_isolate::Script;
use serde_json::{Value as Json, json};

use super::{
    enclosed::{Enclosed, PARSED_BYTES_MAX, belongs_into_function},
    esm::{self, Esm},
    files::{FileKind, ModuleFiles},
    manifest::{join, parent},
    resolve::{FUNCTIONS, FileOf, Found, ModuleProblem, ModuleProblemKind, Resolver, Way},
    scan::{Asked, scan},
};

/// What the modules of an app may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ModuleLimits {
    pub(crate) modules_max: usize,
    pub(crate) bytes_max: usize,
}

/// How many other modules the modules of an app may ask for, for each module that there may be:
/// one that works out names asks for all files of a folder.
const LINKS_PER_MODULE: usize = 32;
/// How many there may be in any case.
const LINKS_MIN: usize = 10_000;

/// What each specifier of a module stands for.
pub(super) type Links = BTreeMap<String, Target>;

/// What a specifier stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Builtin(String),
    /// By its number.
    Module(usize),
    Refused(ModuleProblem),
}

impl Target {
    /// As the loader gets it: a name, a number, or an error's message and code. Nothing is said of
    /// what is not there: the error of Node.js says enough.
    pub(super) fn told(&self) -> Option<Json> {
        let problem = match self {
            Self::Builtin(name) => return Some(json!(name)),
            Self::Module(index) => return Some(json!(index)),
            Self::Refused(problem) => problem,
        };
        let code = match problem.kind {
            ModuleProblemKind::Missing => return None,
            ModuleProblemKind::Addon => "ERR_DLOPEN_DISABLED",
            ModuleProblemKind::NotHere => "ERR_UNKNOWN_BUILTIN_MODULE",
            ModuleProblemKind::Package => "ERR_PACKAGE_PATH_NOT_EXPORTED",
            ModuleProblemKind::Version | ModuleProblemKind::Limit => {
                "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM"
            }
        };
        Some(json!([format!("{}: {}", problem.message, problem.remedy), code]))
    }
}

/// How the loader runs a module. The numbers are those of `js/src/runtime/packages.js`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    CommonJs = 0,
    /// A file of the app's own, which may assign to `exports` as functions do.
    Own = 1,
    Json = 2,
    Module = 3,
    /// An ES module that waits at its top level, or imports one that does.
    Waiting = 4,
}

/// A module.
pub(super) struct Module {
    /// The path in the app.
    pub(super) path: String,
    pub(super) links: Links,
    text: Text,
}

enum Text {
    CommonJs(String),
    Own(String),
    Json(String),
    Module(Esm),
    /// Loading it throws.
    Broken(String),
}

/// The modules that a set of files reaches.
pub(super) struct Graph {
    files: Arc<dyn ModuleFiles>,
    pub(super) resolver: Resolver,
    limits: ModuleLimits,
    pub(super) modules: Vec<Module>,
    by_path: HashMap<String, usize>,
    /// Modules whose links are not known yet, with what they ask for.
    waiting: Vec<(usize, Asked, Way)>,
    bytes: usize,
    /// How many more links there may be.
    links_left: usize,
}

impl Graph {
    pub(super) fn new(files: Arc<dyn ModuleFiles>, limits: ModuleLimits) -> Self {
        Self {
            resolver: Resolver::new(Arc::clone(&files)),
            files,
            links_left: limits
                .modules_max
                .saturating_mul(LINKS_PER_MODULE)
                .saturating_add(LINKS_MIN),
            limits,
            modules: Vec::new(),
            by_path: HashMap::new(),
            waiting: Vec::new(),
            bytes: 0,
        }
    }

    /// The links of a function's source: packages are those of `functions/`, wherever its file is.
    pub(super) fn links_of_function(&mut self, file: &str, asked: Asked) -> Links {
        let is_own = |specifier: &str| specifier.starts_with('.');
        let folder = parent(file).unwrap_or_default();
        let folder_for = |specifier: &str| if is_own(specifier) { folder } else { FUNCTIONS };
        let links = self.links(&folder_for, &asked, Way::Require);
        self.read_waiting();
        links
    }

    /// The links of a file. What it asks for in a way that leads elsewhere has a key of its own.
    fn links<'f>(
        &mut self,
        folder_for: &dyn Fn(&str) -> &'f str,
        asked: &Asked,
        way: Way,
    ) -> Links {
        let mut links = Links::new();
        for specifier in &asked.specifiers {
            let Some(left) = self.links_left.checked_sub(1) else {
                let message = "the modules ask for too many others".to_owned();
                let problem = Target::Refused(over(message, "modules_max"));
                links.insert(specifier.clone(), problem);
                break;
            };
            self.links_left = left;
            let target = self.target(folder_for(specifier), specifier, way);
            if way == Way::Require && asked.imported.contains(specifier) {
                let imported = self.target(folder_for(specifier), specifier, Way::Import);
                if imported != target {
                    links.insert(format!("import({specifier})"), imported);
                }
            }
            links.insert(specifier.clone(), target);
        }
        links
    }

    /// The names of the modules that come with the program, as far as a module asks for them.
    pub(super) fn builtins<'g>(&'g self, more: &'g [Links]) -> BTreeSet<&'g str> {
        let links = self.modules.iter().map(|module| &module.links).chain(more);
        let names = links.flat_map(BTreeMap::values).filter_map(|target| match target {
            Target::Builtin(name) => Some(name.as_str()),
            _ => None,
        });
        names.collect()
    }

    /// The script of each module and how it is run, in the order of their numbers.
    pub(super) fn scripts(&self) -> Vec<(Format, Script)> {
        let waiting = self.that_wait();
        let scripts = self.modules.iter().enumerate();
        scripts.map(|(index, module)| module.script(waiting.contains(&index))).collect()
    }

    fn target(&mut self, folder: &str, specifier: &str, way: Way) -> Target {
        match self.resolver.find(folder, specifier, way) {
            Ok(Found::Builtin(name)) => Target::Builtin(name),
            Ok(Found::File { path, kind }) => match self.module(path, kind) {
                Ok(index) => Target::Module(index),
                Err(problem) => Target::Refused(problem),
            },
            Err(problem) => Target::Refused(problem),
        }
    }

    fn read_waiting(&mut self) {
        while let Some((index, asked, way)) = self.waiting.pop() {
            let folder = parent(&self.modules[index].path).unwrap_or_default().to_owned();
            let links = self.links(&|_| folder.as_str(), &asked, way);
            // What only looks like a specifier leads nowhere, and Node.js says the same of it.
            let is_told = |target: &Target| match target {
                Target::Refused(problem) => problem.kind != ModuleProblemKind::Missing,
                _ => true,
            };
            self.modules[index].links =
                links.into_iter().filter(|(_, target)| is_told(target)).collect();
        }
    }

    /// The number of the module in a file, which is read where it is not known yet.
    fn module(&mut self, path: String, kind: FileOf) -> Result<usize, ModuleProblem> {
        if let Some(index) = self.by_path.get(&path) {
            return Ok(*index);
        }
        let ModuleLimits { modules_max, bytes_max } = self.limits;
        if self.modules.len() >= modules_max {
            let message = format!("the functions load more than {modules_max} modules");
            return Err(over(message, "modules_max"));
        }
        let broken = |message| ModuleProblem {
            kind: ModuleProblemKind::Package,
            message: format!("{path} cannot be read: {message}"),
            remedy: "install the package anew".to_owned(),
        };
        // What is over the limit is not read again for everyone who asks for it.
        if self.bytes > bytes_max {
            return Err(over_bytes(bytes_max));
        }
        let bytes = self.files.read(&path).map_err(broken)?;
        self.bytes += bytes.len();
        if self.bytes > bytes_max {
            return Err(over_bytes(bytes_max));
        }
        let source = String::from_utf8_lossy(&bytes);
        let source = source.strip_prefix('\u{feff}').unwrap_or(&source);
        let source = without_hash_bang(source);
        let index = self.modules.len();
        let (text, mut asked) = if kind == FileOf::Json {
            (Text::Json(source.into_owned()), Asked::default())
        } else {
            read_source(&path, &source, kind)
        };
        let folder = parent(&path).unwrap_or_default();
        for name in std::mem::take(&mut asked.folders) {
            asked.specifiers.extend(self.files_in(folder, &name));
        }
        let way = if matches!(text, Text::Module(_)) { Way::Import } else { Way::Require };
        self.by_path.insert(path.clone(), index);
        self.modules.push(Module { path, links: Links::new(), text });
        if !asked.specifiers.is_empty() {
            self.waiting.push((index, asked, way));
        }
        Ok(index)
    }

    /// The specifiers of the files in a folder, with and without their extensions.
    fn files_in(&self, folder: &str, below: &str) -> BTreeSet<String> {
        let path = join(folder, below);
        if self.links_left == 0 || self.files.kind(&path) != Some(FileKind::Folder) {
            return BTreeSet::new();
        }
        let names = self.files.list(&path).into_iter().flat_map(|name| {
            let stem = name.strip_suffix(".js").or_else(|| name.strip_suffix(".json"));
            let stem = stem.map(|stem| format!("{below}/{stem}"));
            stem.into_iter().flat_map(move |stem| [stem, format!("{below}/{name}")])
        });
        names.collect()
    }

    /// The modules that wait at their top level, and those that import one that does.
    fn that_wait(&self) -> BTreeSet<usize> {
        let mut importers: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut found = Vec::new();
        for (index, module) in self.modules.iter().enumerate() {
            let Text::Module(esm) = &module.text else { continue };
            for target in esm.requests.iter().filter_map(|request| module.links.get(request)) {
                if let Target::Module(other) = target {
                    importers.entry(*other).or_default().push(index);
                }
            }
            found.extend(esm.waits.then_some(index));
        }
        let mut waiting = BTreeSet::new();
        while let Some(index) = found.pop() {
            if waiting.insert(index) {
                found.extend(importers.get(&index).into_iter().flatten());
            }
        }
        waiting
    }
}

impl Module {
    /// How it is run, and its script: its name is the path of its file.
    fn script(&self, is_waiting: bool) -> (Format, Script) {
        let name = self.path.clone();
        let function = |source: &str, end: &str, is_known| {
            let parameters = format!("exports, require, module, __filename, __dirname, {DYNAMIC}");
            let inside = format!("\n{source}\n{end}");
            Enclosed { kind: "", parameters, inside, is_known }.script(name.clone())
        };
        match &self.text {
            Text::CommonJs(source) => {
                (Format::CommonJs, function(source, "", belongs_into_function(source)))
            }
            Text::Own(source) => {
                let is_known = belongs_into_function(source);
                (Format::Own, function(source, ";return exports;\n", is_known))
            }
            Text::Json(text) => {
                let source = json!(text).to_string();
                (Format::Json, Script { name, source, lines_before: 0 })
            }
            Text::Module(esm) => {
                let format = if is_waiting { Format::Waiting } else { Format::Module };
                (format, esm.enclosed(is_waiting).script(name))
            }
            Text::Broken(message) => {
                let source = format!("throw new SyntaxError({message:?});");
                (Format::CommonJs, function(&source, "", true))
            }
        }
    }
}

/// The parameter of a CommonJS module that is called in the place of `import(…)`.
const DYNAMIC: &str = "$hs$dynamic";

fn read_source(path: &str, source: &str, kind: FileOf) -> (Text, Asked) {
    let asked = scan(source);
    let esm = match kind {
        FileOf::Module => Some(esm::read(source)),
        FileOf::Script if looks_like_module(source) => {
            Some(esm::read(source)).filter(Option::is_some)
        }
        _ => None,
    };
    let text = match esm {
        Some(Some(esm)) => Text::Module(esm),
        Some(None) if source.len() > PARSED_BYTES_MAX => Text::Broken(format!(
            "{path}: an ES module of more than {} KiB cannot be loaded",
            PARSED_BYTES_MAX >> 10
        )),
        Some(None) => Text::Broken(format!("{path} is no ES module, as its package says")),
        None => {
            let source = if asked.imports_at_run_time {
                esm::with_calls_of_import(source, DYNAMIC)
            } else {
                source.to_owned()
            };
            let is_own = !path.contains("node_modules/");
            if is_own { Text::Own(source) } else { Text::CommonJs(source) }
        }
    };
    (text, asked)
}

/// Whether a line begins as declarations of imports and exports do.
fn looks_like_module(source: &str) -> bool {
    source.split(['\n', ';']).any(|line| {
        let line = line.trim_start();
        ["import", "export"].into_iter().any(|word| {
            let rest = line.strip_prefix(word);
            rest.is_some_and(|rest| rest.starts_with([' ', '{', '*', '"', '\'']))
        })
    })
}

fn without_hash_bang(source: &str) -> std::borrow::Cow<'_, str> {
    if source.starts_with("#!") { format!("//{source}").into() } else { source.into() }
}

fn over_bytes(bytes_max: usize) -> ModuleProblem {
    over(format!("the modules are larger than {} MiB", bytes_max >> 20), "modules_mib")
}

fn over(message: String, setting: &str) -> ModuleProblem {
    let remedy = format!("require less of them, or raise {setting} in [packages]");
    ModuleProblem { kind: ModuleProblemKind::Limit, message, remedy }
}
