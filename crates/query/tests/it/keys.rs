//! Keys against the order, over a cross product of awkward values.

use std::cmp::Ordering;

use bson::{
    Binary, Bson, DateTime, JavaScriptCodeWithScope, RawBson, Regex, Timestamp, bson, doc,
    oid::ObjectId, spec::BinarySubtype,
};
use hookstead_query::{
    append_descending_key, append_key, append_value_key, compare, compare_values,
};

/// Awkward values in ascending order: those in one line are equal.
fn ladder() -> Vec<Vec<Bson>> {
    let mut steps = vec![vec![Bson::MinKey], vec![Bson::Undefined], vec![Bson::Null]];
    steps.extend(numbers());
    steps.extend(texts());
    steps.extend(containers());
    steps.extend(others());
    steps.push(vec![Bson::MaxKey]);
    steps
}

fn decimal(text: &str) -> Bson {
    Bson::Decimal128(text.parse().unwrap())
}

fn numbers() -> Vec<Vec<Bson>> {
    let long = Bson::Int64;
    let double = Bson::Double;
    vec![
        vec![double(f64::NAN), double(-f64::NAN), decimal("NaN"), decimal("-NaN")],
        vec![double(f64::NEG_INFINITY), decimal("-Infinity")],
        vec![decimal("-9.999999999999999999999999999999999E+6144")],
        vec![decimal("-1.797693134862315708145274237317044E+308")],
        vec![double(f64::MIN)],
        vec![decimal("-1.797693134862315708145274237317043E+308")],
        vec![decimal("-9223372036854775808.5")],
        vec![long(i64::MIN), double(-9_223_372_036_854_775_808.0)],
        vec![long(i64::MIN + 1), decimal("-9223372036854775807")],
        vec![long(-9_007_199_254_740_993), decimal("-9007199254740993.0")],
        vec![long(-9_007_199_254_740_992), double(-9_007_199_254_740_992.0)],
        vec![decimal("-1.000000000000000000000000000000001")],
        vec![bson!(-1), long(-1), double(-1.0), decimal("-1.00")],
        vec![double(-0.1)],
        vec![decimal("-0.1")],
        vec![double(-5e-324)],
        vec![decimal("-4E-324")],
        vec![decimal("-1E-6176")],
        vec![bson!(0), long(0), double(-0.0), double(0.0), decimal("-0E+99"), decimal("0.0")],
        vec![decimal("1E-6176")],
        vec![decimal("4E-324")],
        vec![double(5e-324)],
        vec![double(f64::MIN_POSITIVE)],
        vec![decimal("0.1")],
        vec![double(0.1)],
        vec![decimal("0.1000000000000000055511151231257828")],
        vec![double(0.5), decimal("0.50")],
        vec![bson!(1), long(1), double(1.0), decimal("1")],
        vec![decimal("1.000000000000000000000000000000001")],
        vec![double(1.000_000_000_000_000_2)],
        vec![bson!(10), decimal("1E+1"), decimal("10")],
        vec![bson!(i32::MAX), long(2_147_483_647), double(2_147_483_647.0)],
        vec![long(9_007_199_254_740_992), double(9_007_199_254_740_992.0)],
        vec![long(9_007_199_254_740_993), decimal("9007199254740993")],
        vec![long(9_007_199_254_740_994), double(9_007_199_254_740_994.0)],
        vec![long(i64::MAX), decimal("9223372036854775807")],
        vec![double(9_223_372_036_854_775_808.0), decimal("9223372036854775808")],
        vec![double(f64::MAX)],
        vec![decimal("1.797693134862315708145274237317044E+308")],
        vec![decimal("9.999999999999999999999999999999999E+6144")],
        vec![double(f64::INFINITY), decimal("Infinity")],
    ]
}

