//! An archive of npm packages, as exports carry them (docs/behaviour/export.md#dependencies).
//!
//! It is unpacked into memory, and only as far as it holds modules: nothing of it is ever written,
//! so no path and no link in it can lead anywhere.

use std::{
    cell::Cell,
    collections::BTreeMap,
    fs::File,
    io::{self, BufReader, Read},
    ops::Bound,
    path::Path,
    rc::Rc,
};

use flate2::read::MultiGzDecoder;
use thiserror::Error;

use crate::{
    io_words,
    module_files::{ModuleFileKind, PACKAGES},
};

mod zip;

/// Files that modules are made of. Whatever else packages hold takes no memory.
const EXTENSIONS: [&str; 5] = ["js", "cjs", "mjs", "json", "node"];
/// The folder that an archive holds.
const FOLDER: &str = "node_modules";
/// No path of a package is longer, in bytes.
const PATH_BYTES_MAX: usize = 1024;
/// How much of a longer one is shown.
const PATH_SHOWN_BYTES: usize = 100;
/// What leads an entry of a tar archive in is no longer than this: its path, and what else is said
/// of it. It is held in memory.
const ENTRY_HEAD_BYTES_MAX: u64 = 64 << 10;
/// No path of a package has more parts.
const PATH_PARTS_MAX: usize = 64;

/// What an archive may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveLimits {
    /// Bytes of the archive itself.
    pub bytes_max: u64,
    /// Bytes of everything in it, unpacked.
    pub unpacked_bytes_max: u64,
    /// Files, folders and links in it.
    pub entries_max: usize,
}

impl Default for ArchiveLimits {
    fn default() -> Self {
        Self { bytes_max: 64 << 20, unpacked_bytes_max: 512 << 20, entries_max: 100_000 }
    }
}

/// Why the packages in an archive cannot be used.
#[derive(Debug, Error)]
pub(crate) enum ArchiveError {
    #[error("it cannot be read: {}", io_words(.0))]
    Io(#[from] io::Error),
    #[error("it is not a regular file")]
    NotRegular,
    #[error("it is no archive of its kind: {0}")]
    Broken(String),
    #[error("it is larger than {} MiB ([packages] archive_mib)", .0 >> 20)]
    TooLarge(u64),
    #[error("it unpacks to more than {} MiB ([packages] unpacked_mib)", .0 >> 20)]
    UnpacksTooLarge(u64),
    #[error("it holds more than {0} entries ([packages] archive_entries_max)")]
    TooMany(usize),
    #[error("the path {0:?} in it leads out of the folder of packages")]
    Path(String),
    #[error("the path {0:?} in it is too long")]
    LongPath(String),
    #[error("the link {0:?} in it leads out of the folder of packages")]
    Link(String),
    #[error("{0:?} in it is neither a file nor a folder nor a link")]
    Device(String),
}

/// The packages in an archive.
#[derive(Default)]
pub(crate) struct Archive {
    /// By their paths in the app.
    files: BTreeMap<String, Box<[u8]>>,
}

impl Archive {
    /// Reads an archive whose name tells its kind.
    pub(crate) fn open(file: &Path, limits: &ArchiveLimits) -> Result<Self, ArchiveError> {
        // A link might lead to another file of this machine.
        let about = file.symlink_metadata()?;
        if !about.is_file() {
            return Err(ArchiveError::NotRegular);
        }
        if about.len() > limits.bytes_max {
            return Err(ArchiveError::TooLarge(limits.bytes_max));
        }
        let reader = BufReader::new(File::open(file)?.take(limits.bytes_max));
        let name = file.to_string_lossy();
        let mut unpacking = Unpacking::new(limits);
        if name.ends_with(".zip") {
            unpacking.zip(reader)?;
        } else if name.ends_with(".tar") {
            unpacking.tar(reader)?;
        } else {
            unpacking.tar(MultiGzDecoder::new(reader))?;
        }
        Ok(unpacking.archive)
    }

    pub(crate) fn kind(&self, path: &str) -> Option<ModuleFileKind> {
        let path = path.trim_end_matches('/');
        if self.files.contains_key(path) {
            Some(ModuleFileKind::File)
        } else {
            let is_folder = path == PACKAGES || self.below(&format!("{path}/")).next().is_some();
            is_folder.then_some(ModuleFileKind::Folder)
        }
    }

    pub(crate) fn read(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(|bytes| &**bytes)
    }

    pub(crate) fn list(&self, path: &str) -> Vec<String> {
        let folder = format!("{}/", path.trim_end_matches('/'));
        let names = self.below(&folder);
        names.filter(|name| !name.contains('/')).map(str::to_owned).collect()
    }

    /// The paths of all files below a folder, from there on.
    fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        let files = self.files.range::<str, _>((Bound::Included(folder), Bound::Unbounded));
        files.map_while(move |(path, _)| path.strip_prefix(folder))
    }
}

/// What kind of entry it is.
enum Kind {
    File,
    Folder,
    /// With where it leads to, from the folder that it is in, or from the root of the archive.
    Link(String, bool),
    Other,
}

/// An archive that is being read.
struct Unpacking<'l> {
    limits: &'l ArchiveLimits,
    entries: usize,
    bytes_left: u64,
    archive: Archive,
}

impl<'l> Unpacking<'l> {
    fn new(limits: &'l ArchiveLimits) -> Self {
        let archive = Archive::default();
        Self { limits, entries: 0, bytes_left: limits.unpacked_bytes_max, archive }
    }

