//! Rules as an export has them, and stores of users.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use bson::{Document, RawDocumentBuf, doc};
use hookstead_app::{LoadOptions, load};
use hookstead_data::{
    Answer, Batch, Command, Cursor, DataError, Find, InsertMany, Namespace, Store,
};
use hookstead_rules::{Caller, RuledStore, Rules, user_document};
use serde_json::{Value as Json, json};

use crate::world::{TestApp, raw_of};

/// Rule sets by name over one store.
pub(crate) struct Stage {
    pub(crate) store: Arc<dyn Store>,
    rules: BTreeMap<String, Arc<Rules>>,
    documents: Vec<RawDocumentBuf>,
}

impl Stage {
    /// The rule sets and documents of a file.
    pub(crate) fn new(store: Arc<dyn Store>, file: &Json) -> Self {
        let sets = file["rules"].as_object().unwrap().iter();
        let rules = sets.map(|(name, rules)| (name.clone(), Arc::new(rules_of(rules))));
        let documents = file["documents"].as_array().unwrap().iter().map(raw_of);
        Self { store, rules: rules.collect(), documents: documents.collect() }
    }

    /// The store of a user under a rule set.
    pub(crate) fn store_of(&self, rules: &str, user: &str) -> Arc<dyn Store> {
        let rules = self.rules.get(rules).unwrap_or_else(|| panic!("no rule set `{rules}`"));
        store_of(&self.store, rules, user)
    }

    /// Lays out the documents of the file, or others.
    pub(crate) async fn prepare(&self, database: &str, others: Option<&Json>) {
        let others = others.map(|others| others.as_array().unwrap().iter().map(raw_of).collect());
        insert(&self.store, database, others.unwrap_or_else(|| self.documents.clone())).await;
    }

    /// Everything that the collection holds, in the order of ids.
    pub(crate) async fn contents(&self, database: &str) -> Vec<Document> {
        let sort = Some(raw_of(&json!({"_id": 1})));
        let find = Command::Find(Find { sort, ..Find::default() });
        documents(self.store.run(namespace(database), find).await).await.unwrap()
    }
}

/// The rules of `rules.json`, as the collection `c` of whatever database has them: they stand in
/// `default_rule.json`, and those with a schema at the collection itself.
pub(crate) fn rules_of(rules: &Json) -> Rules {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, json: &Json| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, json.to_string()).unwrap();
    };
    let meta = json!({"config_version": 20230101, "app_id": "5", "client_app_id": "a-bcdef"});
    write(".mdb/meta.json", &meta);
    write("data_sources/m/config.json", &json!({"name": "m", "type": "mongodb-atlas"}));
    let mut default = rules.clone();
    if let Some(schema) = default.as_object_mut().unwrap().remove("schema") {
        write("data_sources/m/ruled/c/schema.json", &schema);
    }
    if let Some(own) = default.as_object_mut().unwrap().remove("own") {
        write("data_sources/m/own/c/rules.json", &own);
    }
    write("data_sources/m/default_rule.json", &default);
    compiled(folder.path())
}

fn compiled(folder: &Path) -> Rules {
    let loaded = load(folder, &LoadOptions::default()).unwrap();
    Rules::new(&loaded.app.data_sources["m"].rules, &["hookstead"])
}

pub(crate) fn store_of(store: &Arc<dyn Store>, rules: &Arc<Rules>, user: &str) -> Arc<dyn Store> {
    Arc::new(RuledStore::new(Arc::clone(store), Arc::clone(rules), caller(user)))
}

/// A user who calls.
pub(crate) fn caller(user: &str) -> Caller {
    let custom_data = doc! {"team": "red"};
    let user = user_document(Some(user), "normal", &doc! {}, &custom_data, []);
    Caller { app: Arc::new(TestApp), user: Some(user), request: None }
}

pub(crate) async fn insert(store: &Arc<dyn Store>, database: &str, documents: Vec<RawDocumentBuf>) {
    if documents.is_empty() {
        return;
    }
    let insert = Command::InsertMany(InsertMany { documents, ordered: true });
    store.run(namespace(database), insert).await.unwrap();
}

pub(crate) fn namespace(database: &str) -> Namespace {
    Namespace { database: database.to_owned(), collection: "c".to_owned() }
}

/// The documents of an answer, read to the end.
pub(crate) async fn documents(
    answer: Result<Answer, DataError>,
) -> Result<Vec<Document>, DataError> {
    let Answer::Cursor(batch, cursor) = answer? else { panic!("no cursor") };
    let mut documents = decoded(&batch);
    let mut cursor: Option<Box<dyn Cursor>> = cursor;
    while let Some(open) = &mut cursor {
        let batch = open.next_batch().await?;
        if batch.is_empty() {
            break;
        }
        documents.extend(decoded(&batch));
    }
    Ok(documents)
}

fn decoded(batch: &Batch) -> Vec<Document> {
    batch.iter().map(|document| document.to_owned().try_into().unwrap()).collect()
}
