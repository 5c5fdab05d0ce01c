//! Nothing reaches the store of the documents but what the rules have let through: every kind of
//! command and every method of the traits is gone through.

use std::sync::{Arc, Mutex};

use bson::{Document, RawDocument};
use hookstead_data::{
    Answer, Changes, Command, Future, Namespace, Session, Store, Target, Watch, WriteOperation,
};
use serde_json::{Value as Json, json};

use super::{
    case::command,
    embedded,
    stage::{insert, namespace, rules_of, store_of},
};
use crate::world::raw_of;

/// A store that notes what reaches it.
struct Noting {
    inner: Arc<dyn Store>,
    noted: Arc<Mutex<Vec<String>>>,
}

impl Noting {
    fn note(&self, text: String) {
        self.noted.lock().unwrap().push(text);
    }
}

impl Target for Noting {
    fn run(&self, namespace: Namespace, command: Command) -> Future<'static, Answer> {
        self.note(format!("{command:?}"));
        assert!(is_ruled(&command), "{command:?}");
        self.inner.run(namespace, command)
    }
}

impl Store for Noting {
    fn database_names(&self) -> Future<'static, Vec<String>> {
        self.note("database_names".to_owned());
        self.inner.database_names()
    }

    fn collection_names(&self, database: String) -> Future<'static, Vec<String>> {
        self.note("collection_names".to_owned());
        self.inner.collection_names(database)
    }

    fn watch(&self, namespace: Namespace, watch: Watch) -> Future<'static, Box<dyn Changes>> {
        self.note(format!("watch {watch:?}"));
        self.inner.watch(namespace, watch)
    }

    fn start_session(&self) -> Arc<dyn Session> {
        self.note("start_session".to_owned());
        let inner = self.inner.start_session();
        Arc::new(NotingSession { inner, noted: Arc::clone(&self.noted) })
    }
}

struct NotingSession {
    inner: Arc<dyn Session>,
    noted: Arc<Mutex<Vec<String>>>,
}

impl Target for NotingSession {
    fn run(&self, namespace: Namespace, command: Command) -> Future<'static, Answer> {
        self.noted.lock().unwrap().push(format!("{command:?}"));
        assert!(is_ruled(&command), "{command:?}");
        self.inner.run(namespace, command)
    }
}

impl Session for NotingSession {
    fn start_transaction(&self) -> Result<(), hookstead_data::DataError> {
        self.inner.start_transaction()
    }

    fn commit_transaction(&self) -> Future<'static, ()> {
        self.inner.commit_transaction()
    }

    fn abort_transaction(&self) -> Future<'static, ()> {
        self.inner.abort_transaction()
    }

    fn in_transaction(&self) -> bool {
        self.inner.in_transaction()
    }
}

/// Whether a command that reaches the store asks for the owner's documents only, or writes one
/// document that was judged. A new kind of command does not compile before it is thought of here.
fn is_ruled(command: &Command) -> bool {
    let asks = |filter: &RawDocument| {
        let text = text(filter);
        text.contains("owner") && text.contains("ann")
    };
    let is_judged = |filter: &RawDocument| {
        filter.get("_id").unwrap().is_some() && text(filter).contains("$$ROOT")
    };
    match command {
        Command::Find(find) => asks(&find.filter),
        Command::Count(count) => asks(&count.filter),
        Command::Distinct(distinct) => asks(&distinct.filter),
        Command::Aggregate(aggregate) => {
            !aggregate.of_database && aggregate.pipeline.first().is_some_and(|first| asks(first))
        }
        Command::InsertMany(insert) => insert.documents.iter().all(|document| asks(document)),
        Command::Update(update) => !update.many && !update.upsert && is_judged(&update.filter),
        Command::Delete(delete) => !delete.many && is_judged(&delete.filter),
        Command::FindAndModify(_) => false,
        Command::BulkWrite(writes) => writes.operations.iter().all(|operation| match operation {
            WriteOperation::Insert(document) => asks(document),
            WriteOperation::Update(update) => is_judged(&update.filter),
            WriteOperation::Delete(delete) => is_judged(&delete.filter),
        }),
    }
}

fn text(document: &RawDocument) -> String {
    Document::try_from(document.to_owned()).unwrap().to_string()
}

