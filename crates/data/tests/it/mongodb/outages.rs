//! Servers that die, hang, or were never there.

use std::{
    collections::BTreeSet,
    error::Error as _,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use bson::{Bson, RawDocumentBuf, rawdoc};
use hookstead_data::{DataError, ErrorKind, MongoOptions, MongoStore, Store as _};
use hookstead_testing::SecantusDb;
use tokio::{net::TcpListener, sync::mpsc};

use super::{
    connect,
    fake::{Fake, Reply},
    options,
    support::{Collection, collection, filter},
};

/// Far above what any limit of [`options`] allows, for machines that are busy with other things.
const PATIENCE: Duration = Duration::from_secs(20);

/// What became of one insert of a client.
struct Insert {
    client: i32,
    result: Result<i64, DataError>,
    time: Duration,
}

/// Inserts one document after the other, whatever comes of it.
async fn insert_all_the_time(
    c: Collection,
    client: i32,
    is_over: Arc<AtomicBool>,
    told: mpsc::UnboundedSender<Insert>,
) {
    for number in i64::from(client) * 1_000_000.. {
        let start = Instant::now();
        let result = c.insert([rawdoc! { "_id": number }]).await.map(|_| number);
        if told.send(Insert { client, result, time: start.elapsed() }).is_err()
            || is_over.load(Ordering::Relaxed)
        {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_dies_under_load_and_comes_back() {
    const CLIENTS: i32 = 4;
    let mut server = SecantusDb::start_with(&["--sync-on-commit"]);
    let c = collection(connect(&server), "c");
    let is_over = Arc::new(AtomicBool::new(false));
    let (tell, mut told) = mpsc::unbounded_channel();
    for client in 0..CLIENTS {
        tokio::spawn(insert_all_the_time(c.clone(), client, Arc::clone(&is_over), tell.clone()));
    }
    drop(tell);
    let mut promised = BTreeSet::new();
    // Until every client has written, then has failed, then has written again; and that twice.
    for phase in 0..5 {
        match phase {
            0 => {}
            1 | 3 => server.kill(),
            _ => server.restart(),
        }
        let is_up = phase % 2 == 0;
        let mut waiting: BTreeSet<i32> = (0..CLIENTS).collect();
        while !waiting.is_empty() {
            let insert = told.recv().await.unwrap();
            assert!(insert.time < PATIENCE, "{:?}", insert.time);
            if insert.result.is_ok() == is_up {
                waiting.remove(&insert.client);
            }
            match insert.result {
                Ok(number) => assert!(promised.insert(number)),
                Err(failure) => assert_eq!(failure.kind, ErrorKind::Unavailable, "{failure}"),
            }
        }
    }
    is_over.store(true, Ordering::Relaxed);
    while let Some(insert) = told.recv().await {
        promised.extend(insert.result.ok());
    }
    let kept: BTreeSet<i64> =
        c.contents().await.iter().map(|document| document.get_i64("_id").unwrap()).collect();
    let lost: Vec<_> = promised.difference(&kept).collect();
    assert!(lost.is_empty(), "lost {lost:?} of {}", promised.len());
}

#[tokio::test]
async fn a_dead_server_is_named_with_the_reason() {
    let mut server = SecantusDb::start_with(&["--sync-on-commit"]);
    let store = connect(&server);
    let c = collection(store.clone(), "c");
    c.insert([rawdoc! { "_id": 1 }]).await.unwrap();
    server.kill();
    let address = server.address();
    let failures = [
        c.find(filter(RawDocumentBuf::new())).await.unwrap_err(),
        c.insert([rawdoc! { "_id": 2 }]).await.unwrap_err(),
        store.database_names().await.unwrap_err(),
        store.collection_names("test".to_owned()).await.unwrap_err(),
    ];
    for failure in failures {
        assert_eq!(failure.kind, ErrorKind::Unavailable);
        // A function may hand the message on: where the server is stands in the log only.
        assert_eq!(failure.message, "no MongoDB server answered within 2 s");
        let source = failure.source().unwrap().to_string();
        assert!(source.starts_with(&format!("{address}: ")), "{source}");
        assert!(source.ends_with(": nothing listens there"), "{source}");
    }
    let session = store.start_session();
    session.start_transaction().unwrap();
    let failure = c.within(&session).insert([rawdoc! { "_id": 3 }]).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Unavailable, "{failure}");
    server.restart();
    assert!(session.commit_transaction().await.is_err());
    assert_eq!(c.contents().await.len(), 1);
}

/// Limits that are reached soon.
fn impatient() -> MongoOptions {
    MongoOptions { operation_time: Duration::from_secs(1), ..options() }
}

#[tokio::test]
async fn a_server_that_freezes_is_given_up_and_used_again() {
    let server = SecantusDb::start();
    let store = Arc::new(MongoStore::connect(&server.uri(), impatient()).unwrap());
    let c = collection(store, "c");
    c.insert((0..500_i32).map(|number| rawdoc! { "_id": number })).await.unwrap();
    let open = hookstead_data::Command::Find(filter(RawDocumentBuf::new()));
    let (_, cursor) = c.cursor(open).await.unwrap();
    let mut cursor = cursor.unwrap();
    server.freeze();
    let start = Instant::now();
    let failure = c.insert([rawdoc! { "_id": "late" }]).await.unwrap_err();
    assert!(start.elapsed() < PATIENCE);
    assert_eq!(failure.kind, ErrorKind::Unavailable);
    assert_eq!(failure.message, "MongoDB did not answer within 3 s");
    assert_eq!(failure.source().unwrap().to_string(), server.address().to_string());
    let failure = cursor.next_batch().await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Unavailable, "{failure}");
    server.thaw();
    // Documents may have been skipped.
    assert_eq!(cursor.next_batch().await.unwrap_err().kind, ErrorKind::Refused);
    drop(cursor);
    while let Err(failure) = c.insert([rawdoc! { "_id": "later" }]).await {
        assert_eq!(failure.kind, ErrorKind::Unavailable, "{failure}");
    }
    let found = c.distinct("_id", rawdoc! { "_id": "later" }).await.unwrap();
    assert_eq!(found, [Bson::from("later")]);
}

#[tokio::test]
async fn a_server_keeps_the_limit_itself() {
    let server = SecantusDb::start();
    let c = collection(connect(&server), "c");
    c.insert((0..3000_i32).map(|number| rawdoc! { "_id": number })).await.unwrap();
    let options = MongoOptions { operation_time: Duration::from_millis(100), ..options() };
    let store = Arc::new(MongoStore::connect(&server.uri(), options).unwrap());
    let c = collection(store, "c");
    let join = rawdoc! { "$lookup": { "from": "c", "pipeline": [], "as": "all" } };
    let group = rawdoc! { "$group": { "_id": null, "n": { "$sum": { "$size": "$all" } } } };
    let begun = Instant::now();
    loop {
        let stages = vec![join.clone(), group.clone()];
        let failure = c.aggregate(stages, RawDocumentBuf::new()).await.unwrap_err();
        assert_eq!(failure.kind, ErrorKind::Unavailable, "{failure}");
        // On a busy machine the server may say nothing in time, and the client gives up first.
        if failure.number() == Some(50) {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{failure}");
    }
}

#[tokio::test]
async fn a_server_that_accepts_and_says_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let uri = format!("mongodb://name:pa55word@{address}/");
    let store = MongoStore::connect(&uri, impatient()).unwrap();
    let start = Instant::now();
    let failure = store.database_names().await.unwrap_err();
    assert!(start.elapsed() < PATIENCE);
    assert_eq!(failure.kind, ErrorKind::Unavailable);
    assert_eq!(failure.message, "no MongoDB server answered within 2 s");
    assert!(failure.source().unwrap().to_string().starts_with(&address.to_string()));
    assert!(!format!("{store:?} {failure:?}").contains("pa55word"));
    drop(listener);

    // And one that says nothing but hello.
    let fake = Fake::start(|_, _| Reply::Nothing).await;
    let store = Arc::new(MongoStore::connect(&fake.uri, impatient()).unwrap());
    let failure = collection(store, "c").find(filter(RawDocumentBuf::new())).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Unavailable);
    assert_eq!(failure.message, "MongoDB did not answer within 3 s");
    assert!(failure.source().unwrap().to_string().starts_with("127."));
}

#[tokio::test]
async fn names_that_do_not_resolve() {
    for (uri, expected) in [
        ("mongodb://name:pa55word@no-such-host.invalid/", "no-such-host.invalid:27017: "),
        ("mongodb+srv://name:pa55word@no-such-host.invalid/", "no-such-host.invalid"),
    ] {
        let store = MongoStore::connect(uri, options()).unwrap();
        let start = Instant::now();
        let failure = store.database_names().await.unwrap_err();
        assert!(start.elapsed() < PATIENCE);
        assert_eq!(failure.kind, ErrorKind::Unavailable, "{failure}");
        let source = failure.source().unwrap().to_string();
        assert!(source.contains(expected) && !failure.message.contains("no-such"), "{source}");
        assert!(!format!("{store:?} {failure} {failure:?}").contains("pa55word"));
    }
}

#[test]
fn commands_come_from_any_thread() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = SecantusDb::start();
    let own = runtime();
    let store = own.block_on(async { connect(&server) });
    let c = collection(store, "c");
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let own = std::thread::spawn(move || own.block_on(ended));
    let others: Vec<_> = (0..4_i32)
        .map(|number| {
            let c = c.clone();
            let insert = async move { c.insert([rawdoc! { "_id": number }]).await };
            std::thread::spawn(move || runtime().block_on(insert))
        })
        .collect();
    for other in others {
        other.join().unwrap().unwrap();
    }
    assert_eq!(runtime().block_on(c.contents()).len(), 4);
    // When its runtime has ended, nothing waits for ever.
    end.send(()).unwrap();
    own.join().unwrap().unwrap();
    let failure = runtime().block_on(c.insert([rawdoc! { "_id": 5 }])).unwrap_err();
    assert_eq!(failure.message, "the store is being closed");
}
