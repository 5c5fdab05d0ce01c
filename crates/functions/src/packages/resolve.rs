//! Which file a specifier stands for, as Node.js finds it.

use std::sync::Arc;

use super::{
    addons,
    files::ModuleFiles,
    manifest::parent,
    node::{Miss, Node},
    versions,
};
use crate::modules;

/// The folder in which packages are looked for first.
pub(super) const FUNCTIONS: &str = "functions";

/// How a module asks for another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// `require`.
    Require,
    /// `import`, as a declaration or a call.
    Import,
}

/// What a specifier stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// A module that comes with the program.
    Builtin(String),
    /// A file, by its path in the app.
    File { path: String, kind: FileOf },
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileOf {
    /// Its name or its package says so.
    CommonJs,
    /// Its name or its package says so.
    Module,
    /// Nobody says which of the two it is.
    Script,
    Json,
}

/// Why there is nothing that a specifier can stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleProblem {
    /// Which of the reasons it is.
    pub kind: ModuleProblemKind,
    /// What is wrong, a sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

/// Why a module cannot be required.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModuleProblemKind {
    /// There is no such package, or no such file.
    Missing,
    /// The package has another version than the specifier or the app asks for.
    Version,
    /// The package is an addon in machine code.
    Addon,
    /// It is a module of Node.js that is not here.
    NotHere,
    /// The package does not export what is asked for, or its files are broken.
    Package,
    /// A limit is reached.
    Limit,
}

/// Finds the files of modules.
pub(super) struct Resolver {
    node: Node,
}

impl Resolver {
    pub(super) fn new(files: Arc<dyn ModuleFiles>) -> Self {
        Self { node: Node::new(files) }
    }

    /// What a specifier stands for in a folder of the app.
    pub(super) fn find(
        &self,
        folder: &str,
        specifier: &str,
        way: Way,
    ) -> Result<Found, ModuleProblem> {
        if let Some(name) = modules::builtin_name(specifier) {
            return Ok(Found::Builtin(name.to_owned()));
        }
        if let Some(name) = specifier.strip_prefix("node:") {
            let message = format!("the module `{name}` of Node.js does not exist in functions");
            let remedy = "do without it".to_owned();
            return Err(ModuleProblem { kind: ModuleProblemKind::NotHere, message, remedy });
        }
        let wanted = Specifier::of(specifier);
        if let Some(problem) = wanted.package.and_then(addons::problem) {
            return Err(problem);
        }
        let path = self.path(folder, &wanted.text, way).map_err(|miss| wanted.problem(&miss))?;
        self.check_version(&path, &wanted)?;
        let kind = self.kind_of(&path, &wanted)?;
        Ok(Found::File { path, kind })
    }

    /// The version of a package that is installed, as its `package.json` says.
    pub(super) fn installed_version(&self, package: &str) -> Option<String> {
        let folders = [format!("{FUNCTIONS}/node_modules"), "node_modules".to_owned()];
        let manifests = &self.node.manifests;
        let about = folders.iter().find_map(|all| manifests.of(&format!("{all}/{package}")));
        about?.version.clone()
    }

    /// Either of the two ways leads to a module here, where a package exports it in one of them.
    fn path(&self, folder: &str, specifier: &str, way: Way) -> Result<String, Miss> {
        let (first, second) = match way {
            Way::Require => ("require", "import"),
            Way::Import => ("import", "require"),
        };
        self.node.find(folder, specifier, first).or_else(|miss| match miss {
            Miss::NotExported(_) => self.node.find(folder, specifier, second).map_err(|_| miss),
            Miss::NotFound => Err(miss),
        })
    }

    fn kind_of(&self, path: &str, wanted: &Specifier<'_>) -> Result<FileOf, ModuleProblem> {
        match path.rsplit_once('.').map(|(_, extension)| extension) {
            Some("json") => Ok(FileOf::Json),
            Some("cjs") => Ok(FileOf::CommonJs),
            Some("mjs") => Ok(FileOf::Module),
            Some("node") => Err(addons::unknown(wanted.package.unwrap_or(&wanted.text))),
            Some("js") => {
                let around = self.node.manifests.around(parent(path).unwrap_or_default());
                Ok(match around.and_then(|(_, manifest)| manifest.is_module) {
                    Some(true) => FileOf::Module,
                    Some(false) => FileOf::CommonJs,
                    None => FileOf::Script,
                })
            }
            _ => Err(ModuleProblem {
                kind: ModuleProblemKind::Package,
                message: format!("`{}` leads to {path}, which is no module", wanted.text),
                remedy: "require a module in its place".to_owned(),
            }),
        }
    }

