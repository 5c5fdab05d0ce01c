//! Random expressions over random documents: nothing panics, and what comes out can be stored.

use std::collections::BTreeSet;

use bson::{Bson, Document, RawBson, RawDocumentBuf, bson, doc, raw::cstr};
use hookstead_query::{
    Expression, NoCollections, Parameters, Pipeline, Scope, Variables, validate,
};

use crate::random::Chance;

const ROUNDS: usize = 12_000;
const DOCUMENTS_EACH: usize = 3;

/// Operators that take a list.
const LISTS: &str = "$abs $add $ceil $divide $exp $floor $ln $log $log10 $mod $multiply $pow \
    $round $sqrt $subtract $trunc $sigmoid $arrayElemAt $arrayToObject $concatArrays $first $in \
    $indexOfArray $isArray $last $objectToArray $range $reverseArray $size $slice $bitAnd $bitNot \
    $bitOr $bitXor $and $not $or $cmp $eq $gt $gte $lt $lte $ne $cond $ifNull $literal $expr \
    $binarySize $bsonSize $dayOfMonth $dayOfWeek $dayOfYear $hour $isoDayOfWeek $isoWeek \
    $isoWeekYear $millisecond $minute $month $second $toDate $week $year $mergeObjects $getField \
    $allElementsTrue $anyElementTrue $setDifference $setEquals $setIntersection $setIsSubset \
    $setUnion $concat $indexOfBytes $indexOfCP $split $strcasecmp $strLenBytes $strLenCP $substr \
    $substrBytes $substrCP $toLower $toUpper $toString $sin $cos $tan $asin $acos $atan $atan2 \
    $sinh $cosh $tanh $asinh $acosh $atanh $degreesToRadians $radiansToDegrees $isNumber $toBool \
    $toDecimal $toDouble $toInt $toLong $toObjectId $toUUID $type $avg $max $min $sum $stdDevPop \
    $stdDevSamp $tsIncrement $tsSecond $const";

/// Operators that take a document, with the names in it.
const NAMED: [(&str, &[&str]); 31] = [
    ("$map", &["input", "in"]),
    ("$filter", &["input", "cond", "limit"]),
    ("$reduce", &["input", "initialValue", "in"]),
    ("$zip", &["inputs"]),
    ("$let", &["vars", "in"]),
    ("$cond", &["if", "then", "else"]),
    ("$sortArray", &["input", "sortBy"]),
    ("$firstN", &["input", "n"]),
    ("$lastN", &["input", "n"]),
    ("$maxN", &["input", "n"]),
    ("$minN", &["input", "n"]),
    ("$getField", &["field", "input"]),
    ("$setField", &["field", "input", "value"]),
    ("$unsetField", &["field", "input"]),
    ("$trim", &["input", "chars"]),
    ("$regexFind", &["input", "regex"]),
    ("$regexFindAll", &["input", "regex", "options"]),
    ("$regexMatch", &["input", "regex"]),
    ("$replaceAll", &["input", "find", "replacement"]),
    ("$convert", &["input", "to", "onError"]),
    ("$convert", &["input", "to", "format"]),
    ("$dateToString", &["date", "format", "timezone"]),
    ("$dateFromString", &["dateString", "format"]),
    ("$dateFromParts", &["year", "month", "day", "hour", "millisecond", "timezone"]),
    ("$dateFromParts", &["isoWeekYear", "isoWeek", "isoDayOfWeek", "second"]),
    ("$dateToParts", &["date", "timezone", "iso8601"]),
    ("$dateAdd", &["startDate", "unit", "amount", "timezone"]),
    ("$dateDiff", &["startDate", "endDate", "unit", "timezone"]),
    ("$dateTrunc", &["date", "unit", "binSize", "timezone"]),
    ("$median", &["input", "method"]),
    ("$percentile", &["input", "p", "method"]),
];

