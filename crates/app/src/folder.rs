//! The folder of an app: every read stays inside it and within limits.

use std::{
    ffi::OsStr,
    fs, io,
    io::Read as _,
    path::{Path, PathBuf},
};

use thiserror::Error;

use crate::io_words;

/// Larger files are not read: no configuration or source comes near it.
pub(crate) const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// What to do about a file that this user may not read.
const LET_READ: &str = "let this user read it, or run the program as the owner of the file; do not \
    run the server as root";

/// Why a file that is there cannot be read.
#[derive(Debug, Error)]
pub(crate) enum ReadError {
    #[error("it is a link that leads out of the folder of the app, or nowhere")]
    Outside,
    #[error("it is larger than {} MiB", FILE_BYTES_MAX / 1024 / 1024)]
    TooLarge,
    #[error("it is not UTF-8 text")]
    NotUtf8,
    #[error("it is not a regular file")]
    NotRegular,
    #[error("it cannot be read: {}", io_words(.0))]
    Io(#[from] io::Error),
}

impl ReadError {
    /// What to do about it.
    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            Self::Outside => "put the file or folder itself in its place",
            Self::TooLarge => "keep a smaller file there: no function or configuration needs more",
            Self::NotUtf8 => "save it as UTF-8",
            Self::NotRegular => "put a plain file in its place",
            Self::Io(error) if error.kind() == io::ErrorKind::PermissionDenied => LET_READ,
            Self::Io(_) => "make it readable, or copy it from the export again",
        }
    }
}

/// Something in a folder.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) kind: EntryKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryKind {
    File,
    Folder,
    /// Links to folders are not followed while walking: they may lead in circles.
    LinkedFolder,
}

/// The folder of an app.
pub(crate) struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(crate) fn open(root: &Path) -> io::Result<Self> {
        Ok(Self { root: root.canonicalize()? })
    }

    /// Where the folder is.
    pub(crate) fn path(&self) -> &Path {
        &self.root
    }

    /// The text of a file, without a byte order mark; `None` where there is no such file.
    pub(crate) fn read(&self, path: &str) -> Result<Option<String>, ReadError> {
        let Some(found) = self.resolve(path)? else { return Ok(None) };
        let about = fs::metadata(&found)?;
        // Opening a pipe would wait forever.
        if !about.is_file() {
            return Err(ReadError::NotRegular);
        }
        let mut bytes = Vec::new();
        fs::File::open(&found)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > FILE_BYTES_MAX {
            return Err(ReadError::TooLarge);
        }
        let text = String::from_utf8(bytes).map_err(|_| ReadError::NotUtf8)?;
        Ok(Some(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)))
    }

    /// What a folder holds, by name, and the names that cannot be used, with the reason. What
    /// macOS left behind counts as absent.
    /// Nothing where there is no such folder.
    pub(crate) fn list(&self, path: &str) -> Result<Listing, ReadError> {
        let mut listing = Listing::default();
        let Some(found) = self.resolve(path)? else { return Ok(listing) };
        if !found.is_dir() {
            return Ok(listing);
        }
        for entry in fs::read_dir(found)? {
            let entry = entry?;
            if is_leftover(&entry.file_name()) {
                continue;
            }
            let Ok(name) = entry.file_name().into_string() else {
                let name = entry.file_name().to_string_lossy().into_owned();
                listing.unusable.push((name, ReadError::NotUtf8));
                continue;
            };
            match self.kind(&join(path, &name), entry.file_type()?) {
                Ok(kind) => listing.entries.push(Entry { name, kind }),
                Err(error) => listing.unusable.push((name, error)),
            }
        }
        listing.entries.sort_by(|a, b| a.name.cmp(&b.name));
        listing.unusable.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(listing)
    }

    /// Whether there is anything of this name.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.root.join(path).symlink_metadata().is_ok()
    }

    fn kind(&self, path: &str, file_type: fs::FileType) -> Result<EntryKind, ReadError> {
        if file_type.is_dir() {
            return Ok(EntryKind::Folder);
        }
        if file_type.is_file() {
            return Ok(EntryKind::File);
        }
        if !file_type.is_symlink() {
            return Err(ReadError::NotRegular);
        }
        match self.resolve(path)? {
            Some(target) if target.is_dir() => Ok(EntryKind::LinkedFolder),
            Some(target) if target.is_file() => Ok(EntryKind::File),
            _ => Err(ReadError::NotRegular),
        }
    }

    /// The real path of something inside the folder; `None` where there is nothing.
    fn resolve(&self, path: &str) -> Result<Option<PathBuf>, ReadError> {
        let wanted = self.root.join(path);
        match wanted.symlink_metadata() {
            Ok(_) => {}
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        match wanted.canonicalize() {
            Ok(real) if real.starts_with(&self.root) => Ok(Some(real)),
            Ok(_) => Err(ReadError::Outside),
            Err(error) if is_absent(&error) => Err(ReadError::Outside),
            Err(error) => Err(error.into()),
        }
    }
}

/// What a folder holds.
#[derive(Default)]
pub(crate) struct Listing {
    pub(crate) entries: Vec<Entry>,
    pub(crate) unusable: Vec<(String, ReadError)>,
}

/// Whether macOS left a file or folder of this name in a folder or an archive. No export has any.
pub fn is_leftover(name: &OsStr) -> bool {
    matches!(name.to_str(), Some(".DS_Store" | "__MACOSX"))
        || name.as_encoded_bytes().starts_with(b"._")
}

/// Joins two relative paths; `path` may be empty.
pub(crate) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
