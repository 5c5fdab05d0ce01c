//! Updates: what runs the cases that have one, and what a case cannot say.

use bson::{
    Binary, Bson, DateTime, Document, JavaScriptCodeWithScope, RawDocumentBuf, Regex, Timestamp,
    bson, doc, oid::ObjectId, raw::cstr, rawdoc, spec::BinarySubtype,
};
use hookstead_query::{Filter, MongoCode, Parameters, QueryError, Update};
use serde_json::Value;

use crate::{
    cases,
    run::{Answer, Outcome, World},
    same::{decode_document, decode_documents},
};

/// Updates documents in memory as a store does it.
pub(crate) fn run(world: &World, case: &cases::Update) -> Result<Answer, String> {
    let filter = decode_document(&case.filter)?;
    let array_filters = decode_documents(&case.array_filters)?;
    let parameters = &world.parameters;
    let update = match (&case.update, &case.replacement) {
        (Some(Value::Array(stages)), None) => {
            Update::pipeline(&decode_documents(stages)?, parameters)
        }
        (Some(operators), None) => {
            Update::operators(&decode_document(operators)?, &array_filters, parameters)
        }
        (None, Some(replacement)) => Update::replacement(&decode_document(replacement)?),
        _ => return Err("an update has operators, stages or a replacement".to_owned()),
    };
    let filter = Filter::parse(&filter, parameters);
    Ok(filter.and_then(|filter| run_parsed(world, case, &filter, &update?)))
}

fn run_parsed(world: &World, case: &cases::Update, filter: &Filter, update: &Update) -> Answer {
    let mut contents = world.documents.clone();
    let (mut matched, mut modified) = (0, 0);
    for document in &mut contents {
        if !filter.matches(document)? {
            continue;
        }
        matched += 1;
        if let Some(new) = update.apply(document, filter.matched_index(document)?)? {
            *document = new;
            modified += 1;
        }
        if !case.many {
            break;
        }
    }
    let mut result = rawdoc! { "matched": matched, "modified": modified };
    if matched == 0 && case.upsert {
        contents.push(update.upsert(filter, || Bson::ObjectId(ObjectId::from_bytes([7; 12])))?);
        result = rawdoc! { "matched": matched, "modified": modified, "upserted": true };
    }
    Ok(Outcome::Updated { result, contents })
}

#[test]
fn the_current_date_comes_from_outside() {
    let update = operators(doc! { "$currentDate": {
        "a": true, "b": { "$type": "date" }, "c": { "$type": "timestamp" },
    } });
    let now = parameters().now;
    let updated = apply(&update, &doc! { "_id": 1 }).unwrap().unwrap();
    let stamp = Timestamp { time: 1_600_000_000, increment: 1 };
    assert_eq!(updated, doc! { "_id": 1, "a": now, "b": now, "c": stamp });
}

#[test]
fn what_no_path_leads_to_is_copied_as_it_is() {
    let document = doc! {
        "_id": 1, "double": f64::NAN, "text": "ü", "array": [1, [2]], "document": { "x": {} },
        "binary": binary(BinarySubtype::Generic), "old": binary(BinarySubtype::BinaryOld),
        "undefined": Bson::Undefined, "id": ObjectId::from_bytes([1; 12]), "is": true,
        "date": DateTime::from_millis(-1), "null": Bson::Null,
        "code": Bson::JavaScriptCode("x".into()),
        "regex": regex(), "symbol": Bson::Symbol("s".into()),
        "scoped": JavaScriptCodeWithScope { code: "y".into(), scope: doc! { "z": 1 } },
        "int": 1, "stamp": Timestamp { time: 1, increment: 2 }, "long": 1_i64,
        "decimal": Bson::Decimal128("1.0".parse().unwrap()), "min": Bson::MinKey,
        "max": Bson::MaxKey,
    };
    for name in document.keys().filter(|name| *name != "_id") {
        let update = operators(doc! { "$set": { name: "new" } });
        let mut expected = document.clone();
        expected.insert(name, "new");
        let updated = update.apply(&raw(&document), None).unwrap().unwrap();
        assert_eq!(updated.as_bytes(), raw(&expected).as_bytes(), "{name}");
        let update = operators(doc! { "$unset": { name: "" } });
        expected.remove(name);
        let updated = update.apply(&updated, None).unwrap().unwrap();
        assert_eq!(updated.as_bytes(), raw(&expected).as_bytes(), "{name}");
    }
}

#[test]
fn a_replacement_leaves_the_bytes_of_an_id_alone() {
    let update = Update::replacement(&rawdoc! { "a": 1, "_id": 1.0 }).unwrap();
    assert_eq!(apply(&update, &doc! { "_id": 1 }).unwrap().unwrap(), doc! { "_id": 1, "a": 1 });
    assert_eq!(apply(&update, &doc! { "_id": 1, "a": 1 }).unwrap(), None);
}