impl Chance {
    fn any_expression(&mut self, depth: usize) -> Bson {
        match self.below(if depth == 0 { 4 } else { 10 }) {
            0 | 1 => self.scalar(),
            2 => self.special(),
            3 => self.pick(&["$a", "$b.c", "$a.0", "$$ROOT", "$$this", "$$x", "$$NOW"]).into(),
            4 => self.value(2),
            5 => Bson::Array((0..self.below(4)).map(|_| self.any_expression(depth - 1)).collect()),
            6 | 7 => {
                let (name, names) = self.pick(&NAMED);
                let arguments = names.iter().map(|name| {
                    let value = self.argument(name, depth - 1);
                    ((*name).to_owned(), value)
                });
                Bson::Document(doc! { name: arguments.collect::<Document>() })
            }
            _ => {
                let names: Vec<&str> = LISTS.split_whitespace().collect();
                let name = self.pick(&names);
                let number = self.below(4);
                let list = (0..number).map(|_| self.any_expression(depth - 1)).collect();
                let single = number == 1 && self.below(2) == 0;
                let arguments =
                    if single { self.any_expression(depth - 1) } else { Bson::Array(list) };
                Bson::Document(doc! { name: arguments })
            }
        }
    }

    /// Mostly what makes sense for a name, so that evaluation gets somewhere.
    fn argument(&mut self, name: &str, depth: usize) -> Bson {
        if self.below(6) == 0 {
            return self.any_expression(depth);
        }
        match name {
            "unit" => self.pick(&["day", "week", "month", "quarter", "hour", "second"]).into(),
            "timezone" => self.pick(&["America/New_York", "+05:30", "UTC", "$a"]).into(),
            "format" => self.pick(&["%Y-%m-%dT%H:%M:%S.%L%z %j %V", "%G-%V-%u", "hex", "%"]).into(),
            "to" => {
                self.pick(&["int", "long", "double", "decimal", "date", "string", "bool"]).into()
            }
            "method" => "approximate".into(),
            "p" => bson!([0.5, 1]),
            "sortBy" => self.pick(&[bson!(1), bson!({"a.b": -1, "c": 1})]),
            "field" => self.pick(&["a", "b.c", "$d"]).into(),
            "regex" => self.pick(&["a|b", "(a)?.*", "^", "\\d+", "(?=a)", "("]).into(),
            "vars" => bson!({"x": self.any_expression(depth), "this": 1}),
            "inputs" => Bson::Array((0..2).map(|_| self.any_expression(depth)).collect()),
            "date" | "startDate" | "endDate" => bson!({"$toDate": self.special()}),
            "input" | "dateString" => self.pick(&[
                bson!("$a"),
                bson!("2020-02-29T13:14:15.678+01:00"),
                bson!({"$range": [0, 20]}),
                bson!([{"a": {"b": 1}}, {"a": [1, 2]}, 3]),
            ]),
            _ => self.any_expression(depth),
        }
    }

    fn value_to_sum(&mut self) -> Bson {
        self.pick(&[
            bson!(1),
            bson!(-2),
            bson!(i32::MAX),
            bson!(5_i64),
            bson!(i64::MAX),
            bson!(0.1),
            bson!(-1e16),
            bson!(1e16),
            bson!(3.5),
            Bson::Decimal128("1.10".parse().unwrap()),
            Bson::Decimal128("-3E+20".parse().unwrap()),
            bson!("text"),
            Bson::Null,
        ])
    }

    /// What lies at the ends of ranges.
    fn special(&mut self) -> Bson {
        self.pick(&[
            bson!(i32::MAX),
            bson!(i32::MIN),
            bson!(i64::MAX),
            bson!(i64::MIN),
            bson!(-1),
            bson!(0.5),
            bson!(-0.0),
            bson!(f64::MAX),
            bson!(f64::MIN_POSITIVE),
            Bson::Decimal128("9.99E+6144".parse().unwrap()),
            Bson::Decimal128("-0E+10".parse().unwrap()),
            Bson::Decimal128("NaN".parse().unwrap()),
            Bson::Decimal128("0.1".parse().unwrap()),
            Bson::DateTime(bson::DateTime::MAX),
            Bson::DateTime(bson::DateTime::MIN),
            Bson::DateTime(bson::DateTime::from_millis(1_582_982_055_678)),
            bson!("żółw 🐢"),
            bson!("2020-02-29"),
            bson!("12.50"),
            bson!(""),
        ])
    }
}

