//! See `depth`: stages and pipelines.

use bson::{RawBson, RawDocumentBuf, rawdoc};
use hookstead_query::QueryError;

use crate::{
    depth::Place,
    hostile::{ARRAY, DOCUMENT, list, nested, one, path, pipeline, stage, text},
};

/// `$a.a.a`
fn variable(names: usize) -> RawBson {
    text(format!("${}", path(names)))
}

fn lookup(changed: &str, path: RawBson) -> Result<(), QueryError> {
    let mut options = rawdoc! {"from": "c"};
    for name in ["as", "localField", "foreignField"] {
        let value = if name == changed { path.clone() } else { text("x") };
        options.append(bson::raw::CString::try_from(name.to_owned()).unwrap(), value);
    }
    stage("$lookup", options)
}

fn graph_lookup(changed: &str, path: RawBson) -> Result<(), QueryError> {
    let mut options = rawdoc! {"from": "c"};
    for name in ["as", "startWith", "connectFromField", "connectToField", "depthField"] {
        let value = if name == changed { path.clone() } else { text("x") };
        options.append(bson::raw::CString::try_from(name.to_owned()).unwrap(), value);
    }
    stage("$graphLookup", options)
}

fn accumulator(operator: &str, value: impl bson::raw::BindRawBsonRef) -> Result<(), QueryError> {
    stage("$group", rawdoc! {"_id": 1, "x": one(operator, value)})
}

fn window(output: RawDocumentBuf, sort_by: &str) -> Result<(), QueryError> {
    stage("$setWindowFields", rawdoc! {"sortBy": one(sort_by, 1), "output": output})
}

fn densify(field: &str, partition: &str) -> Result<(), QueryError> {
    let range = rawdoc! {"step": 1, "bounds": "full"};
    stage("$densify", rawdoc! {"field": field, "partitionByFields": [partition], "range": range})
}

pub(crate) const STAGES: &[Place] = &[
    ("$match", 200, |n| stage("$match", one(&path(n), 1))),
    ("$sort", 200, |n| stage("$sort", one(&path(n), 1))),
    ("$addFields", 200, |n| stage("$addFields", one(&path(n), 1))),
    ("$set", 200, |n| stage("$set", one(&path(n), 1))),
    ("documents of $set", 197, |n| {
        stage("$set", one("a", nested(n, &[("a", DOCUMENT)], &rawdoc! {"b": 1})))
    }),
    ("$project", 200, |n| stage("$project", one(&path(n), 1))),
    ("$project without", 200, |n| stage("$project", one(&path(n), 0))),
    ("documents of $project", 197, |n| {
        stage("$project", one("a", nested(n, &[("a", DOCUMENT)], &rawdoc! {"b": 1})))
    }),
    ("a path in a document of $project", 199, |n| stage("$project", one("a", one(&path(n), 1)))),
    ("$unset", 200, |n| stage("$unset", text(path(n)))),
    ("a list of $unset", 200, |n| stage("$unset", list(1, |_| text(path(n))))),
    ("$unwind", 200, |n| stage("$unwind", variable(n))),
    ("the index of $unwind", 200, |n| {
        stage("$unwind", rawdoc! {"path": "$k", "includeArrayIndex": text(path(n))})
    }),
    ("$replaceWith", 200, |n| match stage("$replaceWith", variable(n)) {
        Err(error) if error.code.number() == 40228 => Ok(()),
        other => other,
    }),
    ("$sortByCount", 200, |n| stage("$sortByCount", variable(n))),
    ("$group", 200, |n| stage("$group", one("_id", variable(n)))),
    ("an accumulator", 200, |n| accumulator("$sum", variable(n))),
    ("the order of an accumulator", 200, |n| {
        accumulator("$top", rawdoc! {"output": 1, "sortBy": one(&path(n), 1)})
    }),
    ("$bucket", 200, |n| {
        stage("$bucket", rawdoc! {"groupBy": variable(n), "boundaries": [1, 2], "default": 5})
    }),
    ("$bucketAuto", 200, |n| stage("$bucketAuto", rawdoc! {"groupBy": variable(n), "buckets": 2})),
    ("$densify", 200, |n| densify(&path(n), "x")),
    ("a partition of $densify", 200, |n| densify("x", &path(n))),
    ("$fill", 200, |n| stage("$fill", rawdoc! {"output": one(&path(n), rawdoc! {"value": 1})})),
    ("a partition of $fill", 200, |n| {
        let output = rawdoc! {"x": {"method": "locf"}};
        let options = rawdoc! {"partitionByFields": [path(n).as_str()], "output": output};
        stage("$fill", options)
    }),
    ("the order of $fill", 200, |n| {
        let output = rawdoc! {"x": {"method": "locf"}};
        stage("$fill", rawdoc! {"sortBy": one(&path(n), 1), "output": output})
    }),
    ("$setWindowFields", 200, |n| window(one(&path(n), rawdoc! {"$sum": 1}), "k")),
    ("the order of $setWindowFields", 200, |n| window(rawdoc! {"x": {"$sum": 1}}, &path(n))),
    ("the field of $lookup", 200, |n| lookup("as", text(path(n)))),
    ("the local field of $lookup", 200, |n| lookup("localField", text(path(n)))),
    ("the foreign field of $lookup", 200, |n| lookup("foreignField", text(path(n)))),
    ("the field of $graphLookup", 200, |n| graph_lookup("as", text(path(n)))),
    ("the start of $graphLookup", 200, |n| graph_lookup("startWith", variable(n))),
    ("connectFromField", 200, |n| graph_lookup("connectFromField", text(path(n)))),
    ("connectToField", 200, |n| graph_lookup("connectToField", text(path(n)))),
    ("depthField", 200, |n| graph_lookup("depthField", text(path(n)))),
    ("the fields of $merge", 200, |n| {
        stage("$merge", rawdoc! {"into": "c", "on": [path(n).as_str()]})
    }),
    ("$redact", 200, |n| {
        let condition = rawdoc! {"$cond": [variable(n), "$$KEEP", "$$PRUNE"]};
        stage("$redact", condition)
    }),
];

