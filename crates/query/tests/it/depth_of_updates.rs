//! See `depth`: updates.

use bson::{Bson, RawBson, RawDocumentBuf, oid::ObjectId, raw::BindRawBsonRef, rawdoc};
use hookstead_query::{Filter, QueryError, Update};

use crate::{
    depth::Place,
    hostile::{ARRAY, DOCUMENT, nested, one, parameters, path, text, update},
};

/// An operator at a path, met by a document that has a part of it.
fn at(operator: &str, path: &str, argument: impl BindRawBsonRef) -> Result<(), QueryError> {
    let operators = one(operator, one(path, argument));
    update(&operators, &rawdoc! {"a": {"b": 1}})?;
    update(&operators, &rawdoc! {})
}

fn value(operator: &str, value: RawDocumentBuf) -> Result<(), QueryError> {
    at(operator, "x", value)
}

fn upsert(query: &RawDocumentBuf, change: &Update) -> Result<(), QueryError> {
    let filter = Filter::parse(query, &parameters())?;
    change.upsert(&filter, || Bson::ObjectId(ObjectId::from_bytes([0; 12]))).map(drop)
}

fn array_filter(filter: RawDocumentBuf) -> Result<(), QueryError> {
    let operators = rawdoc! {"$set": {"l.$[x]": 1}};
    let update = Update::operators(&operators, &[filter], &parameters())?;
    update.apply(&rawdoc! {"l": [{"a": 1}, 2]}, None).map(drop)
}

pub(crate) const UPDATES: &[Place] = &[
    ("$set", 180, |n| at("$set", &path(n), 1)),
    ("$setOnInsert", 180, |n| at("$setOnInsert", &path(n), 1)),
    ("$unset", 180, |n| at("$unset", &path(n), "")),
    ("$inc", 180, |n| at("$inc", &path(n), 1)),
    ("$mul", 180, |n| at("$mul", &path(n), 1)),
    ("$min", 180, |n| at("$min", &path(n), 1)),
    ("$max", 180, |n| at("$max", &path(n), 1)),
    ("$currentDate", 180, |n| at("$currentDate", &path(n), true)),
    ("$bit", 180, |n| at("$bit", &path(n), rawdoc! {"or": 1})),
    ("$push", 179, |n| at("$push", &path(n), 1)),
    ("$addToSet", 179, |n| at("$addToSet", &path(n), 1)),
    ("$pull", 180, |n| at("$pull", &path(n), 1)),
    ("$pullAll", 180, |n| at("$pullAll", &path(n), bson::rawbson!([1]))),
    ("$pop", 180, |n| at("$pop", &path(n), 1)),
    ("$rename", 180, |n| at("$rename", &path(n), "x")),
    ("the new name of $rename", 180, |n| at("$rename", "x", text(path(n)))),
    ("a path through all elements", 179, |n| {
        let path = format!("l.$[].{}", path(n - 1));
        update(&one("$set", one(&path, 1)), &rawdoc! {"l": [{}]})
    }),
    ("a filter of $pull", 200, |n| at("$pull", "x", one(&path(n), 1))),
    ("the order of $push", 200, |n| {
        at("$push", "x", rawdoc! {"$each": [{"a": 1}, {"a": {"a": 2}}], "$sort": one(&path(n), 1)})
    }),
    ("an array filter", 200, |n| array_filter(one(&path(n).replacen('a', "x", 1), 1))),
    ("an array filter of $and", 99, |n| {
        array_filter(nested(n, &[("$and", ARRAY), ("0", DOCUMENT)], &rawdoc! {"x": 1}))
    }),
    ("a path of an upsert", 180, |n| {
        let change = Update::operators(&rawdoc! {"$set": {"x": 1}}, &[], &parameters())?;
        upsert(&one(&path(n), 1), &change)
    }),
    ("a value of an upsert", 179, |n| {
        let change = Update::operators(&rawdoc! {"$set": {"x": 1}}, &[], &parameters())?;
        upsert(&one("a", nested(n, &[("a", DOCUMENT)], &rawdoc! {})), &change)
    }),
    ("a value of $set", 179, |n| value("$set", nested(n, &[("a", DOCUMENT)], &rawdoc! {}))),
    ("a value of $push", 178, |n| value("$push", nested(n, &[("0", ARRAY)], &rawdoc! {}))),
    ("a value of $addToSet", 178, |n| value("$addToSet", nested(n, &[("0", ARRAY)], &rawdoc! {}))),
    ("a value of $min", 179, |n| value("$min", nested(n, &[("0", ARRAY)], &rawdoc! {}))),
    ("a value of $pullAll", 196, |n| {
        let value = RawBson::Document(nested(n, &[("0", ARRAY)], &rawdoc! {}));
        at("$pullAll", "x", bson::RawArrayBuf::from_iter([value]))
    }),
    ("a replacement", 180, |n| {
        let replacement = nested(n, &[("a", DOCUMENT)], &rawdoc! {});
        Update::replacement(&replacement)?.apply(&rawdoc! {"_id": 1}, None).map(drop)
    }),
    ("a pipeline", 180, |n| {
        let stages = [one("$set", one(&path(n), 1))];
        Update::pipeline(&stages, &parameters())?.apply(&rawdoc! {"_id": 1}, None).map(drop)
    }),
];
