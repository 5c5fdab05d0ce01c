//! The files of modules, wherever they come from.

/// What there is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A file.
    File,
    /// A folder.
    Folder,
}

/// The files that functions can require. Paths are relative to the folder of the app, with `/`
/// between their parts.
pub trait ModuleFiles: Send + Sync {
    /// What there is at a path.
    fn kind(&self, path: &str) -> Option<FileKind>;

    /// Where the links on the way to something lead to.
    fn real_path(&self, path: &str) -> Option<String>;

    /// The bytes of a file.
    ///
    /// # Errors
    /// What is wrong with it, a sentence without a full stop.
    fn read(&self, path: &str) -> Result<Vec<u8>, String>;

    /// The names of the files in a folder, sorted.
    fn list(&self, path: &str) -> Vec<String>;
}

/// No files at all.
pub(super) struct NoFiles;

impl ModuleFiles for NoFiles {
    fn kind(&self, _: &str) -> Option<FileKind> {
        None
    }

    fn real_path(&self, _: &str) -> Option<String> {
        None
    }

    fn read(&self, _: &str) -> Result<Vec<u8>, String> {
        Err("there is no such file".to_owned())
    }

    fn list(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}
