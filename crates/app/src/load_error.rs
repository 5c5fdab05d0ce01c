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
        "{} holds no exported app: there is no .mdb/meta.json, root_config.json, \
         realm_config.json, config.json with a config_version, or stitch.json in it or the \
         8 folders above, and no functions, endpoints or services in it{}",
        dir.display(), named(below)
    )]
    NotAnApp {
        /// The folder.
        dir: PathBuf,
        /// Folders in it that hold one.
        below: Vec<PathBuf>,
    },
}

/// The remedy where an app lies further down.
fn named(below: &[PathBuf]) -> String {
    if below.is_empty() {
        return String::new();
    }
    let dirs: Vec<_> = below.iter().map(|dir| dir.display().to_string()).collect();
    let one = if below.len() == 1 { "the folder that holds one" } else { "one that holds an app" };
    format!("\n  → name {one}: {}", dirs.join(", "))
}
