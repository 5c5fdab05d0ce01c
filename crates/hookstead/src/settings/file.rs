//! `hookstead.toml`: sections of keys, with the line of each for messages.

use std::{
    fs,
    io::{self, ErrorKind, Read as _},
    path::Path,
};

use hookstead_app::io_words;
use toml::{
    Spanned, Table, Value,
    de::{DeTable, DeValue},
};

use super::{
    error::SettingError,
    schema::{Key, Settings},
};

/// A larger file holds no settings.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// A key of a file and its value.
pub(super) struct Entry {
    /// The file and the line.
    pub(super) origin: String,
    /// The section; empty for a key above all sections.
    pub(super) section: String,
    /// The key; empty for a section that is no section.
    pub(super) key: String,
    /// The value.
    pub(super) value: Value,
}

/// Every key of a file, in its order.
pub(super) fn read(path: &Path) -> Result<Vec<Entry>, SettingError> {
    let text = text_of(path).map_err(|error| SettingError {
        origin: path.display().to_string(),
        problem: format!("cannot be read: {}", io_words(&error)),
        remedy: "put a readable file in its place or remove it; --config names another one"
            .to_owned(),
    })?;
    parse(&text, &path.display().to_string())
}

/// Whether a file that is no TOML asks for a log of JSON all the same, so that what is wrong with
/// it is told in the right form.
pub(super) fn seems_to_want_json(path: &Path) -> bool {
    let text = text_of(path).unwrap_or_default();
    let lines = text.lines().map(str::trim).skip_while(|line| !line.starts_with("[log]")).skip(1);
    let mut lines = lines.take_while(|line| !line.starts_with('['));
    lines.any(|line| {
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        key.trim() == "format" && value.contains("json")
    })
}

fn text_of(path: &Path) -> io::Result<String> {
    let about = fs::metadata(path).map_err(|error| match path.symlink_metadata() {
        Ok(_) if error.kind() == ErrorKind::NotFound => {
            io::Error::other("it is a link that leads nowhere")
        }
        _ => error,
    })?;
    if about.is_dir() {
        return Err(io::Error::other("it is a folder"));
    }
    // Opening a pipe would wait forever.
    if !about.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let file = fs::File::open(path)?;
    let text = io::read_to_string(file.take(FILE_BYTES_MAX + 1))?;
    let fits = text.len() as u64 <= FILE_BYTES_MAX;
    if fits { Ok(text) } else { Err(ErrorKind::FileTooLarge.into()) }
}

/// Every key of the text of a file.
pub(super) fn parse(text: &str, name: &str) -> Result<Vec<Entry>, SettingError> {
    // The parser would quote the line. In the folder of a stranger, this file may be a link to one
    // that holds secrets.
    let broken = |error: toml::de::Error| {
        let start = error.span().map(|at| at.start);
        let (problem, remedy) = what_is_wrong(error.message(), known_key(text, start).as_ref());
        let origin = start.map_or_else(|| name.to_owned(), |start| origin(name, text, start));
        SettingError { origin, problem, remedy }
    };
    let values: Table = toml::from_str(text).map_err(broken)?;
    let places = DeTable::parse(text).map_err(broken)?;
    let mut entries = Vec::new();
    for (section, place) in places.get_ref() {
        let section_name = section.get_ref().as_ref();
        let Some(value) = values.get(section_name) else { continue };
        let Some((keys, places)) = value.as_table().zip(table_of(place)) else {
            entries.push(Entry {
                origin: origin(name, text, section.span().start),
                section: String::new(),
                key: section_name.to_owned(),
                value: value.clone(),
            });
            continue;
        };
        for (key, _) in places {
            let Some(value) = keys.get(key.get_ref().as_ref()) else { continue };
            entries.push(Entry {
                origin: origin(name, text, key.span().start),
                section: section_name.to_owned(),
                key: key.get_ref().to_string(),
                value: value.clone(),
            });
        }
    }
    Ok(entries)
}

/// The setting that the line at an offset sets. Other names may belong to a file of a stranger, and
/// are not shown.
fn known_key(text: &str, offset: Option<usize>) -> Option<Key> {
    let before = text.get(..offset?)?;
    let line = text.lines().nth(before.matches('\n').count())?;
    let name = line.split('=').next()?.trim();
    let above = before.lines().rev().find(|line| line.trim_start().starts_with('['));
    let is_below =
        |key: &Key| above.is_some_and(|line| line.trim() == format!("[{}]", key.section));
    Settings::keys().into_iter().find(|key| key.name == name && is_below(key))
}

/// What the parser's message means, and what to do about it.
fn what_is_wrong(message: &str, key: Option<&Key>) -> (String, String) {
    const NO_QUOTES: [&str; 2] = ["string values must be quoted", "invalid boolean"];
    match key {
        Some(Key { section, name, .. }) if message == "duplicate key" => {
            (format!("{name} is there twice in [{section}]"), "remove one of them".to_owned())
        }
        None if message == "duplicate key" => {
            ("a key or a section is there twice".to_owned(), "remove one of them".to_owned())
        }
        Some(Key { name, .. }) if NO_QUOTES.iter().any(|start| message.starts_with(start)) => (
            format!("the value of {name} is not TOML"),
            format!("put a text into double quotes: {name} = \"foo\""),
        ),
        _ => (
            format!("is not TOML: {message}"),
            "correct the line: a text stands in double quotes, the name of a section in brackets"
                .to_owned(),
        ),
    }
}

fn table_of<'a, 'i>(value: &'a Spanned<DeValue<'i>>) -> Option<&'a DeTable<'i>> {
    match value.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}

fn origin(name: &str, text: &str, offset: usize) -> String {
    let before = text.get(..offset).unwrap_or_default();
    format!("{name}:{}", before.matches('\n').count() + 1)
}