#[test]
fn random_expressions_never_panic() {
    let mut chance = Chance(0x0051_7cc1_b727_220a);
    let parameters = Parameters::new(bson::DateTime::from_millis(1_600_000_000_000), 1);
    let (mut parsed, mut worked) = (0, 0);
    for _ in 0..ROUNDS {
        let value = chance.any_expression(4);
        let inner = bson!({"$let": {"vars": {"x": 1}, "in": &value}});
        let wrapped = bson!({"$map": {"input": [1], "in": inner}});
        let Ok(expression) = Expression::parse_value(&wrapped, &parameters) else { continue };
        parsed += 1;
        for _ in 0..DOCUMENTS_EACH {
            let document = RawDocumentBuf::try_from(&chance.document(3)).unwrap();
            if let Ok(Some(result)) = expression.evaluate(&Scope::new(&document)) {
                worked += 1;
                let mut stored = RawDocumentBuf::new();
                stored.append(cstr!("v"), result.into_raw());
                validate(&stored).unwrap_or_else(|error| panic!("{value}: {error}"));
            }
        }
    }
    assert!(parsed > ROUNDS / 4, "{parsed} of {ROUNDS} could be parsed");
    assert!(worked > ROUNDS / 4, "{worked} evaluations of {parsed} expressions worked");
}

#[test]
fn every_operator_is_met_at_random() {
    let known: BTreeSet<&str> =
        LISTS.split_whitespace().chain(NAMED.iter().map(|(name, _)| *name)).collect();
    let parameters = Parameters::new(bson::DateTime::from_millis(0), 1);
    for name in known {
        let value = bson!({ name: {} });
        if let Err(error) = Expression::parse_value(&value, &parameters) {
            assert_ne!(error.code.number(), 168, "{name}");
        }
    }
}

#[test]
fn deep_and_large_values_are_refused() {
    let parameters = Parameters::new(bson::DateTime::from_millis(0), 1);
    let evaluate = |value: &Bson| {
        let document = RawDocumentBuf::new();
        Expression::parse_value(value, &parameters)?.evaluate_root(&document)
    };
    let mut nested = bson!("$a");
    for _ in 0..150 {
        nested = bson!({ "$abs": nested });
    }
    assert_eq!(evaluate(&nested).unwrap_err().code.number(), 2);
    let grown = |input: Bson, initial: Bson, body: Bson| {
        let reduce = doc! {"input": input, "initialValue": initial, "in": body};
        bson!({ "$reduce": reduce })
    };
    let deep = grown(bson!({"$range": [0, 1000]}), bson!(1), bson!(["$$value"]));
    assert_eq!(evaluate(&deep).unwrap_err().code.number(), 15);
    let range = bson!({"$range": [0, 40]});
    let doubled = bson!({"$concatArrays": ["$$value", "$$value"]});
    let wide = grown(range.clone(), bson!(["some text that takes a number of bytes"]), doubled);
    assert_eq!(evaluate(&wide).unwrap_err().code.number(), 146);
    let long = grown(range, bson!("text"), bson!({"$concat": ["$$value", "$$value"]}));
    assert_eq!(evaluate(&long).unwrap_err().code.number(), 146);
    let numbers = bson!({"$range": [0, i32::MAX]});
    assert_eq!(evaluate(&numbers).unwrap_err().code.number(), 146);
    let replaced = bson!({"$replaceAll": {
        "input": "a".repeat(10_000),
        "find": "a",
        "replacement": "b".repeat(10_000),
    }});
    assert_eq!(evaluate(&replaced).unwrap_err().code.number(), 146);
}

