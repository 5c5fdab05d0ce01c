//! Pipelines over collections of the file.

use bson::doc;
use hookstead_data::{Aggregate, Command, IndexSpec, Target as _};

use super::fixture::{Ask as _, Fixture, all, c, named, raw};

#[tokio::test]
async fn other_collections_are_looked_up() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    store.insert(&c(), &[doc! {"_id": 1, "o": 7}, doc! {"_id": 2, "o": 8}]).await.unwrap();
    store.insert(&named("o"), &[doc! {"_id": 7, "n": "x"}]).await.unwrap();
    let lookup = doc! {"$lookup": {
        "from": "o", "localField": "o", "foreignField": "_id", "as": "found",
    }};
    let found = store.aggregate(&c(), &[lookup]).await.unwrap();
    let none: [bson::Bson; 0] = [];
    assert_eq!(
        found,
        [
            doc! {"_id": 1, "o": 7, "found": [{"_id": 7, "n": "x"}]},
            doc! {"_id": 2, "o": 8, "found": none.to_vec()},
        ]
    );
    let union = doc! {"$unionWith": "o"};
    assert_eq!(store.aggregate(&c(), &[union]).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_leading_match_sort_and_limit_use_an_index() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    let documents: Vec<_> = (0..1_000).map(|n| doc! {"_id": n, "a": n % 10, "b": -n}).collect();
    store.insert(&c(), &documents).await.unwrap();
    let pipeline = [doc! {"$match": {"a": 3}}, doc! {"$sort": {"b": 1}}, doc! {"$limit": 2}];
    let expected = [doc! {"_id": 993, "a": 3, "b": -993}, doc! {"_id": 983, "a": 3, "b": -983}];
    assert_eq!(store.aggregate(&c(), &pipeline).await.unwrap(), expected);
    let index = IndexSpec {
        database: "db".to_owned(),
        collection: "c".to_owned(),
        keys: vec![("a".to_owned(), true), ("b".to_owned(), true)],
        unique: false,
        sparse: false,
    };
    store.declare_indexes(vec![index]).await.unwrap();
    assert_eq!(store.aggregate(&c(), &pipeline).await.unwrap(), expected);
}

#[tokio::test]
async fn documents_without_a_collection() {
    let fixture = Fixture::new();
    let run = async |stage: bson::Document| {
        let pipeline = vec![raw(&stage)];
        let aggregate = Aggregate { pipeline, of_database: true, ..Aggregate::default() };
        all(fixture.store.run(c(), Command::Aggregate(aggregate)).await?).await
    };
    let documents = run(doc! {"$documents": [{"a": 1}, {"a": 2}]}).await.unwrap();
    assert_eq!(documents, [doc! {"a": 1}, doc! {"a": 2}]);
    assert_eq!(run(doc! {"$match": {}}).await.unwrap_err().number(), Some(73));
}

#[tokio::test]
async fn out_takes_the_place_of_a_collection() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    let documents: Vec<_> = (0..500).map(|n| doc! {"_id": n}).collect();
    store.insert(&c(), &documents).await.unwrap();
    store.insert(&named("o"), &[doc! {"_id": "old"}]).await.unwrap();
    let limited = [doc! {"$match": {"_id": {"$lt": 300}}}, doc! {"$out": "o"}];
    assert_eq!(store.aggregate(&c(), &limited).await.unwrap(), []);
    assert_eq!(store.find(&named("o"), doc! {}).await.unwrap(), documents[..300]);
    // A collection may become what a pipeline makes of it.
    let itself = [doc! {"$match": {"_id": {"$gte": 490}}}, doc! {"$out": "c"}];
    store.aggregate(&c(), &itself).await.unwrap();
    assert_eq!(store.find(&c(), doc! {}).await.unwrap(), documents[490..]);
    // One that fails leaves everything as it was.
    let fails = [
        doc! {"$project": {"_id": {"$divide": [1, {"$subtract": ["$_id", 495]}]}}},
        doc! {"$out": "o"},
    ];
    store.aggregate(&c(), &fails).await.unwrap_err();
    assert_eq!(store.count(&named("o"), doc! {}).await.unwrap(), 300);
}

#[tokio::test]
async fn merge_meets_documents_by_id() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    store.insert(&c(), &[doc! {"_id": 1, "a": 1}, doc! {"_id": 2, "a": 2}]).await.unwrap();
    let old = doc! {"_id": 1, "a": 0, "b": 0};
    let cases = [
        (doc! {"into": "o"}, vec![doc! {"_id": 1, "a": 1, "b": 0}, doc! {"_id": 2, "a": 2}]),
        (
            doc! {"into": "o", "whenMatched": "replace", "whenNotMatched": "discard"},
            vec![doc! {"_id": 1, "a": 1}],
        ),
        (
            doc! {"into": "o", "whenMatched": "keepExisting"},
            vec![old.clone(), doc! {"_id": 2, "a": 2}],
        ),
        (
            doc! {"into": "o", "whenMatched": [{"$set": {"b": {"$add": ["$a", "$$new.a"]}}}]},
            vec![doc! {"_id": 1, "a": 0, "b": 1}, doc! {"_id": 2, "a": 2}],
        ),
    ];
    for (merge, expected) in cases {
        store.delete(&named("o"), doc! {}, true).await.unwrap();
        store.insert(&named("o"), std::slice::from_ref(&old)).await.unwrap();
        store.aggregate(&c(), &[doc! {"$merge": merge.clone()}]).await.unwrap();
        assert_eq!(store.find(&named("o"), doc! {}).await.unwrap(), expected, "{merge}");
    }
    for (merge, code) in [
        (doc! {"into": "o", "whenMatched": "fail"}, 11000),
        (doc! {"into": "p", "whenNotMatched": "fail"}, 13113),
        (doc! {"into": "o", "on": "a"}, 51183),
    ] {
        let error = store.aggregate(&c(), &[doc! {"$merge": merge}]).await.unwrap_err();
        assert_eq!(error.number(), Some(code), "{error}");
    }
}
