//! One command after the other.

use bson::{Bson, doc};
use hookstead_data::{
    Answer, Command, ErrorKind, Find, FindAndModify, InsertMany, Modification, Store as _,
    Target as _, Update, UpdateSpec, WriteOperation, Writes,
};

use super::fixture::{Ask as _, Fixture, c, named, raw};

#[tokio::test]
async fn what_is_inserted_is_found_in_its_order() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    let ids =
        store.insert(&c(), &[doc! {"_id": 2, "a": 1}, doc! {"_id": 1, "a": 2}]).await.unwrap();
    assert_eq!(ids, [Bson::Int32(2), Bson::Int32(1)]);
    let found = store.find(&c(), doc! {}).await.unwrap();
    assert_eq!(found, [doc! {"_id": 2, "a": 1}, doc! {"_id": 1, "a": 2}]);
    assert_eq!(store.find(&c(), doc! {"_id": 1}).await.unwrap(), [doc! {"_id": 1, "a": 2}]);
    assert_eq!(store.find(&c(), doc! {"_id": 1, "a": 1}).await.unwrap(), []);
    let found = store.find(&c(), doc! {"_id": {"$in": [1, 2, 3]}}).await.unwrap();
    assert_eq!(found, [doc! {"_id": 1, "a": 2}, doc! {"_id": 2, "a": 1}]);
    let found = store.find(&c(), doc! {"_id": {"$gt": 1}}).await.unwrap();
    assert_eq!(found, [doc! {"_id": 2, "a": 1}]);
}

#[tokio::test]
async fn nothing_is_in_a_collection_that_is_not_there() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    assert_eq!(store.find(&c(), doc! {}).await.unwrap(), []);
    assert_eq!(store.find(&c(), doc! {"_id": 1}).await.unwrap(), []);
    assert_eq!(store.count(&c(), doc! {}).await.unwrap(), 0);
    assert_eq!(store.delete(&c(), doc! {}, true).await.unwrap(), 0);
    let updated = store.update(&c(), doc! {}, doc! {"$set": {"a": 1}}, false).await.unwrap();
    assert_eq!(updated.matched, 0);
    assert!(store.database_names().await.unwrap().is_empty());
}

#[tokio::test]
async fn collections_appear_with_their_first_write() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    store.insert(&c(), &[doc! {}]).await.unwrap();
    store.insert(&named("b"), &[doc! {}]).await.unwrap();
    assert_eq!(store.database_names().await.unwrap(), ["db"]);
    assert_eq!(store.collection_names("db".to_owned()).await.unwrap(), ["b", "c"]);
    assert!(store.collection_names("other".to_owned()).await.unwrap().is_empty());
    let other = fixture.file.data_source("another");
    assert!(other.database_names().await.unwrap().is_empty());
    assert_eq!(other.count(&c(), doc! {}).await.unwrap(), 0);
}

#[tokio::test]
async fn an_insert_without_id_gets_one_in_front() {
    let fixture = Fixture::new();
    let ids = fixture.store.insert(&c(), &[doc! {"a": 1}]).await.unwrap();
    let found = fixture.store.find(&c(), doc! {}).await.unwrap();
    assert!(matches!(ids[0], Bson::ObjectId(_)));
    assert_eq!(found, [doc! {"_id": ids[0].clone(), "a": 1}]);
    assert_eq!(found[0].keys().collect::<Vec<_>>(), ["_id", "a"]);
}

#[tokio::test]
async fn ids_that_servers_refuse_are_refused() {
    let fixture = Fixture::new();
    let regex = bson::Regex { pattern: "a".try_into().unwrap(), options: "".try_into().unwrap() };
    for id in [Bson::Array(vec![]), Bson::Undefined, Bson::RegularExpression(regex)] {
        let error = fixture.store.insert(&c(), &[doc! {"_id": id}]).await.unwrap_err();
        assert_eq!(error.number(), Some(53), "{error}");
    }
    let error = fixture.store.insert(&c(), &[doc! {"_id": {"$a": 1}}]).await.unwrap_err();
    assert_eq!(error.number(), Some(52), "{error}");
}

#[tokio::test]
async fn an_id_is_there_once() {
    let fixture = Fixture::new();
    fixture.store.insert(&c(), &[doc! {"_id": "a"}]).await.unwrap();
    let error = fixture.store.insert(&c(), &[doc! {"_id": "a"}]).await.unwrap_err();
    assert_eq!((error.kind, error.number()), (ErrorKind::DuplicateKey, Some(11000)));
    assert_eq!(
        error.message,
        r#"E11000 duplicate key error collection: db.c index: _id_ dup key: { _id: "a" }"#
    );
    // Numbers of different types are one value.
    fixture.store.insert(&c(), &[doc! {"_id": 1}]).await.unwrap();
    let error = fixture.store.insert(&c(), &[doc! {"_id": 1.0}]).await.unwrap_err();
    assert_eq!(error.number(), Some(11000));
}

