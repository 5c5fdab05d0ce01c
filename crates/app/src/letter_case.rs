//! Files whose names differ from those that are read in letter case only.
//!
//! The file systems of macOS and Windows find them all the same, those of Linux do not.

use crate::{
    ProblemCode,
    folder::{EntryKind, Folder, join},
    layout::ROOT_FILES,
    reader::Reader,
    report::Spot,
};

/// Files that are read where an export has them, beside those of the root.
const FILES: [&str; 5] = [
    "auth/custom_user_data.json",
    "auth/providers.json",
    "functions/config.json",
    "http_endpoints/config.json",
    "https_endpoints/config.json",
];

/// Tells of files that would be read if their names were spelt as the layouts spell them.
pub(crate) fn check(reader: &mut Reader) {
    let mut told = Vec::new();
    for wanted in ROOT_FILES.into_iter().chain(FILES) {
        let Some(found) = near(&reader.folder, wanted).filter(|found| !told.contains(found)) else {
            continue;
        };
        reader.report.error(
            ProblemCode::FileLetterCase,
            Spot::file(&found),
            format!("the file is not read: `{wanted}` is spelt with other letters"),
            &rename(&found, wanted),
        );
        told.push(found);
    }
}

/// What to do about a file whose name is nearly right.
pub(crate) fn rename(found: &str, wanted: &str) -> String {
    format!("rename `{found}` to `{wanted}`")
}

/// The file whose path differs from a wanted one, which is not there, in letter case only.
pub(crate) fn near(folder: &Folder, wanted: &str) -> Option<String> {
    if folder.has(wanted) {
        return None;
    }
    let mut found = String::new();
    let mut parts = wanted.split('/').peekable();
    while let Some(part) = parts.next() {
        let is_file = parts.peek().is_none();
        let listing = folder.list(&found).ok()?;
        let fits = |name: &str, kind| {
            name.to_lowercase() == part.to_lowercase() && (kind == EntryKind::File) == is_file
        };
        let mut entries = listing.entries.iter().filter(|entry| fits(&entry.name, entry.kind));
        let entry = entries
            .find(|entry| entry.name == part)
            .or_else(|| listing.entries.iter().find(|entry| fits(&entry.name, entry.kind)))?;
        found = join(&found, &entry.name);
    }
    Some(found)
}
