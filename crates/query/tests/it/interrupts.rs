//! Whatever takes long can be stopped: every operator that goes through an array, a document or a
//! text, and every stage, passes on the refusal of an interrupt.
//!
//! Each is put to a document with large values, under an interrupt that refuses when it is asked
//! first, which is after a few thousand steps. Names that are not in a table here do the same work
//! whatever they are given, and are listed, so that a new operator has to be put somewhere.

use std::{collections::BTreeSet, fs, rc::Rc};

use bson::{Bson, DateTime, Document, RawDocumentBuf, bson, doc};
use hookstead_query::{
    Distinct, Expression, Filter, Interrupt, MongoCode, NoCollections, Parameters, Pipeline,
    Projection, QueryError, Sort, Update, with_interrupt, with_steps,
};

const TABLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/databases/operators.md");

/// More elements than steps until somebody is asked.
const ELEMENTS: i32 = 20_000;

struct Refusing;

impl Interrupt for Refusing {
    fn check(&self) -> Result<(), QueryError> {
        Err(QueryError::new(MongoCode::INTERRUPTED, "stop"))
    }
}

fn is_stopped<T>(work: impl FnOnce() -> Result<T, QueryError>) -> bool {
    let outcome = with_interrupt(Rc::new(Refusing), work);
    outcome.is_err_and(|error| error.code == MongoCode::INTERRUPTED)
}

fn raw(document: &Document) -> RawDocumentBuf {
    RawDocumentBuf::try_from(document).unwrap()
}

fn parameters() -> Parameters {
    Parameters::new(DateTime::from_millis(1_700_000_000_000), 7)
}

/// A document with an array of numbers, one of documents, one of pairs, a document of many fields
/// and a text.
fn large() -> RawDocumentBuf {
    let fields: Document = (0..ELEMENTS).map(|n| (format!("f{n}"), Bson::Int32(n))).collect();
    raw(&doc! {
        "_id": 1,
        "a": (0..ELEMENTS).collect::<Vec<_>>(),
        "b": (0..ELEMENTS).rev().collect::<Vec<_>>(),
        "t": vec![true; ELEMENTS as usize],
        "z": vec![false; ELEMENTS as usize],
        "d": (0..ELEMENTS).map(|n| bson!({"k": n.to_string(), "v": n})).collect::<Vec<_>>(),
        "o": fields,
        "s": "ab ".repeat(1 << 20),
    })
}

/// The names of a table whose row says "yes".
fn names_of(heading: &str) -> BTreeSet<String> {
    let tables = fs::read_to_string(TABLES).unwrap();
    let table = tables.split("\n## ").find(|table| table.starts_with(heading)).unwrap();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let (name, says) = (cells.get(1)?, cells.get(3)?);
        says.starts_with("yes").then(|| name.trim_matches('`').to_owned())
    };
    table.lines().filter_map(row).filter(|name| name.starts_with('$')).collect()
}

#[track_caller]
fn check_all_are_known(heading: &str, tested: &[(&str, Bson)], bounded: &[&str]) {
    let tested = tested.iter().map(|(name, _)| *name);
    let known: BTreeSet<String> =
        tested.chain(bounded.iter().copied()).map(str::to_owned).collect();
    let missing: Vec<String> = names_of(heading).difference(&known).cloned().collect();
    assert_eq!(missing, [""; 0], "{heading}: put these into a table of this file");
}

