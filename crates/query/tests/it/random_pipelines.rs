//! Random pipelines over random documents: nothing panics, every document that leaves is a sound
//! one, and all ways to run a pipeline lead to the same.

use std::collections::BTreeMap;

use bson::{Bson, DateTime, Document, RawDocumentBuf, bson, doc};
use hookstead_query::{Parameters, validate};

use crate::{
    aggregate::{Asked, over_all, over_collection, over_leading, show},
    random::Chance,
    run::World,
};

const ROUNDS: usize = 700;

/// So little that stages which hold documents meet the limit now and then.
const MEMORY_BYTES_MAX: usize = 4_000;

impl Chance {
    fn expression(&mut self, depth: usize) -> Bson {
        if depth == 0 || self.below(3) == 0 {
            return match self.below(6) {
                0 => self.value(1),
                1 => self.pick(&[bson!("$$ROOT"), bson!("$$CURRENT.a"), bson!("$$REMOVE")]),
                2 => self.pick(&[bson!("$$v"), bson!("$$nope"), bson!("$$NOW"), bson!("$_id")]),
                _ => Bson::String(format!("${}", self.path())),
            };
        }
        let name = self.pick(&[
            "$add",
            "$subtract",
            "$multiply",
            "$divide",
            "$concatArrays",
            "$ifNull",
            "$cond",
            "$eq",
            "$gt",
            "$size",
            "$mergeObjects",
            "$arrayElemAt",
            "$type",
            "$toString",
            "$literal",
            "$and",
            "$not",
            "$sum",
            "$foo",
        ]);
        let length = match name {
            "$cond" => 3,
            "$size" | "$type" | "$toString" | "$literal" | "$not" => 1,
            _ => 2,
        };
        let arguments: Vec<Bson> = (0..length).map(|_| self.expression(depth - 1)).collect();
        bson!({ name: arguments })
    }

    fn accumulator(&mut self) -> Document {
        let input = self.expression(1);
        let number = self.pick(&[bson!(1), bson!(3), bson!(0), bson!("$a"), bson!(2.5)]);
        let order = doc! { self.path(): self.pick(&[1, -1]) };
        let name = self.pick(&[
            "$sum",
            "$avg",
            "$min",
            "$max",
            "$first",
            "$last",
            "$push",
            "$addToSet",
            "$stdDevPop",
            "$stdDevSamp",
            "$mergeObjects",
            "$count",
            "$minN",
            "$maxN",
            "$firstN",
            "$lastN",
            "$top",
            "$bottom",
            "$topN",
            "$bottomN",
            "$median",
            "$percentile",
            "$nope",
        ]);
        let argument = match name {
            "$count" => bson!({}),
            "$minN" | "$maxN" | "$firstN" | "$lastN" => bson!({ "n": number, "input": input }),
            "$top" | "$bottom" => bson!({ "sortBy": order, "output": input }),
            "$topN" | "$bottomN" => bson!({ "n": number, "sortBy": order, "output": input }),
            "$median" => bson!({ "input": input, "method": "approximate" }),
            "$percentile" => {
                bson!({ "input": input, "p": [0.5, 0.9, 0.0], "method": "approximate" })
            }
            _ => input,
        };
        doc! { name: argument }
    }

    fn window(&mut self) -> Document {
        let mut window = match self.below(8) {
            0 => self.pick(&[doc! { "$rank": {} }, doc! { "$denseRank": {} }]),
            1 => doc! { "$shift": { "output": self.expression(1), "by": self.pick(&[-1, 0, 2]) } },
            2 => doc! { "$expMovingAvg": { "input": self.expression(0), "N": 3 } },
            3 => self.pick(&[doc! { "$locf": "$a" }, doc! { "$linearFill": "$a" }]),
            4 => doc! { self.pick(&["$derivative", "$integral"]): { "input": "$b" } },
            5 => doc! { "$covarianceSamp": ["$a", "$b"] },
            _ => self.accumulator(),
        };
        let bound = |chance: &mut Self| {
            let some = [bson!("unbounded"), bson!("current"), bson!(-1), bson!(0), bson!(2)];
            chance.pick(&some)
        };
        match self.below(3) {
            0 => window.insert("window", doc! { "documents": [bound(self), bound(self)] }),
            1 => window.insert("window", doc! { "range": [bound(self), bound(self)] }),
            _ => None,
        };
        window
    }

    fn stages(&mut self, depth: usize) -> Vec<Document> {
        (0..self.below(4)).map(|_| self.stage(depth)).collect()
    }

