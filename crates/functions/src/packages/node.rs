//! The way of Node.js from a specifier to a file.
//!
//! Written by hand: the crates that do it bring a dozen others, a second parser of JSON among them.

use std::{rc::Rc, sync::Arc};

use serde_json::Value as Json;

use super::{
    files::{FileKind, ModuleFiles},
    manifest::{Manifest, Manifests, is_packages, join, parent},
};

/// Why a specifier leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Miss {
    /// There is no file.
    NotFound,
    /// The package keeps it to itself, or its manifest makes no sense; in words.
    NotExported(String),
}

/// Extensions that a specifier may leave out, in the order in which they are tried. Node.js tries
/// the first three alone; files with the others are found in addition.
const EXTENSIONS: [&str; 5] = [".js", ".json", ".node", ".cjs", ".mjs"];

/// A target of `exports` that is longer is none.
const TARGET_BYTES_MAX: usize = 1024;

/// Follows specifiers. Paths are relative to the folder of the app.
pub(super) struct Node {
    files: Arc<dyn ModuleFiles>,
    pub(super) manifests: Manifests,
}

impl Node {
    pub(super) fn new(files: Arc<dyn ModuleFiles>) -> Self {
        Self { manifests: Manifests::new(Arc::clone(&files)), files }
    }

    /// The file that a specifier in a folder stands for, where its links lead to.
    /// `condition` is `require` or `import`.
    pub(super) fn find(
        &self,
        folder: &str,
        specifier: &str,
        condition: &str,
    ) -> Result<String, Miss> {
        let path = if specifier.starts_with('#') {
            self.internal(folder, specifier, condition)?
        } else if let Some(below) = specifier.strip_prefix('/') {
            self.path("", below)?
        } else if is_relative(specifier) {
            self.path(folder, specifier)?
        } else {
            self.package(folder, specifier, condition)?
        };
        self.files.real_path(&path).ok_or(Miss::NotFound)
    }

    fn is_file(&self, path: &str) -> bool {
        self.files.kind(path) == Some(FileKind::File)
    }

    /// A file or a folder by its path.
    fn path(&self, folder: &str, below: &str) -> Result<String, Miss> {
        let path = join(folder, below);
        let is_folder =
            below.ends_with('/') || matches!(below.rsplit('/').next(), Some("." | ".."));
        let file = if is_folder { None } else { self.file(&path) };
        file.or_else(|| self.folder(&path)).ok_or(Miss::NotFound)
    }

    fn file(&self, path: &str) -> Option<String> {
        if self.is_file(path) {
            return Some(path.to_owned());
        }
        let names = EXTENSIONS.iter().map(|extension| format!("{path}{extension}"));
        names.into_iter().find(|name| self.is_file(name))
    }

    /// What stands for a folder: what its manifest names, or `index`.
    fn folder(&self, path: &str) -> Option<String> {
        if self.files.kind(path) != Some(FileKind::Folder) {
            return None;
        }
        let index = |folder: &str| self.file(&join(folder, "index"));
        let named = |name: &String| {
            let path = join(path, name);
            self.file(&path).or_else(|| index(&path))
        };
        let manifest = self.manifests.of(path);
        let main = manifest.as_ref().and_then(|manifest| manifest.main.as_ref()).and_then(named);
        let module = || manifest.as_ref().and_then(|one| one.module.as_ref()).and_then(named);
        main.or_else(|| index(path)).or_else(module)
    }

    /// `#name`: what the package around it calls so.
    fn internal(&self, folder: &str, specifier: &str, condition: &str) -> Result<String, Miss> {
        let unknown = || Miss::NotExported(format!("its package does not define `{specifier}`"));
        let (root, manifest) = self.manifests.around(folder).ok_or_else(unknown)?;
        let imports = manifest.imports.as_ref().and_then(Json::as_object).ok_or_else(unknown)?;
        let (target, star) = matching(imports, specifier).ok_or_else(unknown)?;
        match target_of(target, star, condition).ok_or_else(unknown)? {
            file if file.starts_with("./") => self.exported(&root, &file, specifier),
            package if is_relative(&package) || package.starts_with(['/', '#']) => Err(unknown()),
            package => self.package(&root, &package, condition),
        }
    }

    /// A package, or a file of one.
    fn package(&self, folder: &str, specifier: &str, condition: &str) -> Result<String, Miss> {
        let scope = if specifier.starts_with('@') { 1 } else { 0 };
        let slash = specifier.match_indices('/').nth(scope).map(|(at, _)| at);
        let (name, below) = specifier.split_at(slash.unwrap_or(specifier.len()));
        if name.is_empty() || name.split('/').any(|part| part.is_empty() || part.starts_with('.')) {
            return Err(Miss::NotFound);
        }
        // A package can name itself.
        if let Some((root, manifest)) = self.manifests.around(folder)
            && manifest.name.as_deref() == Some(name)
            && manifest.exports.is_some()
        {
            return self.export(&root, &manifest, below, condition);
        }
        let mut around = Some(folder);
        while let Some(folder) = around {
            around = parent(folder);
            if is_packages(folder) {
                continue;
            }
            let root = join(folder, &format!("node_modules/{name}"));
            if self.files.kind(&root) != Some(FileKind::Folder) {
                continue;
            }
            match self.manifests.of(&root) {
                Some(manifest) if manifest.exports.is_some() => {
                    return self.export(&root, &manifest, below, condition);
                }
                _ => {
                    let found = if below.is_empty() {
                        self.folder(&root)
                    } else {
                        self.path(&root, &below[1..]).ok()
                    };
                    if let Some(found) = found {
                        return Ok(found);
                    }
                }
            }
        }
        Err(Miss::NotFound)
    }

