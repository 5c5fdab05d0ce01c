//! Every place of the language that takes a path or nests: what it accepts, and that it refuses
//! what is beyond, however much that is.

use bson::{RawBson, rawdoc};
use hookstead_query::{Distinct, QueryError, validate};

use crate::hostile::{
    ARRAY, DOCUMENT, filter, nested, on_a_thread, one, path, projection, sort, text,
};

/// Far more than any stack has room for.
const ENDLESS: usize = 400_000;

/// A place, how many names or levels it takes, and what it does with a number of them.
pub(crate) type Place = (&'static str, usize, fn(usize) -> Result<(), QueryError>);

#[track_caller]
fn check(places: &'static [Place]) {
    on_a_thread(move || {
        let wrong: Vec<String> = places.iter().filter_map(wrong).collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}

/// What is wrong with a place, if anything is.
fn wrong((name, accepted, run): &Place) -> Option<String> {
    if let Err(error) = run(*accepted) {
        return Some(format!("{name} refuses {accepted}: {} {error}", error.code));
    }
    for refused in [accepted + 1, ENDLESS] {
        let Err(error) = run(refused) else {
            let next = (refused..).take(200).find(|number| run(*number).is_err());
            return Some(format!("{name} accepts {refused}, and refuses {next:?}"));
        };
        let names_its_limit = error.message.chars().any(|letter| letter.is_ascii_digit());
        if !names_its_limit || !matches!(error.code.number(), 2 | 9 | 15 | 232) {
            return Some(format!(
                "{name} refuses {refused} in other words: {} {error}",
                error.code
            ));
        }
    }
    None
}

const FILTERS: &[Place] = &[
    ("a field", 200, |n| filter(&one(&path(n), 1), &rawdoc! {"a": {"a": [{"a": 1}]}})),
    ("a field with operators", 200, |n| filter(&one(&path(n), rawdoc! {"$gt": 1}), &rawdoc! {})),
    ("a field in $and", 200, |n| filter(&rawdoc! {"$and": [one(&path(n), 1)]}, &rawdoc! {})),
    ("a field in $or", 200, |n| filter(&rawdoc! {"$or": [one(&path(n), 1)]}, &rawdoc! {})),
    ("a field in $nor", 200, |n| filter(&rawdoc! {"$nor": [one(&path(n), 1)]}, &rawdoc! {})),
    ("a field in $elemMatch", 200, |n| {
        filter(&rawdoc! {"a": {"$elemMatch": one(&path(n), 1)}}, &rawdoc! {"a": [{"a": 1}]})
    }),
    ("a value", 199, |n| {
        let value = nested(n - 1, &[("a", DOCUMENT)], &rawdoc! {});
        filter(&one("a", value.clone()), &one("a", value))
    }),
    ("an array of arrays", 199, |n| {
        let value = nested(n - 1, &[("0", ARRAY)], &rawdoc! {});
        filter(&one("a", value.clone()), &one("a", value))
    }),
    ("a scope of code", 199, |n| {
        let scope = nested(n - 1, &[("a", DOCUMENT)], &rawdoc! {});
        let code = bson::RawJavaScriptCodeWithScope { code: "f".to_owned(), scope };
        filter(&one("a", RawBson::JavaScriptCodeWithScope(code)), &rawdoc! {})
    }),
    ("$and", 99, |n| {
        filter(&nested(n, &[("$and", ARRAY), ("0", DOCUMENT)], &rawdoc! {}), &rawdoc! {})
    }),
    ("$or", 99, |n| {
        filter(&nested(n, &[("$or", ARRAY), ("0", DOCUMENT)], &rawdoc! {}), &rawdoc! {})
    }),
    ("$nor", 99, |n| {
        filter(&nested(n, &[("$nor", ARRAY), ("0", DOCUMENT)], &rawdoc! {}), &rawdoc! {})
    }),
    ("$not", 99, |n| {
        let inner = nested(n, &[("$not", DOCUMENT)], &rawdoc! {"$gt": 1});
        filter(&one("a", inner), &rawdoc! {"a": 1})
    }),
    ("$elemMatch", 99, |n| {
        let inner = nested(n, &[("$elemMatch", DOCUMENT)], &rawdoc! {"$gt": 1});
        filter(&one("a", inner), &one("a", nested(100, &[("0", ARRAY)], &rawdoc! {})))
    }),
    ("$elemMatch of documents", 50, |n| {
        let round = [("a", DOCUMENT), ("$elemMatch", DOCUMENT)];
        filter(&nested(n, &round, &rawdoc! {"a": 1}), &rawdoc! {"a": [{"a": [1]}]})
    }),
    ("$all of $elemMatch", 66, |n| {
        let round = [("$all", ARRAY), ("0", DOCUMENT), ("$elemMatch", DOCUMENT)];
        filter(&one("a", nested(n, &round, &rawdoc! {"$gt": 1})), &rawdoc! {"a": [[1]]})
    }),
];

/// A filter with a schema around which are so many others.
fn schema(rounds: usize, round: &[(&str, u8)]) -> Result<(), QueryError> {
    let schema = nested(rounds, round, &rawdoc! {"minProperties": 0});
    filter(&one("$jsonSchema", schema), &rawdoc! {"a": {"a": [{"a": 1}]}})
}

const SCHEMAS: &[Place] = &[
    ("not", 99, |n| schema(n, &[("not", DOCUMENT)])),
    ("allOf", 99, |n| schema(n, &[("allOf", ARRAY), ("0", DOCUMENT)])),
    ("anyOf", 99, |n| schema(n, &[("anyOf", ARRAY), ("0", DOCUMENT)])),
    ("oneOf", 99, |n| schema(n, &[("oneOf", ARRAY), ("0", DOCUMENT)])),
    ("properties", 99, |n| schema(n, &[("properties", DOCUMENT), ("a", DOCUMENT)])),
    ("patternProperties", 99, |n| schema(n, &[("patternProperties", DOCUMENT), ("a", DOCUMENT)])),
    ("additionalProperties", 99, |n| schema(n, &[("additionalProperties", DOCUMENT)])),
    ("items", 99, |n| schema(n, &[("items", DOCUMENT)])),
    ("a list of items", 99, |n| schema(n, &[("items", ARRAY), ("0", DOCUMENT)])),
    ("dependencies", 99, |n| schema(n, &[("dependencies", DOCUMENT), ("a", DOCUMENT)])),
];

const PROJECTIONS: &[Place] = &[
    ("an inclusion", 200, |n| projection(&one(&path(n), 1))),
    ("an exclusion", 200, |n| projection(&one(&path(n), 0))),
    ("a value", 198, |n| projection(&one(&path(n), "$k"))),
    ("a value's path", 200, |n| projection(&one("x", text(format!("${}", path(n)))))),
    ("an expression", 199, |n| projection(&one(&path(n), rawdoc! {"$add": [1, 2]}))),
    ("$slice", 200, |n| projection(&one(&path(n), rawdoc! {"$slice": 1}))),
    ("a positional path", 200, |n| {
        projection(&one(&format!("{}.$", path(n)), 1)).or_else(|error| match error.code.number() {
            51246 | 51247 => Ok(()),
            _ => Err(error),
        })
    }),
    ("a path in a document", 199, |n| projection(&rawdoc! {"a": one(&path(n), 1)})),
    ("documents", 198, |n| projection(&one("a", nested(n, &[("a", DOCUMENT)], &rawdoc! {"b": 1})))),
    ("documents of exclusions", 198, |n| {
        projection(&one("a", nested(n, &[("a", DOCUMENT)], &rawdoc! {"b": 0})))
    }),
    ("documents around an expression", 196, |n| {
        let inner = rawdoc! {"b": {"$add": [1, 2]}};
        projection(&one("a", nested(n, &[("a", DOCUMENT)], &inner)))
    }),
    ("an array in an expression", 99, |n| {
        projection(&one("x", nested(n - 1, &[("$not", ARRAY)], &rawdoc! {"$not": ["$k"]})))
    }),
    ("a sort", 200, |n| sort(&one(&path(n), 1))),
    ("distinct", 200, |n| Distinct::new(&path(n))?.add(&rawdoc! {"a": {"a": 1}})),
    ("a document from outside", 200, |n| validate(&nested(n - 1, &[("a", ARRAY)], &rawdoc! {}))),
];

#[test]
fn filters_have_limits() {
    check(FILTERS);
    check(SCHEMAS);
}

#[test]
fn projections_and_orders_have_limits() {
    check(PROJECTIONS);
}

#[test]
fn updates_have_limits() {
    check(crate::depth_of_updates::UPDATES);
}

#[test]
fn stages_have_limits() {
    check(crate::depth_of_stages::STAGES);
    check(crate::depth_of_stages::PIPELINES);
}

#[test]
fn expressions_have_limits() {
    check(crate::depth_of_expressions::EXPRESSIONS);
}
