//! Reads the rules of collections (docs/behaviour/collection-rules.md#files).
//!
//! What cannot be understood closes its collection to users: a misspelt key may be the condition
//! that was to keep somebody out.

mod roles;

use serde_json::Value as Json;

use crate::{
    CollectionName, CollectionRules, DataRules, Place, ProblemCode,
    fields::Fields,
    folder::{EntryKind, join},
    json_file::JsonFile,
    letter_case::rename,
    reader::Reader,
    report::Spot,
};

const RULES: &str = "rules.json";
const SCHEMA: &str = "schema.json";
const DEFAULT_RULE: &str = "default_rule.json";
/// The folder of the older layouts, with a file for each collection.
const OLD_FOLDER: &str = "rules";

/// Fields of these files that rule nothing.
const NO_RULES: [&str; 4] = ["relationships", "namespace", "name", "type"];

const FOLDER_LOST: &str = "a folder of its rules cannot be read";
const FILE_LOST: &str = "its file cannot be used";

/// Reads the rules of the data source in a folder.
pub(crate) fn read(reader: &mut Reader, folder: &str) -> DataRules {
    let mut rules = DataRules { default: read_default(reader, folder), ..DataRules::default() };
    let databases = reader.folders(folder);
    let mut is_whole = databases.is_whole && databases.lost.is_empty();
    for database in databases.folders {
        let path = join(folder, &database);
        if database == OLD_FOLDER {
            for file in reader.json_files(&path) {
                read_old(reader, &file, &mut rules);
            }
        }
        let collections = reader.folders(&path);
        is_whole &= collections.is_whole && collections.lost.is_empty();
        for collection in collections.folders {
            let name = CollectionName { database: database.clone(), collection };
            read_collection(reader, &join(&path, &name.collection), name, &mut rules);
        }
    }
    if !is_whole {
        rules.closed = Some(FOLDER_LOST.to_owned());
    }
    rules
}

/// Adds the rules that another folder has for the same data source.
pub(crate) fn merge(reader: &mut Reader, rules: &mut DataRules, other: DataRules) {
    if let Some(reason) = other.closed {
        rules.closed.get_or_insert(reason);
    }
    match (&mut rules.default, other.default) {
        (Some(earlier), Some(later)) => {
            close_where_they_differ(reader, "every other collection", earlier, &later);
        }
        (earlier @ None, later) => *earlier = later,
        (Some(_), None) => {}
    }
    for (name, later) in other.collections {
        add(reader, rules, name, later);
    }
}

/// Adds the rules of a collection. Where two places rule it and differ, it is closed.
fn add(reader: &mut Reader, rules: &mut DataRules, name: CollectionName, later: CollectionRules) {
    match rules.collections.get_mut(&name) {
        Some(earlier) => close_where_they_differ(reader, &shown(&name), earlier, &later),
        None => {
            rules.collections.insert(name, later);
        }
    }
}

fn close_where_they_differ(
    reader: &mut Reader,
    name: &str,
    earlier: &mut CollectionRules,
    later: &CollectionRules,
) {
    if earlier.agrees_with(later) {
        return;
    }
    let other = &earlier.declared_in.file;
    let message = format!("users have no access to `{name}`: `{other}` rules it differently");
    reader.report.error(
        ProblemCode::RulesDuplicate,
        Spot::file(&later.declared_in.file),
        message.clone(),
        "keep one of the two files, the one that lets fewer users in",
    );
    earlier.closed.get_or_insert(message);
}

fn read_default(reader: &mut Reader, folder: &str) -> Option<CollectionRules> {
    let path = join(folder, DEFAULT_RULE);
    let name = "every other collection";
    match file_of(reader, folder, DEFAULT_RULE) {
        File::None => None,
        File::Lost => Some(closed(&path, FILE_LOST)),
        File::Read(file) => Some(rules_of(reader, &file, name, false)),
    }
}

/// Reads a file of the older layouts, such as `rules/shop.orders.json`.
fn read_old(reader: &mut Reader, path: &str, rules: &mut DataRules) {
    let stem = path.rsplit('/').next().unwrap_or_default().trim_end_matches(".json");
    // A database has no dot in its name.
    let by_path = stem.split_once('.').map(|(database, collection)| CollectionName {
        database: database.to_owned(),
        collection: collection.to_owned(),
    });
    let file = reader.json_if_usable(path);
    let named = file.as_ref().and_then(|file| name_in(&file.value, by_path.as_ref()));
    let Some(name) = named.or(by_path) else {
        let reason = format!("nothing tells which collection `{path}` rules");
        if file.is_some() {
            reader.report.error(
                ProblemCode::JsonShape,
                Spot::file(path),
                format!("users have no access to the data source: {reason}"),
                "write `database` and `collection` into the file",
            );
        }
        rules.closed.get_or_insert(reason);
        return;
    };
    let found = match file {
        Some(file) => rules_of(reader, &file, &shown(&name), false),
        None => closed(path, FILE_LOST),
    };
    add(reader, rules, name, found);
}

