//! Two processes with one file.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use bson::doc;

use super::fixture::{Ask as _, Fixture, c, open};

/// The folder, for a process that a test starts.
pub(super) const FOLDER: &str = "HOOKSTEAD_TEST_FOLDER";

/// Starts one test of this binary again as a process of its own.
pub(super) fn start(test: &str, folder: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(FOLDER, folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

pub(super) fn folder() -> Option<PathBuf> {
    env::var_os(FOLDER).map(PathBuf::from)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_adds() {
    let Some(folder) = folder() else { return };
    let store = open(&folder);
    for _ in 0..200 {
        store.update(&c(), doc! {"_id": 1}, doc! {"$inc": {"n": 1}}, false).await.unwrap();
    }
    store.insert(&c(), &[doc! {"by": "the other process"}]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_of_two_processes_wait_for_one_another() {
    let fixture = Fixture::new();
    let store = fixture.store.clone();
    store.insert(&c(), &[doc! {"_id": 1, "n": 0}]).await.unwrap();
    let mut child = start("embedded::processes::a_process_that_adds", fixture.path());
    let mut own = 0;
    // This one never pauses, and the other one must come through all the same.
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut own = 0;
                let started = Instant::now();
                let others = doc! {"by": "the other process"};
                while store.count(&c(), others.clone()).await.unwrap() == 0 {
                    let add = doc! {"$inc": {"n": 1}};
                    store.update(&c(), doc! {"_id": 1}, add, false).await.unwrap();
                    own += 1;
                    assert!(started.elapsed() < Duration::from_secs(60), "the other one starves");
                }
                own
            })
        })
        .collect();
    for writer in writers {
        own += writer.await.unwrap();
    }
    assert!(child.wait().unwrap().success());
    let found = store.find(&c(), doc! {"_id": 1}).await.unwrap();
    assert_eq!(found, [doc! {"_id": 1, "n": own + 200}]);
}

#[tokio::test]
async fn another_process_s_collections_and_indexes_are_seen() {
    // Two stores of one process share nothing but the file.
    let fixture = Fixture::new();
    let other = open(fixture.path());
    assert_eq!(other.count(&c(), doc! {}).await.unwrap(), 0);
    fixture.store.insert(&c(), &[doc! {"_id": 1, "a": 5}]).await.unwrap();
    assert_eq!(other.find(&c(), doc! {"_id": 1}).await.unwrap().len(), 1);
    let index = hookstead_data::IndexSpec {
        database: "db".to_owned(),
        collection: "c".to_owned(),
        keys: vec![("a".to_owned(), true)],
        unique: true,
        sparse: false,
    };
    fixture.store.declare_indexes(vec![index]).await.unwrap();
    assert_eq!(other.insert(&c(), &[doc! {"a": 5}]).await.unwrap_err().number(), Some(11000));
    assert_eq!(other.find(&c(), doc! {"a": 5}).await.unwrap().len(), 1);
    // The first array makes ranges wider, for all.
    let between = doc! {"a": {"$gt": 10, "$lt": 20}};
    assert_eq!(other.count(&c(), between.clone()).await.unwrap(), 0);
    fixture.store.insert(&c(), &[doc! {"a": [1, 30]}]).await.unwrap();
    assert_eq!(other.count(&c(), between).await.unwrap(), 1);
    fixture.store.declare_indexes(Vec::new()).await.unwrap();
    assert_eq!(other.find(&c(), doc! {"a": 5}).await.unwrap().len(), 1);
    other.insert(&c(), &[doc! {"a": 5}]).await.unwrap();
    assert_eq!(fixture.store.find(&c(), doc! {"a": 5}).await.unwrap().len(), 2);
}
