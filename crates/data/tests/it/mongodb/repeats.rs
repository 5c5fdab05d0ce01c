//! What is sent twice when a connection breaks, and what must not be.

use std::sync::Arc;

use bson::{Document, RawDocumentBuf, doc, rawdoc};
use hookstead_data::{Delete, ErrorKind, FindAndModify, MongoStore, Update, WriteOperation};

use super::{
    fake::{Fake, Reply, refuse},
    options,
    support::{Collection, collection, filter, operators_of, set},
};

fn connect(fake: &Fake, settings: &str) -> Collection {
    let uri = format!("{}?{settings}", fake.uri);
    collection(Arc::new(MongoStore::connect(&uri, options()).unwrap()), "c")
}

/// What any command may be answered with.
fn fine() -> Reply {
    let cursor = doc! { "id": 0_i64, "ns": "test.c", "firstBatch": [{ "_id": 1 }] };
    Reply::Say(
        doc! { "n": 1, "nModified": 1, "cursor": cursor, "values": [1], "value": { "_id": 1 } },
    )
}

/// A server that hangs up on its first command.
async fn hangs_up_once() -> Fake {
    Fake::start(|_, before| if before == 0 { Reply::HangUp } else { fine() }).await
}

fn change() -> Update {
    set(RawDocumentBuf::new(), rawdoc! { "$set": { "a": 1 } })
}

fn numbers(fake: &Fake) -> Vec<Option<i64>> {
    fake.asked().iter().map(|command| command.get_i64("txnNumber").ok()).collect()
}

#[tokio::test]
async fn a_write_that_got_lost_is_sent_again_under_its_number() {
    let fake = hangs_up_once().await;
    let c = connect(&fake, "");
    assert_eq!(c.update(change()).await.unwrap().modified, 1);
    let asked = fake.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].get("lsid"), asked[1].get("lsid"));
    assert!(asked[0].get_i64("txnNumber").is_ok());
    assert_eq!(asked[0].get("txnNumber"), asked[1].get("txnNumber"));
    // The next one has another.
    c.update(change()).await.unwrap();
    let numbers = numbers(&fake);
    assert_ne!(numbers[1], numbers[2]);
}

#[tokio::test]
async fn every_single_write_is_sent_again() {
    let modify = FindAndModify {
        filter: RawDocumentBuf::new(),
        modification: Some(operators_of(rawdoc! { "$set": { "a": 1 } })),
        sort: None,
        projection: None,
        upsert: false,
        return_new: false,
    };
    let fake = hangs_up_once().await;
    connect(&fake, "").insert([rawdoc! { "_id": 1 }]).await.unwrap();
    assert_eq!(fake.asked().len(), 2);
    let fake = hangs_up_once().await;
    connect(&fake, "").delete(rawdoc! {}, false).await.unwrap();
    assert_eq!(fake.asked().len(), 2);
    let fake = hangs_up_once().await;
    connect(&fake, "").modify(modify).await.unwrap();
    assert_eq!(fake.asked().len(), 2);
    assert!(numbers(&fake).iter().all(Option::is_some));
    let fake = hangs_up_once().await;
    let operations = vec![WriteOperation::Update(change()), WriteOperation::Update(change())];
    connect(&fake, "").bulk(true, operations).await.unwrap();
    assert_eq!(fake.asked().len(), 2);
    assert_eq!(fake.asked()[1].get_array("updates").unwrap().len(), 2);
}

#[tokio::test]
async fn what_a_server_could_not_recognise_is_sent_once() {
    let many = Update { many: true, ..change() };
    let all = Delete { filter: rawdoc! {}, many: true };
    let mixed = vec![WriteOperation::Update(change()), WriteOperation::Update(many.clone())];
    let writes = [vec![WriteOperation::Update(many)], vec![WriteOperation::Delete(all)], mixed];
    for operations in writes {
        let fake = hangs_up_once().await;
        let failure = connect(&fake, "").bulk(true, operations).await.unwrap_err();
        assert_eq!(failure.kind, ErrorKind::Unavailable, "{failure}");
        assert_eq!(numbers(&fake), [None]);
    }
    let fake = hangs_up_once().await;
    let failure = connect(&fake, "retryWrites=false").update(change()).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Unavailable, "{failure}");
    assert_eq!(numbers(&fake), [None]);
}

#[tokio::test]
async fn a_write_is_sent_again_when_the_server_asks_for_it() {
    let label = "RetryableWriteError";
    let fake = Fake::start(move |_, before| match before {
        0 => refuse(10107, "not primary", &[label]),
        2 => Reply::Say(doc! {
            "n": 1, "errorLabels": [label],
            "writeConcernError": { "code": 91, "errmsg": "shutting down" },
        }),
        _ => fine(),
    })
    .await;
    let c = connect(&fake, "");
    c.update(change()).await.unwrap();
    c.update(change()).await.unwrap();
    assert_eq!(fake.asked().len(), 4);
}

