//! Cases as they stand in files.

use std::{collections::BTreeMap, fs};

use serde::Deserialize;
use serde_json::Value;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../query/tests/cases");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    pub(super) name: String,
    #[serde(default)]
    pub(super) documents: Vec<Value>,
    #[serde(default)]
    pub(super) others: BTreeMap<String, Vec<Value>>,
    pub(super) find: Option<Find>,
    pub(super) aggregate: Option<Vec<Value>>,
    pub(super) update: Option<Update>,
    pub(super) count: Option<Count>,
    pub(super) distinct: Option<Distinct>,
    pub(super) expect: Option<Value>,
    pub(super) contents: Option<Vec<Value>>,
    pub(super) error: Option<Refusal>,
    #[serde(default)]
    pub(super) any_order: bool,
    pub(super) embedded_only: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Find {
    #[serde(default = "empty")]
    pub(super) filter: Value,
    pub(super) projection: Option<Value>,
    pub(super) sort: Option<Value>,
    #[serde(default)]
    pub(super) skip: u64,
    #[serde(default)]
    pub(super) limit: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Update {
    #[serde(default = "empty")]
    pub(super) filter: Value,
    pub(super) update: Option<Value>,
    pub(super) replacement: Option<Value>,
    #[serde(default)]
    pub(super) many: bool,
    #[serde(default)]
    pub(super) upsert: bool,
    #[serde(default)]
    pub(super) array_filters: Vec<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Count {
    #[serde(default = "empty")]
    pub(super) filter: Value,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Distinct {
    pub(super) field: String,
    #[serde(default = "empty")]
    pub(super) filter: Value,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Refusal {
    pub(super) code: i32,
    pub(super) contains: Option<String>,
}

fn empty() -> Value {
    Value::Object(serde_json::Map::new())
}

/// Every case with its file, or what is wrong with it.
pub(super) fn all() -> Vec<(String, Result<Case, String>)> {
    let mut paths: Vec<_> =
        fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut cases = Vec::new();
    for path in paths {
        let file = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        match serde_json::from_str::<Vec<Case>>(&text) {
            Ok(list) => cases.extend(list.into_iter().map(|case| (file.clone(), Ok(case)))),
            Err(error) => cases.push((file, Err(error.to_string()))),
        }
    }
    assert!(cases.len() > 100, "no cases in {FOLDER}");
    cases
}
