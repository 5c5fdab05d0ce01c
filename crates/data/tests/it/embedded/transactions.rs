//! Sessions: everything or nothing, and who comes too late.

use std::time::Duration;

use bson::{Bson, doc};
use hookstead_data::{
    Aggregate, Command, ErrorKind, Find, IndexSpec, Modification, Store as _, Update, UpdateSpec,
};

use super::fixture::{Ask as _, Fixture, c, named, raw};

#[tokio::test]
async fn nobody_else_sees_what_is_not_committed() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    store.insert(&c(), &[doc! {"_id": 1, "n": 1}, doc! {"_id": 2, "n": 2}]).await.unwrap();
    let session = store.start_session();
    session.start_transaction().unwrap();
    assert!(session.in_transaction());
    session.insert(&c(), &[doc! {"_id": 3, "n": 3}]).await.unwrap();
    session.insert(&named("new"), &[doc! {"_id": 1}]).await.unwrap();
    session.update(&c(), doc! {"_id": 1}, doc! {"$set": {"n": 10}}, false).await.unwrap();
    assert_eq!(session.delete(&c(), doc! {"n": 2}, true).await.unwrap(), 1);
    let mine = [doc! {"_id": 1, "n": 10}, doc! {"_id": 3, "n": 3}];
    assert_eq!(session.find(&c(), doc! {}).await.unwrap(), mine);
    assert_eq!(session.find(&c(), doc! {"_id": 1}).await.unwrap(), mine[..1]);
    assert_eq!(session.find(&c(), doc! {"_id": 2}).await.unwrap(), []);
    assert_eq!(session.find(&c(), doc! {"_id": {"$gt": 1}}).await.unwrap(), mine[1..]);
    assert_eq!(session.count(&c(), doc! {}).await.unwrap(), 2);
    assert_eq!(session.aggregate(&c(), &[doc! {"$match": {"n": 10}}]).await.unwrap(), mine[..1]);
    assert_eq!(session.count(&named("new"), doc! {}).await.unwrap(), 1);
    let backwards = Find { sort: Some(raw(&doc! {"$natural": -1})), ..Find::default() };
    let backwards = session.find_with(&c(), backwards).await.unwrap();
    assert_eq!(backwards, [mine[1].clone(), mine[0].clone()]);
    let others = [doc! {"_id": 1, "n": 1}, doc! {"_id": 2, "n": 2}];
    assert_eq!(store.find(&c(), doc! {}).await.unwrap(), others);
    session.commit_transaction().await.unwrap();
    assert!(!session.in_transaction());
    assert_eq!(store.find(&c(), doc! {}).await.unwrap(), mine);
    assert_eq!(store.count(&named("new"), doc! {}).await.unwrap(), 1);
    // Outside of a transaction, a session is like the store.
    session.insert(&c(), &[doc! {"_id": 4}]).await.unwrap();
    assert_eq!(store.count(&c(), doc! {}).await.unwrap(), 3);
}

