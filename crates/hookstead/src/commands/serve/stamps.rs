//! What tells a changed file from an unchanged one, without reading it.

use std::{
    collections::BTreeMap,
    fs::{self, Metadata},
    path::{Path, PathBuf},
};

use hookstead_app::secrets::files_of_secrets;

use crate::workspace::Workspace;

/// The state of the files that hold secrets and, if wanted, settings.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stamps(BTreeMap<PathBuf, Option<Stamp>>);

/// The state of one file; links are followed, as those of mounted secrets are replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    place: Vec<i128>,
    bytes: u64,
}

impl Stamps {
    pub(super) fn take(workspace: &Workspace, with_settings: bool) -> Self {
        let mut files = files_of_secrets(&workspace.data_dir);
        if with_settings {
            files.push(workspace.settings_file.clone());
        }
        Self(files.into_iter().map(|file| (file.clone(), Stamp::of(&file))).collect())
    }
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let about = fs::metadata(path).ok()?;
        Some(Self { place: place(&about), bytes: about.len() })
    }
}

#[cfg(unix)]
fn place(about: &Metadata) -> Vec<i128> {
    use std::os::unix::fs::MetadataExt as _;
    let time = |seconds: i64, nanoseconds: i64| {
        i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds)
    };
    vec![
        about.dev().into(),
        about.ino().into(),
        time(about.mtime(), about.mtime_nsec()),
        // Permissions count as well.
        time(about.ctime(), about.ctime_nsec()),
    ]
}

#[cfg(not(unix))]
fn place(about: &Metadata) -> Vec<i128> {
    let time = about.modified().ok();
    let time = time.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    vec![time.map_or(0, |time| time.as_nanos() as i128)]
}