/// A stage with a pipeline that begins with such a stage, and so on.
fn pipelines(depth: usize, name: &str) -> Result<(), QueryError> {
    let round = [("pipeline", ARRAY), ("0", DOCUMENT), (name, DOCUMENT)];
    let inner = rawdoc! {"pipeline": [{"$documents": [{"a": 1}]}], "as": "x"};
    let inner = match name {
        "$lookup" => inner,
        _ => rawdoc! {"pipeline": [{"$documents": [{"a": 1}]}]},
    };
    // Each level has to say what it wants, behind the pipeline.
    let mut stage = inner;
    for _ in 0..depth.min(100) {
        let mut next = RawDocumentBuf::new();
        let mut stages = vec![rawdoc! {"$documents": [{"a": 1}]}, one(name, stage)];
        stages.rotate_left(usize::from(name == "$facet"));
        next.append(bson::raw::cstr!("pipeline"), bson::RawArrayBuf::from_iter(stages));
        if name == "$lookup" {
            next.append(bson::raw::cstr!("as"), "x");
        }
        stage = next;
    }
    let stage = if depth > 100 { nested(depth, &round, &stage) } else { stage };
    pipeline(&[one(name, stage)], &[rawdoc! {}])
}

pub(crate) const PIPELINES: &[Place] = &[
    ("$lookup in $lookup", 19, |n| pipelines(n, "$lookup")),
    ("$unionWith in $unionWith", 19, |n| pipelines(n, "$unionWith")),
    ("stages", 1000, |n| {
        let stages: Vec<_> = (0..n).map(|_| rawdoc! {"$set": {"x": 1}}).collect();
        pipeline(&stages, &[rawdoc! {}])
    }),
    ("stages within stages", 900, |n| {
        let stages: Vec<_> = (0..n).map(|_| rawdoc! {"$set": {"x": 1}}).collect();
        let facet = rawdoc! {"a": bson::RawArrayBuf::from_iter(stages)};
        let around = (0..99).map(|_| rawdoc! {"$set": {"x": 1}});
        let all: Vec<_> = around.chain([one("$facet", facet)]).collect();
        pipeline(&all, &[rawdoc! {}])
    }),
];
