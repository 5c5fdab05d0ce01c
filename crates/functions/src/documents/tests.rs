use bson::{
    Binary, Bson, DateTime, Document, Regex, Timestamp, doc, oid::ObjectId, spec::BinarySubtype,
};
use hookstead_isolate::{Item, PackedWriter, Value};

use super::{append_document, read_document};
use crate::border::{class, mark};

/// A document with one field, made of some items.
fn given(key: &str, items: &[Item<'_>]) -> Value {
    let mut writer = PackedWriter::default();
    writer.item(Item::Document);
    writer.key(key);
    items.iter().for_each(|item| writer.item(*item));
    writer.end_document();
    writer.finish()
}

fn stored(items: &[Item<'_>]) -> Result<Bson, String> {
    let read = read_document(&given("field", items)).map_err(|thrown| thrown.message)?;
    let mut document = Document::try_from(&*read).map_err(|error| error.to_string())?;
    document.remove("field").ok_or_else(|| "the field is gone".to_owned())
}

fn back(document: &Document) -> Value {
    let raw = bson::RawDocumentBuf::try_from(document).expect("a document");
    let mut writer = PackedWriter::default();
    append_document(&raw, &mut writer);
    writer.finish()
}

const ID: &str = "507f1f77bcf86cd799439011";

/// What is written down, and what is stored.
fn exact() -> Vec<(Vec<Item<'static>>, Bson)> {
    use Item as I;
    let text = |text: &str| text.try_into().expect("no zero byte");
    vec![
        (vec![I::Undefined], Bson::Undefined),
        (vec![I::Null], Bson::Null),
        (vec![I::Bool(true)], Bson::Boolean(true)),
        (vec![I::Marked(mark::INT32, -7.0)], Bson::Int32(-7)),
        (vec![I::Marked(mark::INT64, -7.0)], Bson::Int64(-7)),
        (vec![I::Marked(mark::INT64, 4_294_967_296.0)], Bson::Int64(4_294_967_296)),
        (vec![I::Marked(mark::DOUBLE, -7.0)], Bson::Double(-7.0)),
        (vec![I::Marked(mark::DOUBLE, 4_294_967_296.0)], Bson::Double(4_294_967_296.0)),
        (vec![I::Marked(mark::DOUBLE, 1e300)], Bson::Double(1e300)),
        (vec![I::Number(1.5)], Bson::Double(1.5)),
        (vec![I::Text("ü\0")], Bson::String("ü\0".to_owned())),
        (vec![I::Date(-1.0)], Bson::DateTime(DateTime::from_millis(-1))),
        (vec![I::List, I::Marked(mark::INT32, 1.0), I::List, I::End, I::End], bson::bson!([1, []])),
        (
            vec![I::Instance(class::OBJECT_ID), I::Text(ID)],
            Bson::ObjectId(ObjectId::parse_str(ID).expect("an id")),
        ),
        (
            vec![I::Instance(class::BINARY), I::Bytes(&[1, 2]), I::Integer(128)],
            Bson::Binary(Binary { subtype: BinarySubtype::UserDefined(128), bytes: vec![1, 2] }),
        ),
        (
            vec![I::Instance(class::LONG), I::Integer(-1), I::Integer(i32::MAX), I::Bool(false)],
            Bson::Int64(i64::MAX),
        ),
        (
            vec![I::Instance(class::DECIMAL128), I::Text("1.50")],
            Bson::Decimal128("1.50".parse().expect("a decimal")),
        ),
        (
            vec![I::Instance(class::REGULAR_EXPRESSION), I::Text("^a"), I::Text("im")],
            Bson::RegularExpression(Regex { pattern: text("^a"), options: text("im") }),
        ),
        (
            vec![I::Instance(class::TIMESTAMP), I::Number(4e9), I::Number(1.0)],
            Bson::Timestamp(Timestamp { time: 4_000_000_000, increment: 1 }),
        ),
        (
            vec![I::Instance(class::CODE), I::Text("f()"), I::Null],
            Bson::JavaScriptCode("f()".to_owned()),
        ),
        (vec![I::Instance(class::MIN_KEY)], Bson::MinKey),
        (vec![I::Instance(class::MAX_KEY)], Bson::MaxKey),
    ]
}

#[test]
fn values_are_stored_as_they_are_and_come_back() {
    for (items, wanted) in exact() {
        assert_eq!(stored(&items).as_ref(), Ok(&wanted), "{items:?}");
        let again = back(&doc! { "field": wanted });
        assert_eq!(again.as_packed().map(|mut one| all(&mut one)), Some(all_of(&items)));
    }
}

fn all_of(items: &[Item<'_>]) -> Vec<String> {
    let value = given("field", items);
    value.as_packed().map(|mut one| all(&mut one)).unwrap_or_default()
}

/// The items of a document with one field.
fn all(reader: &mut hookstead_isolate::PackedReader<'_>) -> Vec<String> {
    let mut items = vec![format!("{:?} {:?}", reader.item(), reader.key())];
    while let Some(item) = reader.item() {
        items.push(format!("{item:?}"));
    }
    items
}

#[test]
fn values_that_mean_the_same_are_stored_in_one_way() {
    use Item as I;
    let whole = |text: &str| text.try_into().expect("no zero byte");
    let cases: [(&[Item<'_>], Bson); 14] = [
        (&[I::Integer(-7)], Bson::Int32(-7)),
        (&[I::Number(4_294_967_296.0)], Bson::Int64(4_294_967_296)),
        // A mark that no type has.
        (&[I::Marked(9, 2.0)], Bson::Int32(2)),
        (&[I::Instance(class::INT32), I::Marked(mark::DOUBLE, 5.0)], Bson::Int32(5)),
        (&[I::Instance(class::DOUBLE), I::Marked(mark::INT32, 5.0)], Bson::Double(5.0)),
        (&[I::Number(2.0)], Bson::Int32(2)),
        (&[I::Number(-0.0)], Bson::Double(-0.0)),
        (&[I::Number(1e300)], Bson::Double(1e300)),
        (&[I::Date(f64::NAN)], Bson::Null),
        (
            &[I::Bytes(&[3])],
            Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes: vec![3] }),
        ),
        (&[I::Instance(class::INT32), I::Number(5.0)], Bson::Int32(5)),
        (&[I::Instance(class::DOUBLE), I::Integer(5)], Bson::Double(5.0)),
        (
            &[I::Instance(class::REGULAR_EXPRESSION), I::Text("a"), I::Text("mi")],
            Bson::RegularExpression(Regex { pattern: whole("a"), options: whole("im") }),
        ),
        (
            &[I::Instance(class::CODE), I::Text("f()"), I::Integer(1)],
            Bson::JavaScriptCode("f()".to_owned()),
        ),
    ];
    for (items, wanted) in cases {
        assert_eq!(stored(items), Ok(wanted), "{items:?}");
    }
}

#[test]
fn what_bson_cannot_hold_is_refused() {
    use Item as I;
    let cases: [(&[Item<'_>], &str); 6] = [
        (&[I::End], "the document holds a value of a type that cannot be stored"),
        (&[I::Instance(99)], "the document holds a value of a type that cannot be stored"),
        (
            &[I::Instance(class::OBJECT_ID), I::Text("x")],
            "the function changed an ObjectId so that it is no longer valid: it must have 24 \
             hexadecimal digits",
        ),
        (
            &[I::Instance(class::OBJECT_ID), I::Null],
            "a field of a BSON value was changed and is no longer a text",
        ),
        (
            &[I::Instance(class::INT32), I::Null],
            "a field of a BSON value was changed and is no longer a number",
        ),
        (
            &[I::Instance(class::REGULAR_EXPRESSION), I::Text("a\0"), I::Text("")],
            "a regular expression must not hold a zero byte",
        ),
    ];
    for (items, message) in cases {
        assert_eq!(stored(items), Err(message.to_owned()), "{items:?}");
    }
    let thrown = read_document(&given("a\0b", &[I::Null])).expect_err("a zero byte in a name");
    assert_eq!(thrown.message, "a field's name must not hold a zero byte");
    assert!(read_document(&Value::Null).is_err());
}
