//! The entries of a zip archive, as its central directory lists them.
//!
//! Written by hand: the crates that read this format bring cryptography and more. What is too old,
//! too large or encrypted is refused.

use std::io::Read;

use flate2::read::DeflateDecoder;

use super::ArchiveError;

/// What ends the central directory, and how long it is without its comment.
const END: &[u8] = b"PK\x05\x06";
const END_BYTES: usize = 22;
/// What begins an entry of the central directory, and how long it is without its texts.
const ENTRY: &[u8] = b"PK\x01\x02";
const ENTRY_BYTES: usize = 46;
/// The same for the entry before the data of a file.
const LOCAL: &[u8] = b"PK\x03\x04";
const LOCAL_BYTES: usize = 30;
/// A comment at the end is no longer than this.
const COMMENT_BYTES_MAX: usize = 0xffff;

const STORED: usize = 0;
const DEFLATED: usize = 8;
const FLAG_ENCRYPTED: usize = 1;

/// The kind of a file on Unix, in the upper half of an entry's attributes.
const TYPE_MASK: usize = 0o170_000;
const TYPE_FILE: usize = 0o100_000;
const TYPE_FOLDER: usize = 0o040_000;
const TYPE_LINK: usize = 0o120_000;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Folder,
    Link,
    Other,
}

/// An entry.
pub(super) struct Entry<'b> {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// How long it is by its own account, unpacked.
    pub(super) size: u64,
    method: usize,
    data: &'b [u8],
}

/// The entries of an archive.
pub(super) fn entries(
    bytes: &[u8],
) -> Result<impl Iterator<Item = Result<Entry<'_>, ArchiveError>>, ArchiveError> {
    let from = bytes.len().saturating_sub(END_BYTES + COMMENT_BYTES_MAX);
    let end = bytes[from..].windows(END.len()).rposition(|window| window == END);
    let end = part(bytes, from + end.ok_or_else(broken)?, END_BYTES)?;
    let (count, start) = (number(end, 10, 2)?, number(end, 16, 4)?);
    let mut at = start;
    Ok((0..count).map(move |_| {
        let head = part(bytes, at, ENTRY_BYTES)?;
        if !head.starts_with(ENTRY) {
            return Err(broken());
        }
        let (name, extra, comment) =
            (number(head, 28, 2)?, number(head, 30, 2)?, number(head, 32, 2)?);
        let name_bytes = part(bytes, at + ENTRY_BYTES, name)?;
        at += ENTRY_BYTES + name + extra + comment;
        entry(bytes, head, String::from_utf8_lossy(name_bytes).into_owned())
    }))
}

impl<'b> Entry<'b> {
    /// The bytes of the entry, unpacked.
    pub(super) fn reader(&self) -> Result<Box<dyn Read + 'b>, ArchiveError> {
        match self.method {
            STORED => Ok(Box::new(self.data)),
            DEFLATED => Ok(Box::new(DeflateDecoder::new(self.data))),
            _ => Err(ArchiveError::Broken(format!(
                "{:?} is packed in a way that is not supported",
                self.name
            ))),
        }
    }
}

fn entry<'b>(bytes: &'b [u8], head: &[u8], name: String) -> Result<Entry<'b>, ArchiveError> {
    if number(head, 8, 2)? & FLAG_ENCRYPTED != 0 {
        return Err(ArchiveError::Broken(format!("{name:?} is encrypted")));
    }
    let (packed, size, at) = (number(head, 20, 4)?, number(head, 24, 4)?, number(head, 42, 4)?);
    let local = part(bytes, at, LOCAL_BYTES)?;
    if !local.starts_with(LOCAL) {
        return Err(broken());
    }
    // The local entry has its own texts, of its own lengths.
    let texts = number(local, 26, 2)? + number(local, 28, 2)?;
    let data = part(bytes, at + LOCAL_BYTES + texts, packed)?;
    let kind = match number(head, 38, 4)? >> 16 & TYPE_MASK {
        _ if name.ends_with('/') => Kind::Folder,
        // Other systems than Unix say nothing here.
        0 | TYPE_FILE => Kind::File,
        TYPE_FOLDER => Kind::Folder,
        TYPE_LINK => Kind::Link,
        _ => Kind::Other,
    };
    Ok(Entry { name, kind, size: size as u64, method: number(head, 10, 2)?, data })
}

fn part(bytes: &[u8], at: usize, length: usize) -> Result<&[u8], ArchiveError> {
    let end = at.checked_add(length).ok_or_else(broken)?;
    bytes.get(at..end).ok_or_else(broken)
}

/// A number of some bytes, the lowest first.
fn number(bytes: &[u8], at: usize, length: usize) -> Result<usize, ArchiveError> {
    let bytes = part(bytes, at, length)?;
    Ok(bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte)))
}

fn broken() -> ArchiveError {
    ArchiveError::Broken("its list of files is damaged".to_owned())
}
