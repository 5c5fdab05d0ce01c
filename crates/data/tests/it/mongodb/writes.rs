//! Commands that write.

use bson::{Bson, RawDocumentBuf, doc, rawdoc};
use hookstead_data::{
    Command, Delete, ErrorKind, FindAndModify, InsertMany, Modification, Update, UpdateSpec,
    WriteOperation,
};
use hookstead_testing::SecantusDb;

use super::{
    connect, start,
    support::{Collection, collection, operators_of, set},
};

fn numbers(numbers: impl IntoIterator<Item = i32>) -> Vec<RawDocumentBuf> {
    numbers.into_iter().map(|number| rawdoc! { "_id": number }).collect()
}

async fn ids(c: &Collection) -> Vec<i32> {
    c.contents().await.iter().map(|document| document.get_i32("_id").unwrap()).collect()
}

#[tokio::test]
async fn inserts_stop_at_the_first_failure_or_go_on() {
    let (_server, _store, c) = start();
    let inserted = c.insert(numbers([1, 2])).await.unwrap();
    assert_eq!(inserted, [Bson::Int32(1), Bson::Int32(2)]);
    for (ordered, expected) in [(true, vec![1, 2, 3]), (false, vec![1, 2, 3, 4])] {
        let documents = numbers([3, 1, 4]);
        let command = Command::InsertMany(InsertMany { documents, ordered });
        let failure = c.send(command).await.map(|_| ()).unwrap_err();
        assert_eq!((failure.kind, failure.number()), (ErrorKind::DuplicateKey, Some(11000)));
        let text = "E11000 duplicate key error collection: test.c index: _id_ dup key: { _id: ";
        assert!(failure.message.starts_with(text), "{failure}");
        assert_eq!(ids(&c).await, expected, "ordered: {ordered}");
    }
    let failure = c.insert([]).await.unwrap_err();
    assert_eq!(failure.number(), Some(16), "{failure}");
    let failure = c.insert([rawdoc! { "a": 1 }]).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Refused, "{failure}");
}

#[tokio::test]
async fn inserts_of_any_size_go_out_in_several_commands() {
    let (_server, _store, c) = start();
    let megabyte = "x".repeat(1024 * 1024);
    let large = (0..40_i32).map(|number| rawdoc! { "_id": number, "x": &*megabyte });
    assert_eq!(c.insert(large).await.unwrap().len(), 40);
    let largest = "x".repeat(16 * 1024 * 1024 - 30);
    let inserted = c.insert([rawdoc! { "_id": "largest", "x": &*largest }]).await;
    assert_eq!(inserted.unwrap().len(), 1);
    let failure = c.insert([rawdoc! { "_id": "larger", "x": format!("{largest}more of it") }]);
    let failure = failure.await.unwrap_err();
    assert_eq!(failure.number(), Some(2), "{failure}");
    assert!(failure.message.starts_with("object to insert too large"), "{failure}");
    let many = numbers(100..100_200).into_iter().collect::<Vec<_>>();
    assert_eq!(c.insert(many).await.unwrap().len(), 100_100);
}

#[tokio::test]
async fn updates_change_one_or_many_or_insert() {
    let (_server, _store, c) = start();
    c.insert([rawdoc! { "_id": 1, "a": [1, 5] }, rawdoc! { "_id": 2, "a": [] }]).await.unwrap();
    let all = RawDocumentBuf::new;

    let one = c.update(set(all(), rawdoc! { "$set": { "b": 1 } })).await.unwrap();
    assert_eq!((one.matched, one.modified, one.upserted_id), (1, 1, None));
    let update = Update { many: true, ..set(all(), rawdoc! { "$set": { "b": 1 } }) };
    let many = c.update(update).await.unwrap();
    assert_eq!((many.matched, many.modified, many.upserted_id), (2, 1, None));

    let filters = vec![rawdoc! { "n": { "$gt": 2 } }];
    let spec = UpdateSpec::Operators(rawdoc! { "$inc": { "a.$[n]": 1 } }, filters);
    let update = Update { modification: Modification::Update(spec), ..set(all(), all()) };
    c.update(update).await.unwrap();
    let pipeline = vec![rawdoc! { "$set": { "size": { "$size": "$a" } } }];
    let modification = Modification::Update(UpdateSpec::Pipeline(pipeline));
    c.update(Update { modification, many: true, ..set(all(), all()) }).await.unwrap();
    assert_eq!(
        c.contents().await,
        [
            doc! { "_id": 1, "a": [1, 6], "b": 1, "size": 2 },
            doc! { "_id": 2, "a": [], "b": 1, "size": 0 }
        ]
    );

    let upsert = set(rawdoc! { "_id": "new" }, rawdoc! { "$set": { "c": 1 } });
    let upserted = c.update(Update { upsert: true, ..upsert.clone() }).await.unwrap();
    assert_eq!((upserted.matched, upserted.modified), (0, 0));
    assert_eq!(upserted.upserted_id, Some(Bson::from("new")));
    let again = c.update(Update { upsert: true, ..upsert }).await.unwrap();
    assert_eq!((again.matched, again.modified, again.upserted_id), (1, 0, None));

    let modification = Modification::Replacement(rawdoc! { "d": 1 });
    let update = Update { modification, ..set(rawdoc! { "_id": "new" }, all()) };
    assert_eq!(c.update(update).await.unwrap().modified, 1);
    assert_eq!(c.contents().await[2], doc! { "_id": "new", "d": 1 });
}

