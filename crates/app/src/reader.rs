//! Reads files of the app and notes what is wrong with them.

use std::sync::Arc;

use crate::{
    Environment, Lines, ProblemCode,
    folder::{Entry, EntryKind, Folder, Listing, join},
    json_file::JsonFile,
    letter_case::{near, rename},
    report::{Report, Spot},
};

/// A file is there and cannot be used; the problem has been reported.
pub(crate) struct Unusable;

/// The folders in a folder.
#[derive(Default)]
pub(crate) struct Folders {
    /// Those that can be read.
    pub(crate) folders: Vec<String>,
    /// Names of those that cannot, and of whatever else cannot.
    pub(crate) lost: Vec<String>,
    /// Whether these are all names that there are.
    pub(crate) is_whole: bool,
}

/// How many names are looked for that are nearly right: each look goes through a folder.
const LOOKS_MAX: usize = 100;

/// The folder, the environment that fills templates, and the problems found so far.
pub(crate) struct Reader {
    pub(crate) folder: Folder,
    pub(crate) environment: Environment,
    pub(crate) report: Report,
    pub(crate) lines: Lines,
    looks: usize,
}

impl Reader {
    pub(crate) fn new(folder: Folder) -> Self {
        let (environment, report) = (Environment::default(), Report::default());
        Self { folder, environment, report, lines: Lines::default(), looks: 0 }
    }

    /// Whether one more name that is nearly right may be looked for.
    pub(crate) fn may_look(&mut self) -> bool {
        self.looks += 1;
        self.looks <= LOOKS_MAX
    }

    /// What to do about a file that is not there: to rename the one whose name differs in letter
    /// case only, where there is one.
    pub(crate) fn remedy_of_missing(&mut self, wanted: &str, otherwise: &str) -> String {
        let found = self.may_look().then(|| near(&self.folder, wanted)).flatten();
        found.map_or_else(|| otherwise.to_owned(), |found| rename(&found, wanted))
    }

    /// The text of a file; `None` where there is none.
    pub(crate) fn text(&mut self, path: &str) -> Result<Option<String>, Unusable> {
        self.folder.read(path).map_err(|error| {
            self.report.error(
                ProblemCode::FileUnusable,
                Spot::file(path),
                format!("the file is ignored: {error}"),
                error.remedy(),
            );
            Unusable
        })
    }

    /// A JSON file with its templates replaced; `None` where there is none.
    pub(crate) fn json(&mut self, path: &str) -> Result<Option<JsonFile>, Unusable> {
        let file = self.json_unexpanded(path)?;
        Ok(file.map(|mut file| {
            file.expand(&self.environment, &mut self.report);
            file
        }))
    }

    /// A JSON file as it is.
    pub(crate) fn json_unexpanded(&mut self, path: &str) -> Result<Option<JsonFile>, Unusable> {
        let Some(text) = self.text(path)? else { return Ok(None) };
        let file = JsonFile::parse(path, &text, &mut self.report).ok_or(Unusable)?;
        self.lines.insert(path, Arc::clone(file.lines()));
        Ok(Some(file))
    }

    /// A JSON file, where a broken one may be treated like an absent one.
    pub(crate) fn json_if_usable(&mut self, path: &str) -> Option<JsonFile> {
        self.json(path).ok().flatten()
    }

    /// What a folder holds, in the order of names.
    pub(crate) fn list(&mut self, path: &str) -> Vec<Entry> {
        self.list_or_lose(path).unwrap_or_default().entries
    }

    /// The same, with what cannot be used; `None` where nothing of it can be read.
    fn list_or_lose(&mut self, path: &str) -> Option<Listing> {
        let listing = match self.folder.list(path) {
            Ok(listing) => listing,
            Err(error) => {
                self.ignored(path, &error.to_string(), error.remedy());
                return None;
            }
        };
        for (name, error) in &listing.unusable {
            self.ignored(&join(path, name), &error.to_string(), error.remedy());
        }
        Some(listing)
    }

    /// The folders in a folder. A linked one is reported and lost.
    pub(crate) fn folders(&mut self, path: &str) -> Folders {
        let Some(listing) = self.list_or_lose(path) else {
            return Folders { is_whole: false, ..Folders::default() };
        };
        let lost = listing.unusable.into_iter().map(|(name, _)| name);
        let mut found = Folders { lost: lost.collect(), is_whole: true, folders: Vec::new() };
        for entry in listing.entries {
            match entry.kind {
                EntryKind::Folder => found.folders.push(entry.name),
                EntryKind::LinkedFolder => {
                    self.linked(&join(path, &entry.name));
                    found.lost.push(entry.name);
                }
                EntryKind::File => {}
            }
        }
        found
    }

    /// The paths of the JSON files in a folder.
    pub(crate) fn json_files(&mut self, path: &str) -> Vec<String> {
        let mut entries = self.list(path);
        entries.retain(|entry| entry.name.ends_with(".json"));
        for folder in entries.extract_if(.., |entry| entry.kind != EntryKind::File) {
            let remedy = "put a plain file in its place";
            self.ignored(&join(path, &folder.name), "it is a folder", remedy);
        }
        entries.iter().map(|entry| join(path, &entry.name)).collect()
    }

    /// Whether a folder is there and cannot be reached, as through a link that leads nowhere.
    pub(crate) fn is_lost(&mut self, path: &str) -> bool {
        self.folder.has(path) && self.list_or_lose(path).is_none()
    }

    /// Reports a linked folder, which is not followed.
    pub(crate) fn linked(&mut self, path: &str) {
        self.ignored(path, "it is a link to a folder", "put the folder itself in its place");
    }

    /// Reports a folder that lies too deep, which is not searched.
    pub(crate) fn too_deep(&mut self, path: &str, depth_max: usize) {
        let reason = format!("it lies more than {depth_max} folders deep");
        self.ignored(path, &reason, "move it further up");
    }

    fn ignored(&mut self, path: &str, reason: &str, remedy: &str) {
        self.report.error(
            ProblemCode::FileUnusable,
            Spot::file(path),
            format!("the entry is ignored: {reason}"),
            remedy,
        );
    }
}
