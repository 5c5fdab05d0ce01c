//! Reads files of parts, and says nothing of what is wrong with them.

use std::path::PathBuf;

use serde_json::Value as Json;

use super::Part;
use crate::{
    Environment,
    folder::{Entry, EntryKind, Folder, join},
    json_file::JsonFile,
    report::Report,
};

/// More parts of an export are not told.
const PARTS_MAX: usize = 2_000;

/// Deeper folders are not searched.
const DEPTH_MAX: usize = 8;

/// More files of one folder are not looked for.
const FILES_MAX: usize = 10_000;

/// The parts found so far, and where to look for more.
pub(super) struct Parts<'a> {
    pub(super) folder: &'a Folder,
    environment: &'a Environment,
    pub(super) found: Vec<Part>,
}

impl<'a> Parts<'a> {
    pub(super) fn new(folder: &'a Folder, environment: &'a Environment) -> Self {
        Self { folder, environment, found: Vec::new() }
    }

    pub(super) fn add(&mut self, part: Part) {
        if self.found.len() < PARTS_MAX {
            self.found.push(part);
        }
    }

    /// A JSON file with its templates replaced. Null where it cannot be read, which stands for
    /// what is not known; `None` where there is no such file.
    pub(super) fn json(&self, path: &str) -> Option<Json> {
        let text = match self.folder.read(path) {
            Ok(text) => text?,
            Err(_) => return Some(Json::Null),
        };
        let mut unheard = Report::default();
        let file = JsonFile::parse(path, &text, &mut unheard);
        Some(file.map_or(Json::Null, |mut file| {
            file.expand(self.environment, &mut unheard);
            file.value
        }))
    }

    /// What a folder holds; nothing where it cannot be listed.
    pub(super) fn list(&self, path: &str) -> Vec<Entry> {
        self.folder.list(path).map(|listing| listing.entries).unwrap_or_default()
    }

    /// The paths of all files in a folder and in the folders below it.
    pub(super) fn files(&self, path: &str) -> Vec<String> {
        let mut files = Vec::new();
        let mut folders = vec![(PathBuf::from(path), 0)];
        while let Some((folder, depth)) = folders.pop() {
            let folder = folder.to_string_lossy().into_owned();
            for entry in self.list(&folder) {
                let path = join(&folder, &entry.name);
                match entry.kind {
                    EntryKind::File if files.len() < FILES_MAX => files.push(path),
                    EntryKind::Folder if depth < DEPTH_MAX => {
                        folders.push((PathBuf::from(path), depth + 1));
                    }
                    _ => {}
                }
            }
        }
        files.sort();
        files
    }

    /// The paths of the JSON files in a folder and in the folders below it.
    pub(super) fn json_files(&self, path: &str) -> Vec<String> {
        let mut files = self.files(path);
        files.retain(|file| file.ends_with(".json"));
        files
    }

    /// What a JSON file declares: the items of a list, else the file as a whole.
    pub(super) fn items(&self, file: &str) -> Vec<Json> {
        match self.json(file) {
            Some(Json::Array(items)) => items,
            value => value.into_iter().collect(),
        }
    }
}

/// The name that a file gives: its own, or that of its folder where it is a `config.json`.
pub(super) fn name_of(file: &str) -> String {
    let mut parts = file.rsplit('/');
    match parts.next().unwrap_or_default() {
        "config.json" => parts.next().unwrap_or_default().to_owned(),
        own => own.trim_end_matches(".json").to_owned(),
    }
}

/// A text in a value; empty where there is none.
pub(super) fn text<'a>(value: &'a Json, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Json::as_str).unwrap_or_default()
}

/// Whether a flag in a value is set.
pub(super) fn flag(value: &Json, pointer: &str) -> bool {
    value.pointer(pointer).and_then(Json::as_bool).unwrap_or_default()
}

/// A text, or the texts of a list with commas between them.
pub(super) fn texts(value: &Json, pointer: &str) -> String {
    match value.pointer(pointer) {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Array(items)) => {
            items.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(", ")
        }
        _ => String::new(),
    }
}
