//! The file: what opens, what does not, and what a full disk leaves.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use bson::doc;
use hookstead_data::{EmbeddedFile, EmbeddedOptions, ErrorKind};

use super::fixture::{Ask as _, Fixture, c};

fn refusal(folder: &Path) -> String {
    let error = EmbeddedFile::open(folder, EmbeddedOptions::default()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Internal);
    error.message
}

#[tokio::test]
async fn documents_outlive_the_process() {
    let fixture = Fixture::new();
    fixture.store.insert(&c(), &[doc! {"_id": 1}]).await.unwrap();
    let fixture = fixture.reopen();
    assert_eq!(fixture.store.find(&c(), doc! {}).await.unwrap(), [doc! {"_id": 1}]);
}

#[tokio::test]
async fn a_write_that_nobody_waits_for_is_done() {
    let fixture = Fixture::new();
    for n in 0..100 {
        drop(hookstead_data::Target::run(
            &fixture.store,
            c(),
            hookstead_data::Command::InsertMany(hookstead_data::InsertMany {
                documents: vec![super::fixture::raw(&doc! {"_id": n})],
                ordered: true,
            }),
        ));
    }
    let fixture = fixture.reopen();
    assert_eq!(fixture.store.count(&c(), doc! {}).await.unwrap(), 100);
}

#[tokio::test]
async fn the_files_are_for_their_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("a/b");
    let file = EmbeddedFile::open(&inner, EmbeddedOptions::default()).unwrap();
    file.data_source("s").insert(&c(), &[doc! {}]).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&inner), 0o700);
    let mut names = Vec::new();
    for entry in fs::read_dir(&inner).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(mode(&entry.path()), 0o600, "{:?}", entry.path());
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(
        names,
        ["documents.lock", "documents.sqlite3", "documents.sqlite3-shm", "documents.sqlite3-wal"]
    );
}

#[test]
fn what_is_no_database_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("documents.sqlite3"), "not a database, but text. ".repeat(99))
        .unwrap();
    let message = refusal(folder.path());
    assert!(message.contains("documents.sqlite3 is not a database of Hookstead"), "{message}");
    assert!(message.contains("\n  → move it away to begin"), "{message}");
}

#[test]
fn another_program_s_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("documents.sqlite3");
    rusqlite::Connection::open(path).unwrap().execute_batch("CREATE TABLE a (b)").unwrap();
    assert!(refusal(folder.path()).contains("is not a database of Hookstead"));
}

#[tokio::test]
async fn a_newer_layout_is_refused() {
    let fixture = Fixture::new();
    fixture.store.insert(&c(), &[doc! {}]).await.unwrap();
    let path = fixture.path().join("documents.sqlite3");
    rusqlite::Connection::open(path).unwrap().pragma_update(None, "user_version", 3).unwrap();
    let message = refusal(fixture.path());
    assert!(message.contains("layout 3, this version knows layouts 1 and 2"), "{message}");
}

#[tokio::test]
async fn a_damaged_file_is_refused_by_name() {
    let fixture = Fixture::new();
    let documents: Vec<_> = (0..1_000).map(|n| doc! {"_id": n, "t": "x".repeat(100)}).collect();
    fixture.store.insert(&c(), &documents).await.unwrap();
    let path = fixture.path().join("documents.sqlite3");
    let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
    rusqlite::Connection::open(&path).unwrap().query_row(checkpoint, [], |_| Ok(())).unwrap();
    let bytes = fs::read(&path).unwrap();
    let copies = tempfile::tempdir().unwrap();
    let mut damaged = bytes.clone();
    damaged[100..4_096].fill(0xee);
    for (name, bytes) in [("cut", &bytes[..bytes.len() / 2]), ("page", &damaged[..])] {
        let folder = copies.path().join(name);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("documents.sqlite3"), bytes).unwrap();
        let message = refusal(&folder);
        assert!(message.contains("documents.sqlite3 is damaged"), "{name}: {message}");
        assert!(message.contains("backup"), "{message}");
    }
}

#[tokio::test]
async fn damage_that_is_met_later_is_an_error() {
    let fixture = Fixture::new();
    let documents: Vec<_> = (0..5_000).map(|n| doc! {"_id": n, "t": "x".repeat(100)}).collect();
    fixture.store.insert(&c(), &documents).await.unwrap();
    let path = fixture.path().join("documents.sqlite3");
    let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
    rusqlite::Connection::open(&path).unwrap().query_row(checkpoint, [], |_| Ok(())).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 40_960].fill(0xee);
    let copy = tempfile::tempdir().unwrap();
    fs::write(copy.path().join("documents.sqlite3"), bytes).unwrap();
    let store = super::fixture::open(copy.path());
    let error = store.find(&c(), doc! {"t": "y"}).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Internal);
    assert!(!error.message.contains("documents.sqlite3"), "{error}");
    let source = error.source.unwrap().to_string();
    assert!(source.contains("documents.sqlite3 is damaged"), "{source}");
}

#[test]
fn a_folder_in_the_place_of_the_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("documents.sqlite3")).unwrap();
    let message = refusal(folder.path());
    assert!(message.ends_with("documents.sqlite3 is a folder\n  → move it away"), "{message}");
}

#[tokio::test]
async fn a_full_file_fails_writes_and_loses_none() {
    let options = EmbeddedOptions { file_bytes_max: Some(400 << 10), ..Default::default() };
    let fixture = Fixture::with(options);
    let store = &fixture.store;
    let text = "x".repeat(4_000);
    let tasks: Vec<_> = (0..200)
        .map(|n| {
            let (store, text) = (store.clone(), text.clone());
            tokio::spawn(async move { store.insert(&c(), &[doc! {"_id": n, "t": text}]).await })
        })
        .collect();
    let (mut done, mut failed) = (Vec::new(), 0);
    for (n, task) in (0..).zip(tasks) {
        match task.await.unwrap() {
            Ok(_) => done.push(n),
            Err(error) => {
                assert_eq!((error.kind, error.number()), (ErrorKind::Internal, Some(14031)));
                let source = error.source.unwrap().to_string();
                let limit = "documents.sqlite3 has reached the limit of 1 MiB ([data] \
                             file_mib_max): raise it, or delete documents; ";
                assert!(source.contains(limit), "{source}");
                failed += 1;
            }
        }
    }
    assert!(done.len() > 50 && failed > 50, "{} {failed}", done.len());
    let ids = async |fixture: &Fixture| {
        let found = fixture.store.find(&c(), doc! {}).await.unwrap();
        let mut ids: Vec<i32> = found.iter().map(|one| one.get_i32("_id").unwrap()).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(ids(&fixture).await, done);
    // Small ones find a place again when something goes.
    store.delete(&c(), doc! {"_id": done[0]}, false).await.unwrap();
    store.insert(&c(), &[doc! {"_id": done[0]}]).await.unwrap();
    let fixture = fixture.reopen();
    assert_eq!(ids(&fixture).await, done);
}
