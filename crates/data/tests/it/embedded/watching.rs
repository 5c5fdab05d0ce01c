//! Streams of changes: what they tell, in which order, and where they end.

use std::{path::Path, sync::Arc, time::Duration};

use bson::{Bson, Document, RawDocumentBuf, doc};
use hookstead_data::{
    Change, Changes, Command, DataError, EmbeddedFile, EmbeddedOptions, EmbeddedStore, ErrorKind,
    FindAndModify, LogLimits, Modification, Namespace, Store as _, Target as _, Update, Watch,
    WatchLimits,
};

use super::{
    fixture::{Ask as _, Fixture, c, named, open, raw},
    processes::{folder, start},
};

const HISTORY_LOST: i32 = 286;

pub(super) async fn watch(store: &EmbeddedStore, name: &Namespace) -> Box<dyn Changes> {
    let limits = WatchLimits { changes_max: 100_000, bytes_max: 256 << 20 };
    store.watch(name.clone(), Watch { limits, ..Watch::default() }).await.unwrap()
}

async fn resumed(
    store: &EmbeddedStore,
    token: &RawDocumentBuf,
) -> Result<Box<dyn Changes>, DataError> {
    let watch = Watch { resume_after: Some(token.clone()), ..Watch::default() };
    store.watch(c(), watch).await
}

/// The error of a stream that cannot begin.
fn refused(opened: Result<Box<dyn Changes>, DataError>) -> DataError {
    match opened {
        Ok(_) => panic!("the stream begins"),
        Err(error) => error,
    }
}

async fn next(changes: &mut Box<dyn Changes>) -> Arc<Change> {
    let next = tokio::time::timeout(Duration::from_secs(60), changes.next());
    next.await.unwrap().unwrap()
}

/// An event without what is different each time.
fn told(change: &Change) -> Document {
    let mut event = Document::try_from(change.event()).unwrap();
    assert!(event.remove("_id").is_some() && event.remove("clusterTime").is_some());
    let namespace = event.remove("ns");
    assert_eq!(namespace, Some(Bson::Document(doc! {"db": "db", "coll": "c"})));
    event
}

async fn ids(changes: &mut Box<dyn Changes>, count: usize) -> Vec<Bson> {
    let mut ids = Vec::new();
    for _ in 0..count {
        let key = Document::try_from(&*next(changes).await.document_key).unwrap();
        ids.push(key.get("_id").unwrap().clone());
    }
    ids
}

async fn replace(store: &EmbeddedStore, filter: Document, document: Document) {
    let modification = Modification::Replacement(raw(&document));
    let update = Update { filter: raw(&filter), modification, many: false, upsert: false };
    store.update_with(&c(), update).await.unwrap();
}

#[tokio::test]
async fn every_kind_of_change_is_told() {
    let store = Fixture::new();
    let store = &store.store;
    store.insert(&c(), &[doc! {"_id": 0}]).await.unwrap();
    let mut changes = watch(store, &c()).await;
    store.insert(&c(), &[doc! {"_id": 1, "a": 1, "b": {"c": 1}}]).await.unwrap();
    let set = doc! {"$set": {"b.c": 2}, "$unset": {"a": ""}};
    store.update(&c(), doc! {"_id": 1}, set, false).await.unwrap();
    // Nothing changes here.
    store.update(&c(), doc! {"_id": 1}, doc! {"$set": {"b.c": 2}}, false).await.unwrap();
    replace(store, doc! {"_id": 1}, doc! {"z": 1}).await;
    store.insert(&named("other"), &[doc! {"_id": 7}]).await.unwrap();
    store.delete(&c(), doc! {"_id": 1}, false).await.unwrap();
    store.delete(&c(), doc! {}, true).await.unwrap();
    let description = doc! {
        "updatedFields": {"b.c": 2}, "removedFields": ["a"], "truncatedArrays": [],
    };
    let expected = [
        doc! {
            "operationType": "insert",
            "fullDocument": {"_id": 1, "a": 1, "b": {"c": 1}},
            "documentKey": {"_id": 1},
        },
        doc! {
            "operationType": "update",
            "fullDocument": {"_id": 1, "b": {"c": 2}},
            "documentKey": {"_id": 1},
            "updateDescription": description,
        },
        doc! {
            "operationType": "replace",
            "fullDocument": {"_id": 1, "z": 1},
            "documentKey": {"_id": 1},
        },
        doc! {"operationType": "delete", "documentKey": {"_id": 1}},
        doc! {"operationType": "delete", "documentKey": {"_id": 0}},
    ];
    for expected in expected {
        assert_eq!(told(&*next(&mut changes).await), expected);
    }
}