#[test]
fn documents_have_a_largest_size() {
    let text = "x".repeat(1 << 20);
    let codes = [15, 16, 17].map(|count| {
        let update = operators(doc! { "$set": { "a.$[].b": &text } });
        let array: Vec<Document> = (0..count).map(|_| doc! {}).collect();
        apply(&update, &doc! { "_id": 1, "a": array }).map_err(|error| error.code.number()).err()
    });
    assert_eq!(codes, [None, Some(17419), Some(10334)]);
    let update = operators(doc! { "$push": { "a": { "$each": vec![text; 16] } } });
    let all = Filter::parse(&RawDocumentBuf::new(), &parameters()).unwrap();
    assert_eq!(update.upsert(&all, || Bson::Int32(1)).unwrap_err().code.number(), 17420);
}

#[test]
fn a_small_update_does_not_make_an_endless_document() {
    let update = operators(doc! { "$set": { "a.$[].b": "x".repeat(1 << 20) } });
    let array: Vec<Document> = (0..100_000).map(|_| doc! {}).collect();
    let error = apply(&update, &doc! { "_id": 1, "a": array }).unwrap_err();
    assert_eq!(error.code.number(), 10334);
    assert!(error.message.ends_with("bytes, and 16793600 is the limit"), "{error}");
}

#[test]
fn documents_have_a_largest_depth() {
    let nested = |depth| (0..depth).fold(bson!(1), |value, _| bson!({ "a": value }));
    let arrays = |depth| (0..depth).fold(bson!(1), |value, _| bson!([value]));
    let error = |spec| apply(&operators(spec), &doc! { "_id": 1, "b": {} }).err();
    assert_eq!(error(doc! { "$set": { "b.c": nested(178) } }), None);
    assert_eq!(error(doc! { "$push": { "b.c": arrays(177) } }), None);
    let too_deep =
        Some(QueryError::new(MongoCode::OVERFLOW, "Document exceeds maximum nesting depth of 180"));
    assert_eq!(error(doc! { "$set": { "b.c": nested(179) } }), too_deep);
    assert_eq!(error(doc! { "$push": { "b.c": arrays(178) } }), too_deep);
    assert_eq!(error(doc! { "$addToSet": { "b.c": arrays(178) } }), too_deep);
    let replaced = |value| Update::replacement(&raw(&doc! { "a": value })).err();
    assert_eq!(replaced(nested(179)), None);
    assert_eq!(replaced(nested(180)), too_deep);
    let path = vec!["a"; 181].join(".");
    let update = Update::operators(&raw(&doc! { "$unset": { path: 1 } }), &[], &parameters());
    assert_eq!(update.err(), too_deep);
}

#[test]
fn large_arrays_are_no_trap() {
    let numbers: Vec<i32> = (0..20_000).collect();
    let document = doc! { "_id": 1, "a": &numbers, "b": &numbers };
    let more: Vec<i32> = (10_000..30_000).collect();
    let update =
        operators(doc! { "$pullAll": { "a": &more }, "$addToSet": { "b": { "$each": more } } });
    let updated = apply(&update, &document).unwrap().unwrap();
    assert_eq!(updated.get_array("a").unwrap().len(), 10_000);
    assert_eq!(updated.get_array("b").unwrap().len(), 30_000);
}

#[test]
fn a_new_name_has_no_zero_byte() {
    let update = Update::operators(&rawdoc! { "$rename": { "a": "b\0" } }, &[], &parameters());
    assert_eq!(
        update.unwrap_err(),
        QueryError::bad_value("The 'to' field for $rename cannot contain an embedded null byte")
    );
}

fn operators(spec: Document) -> Update {
    Update::operators(&raw(&spec), &[], &parameters()).unwrap()
}

fn apply(update: &Update, document: &Document) -> Result<Option<Document>, QueryError> {
    let updated = update.apply(&raw(document), None)?;
    Ok(updated.map(|updated| Document::try_from(updated).unwrap()))
}

fn parameters() -> Parameters {
    Parameters::new(DateTime::from_millis(1_600_000_000_123), 1)
}

fn binary(subtype: BinarySubtype) -> Binary {
    Binary { subtype, bytes: vec![1, 2, 3] }
}

fn regex() -> Regex {
    Regex { pattern: cstr!("a").into(), options: cstr!("mi").into() }
}

fn raw(document: &Document) -> RawDocumentBuf {
    RawDocumentBuf::try_from(document).unwrap()
}