/// Operators of expressions that go through something, as they do it.
fn expressions() -> Vec<(&'static str, Bson)> {
    let text = bson!("$s");
    let mut all = vec![
        ("$map", bson!({"input": "$a", "in": "$_id"})),
        ("$filter", bson!({"input": "$a", "cond": "$_id"})),
        ("$reduce", bson!({"input": "$a", "initialValue": 0, "in": "$_id"})),
        ("$range", bson!([0, {"$multiply": ["$_id", 1_000_000]}])),
        ("$zip", bson!({"inputs": ["$a", "$b"]})),
        ("$concatArrays", bson!(["$a", "$b"])),
        ("$slice", bson!(["$a", 10_000])),
        ("$reverseArray", bson!("$a")),
        ("$in", bson!([-1, "$a"])),
        ("$indexOfArray", bson!(["$a", -1])),
        ("$sortArray", bson!({"input": "$b", "sortBy": 1})),
        ("$firstN", bson!({"input": "$a", "n": 9_999})),
        ("$lastN", bson!({"input": "$a", "n": 9_999})),
        ("$maxN", bson!({"input": "$a", "n": 9_999})),
        ("$minN", bson!({"input": "$a", "n": 9_999})),
        ("$arrayToObject", bson!("$d")),
        ("$objectToArray", bson!("$o")),
        ("$mergeObjects", bson!(["$o", "$o"])),
        ("$setField", bson!({"field": "f1", "input": "$o", "value": 1})),
        ("$unsetField", bson!({"field": "f1", "input": "$o"})),
        ("$allElementsTrue", bson!(["$t"])),
        ("$anyElementTrue", bson!(["$z"])),
        ("$setDifference", bson!(["$a", "$b"])),
        ("$setEquals", bson!(["$a", "$b"])),
        ("$setIntersection", bson!(["$a", "$b"])),
        ("$setIsSubset", bson!(["$a", "$b"])),
        ("$setUnion", bson!(["$a", "$b"])),
        ("$avg", bson!("$a")),
        ("$max", bson!("$a")),
        ("$min", bson!("$a")),
        ("$sum", bson!("$a")),
        ("$stdDevPop", bson!("$a")),
        ("$stdDevSamp", bson!("$a")),
        ("$median", bson!({"input": "$a", "method": "approximate"})),
        ("$percentile", bson!({"input": "$a", "p": [0.5], "method": "approximate"})),
        ("$concat", bson!(["$s", "$s"])),
        ("$split", bson!(["$s", " "])),
        ("$replaceAll", bson!({"input": "$s", "find": "a", "replacement": "c"})),
        ("$replaceOne", bson!({"input": "$s", "find": "a", "replacement": "c"})),
        ("$indexOfBytes", bson!(["$s", "abc"])),
        ("$regexFindAll", bson!({"input": "$s", "regex": "a"})),
    ];
    for name in ["$toLower", "$toUpper", "$strLenCP", "$strLenBytes", "$toString"] {
        all.push((name, text.clone()));
    }
    for name in ["$cmp", "$eq", "$gt", "$gte", "$lt", "$lte", "$ne"] {
        all.push((name, bson!(["$a", "$a"])));
    }
    for name in ["$trim", "$ltrim", "$rtrim"] {
        all.push((name, bson!({ "input": "$s" })));
    }
    for name in ["$substr", "$substrBytes", "$substrCP"] {
        all.push((name, bson!(["$s", 0, 2_000_000])));
    }
    all
}

