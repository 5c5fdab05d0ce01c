//! Sessions and transactions.

use bson::{RawDocumentBuf, doc, rawdoc};
use hookstead_data::{Command, Count, ErrorKind, Find, InsertMany, Store as _};

use super::{
    fake::{Fake, Reply, refuse},
    options, start,
    support::{collection, set},
};

fn numbers(numbers: impl IntoIterator<Item = i32>) -> Vec<RawDocumentBuf> {
    numbers.into_iter().map(|number| rawdoc! { "_id": number }).collect()
}

#[tokio::test]
async fn a_transaction_is_seen_when_it_is_committed() {
    let (_server, store, c) = start();
    c.insert(numbers([0])).await.unwrap();
    let session = store.start_session();
    let inside = c.within(&session);
    assert!(!session.in_transaction());
    session.start_transaction().unwrap();
    assert!(session.in_transaction());
    inside.insert(numbers([1])).await.unwrap();
    inside.update(set(rawdoc! { "_id": 0 }, rawdoc! { "$set": { "a": 1 } })).await.unwrap();
    assert_eq!(inside.contents().await, [doc! { "_id": 0, "a": 1 }, doc! { "_id": 1 }]);
    assert_eq!(inside.count(Count::default()).await.unwrap(), 2);
    assert_eq!(inside.count(Count { skip: 5, ..Count::default() }).await.unwrap(), 0);
    assert_eq!(c.contents().await, [doc! { "_id": 0 }]);
    session.commit_transaction().await.unwrap();
    assert!(!session.in_transaction());
    assert_eq!(c.contents().await.len(), 2);
    // And once more, in the same session.
    session.start_transaction().unwrap();
    inside.delete(rawdoc! {}, true).await.unwrap();
    session.abort_transaction().await.unwrap();
    inside.insert(numbers([2])).await.unwrap();
    assert_eq!(c.contents().await.len(), 3);
}

#[tokio::test]
async fn a_transaction_that_is_dropped_is_forgotten() {
    let (_server, store, c) = start();
    c.insert(numbers([0])).await.unwrap();
    let session = store.start_session();
    session.start_transaction().unwrap();
    c.within(&session).update(set(rawdoc! {}, rawdoc! { "$set": { "a": 1 } })).await.unwrap();
    drop(session);
    // It works as soon as the server has forgotten it: nobody else may change the document before.
    loop {
        match c.update(set(rawdoc! {}, rawdoc! { "$set": { "b": 1 } })).await {
            Ok(_) => break,
            Err(failure) => assert_eq!(failure.kind, ErrorKind::WriteConflict, "{failure}"),
        }
    }
    assert_eq!(c.contents().await, [doc! { "_id": 0, "b": 1 }]);
}

#[tokio::test]
async fn two_transactions_that_change_one_document_collide() {
    let (_server, store, c) = start();
    c.insert(numbers([0])).await.unwrap();
    let change = || set(rawdoc! { "_id": 0 }, rawdoc! { "$inc": { "a": 1 } });
    let (first, second) = (store.start_session(), store.start_session());
    first.start_transaction().unwrap();
    second.start_transaction().unwrap();
    c.within(&first).update(change()).await.unwrap();
    let failure = c.within(&second).update(change()).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.number()),
        (ErrorKind::WriteConflict, Some(112)),
        "{failure}"
    );
    second.abort_transaction().await.unwrap();
    first.commit_transaction().await.unwrap();
    second.start_transaction().unwrap();
    c.within(&second).update(change()).await.unwrap();
    second.commit_transaction().await.unwrap();
    assert_eq!(c.contents().await, [doc! { "_id": 0, "a": 2 }]);
}

#[tokio::test]
async fn commands_run_in_the_order_in_which_they_were_sent() {
    let (_server, store, c) = start();
    c.insert(numbers([0])).await.unwrap();
    let session = store.start_session();
    let inside = c.within(&session);
    session.start_transaction().unwrap();
    let mut sent = Vec::new();
    for number in 0..10_i32 {
        let push = set(rawdoc! { "_id": 0 }, rawdoc! { "$push": { "a": number } });
        sent.push(inside.send(Command::Update(push)));
    }
    let commit = session.commit_transaction();
    // This one no longer belongs to it.
    let documents = numbers([1]);
    let after = inside.send(Command::InsertMany(InsertMany { documents, ordered: true }));
    // Polled from behind.
    let after = tokio::spawn(after);
    let commit = tokio::spawn(commit);
    let sent: Vec<_> = sent.into_iter().rev().map(tokio::spawn).collect();
    for one in sent {
        one.await.unwrap().unwrap();
    }
    commit.await.unwrap().unwrap();
    after.await.unwrap().unwrap();
    let order: Vec<i32> = (0..10).collect();
    assert_eq!(c.contents().await, [doc! { "_id": 0, "a": order }, doc! { "_id": 1 }]);
}