    /// What a package exports under a path, which is empty or begins with `/`.
    fn export(
        &self,
        root: &str,
        manifest: &Rc<Manifest>,
        below: &str,
        condition: &str,
    ) -> Result<String, Miss> {
        let wanted = format!(".{below}");
        let unknown = || {
            let what = if below.is_empty() { "a main module" } else { wanted.as_str() };
            Miss::NotExported(format!("it does not export {what} to `{condition}`"))
        };
        let exports = manifest.exports.as_ref().ok_or_else(unknown)?;
        let by_path = exports.as_object().filter(|all| all.keys().any(|key| key.starts_with('.')));
        let (target, star) = match by_path {
            Some(exports) => matching(exports, &wanted).ok_or_else(unknown)?,
            None if below.is_empty() => (exports, None),
            None => return Err(unknown()),
        };
        let file = target_of(target, star, condition).ok_or_else(unknown)?;
        self.exported(root, &file, &wanted)
    }

    /// A file of a package that its manifest names as it is.
    fn exported(&self, root: &str, file: &str, wanted: &str) -> Result<String, Miss> {
        let leads_out = |part: &str| matches!(part, "." | ".." | "node_modules");
        let below = file.strip_prefix("./").filter(|below| !below.split('/').any(leads_out));
        let below = below.ok_or_else(|| {
            Miss::NotExported(format!("its package.json names {file:?} for `{wanted}`"))
        })?;
        let path = join(root, below);
        if self.is_file(&path) { Ok(path) } else { Err(Miss::NotFound) }
    }
}

fn is_relative(specifier: &str) -> bool {
    matches!(specifier, "." | "..") || specifier.starts_with("./") || specifier.starts_with("../")
}

/// The entry for a name, and what a `*` in its key stands for.
fn matching<'m, 'n>(
    map: &'m serde_json::Map<String, Json>,
    name: &'n str,
) -> Option<(&'m Json, Option<&'n str>)> {
    if let Some(target) = map.get(name).filter(|_| !name.contains('*') && !name.ends_with('/')) {
        return Some((target, None));
    }
    // The longest part before the star decides, then the longest key. A key that ends with a slash
    // is one with a star behind it, as long as its target ends so, too.
    let matches = map.iter().filter_map(|(key, target)| {
        let (before, after) = match key.split_once('*') {
            Some(parts) => parts,
            None if key.ends_with('/') => (key.as_str(), ""),
            None => return None,
        };
        let star = name.strip_prefix(before)?.strip_suffix(after)?;
        (!star.is_empty()).then_some(((before.len(), key.len()), (target, Some(star))))
    });
    matches.max_by_key(|(rank, _)| *rank).map(|(_, found)| found)
}

/// What a target stands for under the conditions; `None` where it stands for nothing.
fn target_of(target: &Json, star: Option<&str>, condition: &str) -> Option<String> {
    match target {
        // With a star at every second byte, it would grow without bounds.
        Json::String(path) if path.len() > TARGET_BYTES_MAX => None,
        Json::String(path) => Some(match star {
            Some(star) if path.ends_with('/') => format!("{path}{star}"),
            Some(star) => path.replace('*', star),
            None => path.clone(),
        }),
        Json::Array(all) => all.iter().find_map(|one| target_of(one, star, condition)),
        Json::Object(conditions) => conditions
            .iter()
            .filter(|(name, _)| matches!(name.as_str(), "default" | "node") || *name == condition)
            .map(|(_, one)| (one.is_null(), target_of(one, star, condition)))
            // A condition that holds and says that there is nothing ends the search.
            .find(|(is_null, found)| *is_null || found.is_some())
            .and_then(|(_, found)| found),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_entry_that_says_most_of_a_name_counts() {
        let map = json!({
            "./a": "./a.js", "./*": "./any/*.js", "./b/*": "./b/*.mjs", "./b/x-*.json": "./x/*",
            "./old/": "./old/files/", "./none/*": null,
        });
        let cases = [
            ("./a", Some("./a.js")),
            ("./c", Some("./any/c.js")),
            ("./b/c/d", Some("./b/c/d.mjs")),
            ("./b/x-1.json", Some("./x/1")),
            ("./old/e.js", Some("./old/files/e.js")),
            ("./none/f", None),
            (".", None),
        ];
        for (name, expected) in cases {
            let found = matching(map.as_object().unwrap(), name);
            let found = found.and_then(|(target, star)| target_of(target, star, "require"));
            assert_eq!(found.as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn the_first_condition_that_holds_counts() {
        let cases = [
            (json!({"import": "./i", "require": "./r", "default": "./d"}), Some("./r")),
            (json!({"default": "./d", "require": "./r"}), Some("./d")),
            (json!({"browser": "./b", "node": {"import": "./i"}, "default": "./d"}), Some("./d")),
            (json!({"require": null, "default": "./d"}), None),
            (json!([{"import": "./i"}, "./r"]), Some("./r")),
            (json!({"import": "./i"}), None),
            (json!(1), None),
        ];
        for (target, expected) in cases {
            let found = target_of(&target, None, "require");
            assert_eq!(found.as_deref(), expected, "{target}");
        }
    }
}
