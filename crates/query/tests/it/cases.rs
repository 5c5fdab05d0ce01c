//! Reads every file of `tests/cases`, runs each case over documents in memory and reports every
//! one that fails.

use std::{collections::BTreeMap, fs, path::Path};

use bson::RawBson;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    run::{self, Outcome},
    same::{same, same_lists},
};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases");

/// A case as it stands in a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) documents: Vec<Value>,
    #[serde(default)]
    pub(crate) others: BTreeMap<String, Vec<Value>>,
    pub(crate) find: Option<Find>,
    pub(crate) aggregate: Option<Vec<Value>>,
    pub(crate) update: Option<Update>,
    pub(crate) count: Option<Count>,
    pub(crate) distinct: Option<Distinct>,
    expect: Option<Value>,
    /// The documents afterwards.
    contents: Option<Vec<Value>>,
    error: Option<Refusal>,
    #[serde(default)]
    any_order: bool,
    /// Why a server answers otherwise. It runs here as any other case does.
    #[serde(default, rename = "embedded_only")]
    _embedded_only: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Find {
    #[serde(default = "empty")]
    pub(crate) filter: Value,
    pub(crate) projection: Option<Value>,
    pub(crate) sort: Option<Value>,
    #[serde(default)]
    pub(crate) skip: usize,
    #[serde(default)]
    pub(crate) limit: usize,
}

impl Case {
    pub(crate) fn is_refused(&self) -> bool {
        self.error.is_some()
    }
}

/// `update` or `replacement`: one of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Update {
    #[serde(default = "empty")]
    pub(crate) filter: Value,
    pub(crate) update: Option<Value>,
    pub(crate) replacement: Option<Value>,
    #[serde(default)]
    pub(crate) many: bool,
    #[serde(default)]
    pub(crate) upsert: bool,
    #[serde(default)]
    pub(crate) array_filters: Vec<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Count {
    #[serde(default = "empty")]
    pub(crate) filter: Value,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Distinct {
    pub(crate) field: String,
    #[serde(default = "empty")]
    pub(crate) filter: Value,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Refusal {
    code: i32,
    contains: Option<String>,
}

fn empty() -> Value {
    Value::Object(serde_json::Map::new())
}

#[test]
fn all_cases_hold() {
    let mut failures = Vec::new();
    let mut count = 0;
    for (file, cases) in files() {
        for case in cases {
            count += 1;
            match case {
                Ok(case) => {
                    if let Err(reason) = check(&case) {
                        failures.push(format!("{file}: {}\n    {reason}", case.name));
                    }
                }
                Err(reason) => failures.push(format!("{file}: {reason}")),
            }
        }
    }
    assert!(count > 0, "no cases in {FOLDER}");
    let list = failures.join("\n");
    assert!(failures.is_empty(), "{} of {count} cases fail\n{list}", failures.len());
}

/// Every file by its name, with its cases or what is wrong with them.
pub(crate) fn files() -> BTreeMap<String, Vec<Result<Case, String>>> {
    let entries = fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (name_of(&path), read(&path))).collect()
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

fn read(path: &Path) -> Vec<Result<Case, String>> {
    let text = fs::read_to_string(path).unwrap();
    match serde_json::from_str::<Vec<Value>>(&text) {
        Err(error) => vec![Err(error.to_string())],
        Ok(cases) => cases
            .into_iter()
            .map(|case| {
                let name = case.get("name").cloned().unwrap_or(Value::Null);
                serde_json::from_value(case).map_err(|error| format!("{name}\n    {error}"))
            })
            .collect(),
    }
}

/// Runs one case and says what is wrong.
fn check(case: &Case) -> Result<(), String> {
    match (run::run(case)?, &case.error) {
        (Err(error), Some(refusal)) => {
            let text = refusal.contains.as_deref().unwrap_or_default();
            let is_expected = error.code.number() == refusal.code && error.message.contains(text);
            let expected = format!("{} {text}", refusal.code);
            is_expected.then_some(()).ok_or_else(|| {
                format!("wanted the error {expected}\n    but got {} {error}", error.code)
            })
        }
        (Err(error), None) => Err(format!("failed with {} {error}", error.code)),
        (Ok(outcome), Some(refusal)) => {
            Err(format!("wanted the error {}\n    but got {}", refusal.code, outcome.show()))
        }
        (Ok(outcome), None) => check_outcome(case, &outcome),
    }
}

fn check_outcome(case: &Case, outcome: &Outcome) -> Result<(), String> {
    let Some(expect) = &case.expect else {
        return Err("it says neither what to expect nor an error".to_owned());
    };
    match (outcome, &case.contents) {
        (Outcome::List(found), None) => {
            let Value::Array(expected) = expect else {
                return Err("it has to expect a list".to_owned());
            };
            same_lists(expected, found.clone(), case.any_order)
        }
        (Outcome::Count(count), None) => same(expect, &RawBson::Int32(*count)),
        (Outcome::Updated { result, contents }, Some(expected)) => {
            same(expect, &RawBson::Document(result.clone()))?;
            let contents = contents.iter().cloned().map(RawBson::Document).collect();
            same_lists(expected, contents, case.any_order)
                .map_err(|reason| format!("contents: {reason}"))
        }
        (_, Some(_)) => Err("only updates have contents afterwards".to_owned()),
        (_, None) => Err("an update needs the contents afterwards".to_owned()),
    }
}
