//! `[data_sources.NAME]`: what is decided about one data source. The names are the app's, so this
//! section has none of its own.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::{
    error::{SettingError, SettingErrors},
    nearest,
    types::ConnectionString,
    value::{SettingValue as _, string, strings},
};

/// The name of the section.
pub(super) const SECTION: &str = "data_sources";

/// What the default file says of it.
pub(super) const DOC: &str = r#"
# What holds for one data source of the app, by the name that functions give to
# context.services.get, such as "mongodb-atlas":
#
# [data_sources.mongodb-atlas]
#
# The MongoDB deployment that it is, where it is another one than data.mongodb_uri names.
# Variable: HOOKSTEAD_DATA_SOURCES_MONGODB_ATLAS_URI
# uri = "mongodb+srv://user:password@cluster0.example.net"
#
# An index of a collection, for documents that are kept in the folder of app.data_dir; a MongoDB
# deployment has its own. A key with a minus descends. An index that is no longer here is dropped.
# [[data_sources.mongodb-atlas.indexes]]
# collection = "shop.orders"
# keys = ["customer", "-at"]
# unique = false
# sparse = false
"#;

const VARIABLE_PREFIX: &str = "HOOKSTEAD_DATA_SOURCES_";
const VARIABLE_SUFFIX: &str = "_URI";

/// What is decided about data sources, by their names.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct DataSourceSettings {
    named: BTreeMap<String, DataSourceSetting>,
    /// By the names as variables spell them.
    variables: BTreeMap<String, ConnectionString>,
}

/// What is decided about one of them.
#[derive(Debug, Clone, Default, PartialEq)]
struct DataSourceSetting {
    uri: ConnectionString,
    indexes: Vec<IndexSetting>,
}

/// An index, as declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IndexSetting {
    /// The database.
    pub(crate) database: String,
    /// The collection.
    pub(crate) collection: String,
    /// Paths, and whether they ascend.
    pub(crate) keys: Vec<(String, bool)>,
    /// Whether no two documents may have the same values.
    pub(crate) unique: bool,
    /// Whether documents that have none of the fields are left out.
    pub(crate) sparse: bool,
}

impl DataSourceSettings {
    /// The names that the settings file has.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.named.keys().map(String::as_str)
    }

    /// The URI of a data source. A variable wins over the file.
    pub(crate) fn uri(&self, name: &str) -> Option<&str> {
        let variable = self.variables.get(&spelling(name)).and_then(ConnectionString::get);
        variable.or_else(|| self.named.get(name)?.uri.get())
    }

    /// The indexes that a data source is to have.
    pub(crate) fn indexes(&self, name: &str) -> &[IndexSetting] {
        self.named.get(name).map_or(&[], |one| &one.indexes)
    }

    /// Refuses what is decided about data sources that the app does not have: their documents
    /// would be looked for elsewhere.
    pub(crate) fn check_names(&self, names: &[&str]) -> Result<(), SettingErrors> {
        let unknown = self.names().filter(|name| !names.contains(name));
        let unknown = unknown.map(|name| (format!("[{SECTION}.{name}]"), name.to_owned()));
        let is_known = |name: &&String| names.iter().any(|one| spelling(one) == **name);
        let variables = self.variables.keys().filter(|name| !is_known(name));
        let variables = variables
            .map(|name| (format!("{VARIABLE_PREFIX}{name}{VARIABLE_SUFFIX}"), name.clone()));
        let errors: Vec<SettingError> = unknown
            .chain(variables)
            .map(|(origin, name)| SettingError {
                origin,
                problem: format!("the app has no data source {name:?}"),
                remedy: match nearest(&name, names.iter().copied()) {
                    Some(near) => format!("did you mean {near:?}?"),
                    None => format!("its data sources are {}", names.join(", ")),
                },
            })
            .collect();
        if errors.is_empty() { Ok(()) } else { Err(SettingErrors(errors)) }
    }

    /// Takes what the file says about one data source.
    pub(super) fn set(&mut self, name: &str, value: &Value) -> Result<(), String> {
        let table = value.as_table().ok_or_else(|| {
            format!("must be a section of its own, [{SECTION}.NAME], with the key uri or indexes")
        })?;
        let mut setting = DataSourceSetting::default();
        for (key, value) in table {
            match key.as_str() {
                "uri" => {
                    setting.uri = ConnectionString::read(value)
                        .map_err(|why| format!("has a uri that {why}"))?;
                }
                "indexes" => setting.indexes = indexes(value)?,
                other => {
                    return Err(format!(
                        "has the keys uri and indexes, and none of the name {other:?}"
                    ));
                }
            }
        }
        self.named.insert(name.to_owned(), setting);
        Ok(())
    }

    /// Takes a variable; whether it is one of these.
    pub(super) fn set_variable(&mut self, variable: &str, uri: &str) -> bool {
        let name = variable.strip_prefix(VARIABLE_PREFIX);
        let Some(name) = name.and_then(|name| name.strip_suffix(VARIABLE_SUFFIX)) else {
            return false;
        };
        if let Ok(uri) = ConnectionString::read(&Value::String(uri.to_owned())) {
            self.variables.insert(name.to_owned(), uri);
        }
        true
    }
}

/// A name as variables spell it: `mongodb-atlas` is `MONGODB_ATLAS`.
fn spelling(name: &str) -> String {
    let letter = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '_' };
    name.chars().map(letter).collect::<String>().to_ascii_uppercase()
}

fn indexes(value: &Value) -> Result<Vec<IndexSetting>, String> {
    let tables = value.as_array().ok_or("has indexes that are no list of sections")?;
    let index = |(place, value): (usize, &Value)| {
        let table = value.as_table().ok_or("it is no section".to_owned());
        table.and_then(index).map_err(|why| format!("has an index, number {}: {why}", place + 1))
    };
    tables.iter().enumerate().map(index).collect()
}

fn index(table: &Table) -> Result<IndexSetting, String> {
    const KEYS: [&str; 4] = ["collection", "keys", "unique", "sparse"];
    if let Some(other) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(format!("it has no key {other:?}; the keys are {}", KEYS.join(", ")));
    }
    let flag = |key: &str| match table.get(key) {
        None => Ok(false),
        Some(value) => value.as_bool().ok_or_else(|| format!("{key} must be true or false")),
    };
    let namespace = table.get("collection").ok_or("it needs a collection")?;
    let (database, collection) = string(namespace)
        .ok()
        .and_then(|name| name.split_once('.'))
        .filter(|(database, collection)| !database.is_empty() && !collection.is_empty())
        .ok_or("its collection must be a text such as \"shop.orders\", with the database")?;
    let keys = strings(table.get("keys").ok_or("it needs keys")?)
        .map_err(|_| "its keys must be a list of texts such as [\"customer\", \"-at\"]")?;
    let key = |key: &String| match key.strip_prefix('-') {
        Some(path) => (path.to_owned(), false),
        None => (key.clone(), true),
    };
    Ok(IndexSetting {
        database: database.to_owned(),
        collection: collection.to_owned(),
        keys: keys.iter().map(key).collect(),
        unique: flag("unique")?,
        sparse: flag("sparse")?,
    })
}