    fn stage(&mut self, depth: usize) -> Document {
        let path = self.path();
        let name = self.pick(&["a", "b", "c"]);
        match self.below(26) {
            0 | 1 => doc! { "$match": self.query(2) },
            2 => doc! { "$match": { "$expr": self.expression(2) } },
            3 => doc! { "$sort": { path: self.pick(&[1, -1]), "_id": 1 } },
            4 => doc! { "$limit": self.pick(&[1, 2, 5]) },
            5 => doc! { "$skip": self.pick(&[0, 1, 3]) },
            6 => doc! { "$set": { path: self.expression(2), name: self.expression(1) } },
            7 => doc! { "$project": { path: self.pick(&[0, 1]), "_id": self.pick(&[0, 1]) } },
            8 => doc! { "$project": { path: self.expression(2), "b": 1 } },
            9 => doc! { "$unset": [path] },
            10 => doc! { "$replaceWith": self.expression(1) },
            11 => doc! { "$unwind": {
                "path": format!("${path}"),
                "includeArrayIndex": self.path(),
                "preserveNullAndEmptyArrays": self.below(2) == 0,
            } },
            12 | 13 => doc! { "$group": {
                "_id": self.expression(1), name: self.accumulator(), "n": self.accumulator(),
            } },
            14 => doc! { "$bucket": {
                "groupBy": format!("${path}"), "boundaries": [0, 1, 100], "default": "other",
            } },
            15 => doc! { "$bucketAuto": {
                "groupBy": format!("${path}"), "buckets": 2, "output": { name: self.accumulator() },
            } },
            16 => doc! { "$sortByCount": format!("${path}") },
            17 => doc! { "$facet": {
                "a": self.stages(depth.saturating_sub(1)), "b": [{ "$count": "n" }],
            } },
            18 | 19 => self.lookup(depth),
            20 => doc! { "$graphLookup": {
                "from": "other", "startWith": self.expression(1), "connectFromField": self.path(),
                "connectToField": self.path(), "as": path, "maxDepth": 3, "depthField": "a",
            } },
            21 => doc! { "$unionWith": {
                "coll": "other", "pipeline": self.stages(depth.saturating_sub(1)),
            } },
            22 => doc! { "$redact": {
                "$cond": [self.expression(1), "$$DESCEND", self.pick(&["$$KEEP", "$$PRUNE"])],
            } },
            23 => doc! { "$setWindowFields": {
                "partitionBy": self.expression(1), "sortBy": { path: 1 },
                "output": { name: self.window(), "a.b": self.window() },
            } },
            24 => doc! { "$densify": {
                "field": path, "partitionByFields": [name],
                "range": { "step": 1, "bounds": self.pick(&["full", "partition"]) },
            } },
            _ => doc! { "$fill": {
                "sortBy": { "_id": 1 },
                "output": { path: { "method": "locf" }, "c": { "value": self.expression(1) } },
            } },
        }
    }

    fn lookup(&mut self, depth: usize) -> Document {
        let mut lookup = doc! { "from": "other", "as": self.path() };
        if self.below(3) > 0 {
            lookup.insert("localField", self.path());
            lookup.insert("foreignField", self.path());
        }
        if depth > 0 && self.below(2) == 0 {
            lookup.insert("let", doc! { "v": self.expression(1) });
            lookup.insert("pipeline", self.stages(depth - 1));
        }
        doc! { "$lookup": lookup }
    }

    fn collection(&mut self) -> Vec<RawDocumentBuf> {
        let make = |id: i32| {
            let mut document = doc! { "_id": id };
            document.extend(self.document(2));
            raw(&document)
        };
        (0..25).map(make).collect()
    }
}

fn raw(document: &Document) -> RawDocumentBuf {
    RawDocumentBuf::try_from(document).unwrap()
}

fn world(chance: &mut Chance, memory_bytes_max: usize) -> World {
    let mut parameters = Parameters::new(DateTime::from_millis(0), 5);
    parameters.memory_bytes_max = memory_bytes_max;
    let others = BTreeMap::from([("other".to_owned(), chance.collection())]);
    World { documents: chance.collection(), others, parameters }
}

#[test]
fn pipelines_do_not_panic_and_agree_with_themselves() {
    let mut chance = Chance(0x5151_7777_0000_0003);
    let mut world = world(&mut chance, usize::MAX);
    let mut answers = 0;
    for round in 0..ROUNDS {
        if round % 100 == 0 {
            world = self::world(&mut chance, usize::MAX);
        }
        let stages = chance.stages(2);
        let pipeline: Vec<RawDocumentBuf> = stages.iter().map(raw).collect();
        let answer = over_all(&world, &pipeline);
        let over = |has_index| over_collection(&Asked { world: &world, has_index }, &pipeline);
        let mut others = vec![over(false), over(true)];
        // Done beforehand, it meets documents that nobody would have asked for.
        others.extend(Some(over_leading(&world, &pipeline)).filter(Result::is_ok));
        for other in others {
            // Which of several documents fails first depends on the way.
            if answer.is_ok() || other.is_ok() {
                let (other, answer) = (show(&other), show(&answer));
                let at = other.bytes().zip(answer.bytes()).take_while(|(a, b)| a == b).count();
                let near =
                    |text: &str| text.chars().skip(at.saturating_sub(200)).take(400).collect();
                let (near_other, near_answer): (String, String) = (near(&other), near(&answer));
                assert!(other == answer, "{stages:?}\n{near_other}\n{near_answer}");
            }
        }
        let Ok(documents) = answer else { continue };
        answers += 1;
        for document in documents {
            validate(&document).unwrap();
        }
    }
    assert!(answers > ROUNDS / 4, "only {answers} answers say something");
}

#[test]
fn pipelines_with_little_memory_do_not_panic() {
    let mut chance = Chance(0x99bb_4321_5eed_0002);
    let mut world = world(&mut chance, MEMORY_BYTES_MAX);
    let mut refusals = 0;
    for round in 0..ROUNDS {
        if round % 100 == 0 {
            world = self::world(&mut chance, MEMORY_BYTES_MAX);
        }
        let pipeline: Vec<RawDocumentBuf> = chance.stages(1).iter().map(raw).collect();
        let answer = over_collection(&Asked { world: &world, has_index: false }, &pipeline);
        refusals += usize::from(answer.is_err_and(|error| error.code.number() == 292));
    }
    assert!(refusals > 0, "the limit is never met");
}