#[test]
fn the_deepest_expressions_fit_into_a_stack() {
    let parameters = Parameters::new(bson::DateTime::from_millis(0), 1);
    let document = RawDocumentBuf::try_from(&doc! {"a": [1, 2, 3]}).unwrap();
    let (mut mapped, mut bound, mut switched) = (bson!("$$this"), bson!("$$x"), bson!("$a"));
    for _ in 0..48 {
        mapped = bson!({"$map": {"input": {"$slice": ["$a", 1]}, "in": mapped}});
        bound = bson!({"$let": {"vars": {"x": "$a"}, "in": [bound]}});
        switched = bson!({"$switch": {"branches": [{"case": "$a", "then": [switched]}]}});
    }
    for value in [bson!({"$let": {"vars": {"this": 1}, "in": mapped}}), bound, switched] {
        let wrapped = bson!({"$let": {"vars": {"x": 1}, "in": value}});
        let expression = Expression::parse_value(&wrapped, &parameters).unwrap();
        assert!(expression.evaluate_root(&document).unwrap().is_some());
    }
}

#[test]
fn chance_depends_on_the_seed_and_goes_on() {
    let seeded = |seed| Parameters::new(bson::DateTime::from_millis(0), seed);
    let document = RawDocumentBuf::new();
    let expression = Expression::parse_value(&bson!({"$rand": {}}), &seeded(1)).unwrap();
    let mut seen = BTreeSet::new();
    for _ in 0..100 {
        let number = expression.evaluate_root(&document).unwrap().unwrap().as_f64().unwrap();
        assert!((0.0..1.0).contains(&number));
        seen.insert(number.to_bits());
    }
    assert_eq!(seen.len(), 100);
}

#[test]
fn variables_of_the_query_are_constants() {
    let mut parameters = Parameters::new(bson::DateTime::from_millis(0), 1);
    let variables = doc! {"order": {"total": 5}, "nothing": Bson::Undefined};
    parameters.variables = Variables::of(variables).unwrap();
    let parse = |value: Bson| Expression::parse_value(&value, &parameters);
    let total = parse(bson!("$$order.total")).unwrap();
    assert_eq!(total.as_constant().flatten(), Some(bson::RawBsonRef::Int32(5)));
    assert_eq!(parse(bson!("$$nothing")).unwrap().as_constant(), Some(None));
    assert_eq!(parse(bson!("$$other")).unwrap_err().code.number(), 17276);
    let inner = parse(bson!({"$let": {"vars": {"order": {"total": 6}}, "in": "$$order.total"}}));
    let document = RawDocumentBuf::new();
    assert_eq!(inner.unwrap().evaluate_root(&document).unwrap(), Some(bson!(6)));
}

#[test]
fn accumulators_say_what_expressions_say() {
    let mut chance = Chance(0x1234_5678_9abc_def1);
    let parameters = Parameters::new(bson::DateTime::from_millis(0), 1);
    for _ in 0..2_000 {
        let values: Vec<Bson> = (0..chance.below(5) + 1).map(|_| chance.value_to_sum()).collect();
        let documents = values.iter().map(|value| doc! {"a": value});
        let documents: Vec<RawDocumentBuf> =
            documents.map(|document| RawDocumentBuf::try_from(&document).unwrap()).collect();
        let together = RawDocumentBuf::try_from(&doc! {"a": &values}).unwrap();
        for name in ["$sum", "$avg", "$max", "$min", "$stdDevPop", "$stdDevSamp"] {
            let expression = Expression::parse_value(&bson!({ name: "$a" }), &parameters).unwrap();
            let expected = expression.evaluate_root(&together).unwrap().unwrap();
            let group = doc! {"$group": {"_id": null, "v": { name: "$a" }}};
            let stages = [RawDocumentBuf::try_from(&group).unwrap()];
            let pipeline = Pipeline::parse(&stages, &parameters).unwrap();
            let source = Box::new(documents.iter().cloned().map(Ok));
            let grouped = pipeline.run(source, &NoCollections).next().unwrap().unwrap();
            let found = grouped.get("v").unwrap().unwrap();
            let found = Bson::try_from(RawBson::from(found)).unwrap();
            assert_eq!(format!("{found:?}"), format!("{expected:?}"), "{name} of {values:?}");
        }
    }
}
