//! The directory of the users of an app, which an app that is read again has in common with the one
//! before.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use hookstead_identity::Directory;

/// The directory of the users, which is opened once and lasts as long as the program.
#[derive(Clone, Default)]
pub(crate) struct SharedDirectory(Arc<OnceLock<Arc<Directory>>>);

impl SharedDirectory {
    /// The directory, which the first who asks for it opens.
    pub(crate) fn get_or_open(
        &self,
        open: impl FnOnce() -> anyhow::Result<Directory>,
    ) -> anyhow::Result<Arc<Directory>> {
        if let Some(directory) = self.0.get() {
            return Ok(Arc::clone(directory));
        }
        let opened = Arc::new(open()?);
        Ok(Arc::clone(self.0.get_or_init(|| opened)))
    }
}

impl fmt::Debug for SharedDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedDirectory").finish_non_exhaustive()
    }
}
