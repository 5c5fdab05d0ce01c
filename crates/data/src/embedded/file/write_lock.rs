//! Whose turn it is to write, when several processes have the same file open.
//!
//! SQLite knows no queue: a process that commits one transaction after the other can keep another
//! one from ever getting the lock. So who wants to write waits for the turn first and keeps it
//! until the lock is had; who has just written then stands behind.

use std::{
    fs::{File, OpenOptions},
    io,
    path::Path,
};

/// The turn of one file of documents.
#[derive(Debug)]
pub(crate) struct Turn {
    file: File,
}

/// The turn is ours until this is dropped.
#[derive(Debug)]
pub(crate) struct MyTurn<'a> {
    file: &'a File,
}

impl Turn {
    /// The lock file beside a file of documents. Never the file itself: SQLite's own locks on it
    /// would be gone with the first of our handles that is closed.
    pub(crate) fn beside(path: &Path) -> io::Result<Self> {
        let path = path.with_extension("lock");
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        private(&mut options);
        Ok(Self { file: options.open(path)? })
    }

    /// Waits until it is ours. Without locks in the file system, fairness is left to chance.
    pub(crate) fn take(&self) -> MyTurn<'_> {
        let _ = self.file.lock();
        MyTurn { file: &self.file }
    }
}

impl Drop for MyTurn<'_> {
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

/// Files that are created are for the owner alone.
pub(crate) fn private(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
}
