//! Streams of changes over a deployment.

use std::{sync::Arc, time::Duration};

use bson::{Bson, Document, doc};
use hookstead_data::{
    Change, Changes, Command, ErrorKind, InsertMany, MongoOptions, MongoStore, Namespace,
    Store as _, Target as _, Watch,
};
use hookstead_testing::SecantusDb;

fn notes() -> Namespace {
    Namespace { database: "test".to_owned(), collection: "notes".to_owned() }
}

async fn next(changes: &mut Box<dyn Changes>) -> Arc<Change> {
    let next = tokio::time::timeout(Duration::from_secs(60), changes.next());
    next.await.unwrap().unwrap()
}

fn id(change: &Change) -> Bson {
    Document::try_from(&*change.document_key).unwrap().get("_id").unwrap().clone()
}

async fn insert(store: &MongoStore, ids: std::ops::Range<i32>) {
    for id in ids {
        let documents = vec![bson::rawdoc! {"_id": id}];
        let insert = Command::InsertMany(InsertMany { documents, ordered: true });
        store.run(notes(), insert).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_streams_share_one_of_the_deployment_and_each_goes_on_behind_its_token() {
    let server = SecantusDb::start();
    let store = MongoStore::connect(&server.uri(), MongoOptions::default()).unwrap();
    let mut streams = Vec::new();
    for _ in 0..20 {
        streams.push(store.watch(notes(), Watch::default()).await.unwrap());
    }
    insert(&store, 0..10).await;
    let mut token = None;
    for stream in &mut streams {
        for expected in 0..10 {
            let change = next(stream).await;
            assert_eq!(id(&change), Bson::Int32(expected));
            let event = Document::try_from(change.event()).unwrap();
            assert_eq!(event.get_document("fullDocument").unwrap(), &doc! {"_id": expected});
            if expected == 3 {
                token = Some(change.token.clone());
            }
        }
    }
    let watch = Watch { resume_after: token, ..Watch::default() };
    let mut late = store.watch(notes(), watch).await.unwrap();
    insert(&store, 10..15).await;
    for expected in 4..15 {
        assert_eq!(id(&*next(&mut late).await), Bson::Int32(expected));
    }
    let only = Watch { ids: Some(vec![17.into()]), ..Watch::default() };
    let mut only = store.watch(notes(), only).await.unwrap();
    insert(&store, 15..18).await;
    assert_eq!(id(&*next(&mut only).await), Bson::Int32(17));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_that_goes_ends_its_streams_and_new_ones_begin_when_it_is_back() {
    let mut server = SecantusDb::start();
    let options =
        MongoOptions { server_selection_time: Duration::from_secs(2), ..MongoOptions::default() };
    let store = MongoStore::connect(&server.uri(), options).unwrap();
    let mut changes = store.watch(notes(), Watch::default()).await.unwrap();
    insert(&store, 0..1).await;
    assert_eq!(id(&*next(&mut changes).await), Bson::Int32(0));
    server.kill();
    let ended = tokio::time::timeout(Duration::from_secs(60), changes.next()).await;
    let error = ended.unwrap().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
    server.restart();
    let mut changes = store.watch(notes(), Watch::default()).await.unwrap();
    insert(&store, 1..2).await;
    assert_eq!(id(&*next(&mut changes).await), Bson::Int32(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_none_is_refused() {
    let server = SecantusDb::start();
    let store = MongoStore::connect(&server.uri(), MongoOptions::default()).unwrap();
    let token = bson::rawdoc! {"_data": "nothing"};
    let watch = Watch { resume_after: Some(token), ..Watch::default() };
    let refused = store.watch(notes(), watch).await.err().unwrap();
    assert_eq!(refused.kind, ErrorKind::Refused, "{refused}");
}