#[tokio::test]
async fn a_transaction_is_told_when_it_is_committed() {
    let store = Fixture::new().reopen();
    let store = &store.store;
    store.insert(&c(), &[doc! {"_id": 1, "n": 1}, doc! {"_id": 2}]).await.unwrap();
    let mut changes = watch(store, &c()).await;
    let (session, aborted) = (store.start_session(), store.start_session());
    aborted.start_transaction().unwrap();
    aborted.insert(&c(), &[doc! {"_id": 8}]).await.unwrap();
    aborted.abort_transaction().await.unwrap();
    session.start_transaction().unwrap();
    session.update(&c(), doc! {"_id": 1}, doc! {"$inc": {"n": 1}}, false).await.unwrap();
    session.update(&c(), doc! {"_id": 1}, doc! {"$inc": {"n": 1}}, false).await.unwrap();
    session.delete(&c(), doc! {"_id": 2}, false).await.unwrap();
    session.insert(&c(), &[doc! {"_id": 3}]).await.unwrap();
    store.insert(&c(), &[doc! {"_id": 4}]).await.unwrap();
    session.commit_transaction().await.unwrap();
    let mut kinds = Vec::new();
    for _ in 0..4 {
        let change = next(&mut changes).await;
        let key = Document::try_from(&*change.document_key).unwrap();
        kinds.push((change.kind.name(), key.get_i32("_id").unwrap()));
    }
    assert_eq!(kinds, [("insert", 4), ("update", 1), ("delete", 2), ("insert", 3)]);
}

#[tokio::test]
async fn ids_and_filters_choose() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    let only =
        Watch { ids: Some(vec![Bson::Int64(2), Bson::String("x".into())]), ..Watch::default() };
    let mut some = store.watch(c(), only).await.unwrap();
    let filter = raw(&doc! {"operationType": "insert", "fullDocument.kind": "a"});
    let mut of_kind = store.watch(c(), Watch { filter, ..Watch::default() }).await.unwrap();
    for id in 1..4 {
        let kind = if id == 2 { "b" } else { "a" };
        store.insert(&c(), &[doc! {"_id": id, "kind": kind}]).await.unwrap();
    }
    store.delete(&c(), doc! {"_id": 2}, false).await.unwrap();
    store.insert(&c(), &[doc! {"_id": "x", "kind": "a"}]).await.unwrap();
    let two = Bson::Int32(2);
    assert_eq!(ids(&mut some, 3).await, [two.clone(), two, "x".into()]);
    assert_eq!(ids(&mut of_kind, 3).await, [1.into(), 3.into(), Bson::from("x")]);
    let error = store.watch(c(), Watch { filter: raw(&doc! {"$nor": 1}), ..Watch::default() });
    assert_eq!(refused(error.await).kind, ErrorKind::Refused);
}