/// One of each kind of command, with what it does to many documents where it can.
fn commands() -> Vec<Json> {
    let set = json!({"$set": {"n": 1}});
    vec![
        json!({"find": {}}),
        json!({"find": {"filter": {"$or": [{"owner": "bob"}, {}]}, "sort": {"n": 1}}}),
        json!({"count": {}}),
        json!({"distinct": {"field": "owner"}}),
        json!({"aggregate": {"pipeline": []}}),
        json!({"insert": [{"_id": 5, "owner": "ann"}]}),
        json!({"update": {"filter": {}, "update": set, "many": true}}),
        json!({"update": {"filter": {"_id": 8, "owner": "ann"}, "update": set, "upsert": true}}),
        json!({"modify": {"filter": {}, "update": set}}),
        json!({"modify": {"filter": {"_id": 5}}}),
        json!({"delete": {"filter": {}, "many": true}}),
        json!({"bulk": {"operations": [
            {"insert": {"_id": 6, "owner": "ann"}},
            {"update": {"filter": {}, "update": set, "many": true}},
            {"delete": {"filter": {}}},
        ]}}),
    ]
}

fn noting(inner: &Arc<dyn Store>) -> (Arc<dyn Store>, Arc<Mutex<Vec<String>>>) {
    let noted = Arc::default();
    (Arc::new(Noting { inner: Arc::clone(inner), noted: Arc::clone(&noted) }), noted)
}

const OWNER: &str = r#"{"roles":[{"name":"o","apply_when":{},"insert":true,"delete":true,
    "read":{"owner":"%%user.id"},"write":{"owner":"%%user.id"}}]}"#;

#[tokio::test]
async fn every_command_that_reaches_the_store_carries_the_rules() {
    let real = embedded();
    let rules = Arc::new(rules_of(&serde_json::from_str(OWNER).unwrap()));
    let (store, noted) = noting(&real.store);
    let ruled = store_of(&store, &rules, "ann");
    let bobs = json!({"_id": 2, "owner": "bob", "n": 0});
    insert(&real.store, "d", vec![raw_of(&bobs), raw_of(&json!({"_id": 1, "owner": "ann"}))]).await;
    let session = ruled.start_session();
    for target in [Arc::clone(&ruled) as Arc<dyn Target>, session as Arc<dyn Target>] {
        for json in commands() {
            let outcome = target.run(namespace("d"), command(&json)).await;
            assert!(outcome.is_ok(), "{json}: {:?}", outcome.err());
        }
    }
    assert!(noted.lock().unwrap().len() > 30);
    let find = command(&json!({"find": {"filter": {"_id": 2}}}));
    let left = super::stage::documents(real.store.run(namespace("d"), find).await).await.unwrap();
    assert_eq!(left, [Document::try_from(raw_of(&bobs)).unwrap()]);
}

#[tokio::test]
async fn no_command_reaches_the_store_where_no_rule_exists() {
    let real = embedded();
    let (store, noted) = noting(&real.store);
    let ruled = store_of(&store, &Arc::new(rules_of(&json!({"roles": []}))), "ann");
    for json in commands() {
        let error = ruled.run(namespace("d"), command(&json)).await.err().unwrap();
        assert_eq!(error.message, "no rule exists for namespace 'd.c'", "{json}");
    }
    assert!(ruled.database_names().await.is_err());
    assert!(ruled.collection_names("d".to_owned()).await.is_err());
    assert_eq!(*noted.lock().unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_name_that_stands_twice_in_a_document_is_refused() {
    let real = embedded();
    let ruled =
        store_of(&real.store, &Arc::new(rules_of(&serde_json::from_str(OWNER).unwrap())), "ann");
    let mut twice = raw_of(&json!({"_id": 1, "owner": "ann"}));
    twice.append(bson::raw::cstr!("owner"), "bob");
    let mut inner = raw_of(&json!({"_id": 2, "owner": "ann"}));
    inner.append(bson::raw::cstr!("list"), bson::RawArrayBuf::from_iter([twice.clone()]));
    for document in [twice, inner] {
        let insert = hookstead_data::InsertMany { documents: vec![document], ordered: true };
        let answer = ruled.run(namespace("d"), Command::InsertMany(insert)).await;
        assert_eq!(answer.err().unwrap().message, "insert not permitted");
    }
}