#[tokio::test]
async fn what_is_aborted_or_forgotten_leaves_nothing() {
    let fixture = Fixture::new();
    let session = fixture.store.start_session();
    session.start_transaction().unwrap();
    session.insert(&c(), &[doc! {}]).await.unwrap();
    session.abort_transaction().await.unwrap();
    session.start_transaction().unwrap();
    session.insert(&c(), &[doc! {}]).await.unwrap();
    drop(session);
    assert!(fixture.store.database_names().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_transaction_sees_one_state() {
    let fixture = Fixture::new();
    fixture.store.insert(&c(), &[doc! {"_id": 1}]).await.unwrap();
    let session = fixture.store.start_session();
    session.start_transaction().unwrap();
    assert_eq!(session.count(&c(), doc! {}).await.unwrap(), 1);
    fixture.store.insert(&c(), &[doc! {"_id": 2}]).await.unwrap();
    fixture.store.insert(&named("later"), &[doc! {"_id": 2}]).await.unwrap();
    assert_eq!(session.count(&c(), doc! {}).await.unwrap(), 1);
    assert_eq!(session.find(&named("later"), doc! {}).await.unwrap(), []);
    session.commit_transaction().await.unwrap();
    assert_eq!(session.count(&c(), doc! {}).await.unwrap(), 2);
}

#[tokio::test]
async fn who_comes_too_late_is_told_so() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    store.insert(&c(), &[doc! {"_id": 1, "n": 1}]).await.unwrap();
    let add = doc! {"$inc": {"n": 1}};
    let sessions = [store.start_session(), store.start_session()];
    for session in &sessions {
        session.start_transaction().unwrap();
        session.update(&c(), doc! {"_id": 1}, add.clone(), false).await.unwrap();
        session.insert(&c(), &[doc! {"n": 0}]).await.unwrap();
    }
    sessions[0].commit_transaction().await.unwrap();
    let error = sessions[1].commit_transaction().await.unwrap_err();
    assert_eq!((error.kind, error.number()), (ErrorKind::WriteConflict, Some(112)));
    assert_eq!(
        error.message,
        "WriteConflict error: this operation conflicted with another operation. Please retry \
         your operation or multi-document transaction."
    );
    assert_eq!(store.count(&c(), doc! {}).await.unwrap(), 2);
    assert_eq!(store.find(&c(), doc! {"_id": 1}).await.unwrap(), [doc! {"_id": 1, "n": 2}]);
    // Again, it succeeds.
    sessions[1].start_transaction().unwrap();
    sessions[1].update(&c(), doc! {"_id": 1}, add, false).await.unwrap();
    sessions[1].commit_transaction().await.unwrap();
    assert_eq!(store.find(&c(), doc! {"_id": 1}).await.unwrap(), [doc! {"_id": 1, "n": 3}]);
}

#[tokio::test]
async fn a_document_that_was_read_before_another_changed_it_cannot_be_written() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    store.insert(&c(), &[doc! {"_id": 1, "n": 5}]).await.unwrap();
    let session = store.start_session();
    session.start_transaction().unwrap();
    assert_eq!(session.find(&c(), doc! {"_id": 1}).await.unwrap()[0].get_i32("n").unwrap(), 5);
    store.update(&c(), doc! {"_id": 1}, doc! {"$inc": {"n": -5}}, false).await.unwrap();
    session.update(&c(), doc! {"_id": 1}, doc! {"$inc": {"n": -5}}, false).await.unwrap();
    let error = session.commit_transaction().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::WriteConflict);
    assert_eq!(store.find(&c(), doc! {}).await.unwrap(), [doc! {"_id": 1, "n": 0}]);
}

#[tokio::test]
async fn two_that_insert_the_same_id_conflict() {
    let fixture = Fixture::new();
    let session = fixture.store.start_session();
    session.start_transaction().unwrap();
    session.insert(&c(), &[doc! {"_id": 1, "by": "session"}]).await.unwrap();
    fixture.store.insert(&c(), &[doc! {"_id": 1}]).await.unwrap();
    let error = session.commit_transaction().await.unwrap_err();
    assert_eq!(error.number(), Some(112));
    assert_eq!(fixture.store.find(&c(), doc! {}).await.unwrap(), [doc! {"_id": 1}]);
}

#[tokio::test]
async fn after_a_failure_a_transaction_is_over() {
    let fixture = Fixture::new();
    fixture.store.insert(&c(), &[doc! {"_id": 1}]).await.unwrap();
    let session = fixture.store.start_session();
    session.start_transaction().unwrap();
    session.insert(&c(), &[doc! {"_id": 2}]).await.unwrap();
    let error = session.insert(&c(), &[doc! {"_id": 1}]).await.unwrap_err();
    assert_eq!(error.number(), Some(11000));
    let error = session.insert(&c(), &[doc! {"_id": 3}]).await.unwrap_err();
    assert_eq!(error.number(), Some(251), "{error}");
    let error = session.commit_transaction().await.unwrap_err();
    assert_eq!(error.number(), Some(251), "{error}");
    assert_eq!(fixture.store.count(&c(), doc! {}).await.unwrap(), 1);
}

