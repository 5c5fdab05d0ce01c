//! The directory of the users of an app, which an app that is read again has in common with the one
//! before.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use hookstead_identity::Directory;

/// How long nothing is removed after what is over was.
const SWEEP_PAUSE: Duration = Duration::from_hours(1);

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

    /// Removes what is over of users, at once and then every hour. Users may come with an app that
    /// is read again. Failures are given to `tell`.
    pub(crate) async fn sweep_forever(self, tell: impl Fn(&str)) {
        loop {
            if let Some(directory) = self.0.get()
                && let Err(error) = directory.sweep().await
            {
                let why = error.detail.unwrap_or(error.message);
                tell(&format!("users and sessions that are over cannot be removed: {why}"));
            }
            tokio::time::sleep(SWEEP_PAUSE).await;
        }
    }
}

impl fmt::Debug for SharedDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedDirectory").finish_non_exhaustive()
    }
}
