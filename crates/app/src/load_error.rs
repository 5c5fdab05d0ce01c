//! Why a folder cannot be read as an app at all.

use std::{io, path::PathBuf};

use thiserror::Error;

/// Why a folder cannot be read as an app at all.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The folder is not there, or is not ours to read.
    #[error("the folder {} cannot be read", dir.display())]
    Unreadable {
        /// The folder.
        dir: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Nothing in the folder or above it looks like an export.
    #[error(
        "{} holds no exported app: there is no root_config.json, realm_config.json, stitch.json, \
         .mdb/meta.json or config.json with a config_version in it or the 8 folders above, and \
         no functions, endpoints or services in it\n  → {}",
        dir.display(), remedy(below)
    )]
    NotAnApp {
        /// The folder.
        dir: PathBuf,
        /// Folders in it that hold one.
        below: Vec<PathBuf>,
    },
}

/// What to do; an app may lie further down.
fn remedy(below: &[PathBuf]) -> String {
    if below.is_empty() {
        return "go to the folder of the export, or name it: for serve and check behind the \
                command, else with --app"
            .to_owned();
    }
    let dirs: Vec<_> = below.iter().map(|dir| dir.display().to_string()).collect();
    let one = if below.len() == 1 { "the folder that holds one" } else { "one that holds an app" };
    format!("name {one}: {}", dirs.join(", "))
}