#[tokio::test]
async fn out_and_merge_are_refused() {
    let fixture = Fixture::new();
    let session = fixture.store.start_session();
    session.start_transaction().unwrap();
    let pipeline = vec![raw(&doc! {"$out": "other"})];
    let aggregate = Aggregate { pipeline, ..Aggregate::default() };
    let result = session.run(c(), Command::Aggregate(aggregate)).await;
    assert_eq!(result.err().unwrap().number(), Some(263));
}

#[tokio::test]
async fn unique_values_move_within_a_transaction() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    let unique = IndexSpec {
        database: "db".to_owned(),
        collection: "c".to_owned(),
        keys: vec![("e".to_owned(), true)],
        unique: true,
        sparse: false,
    };
    store.declare_indexes(vec![unique]).await.unwrap();
    store.insert(&c(), &[doc! {"_id": 1, "e": "a"}, doc! {"_id": 2, "e": "b"}]).await.unwrap();
    let session = store.start_session();
    let set = |e: &str| doc! {"$set": {"e": e}};
    session.start_transaction().unwrap();
    session.update(&c(), doc! {"_id": 1}, set("x"), false).await.unwrap();
    session.update(&c(), doc! {"_id": 2}, set("a"), false).await.unwrap();
    session.update(&c(), doc! {"e": "x"}, set("b"), false).await.unwrap();
    session.commit_transaction().await.unwrap();
    let found = store.find(&c(), doc! {}).await.unwrap();
    assert_eq!(found, [doc! {"_id": 1, "e": "b"}, doc! {"_id": 2, "e": "a"}]);
    assert_eq!(store.find(&c(), doc! {"e": "a"}).await.unwrap(), found[1..]);
    // Against the snapshot, and against its own writes.
    for taken in ["a", "c"] {
        session.start_transaction().unwrap();
        session.insert(&c(), &[doc! {"_id": 3, "e": "c"}]).await.unwrap();
        let error = session.insert(&c(), &[doc! {"_id": 4, "e": taken}]).await.unwrap_err();
        assert_eq!(error.number(), Some(11000));
        session.abort_transaction().await.unwrap();
    }
    // Against what was committed meanwhile.
    session.start_transaction().unwrap();
    session.insert(&c(), &[doc! {"_id": 5, "e": "d"}]).await.unwrap();
    store.insert(&c(), &[doc! {"_id": 6, "e": "d"}]).await.unwrap();
    let error = session.commit_transaction().await.unwrap_err();
    assert_eq!((error.kind, error.number()), (ErrorKind::DuplicateKey, Some(11000)));
    // What the transaction takes away is free for it.
    session.start_transaction().unwrap();
    session.delete(&c(), doc! {"e": "d"}, false).await.unwrap();
    session.insert(&c(), &[doc! {"_id": 6, "e": "d", "new": true}]).await.unwrap();
    session.commit_transaction().await.unwrap();
    assert_eq!(store.count(&c(), doc! {"e": "d", "new": true}).await.unwrap(), 1);
}

#[tokio::test]
async fn upserts_of_a_transaction_meet_its_own_documents() {
    let fixture = Fixture::new();
    let session = fixture.store.start_session();
    session.start_transaction().unwrap();
    for expected in [Some(Bson::Int32(1)), None] {
        let modification =
            Modification::Update(UpdateSpec::Operators(raw(&doc! {"$inc": {"n": 1}}), vec![]));
        let update =
            Update { filter: raw(&doc! {"_id": 1}), modification, many: false, upsert: true };
        assert_eq!(session.update_with(&c(), update).await.unwrap().upserted_id, expected);
    }
    session.commit_transaction().await.unwrap();
    assert_eq!(fixture.store.find(&c(), doc! {}).await.unwrap(), [doc! {"_id": 1, "n": 2}]);
}

