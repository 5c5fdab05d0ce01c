//! Batches, and the bytes in them.

use bson::{
    Binary, DateTime, RawBson, RawDocumentBuf, Regex, Timestamp, oid::ObjectId, raw::cstr, rawdoc,
    spec::BinarySubtype,
};
use hookstead_data::{Command, Find};

use super::{start, support::filter};

#[tokio::test]
async fn documents_come_in_the_batches_of_the_server() {
    let (_server, _store, c) = start();
    c.insert((0..1000_i32).map(|number| rawdoc! { "_id": number })).await.unwrap();
    let (first, cursor) = c.cursor(Command::Find(Find::default())).await.unwrap();
    assert_eq!(first.len(), 101);
    let mut cursor = cursor.unwrap();
    assert_eq!(cursor.next_batch().await.unwrap().len(), 899);
    for _ in 0..2 {
        assert!(cursor.next_batch().await.unwrap().is_empty());
    }
    // What fits into the first batch leaves nothing open at the server.
    let (few, cursor) =
        c.cursor(Command::Find(Find { limit: 5, ..Find::default() })).await.unwrap();
    assert!(few.len() == 5 && cursor.is_none());
}

#[tokio::test]
async fn a_batch_is_no_larger_than_a_message() {
    let (_server, _store, c) = start();
    let large = "x".repeat(1024 * 1024);
    c.insert((0..40_i32).map(|number| rawdoc! { "_id": number, "x": &*large })).await.unwrap();
    let (first, cursor) = c.cursor(Command::Find(Find::default())).await.unwrap();
    let mut cursor = cursor.unwrap();
    let mut count = first.len();
    loop {
        let batch = cursor.next_batch().await.unwrap();
        if batch.is_empty() {
            break;
        }
        assert!(batch.bytes_len() <= 17 * 1024 * 1024, "{}", batch.bytes_len());
        count += batch.len();
    }
    assert_eq!(count, 40);
}

#[tokio::test]
async fn many_cursors_are_left_open_and_dropped() {
    let (_server, store, c) = start();
    c.insert((0..300_i32).map(|number| rawdoc! { "_id": number })).await.unwrap();
    let mut open = Vec::new();
    for _ in 0..20 {
        let (_, cursor) = c.cursor(Command::Find(Find::default())).await.unwrap();
        open.push(cursor.unwrap());
    }
    let mut last = open.pop().unwrap();
    drop(open);
    assert_eq!(last.next_batch().await.unwrap().len(), 199);
    assert_eq!(c.contents().await.len(), 300);
    // The cursor outlives whoever holds the store.
    let (_, cursor) = c.cursor(Command::Find(Find::default())).await.unwrap();
    drop((store, c));
    assert_eq!(cursor.unwrap().next_batch().await.unwrap().len(), 199);
}

#[tokio::test]
async fn documents_come_back_byte_for_byte() {
    let (_server, _store, c) = start();
    let binary = Binary { subtype: BinarySubtype::UserDefined(0x80), bytes: vec![0, 255] };
    let regex = Regex { pattern: cstr!("^a").into(), options: cstr!("i").into() };
    let document: RawDocumentBuf = rawdoc! {
        "_id": ObjectId::new(), "double": 1.0, "int": 1_i32, "long": 1_i64, "text": "\u{1f9fd}\0",
        "null": null, "min": RawBson::MinKey, "max": RawBson::MaxKey,
        "date": DateTime::from_millis(-1), "time": Timestamp { time: 7, increment: 8 },
        "decimal": "1.50".parse::<bson::Decimal128>().unwrap(), "binary": binary, "regex": regex,
        "nested": { "b": [1_i32, { "a": [] }], "a": {} }, "": "empty name", "a.b": "point",
    };
    c.insert([document.clone()]).await.unwrap();
    let (batch, _) = c.cursor(Command::Find(filter(RawDocumentBuf::new()))).await.unwrap();
    let found = batch.iter().next().unwrap();
    assert_eq!(found.as_bytes(), document.as_bytes(), "{found:?}");
}
