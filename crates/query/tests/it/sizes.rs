//! Small commands that would make something huge of nothing, or take for ever: an ordinary error,
//! or an answer, soon.

use bson::{RawArrayBuf, RawDocument, RawDocumentBuf, rawdoc};
use hookstead_query::{Projection, QueryError, Update};

use crate::hostile::{
    expression, filter, list, on_a_thread, one, parameters, pipeline, stage, text,
};

/// What is asked, and the code of the error that comes of it; none for an answer.
type Case = (&'static str, Option<i32>, fn() -> Result<(), QueryError>);

#[track_caller]
fn check(cases: &'static [Case]) {
    on_a_thread(move || {
        for (name, code, run) in cases {
            let outcome = run().map_err(|error| (error.code.number(), error.message));
            assert_eq!(outcome.as_ref().err().map(|(code, _)| *code), *code, "{name}: {outcome:?}");
        }
    });
}

fn compute(value: &RawDocument) -> Result<(), QueryError> {
    let large = text("x".repeat(4 << 20));
    expression(value, &rawdoc! {"k": 1, "text": "aaaaaaaaaaaaaaaa", "large": large})
}

/// `$let` in `$let`, each with twice as much as the one before.
fn doubled(rounds: usize, twice: &RawDocument) -> RawDocumentBuf {
    let mut inner = rawdoc! {"$eq": ["$$v", "$k"]};
    for _ in 0..rounds {
        inner = rawdoc! {"$let": {"vars": {"v": twice.to_owned()}, "in": inner}};
    }
    rawdoc! {"$let": {"vars": {"v": "$text"}, "in": inner}}
}

/// So many arrays of a text of 4 MiB at the same time.
fn arrays(count: usize) -> RawArrayBuf {
    list(count, |_| bson::rawbson!(["$large"]))
}

const EXPRESSIONS: &[Case] = &[
    ("$concat twice", Some(146), || compute(&doubled(30, &rawdoc! {"$concat": ["$$v", "$$v"]}))),
    ("an array of twice the same", Some(146), || {
        let twice = rawdoc! {"$concatArrays": [[["$$v", "$$v"]]]};
        compute(&doubled(30, &twice))
    }),
    ("a document of twice the same", Some(146), || {
        compute(&doubled(30, &rawdoc! {"a": "$$v", "b": "$$v"}))
    }),
    ("$reduce that doubles", Some(146), || {
        let reduce = rawdoc! {
            "input": {"$range": [0, 60]}, "initialValue": "$text", "in": ["$$value", "$$value"],
        };
        compute(&one("$reduce", reduce))
    }),
    ("many arrays in $setUnion", Some(146), || compute(&one("$setUnion", arrays(100)))),
    ("many arrays in $zip", Some(146), || compute(&one("$zip", rawdoc! {"inputs": arrays(100)}))),
    ("many variables of $let", Some(146), || {
        let vars = crate::hostile::fields(100, |number| {
            (format!("v{number}"), bson::rawbson!(["$large"]))
        });
        compute(&rawdoc! {"$let": {"vars": vars, "in": 1}})
    }),
    ("arrays that wait for one another", Some(146), || {
        let mut inner = rawdoc! {"$concatArrays": [["$large"]]};
        for _ in 0..50 {
            inner = rawdoc! {"$concatArrays": [["$large"], inner]};
        }
        compute(&inner)
    }),
    ("$range", Some(146), || compute(&rawdoc! {"$range": [0, 2_147_483_647]})),
    ("$replaceAll", Some(146), || {
        let options = rawdoc! {
            "input": text("a".repeat(100_000)), "find": "a", "replacement": text("b".repeat(1000)),
        };
        compute(&one("$replaceAll", options))
    }),
    ("$dateAdd of too much", Some(5_166_406), || {
        let start = bson::DateTime::from_millis(0);
        let options = rawdoc! {"startDate": start, "unit": "year", "amount": i64::MAX};
        compute(&one("$dateAdd", options))
    }),
    ("a long format of a date", None, || {
        let format = text("%Y".repeat(100_000));
        let date = bson::DateTime::from_millis(0);
        compute(&one("$dateToString", rawdoc! {"date": date, "format": format}))
    }),
    ("$pow of decimals", None, || {
        let decimal = |number: &str| number.parse::<bson::Decimal128>().unwrap();
        compute(&rawdoc! {"$pow": [decimal("1E+6000"), decimal("9E+6000")]})
    }),
    ("$exp of a decimal", None, || {
        compute(&rawdoc! {"$exp": "1E+6000".parse::<bson::Decimal128>().unwrap()})
    }),
    ("$round far behind the point", None, || {
        compute(&rawdoc! {"$round": ["1E-6000".parse::<bson::Decimal128>().unwrap(), 100]})
    }),
];

const STAGES: &[Case] = &[
    ("$densify of very much", Some(5_897_900), || {
        let range = rawdoc! {"step": 1, "bounds": [0, 2_000_000_000]};
        stage("$densify", rawdoc! {"field": "x", "range": range})
    }),
    ("$bucketAuto of very many", None, || {
        stage("$bucketAuto", rawdoc! {"groupBy": "$k", "buckets": i32::MAX})
    }),
    ("$bucketAuto in a series", None, || {
        let options = rawdoc! {"groupBy": "$v", "buckets": 5, "granularity": "R5"};
        let decimal = "9E+6144".parse::<bson::Decimal128>().unwrap();
        let documents = [rawdoc! {"v": 1e308}, rawdoc! {"v": 1e-308}, rawdoc! {"v": decimal}];
        pipeline(&[one("$bucketAuto", options)], &documents)
    }),
    ("a path with very many ways", Some(2), || {
        let mut value = rawdoc! {"0": 1};
        for _ in 0..60 {
            value = rawdoc! {"0": [value]};
        }
        filter(&one(&vec!["0"; 60].join("."), 5), &value)
    }),
    ("a join by a path with very many ways", Some(2), || {
        let mut value = rawdoc! {"0": 1};
        for _ in 0..60 {
            value = rawdoc! {"0": [value]};
        }
        let path = text(vec!["0"; 60].join("."));
        let options = rawdoc! {"from": "c", "as": "x", "localField": path, "foreignField": "x"};
        pipeline(&[one("$lookup", options)], &[value])
    }),
    ("lookups in one another", None, || {
        let mut stage = rawdoc! {"from": "c", "as": "x", "pipeline": []};
        for _ in 0..19 {
            let inner = [rawdoc! {"$match": {"a": 1}}, one("$lookup", stage)];
            let pipeline = RawArrayBuf::from_iter(inner);
            stage = rawdoc! {"from": "c", "as": "x", "pipeline": pipeline};
        }
        pipeline(&[one("$lookup", stage)], &[rawdoc! {}])
    }),
    ("conditions side by side", None, || {
        let stages: Vec<_> = (0..1000).map(|_| rawdoc! {"$match": {"k": 1}}).collect();
        pipeline(&stages, &[rawdoc! {"k": 1}])
    }),
    ("bits of a large binary", Some(2), || {
        let bytes = bson::Binary { subtype: 0.into(), bytes: vec![0xff; 1 << 20] };
        filter(&rawdoc! {"a": {"$bitsAllSet": bytes}}, &rawdoc! {})
    }),
];

/// A stage that gives so many fields the same 4 MiB.
fn copied(stage: &str, fields: usize) -> Result<(), QueryError> {
    let fields = crate::hostile::fields(fields, |number| (format!("k{number}"), text("$large")));
    let document = rawdoc! {"large": text("x".repeat(4 << 20))};
    pipeline(&[one(stage, fields)], &[document])
}

/// An operator over so many references to one array of a hundred thousand numbers.
fn referred(operator: impl Fn(RawArrayBuf) -> RawDocumentBuf) -> Result<(), QueryError> {
    let document = rawdoc! {"a": list(100_000, |_| 1)};
    expression(operator(list(200, |_| "$a")), &document)
}

/// What is there is named often, and each time takes memory.
const COPIES: &[Case] = &[
    ("fields of $set", None, || copied("$set", 2)),
    ("too many fields of $set", Some(13548), || copied("$set", 200)),
    ("too many fields of $project", Some(13548), || copied("$project", 200)),
    ("too many fields of an update", Some(13548), || {
        let fields = crate::hostile::fields(200, |number| (format!("k{number}"), text("$large")));
        let update = Update::pipeline(&[one("$set", fields)], &parameters())?;
        update.apply(&rawdoc! {"large": text("x".repeat(4 << 20))}, None).map(drop)
    }),
    ("too many fields of a projection", Some(146), || {
        let fields = crate::hostile::fields(200, |number| (format!("k{number}"), text("$large")));
        let projection = Projection::parse(&fields, &parameters())?;
        projection.apply(&rawdoc! {"large": text("x".repeat(4 << 20))}, None).map(drop)
    }),
    ("references in $zip", Some(146), || referred(|all| one("$zip", rawdoc! {"inputs": all}))),
    ("references in $setUnion", Some(146), || referred(|all| one("$setUnion", all))),
];

#[test]
fn copies_of_what_is_there_are_limited() {
    check(COPIES);
}

#[test]
fn expressions_hold_little_memory() {
    check(EXPRESSIONS);
}

#[test]
fn stages_come_to_an_end() {
    check(STAGES);
}

/// Operators that take a list of arguments.
const OPERATORS: &str = "$abs $acos $add $allElementsTrue $and $anyElementTrue $arrayElemAt \
    $arrayToObject $avg $binarySize $bitAnd $bitNot $bsonSize $ceil $cmp $concat $concatArrays \
    $cond $dayOfMonth $divide $eq $exp $first $floor $gt $gte $ifNull $in $indexOfArray \
    $indexOfBytes $indexOfCP $isArray $isNumber $isoWeek $last $ln $log $log10 $lt $lte $max \
    $mergeObjects $min $mod $month $multiply $ne $not $objectToArray $or $pow $range \
    $reverseArray $round $setDifference $setEquals $setIntersection $setIsSubset $setUnion $size \
    $slice $split $sqrt $stdDevPop $strLenBytes $strLenCP $strcasecmp $substr $substrBytes \
    $substrCP $subtract $sum $toBool $toDate $toDecimal $toDouble $toInt $toLong $toLower \
    $toObjectId $toString $toUpper $trunc $tsSecond $type $year $getField";

/// Evaluating an argument twice would take for ever where operators stand in one another.
#[test]
fn operators_evaluate_each_argument_once() {
    let document = rawdoc! {"k": 1, "l": [], "o": {"a": 1}, "text": "a"};
    for operator in OPERATORS.split_ascii_whitespace() {
        for (count, place) in [(1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2)] {
            for argument in ["$k", "$l", "$o", "$text"] {
                let mut value = text(argument);
                for _ in 0..40 {
                    let mut arguments = RawArrayBuf::new();
                    for number in 0..count {
                        match number == place {
                            true => arguments.push(&value),
                            false => arguments.push(argument),
                        }
                    }
                    value = bson::RawBson::Document(one(operator, arguments));
                }
                // A value or an error, and soon.
                let _ = expression(&value, &document);
            }
        }
    }
}
