//! What it costs to read a command, and to apply it once, grows with its size and no faster: every
//! place where one command may name very many things.

use std::time::Duration;

use bson::{RawArrayBuf, RawBson, RawDocumentBuf, rawdoc};
use hookstead_query::{Filter, Pipeline, Projection, QueryError, Update};
use rustix::time::{ClockId, clock_gettime};

use crate::hostile::{expression, fields, filter, list, one, parameters, stage, text, update};

/// A place, a number of things, and what is made of such a number beforehand and then measured.
type Cost = (&'static str, usize, fn(usize) -> Box<dyn Fn() -> Result<(), QueryError>>);

/// Eight times as much may take so many times as long. Eight is the least, n log n takes about ten,
/// and comparing each with each takes sixty-four.
const GROWTH_MAX: u32 = 28;
const ATTEMPTS: usize = 6;

/// The time of this thread alone: other work on the machine does not count.
fn measure(run: &dyn Fn() -> Result<(), QueryError>, name: &str) -> Duration {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
    };
    let start = now();
    if let Err(error) = run() {
        panic!("{name}: {} {error}", error.code);
    }
    now() - start
}

#[track_caller]
fn check(costs: &[Cost]) {
    for (name, count, make) in costs {
        let (few, many) = (make(*count), make(8 * count));
        let (mut of_few, mut of_many) = (Duration::MAX, Duration::MAX);
        let is_fine = (0..ATTEMPTS).any(|_| {
            of_few = of_few.min(measure(&*few, name));
            of_many = of_many.min(measure(&*many, name));
            of_many < of_few * GROWTH_MAX
        });
        assert!(is_fine, "{name}: {count} take {of_few:?}, eight times as many {of_many:?}");
    }
}

/// `f0`, `f1` and so on.
fn name(number: usize) -> String {
    format!("f{number}")
}

/// So many fields with the same value.
fn same<B: bson::raw::BindRawBsonRef + Clone>(count: usize, value: &B) -> RawDocumentBuf {
    fields(count, |number| (name(number), value.clone()))
}

/// The same, in an order that is none.
fn shuffled<B: bson::raw::BindRawBsonRef + Clone>(count: usize, value: &B) -> RawDocumentBuf {
    fields(count, |number| (name(number * 7_919 % count), value.clone()))
}

fn filter_of(make: impl Fn(usize) -> RawDocumentBuf, n: usize) -> Run {
    let (query, document) = (make(n), same(n, &1));
    Box::new(move || filter(&query, &document))
}

type Run = Box<dyn Fn() -> Result<(), QueryError>>;

/// Reads a filter only.
fn reading(query: RawDocumentBuf) -> Run {
    Box::new(move || Filter::parse(&query, &parameters()).map(drop))
}

fn projecting(specification: RawDocumentBuf, n: usize) -> Run {
    let document = same(n, &1);
    Box::new(move || {
        Projection::parse(&specification, &parameters())?.apply(&document, None).map(drop)
    })
}

fn updating(operators: RawDocumentBuf, document: RawDocumentBuf) -> Run {
    Box::new(move || update(&operators, &document))
}

fn staging(name: &'static str, value: impl Into<RawBson>) -> Run {
    let value: RawBson = value.into();
    Box::new(move || stage(name, value.clone()))
}

/// Reads a pipeline of one stage only.
fn reading_stage(name: &str, value: impl bson::raw::BindRawBsonRef) -> Run {
    let stages = [one(name, value)];
    Box::new(move || Pipeline::parse(&stages, &parameters()).map(drop))
}

fn computing(value: RawDocumentBuf) -> Run {
    Box::new(move || expression(&*value, &rawdoc! {"k": 1, "f0": 2}))
}

/// A document of many fields under a name that is as long as all of them.
fn under_a_long_name<B: bson::raw::BindRawBsonRef + Clone>(n: usize, value: &B) -> RawDocumentBuf {
    one(&"n".repeat(8 * n), same(n, value))
}

