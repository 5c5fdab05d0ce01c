//! The store over MongoDB's driver, against a real server.

mod cursors;
mod fake;
mod outages;
mod reads;
mod repeats;
mod security;
mod sessions;
mod support;
mod watching;
mod wire;
mod writes;

use std::{sync::Arc, time::Duration};

use hookstead_data::{MongoOptions, MongoStore};
use hookstead_testing::SecantusDb;

use support::{Collection, collection};

/// Short enough for tests that wait for it to pass.
pub(crate) fn options() -> MongoOptions {
    MongoOptions {
        server_selection_time: Duration::from_secs(2),
        connect_time: Duration::from_secs(2),
        // On a busy machine a large insert takes minutes.
        operation_time: Duration::from_secs(600),
        ..MongoOptions::default()
    }
}

pub(crate) fn connect(server: &SecantusDb) -> Arc<MongoStore> {
    Arc::new(MongoStore::connect(&server.uri(), options()).unwrap())
}

/// A server of its own, and an empty collection there.
pub(crate) fn start() -> (SecantusDb, Arc<MongoStore>, Collection) {
    let server = SecantusDb::start();
    let store = connect(&server);
    let collection = collection(store.clone(), "c");
    (server, store, collection)
}