#[tokio::test]
async fn many_updates_of_a_transaction_change_each_document_once() {
    let fixture = Fixture::new();
    let text = "x".repeat(10_000);
    let documents: Vec<_> = (0..300).map(|n| doc! {"_id": n, "n": 0, "t": &text}).collect();
    fixture.store.insert(&c(), &documents).await.unwrap();
    let session = fixture.store.start_session();
    session.start_transaction().unwrap();
    for filter in [doc! {}, doc! {"_id": {"$gte": 0}}, doc! {"_id": {"$lt": 500}}] {
        let updated = session.update(&c(), filter, doc! {"$inc": {"n": 1}}, true).await.unwrap();
        assert_eq!((updated.matched, updated.modified), (300, 300));
    }
    session.commit_transaction().await.unwrap();
    assert_eq!(fixture.store.count(&c(), doc! {"n": 3}).await.unwrap(), 300);
}

#[tokio::test]
async fn transactions_have_their_order() {
    let fixture = Fixture::new();
    let session = fixture.store.start_session();
    assert!(session.commit_transaction().await.is_err());
    assert!(session.abort_transaction().await.is_err());
    session.start_transaction().unwrap();
    assert!(session.start_transaction().is_err());
    session.commit_transaction().await.unwrap();
}

#[tokio::test]
async fn there_are_so_many_transactions_at_a_time_and_others_wait() {
    let options = hookstead_data::EmbeddedOptions { transactions_max: 2, ..Default::default() };
    let fixture = Fixture::with(options);
    let sessions: Vec<_> = (0..3).map(|_| fixture.store.start_session()).collect();
    for session in &sessions {
        session.start_transaction().unwrap();
    }
    for session in &sessions[..2] {
        session.insert(&c(), &[doc! {}]).await.unwrap();
    }
    let (name, one) = (c(), [doc! {"_id": 3}]);
    let mut third = Box::pin(sessions[2].insert(&name, &one));
    let waiting = tokio::time::timeout(Duration::from_millis(100), &mut third).await;
    assert!(waiting.is_err(), "a third transaction has begun");
    sessions[1].commit_transaction().await.unwrap();
    third.await.unwrap();
    sessions[2].commit_transaction().await.unwrap();
    // The place of one that has ended is free at once, whatever its thread still does.
    for _ in 0..500 {
        for session in &sessions[1..] {
            session.start_transaction().unwrap();
            session.insert(&c(), &[doc! {}]).await.unwrap();
            session.abort_transaction().await.unwrap();
        }
    }
    // That of one that is forgotten, or of which a command fails, is free as well.
    let [first, second, third] = &sessions[..] else { unreachable!() };
    first.start_transaction().unwrap_err();
    first.insert(&c(), &[doc! {"_id": 9}, doc! {"_id": 9}]).await.unwrap_err();
    second.start_transaction().unwrap();
    second.insert(&c(), &[doc! {}]).await.unwrap();
    third.start_transaction().unwrap();
    third.insert(&c(), &[doc! {}]).await.unwrap();
}

#[tokio::test]
async fn a_transaction_has_a_limit() {
    let options =
        hookstead_data::EmbeddedOptions { transaction_bytes_max: 10_000, ..Default::default() };
    let fixture = Fixture::with(options);
    let session = fixture.store.start_session();
    session.start_transaction().unwrap();
    session.insert(&c(), &[doc! {"t": "x".repeat(6_000)}]).await.unwrap();
    let error = session.insert(&named("d"), &[doc! {"t": "x".repeat(6_000)}]).await.unwrap_err();
    assert_eq!(error.number(), Some(257));
}
