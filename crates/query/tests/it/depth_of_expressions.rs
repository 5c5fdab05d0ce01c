//! See `depth`: expressions.

use bson::{RawBson, RawDocument, RawDocumentBuf, rawdoc};
use hookstead_query::{Expression, MongoCode, QueryError, Scope, Variables};

use crate::{
    depth::Place,
    hostile::{ARRAY, DOCUMENT, expression, nested, one, parameters, path, text},
};

/// Reads an expression and computes it for a document.
fn compute(value: &RawDocument) -> Result<(), QueryError> {
    expression(value, &rawdoc! {"a": {"a": [1]}, "k": 1})
}

/// An expression in so many others.
fn within(rounds: usize, round: &[(&str, u8)], innermost: &RawDocument) -> Result<(), QueryError> {
    compute(&nested(rounds, round, innermost))
}

fn outer(names: usize) -> Result<(), QueryError> {
    let mut parameters = parameters();
    parameters.variables = Variables::of(bson::doc! {"v": {"a": {"a": 1}}})?;
    let path = format!("$$v.{}", path(names));
    let expression = Expression::parse(RawBson::String(path).as_raw_bson_ref(), &parameters)?;
    expression.evaluate(&Scope::new(&RawDocumentBuf::new())).map(drop)
}

fn path_in(operator: &str, start: &str, names: usize) -> Result<(), QueryError> {
    compute(&one(operator, text(format!("{start}{}", path(names)))))
}

pub(crate) const EXPRESSIONS: &[Place] = &[
    ("a path", 200, |n| path_in("$size", "$", n).or_else(no_array)),
    ("a path in the document", 200, |n| path_in("$isArray", "$$ROOT.", n)),
    ("a path in a variable of the command", 200, outer),
    ("a path in a variable", 200, |n| {
        let path = text(format!("$$v.{}", path(n)));
        compute(&rawdoc! {"$let": {"vars": {"v": "$a"}, "in": path}})
    }),
    ("a path in an element", 200, |n| {
        let path = text(format!("$$this.{}", path(n)));
        compute(&rawdoc! {"$map": {"input": ["$a"], "in": path}})
    }),
    ("the order of $sortArray", 200, |n| {
        compute(&rawdoc! {"$sortArray": {"input": ["$a", "$k"], "sortBy": one(&path(n), 1)}})
    }),
    ("arrays", 98, |n| {
        let array = nested(n, &[("0", ARRAY)], &rawdoc! {"a": "$k"});
        expression(array, &rawdoc! {"k": 1})
    }),
    ("documents", 98, |n| {
        let document = nested(n, &[("a", DOCUMENT)], &rawdoc! {"b": "$k"});
        expression(document, &rawdoc! {"k": 1})
    }),
    ("documents of constants", 98, |n| {
        expression(nested(n, &[("a", DOCUMENT)], &rawdoc! {"b": 1}), &rawdoc! {})
    }),
    ("a literal", 197, |n| compute(&one("$literal", nested(n, &[("a", DOCUMENT)], &rawdoc! {})))),
    ("$not", 98, |n| within(n, &[("$not", ARRAY), ("0", DOCUMENT)], &rawdoc! {"$not": ["$k"]})),
    ("$and", 98, |n| within(n, &[("$and", ARRAY), ("0", DOCUMENT)], &rawdoc! {"$and": ["$k"]})),
    ("$concat", 98, |n| {
        within(n, &[("$concat", ARRAY), ("0", DOCUMENT)], &rawdoc! {"$concat": ["a"]})
    }),
    ("$mergeObjects", 98, |n| {
        within(n, &[("$mergeObjects", ARRAY), ("0", DOCUMENT)], &rawdoc! {"$mergeObjects": ["$a"]})
    }),
    ("$concatArrays", 97, |n| {
        within(
            n,
            &[("$concatArrays", ARRAY), ("0", DOCUMENT)],
            &rawdoc! {"$concatArrays": [["$k"]]},
        )
    }),
    ("$let", 98, |n| {
        let mut inner = rawdoc! {"$not": ["$$v"]};
        for _ in 0..n.min(300) {
            inner = rawdoc! {"$let": {"vars": {"v": "$k"}, "in": inner}};
        }
        compute(&inner)
    }),
    ("$map", 98, |n| {
        let mut inner = rawdoc! {"$not": ["$$this"]};
        for _ in 0..n.min(300) {
            inner = rawdoc! {"$map": {"input": ["$k"], "in": inner}};
        }
        compute(&inner)
    }),
    ("$switch", 49, |n| {
        let mut inner = rawdoc! {"$not": ["$k"]};
        for _ in 0..n.min(300) {
            inner = rawdoc! {"$switch": {"branches": [{"case": "$k", "then": inner}]}};
        }
        compute(&inner)
    }),
    ("$cond", 98, |n| {
        let mut inner = rawdoc! {"$not": ["$k"]};
        for _ in 0..n.min(300) {
            inner = rawdoc! {"$cond": {"if": inner, "then": 1, "else": 0}};
        }
        compute(&inner)
    }),
    ("groups of a pattern", 60, |n| {
        let pattern = format!("{}a{}", "(".repeat(n), ")".repeat(n));
        let options = rawdoc! {"input": "a", "regex": pattern.as_str()};
        match compute(&one("$regexMatch", options)) {
            Err(error) if error.code.number() == 51111 => {
                Err(QueryError::new(MongoCode::BAD_VALUE, error.message))
            }
            other => other,
        }
    }),
    ("a document that grows in $reduce", 200, |n| {
        let reduce = rawdoc! {
            "input": {"$range": [0, i32::try_from(n).unwrap()]},
            "initialValue": 1,
            "in": ["$$value"],
        };
        compute(&one("$reduce", reduce))
    }),
];

/// What is found at the path is no array.
fn no_array(error: QueryError) -> Result<(), QueryError> {
    if error.code.number() == 17124 { Ok(()) } else { Err(error) }
}