fn texts() -> Vec<Vec<Bson>> {
    let text = |text: &str| vec![bson!(text), Bson::Symbol(text.to_owned())];
    vec![
        text(""),
        text("\0"),
        text("\0\0"),
        text("\0a"),
        text("a"),
        text("a\0"),
        text("a\0b"),
        text("a\u{1}"),
        text("aa"),
        text("b"),
        text("é"),
        text("\u{10ffff}"),
    ]
}

fn containers() -> Vec<Vec<Bson>> {
    vec![
        vec![bson!({})],
        vec![bson!({"a": null})],
        // The type comes before the name, and the name before the value.
        vec![bson!({"a": 1}), Bson::Document(doc! {"a": 1.0})],
        vec![bson!({"a": 1, "b": 1})],
        vec![bson!({"a": 2})],
        vec![bson!({"aa": 1})],
        vec![bson!({"b": 0})],
        vec![bson!({"a": "x"})],
        vec![bson!({"a": {}})],
        vec![bson!({"a": {"b": 1}})],
        vec![bson!({"a": []})],
        vec![bson!({"": true})],
        vec![bson!([])],
        vec![bson!([null])],
        vec![bson!([null, null])],
        vec![bson!([1]), bson!([1.0])],
        vec![bson!([1, 2])],
        vec![bson!([2])],
        vec![bson!([""])],
        vec![bson!([[]])],
        vec![bson!([[], 1])],
        vec![bson!([[1]])],
    ]
}

fn others() -> Vec<Vec<Bson>> {
    let binary =
        |subtype, bytes: &[u8]| vec![Bson::Binary(Binary { subtype, bytes: bytes.to_vec() })];
    let id = |byte| vec![Bson::ObjectId(ObjectId::from_bytes([byte; 12]))];
    let date = |millis| vec![Bson::DateTime(DateTime::from_millis(millis))];
    let stamp = |time, increment| vec![Bson::Timestamp(Timestamp { time, increment })];
    let regex = |pattern: &str, options: &str| {
        let pattern = pattern.try_into().unwrap();
        vec![Bson::RegularExpression(Regex { pattern, options: options.try_into().unwrap() })]
    };
    let scoped = |code: &str, scope| {
        let code = code.to_owned();
        vec![Bson::JavaScriptCodeWithScope(JavaScriptCodeWithScope { code, scope })]
    };
    vec![
        binary(BinarySubtype::Generic, &[]),
        binary(BinarySubtype::Generic, &[255]),
        binary(BinarySubtype::Uuid, &[0]),
        binary(BinarySubtype::Generic, &[0, 0]),
        // The old subtype holds its length a second time: it is six bytes long.
        binary(BinarySubtype::Generic, &[0, 0, 0, 0, 0]),
        binary(BinarySubtype::BinaryOld, &[0, 0]),
        id(0),
        id(127),
        id(128),
        vec![bson!(false)],
        vec![bson!(true)],
        date(i64::MIN),
        date(-1),
        date(0),
        date(1),
        date(i64::MAX),
        stamp(0, 0),
        stamp(0, u32::MAX),
        stamp(u32::MAX, 0),
        regex("", ""),
        regex("", "i"),
        regex("a", ""),
        regex("ab", ""),
        vec![Bson::JavaScriptCode(String::new())],
        vec![Bson::JavaScriptCode("a".to_owned())],
        scoped("", doc! {}),
        scoped("a", doc! {}),
        scoped("a", doc! {"b": 1}),
        scoped("a\0", doc! {}),
    ]
}

/// The values with their steps, and again inside of documents and arrays.
fn values() -> Vec<(usize, Bson)> {
    let ladder = ladder();
    let length = ladder.len();
    let flat = || {
        let steps = ladder.iter().enumerate();
        steps.flat_map(|(step, values)| values.iter().map(move |value| (step, value.clone())))
    };
    let in_arrays = flat().map(|(step, value)| (length + step, bson!([value])));
    flat().chain(in_arrays).collect()
}

fn key_of(value: &RawBson) -> Vec<u8> {
    let mut key = Vec::new();
    append_key(value.as_raw_bson_ref(), &mut key);
    key
}

