//! What tells a changed file from an unchanged one, without reading it.

use std::{
    fs::{self, Metadata},
    path::Path,
};

use hookstead_app::secrets::files_of_secrets;

use crate::workspace::Workspace;

/// The state of the files that hold secrets and, if wanted, settings, always in the same order.
/// Their paths do not count: the folder of the data has another spelling once it is resolved.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stamps(Vec<Option<Stamp>>);

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
        Self(files.iter().map(|file| Stamp::of(file)).collect())
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

#[cfg(test)]
mod tests {
    use std::path::absolute;

    use super::*;
    use crate::workspace::PlaceFlags;

    #[test]
    fn another_spelling_of_a_path_is_no_change() {
        let relative = PlaceFlags::default().open(Path::new("."), Vec::new()).unwrap();
        let mut resolved = relative.clone();
        resolved.data_dir = absolute(&relative.data_dir).unwrap();
        resolved.settings_file = absolute(&relative.settings_file).unwrap();
        assert_ne!(relative.data_dir, resolved.data_dir);
        assert_eq!(Stamps::take(&relative, true), Stamps::take(&resolved, true));
    }
}
