//! The secrets file: only its owner may read it, and it is whole at every moment.

use std::{
    collections::BTreeMap,
    fs, io,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process,
};

use super::SecretError;
use crate::Secret;

/// The name of the file in the data directory.
pub(super) const FILE_NAME: &str = "secrets.toml";

/// A larger file is not one that `hookstead secrets set` has written.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

const HEADER: &str = "# The secrets of this app. Written by `hookstead secrets set`.\n";

/// Reads the file; nothing where there is none.
pub(super) fn read(data_dir: &Path) -> Result<BTreeMap<String, Secret>, SecretError> {
    let path = data_dir.join(FILE_NAME);
    let failed = |source| SecretError::Io { path: path.clone(), action: "read", source };
    match path.metadata() {
        Ok(about) if about.is_file() => {}
        // Opening a pipe would wait forever.
        Ok(_) => return Err(failed(io::Error::other("it is no file"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return match path.symlink_metadata() {
                Ok(_) => Err(failed(io::Error::other("it is a link that leads nowhere"))),
                Err(_) => Ok(BTreeMap::new()),
            };
        }
        Err(error) => return Err(failed(error)),
    }
    let file = fs::File::open(&path).map_err(failed)?;
    // The open file is asked, not its path, so that both are about the same file.
    if is_exposed(&file.metadata().map_err(failed)?) {
        return Err(SecretError::Exposed { path });
    }
    let text = io::read_to_string(file.take(FILE_BYTES_MAX + 1)).map_err(failed)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(failed(io::ErrorKind::FileTooLarge.into()));
    }
    let table: BTreeMap<String, String> = toml::from_str(&text).map_err(|error| {
        // The message of the parser would quote the line, and with it a secret.
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map_or(0, |before| before.matches('\n').count() + 1);
        SecretError::Syntax { path: path.clone(), line }
    })?;
    Ok(table.into_iter().map(|(name, value)| (name, Secret::new(value))).collect())
}

/// Writes the file beside itself first, so that a reader sees the old one or the new one.
pub(super) fn write(
    data_dir: &Path,
    secrets: &BTreeMap<String, Secret>,
) -> Result<(), SecretError> {
    let path = data_dir.join(FILE_NAME);
    let draft = data_dir.join(format!(".{FILE_NAME}.{}", process::id()));
    let table: BTreeMap<&str, &str> =
        secrets.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
    let written = toml::to_string(&table).map_err(io::Error::other).and_then(|text| {
        if !data_dir.is_dir() {
            create_dir(data_dir)?;
        }
        remove_if_there(&draft)?;
        let mut file = create(&draft)?;
        file.write_all(HEADER.as_bytes())?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, &path)
    });
    written.map_err(|source| {
        // The draft may not exist; what went wrong first is what counts.
        let _ = fs::remove_file(&draft);
        SecretError::Io { path: path.clone(), action: "written", source }
    })
}

/// Removes the draft of a process that had the same id and died.
fn remove_if_there(path: &PathBuf) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn is_exposed(about: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    about.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn is_exposed(_about: &fs::Metadata) -> bool {
    false
}

#[cfg(unix)]
fn create_dir(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn create_dir(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

#[cfg(unix)]
fn create(path: &Path) -> io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn create(path: &Path) -> io::Result<fs::File> {
    fs::OpenOptions::new().write(true).create_new(true).open(path)
}
