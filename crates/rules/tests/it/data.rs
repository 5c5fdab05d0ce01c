//! The store of a user, over the embedded store and over a MongoDB server: each case is a rule set,
//! a user, an operation, what it answers, and what the collection holds afterwards.

mod attacks;
mod case;
mod explain;
mod sessions;
mod stage;
mod surface;
mod watching;
mod ways;

use std::sync::Arc;

use hookstead_data::{EmbeddedFile, EmbeddedOptions, MongoOptions, MongoStore, Store};
use hookstead_testing::SecantusDb;
use serde_json::Value as Json;
use tempfile::TempDir;

use self::{case::check, stage::Stage};

/// The files of `tests/data`.
const FILES: &[(&str, &str)] = &[
    ("reading", include_str!("../data/reading.json")),
    ("writing", include_str!("../data/writing.json")),
    ("attacks", include_str!("../data/attacks.json")),
];

/// A store of the real kind, which goes with its folder or its server.
pub(crate) struct Real {
    pub(crate) store: Arc<dyn Store>,
    _folder: Option<TempDir>,
    _server: Option<SecantusDb>,
}

pub(crate) fn embedded() -> Real {
    let folder = tempfile::tempdir().unwrap();
    let file = EmbeddedFile::open(folder.path(), EmbeddedOptions::default()).unwrap();
    let store = Arc::new(file.data_source("m"));
    Real { store, _folder: Some(folder), _server: None }
}

pub(crate) fn mongodb() -> Real {
    let server = SecantusDb::start();
    let store = MongoStore::connect(&server.uri(), MongoOptions::default()).unwrap();
    Real { store: Arc::new(store), _folder: None, _server: Some(server) }
}

async fn check_all(real: &Real) {
    let mut failures = Vec::new();
    let mut count = 0;
    for (name, text) in FILES {
        let file: Json = serde_json::from_str(text).unwrap();
        let stage = Stage::new(Arc::clone(&real.store), &file);
        for (index, case) in file["cases"].as_array().unwrap().iter().enumerate() {
            let database = format!("{name}{index}");
            if let Err(failure) = check(&stage, &database, case).await {
                failures.push(format!("{name} {index} {case}\n    {failure}"));
            }
            count += 1;
        }
    }
    assert!(failures.is_empty(), "{} of {count}:\n{}", failures.len(), failures.join("\n"));
    assert!(count > 100, "{count} cases");
}

#[tokio::test]
async fn what_rules_permit_over_the_embedded_store() {
    check_all(&embedded()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_rules_permit_over_mongodb() {
    check_all(&mongodb()).await;
}