const FILTERS: &[Cost] = &[
    ("fields", 1000, |n| reading(same(n, &1))),
    ("$and", 1000, |n| filter_of(|n| one("$and", list(n, |_| rawdoc! {"f0": 1})), n)),
    ("$or", 1000, |n| filter_of(|n| one("$or", list(n, |_| rawdoc! {"f0": 2})), n)),
    ("$nor", 1000, |n| filter_of(|n| one("$nor", list(n, |_| rawdoc! {"f0": 2})), n)),
    ("$in", 4000, |n| filter_of(|n| one("f0", one("$in", list(n, name))), n)),
    ("$nin", 4000, |n| filter_of(|n| one("f0", one("$nin", list(n, name))), n)),
    ("$all", 2000, |n| filter_of(|n| one("f0", one("$all", list(n, |_| 1))), n)),
    ("$type", 4000, |n| filter_of(|n| one("f0", one("$type", list(n, |_| "int"))), n)),
    ("properties", 1000, |n| {
        filter_of(|n| one("$jsonSchema", one("properties", same(n, &rawdoc! {"minimum": 0}))), n)
    }),
    ("required", 2000, |n| filter_of(|n| one("$jsonSchema", one("required", list(n, name))), n)),
    ("enum", 2000, |n| {
        filter_of(
            |n| {
                let property = one("f0", one("enum", list(n, |n| i32::try_from(n).unwrap())));
                one("$jsonSchema", one("properties", property))
            },
            n,
        )
    }),
    ("dependencies", 1000, |n| {
        filter_of(|n| one("$jsonSchema", one("dependencies", same(n, &bson::rawbson!(["f0"])))), n)
    }),
    ("an expression's mentions of a variable", 500, |n| {
        let vars = one("v", list(n, |_| "x"));
        let body = one("$and", list(n, |_| rawdoc! {"$isArray": "$$v"}));
        computing(rawdoc! {"$let": {"vars": vars, "in": body}})
    }),
];

const PROJECTIONS: &[Cost] = &[
    ("an inclusion", 1000, |n| projecting(same(n, &1), n)),
    ("an exclusion", 1000, |n| projecting(same(n, &0), n)),
    ("values", 500, |n| projecting(same(n, &"x"), n)),
    ("documents", 1000, |n| projecting(same(n, &rawdoc! {"a": 1}), n)),
    ("$elemMatch", 200, |n| projecting(same(n, &rawdoc! {"$elemMatch": {"a": 1}}), n)),
    ("a long name", 1000, |n| projecting(under_a_long_name(n, &1), n)),
    ("$project", 1000, |n| staging("$project", same(n, &1))),
    ("$project of expressions", 500, |n| staging("$project", same(n, &"$k"))),
    ("a long name in $project", 1000, |n| staging("$project", under_a_long_name(n, &1))),
    ("$addFields", 500, |n| staging("$addFields", same(n, &"$k"))),
    ("documents of $addFields", 500, |n| staging("$addFields", same(n, &rawdoc! {"a": 1}))),
    ("a long name in $addFields", 1000, |n| staging("$addFields", under_a_long_name(n, &1))),
    ("$unset", 1000, |n| staging("$unset", list(n, name))),
];

