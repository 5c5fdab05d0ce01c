use bson::{Bson, Document, RawDocumentBuf};
use serde_json::{Value as Json, json};

use super::{read_array, write_document};

fn read(json: &str) -> Result<Document, String> {
    let documents = read_array(&format!("[{json}]")).map_err(|error| error.to_string())?;
    Ok(Document::try_from(&*documents[0]).unwrap())
}

fn written(json: &str) -> Json {
    let documents = read_array(&format!("[{json}]")).unwrap();
    let mut text = Vec::new();
    write_document(&documents[0], &mut text).unwrap();
    serde_json::from_slice(&text).unwrap()
}

#[test]
fn canonical_extended_json_comes_back_as_it_was() {
    for value in [
        r#"null"#,
        r#"true"#,
        r#""a\u0000\"\ud83d\ude00""#,
        r#"{"$numberInt":"-7"}"#,
        r#"{"$numberLong":"9223372036854775807"}"#,
        r#"{"$numberDouble":"1.0"}"#,
        r#"{"$numberDouble":"-0.0"}"#,
        r#"{"$numberDouble":"1e300"}"#,
        r#"{"$numberDouble":"NaN"}"#,
        r#"{"$numberDouble":"-Infinity"}"#,
        r#"{"$numberDecimal":"1.50"}"#,
        r#"{"$oid":"5e58667d902d38559c802b13"}"#,
        r#"{"$date":{"$numberLong":"-1392937380000"}}"#,
        r#"{"$binary":{"base64":"AQID","subType":"80"}}"#,
        r#"{"$binary":{"base64":"AQID","subType":"02"}}"#,
        r#"{"$regularExpression":{"pattern":"^a","options":"im"}}"#,
        r#"{"$timestamp":{"t":4294967295,"i":7}}"#,
        r#"{"$code":"x"}"#,
        r#"{"$code":"x","$scope":{"a":{"$numberInt":"1"}}}"#,
        r#"{"$minKey":1}"#,
        r#"{"$maxKey":1}"#,
        r#"{"$undefined":true}"#,
        r#"[]"#,
        r#"{}"#,
        r#"[[{"a":[{"$numberInt":"1"},null]}],"x"]"#,
        r#"{"$gt":{"$oid":"5e58667d902d38559c802b13"},"$lt":{"$numberInt":"1"}}"#,
        r#"{"$regex":"a"}"#,
        r#"{"$oid":"5e58667d902d38559c802b13","b":"c"}"#,
        r#"{"$oid":"x","$date":"y","$code":"z"}"#,
        r#"{"$binary":"01"}"#,
        r#"{"$or":[{"a":{"$in":[{"$numberInt":"1"}]}}],"$code":"x"}"#,
    ] {
        let json = format!(r#"{{"a":{value}}}"#);
        let expected: Json = serde_json::from_str(&json).unwrap();
        assert_eq!(written(&json), expected, "{json}");
    }
}

#[test]
fn other_forms_are_read() {
    let date = json!({"$date": {"$numberLong": "1392937380000"}});
    let regex = json!({"$regularExpression": {"pattern": "a", "options": "ix"}});
    let uuid = json!({"$binary": {"base64": "AAECAwQFBgcICQoLDA0ODw==", "subType": "04"}});
    for (given, expected) in [
        ("1", json!({"$numberInt": "1"})),
        ("3000000000", json!({"$numberLong": "3000000000"})),
        ("18446744073709551615", json!({"$numberDouble": "1.8446744073709552e19"})),
        ("1.5", json!({"$numberDouble": "1.5"})),
        (r#"{"$numberInt":7}"#, json!({"$numberInt": "7"})),
        (r#"{"$numberLong":"+7"}"#, json!({"$numberLong": "7"})),
        (r#"{"$numberDouble":"5"}"#, json!({"$numberDouble": "5.0"})),
        (r#"{"$date":1392937380000}"#, date.clone()),
        (r#"{"$date":"2014-02-20T23:03:00Z"}"#, date.clone()),
        (r#"{"$date":"2014-02-21T00:03:00.000+0100"}"#, date.clone()),
        (r#"{"$date":"1970-01-01"}"#, json!({"$date": {"$numberLong": "0"}})),
        (r#"{"$regex":"a","$options":"xi"}"#, regex.clone()),
        (r#"{"$options":"xi","$regex":"a"}"#, regex),
        (r#"{"$binary":"AAECAwQFBgcICQoLDA0ODw==","$type":"4"}"#, uuid.clone()),
        (r#"{"$uuid":"00010203-0405-0607-0809-0a0b0c0d0e0f"}"#, uuid),
        (r#"{"$symbol":"s"}"#, json!("s")),
        (
            r#"{"$regex":{"$numberInt":"1"},"$options":"i"}"#,
            json!({"$regex": {"$numberInt": "1"}, "$options": "i"}),
        ),
    ] {
        let json = format!(r#"{{"a":{given}}}"#);
        assert_eq!(written(&json)["a"], expected, "{given}");
    }
}

#[test]
fn what_is_wrong_is_an_error() {
    for (json, wanted) in [
        (r#"{"a":{"$oid":"x"}}"#, "$oid is not right"),
        (r#"{"a":{"$oid":[1,2]}}"#, "$oid is not right"),
        (r#"{"a":{"$numberInt":"99999999999"}}"#, "$numberInt is not right"),
        (r#"{"a":{"$numberInt":1.5}}"#, "$numberInt is not right"),
        (r#"{"a":{"$numberDouble":"infinity"}}"#, "$numberDouble is not right"),
        (r#"{"a":{"$date":"yesterday"}}"#, "$date is not right"),
        (r#"{"a":{"$date":{"$numberLong":[1]}}}"#, "$date is not right"),
        (r#"{"a":{"$binary":{"base64":"?","subType":"00"}}}"#, "$binary is not right"),
        (r#"{"a":{"$timestamp":{"t":-1,"i":0}}}"#, "$timestamp is not right"),
        (r#"{"a":{"$code":"x","$scope":1}}"#, "$scope is not right"),
        (
            r#"{"a":{"$regularExpression":{"pattern":"a\u0000","options":""}}}"#,
            "$regularExpression is not right",
        ),
        (r#"{"a\u0000":1}"#, "the name of a field holds a zero byte"),
        (r#"{"a":1,"b":2,"\u0061":3}"#, "the field \"a\" is there more than once"),
        (r#"{"b":{"$x":1,"$oid":1,"$x":2}}"#, "the field \"$x\" is there more than once"),
        (r#"{"a":}"#, "the arguments are not valid JSON: expected value"),
        ("1", "the arguments must be an array of objects"),
        (r#"{"$oid":"5e58667d902d38559c802b13"}"#, "the arguments must be an array of objects"),
    ] {
        assert_eq!(read(json).unwrap_err(), wanted, "{json}");
    }
    for text in
        ["{}", "1", "null", "\"[\"", r#"{"0":{}}"#, r#"{"$oid":"5e58667d902d38559c802b13"}"#]
    {
        let told = read_array(text).unwrap_err().to_string();
        assert_eq!(told, "the arguments must be an array of objects", "{text}");
    }
}

#[test]
fn depth_is_limited_and_width_is_not() {
    for (open, close) in [(r#"{"a":"#, "}"), ("[", "]"), (r#"{"$oid":1,"a":"#, "}")] {
        let nested =
            |depth: usize| format!(r#"{{"a":{}1{}}}"#, open.repeat(depth), close.repeat(depth));
        assert!(read(&nested(90)).is_ok(), "{open}");
        for depth in [101, 1000, 100_000] {
            let told = read(&nested(depth)).unwrap_err();
            assert!(told.contains("nested") || told.contains("recursion"), "{depth}: {told}");
        }
    }
    let wide = format!(r#"{{"a":[{}1]}}"#, "1,".repeat(200_000));
    assert_eq!(read(&wide).unwrap().get_array("a").unwrap().len(), 200_001);
}

/// The library reads canonical extended JSON as well.
#[test]
fn the_library_agrees() {
    let json = json!({
        "_id": {"$oid": "5e58667d902d38559c802b13"}, "n": [1, 2.5, {"$numberLong": "3"}],
        "d": {"$date": {"$numberLong": "5"}}, "b": {"$binary": {"base64": "AQID", "subType": "00"}},
        "r": {"$regularExpression": {"pattern": "a", "options": "i"}}, "s": {"t": {"u": "ü"}},
        "c": {"$code": "f", "$scope": {"a": 1}}, "t": {"$timestamp": {"t": 1, "i": 2}},
    });
    let Bson::Document(expected) = Bson::try_from(json.clone()).unwrap() else { panic!() };
    let expected = RawDocumentBuf::try_from(&expected).unwrap();
    let found = read_array(&json!([json]).to_string()).unwrap();
    assert_eq!(found[0].as_bytes(), expected.as_bytes());
    let mut text = Vec::new();
    write_document(&found[0], &mut text).unwrap();
    let again: Json = serde_json::from_slice(&text).unwrap();
    let document = Document::try_from(&*expected).unwrap();
    assert_eq!(again, Bson::Document(document).into_canonical_extjson());
}