/// Operators whose work is the same for all values, or is that of their arguments. That they are
/// called is a step.
const BOUNDED: &[&str] = &[
    "$abs",
    "$add",
    "$ceil",
    "$divide",
    "$exp",
    "$floor",
    "$ln",
    "$log",
    "$log10",
    "$mod",
    "$multiply",
    "$pow",
    "$rand",
    "$round",
    "$sigmoid",
    "$sqrt",
    "$subtract",
    "$trunc",
    "$acos",
    "$acosh",
    "$asin",
    "$asinh",
    "$atan",
    "$atan2",
    "$atanh",
    "$cos",
    "$cosh",
    "$sin",
    "$sinh",
    "$tan",
    "$tanh",
    "$degreesToRadians",
    "$radiansToDegrees",
    "$bitAnd",
    "$bitNot",
    "$bitOr",
    "$bitXor",
    "$arrayElemAt",
    "$first",
    "$last",
    "$isArray",
    "$size",
    "$and",
    "$not",
    "$or",
    "$cond",
    "$ifNull",
    "$switch",
    "$let",
    "$literal",
    "$const",
    "$expr",
    "$dateAdd",
    "$dateDiff",
    "$dateFromParts",
    "$dateFromString",
    "$dateSubtract",
    "$dateToParts",
    "$dateToString",
    "$dateTrunc",
    "$dayOfMonth",
    "$dayOfWeek",
    "$dayOfYear",
    "$hour",
    "$isoDayOfWeek",
    "$isoWeek",
    "$isoWeekYear",
    "$millisecond",
    "$minute",
    "$month",
    "$second",
    "$week",
    "$year",
    "$tsIncrement",
    "$tsSecond",
    "$getField",
    "$bsonSize",
    "$binarySize",
    "$indexOfCP",
    "$regexFind",
    "$regexMatch",
    "$strcasecmp",
    "$convert",
    "$isNumber",
    "$toBool",
    "$toDate",
    "$toDecimal",
    "$toDouble",
    "$toInt",
    "$toLong",
    "$toObjectId",
    "$toUUID",
    "$type",
];

#[test]
fn every_operator_that_goes_through_something_can_be_stopped() {
    let document = large();
    let cases = expressions();
    check_all_are_known("Expression operators", &cases, BOUNDED);
    for (name, argument) in cases {
        let is_comparison =
            matches!(name, "$cmp" | "$eq" | "$gt" | "$gte" | "$lt" | "$lte" | "$ne");
        let is_one_look = is_comparison || argument.to_string().contains("\"$s\"");
        let expression = bson!({ name: argument });
        let parsed = Expression::parse_value(&expression, &parameters()).unwrap();
        // An operator may do so little by itself that only a loop around it takes long.
        let looped = bson!({"$map": {"input": "$$ROOT.t", "in": expression}});
        let looped = Expression::parse_value(&looped, &parameters()).unwrap();
        let stopped = is_stopped(|| parsed.evaluate_root(&document));
        // One look at a text, or at two arrays, is counted behind it.
        assert!(stopped || is_one_look, "{name} goes on");
        let soon = with_steps(200_000, || looped.evaluate_root(&document));
        assert_eq!(soon.unwrap_err().code, MongoCode::INTERRUPTED, "{name} in a loop goes on");
    }
}

#[test]
fn every_operator_counts_when_it_is_called() {
    let document = raw(&doc! {"a": (0..5_000).collect::<Vec<_>>(), "n": 1});
    for body in [
        bson!({"$add": ["$n", 1]}),
        bson!({"x": "$n"}),
        bson!(["$n"]),
        bson!("$n"),
        bson!({"$let": {"vars": {"x": "$n"}, "in": "$$x"}}),
    ] {
        let looped = bson!({"$map": {"input": "$a", "in": {"$map": {"input": "$a", "in": body}}}});
        let looped = Expression::parse_value(&looped, &parameters()).unwrap();
        assert!(is_stopped(|| looped.evaluate_root(&document)));
    }
}

