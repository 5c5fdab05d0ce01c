//! The files that functions can require: below `functions/` and `node_modules/` of the app, or out
//! of an archive of packages (docs/behaviour/export.md#dependencies).
//!
//! They are read when somebody asks for them: of a folder of packages, most files are never used.

use std::{
    fs, io,
    io::Read as _,
    path::{Component, Path, PathBuf},
};

use thiserror::Error;

use crate::{archive::Archive, io_words};

/// Larger files are not read.
const FILE_BYTES_MAX: u64 = 8 << 20;
/// Folder of the packages of the functions.
pub(crate) const PACKAGES: &str = "functions/node_modules";
/// Folders at the root of an app whose files can be required.
const ROOTS: [&str; 2] = ["functions", "node_modules"];
/// Files with other extensions cannot be required. `.node` is an addon, which is found to be
/// refused by name.
const EXTENSIONS: [&str; 5] = ["js", "cjs", "mjs", "json", "node"];

/// What there is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModuleFileKind {
    /// A file.
    File,
    /// A folder.
    Folder,
}

/// Why a file that is there cannot be read.
#[derive(Debug, Error)]
pub enum ModuleFileError {
    /// It is not there, or lies where nothing can be required from.
    #[error("there is no such file")]
    Missing,
    /// It is larger than any module is.
    #[error("it is larger than {} MiB", FILE_BYTES_MAX >> 20)]
    TooLarge,
    /// The system refuses.
    #[error("it cannot be read: {}", io_words(.0))]
    Io(#[from] io::Error),
}

/// The files that the functions of an app can require. Paths are relative to the folder of the
/// app, with `/` between their parts, such as `functions/node_modules/lodash/lodash.js`.
#[derive(Default)]
pub struct ModuleFiles {
    root: PathBuf,
    /// The packages, where they come in an archive.
    archive: Option<Archive>,
    /// Nothing below this folder is a module: it is where secrets are kept.
    data_dir: Option<PathBuf>,
}

impl ModuleFiles {
    pub(crate) fn new(root: &Path, archive: Option<Archive>, data_dir: Option<&Path>) -> Self {
        let data_dir = data_dir.and_then(|folder| folder.canonicalize().ok());
        Self { root: root.to_owned(), archive, data_dir }
    }

    /// What there is at a path, wherever links lead within the folders of modules.
    pub fn kind(&self, path: &str) -> Option<ModuleFileKind> {
        if let Some(archive) = self.archive_of(path) {
            return archive.kind(path);
        }
        let about = self.resolve(path)?.metadata().ok()?;
        if about.is_dir() {
            Some(ModuleFileKind::Folder)
        } else {
            about.is_file().then_some(ModuleFileKind::File)
        }
    }

    /// The path itself, where no link is on the way, or the one that the links lead to.
    pub fn real_path(&self, path: &str) -> Option<String> {
        if let Some(archive) = self.archive_of(path) {
            return archive.kind(path).map(|_| path.to_owned());
        }
        let real = self.resolve(path)?;
        Some(real.strip_prefix(&self.root).ok()?.to_str()?.to_owned())
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// There is none, it is too large, or the system refuses.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, ModuleFileError> {
        if let Some(archive) = self.archive_of(path) {
            return archive.read(path).map(<[u8]>::to_vec).ok_or(ModuleFileError::Missing);
        }
        let file = self.resolve(path).ok_or(ModuleFileError::Missing)?;
        let extension = file.extension().and_then(|extension| extension.to_str());
        // Opening a pipe would wait forever.
        if !fs::metadata(&file)?.is_file()
            || !extension.is_some_and(|extension| EXTENSIONS.contains(&extension))
        {
            return Err(ModuleFileError::Missing);
        }
        let mut bytes = Vec::new();
        fs::File::open(&file)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > FILE_BYTES_MAX {
            return Err(ModuleFileError::TooLarge);
        }
        Ok(bytes)
    }