/// Reads the folder of a collection.
fn read_collection(
    reader: &mut Reader,
    folder: &str,
    by_path: CollectionName,
    rules: &mut DataRules,
) {
    let schema = match file_of(reader, folder, SCHEMA) {
        File::None => None,
        File::Read(file) => Some(schema_of(reader, &file, &by_path)),
        File::Lost => Some(Err(FILE_LOST.to_owned())),
    };
    let path = join(folder, RULES);
    let (name, mut found) = match file_of(reader, folder, RULES) {
        File::None if schema.is_none() => return,
        File::None => (by_path.clone(), empty(&join(folder, SCHEMA))),
        File::Lost => (by_path.clone(), closed(&path, FILE_LOST)),
        File::Read(file) => {
            let name = name_in(&file.value, Some(&by_path)).unwrap_or_else(|| by_path.clone());
            let found = rules_of(reader, &file, &shown(&name), schema.is_some());
            (name, found)
        }
    };
    match schema {
        Some(Ok(schema)) => found.schema = schema,
        Some(Err(reason)) => found.closed = found.closed.or(Some(reason)),
        None => {}
    }
    if name != by_path {
        let reason = format!("`{path}` rules `{}` instead", shown(&name));
        reader.report.warn(
            ProblemCode::RulesOtherCollection,
            Spot::file(&path),
            format!("users have no access to `{}`: {reason}", shown(&by_path)),
            "move the file into the folder of its collection, or correct `database` and \
             `collection` in it",
        );
        rules.collections.entry(by_path).or_insert_with(|| closed(&path, &reason));
    }
    add(reader, rules, name, found);
}

/// A file of a folder.
enum File {
    /// There is none.
    None,
    /// There is one that cannot be used; the problem has been reported.
    Lost,
    Read(JsonFile),
}

/// A file that may be missing. One whose name differs in letter case only is lost: without it,
/// other rules would count in its place.
fn file_of(reader: &mut Reader, folder: &str, name: &str) -> File {
    let path = join(folder, name);
    match reader.json(&path) {
        Ok(Some(file)) => return File::Read(file),
        Err(_) => return File::Lost,
        Ok(None) => {}
    }
    let entries = reader.folder.list(folder).map(|listing| listing.entries).unwrap_or_default();
    let is_near = |found: &str| found.to_lowercase() == name;
    let Some(found) = entries.iter().find(|entry| is_near(&entry.name)) else { return File::None };
    let found_path = join(folder, &found.name);
    if found.kind == EntryKind::File {
        reader.report.error(
            ProblemCode::FileLetterCase,
            Spot::file(&found_path),
            format!("the file is not read: `{path}` is spelt with other letters"),
            &rename(&found_path, &path),
        );
    }
    File::Lost
}

/// The collection that a file names. What it leaves out is told by where it lies.
fn name_in(rules: &Json, by_path: Option<&CollectionName>) -> Option<CollectionName> {
    let text = |key: &str| rules.get(key).and_then(Json::as_str).filter(|text| !text.is_empty());
    if let Some((database, collection)) = text("namespace").and_then(|name| name.split_once('.')) {
        let (database, collection) = (database.to_owned(), collection.to_owned());
        return Some(CollectionName { database, collection });
    }
    let or =
        |key: &str, other: Option<&String>| text(key).map(str::to_owned).or_else(|| other.cloned());
    Some(CollectionName {
        database: or("database", by_path.map(|name| &name.database))?,
        collection: or("collection", by_path.map(|name| &name.collection))?,
    })
}

/// The rules in a file. `has_schema` says that the schema has a file of its own.
fn rules_of(reader: &mut Reader, file: &JsonFile, name: &str, has_schema: bool) -> CollectionRules {
    let Some(object) = file.object(&mut reader.report) else {
        return closed(&file.path, FILE_LOST);
    };
    let mut fields = Fields::new(file, "", object);
    fields.text("database");
    fields.text("collection");
    for key in NO_RULES {
        fields.raw(key);
    }
    let roles = roles::read_roles(&mut fields);
    let filters = roles::read_filters(&mut fields);
    let schema = match fields.raw("schema") {
        Some(Json::Object(schema)) if schema.is_empty() => None,
        Some(schema @ Json::Object(_)) => Some(schema.clone()),
        None => None,
        Some(_) => {
            let message = "`schema` is not an object".to_owned();
            fields.doubt(
                ProblemCode::FieldType,
                "schema",
                message,
                "write the schema as an object",
            );
            None
        }
    };
    if has_schema && schema.is_some() {
        let message = "the schema stands in `schema.json`, too".to_owned();
        fields.doubt(ProblemCode::RulesDuplicate, "schema", message, "keep one of the two");
    }
    let closed = fields.settle(&subject(name), &mut reader.report);
    CollectionRules { roles, filters, schema, closed, declared_in: file.place("") }
}

/// The schema in a file of its own; an empty one asks for nothing.
fn schema_of(
    reader: &mut Reader,
    file: &JsonFile,
    name: &CollectionName,
) -> Result<Option<Json>, String> {
    let object = file.object(&mut reader.report).ok_or_else(|| FILE_LOST.to_owned())?;
    let fields = Fields::new(file, "", object);
    match fields.settle_as_it_is(&subject(&shown(name)), &mut reader.report) {
        Some(reason) => Err(reason),
        None => Ok((!object.is_empty()).then(|| file.value.clone())),
    }
}

/// What is refused where something cannot be understood.
fn subject(name: &str) -> String {
    format!("access of users to `{name}`")
}

fn shown(name: &CollectionName) -> String {
    format!("{}.{}", name.database, name.collection)
}

fn empty(path: &str) -> CollectionRules {
    let declared_in = Place { file: path.to_owned(), field: String::new() };
    let (roles, filters) = (Vec::new(), Vec::new());
    CollectionRules { roles, filters, schema: None, closed: None, declared_in }
}

fn closed(path: &str, reason: &str) -> CollectionRules {
    CollectionRules { closed: Some(reason.to_owned()), ..empty(path) }
}
