//! Declared indexes: what they find, what they refuse, how they come and go.

use bson::{Document, doc};
use hookstead_data::{ErrorKind, Find, IndexSpec, Store as _};

use super::fixture::{Ask as _, Fixture, c, raw};

fn index(keys: &[(&str, bool)]) -> IndexSpec {
    let keys = keys.iter().map(|(path, ascending)| ((*path).to_owned(), *ascending)).collect();
    let (database, collection) = ("db".to_owned(), "c".to_owned());
    IndexSpec { database, collection, keys, unique: false, sparse: false }
}

fn unique(keys: &[(&str, bool)]) -> IndexSpec {
    IndexSpec { unique: true, ..index(keys) }
}

/// Asks the same with and without indexes.
async fn check(indexes: Vec<IndexSpec>, documents: &[Document], filters: &[Document]) {
    let (plain, indexed) = (Fixture::new(), Fixture::new());
    indexed.store.declare_indexes(indexes).await.unwrap();
    plain.store.insert(&c(), documents).await.unwrap();
    indexed.store.insert(&c(), documents).await.unwrap();
    let by_id = Find { sort: Some(raw(&doc! {"_id": 1})), ..Find::default() };
    for filter in filters {
        let find = Find { filter: raw(filter), ..by_id.clone() };
        let expected = plain.store.find_with(&c(), find.clone()).await.unwrap();
        let found = indexed.store.find_with(&c(), find).await.unwrap();
        assert_eq!(found, expected, "{filter}");
        // Without the sort, each comes once.
        assert_eq!(indexed.store.find(&c(), filter.clone()).await.unwrap().len(), expected.len());
        assert_eq!(indexed.store.count(&c(), filter.clone()).await.unwrap(), expected.len() as u64);
    }
}

#[tokio::test]
async fn an_index_finds_what_a_scan_finds() {
    let documents: Vec<_> = (0..300)
        .map(|n| match n % 6 {
            0 => doc! {"_id": n, "a": n, "b": "x"},
            1 => doc! {"_id": n, "a": f64::from(n), "b": n % 7},
            2 => doc! {"_id": n, "a": [n, n + 10, {"z": 1}], "b": null},
            3 => doc! {"_id": n, "a": {"x": n}, "b": []},
            4 => doc! {"_id": n, "b": n % 5},
            _ => doc! {"_id": n, "a": format!("s{n}"), "b": [[n]]},
        })
        .collect();
    let filters = [
        doc! {"a": 6},
        doc! {"a": 6.0},
        doc! {"a": {"$in": [6, 7.0, 8, "s5", 18]}},
        doc! {"a": {"$gt": 100, "$lte": 120}},
        doc! {"a": {"$gte": 100}, "b": {"$lt": 5}},
        doc! {"a": {"$lt": "s2"}},
        doc! {"a": {"x": 3}},
        doc! {"a": null},
        doc! {"a": [2, 12, {"z": 1}]},
        doc! {"a.z": 1},
        doc! {"a": 12, "b": null},
        doc! {"a": {"$ne": 6}, "b": 3},
        doc! {"$and": [{"a": {"$gt": 10}}, {"a": {"$lt": 20}}]},
        doc! {"$or": [{"a": 6}, {"b": 3}]},
        doc! {"a": {"$in": []}},
        doc! {"a": {"$regex": "^s1"}},
        doc! {"a": {"$exists": false}},
        doc! {"b": {"$elemMatch": {"$eq": [5]}}},
    ];
    for indexes in [
        vec![index(&[("a", true)])],
        vec![index(&[("a", false)])],
        vec![index(&[("a", true), ("b", false)])],
        vec![index(&[("a", false), ("b", true)]), index(&[("b", true)])],
        vec![IndexSpec { sparse: true, ..index(&[("a", true)]) }],
    ] {
        check(indexes, &documents, &filters).await;
    }
}

#[tokio::test]
async fn both_ends_of_a_range_may_be_met_by_different_items() {
    let documents = [doc! {"_id": 1, "a": [1, 9]}, doc! {"_id": 2, "a": 5}];
    check(vec![index(&[("a", true)])], &documents, &[doc! {"a": {"$gt": 2, "$lt": 8}}]).await;
}