const UPDATES: &[Cost] = &[
    ("$set", 1000, |n| updating(one("$set", shuffled(n, &2)), same(n, &1))),
    ("$set of new fields", 1000, |n| updating(one("$set", shuffled(n, &2)), rawdoc! {})),
    ("$unset", 1000, |n| updating(one("$unset", shuffled(n, &"")), same(n, &1))),
    ("$inc", 1000, |n| updating(one("$inc", shuffled(n, &2)), same(n, &1))),
    ("$set in a document", 1000, |n| {
        let paths = fields(n, |number| (format!("a.{}", name(number * 7 % n)), 2));
        updating(one("$set", paths), one("a", same(n, &1)))
    }),
    ("$set below a scalar", 500, |n| {
        let paths = fields(n, |number| (format!("a.{}", name(number)), 1));
        updating(one("$pull", paths), one("b", text("x".repeat(8 * n))))
    }),
    ("$rename", 500, |n| {
        let names = fields(n, |number| (name(number), text(format!("to{number}"))));
        updating(one("$rename", names), same(n, &1))
    }),
    ("$pullAll", 2000, |n| {
        updating(one("$pullAll", one("a", list(n, name))), one("a", list(n, name)))
    }),
    ("$push", 4000, |n| {
        let push = rawdoc! {"$each": list(n, name), "$sort": 1};
        updating(one("$push", one("a", push)), one("a", list(n, name)))
    }),
    ("$push in the order of a field", 1000, |n| {
        let push = rawdoc! {"$each": list(n, |n| one("x", text(name(n)))), "$sort": {"x": -1}};
        updating(one("$push", one("a", push)), rawdoc! {})
    }),
    ("$addToSet", 2000, |n| {
        let set = rawdoc! {"$each": list(n, name)};
        updating(one("$addToSet", one("a", set)), one("a", list(n / 2, name)))
    }),
    ("array filters", 100, |n| {
        let filters: Vec<_> = (0..n).map(|number| one(&name(number), 5)).collect();
        let paths = fields(n, |number| (format!("a{number}.$[{}]", name(number)), 1));
        let operators = one("$set", paths);
        let document = fields(n, |number| (format!("a{number}"), list(1, |_| 1)));
        Box::new(move || {
            Update::operators(&operators, &filters, &parameters())?.apply(&document, None).map(drop)
        })
    }),
    ("array filters for the same elements", 50, |n| {
        let filters: Vec<_> = (0..4).map(|number| one(&name(number), rawdoc! {"$gt": 0})).collect();
        let paths = fields(4, |number| (format!("a.$[{}].{}", name(number), name(number)), 1));
        let (operators, document) =
            (one("$set", paths), one("a", list(20 * n, |_| rawdoc! {"x": 1})));
        Box::new(move || {
            let update = Update::operators(&operators, &filters, &parameters())?;
            // The elements are documents, which are not above 0.
            update.apply(&document, None).map(drop)
        })
    }),
];

#[test]
fn filters_are_read_in_proportion_to_their_size() {
    check(FILTERS);
}

#[test]
fn projections_are_read_in_proportion_to_their_size() {
    check(PROJECTIONS);
}

#[test]
fn updates_are_read_in_proportion_to_their_size() {
    check(UPDATES);
}

const STAGES: &[Cost] = &[
    ("the _id of $group", 1000, |n| staging("$group", one("_id", same(n, &"$k")))),
    ("$group", 500, |n| {
        let mut group = rawdoc! {"_id": 1};
        for number in 0..n {
            let name = bson::raw::CString::try_from(name(number)).unwrap();
            group.append(name, rawdoc! {"$sum": 1});
        }
        staging("$group", group)
    }),
    ("$setWindowFields", 300, |n| {
        staging("$setWindowFields", rawdoc! {"output": same(n, &rawdoc! {"$sum": 1})})
    }),
    ("$fill", 300, |n| staging("$fill", rawdoc! {"output": same(n, &rawdoc! {"value": 1})})),
    ("$bucket", 300, |n| {
        let boundaries = list(n + 2, |n| i32::try_from(n).unwrap());
        staging("$bucket", rawdoc! {"groupBy": "$k", "boundaries": boundaries, "default": "x"})
    }),
    ("$bucketAuto", 500, |n| {
        let output = same(n, &rawdoc! {"$sum": 1});
        staging("$bucketAuto", rawdoc! {"groupBy": "$k", "buckets": 2, "output": output})
    }),
    ("$facet", 300, |n| staging("$facet", same(n, &bson::rawbson!([{"$limit": 1}])))),
    ("$merge", 2000, |n| reading_stage("$merge", rawdoc! {"into": "c", "on": list(n, name)})),
    ("variables of $lookup", 500, |n| {
        let vars = same(n, &"$k");
        let inner = list(n, |number| text(format!("$${}", name(number))));
        let pipeline = [rawdoc! {"$match": {"$expr": {"$and": inner}}}];
        let pipeline = RawArrayBuf::from_iter(pipeline);
        staging("$lookup", rawdoc! {"from": "c", "as": "x", "let": vars, "pipeline": pipeline})
    }),
    ("values of $lookup", 2000, |n| {
        let pipeline = RawArrayBuf::from_iter([one("$match", same(n, &true))]);
        staging("$lookup", rawdoc! {"from": "c", "as": "x", "pipeline": pipeline})
    }),
    ("$documents", 1000, |n| {
        let stages = [one("$documents", list(n, |_| rawdoc! {"a": 1}))];
        Box::new(move || crate::hostile::pipeline(&stages, &[]))
    }),
    ("conditions", 50, |n| {
        let stages: Vec<_> = (0..n).map(|_| rawdoc! {"$match": {"k": {"$gt": 1}}}).collect();
        Box::new(move || crate::hostile::pipeline(&stages, &[]))
    }),
    ("dates that are joined", 1000, |n| {
        let document = one("a", list(n, |_| bson::DateTime::from_millis(1)));
        let options = rawdoc! {"from": "c", "as": "x", "localField": "a", "foreignField": "a"};
        let stages = [one("$lookup", options)];
        Box::new(move || crate::hostile::pipeline(&stages, std::slice::from_ref(&document)))
    }),
    ("$mergeObjects of documents", 200, |n| {
        let stages = [rawdoc! {"$group": {"_id": 1, "x": {"$mergeObjects": "$$ROOT"}}}];
        let documents: Vec<_> = (0..4 * n).map(|number| one(&name(number), 1)).collect();
        Box::new(move || crate::hostile::pipeline(&stages, &documents))
    }),
];

