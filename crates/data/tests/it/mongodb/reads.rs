//! Commands that read.

use bson::{Bson, RawDocumentBuf, doc, rawdoc};
use hookstead_data::{Aggregate, Command, Count, ErrorKind, Find, Store as _};

use super::{
    start,
    support::{collection, filter},
};

/// `{ _id: 0, even: true }` to `{ _id: 9, even: false }`.
fn ten() -> impl Iterator<Item = RawDocumentBuf> {
    (0..10_i32).map(|number| rawdoc! { "_id": number, "even": number % 2 == 0 })
}

#[tokio::test]
async fn finds_filter_project_sort_skip_and_limit() {
    let (_server, _store, c) = start();
    c.insert(ten()).await.unwrap();
    let found = c
        .find(Find {
            filter: rawdoc! { "even": true },
            projection: Some(rawdoc! { "even": 0 }),
            sort: Some(rawdoc! { "_id": -1 }),
            skip: 1,
            limit: 2,
        })
        .await;
    assert_eq!(found.unwrap(), [doc! { "_id": 6 }, doc! { "_id": 4 }]);
    assert_eq!(c.find(filter(rawdoc! { "_id": 11 })).await.unwrap(), []);
    let failure = c.find(filter(rawdoc! { "even": { "$nonsense": 1 } })).await.unwrap_err();
    assert_eq!((failure.kind, failure.number()), (ErrorKind::Refused, Some(2)));
    assert!(failure.message.contains("$nonsense"), "{failure}");
    assert!(std::error::Error::source(&failure).is_some());
}

#[tokio::test]
async fn counts_and_distinct_values() {
    let (_server, _store, c) = start();
    c.insert(ten()).await.unwrap();
    let evens = rawdoc! { "even": true };
    for (filter, limit, skip, expected) in [
        (RawDocumentBuf::new(), 0, 0, 10),
        (evens.clone(), 0, 0, 5),
        (evens.clone(), 2, 0, 2),
        (evens.clone(), 0, 4, 1),
        (rawdoc! { "even": "no" }, 0, 0, 0),
    ] {
        let counted = c.count(Count { filter, limit, skip }).await;
        assert_eq!(counted.unwrap(), expected, "limit {limit}, skip {skip}");
    }
    let values = c.distinct("even", RawDocumentBuf::new()).await.unwrap();
    assert_eq!(values.len(), 2);
    assert_eq!(
        c.distinct("_id", rawdoc! { "_id": { "$lt": 2 } }).await.unwrap(),
        [Bson::Int32(0), Bson::Int32(1)]
    );
}

#[tokio::test]
async fn pipelines_take_the_options_that_a_server_knows() {
    let (_server, store, c) = start();
    c.insert(ten()).await.unwrap();
    let options = rawdoc! {
        "allowDiskUse": true, "comment": "a test", "let": { "least": 8 }, "collation": null,
        "maxTimeMS": 10_000, "hint": { "_id": 1 }, "wrongOption": 1, "batchSize": 1,
        "bypassDocumentValidation": false,
    };
    let stage = rawdoc! { "$match": { "$expr": { "$gte": ["$_id", "$$least"] } } };
    let found = c.aggregate(vec![stage], options).await.unwrap();
    assert_eq!(found, [doc! { "_id": 8, "even": true }, doc! { "_id": 9, "even": false }]);

    let out = vec![rawdoc! { "$match": { "even": true } }, rawdoc! { "$out": "evens" }];
    assert_eq!(c.aggregate(out, RawDocumentBuf::new()).await.unwrap(), []);
    assert_eq!(collection(store.clone(), "evens").contents().await.len(), 5);
    let merge = vec![rawdoc! { "$merge": { "into": "evens" } }];
    assert_eq!(c.aggregate(merge, rawdoc! { "enforceReadPref": true }).await.unwrap(), []);
    assert_eq!(collection(store.clone(), "evens").contents().await.len(), 10);

    let of_database = Command::Aggregate(Aggregate {
        pipeline: vec![rawdoc! { "$documents": [{ "a": 1 }] }],
        of_database: true,
        options: RawDocumentBuf::new(),
    });
    assert_eq!(c.documents(of_database).await.unwrap(), [doc! { "a": 1 }]);

    let failure = c.aggregate(vec![rawdoc! { "$nonsense": 1 }], RawDocumentBuf::new()).await;
    let failure = failure.unwrap_err();
    assert_eq!(failure.number(), Some(40324), "{failure}");
    assert_eq!(failure.message, "Unrecognized pipeline stage name: '$nonsense'");
}

#[tokio::test]
async fn names_of_databases_and_collections() {
    let (_server, store, c) = start();
    c.insert([rawdoc! { "_id": 1 }]).await.unwrap();
    collection(store.clone(), "d").insert([rawdoc! { "_id": 1 }]).await.unwrap();
    let databases = store.database_names().await.unwrap();
    assert!(databases.contains(&"test".to_owned()), "{databases:?}");
    let mut collections = store.collection_names("test".to_owned()).await.unwrap();
    collections.sort();
    assert_eq!(collections, ["c", "d"]);
    assert_eq!(store.collection_names("nothing".to_owned()).await.unwrap(), [] as [&str; 0]);
}