#[tokio::test]
async fn an_update_never_replaces_a_document_by_accident() {
    let (_server, _store, c) = start();
    c.insert([rawdoc! { "_id": 1, "kept": true }]).await.unwrap();
    let replacement = |document| Modification::Replacement(document);
    let cases = [
        (operators_of(rawdoc! { "a": 1 }), "update document must contain key beginning with '$'"),
        (operators_of(rawdoc! {}), "update document must have at least one element"),
        (
            replacement(rawdoc! { "$set": { "a": 1 } }),
            "replacement document cannot contain keys beginning with '$'",
        ),
    ];
    for (modification, expected) in cases {
        let update = Update { modification: modification.clone(), ..set(rawdoc! {}, rawdoc! {}) };
        assert_eq!(c.update(update.clone()).await.unwrap_err().message, expected);
        let failure = c.bulk(true, vec![WriteOperation::Update(update)]).await.unwrap_err();
        assert_eq!(failure.message, expected);
        let failure = c.modify(modify(Some(modification))).await.unwrap_err();
        assert_eq!(failure.message, expected);
    }
    assert_eq!(c.contents().await, [doc! { "_id": 1, "kept": true }]);
}

#[tokio::test]
async fn deletes_one_or_many() {
    let (_server, _store, c) = start();
    c.insert(numbers(0..5)).await.unwrap();
    assert_eq!(c.delete(rawdoc! { "_id": { "$gte": 2 } }, false).await.unwrap(), 1);
    assert_eq!(c.delete(rawdoc! { "_id": { "$gte": 2 } }, true).await.unwrap(), 2);
    assert_eq!(c.delete(rawdoc! { "_id": "none" }, true).await.unwrap(), 0);
    assert_eq!(c.contents().await, [doc! { "_id": 0 }, doc! { "_id": 1 }]);
}

fn modify(modification: Option<Modification>) -> FindAndModify {
    FindAndModify {
        filter: RawDocumentBuf::new(),
        modification,
        sort: None,
        projection: None,
        upsert: false,
        return_new: false,
    }
}