#[tokio::test]
async fn a_cursor_of_a_transaction_lives_as_long_as_that() {
    let (_server, store, c) = start();
    c.insert(numbers(0..500)).await.unwrap();
    let session = store.start_session();
    let inside = c.within(&session);
    session.start_transaction().unwrap();
    inside.insert(numbers([1000])).await.unwrap();
    let (first, cursor) = inside.cursor(Command::Find(Find::default())).await.unwrap();
    let mut cursor = cursor.unwrap();
    // Other commands may come in between.
    inside.insert(numbers([1001])).await.unwrap();
    let mut count = first.len();
    loop {
        let batch = cursor.next_batch().await.unwrap();
        if batch.is_empty() {
            break;
        }
        count += batch.len();
    }
    assert!(count >= 501, "{count}");
    let (_, cursor) = inside.cursor(Command::Find(Find::default())).await.unwrap();
    session.abort_transaction().await.unwrap();
    session.start_transaction().unwrap();
    inside.count(Count::default()).await.unwrap();
    assert!(cursor.unwrap().next_batch().await.is_err());
    session.abort_transaction().await.unwrap();

    // Outside of a transaction it does not mind what the session does.
    let (_, cursor) = inside.cursor(Command::Find(Find::default())).await.unwrap();
    inside.insert(numbers([1002])).await.unwrap();
    drop(session);
    assert!(!cursor.unwrap().next_batch().await.unwrap().is_empty());
}

#[tokio::test]
async fn transactions_are_begun_and_ended_in_turn() {
    let fake = Fake::start(|_, _| Reply::Say(doc! {})).await;
    let store = hookstead_data::MongoStore::connect(&fake.uri, options()).unwrap();
    let session = store.start_session();
    let text = async |future: hookstead_data::Future<'static, ()>| match future.await {
        Ok(()) => String::new(),
        Err(failure) => failure.message,
    };
    assert_eq!(text(session.commit_transaction()).await, "No transaction started");
    assert_eq!(text(session.abort_transaction()).await, "No transaction started");
    session.start_transaction().unwrap();
    let twice = session.start_transaction().unwrap_err();
    assert_eq!(twice.message, "Transaction already in progress");
    assert_eq!(text(session.abort_transaction()).await, "");
    assert_eq!(text(session.abort_transaction()).await, "Cannot call abortTransaction twice");
    let both = "Cannot call commitTransaction after calling abortTransaction";
    assert_eq!(text(session.commit_transaction()).await, both);
    session.start_transaction().unwrap();
    assert_eq!(text(session.commit_transaction()).await, "");
    assert_eq!(text(session.commit_transaction()).await, "");
    let both = "Cannot call abortTransaction after calling commitTransaction";
    assert_eq!(text(session.abort_transaction()).await, both);
    // Nothing was done in any of them.
    assert!(fake.asked().is_empty());
}

#[tokio::test]
async fn a_commit_is_repeated_until_it_is_known() {
    let fake = Fake::start(|command, before| match command.contains_key("commitTransaction") {
        true if before < 4 => refuse(91, "shutting down", &["RetryableWriteError"]),
        _ => Reply::Say(doc! { "n": 1, "nModified": 1 }),
    })
    .await;
    let store =
        std::sync::Arc::new(hookstead_data::MongoStore::connect(&fake.uri, options()).unwrap());
    let session = store.start_session();
    session.start_transaction().unwrap();
    let inside = collection(store.clone(), "c").within(&session);
    inside.update(set(rawdoc! {}, rawdoc! { "$set": { "a": 1 } })).await.unwrap();
    session.commit_transaction().await.unwrap();
    let asked = fake.asked();
    assert!(asked.len() >= 5, "{asked:?}");
    assert!(asked.iter().all(|one| one.get("txnNumber") == asked[0].get("txnNumber")));
    assert_eq!(asked[0].get("startTransaction"), Some(&true.into()));
}

#[tokio::test]
async fn a_transaction_with_a_command_that_got_lost_is_not_committed() {
    let fake = Fake::start(|command, _| match command.contains_key("update") {
        true => Reply::HangUp,
        false => Reply::Say(doc! { "n": 1 }),
    })
    .await;
    let store =
        std::sync::Arc::new(hookstead_data::MongoStore::connect(&fake.uri, options()).unwrap());
    let c = collection(store.clone(), "c");
    let session = store.start_session();
    session.start_transaction().unwrap();
    let inside = c.within(&session);
    inside.insert(numbers([1])).await.unwrap();
    let failure = inside.update(set(rawdoc! {}, rawdoc! { "$set": { "a": 1 } })).await;
    assert_eq!(failure.unwrap_err().kind, ErrorKind::Unavailable);
    let failure = session.commit_transaction().await.unwrap_err();
    assert_eq!(failure.number(), Some(251), "{failure}");
    assert!(failure.message.starts_with("the transaction has failed before"), "{failure}");
    let names: Vec<_> =
        fake.asked().iter().map(|one| one.keys().next().cloned().unwrap()).collect();
    assert!(!names.contains(&"commitTransaction".to_owned()), "{names:?}");

    // So is one of which a command was given up.
    session.start_transaction().unwrap();
    inside.insert(numbers([2])).await.unwrap();
    let slow = Fake::start(|_, _| Reply::Nothing).await;
    let store = hookstead_data::MongoStore::connect(&slow.uri, options()).unwrap();
    let session = store.start_session();
    session.start_transaction().unwrap();
    let inside = c.within(&session);
    let command = InsertMany { documents: numbers([3]), ordered: true };
    let sent = tokio::spawn(inside.send(Command::InsertMany(command)));
    while slow.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    sent.abort();
    let failure = inside.count(Count::default()).await.unwrap_err();
    assert!(failure.message.ends_with("a command in it was given up"), "{failure}");
}
