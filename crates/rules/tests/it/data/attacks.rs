//! Writes that come between the judgement of a document and its write.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use hookstead_data::{
    Answer, Changes, Command, ErrorKind, Future, Namespace, Session, Store, Target, Watch,
};
use serde_json::{Value as Json, json};

use super::{
    Real,
    case::{command, told},
    embedded, mongodb,
    stage::{documents, insert, namespace, rules_of, store_of},
};
use crate::world::raw_of;

/// A store in which somebody else writes before each of the first so many updates and deletes.
struct Meddled {
    inner: Arc<dyn Store>,
    meddling: Json,
    left: Arc<AtomicU32>,
}

impl Target for Meddled {
    fn run(&self, namespace: Namespace, command: Command) -> Future<'static, Answer> {
        let inner = Arc::clone(&self.inner);
        let is_write = matches!(command, Command::Update(_) | Command::Delete(_));
        let left = self.left.load(Ordering::Relaxed);
        if !is_write || left == 0 {
            return inner.run(namespace, command);
        }
        self.left.store(left - 1, Ordering::Relaxed);
        let meddling = super::case::command(&self.meddling);
        Box::pin(async move {
            inner.run(namespace.clone(), meddling).await?;
            inner.run(namespace, command).await
        })
    }
}

impl Store for Meddled {
    fn database_names(&self) -> Future<'static, Vec<String>> {
        self.inner.database_names()
    }

    fn collection_names(&self, database: String) -> Future<'static, Vec<String>> {
        self.inner.collection_names(database)
    }

    fn watch(&self, namespace: Namespace, watch: Watch) -> Future<'static, Box<dyn Changes>> {
        self.inner.watch(namespace, watch)
    }

    fn start_session(&self) -> Arc<dyn Session> {
        self.inner.start_session()
    }
}

/// While a document is open its owner may write it.
const OPEN: &str = r#"{"roles":[{"name":"o","apply_when":{},"insert":true,"delete":true,
    "read":true,"write":{"state":"open"}}]}"#;

async fn contents(real: &Real, database: &str) -> Json {
    let find = command(&json!({"find": {"sort": {"_id": 1}}}));
    told(real.store.run(namespace(database), find).await).await
}

async fn meddled(real: &Real) {
    let rules = Arc::new(rules_of(&serde_json::from_str(OPEN).unwrap()));
    let close = json!({"update": {"filter": {}, "update": {"$set": {"state": "closed"}}}});
    let count = json!({"update": {"filter": {}, "update": {"$inc": {"others": 1}}}});
    let mine = json!({"update": {"filter": {"_id": 1}, "update": {"$inc": {"n": 1}}}});
    let all = json!({"update": {"filter": {}, "update": {"$inc": {"n": 1}}, "many": true}});
    let modify = json!({"modify": {"filter": {"_id": 1}, "update": {"$inc": {"n": 1}}}});
    let delete = json!({"delete": {"filter": {"_id": 1}}});
    let update_error = json!({"error": "update not permitted"});
    let closed = json!([{"_id": 1, "state": "closed", "n": 0}]);
    let counted = json!([{"_id": 1, "state": "open", "n": 1, "others": 2}]);
    let conflict = "Write conflict: the document was changed by others while it was judged";
    let cases = [
        (&close, 1, &mine, update_error.clone(), closed.clone()),
        (&close, 1, &all, update_error.clone(), closed.clone()),
        (&close, 1, &modify, update_error.clone(), closed.clone()),
        (&close, 1, &delete, json!({"error": "delete not permitted"}), closed.clone()),
        (&count, 2, &mine, json!([1, 1]), counted.clone()),
        (&count, 2, &all, json!([1, 1]), counted),
        (&count, 2, &delete, json!(1), json!([])),
        (
            &count,
            1000,
            &mine,
            json!({"error": conflict}),
            json!([{"_id": 1, "state": "open", "n": 0, "others": 16}]),
        ),
    ];
    for (index, (meddling, times, done, answers, leaves)) in cases.into_iter().enumerate() {
        let database = format!("meddled{index}");
        let document = json!({"_id": 1, "state": "open", "n": 0});
        insert(&real.store, &database, vec![raw_of(&document)]).await;
        let left = Arc::new(AtomicU32::new(times));
        let inner = Arc::clone(&real.store);
        let store: Arc<dyn Store> = Arc::new(Meddled { inner, meddling: meddling.clone(), left });
        let ruled = store_of(&store, &rules, "ann");
        let answer = told(ruled.run(namespace(&database), command(done)).await).await;
        assert_eq!((answer, contents(real, &database).await), (answers, leaves), "{index}");
    }
}

#[tokio::test]
async fn a_document_is_judged_as_it_is_written_over_the_embedded_store() {
    meddled(&embedded()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_is_judged_as_it_is_written_over_mongodb() {
    meddled(&mongodb()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_update_of_many_writers_is_lost() {
    let real = embedded();
    let rules = Arc::new(rules_of(&serde_json::from_str(OPEN).unwrap()));
    insert(&real.store, "d", vec![raw_of(&json!({"_id": 1, "state": "open", "n": 0}))]).await;
    let writers = (0..8).map(|_| {
        let ruled = store_of(&real.store, &rules, "ann");
        tokio::spawn(async move {
            let mut done = 0;
            for _ in 0..10 {
                let mine = json!({"update": {"filter": {"_id": 1}, "update": {"$inc": {"n": 1}}}});
                match ruled.run(namespace("d"), command(&mine)).await {
                    Ok(_) => done += 1,
                    Err(error) => assert_eq!(error.kind, ErrorKind::WriteConflict),
                }
            }
            done
        })
    });
    let mut done = 0;
    for writer in writers.collect::<Vec<_>>() {
        done += writer.await.unwrap();
    }
    let find = command(&json!({"find": {}}));
    let found = documents(real.store.run(namespace("d"), find).await).await.unwrap();
    assert_eq!(found[0].get_i32("n").unwrap(), done);
    assert!(done > 0);
}