#[tokio::test]
async fn what_was_inserted_before_a_failure_stays() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    let documents = [doc! {"_id": 1}, doc! {"_id": 1}, doc! {"_id": 2}];
    let error = store.insert(&c(), &documents).await.unwrap_err();
    assert_eq!(error.number(), Some(11000));
    assert_eq!(store.count(&c(), doc! {}).await.unwrap(), 1);
    let unordered = InsertMany { documents: documents.iter().map(raw).collect(), ordered: false };
    let result = store.run(c(), Command::InsertMany(unordered)).await;
    assert_eq!(result.err().unwrap().number(), Some(11000));
    assert_eq!(store.count(&c(), doc! {}).await.unwrap(), 2);
}

#[tokio::test]
async fn documents_that_are_too_large_or_too_deep_are_refused() {
    let fixture = Fixture::new();
    let large = doc! {"_id": 1, "a": "x".repeat(16 << 20)};
    let error = fixture.store.insert(&c(), &[large]).await.unwrap_err();
    assert_eq!(error.number(), Some(2), "{error}");
    let deep = (0..180).fold(doc! {}, |inner, _| doc! {"a": inner});
    let error = fixture.store.insert(&c(), &[deep]).await.unwrap_err();
    assert_eq!(error.number(), Some(15), "{error}");
    let deep = (0..178).fold(doc! {}, |inner, _| doc! {"a": inner});
    fixture.store.insert(&c(), &[deep]).await.unwrap();
    let large = doc! {"_id": 2, "a": "x".repeat((16 << 20) - 64)};
    fixture.store.insert(&c(), &[large]).await.unwrap();
}

#[tokio::test]
async fn odd_names_are_refused() {
    let fixture = Fixture::new();
    for name in ["", "a$b", "a\0b", ".a", "a.", "system.users", &"a".repeat(300)] {
        let error = fixture.store.insert(&named(name), &[doc! {}]).await.unwrap_err();
        assert_eq!(error.number(), Some(73), "{name:?}");
    }
    fixture.store.insert(&named("a.b"), &[doc! {}]).await.unwrap();
}

#[tokio::test]
async fn updates_change_one_or_all() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    store.insert(&c(), &[doc! {"_id": 1}, doc! {"_id": 2}, doc! {"_id": 3, "a": 1}]).await.unwrap();
    let updated = store.update(&c(), doc! {}, doc! {"$set": {"a": 1}}, true).await.unwrap();
    assert_eq!((updated.matched, updated.modified), (3, 2));
    let updated = store
        .update(&c(), doc! {"_id": {"$gte": 2}}, doc! {"$inc": {"a": 1}}, false)
        .await
        .unwrap();
    assert_eq!((updated.matched, updated.modified), (1, 1));
    let found = store.find(&c(), doc! {}).await.unwrap();
    assert_eq!(found, [doc! {"_id": 1, "a": 1}, doc! {"_id": 2, "a": 2}, doc! {"_id": 3, "a": 1}]);
}

#[tokio::test]
async fn an_upsert_inserts_once() {
    let fixture = Fixture::new();
    let modification =
        Modification::Update(UpdateSpec::Operators(raw(&doc! {"$inc": {"n": 1}}), Vec::new()));
    let update =
        Update { filter: raw(&doc! {"_id": "a"}), modification, many: false, upsert: true };
    let first = fixture.store.update_with(&c(), update.clone()).await.unwrap();
    assert_eq!((first.matched, first.upserted_id), (0, Some(Bson::String("a".to_owned()))));
    let second = fixture.store.update_with(&c(), update).await.unwrap();
    assert_eq!((second.matched, second.modified, second.upserted_id), (1, 1, None));
    assert_eq!(fixture.store.find(&c(), doc! {}).await.unwrap(), [doc! {"_id": "a", "n": 2}]);
}

#[tokio::test]
async fn an_update_of_many_that_fails_changes_nothing() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    store.insert(&c(), &[doc! {"_id": 1, "a": 1}, doc! {"_id": 2, "a": "x"}]).await.unwrap();
    let error = store.update(&c(), doc! {}, doc! {"$inc": {"a": 1}}, true).await.unwrap_err();
    assert_eq!(error.number(), Some(14), "{error}");
    let found = store.find(&c(), doc! {}).await.unwrap();
    assert_eq!(found, [doc! {"_id": 1, "a": 1}, doc! {"_id": 2, "a": "x"}]);
}