#[tokio::test]
async fn a_stream_goes_on_behind_its_token() {
    let fixture = Fixture::new();
    let mut changes = watch(&fixture.store, &c()).await;
    for id in 0..1000 {
        fixture.store.insert(&c(), &[doc! {"_id": id}]).await.unwrap();
        if id % 3 == 0 {
            fixture.store.insert(&named("other"), &[doc! {"_id": id}]).await.unwrap();
        }
    }
    let token = next(&mut changes).await.token.clone();
    drop(changes);
    let fixture = fixture.reopen();
    let mut changes = resumed(&fixture.store, &token).await.unwrap();
    let store = fixture.store.clone();
    let writer = tokio::spawn(async move {
        for id in 1000..1500 {
            store.insert(&c(), &[doc! {"_id": id}]).await.unwrap();
        }
    });
    let expected: Vec<Bson> = (1..1500).map(Bson::Int32).collect();
    assert_eq!(ids(&mut changes, 1499).await, expected);
    writer.await.unwrap();
}

#[tokio::test]
async fn a_token_that_is_too_old_is_refused() {
    let log = LogLimits { changes_max: 10, bytes_max: 64 << 20, time: Duration::from_secs(3600) };
    let small = EmbeddedOptions { log, ..EmbeddedOptions::default() };
    let fixture = Fixture::with(small);
    let mut changes = watch(&fixture.store, &c()).await;
    fixture.store.insert(&c(), &[doc! {"_id": "first"}]).await.unwrap();
    let first = next(&mut changes).await.token.clone();
    for _ in 0..200 {
        fixture.store.insert(&c(), &[doc! {"text": "x".repeat(1000)}]).await.unwrap();
    }
    let mut last = first.clone();
    for _ in 0..200 {
        last = next(&mut changes).await.token.clone();
    }
    let error = refused(resumed(&fixture.store, &first).await);
    assert_eq!((error.kind, error.number()), (ErrorKind::Refused, Some(HISTORY_LOST)));
    let mut from_last = resumed(&fixture.store, &last).await.unwrap();
    fixture.store.insert(&c(), &[doc! {"_id": 5}]).await.unwrap();
    assert_eq!(ids(&mut from_last, 1).await, [Bson::Int32(5)]);
    // Nor is one of another file, or of another collection.
    let other = Fixture::new();
    drop(watch(&other.store, &c()).await);
    assert_eq!(refused(resumed(&other.store, &last).await).number(), Some(HISTORY_LOST));
    let token = Watch { resume_after: Some(last), ..Watch::default() };
    let elsewhere = fixture.store.watch(named("d"), token).await;
    assert_eq!(refused(elsewhere).number(), Some(HISTORY_LOST));
    let token = Watch { resume_after: Some(raw(&doc! {"_data": "82"})), ..Watch::default() };
    assert_eq!(refused(fixture.store.watch(c(), token).await).number(), Some(260));
}