#[test]
fn the_ladder_is_in_order() {
    let raw: Vec<(usize, RawBson)> =
        values().into_iter().map(|(step, value)| (step, value.try_into().unwrap())).collect();
    let length = ladder().len();
    for (step, value) in &raw {
        for (other_step, other) in &raw {
            // Arrays of values are another ladder.
            if (*step < length) != (*other_step < length) {
                continue;
            }
            let compared = compare(value.as_raw_bson_ref(), other.as_raw_bson_ref());
            assert_eq!(compared, step.cmp(other_step), "{value:?} and {other:?}");
        }
    }
}

#[test]
fn keys_sort_as_the_values_do() {
    let values: Vec<Bson> = values().into_iter().map(|(_, value)| value).collect();
    let keyed: Vec<(RawBson, Bson, Vec<u8>)> = values
        .into_iter()
        .map(|value| {
            let raw = RawBson::try_from(value.clone()).unwrap();
            let key = key_of(&raw);
            (raw, value, key)
        })
        .collect();
    for (raw, value, key) in &keyed {
        for (other_raw, other_value, other) in &keyed {
            let compared = compare(raw.as_raw_bson_ref(), other_raw.as_raw_bson_ref());
            assert_eq!(key.cmp(other), compared, "keys of {raw:?} and {other_raw:?}");
            assert_eq!(compare_values(value, other_value), compared, "{value:?}, {other_value:?}");
            let is_prefix = key != other && other.starts_with(key);
            assert!(!is_prefix, "the key of {raw:?} starts the one of {other_raw:?}");
        }
    }
}

#[test]
fn compound_keys_sort_by_their_fields_and_directions() {
    let some: Vec<RawBson> = values()
        .into_iter()
        .step_by(7)
        .map(|(_, value)| RawBson::try_from(value).unwrap())
        .collect();
    let pairs: Vec<(&RawBson, &RawBson)> =
        some.iter().flat_map(|a| some.iter().map(move |b| (a, b))).collect();
    let keys: Vec<Vec<u8>> = pairs
        .iter()
        .map(|(a, b)| {
            let mut key = Vec::new();
            append_descending_key(a.as_raw_bson_ref(), &mut key);
            append_key(b.as_raw_bson_ref(), &mut key);
            key
        })
        .collect();
    let raw = |value: &RawBson, other: &RawBson| -> Ordering {
        compare(value.as_raw_bson_ref(), other.as_raw_bson_ref())
    };
    for ((a, b), key) in pairs.iter().zip(&keys) {
        for ((other_a, other_b), other) in pairs.iter().zip(&keys).step_by(5) {
            let expected = raw(a, other_a).reverse().then_with(|| raw(b, other_b));
            assert_eq!(key.cmp(other), expected, "{a:?} {b:?} and {other_a:?} {other_b:?}");
        }
    }
}

#[test]
fn decoded_values_have_the_same_keys() {
    for (_, value) in values() {
        let mut key = Vec::new();
        append_value_key(&value, &mut key);
        let raw = RawBson::try_from(value).unwrap();
        assert_eq!(key, key_of(&raw), "{raw:?}");
    }
}

/// Keys lie in indexes on disk: these bytes must stay as they are.
#[test]
fn keys_do_not_change() {
    let check = |value: Bson, expected: &str| {
        let key = key_of(&value.try_into().unwrap());
        let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, expected);
    };
    check(Bson::Null, "18");
    check(bson!(1), "20bff000000000000000");
    check(bson!(-1), "20400fffffffffffffff");
    check(bson!(9_007_199_254_740_993_i64), KEY_ABOVE_2_53);
    check(bson!("a\0b"), "286100ff620000");
    check(bson!({"a": [true]}), "3038610050010000");
    check(bson!(DateTime::from_millis(0)), "588000000000000000");
}

const KEY_ABOVE_2_53: &str = "20c34000000000000001800f01bc16d674ec800de0b6b3a7640000";