#[test]
fn stages_are_read_in_proportion_to_their_size() {
    check(STAGES);
}

const EXPRESSIONS: &[Cost] = &[
    ("a document", 1000, |n| computing(same(n, &"$k"))),
    ("$mergeObjects", 500, |n| {
        computing(one("$mergeObjects", list(n, |number| one(&name(number), "$k"))))
    }),
    ("$mergeObjects of constants", 500, |n| {
        computing(one("$mergeObjects", list(n, |number| one(&name(number), 1))))
    }),
    ("$arrayToObject", 500, |n| {
        let pairs = list(n, |number| rawdoc! {"k": text(name(number)), "v": 1});
        computing(rawdoc! {"$arrayToObject": [pairs]})
    }),
    ("$objectToArray", 1000, |n| computing(one("$objectToArray", same(n, &1)))),
    ("$setUnion", 500, |n| {
        computing(one("$setUnion", list(n, |number| list(1, |_| text(name(number))))))
    }),
    ("$setUnion of one", 2000, |n| computing(rawdoc! {"$setUnion": [list(n, name)]})),
    ("$concatArrays", 1000, |n| computing(one("$concatArrays", list(n, |_| list(1, |_| 1))))),
    ("$zip", 200, |n| computing(one("$zip", rawdoc! {"inputs": list(n, |_| list(2, |_| 1))}))),
    ("$switch", 300, |n| {
        let branches = list(n, |_| rawdoc! {"case": {"$eq": ["$k", 2]}, "then": 1});
        computing(rawdoc! {"$switch": {"branches": branches, "default": 1}})
    }),
    ("$let", 500, |n| {
        let body = list(n, |number| text(format!("$${}", name(number))));
        computing(rawdoc! {"$let": {"vars": same(n, &"$k"), "in": body}})
    }),
    ("$and", 1000, |n| computing(one("$and", list(n, |_| "$k")))),
    ("$concat", 1000, |n| computing(one("$concat", list(n, |_| "a")))),
    ("$in", 2000, |n| computing(rawdoc! {"$in": ["$k", list(n, |_| 5)]})),
    ("$trim", 2000, |n| {
        let letters: String =
            (0..n).map(|n| char::from_u32(0x4e00 + n as u32 % 9000).unwrap()).collect();
        let input = letters.chars().last().unwrap().to_string().repeat(n);
        computing(rawdoc! {"$trim": {"input": input.as_str(), "chars": letters.as_str()}})
    }),
    ("$indexOfBytes", 2000, |n| {
        let wanted = format!("{}b", "a".repeat(n));
        computing(rawdoc! {"$indexOfBytes": ["a".repeat(4 * n).as_str(), wanted.as_str()]})
    }),
    ("arrays in arrays", 1000, |n| {
        let mut array = list(n, |_| 1);
        for _ in 0..50 {
            array = RawArrayBuf::from_iter([array]);
        }
        computing(rawdoc! {"$isArray": [array]})
    }),
];

#[test]
fn expressions_are_read_in_proportion_to_their_size() {
    check(EXPRESSIONS);
}
