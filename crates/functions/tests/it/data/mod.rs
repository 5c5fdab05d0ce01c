//! What functions see of databases: the cases of `tests/data`, put to both stores.
//!
//! What a case expects holds on MongoDB and on the embedded store alike. SecantusDB, the server
//! that is at hand, is young; a case that it answers otherwise than MongoDB says so itself.

mod case;
mod check;
mod stage;

use std::sync::Arc;

use hookstead_data::{EmbeddedFile, EmbeddedOptions, MongoOptions, MongoStore, Store};
use hookstead_testing::SecantusDb;

use check::failures;

#[test]
fn functions_see_the_embedded_store_as_the_cases_say() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = EmbeddedFile::open(folder.path(), EmbeddedOptions::default()).expect("a file");
    let store = |name| Arc::new(file.data_source(name)) as Arc<dyn Store>;
    assert_none(&failures(["mongodb-atlas", "another"].map(store), |_| true));
}

#[test]
fn functions_see_a_server_as_the_cases_say() {
    let server = SecantusDb::start();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let _entered = runtime.enter();
    let store = || {
        let store = MongoStore::connect(&server.uri(), MongoOptions::default());
        Arc::new(store.expect("a store")) as Arc<dyn Store>
    };
    assert_none(&failures([store(), store()], |case| case.embedded_only.is_none()));
}

fn assert_none(failures: &[String]) {
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
}
