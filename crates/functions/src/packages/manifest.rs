//! The `package.json` of packages: what of it says which file stands for what.

use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::Arc};

use serde_json::Value as Json;

use super::files::{FileKind, ModuleFiles};

/// The fields of a `package.json` that count here.
#[derive(Debug, Default)]
pub(super) struct Manifest {
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
    /// Whether its `.js` files are ES modules, where it says so.
    pub(super) is_module: Option<bool>,
    pub(super) main: Option<String>,
    /// What bundlers take in the place of `main`.
    pub(super) module: Option<String>,
    pub(super) exports: Option<Json>,
    pub(super) imports: Option<Json>,
}

impl Manifest {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let json: Json = serde_json::from_slice(bytes).ok()?;
        let text = |key: &str| json.get(key).and_then(Json::as_str).map(str::to_owned);
        let is_module = match json.get("type").and_then(Json::as_str) {
            Some("module") => Some(true),
            Some("commonjs") => Some(false),
            _ => None,
        };
        Some(Self {
            name: text("name"),
            version: text("version"),
            is_module,
            main: text("main"),
            module: text("module"),
            exports: json.get("exports").filter(|value| !value.is_null()).cloned(),
            imports: json.get("imports").filter(|value| value.is_object()).cloned(),
        })
    }
}

/// The manifests of folders, each read once.
pub(super) struct Manifests {
    files: Arc<dyn ModuleFiles>,
    by_folder: RefCell<HashMap<String, Option<Rc<Manifest>>>>,
}

impl Manifests {
    pub(super) fn new(files: Arc<dyn ModuleFiles>) -> Self {
        Self { files, by_folder: RefCell::default() }
    }

    /// That of a folder; `None` where there is none, or one that is no JSON.
    pub(super) fn of(&self, folder: &str) -> Option<Rc<Manifest>> {
        if let Some(known) = self.by_folder.borrow().get(folder) {
            return known.clone();
        }
        let path = join(folder, "package.json");
        let is_file = self.files.kind(&path) == Some(FileKind::File);
        let bytes = is_file.then(|| self.files.read(&path).ok()).flatten();
        let manifest = bytes.and_then(|bytes| Manifest::parse(&bytes)).map(Rc::new);
        self.by_folder.borrow_mut().insert(folder.to_owned(), manifest.clone());
        manifest
    }

    /// That of the package that a folder belongs to, with the folder of the package.
    pub(super) fn around(&self, folder: &str) -> Option<(String, Rc<Manifest>)> {
        let mut folder = folder;
        while !is_packages(folder) {
            if let Some(manifest) = self.of(folder) {
                return Some((folder.to_owned(), manifest));
            }
            folder = parent(folder)?;
        }
        None
    }
}

/// Whether a folder is one that holds packages.
pub(super) fn is_packages(folder: &str) -> bool {
    folder == "node_modules" || folder.ends_with("/node_modules")
}

/// The folder around something; `None` for the root.
pub(super) fn parent(path: &str) -> Option<&str> {
    (!path.is_empty()).then(|| path.rsplit_once('/').map_or("", |(folder, _)| folder))
}

/// The path of something below a folder, which may name its parents; it never leads above the root.
pub(super) fn join(folder: &str, below: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in below.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}