#[tokio::test]
async fn changes_are_kept_for_a_while_after_the_last_stream() {
    let time = Duration::from_millis(1500);
    let log = LogLimits { changes_max: 1000, bytes_max: 64 << 20, time };
    let fixture = Fixture::with(EmbeddedOptions { log, ..EmbeddedOptions::default() });
    let mut changes = watch(&fixture.store, &c()).await;
    fixture.store.insert(&c(), &[doc! {"_id": 1}]).await.unwrap();
    let token = next(&mut changes).await.token.clone();
    drop(changes);
    let mut lost = false;
    for _ in 0..600 {
        fixture.store.insert(&c(), &[doc! {"a": 1}]).await.unwrap();
        let watch = Watch { resume_after: Some(token.clone()), ..Watch::default() };
        match fixture.store.watch(c(), watch).await {
            Ok(mut changes) => drop(next(&mut changes).await),
            Err(error) => {
                assert_eq!(error.number(), Some(HISTORY_LOST));
                lost = true;
                break;
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(lost, "changes are kept for too long");
}

#[tokio::test]
async fn who_does_not_read_loses_the_stream_and_nobody_else_does() {
    let fixture = Fixture::new();
    let limits = WatchLimits { changes_max: 5, bytes_max: 1 << 20 };
    let mut slow = fixture.store.watch(c(), Watch { limits, ..Watch::default() }).await.unwrap();
    let limits = WatchLimits { changes_max: 1000, bytes_max: 1000 };
    let mut heavy = fixture.store.watch(c(), Watch { limits, ..Watch::default() }).await.unwrap();
    let mut quick = watch(&fixture.store, &c()).await;
    for id in 0..20 {
        fixture.store.insert(&c(), &[doc! {"_id": id, "text": "x".repeat(200)}]).await.unwrap();
        assert_eq!(ids(&mut quick, 1).await, [Bson::Int32(id)]);
    }
    for stream in [&mut slow, &mut heavy] {
        let error = stream.next().await.unwrap_err();
        assert!(error.message.contains("read too slowly"), "{error}");
        assert!(stream.next().await.is_err());
    }
}

#[tokio::test]
async fn no_more_collections_are_watched_than_there_may_be() {
    let options = EmbeddedOptions { watched_collections_max: 2, ..EmbeddedOptions::default() };
    let fixture = Fixture::with(options);
    let _streams = (watch(&fixture.store, &c()).await, watch(&fixture.store, &named("d")).await);
    let _again = watch(&fixture.store, &c()).await;
    let error = refused(fixture.store.watch(named("e"), Watch::default()).await);
    assert_eq!(error.kind, ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_collection_that_nobody_watches_any_more_makes_room_for_another_one() {
    let log = LogLimits { time: Duration::from_secs(32), ..LogLimits::default() };
    let options = EmbeddedOptions { log, watched_collections_max: 2, ..EmbeddedOptions::default() };
    let fixture = Fixture::with(options);
    let mut kept = watch(&fixture.store, &c()).await;
    drop(watch(&fixture.store, &named("d")).await);
    let begun = std::time::Instant::now();
    let mut other = loop {
        match fixture.store.watch(named("e"), Watch::default()).await {
            Ok(changes) => break changes,
            Err(error) => assert_eq!(error.kind, ErrorKind::Unavailable),
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "there is no room");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    for (name, changes) in [(c(), &mut kept), (named("e"), &mut other)] {
        fixture.store.insert(&name, &[doc! {"_id": 1}]).await.unwrap();
        assert_eq!(ids(changes, 1).await, [Bson::Int32(1)]);
    }
}

#[tokio::test]
async fn the_log_stays_within_its_limits_when_writes_are_larger_than_these() {
    let log = LogLimits { changes_max: 1000, ..LogLimits::default() };
    let fixture = Fixture::with(EmbeddedOptions { log, ..EmbeddedOptions::default() });
    let _changes = watch(&fixture.store, &c()).await;
    let text = "x".repeat(1000);
    for round in 0..4 {
        let document = |n| doc! {"_id": 5000 * round + n, "text": &text};
        let documents: Vec<_> = (0..5000).map(document).collect();
        fixture.store.insert(&c(), &documents).await.unwrap();
    }
    let connection = rusqlite::Connection::open(fixture.file.path()).unwrap();
    let count = "SELECT count(*) FROM changes";
    let count: i64 = connection.query_row(count, [], |row| row.get(0)).unwrap();
    // What a write adds is there until the next one.
    assert!(count <= 7000, "{count} changes are kept");
}

#[tokio::test]
async fn a_source_hears_nothing_of_another_one() {
    let fixture = Fixture::new();
    let other = fixture.file.data_source("other");
    let mut changes = watch(&fixture.store, &c()).await;
    let mut others = watch(&other, &c()).await;
    other.insert(&c(), &[doc! {"_id": "theirs"}]).await.unwrap();
    fixture.store.insert(&c(), &[doc! {"_id": "own"}]).await.unwrap();
    assert_eq!(ids(&mut changes, 1).await, [Bson::from("own")]);
    assert_eq!(ids(&mut others, 1).await, [Bson::from("theirs")]);
}

#[tokio::test]
async fn a_file_that_nobody_has_watched_keeps_its_layout() {
    let layout = |path: &Path| -> i32 {
        let connection = rusqlite::Connection::open(path).unwrap();
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    };
    let fixture = Fixture::new();
    fixture.store.insert(&c(), &[doc! {"_id": 1}]).await.unwrap();
    assert_eq!(layout(fixture.file.path()), 1);
    drop(watch(&fixture.store, &c()).await);
    assert_eq!(layout(fixture.file.path()), 2);
    assert_eq!(fixture.reopen().store.count(&c(), doc! {}).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_streams_get_the_same_changes_in_the_order_of_the_commits() {
    let fixture = Fixture::new();
    let mut readers = Vec::new();
    for _ in 0..20 {
        let mut changes = watch(&fixture.store, &c()).await;
        readers.push(tokio::spawn(async move { ids(&mut changes, 400).await }));
    }
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let store = fixture.store.clone();
            tokio::spawn(async move {
                for n in 0..50 {
                    store.insert(&c(), &[doc! {"_id": format!("{writer}-{n}")}]).await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    // Rows are numbered as they are inserted.
    let stored = fixture.store.find(&c(), doc! {}).await.unwrap();
    let order: Vec<Bson> = stored.iter().map(|one| one.get("_id").unwrap().clone()).collect();
    for reader in readers {
        assert_eq!(reader.await.unwrap(), order);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_writes() {
    let Some(folder) = folder() else { return };
    let store = open(&folder);
    for n in 0_i32.. {
        let modify = FindAndModify {
            filter: raw(&doc! {"_id": "count"}),
            modification: Some(Modification::Replacement(raw(&doc! {"n": n}))),
            sort: None,
            projection: None,
            upsert: true,
            return_new: false,
        };
        store.run(c(), Command::FindAndModify(modify)).await.unwrap();
        store.insert(&c(), &[doc! {"_id": n}]).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_process_writes_is_told_and_nothing_is_missing_after_a_kill() {
    let fixture = Fixture::new();
    let mut changes = watch(&fixture.store, &c()).await;
    let mut token = None;
    for round in 0..5 {
        let mut child = start("embedded::watching::a_process_that_writes", fixture.path());
        // It writes for a while, and dies in the middle of it.
        for _ in 0..20 {
            token = Some(next(&mut changes).await.token.clone());
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // From any change on, a new stream tells the same as the one that was there all the time.
        let mut again = resumed(&fixture.store, token.as_ref().unwrap()).await.unwrap();
        let end = format!("end {round}");
        fixture.store.insert(&c(), &[doc! {"_id": &end}]).await.unwrap();
        loop {
            let (one, other) = (next(&mut changes).await, next(&mut again).await);
            assert_eq!(one.event(), other.event());
            if told(&one).get_document("documentKey").unwrap().get_str("_id").ok() == Some(&end) {
                break;
            }
        }
        fixture.store.delete(&c(), doc! {}, true).await.unwrap();
        // Each of what was there is told.
        while told(&*next(&mut changes).await).get_str("operationType").unwrap() != "delete" {}
        let left = fixture.store.count(&c(), doc! {}).await.unwrap();
        assert_eq!(left, 0);
        changes = watch(&fixture.store, &c()).await;
    }
    assert!(token.is_some());
}

#[tokio::test]
async fn a_store_that_closes_ends_its_streams_without_a_thread_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let file = EmbeddedFile::open(folder.path(), EmbeddedOptions::default()).unwrap();
    let store = file.data_source("mongodb-atlas");
    let changes = watch(&store, &c()).await;
    drop((changes, store, file));
    let reopened = open(folder.path());
    let mut changes = watch(&reopened, &c()).await;
    reopened.insert(&c(), &[doc! {"_id": 1}]).await.unwrap();
    assert_eq!(ids(&mut changes, 1).await, [Bson::Int32(1)]);
}
