//! Extended JSON, in the forms of today and in those that older tools wrote.

mod fault;

use bson::{Document, RawDocumentBuf};
use serde_json::{Map, Value, json};

pub use fault::DocumentError;

/// The document that a text stands for.
///
/// # Errors
/// The text is not JSON, not an object, or holds a value that cannot be stored.
pub fn document_of_json(text: &[u8]) -> Result<RawDocumentBuf, DocumentError> {
    let value = serde_json::from_slice(text).map_err(|error| DocumentError::of_syntax(&error))?;
    let Value::Object(mut fields) = value else { return Err(DocumentError::Shape) };
    fields.values_mut().for_each(modernise);
    // The parser's own message tells neither the field nor the remedy.
    let document = Document::try_from(fields.clone());
    document
        .and_then(|document| RawDocumentBuf::try_from(&document))
        .map_err(|_| DocumentError::of_fields(&fields))
}

/// Gives what older versions of mongoexport wrote the form of today.
fn modernise(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(modernise),
        Value::Object(fields) => match modern(fields) {
            Some(modern) => *value = modern,
            None => fields.values_mut().for_each(modernise),
        },
        _ => {}
    }
}

fn modern(fields: &Map<String, Value>) -> Option<Value> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    match fields.len() {
        1 => match fields.get("$date")? {
            Value::Number(number) => {
                Some(json!({"$date": {"$numberLong": number.as_i64()?.to_string()}}))
            }
            Value::String(date) => Some(json!({"$date": with_colon(date)?})),
            _ => None,
        },
        2 if fields.contains_key("$binary") => {
            let subtype = u8::from_str_radix(text("$type")?, 16).ok()?;
            let base64 = text("$binary")?;
            Some(json!({"$binary": {"base64": base64, "subType": format!("{subtype:02x}")}}))
        }
        2 if fields.contains_key("$regex") => {
            let (pattern, options) = (text("$regex")?, text("$options")?);
            Some(json!({"$regularExpression": {"pattern": pattern, "options": options}}))
        }
        _ => None,
    }
}

/// `+0100` as `+01:00`.
fn with_colon(date: &str) -> Option<String> {
    let (start, zone) = date.split_at_checked(date.len().checked_sub(5)?)?;
    let digits = zone.strip_prefix(['+', '-'])?;
    let is_zone = start.contains('T') && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_zone.then(|| format!("{start}{}:{}", &zone[..3], &zone[3..]))
}

#[cfg(test)]
mod tests {
    use bson::{Bson, DateTime, Document, doc, oid::ObjectId, spec::BinarySubtype};

    use super::document_of_json;

    fn read(text: &str) -> Document {
        Document::try_from(document_of_json(text.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn types_come_in_every_form() {
        let date = DateTime::from_millis(1_392_937_380_000);
        for text in [
            r#"{"a": {"$date": {"$numberLong": "1392937380000"}}}"#,
            r#"{"a": {"$date": 1392937380000}}"#,
            r#"{"a": {"$date": "2014-02-20T23:03:00Z"}}"#,
            r#"{"a": {"$date": "2014-02-21T00:03:00.000+0100"}}"#,
            r#"{"a": {"$date": "2014-02-20T23:03:00.000+0000"}}"#,
        ] {
            assert_eq!(read(text), doc! {"a": date}, "{text}");
        }
        let bytes = |text| match read(text).remove("a") {
            Some(Bson::Binary(binary)) => (binary.subtype, binary.bytes),
            other => panic!("{text} is {other:?}"),
        };
        let expected = (BinarySubtype::Uuid, vec![1, 2, 3]);
        assert_eq!(bytes(r#"{"a": {"$binary": "AQID", "$type": "4"}}"#), expected);
        assert_eq!(bytes(r#"{"a": {"$binary": {"base64": "AQID", "subType": "04"}}}"#), expected);
        let regex = read(r#"{"a": [{"$regex": "^x", "$options": "i"}]}"#);
        let list = regex.get_array("a").unwrap();
        assert!(matches!(&list[0], Bson::RegularExpression(one) if one.options.as_str() == "i"));
    }

    #[test]
    fn numbers_keep_their_types_and_fields_their_order() {
        let text = r#"{"z": 1, "a": 3000000000, "m": 1.0, "l": {"$numberLong": "7"}, "0": 1.5}"#;
        let expected = doc! {"z": 1, "a": 3_000_000_000_i64, "m": 1.0, "l": 7_i64, "0": 1.5};
        assert_eq!(read(text).iter().collect::<Vec<_>>(), expected.iter().collect::<Vec<_>>());
        let id = ObjectId::parse_str("5e58667d902d38559c802b13").unwrap();
        assert_eq!(read(r#"{"_id": {"$oid": "5e58667d902d38559c802b13"}}"#), doc! {"_id": id});
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, wanted) in [
            ("{a: 1}", "column 2 is not JSON: the name of a field must stand in double quotes"),
            (
                r#"{"a": {"$oid": "xyz"}}"#,
                "the field a: an $oid has 24 hexadecimal digits, and \"xyz\" has not",
            ),
            (r#"{"a": [1, {"b": {"$date": "yesterday"}}]}"#, "the field a.1.b: $date is not right"),
            (
                r#"{"a": {"$numberInt": "99999999999"}}"#,
                "the field a: \"99999999999\" does not fit into 32 bits; use $numberLong",
            ),
            (r#"{"a": {"$gt": {"$date": 1.5}}}"#, "the field a.$gt: $date is not right"),
            (r#"{"a": {"$numberLong": "x"}}"#, "the field a: $numberLong is not right"),
            (r#"{"a": {"$numberDecimal": "x"}}"#, "the field a: $numberDecimal is not right"),
            (r#"{"a": {"$binary": {"base64": "?"}}}"#, "the field a: $binary is not right"),
            (r#"{"a": {"$uuid": "x"}}"#, "the field a: $uuid is not right"),
            (r#"{"a": {"$timestamp": 1}}"#, "the field a: $timestamp is not right"),
            ("{\"a\\u0000\": 1}", "the name of a field holds a zero byte"),
            ("{\"a\":", "column 5 is not JSON: it ends too early"),
            ("[]", "this is not a JSON object"),
        ] {
            let told = document_of_json(text.as_bytes()).unwrap_err().to_string();
            assert_eq!(told, wanted, "{text}");
        }
        let binary = document_of_json(br#"{"a": {"$binary": 1}}"#).unwrap_err();
        assert!(binary.remedy().unwrap().contains("\"subType\": \"00\""), "{binary:?}");
    }

    #[test]
    fn nesting_is_limited() {
        for (open, close) in [("{\"a\":", "}"), ("[", "]")] {
            let nested =
                |depth: usize| format!("{{\"a\":{}1{}}}", open.repeat(depth), close.repeat(depth));
            assert!(document_of_json(nested(90).as_bytes()).is_ok(), "{open}");
            for depth in [128, 1000, 1_000_000] {
                let told = document_of_json(nested(depth).as_bytes()).unwrap_err().to_string();
                assert_eq!(told, "the document is nested too deep", "{open} {depth}");
            }
        }
    }
}