#[tokio::test]
async fn fields_of_one_item_stay_together() {
    let documents = [
        doc! {"_id": 1, "i": [{"a": 1, "b": 1}, {"a": 2, "b": 2}]},
        doc! {"_id": 2, "i": [{"a": 1, "b": 2}]},
        doc! {"_id": 3, "i": []},
        doc! {"_id": 4, "i": [1, 2]},
        doc! {"_id": 5},
    ];
    let filters = [
        doc! {"i.a": 1, "i.b": 2},
        doc! {"i": {"$elemMatch": {"a": 1, "b": 2}}},
        doc! {"i.a": null},
        doc! {"i.0.a": 1},
    ];
    check(vec![index(&[("i.a", true), ("i.b", true)])], &documents, &filters).await;
    check(vec![index(&[("i.0.a", true)])], &documents, &filters).await;
    // Two documents may share the values of two items, but not of one.
    let fixture = Fixture::new();
    fixture.store.declare_indexes(vec![unique(&[("i.a", true), ("i.b", true)])]).await.unwrap();
    fixture.store.insert(&c(), &documents[..3]).await.unwrap();
    fixture.store.insert(&c(), &[doc! {"i": [{"a": 1, "b": 3}, {"a": 9, "b": 9}]}]).await.unwrap();
    let error = fixture.store.insert(&c(), &[doc! {"i": [{"a": 9, "b": 9}]}]).await.unwrap_err();
    assert!(error.message.ends_with(r"dup key: { i.a: 9, i.b: 9 }"), "{error}");
}

#[tokio::test]
async fn parallel_arrays_are_refused() {
    let fixture = Fixture::new();
    fixture.store.declare_indexes(vec![index(&[("a", true), ("b", true)])]).await.unwrap();
    let error = fixture.store.insert(&c(), &[doc! {"a": [1], "b": [1]}]).await.unwrap_err();
    assert_eq!(error.number(), Some(171));
    assert_eq!(error.message, "cannot index parallel arrays [b] [a]");
}

#[tokio::test]
async fn an_index_gives_the_order() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    let indexes =
        vec![index(&[("a", true), ("b", false)]), index(&[("b", true)]), index(&[("t", false)])];
    store.declare_indexes(indexes).await.unwrap();
    let documents: Vec<_> = (0..400)
        .map(|n| doc! {"_id": n, "a": n % 3, "b": (n * 7) % 400, "t": (n * 11) % 50})
        .collect();
    store.insert(&c(), &documents).await.unwrap();
    for (filter, sort) in [
        (doc! {}, doc! {"b": 1}),
        (doc! {}, doc! {"b": -1}),
        (doc! {}, doc! {"t": -1}),
        (doc! {}, doc! {"t": 1, "b": 1}),
        (doc! {"a": 1}, doc! {"b": 1}),
        (doc! {"a": 1}, doc! {"a": 1, "b": -1}),
        (doc! {"a": {"$gte": 1}}, doc! {"a": -1, "b": 1}),
        (doc! {"b": {"$gt": 50, "$lt": 300}}, doc! {"b": -1}),
        (doc! {"_id": {"$lt": 300}}, doc! {"_id": -1}),
    ] {
        let find = Find { filter: raw(&filter), sort: Some(raw(&sort)), ..Find::default() };
        let found = store.find_with(&c(), find).await.unwrap();
        let expected: Vec<_> = {
            let mut some = store.find(&c(), filter.clone()).await.unwrap();
            some.sort_by(|x, y| {
                let fields = sort.iter().map(|(field, direction)| {
                    let order = x.get_i32(field).unwrap().cmp(&y.get_i32(field).unwrap());
                    if direction.as_i32() == Some(1) { order } else { order.reverse() }
                });
                fields.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
            });
            some
        };
        let key = |one: &Document| {
            sort.keys().map(|field| one.get_i32(field).unwrap()).collect::<Vec<_>>()
        };
        let keys = |documents: &[Document]| documents.iter().map(key).collect::<Vec<_>>();
        assert_eq!(keys(&found), keys(&expected), "{filter} {sort}");
    }
}

#[tokio::test]
async fn a_unique_index_refuses_in_the_words_of_a_server() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    store.declare_indexes(vec![unique(&[("email", true)])]).await.unwrap();
    store.insert(&c(), &[doc! {"_id": 1, "email": "a"}]).await.unwrap();
    let error = store.insert(&c(), &[doc! {"_id": 2, "email": "a"}]).await.unwrap_err();
    assert_eq!((error.kind, error.number()), (ErrorKind::DuplicateKey, Some(11000)));
    assert_eq!(
        error.message,
        r#"E11000 duplicate key error collection: db.c index: email_1 dup key: { email: "a" }"#
    );
    // A missing field is a value, too.
    store.insert(&c(), &[doc! {"_id": 3}]).await.unwrap();
    let error = store.insert(&c(), &[doc! {"_id": 4}]).await.unwrap_err();
    assert!(error.message.ends_with("dup key: { email: null }"), "{error}");
    // If both are taken, the `_id` is named.
    let error = store.insert(&c(), &[doc! {"_id": 1, "email": "a"}]).await.unwrap_err();
    assert!(error.message.contains("index: _id_ "), "{error}");
    // An update meets it as well, and a document does not stand in its own way.
    store.insert(&c(), &[doc! {"_id": 5, "email": "b"}]).await.unwrap();
    let taken = store.update(&c(), doc! {"_id": 5}, doc! {"$set": {"email": "a"}}, false).await;
    assert_eq!(taken.unwrap_err().number(), Some(11000));
    store
        .update(&c(), doc! {"_id": 5}, doc! {"$set": {"email": "b", "n": 1}}, false)
        .await
        .unwrap();
    // What is gone is free.
    store.delete(&c(), doc! {"email": "a"}, false).await.unwrap();
    store.update(&c(), doc! {"_id": 5}, doc! {"$set": {"email": "a"}}, false).await.unwrap();
    store.insert(&c(), &[doc! {"_id": 6, "email": "b"}]).await.unwrap();
    assert_eq!(store.count(&c(), doc! {"email": {"$in": ["a", "b"]}}).await.unwrap(), 2);
}