#[tokio::test]
async fn find_and_modify_gives_the_document_before_or_after() {
    let (_server, _store, c) = start();
    c.insert([rawdoc! { "_id": 1, "n": 1 }, rawdoc! { "_id": 2, "n": 2 }]).await.unwrap();
    let increment = operators_of(rawdoc! { "$inc": { "n": 10 } });
    let largest = FindAndModify { sort: Some(rawdoc! { "n": -1 }), ..modify(Some(increment)) };
    assert_eq!(c.modify(largest.clone()).await.unwrap(), Some(doc! { "_id": 2, "n": 2 }));
    let after = FindAndModify {
        return_new: true,
        projection: Some(rawdoc! { "_id": 0 }),
        ..largest.clone()
    };
    assert_eq!(c.modify(after).await.unwrap(), Some(doc! { "n": 22 }));
    let none = FindAndModify { filter: rawdoc! { "_id": 3 }, ..largest };
    assert_eq!(c.modify(none.clone()).await.unwrap(), None);
    let upsert = FindAndModify { upsert: true, return_new: true, ..none };
    assert_eq!(c.modify(upsert).await.unwrap(), Some(doc! { "_id": 3, "n": 10 }));

    let replace = Modification::Replacement(rawdoc! { "m": 1 });
    let replace = FindAndModify { filter: rawdoc! { "_id": 3 }, ..modify(Some(replace)) };
    assert_eq!(c.modify(replace).await.unwrap(), Some(doc! { "_id": 3, "n": 10 }));
    let remove = FindAndModify { filter: rawdoc! { "m": 1 }, ..modify(None) };
    assert_eq!(c.modify(remove.clone()).await.unwrap(), Some(doc! { "_id": 3, "m": 1 }));
    assert_eq!(c.modify(remove).await.unwrap(), None);

    let pipeline =
        UpdateSpec::Pipeline(vec![rawdoc! { "$set": { "twice": { "$add": ["$n", "$n"] } } }]);
    let pipeline = Some(Modification::Update(pipeline));
    let pipeline = FindAndModify { return_new: true, ..modify(pipeline) };
    let one = FindAndModify { filter: rawdoc! { "_id": 1 }, ..pipeline };
    assert_eq!(c.modify(one).await.unwrap(), Some(doc! { "_id": 1, "n": 1, "twice": 2 }));

    c.insert([rawdoc! { "_id": 9, "a": [1, 9] }]).await.unwrap();
    let filters = vec![rawdoc! { "x": { "$gt": 5 } }];
    let filtered = UpdateSpec::Operators(rawdoc! { "$set": { "a.$[x]": 0 } }, filters);
    let filtered = modify(Some(Modification::Update(filtered)));
    let filtered = FindAndModify { filter: rawdoc! { "_id": 9 }, return_new: true, ..filtered };
    assert_eq!(c.modify(filtered).await.unwrap(), Some(doc! { "_id": 9, "a": [1, 0] }));
}

fn insert(number: i32) -> WriteOperation {
    WriteOperation::Insert(rawdoc! { "_id": number })
}

#[tokio::test]
async fn bulk_writes_mix_and_stop_or_go_on() {
    let (_server, _store, c) = start();
    let change = |number: i32, many| {
        let update = set(rawdoc! { "_id": number }, rawdoc! { "$set": { "a": 1 } });
        WriteOperation::Update(Update { many, ..update })
    };
    let remove = |number: i32, many| {
        WriteOperation::Delete(Delete { filter: rawdoc! { "_id": number }, many })
    };
    let upsert =
        Update { upsert: true, ..set(rawdoc! { "_id": 7 }, rawdoc! { "$set": { "b": 1 } }) };
    let replace = Modification::Replacement(rawdoc! { "c": 1 });
    let replace = Update { modification: replace, ..set(rawdoc! { "_id": 3 }, rawdoc! {}) };
    let operations = vec![
        insert(1),
        insert(2),
        insert(3),
        change(1, false),
        change(2, true),
        WriteOperation::Update(upsert),
        remove(2, false),
        remove(1, true),
        WriteOperation::Update(replace),
        insert(4),
    ];
    c.bulk(true, operations).await.unwrap();
    let expected = [doc! { "_id": 3, "c": 1 }, doc! { "_id": 4 }, doc! { "_id": 7, "b": 1 }];
    assert_eq!(c.contents().await, expected);

    for (ordered, expected) in [(true, vec![3, 4, 7, 10]), (false, vec![3, 4, 10, 20, 21, 22])] {
        let first = if ordered { 10 } else { 20 };
        let operations =
            vec![insert(first), insert(3), insert(first + 1), remove(7, false), insert(first + 2)];
        let failure = c.bulk(ordered, operations).await.unwrap_err();
        assert_eq!((failure.kind, failure.number()), (ErrorKind::DuplicateKey, Some(11000)));
        assert!(failure.message.contains("dup key: { _id: 3 }"), "{failure}");
        assert_eq!(ids(&c).await, expected);
    }
    assert_eq!(c.bulk(true, Vec::new()).await.unwrap_err().number(), Some(16));
}

#[tokio::test]
async fn a_server_that_runs_alone_takes_all_writes() {
    let server = SecantusDb::start_with(&["--standalone"]);
    let c = collection(connect(&server), "c");
    c.insert(numbers(0..3)).await.unwrap();
    c.update(set(rawdoc! { "_id": 1 }, rawdoc! { "$set": { "a": 1 } })).await.unwrap();
    c.modify(modify(None)).await.unwrap();
    c.bulk(true, vec![insert(7)]).await.unwrap();
    assert_eq!(c.contents().await.len(), 3);
}