#[tokio::test]
async fn a_write_fails_after_the_second_try() {
    let fake = Fake::start(|_, _| Reply::HangUp).await;
    let failure = connect(&fake, "").update(change()).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Unavailable);
    assert!(failure.message.starts_with("the connection to MongoDB broke off"), "{failure}");
    assert_eq!(fake.asked().len(), 2);

    // The second try did nothing, as opposed to the first one.
    let fake = Fake::start(|_, before| match before {
        0 => refuse(91, "first", &["RetryableWriteError"]),
        _ => refuse(10107, "second", &["RetryableWriteError", "NoWritesPerformed"]),
    })
    .await;
    let failure = connect(&fake, "").update(change()).await.unwrap_err();
    assert_eq!(failure.message, "first");
}

#[tokio::test]
async fn a_write_that_a_server_promises_too_little_for_has_failed() {
    let fake = Fake::start(|_, _| {
        let concern = doc! { "code": 64, "errmsg": "waiting for replication timed out" };
        Reply::Say(doc! { "n": 1, "writeConcernError": concern })
    })
    .await;
    let failure = connect(&fake, "").update(change()).await.unwrap_err();
    assert_eq!((failure.kind, failure.number()), (ErrorKind::Unavailable, Some(64)));
    assert_eq!(failure.message, "waiting for replication timed out");
}

#[tokio::test]
async fn a_server_that_runs_alone_gets_no_numbers() {
    let text = "Transaction numbers are only allowed on a replica set member or mongos";
    let fake = Fake::start(move |command, _| match command.contains_key("txnNumber") {
        true => refuse(20, text, &[]),
        false => fine(),
    })
    .await;
    let store = Arc::new(MongoStore::connect(&fake.uri, options()).unwrap());
    let c = collection(store.clone(), "c");
    c.update(change()).await.unwrap();
    c.update(change()).await.unwrap();
    let numbers = numbers(&fake);
    assert!(matches!(numbers[..], [Some(_), None, None]), "{numbers:?}");

    let session = hookstead_data::Store::start_session(&*store);
    session.start_transaction().unwrap();
    let failure = c.within(&session).update(change()).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Unsupported);
    assert!(failure.message.contains("replica set"), "{failure}");
}

#[tokio::test]
async fn reads_are_sent_again_but_once() {
    let fake = hangs_up_once().await;
    assert_eq!(connect(&fake, "").contents().await, [doc! { "_id": 1 }]);
    assert_eq!(fake.asked().len(), 2);
    let fake = Fake::start(|_, before| match before {
        0 => refuse(11600, "shutting down", &[]),
        _ => fine(),
    })
    .await;
    assert_eq!(connect(&fake, "").distinct("a", rawdoc! {}).await.unwrap(), [1.into()]);
    assert_eq!(fake.asked().len(), 2);

    let fake = Fake::start(|_, _| Reply::HangUp).await;
    let failure = connect(&fake, "").find(filter(rawdoc! {})).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Unavailable, "{failure}");
    assert_eq!(fake.asked().len(), 2);
}

#[tokio::test]
async fn some_reads_are_sent_once() {
    let fake = hangs_up_once().await;
    let failure = connect(&fake, "retryReads=false").find(filter(rawdoc! {})).await;
    assert_eq!(failure.unwrap_err().kind, ErrorKind::Unavailable);
    assert_eq!(fake.asked().len(), 1);
    // It writes, too.
    let fake = hangs_up_once().await;
    let out = vec![rawdoc! { "$out": "d" }];
    let failure = connect(&fake, "").aggregate(out, RawDocumentBuf::new()).await;
    assert_eq!(failure.unwrap_err().kind, ErrorKind::Unavailable);
    assert_eq!(fake.asked().len(), 1);
    // Another try may skip documents.
    let fake = Fake::start(|command: &Document, _| match command.contains_key("getMore") {
        true => Reply::HangUp,
        false => {
            let cursor = doc! { "id": 9_i64, "ns": "test.c", "firstBatch": [{ "_id": 1 }] };
            Reply::Say(doc! { "cursor": cursor })
        }
    })
    .await;
    let c = connect(&fake, "");
    let (_, cursor) = c.cursor(hookstead_data::Command::Find(filter(rawdoc! {}))).await.unwrap();
    let mut cursor = cursor.unwrap();
    for kind in [ErrorKind::Unavailable, ErrorKind::Refused] {
        assert_eq!(cursor.next_batch().await.unwrap_err().kind, kind);
    }
    assert_eq!(fake.asked().iter().filter(|one| one.contains_key("getMore")).count(), 1);
}