#[tokio::test]
async fn a_sparse_unique_index_leaves_documents_without_the_field_alone() {
    let fixture = Fixture::new();
    let sparse = IndexSpec { sparse: true, ..unique(&[("email", true)]) };
    fixture.store.declare_indexes(vec![sparse]).await.unwrap();
    fixture.store.insert(&c(), &[doc! {}, doc! {}, doc! {"email": null}]).await.unwrap();
    fixture.store.insert(&c(), &[doc! {"email": null}]).await.unwrap_err();
    assert_eq!(fixture.store.count(&c(), doc! {"email": null}).await.unwrap(), 3);
}

#[tokio::test]
async fn an_index_over_duplicates_is_refused_and_names_one() {
    let fixture = Fixture::new();
    let documents = [doc! {"a": 1}, doc! {"a": 2}, doc! {"a": 2}];
    fixture.store.insert(&c(), &documents).await.unwrap();
    let error = fixture.store.declare_indexes(vec![unique(&[("a", true)])]).await.unwrap_err();
    assert!(error.message.contains("a_1") && error.message.contains("{ a: 2 }"), "{error}");
    // Nothing of it is left.
    fixture.store.insert(&c(), &[doc! {"a": 1}]).await.unwrap();
    fixture.store.declare_indexes(vec![index(&[("a", true)])]).await.unwrap();
    assert_eq!(fixture.store.count(&c(), doc! {"a": 1}).await.unwrap(), 2);
}

#[tokio::test]
async fn an_index_that_is_not_declared_any_more_goes() {
    let fixture = Fixture::new();
    fixture.store.declare_indexes(vec![unique(&[("a", true)])]).await.unwrap();
    assert_eq!(fixture.store.collection_names("db".to_owned()).await.unwrap(), ["c"]);
    let other = fixture.file.data_source("other");
    other.declare_indexes(vec![unique(&[("a", true)])]).await.unwrap();
    fixture.store.insert(&c(), &[doc! {"a": 1}]).await.unwrap();
    // The same again changes nothing.
    fixture.store.declare_indexes(vec![unique(&[("a", true)])]).await.unwrap();
    fixture.store.insert(&c(), &[doc! {"a": 1}]).await.unwrap_err();
    fixture.store.declare_indexes(Vec::new()).await.unwrap();
    fixture.store.insert(&c(), &[doc! {"a": 1}]).await.unwrap();
    // Another source has its own.
    other.insert(&c(), &[doc! {"a": 1}]).await.unwrap();
    other.insert(&c(), &[doc! {"a": 1}]).await.unwrap_err();
}

#[tokio::test]
async fn an_update_of_many_through_an_index_changes_each_once() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    store.declare_indexes(vec![index(&[("n", true)])]).await.unwrap();
    let documents: Vec<_> = (0..200).map(|n| doc! {"_id": n, "n": n}).collect();
    store.insert(&c(), &documents).await.unwrap();
    let filter = doc! {"n": {"$gte": 0}};
    let updated = store.update(&c(), filter, doc! {"$inc": {"n": 1000}}, true).await.unwrap();
    assert_eq!((updated.matched, updated.modified), (200, 200));
    let gone = store.delete(&c(), doc! {"n": {"$lt": 1100}}, true).await.unwrap();
    assert_eq!(gone, 100);
    assert_eq!(store.count(&c(), doc! {"n": {"$gte": 1100}}).await.unwrap(), 100);
}

#[tokio::test]
async fn an_index_lives_on_in_the_file() {
    let fixture = Fixture::new();
    fixture.store.declare_indexes(vec![unique(&[("a", true)])]).await.unwrap();
    fixture.store.insert(&c(), &[doc! {"a": [1, 2]}]).await.unwrap();
    let fixture = fixture.reopen();
    let error = fixture.store.insert(&c(), &[doc! {"a": 2}]).await.unwrap_err();
    assert_eq!(error.number(), Some(11000));
    assert_eq!(fixture.store.count(&c(), doc! {"a": {"$gt": 1, "$lt": 2}}).await.unwrap(), 1);
}