    fn check_version(&self, path: &str, wanted: &Specifier<'_>) -> Result<(), ModuleProblem> {
        let (Some(range), Some(package)) = (wanted.version, wanted.package) else { return Ok(()) };
        let around = self.node.manifests.around(parent(path).unwrap_or_default());
        let version = around.and_then(|(_, manifest)| manifest.version.clone());
        let version = version.unwrap_or_default();
        if versions::satisfies(&version, range).unwrap_or(true) {
            return Ok(());
        }
        Err(ModuleProblem {
            kind: ModuleProblemKind::Version,
            message: format!(
                "`{package}@{range}` is required, and version {version} of it is installed"
            ),
            remedy: INSTALL.to_owned(),
        })
    }
}

/// A package that a source asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedPackage {
    /// Its name.
    pub name: String,
    /// The version that the specifier asks for, as in `mongodb@3.1.4`.
    pub version: Option<String>,
    /// Why it cannot be used, where that is known of it.
    pub problem: Option<ModuleProblem>,
}

/// The package that a specifier asks for; `None` for a path or a module of the program.
pub fn wanted_package(specifier: &str) -> Option<WantedPackage> {
    if modules::is_builtin_module(specifier) || specifier.starts_with("node:") {
        return None;
    }
    let Specifier { package, version, .. } = Specifier::of(specifier);
    let name = package?.to_owned();
    let problem = addons::problem(&name);
    Some(WantedPackage { name, version: version.map(str::to_owned), problem })
}

/// What to do about a package that is not there.
const INSTALL: &str = "run `hookstead deps install`";

/// A specifier, taken apart.
struct Specifier<'s> {
    /// Without a version.
    text: String,
    /// The package, where it is no path.
    package: Option<&'s str>,
    version: Option<&'s str>,
}

impl<'s> Specifier<'s> {
    fn of(specifier: &'s str) -> Self {
        let plain = Self { text: specifier.to_owned(), package: None, version: None };
        if specifier.starts_with(['.', '/', '#']) {
            return plain;
        }
        let is_scoped = specifier.starts_with('@');
        let mut slashes = specifier.match_indices('/').map(|(at, _)| at);
        let scope = if is_scoped { slashes.next() } else { Some(0) };
        let Some(scope) = scope else { return plain };
        let (whole, below) = specifier.split_at(slashes.next().unwrap_or(specifier.len()));
        let is_mark = |(at, mark): &(usize, &str)| *mark == "@" && *at > scope;
        match whole.match_indices('@').find(is_mark) {
            Some((at, _)) => Self {
                text: format!("{}{below}", &whole[..at]),
                package: Some(&whole[..at]),
                version: Some(&whole[at + 1..]),
            },
            None => Self { package: Some(whole), ..plain },
        }
    }

    fn problem(&self, miss: &Miss) -> ModuleProblem {
        let text = &self.text;
        let Some(package) = self.package else {
            let message = match miss {
                Miss::NotFound => format!("there is no file `{text}`"),
                Miss::NotExported(why) => format!("`{text}` cannot be required: {why}"),
            };
            let remedy = "add the file, or correct the path".to_owned();
            return ModuleProblem { kind: ModuleProblemKind::Missing, message, remedy };
        };
        match miss {
            Miss::NotFound => {
                let message = match text.strip_prefix(package) {
                    Some("") | None => format!("the package `{package}` is not installed"),
                    Some(below) => format!(
                        "the package `{package}` is not installed, or has no file `{}`",
                        &below[1..]
                    ),
                };
                let remedy = INSTALL.to_owned();
                ModuleProblem { kind: ModuleProblemKind::Missing, message, remedy }
            }
            Miss::NotExported(why) => ModuleProblem {
                kind: ModuleProblemKind::Package,
                message: format!("`{text}` cannot be required of the package `{package}`: {why}"),
                remedy: "require what the package exports, or install another version of it"
                    .to_owned(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_taken_out_of_a_specifier() {
        let cases = [
            ("mongodb@3.1.4", "mongodb", Some("mongodb"), Some("3.1.4")),
            ("mongodb@3.1.4/lib/a", "mongodb/lib/a", Some("mongodb"), Some("3.1.4")),
            ("@a/b@1/c", "@a/b/c", Some("@a/b"), Some("1")),
            ("@a/b", "@a/b", Some("@a/b"), None),
            ("@a/b/c@2.js", "@a/b/c@2.js", Some("@a/b"), None),
            ("lodash/fp@x", "lodash/fp@x", Some("lodash"), None),
            ("lodash", "lodash", Some("lodash"), None),
            ("./a@1", "./a@1", None, None),
            ("#internal", "#internal", None, None),
            ("", "", Some(""), None),
            ("@", "@", None, None),
            ("@/", "@/", Some("@/"), None),
            ("ä@1", "ä", Some("ä"), Some("1")),
        ];
        for (specifier, text, package, version) in cases {
            let found = Specifier::of(specifier);
            assert_eq!((found.text.as_str(), found.package), (text, package), "{specifier}");
            assert_eq!(found.version, version, "{specifier}");
        }
    }
}