    fn tar(&mut self, reader: impl Read) -> Result<(), ArchiveError> {
        // What is skipped is unpacked as well, and what leads a file in takes a little of it.
        let bytes_max = self.limits.unpacked_bytes_max.saturating_mul(2).saturating_add(1 << 20);
        let left = Rc::new(Cell::new(ENTRY_HEAD_BYTES_MAX));
        let metered = Metered { reader: reader.take(bytes_max), left: Rc::clone(&left) };
        let mut archive = tar::Archive::new(metered);
        for entry in archive.entries().map_err(broken)? {
            let mut entry = entry.map_err(broken)?;
            left.set(u64::MAX);
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let target = entry.link_name_bytes();
            let target = target.map(|name| String::from_utf8_lossy(&name).into_owned());
            let kind = match entry.header().entry_type() {
                tar::EntryType::Directory => Some(Kind::Folder),
                tar::EntryType::Symlink => Some(Kind::Link(target.unwrap_or_default(), false)),
                tar::EntryType::Link => Some(Kind::Link(target.unwrap_or_default(), true)),
                one if one.is_file() => Some(Kind::File),
                tar::EntryType::XGlobalHeader => None,
                _ => Some(Kind::Other),
            };
            if let Some(kind) = kind {
                self.add(&name, kind, entry.size(), &mut entry)?;
            }
            io::copy(&mut entry, &mut io::sink()).map_err(broken)?;
            left.set(ENTRY_HEAD_BYTES_MAX);
        }
        Ok(())
    }

    fn zip(&mut self, mut reader: impl Read) -> Result<(), ArchiveError> {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes)?;
        for entry in zip::entries(&bytes)? {
            let entry = entry?;
            let mut reader = entry.reader()?;
            let kind = match entry.kind {
                zip::Kind::Folder => Kind::Folder,
                zip::Kind::File => Kind::File,
                zip::Kind::Other => Kind::Other,
                zip::Kind::Link => {
                    let mut target = String::new();
                    let mut link = reader.by_ref().take(PATH_BYTES_MAX as u64);
                    link.read_to_string(&mut target).map_err(broken)?;
                    Kind::Link(target, false)
                }
            };
            self.add(&entry.name, kind, entry.size, &mut reader)?;
        }
        Ok(())
    }

    fn add(
        &mut self,
        name: &str,
        kind: Kind,
        size: u64,
        reader: &mut impl Read,
    ) -> Result<(), ArchiveError> {
        self.entries += 1;
        if self.entries > self.limits.entries_max {
            return Err(ArchiveError::TooMany(self.limits.entries_max));
        }
        let long = || {
            ArchiveError::LongPath(name[..name.floor_char_boundary(PATH_SHOWN_BYTES)].to_owned())
        };
        if name.len() > PATH_BYTES_MAX {
            return Err(long());
        }
        let path = within(&[], name).ok_or_else(|| ArchiveError::Path(name.to_owned()))?;
        if path.len() > PATH_PARTS_MAX {
            return Err(long());
        }
        match kind {
            Kind::Other => return Err(ArchiveError::Device(name.to_owned())),
            // Links of the folder `.bin` are all that npm makes, and they lead to programs.
            Kind::Link(target, is_from_root) => {
                let folder = if is_from_root { &[][..] } else { &path[..path.len().max(1) - 1] };
                let target = within(folder, &target);
                let is_inside = target.is_some_and(|path| path.first() == Some(&FOLDER.to_owned()));
                return if is_inside { Ok(()) } else { Err(ArchiveError::Link(name.to_owned())) };
            }
            Kind::File | Kind::Folder => {}
        }
        if path.first().is_none_or(|first| first != FOLDER) {
            return Ok(());
        }
        if matches!(kind, Kind::File) { self.keep(&path, size, reader) } else { Ok(()) }
    }

    fn keep(
        &mut self,
        path: &[String],
        size: u64,
        reader: &mut impl Read,
    ) -> Result<(), ArchiveError> {
        let too_large = ArchiveError::UnpacksTooLarge(self.limits.unpacked_bytes_max);
        let extension = path.last().and_then(|name| Some(name.rsplit_once('.')?.1));
        if !extension.is_some_and(|extension| EXTENSIONS.contains(&extension)) {
            // What it says of its size need not be true: a reader that skips it is limited itself.
            self.bytes_left = self.bytes_left.checked_sub(size).ok_or(too_large)?;
            return Ok(());
        }
        let mut bytes = Vec::new();
        reader.take(self.bytes_left + 1).read_to_end(&mut bytes).map_err(broken)?;
        self.bytes_left = self.bytes_left.checked_sub(bytes.len() as u64).ok_or(too_large)?;
        self.archive.files.insert(in_app(path), bytes.into());
        Ok(())
    }
}

/// A reader that gives no more than so many bytes, which may be set anew.
struct Metered<R> {
    reader: R,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left.get();
        if left == 0 {
            return Err(io::Error::other("what leads an entry in is too long"));
        }
        let end = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let count = self.reader.read(&mut buffer[..end])?;
        self.left.set(left - count as u64);
        Ok(count)
    }
}

fn in_app(path: &[String]) -> String {
    format!("functions/{}", path.join("/"))
}

/// The parts of a path from a folder on; `None` where it leads out of the archive.
fn within(folder: &[String], path: &str) -> Option<Vec<String>> {
    if path.starts_with(['/', '\\']) || path.contains(['\\', '\0', ':']) {
        return None;
    }
    let mut parts = folder.to_vec();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part.to_owned()),
        }
    }
    Some(parts)
}

fn broken(error: io::Error) -> ArchiveError {
    ArchiveError::Broken(error.to_string())
}

#[cfg(test)]
mod tests;