#[tokio::test]
async fn an_id_does_not_change() {
    let fixture = Fixture::new();
    fixture.store.insert(&c(), &[doc! {"_id": 1}]).await.unwrap();
    let result = fixture.store.update(&c(), doc! {}, doc! {"$set": {"_id": 2}}, false).await;
    assert_eq!(result.unwrap_err().number(), Some(66));
}

#[tokio::test]
async fn a_document_is_changed_and_given_back() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    store.insert(&c(), &[doc! {"_id": 1, "a": 1}, doc! {"_id": 2, "a": 2}]).await.unwrap();
    let modify = |modification: Option<bson::Document>, return_new| FindAndModify {
        filter: raw(&doc! {}),
        modification: modification
            .map(|update| Modification::Update(UpdateSpec::Operators(raw(&update), Vec::new()))),
        sort: Some(raw(&doc! {"a": -1})),
        projection: None,
        upsert: false,
        return_new,
    };
    let run = async |modify| match store.run(c(), Command::FindAndModify(modify)).await.unwrap() {
        Answer::Document(document) => {
            document.map(|document| bson::Document::try_from(&*document).unwrap())
        }
        _ => panic!("not what it answers"),
    };
    let inc = doc! {"$inc": {"a": 1}};
    assert_eq!(run(modify(Some(inc.clone()), false)).await, Some(doc! {"_id": 2, "a": 2}));
    assert_eq!(run(modify(Some(inc), true)).await, Some(doc! {"_id": 2, "a": 4}));
    assert_eq!(run(modify(None, false)).await, Some(doc! {"_id": 2, "a": 4}));
    assert_eq!(run(modify(None, false)).await, Some(doc! {"_id": 1, "a": 1}));
    assert_eq!(run(modify(None, false)).await, None);
}

#[tokio::test]
async fn several_writes_stop_at_the_first_failure_if_ordered() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    let operations = || {
        vec![
            WriteOperation::Insert(raw(&doc! {"_id": 1})),
            WriteOperation::Insert(raw(&doc! {"_id": 1})),
            WriteOperation::Insert(raw(&doc! {"_id": 2})),
        ]
    };
    for (ordered, count) in [(true, 1), (false, 2)] {
        let writes = Writes { operations: operations(), ordered };
        let result = store.run(c(), Command::BulkWrite(writes)).await;
        assert_eq!(result.err().unwrap().number(), Some(11000));
        assert_eq!(store.count(&c(), doc! {}).await.unwrap(), count);
    }
}

#[tokio::test]
async fn documents_are_sorted_skipped_and_limited() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    let documents: Vec<_> = (0..500).map(|n| doc! {"_id": n, "a": (n * 7) % 500}).collect();
    store.insert(&c(), &documents).await.unwrap();
    for sort in [doc! {"a": 1}, doc! {"a": -1}, doc! {"_id": -1}, doc! {"$natural": -1}] {
        let find = Find { sort: Some(raw(&sort)), ..Find::default() };
        let sorted = store.find_with(&c(), find.clone()).await.unwrap();
        assert_eq!(sorted.len(), 500);
        let (field, direction) = sort.iter().next().unwrap();
        let field = if field == "$natural" { "_id" } else { field };
        let values: Vec<i32> = sorted.iter().map(|one| one.get_i32(field).unwrap()).collect();
        let ascending = direction == &Bson::Int32(1);
        assert!(values.is_sorted_by(|a, b| if ascending { a < b } else { a > b }), "{sort}");
        let some = Find { skip: 10, limit: 200, ..find };
        assert_eq!(store.find_with(&c(), some).await.unwrap(), sorted[10..210]);
    }
}

#[tokio::test]
async fn everything_goes_at_once_and_the_count_is_told() {
    let fixture = Fixture::new();
    let documents: Vec<_> = (0..300).map(|n| doc! {"_id": n}).collect();
    fixture.store.insert(&c(), &documents).await.unwrap();
    assert_eq!(fixture.store.delete(&c(), doc! {"_id": {"$lt": 100}}, true).await.unwrap(), 100);
    assert_eq!(fixture.store.delete(&c(), doc! {}, false).await.unwrap(), 1);
    assert_eq!(fixture.store.delete(&c(), doc! {}, true).await.unwrap(), 199);
    assert_eq!(fixture.store.count(&c(), doc! {}).await.unwrap(), 0);
}
