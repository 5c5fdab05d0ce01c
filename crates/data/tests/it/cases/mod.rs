//! The cases of the query language, put to whole stores: the same files, one checker.
//!
//! Where a MongoDB server answers otherwise by design, a case says so itself (`embedded_only`).
//! SecantusDB, the server that is at hand, is young and differs from MongoDB in many more places;
//! `secantusdb.json` lists them with what it answers, so that anything new is noticed.
//! `HOOKSTEAD_CASES_RECORD=1` writes that list anew.

mod case;
mod check;
#[path = "../../../../query/tests/it/same.rs"]
mod same;

use std::{collections::BTreeMap, env, fs};

use hookstead_data::{EmbeddedFile, EmbeddedOptions, MongoOptions, MongoStore, Store};
use hookstead_testing::SecantusDb;

use case::Case;

const DIFFERENCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/cases/secantusdb.json");

const RECORD: &str = "HOOKSTEAD_CASES_RECORD";

/// Cases of what no store is asked, because it is refused before, as drivers do.
const REFUSED_BEFORE: [&str; 1] = ["update-replacement: a replacement has no operators"];

/// Names of cases with what is wrong.
type Failures = BTreeMap<String, String>;

#[tokio::test]
async fn the_embedded_store_answers_as_the_cases_say() {
    let folder = tempfile::tempdir().unwrap();
    let file = EmbeddedFile::open(folder.path(), EmbeddedOptions::default()).unwrap();
    let failures = failures(&file.data_source("cases"), |_| true).await;
    assert!(failures.is_empty(), "{} cases fail\n{}", failures.len(), list(failures.iter()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_answers_as_the_cases_say() {
    let server = SecantusDb::start();
    let store = MongoStore::connect(&server.uri(), MongoOptions::default()).unwrap();
    let failures = failures(&store, |case| case.embedded_only.is_none()).await;
    if env::var_os(RECORD).is_some() {
        let short = |reason: &String| reason.split_whitespace().collect::<Vec<_>>().join(" ");
        let known: Failures =
            failures.iter().map(|(name, reason)| (name.clone(), short(reason))).collect();
        fs::write(DIFFERENCES, serde_json::to_string_pretty(&known).unwrap() + "\n").unwrap();
        return;
    }
    let known = fs::read_to_string(DIFFERENCES).unwrap();
    let known: Failures = serde_json::from_str(&known).unwrap();
    let new: Vec<_> = failures.iter().filter(|(name, _)| !known.contains_key(*name)).collect();
    let count = new.len();
    assert!(new.is_empty(), "{count} cases fail that did not\n{}", list(new.into_iter()));
    let gone: Vec<&String> = known.keys().filter(|name| !failures.contains_key(*name)).collect();
    assert!(gone.is_empty(), "these hold, or are no more: record anew with {RECORD}=1: {gone:#?}");
}

fn list<'f>(failures: impl Iterator<Item = (&'f String, &'f String)>) -> String {
    failures.map(|(name, reason)| format!("{name}\n    {reason}\n")).collect()
}

/// The cases that do not hold for a store.
async fn failures(store: &dyn Store, applies: impl Fn(&Case) -> bool) -> Failures {
    let mut failures = BTreeMap::new();
    for (place, (file, case)) in case::all().into_iter().enumerate() {
        let case = match case {
            Ok(case) => case,
            Err(reason) => {
                failures.insert(file, reason);
                continue;
            }
        };
        let name = format!("{file}: {}", case.name);
        if !applies(&case) || REFUSED_BEFORE.contains(&name.as_str()) {
            continue;
        }
        if let Err(reason) = check::check(store, &format!("case{place}"), &case).await {
            failures.insert(name, reason);
        }
    }
    failures
}