    /// The names of the files in a folder, in the order of bytes.
    pub fn list(&self, path: &str) -> Vec<String> {
        if let Some(archive) = self.archive_of(path) {
            return archive.list(path);
        }
        let Some(entries) = self.resolve(path).and_then(|folder| fs::read_dir(folder).ok()) else {
            return Vec::new();
        };
        let mut names: Vec<String> =
            entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort();
        names
    }

    fn archive_of(&self, path: &str) -> Option<&Archive> {
        let below = path.strip_prefix(PACKAGES)?;
        self.archive.as_ref().filter(|_| below.is_empty() || below.starts_with('/'))
    }

    /// The real path of something that can be required.
    fn resolve(&self, path: &str) -> Option<PathBuf> {
        let real = self.root.join(allowed(Path::new(path))?).canonicalize().ok()?;
        allowed(real.strip_prefix(&self.root).ok()?)?;
        let is_data = self.data_dir.as_ref().is_some_and(|folder| real.starts_with(folder));
        (!is_data).then_some(real)
    }
}

/// A path that lies below one of the roots, and not below a name that begins with a dot, unless
/// that is the store of a package manager.
fn allowed(path: &Path) -> Option<&Path> {
    let mut is_root = true;
    let mut in_packages = false;
    for component in path.components() {
        let Component::Normal(name) = component else { return None };
        let name = name.to_str()?;
        if is_root && !ROOTS.contains(&name) || name.starts_with('.') && !in_packages {
            return None;
        }
        is_root = false;
        in_packages |= name == "node_modules";
    }
    (!is_root).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_below_the_folders_of_modules_can_be_required() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let write = |path: &str| {
            let file = root.join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "1").unwrap();
        };
        let files = [
            "functions/node_modules/a/index.js",
            "functions/node_modules/.store/b/index.js",
            "functions/.hidden/secrets.json",
            "functions/data/secrets.json",
            "functions/notes.txt",
            "node_modules/c/index.js",
            "values/v.json",
            ".hookstead/secrets.json",
        ];
        files.iter().for_each(|file| write(file));
        let link = |target: &str, path: &str| {
            std::os::unix::fs::symlink(target, root.join(path)).unwrap();
        };
        link(".store/b", "functions/node_modules/b");
        link("../../values", "functions/node_modules/out");
        link("/etc", "functions/node_modules/etc");
        link("../data", "functions/node_modules/data");
        let modules = ModuleFiles::new(&root, None, Some(&root.join("functions/data")));
        let cases = [
            ("functions/node_modules/a/index.js", true),
            ("functions/node_modules/b/index.js", true),
            ("node_modules/c/index.js", true),
            ("functions/notes.txt", false),
            ("functions/.hidden/secrets.json", false),
            ("functions/data/secrets.json", false),
            ("functions/node_modules/data/secrets.json", false),
            ("functions/node_modules/out/v.json", false),
            ("functions/node_modules/etc/hostname", false),
            ("functions/../values/v.json", false),
            ("values/v.json", false),
            (".hookstead/secrets.json", false),
            ("/etc/hostname", false),
            ("", false),
        ];
        for (path, is_there) in cases {
            assert_eq!(modules.read(path).is_ok(), is_there, "{path}");
        }
        let real = modules.real_path("functions/node_modules/b/index.js");
        assert_eq!(real.as_deref(), Some("functions/node_modules/.store/b/index.js"));
        assert_eq!(modules.kind("functions/node_modules/a"), Some(ModuleFileKind::Folder));
        assert_eq!(modules.list("node_modules/c"), ["index.js"]);
    }

    #[test]
    fn a_file_that_is_too_large_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir(root.join("functions")).unwrap();
        let file = fs::File::create(root.join("functions/a.js")).unwrap();
        file.set_len(FILE_BYTES_MAX + 1).unwrap();
        let modules = ModuleFiles::new(&root, None, None);
        assert!(matches!(modules.read("functions/a.js"), Err(ModuleFileError::TooLarge)));
    }
}
