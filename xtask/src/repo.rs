//! The files of this repository.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};

/// The repository as it lies on disk.
pub(crate) struct Repo {
    root: PathBuf,
    files: BTreeSet<String>,
}

impl Repo {
    /// Finds the repository and lists every file that git tracks or would track.
    pub(crate) fn open() -> anyhow::Result<Self> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = here.parent().context("xtask lies in no repository")?.to_owned();
        let output = Command::new("git")
            .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
            .current_dir(&root)
            .output()
            .context("git cannot be run")?;
        ensure!(output.status.success(), "git ls-files: {}", text(&output.stderr));
        let files = text(&output.stdout)
            .split_terminator('\0')
            .filter(|file| root.join(file).is_file())
            .map(str::to_owned)
            .collect();
        Ok(Self { root, files })
    }

    /// The folder of the repository.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Every file, relative to the root.
    pub(crate) fn files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(String::as_str)
    }

    /// Every file whose name ends like this.
    pub(crate) fn files_with(&self, extension: &str) -> impl Iterator<Item = &str> {
        let ending = format!(".{extension}");
        self.files().filter(move |file| file.ends_with(&ending))
    }

    /// Whether there is such a file, or a folder with files.
    pub(crate) fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        let folder = format!("{path}/");
        self.files.contains(path) || self.files.iter().any(|file| file.starts_with(&folder))
    }

    /// The text of a file.
    pub(crate) fn read(&self, file: &str) -> anyhow::Result<String> {
        fs::read_to_string(self.root.join(file)).with_context(|| format!("cannot read {file}"))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
