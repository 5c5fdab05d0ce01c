//! The folder of the app under observation, wherever the links on the way to it lead.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use anyhow::Context as _;
use hookstead_app::{find_root, is_leftover};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

/// Watches the root of an app, and the next one when a link leads elsewhere.
pub(super) struct FolderWatch {
    watcher: RecommendedWatcher,
    /// The folder as it was named.
    named: PathBuf,
    /// What is watched; `None` while there is nothing.
    watched: Option<Folder>,
}

/// A folder itself, whatever it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Folder {
    root: PathBuf,
    number: u64,
    /// Numbers are given again to new folders.
    created: Option<SystemTime>,
}

impl Folder {
    /// Where a named folder leads now.
    fn of(named: &Path) -> Option<Self> {
        let root = find_root(named).ok()?;
        let about = fs::metadata(&root).ok()?;
        #[cfg(unix)]
        let number = std::os::unix::fs::MetadataExt::ino(&about);
        #[cfg(not(unix))]
        let number = 0;
        Some(Self { root, number, created: about.created().ok() })
    }
}

impl FolderWatch {
    /// Prepares to watch the app in a named folder; [`FolderWatch::follow`] begins.
    pub(super) fn new(
        named: &Path,
        tell: impl FnMut(notify::Result<Event>) + Send + 'static,
    ) -> anyhow::Result<Self> {
        let watcher = notify::recommended_watcher(tell).context("files cannot be watched")?;
        Ok(Self { watcher, named: named.to_owned(), watched: None })
    }

    /// Watches what the name leads to now.
    pub(super) fn follow(&mut self) {
        let now = Folder::of(&self.named);
        if now == self.watched {
            return;
        }
        if let Some(before) = self.watched.take() {
            // The system has forgotten a folder that is gone.
            let _ = self.watcher.unwatch(&before.root);
        }
        let Some(folder) = now else { return };
        match self.watcher.watch(&folder.root, RecursiveMode::Recursive) {
            Ok(()) => self.watched = Some(folder),
            Err(error) => crate::terminal::error(&format!(
                "{} cannot be watched: {error}",
                folder.root.display()
            )),
        }
    }

    /// Whether the name leads elsewhere than what is watched.
    pub(super) fn has_moved(&self) -> bool {
        Folder::of(&self.named) != self.watched
    }

    /// The folder that is watched.
    pub(super) fn root(&self) -> &Path {
        self.watched.as_ref().map_or(&self.named, |folder| &folder.root)
    }
}

/// Whether an event is about the app in a folder: not about what is only read, nor about our data.
pub(super) fn concerns_files(event: &notify::Result<Event>, root: &Path, data_dir: &Path) -> bool {
    let Ok(event) = event else { return true };
    // Events were lost: anything may have changed.
    if event.need_rescan() {
        return true;
    }
    let is_change = !matches!(event.kind, EventKind::Access(_) | EventKind::Other);
    is_change && event.paths.iter().any(|path| is_of_app(path, root, data_dir))
}

fn is_of_app(path: &Path, root: &Path, data_dir: &Path) -> bool {
    // Where the app itself lies does not matter.
    let inside = path.strip_prefix(root).unwrap_or(path);
    let hidden = |part: &str| inside.iter().any(|one| one == part);
    let is_ours = path.starts_with(data_dir) || hidden(".hookstead");
    !is_ours && !hidden(".git") && !inside.iter().any(is_leftover)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_part_of_the_app_loads_nothing_anew() {
        let (root, data_dir) = (Path::new("/apps/shop"), Path::new("/apps/shop/kept"));
        for (path, expected) in [
            ("functions/a.js", true),
            ("root_config.json", true),
            ("kept/documents.sqlite3", false),
            (".hookstead/secrets.toml", false),
            (".git/index", false),
            (".DS_Store", false),
            ("functions/.DS_Store", false),
            ("functions/._a.js", false),
            ("__MACOSX/functions/a.js", false),
        ] {
            assert_eq!(is_of_app(&root.join(path), root, data_dir), expected, "{path}");
        }
    }
}