/// Stages that take many documents, or make many of one.
fn stages() -> Vec<(&'static str, Bson)> {
    let sorted = |output: Bson| bson!({"sortBy": {"n": 1}, "output": {"x": output}});
    let sum = bson!({"$sum": "$n", "window": {"documents": [-9, "current"]}});
    vec![
        ("$addFields", bson!({"x": "$n"})),
        ("$bucket", bson!({"groupBy": "$n", "boundaries": [0, 10], "default": 99})),
        ("$bucketAuto", bson!({"groupBy": "$n", "buckets": 3})),
        ("$count", bson!("n")),
        ("$densify", bson!({"field": "n", "range": {"step": 1, "bounds": [0, 400_000]}})),
        ("$facet", bson!({"x": [{"$skip": 100_000}]})),
        ("$fill", bson!({"sortBy": {"n": 1}, "output": {"x": {"method": "locf"}}})),
        (
            "$graphLookup",
            bson!({
                "from": "c", "startWith": "$n", "connectFromField": "n", "connectToField": "m",
                "as": "x",
            }),
        ),
        ("$group", bson!({"_id": "$n", "x": {"$sum": 1}})),
        ("$limit", bson!(100_000)),
        ("$lookup", bson!({"from": "c", "localField": "n", "foreignField": "n", "as": "x"})),
        ("$match", bson!({"x": 1})),
        ("$project", bson!({"x": "$n"})),
        ("$redact", bson!("$$KEEP")),
        ("$replaceRoot", bson!({"newRoot": "$$ROOT"})),
        ("$replaceWith", bson!("$$ROOT")),
        ("$sample", bson!({"size": 5})),
        ("$set", bson!({"x": "$n"})),
        ("$setWindowFields", sorted(sum)),
        ("$skip", bson!(100_000)),
        ("$sort", bson!({"n": -1})),
        ("$sortByCount", bson!("$n")),
        ("$unionWith", bson!("c")),
        ("$unset", bson!("n")),
        ("$unwind", bson!("$n")),
    ]
}

#[test]
fn every_stage_can_be_stopped() {
    let cases = stages();
    // What these are given or give is as long as the command, or is the store's to count.
    check_all_are_known("Stages", &cases, &["$documents", "$merge", "$out"]);
    let documents: Vec<RawDocumentBuf> =
        (0..ELEMENTS).map(|n| raw(&doc! {"_id": n, "n": n})).collect();
    for (name, argument) in cases {
        let stage = raw(&doc! { name: argument });
        let pipeline = Pipeline::parse(&[stage], &parameters()).unwrap();
        let run = || {
            let source = Box::new(documents.iter().cloned().map(Ok));
            pipeline.run(source, &NoCollections).collect::<Result<Vec<_>, _>>()
        };
        assert!(is_stopped(run), "{name} goes on");
    }
}

#[test]
fn a_stage_that_makes_much_of_little_can_be_stopped() {
    let numbers = doc! {"$set": {"x": {"$range": [0, 3_000]}}};
    let unwind = doc! {"$unwind": "$x"};
    let many = [&numbers, &unwind, &numbers, &unwind, &numbers, &unwind];
    let window = |function: Bson| {
        let output = bson!({"sortBy": {"x": 1}, "output": {"y": function}});
        doc! {"$setWindowFields": output}
    };
    let whole = bson!({"documents": ["unbounded", "unbounded"]});
    let tails = [
        doc! {"$match": {"nothing": 1}},
        doc! {"$skip": 1_000_000_000_000_i64},
        doc! {"$group": {"_id": "$x", "all": {"$addToSet": "$x"}}},
        doc! {"$group": {"_id": 1, "all": {"$mergeObjects": "$$ROOT"}}},
        doc! {"$sort": {"x": -1}},
        window(bson!({"$push": "$x", "window": whole.clone()})),
        window(bson!({"$maxN": {"input": "$x", "n": 9_999}, "window": whole})),
        window(bson!({"$sum": "$x", "window": {"range": [-500, 500]}})),
        doc! {"$bucketAuto": {"groupBy": "$x", "buckets": 5, "granularity": "R5"}},
        doc! {"$facet": {"one": [{"$group": {"_id": "$x"}}], "two": [{"$sort": {"x": 1}}]}},
    ];
    for tail in tails {
        let stages: Vec<RawDocumentBuf> = many.into_iter().chain([&tail]).map(raw).collect();
        let pipeline = Pipeline::parse(&stages, &parameters()).unwrap();
        let run = || {
            let source = Box::new(std::iter::once(Ok(raw(&doc! {"_id": 1}))));
            pipeline.run(source, &NoCollections).collect::<Result<Vec<_>, _>>()
        };
        let stopped = with_steps(100_000, run);
        assert_eq!(stopped.unwrap_err().code, MongoCode::INTERRUPTED, "{tail}");
    }
}

#[test]
fn every_condition_on_an_array_can_be_stopped() {
    let document = large();
    let never = bson!({"$gt": 100_000});
    for condition in [
        doc! {"a": -1},
        doc! {"a": never.clone()},
        doc! {"a": {"$in": [-1, -2]}},
        doc! {"a": {"$nin": [-1, -2]}},
        doc! {"a": {"$not": never.clone()}},
        doc! {"a": {"$elemMatch": never}},
        doc! {"d": {"$elemMatch": {"k": -1}}},
        doc! {"d.k": -1},
        doc! {"a": {"$mod": [1_000_000, 999_999]}},
        doc! {"a": {"$bitsAllSet": 1 << 30}},
        doc! {"a": {"$type": "string"}},
        doc! {"a": {"$regex": "x"}},
        doc! {"d.k": {"$regex": "x"}},
        doc! {"$jsonSchema": {"properties": {"a": {"uniqueItems": true}}}},
        doc! {"$jsonSchema": {"properties": {"a": {"items": {"bsonType": "int"}}}}},
        doc! {"$jsonSchema": {"properties": {"o": {"patternProperties": {"x": {}}}}}},
        doc! {"$expr": {"$in": [-1, "$a"]}},
    ] {
        let filter = Filter::parse(&raw(&condition), &parameters()).unwrap();
        assert!(is_stopped(|| filter.matches(&document)), "{condition} goes on");
    }
}

#[test]
fn every_change_of_an_array_can_be_stopped() {
    let document = large();
    let filters = [raw(&doc! {"x": {"$gt": 100_000}})];
    let many: Vec<i32> = (0..ELEMENTS).rev().collect();
    for (change, filters) in [
        (doc! {"$push": {"a": 1}}, &[][..]),
        (doc! {"$push": {"a": {"$each": many.clone(), "$sort": -1, "$slice": 5}}}, &[]),
        (doc! {"$push": {"d": {"$each": [], "$sort": {"v": -1}}}}, &[]),
        (doc! {"$addToSet": {"a": {"$each": many}}}, &[]),
        (doc! {"$pull": {"a": {"$gt": 100_000}}}, &[]),
        (doc! {"$pull": {"a": -1}}, &[]),
        (doc! {"$pullAll": {"a": [-1, -2]}}, &[]),
        (doc! {"$pop": {"a": 1}}, &[]),
        (doc! {"$inc": {"a.$[]": 1}}, &[]),
        (doc! {"$set": {"a.$[x]": 1}}, &filters),
        (doc! {"$set": {"o.f1": 2}}, &[]),
    ] {
        let update = Update::operators(&raw(&change), filters, &parameters()).unwrap();
        let name = change.keys().next().unwrap();
        assert!(is_stopped(|| update.apply(&document, None)), "{name} goes on");
    }
    let stage = raw(&doc! {"$set": {"x": {"$map": {"input": "$a", "in": "$_id"}}}});
    let update = Update::pipeline(&[stage], &parameters()).unwrap();
    assert!(is_stopped(|| update.apply(&document, None)));
}

#[test]
fn what_reads_values_of_an_array_can_be_stopped() {
    let document = large();
    let mut distinct = Distinct::new("a").unwrap();
    assert!(is_stopped(|| distinct.add(&document)));
    let sort = Sort::parse(&raw(&doc! {"a": 1})).unwrap();
    assert!(is_stopped(|| sort.append_key(&document, &mut Vec::new())));
    for projection in [doc! {"a": {"$slice": [1, 10_000]}}, doc! {"d": {"k": 1}}] {
        let parsed = Projection::parse(&raw(&projection), &parameters()).unwrap();
        assert!(is_stopped(|| parsed.apply(&document, None)), "{projection}");
    }
}
