//! Runs pipelines over documents in memory, in every way in which a store may run them.

use bson::{DateTime, Document, RawBson, RawDocumentBuf, doc};
use hookstead_query::{
    Collections, Documents, Filter, NoCollections, Output, Parameters, Pipeline, QueryError,
    WhenMatched, WhenNotMatched,
};
use serde_json::Value;

use crate::{
    run::{Answer, Outcome, World},
    same::decode_documents,
};

/// The name of the collection of a case.
const COLLECTION: &str = "c";

/// Runs the pipeline of a case.
pub(crate) fn run(world: &World, stages: &[Value]) -> Result<Answer, String> {
    let stages = decode_documents(stages)?;
    let answer = over_all(world, &stages);
    for has_index in [false, true] {
        let asked = Asked { world, has_index };
        let other = over_collection(&asked, &stages);
        if show(&other) != show(&answer) {
            let (other, answer) = (show(&other), show(&answer));
            return Err(format!("with an index ({has_index}) it is {other}\n    but not {answer}"));
        }
    }
    Ok(answer
        .map(|documents| Outcome::List(documents.into_iter().map(RawBson::Document).collect())))
}

/// Hands all documents to the pipeline.
pub(crate) fn over_all(
    world: &World,
    stages: &[RawDocumentBuf],
) -> Result<Vec<RawDocumentBuf>, QueryError> {
    let pipeline = Pipeline::parse(stages, &world.parameters)?;
    let source = Box::new(world.documents.iter().cloned().map(Ok));
    pipeline.run(source, &Asked { world, has_index: false }).collect()
}

/// Lets the pipeline ask for what it wants.
pub(crate) fn over_collection(
    asked: &Asked<'_>,
    stages: &[RawDocumentBuf],
) -> Result<Vec<RawDocumentBuf>, QueryError> {
    let pipeline = Pipeline::parse(stages, &asked.world.parameters)?;
    pipeline.run_over(None, COLLECTION, asked).collect()
}

pub(crate) fn show(answer: &Result<Vec<RawDocumentBuf>, QueryError>) -> String {
    match answer {
        Ok(documents) => {
            let documents = documents.iter().cloned().map(RawBson::Document).collect();
            Outcome::List(documents).show()
        }
        Err(error) => format!("{} {error}", error.code),
    }
}

/// The collections of a case.
pub(crate) struct Asked<'w> {
    pub(crate) world: &'w World,
    /// Whether it says that it has an index for everything.
    pub(crate) has_index: bool,
}

impl Collections for Asked<'_> {
    fn scan<'a>(
        &'a self,
        database: Option<&str>,
        collection: &str,
        filter: Option<&'a Filter>,
    ) -> Documents<'a> {
        let documents = match (database, collection) {
            (Some(_), _) => &[][..],
            (None, COLLECTION) => &self.world.documents,
            (None, other) => self.world.others.get(other).map_or(&[][..], Vec::as_slice),
        };
        let matches = move |document: &&RawDocumentBuf| match filter {
            Some(filter) => filter.matches(document).unwrap_or(true),
            None => true,
        };
        // A filter that fails fails again in the pipeline.
        Box::new(documents.iter().filter(matches).map(move |document| {
            filter.map_or(Ok(true), |filter| filter.matches(document))?;
            Ok(document.clone())
        }))
    }

    fn has_index(&self, _database: Option<&str>, _collection: &str, _path: &str) -> bool {
        self.has_index
    }
}

/// Does beforehand what a pipeline begins with, as a store with an index may.
pub(crate) fn over_leading(
    world: &World,
    stages: &[RawDocumentBuf],
) -> Result<Vec<RawDocumentBuf>, QueryError> {
    let pipeline = Pipeline::parse(stages, &world.parameters)?;
    let leading = pipeline.leading();
    let mut wanted = Vec::new();
    for document in &world.documents {
        if leading.filter.map_or(Ok(true), |filter| filter.matches(document))? {
            let mut key = Vec::new();
            leading.sort.map_or(Ok(()), |sort| sort.append_key(document, &mut key))?;
            wanted.push((key, document.clone()));
        }
    }
    wanted.sort_by(|(one, _), (other, _)| one.cmp(other));
    if let Some(limit) = leading.limit {
        wanted.truncate(usize::try_from(limit).unwrap());
    }
    let source = Box::new(wanted.into_iter().map(|(_, document)| Ok(document)));
    pipeline.run(source, &Asked { world, has_index: false }).collect()
}

fn parse(stages: &[Document]) -> Result<Pipeline, QueryError> {
    let stages: Vec<RawDocumentBuf> =
        stages.iter().map(|stage| RawDocumentBuf::try_from(stage).unwrap()).collect();
    Pipeline::parse(&stages, &Parameters::new(DateTime::from_millis(0), 1))
}

fn refusal(stages: &[Document]) -> QueryError {
    parse(stages).err().unwrap()
}

#[test]
fn a_store_learns_what_a_pipeline_begins_with() {
    let condition = doc! { "$match": { "a": 1 } };
    let leads = |stages: &[Document]| {
        let pipeline = parse(stages).unwrap();
        let leading = pipeline.leading();
        (leading.filter.is_some(), leading.sort.is_some(), leading.limit)
    };
    let sort = doc! { "$sort": { "b": 1 } };
    let limit = doc! { "$limit": 5 };
    let skip = doc! { "$skip": 2 };
    assert_eq!(leads(&[condition.clone(), condition.clone()]), (true, false, None));
    assert_eq!(leads(&[sort.clone(), condition.clone()]), (true, true, None));
    assert_eq!(leads(&[sort.clone(), limit.clone()]), (false, true, Some(5)));
    assert_eq!(leads(&[sort.clone(), skip.clone(), limit.clone()]), (false, true, Some(7)));
    assert_eq!(leads(&[condition.clone(), limit.clone()]), (true, false, Some(5)));
    assert_eq!(leads(&[skip, limit.clone()]), (false, false, Some(7)));
    assert_eq!(leads(&[limit, condition.clone()]), (false, false, Some(5)));
    assert_eq!(leads(&[doc! { "$unset": "a" }, condition]), (false, false, None));
}

#[test]
fn a_store_learns_which_collections_are_read() {
    let inner = doc! { "$lookup": { "from": "b", "as": "x", "pipeline": [{ "$unionWith": "a" }] } };
    let graph = doc! { "$graphLookup": {
        "from": "c", "startWith": "$a", "connectFromField": "a", "connectToField": "b", "as": "x",
    } };
    let facet = doc! { "$facet": { "x": [inner], "y": [graph], "z": [{ "$unionWith": "a" }] } };
    let readings = parse(&[facet]).unwrap().collections();
    let names: Vec<&str> = readings.iter().map(|reading| &*reading.collection).collect();
    assert_eq!(names, ["a", "b", "c"]);
}

#[test]
fn a_store_learns_where_documents_go() {
    let output = |stage: Document| parse(&[stage]).unwrap().writes_to().cloned();
    let replace = |database: Option<&str>| Output::Replace {
        database: database.map(str::to_owned),
        collection: "x".to_owned(),
    };
    assert_eq!(output(doc! { "$out": "x" }), Some(replace(None)));
    let elsewhere = doc! { "$out": { "db": "d", "coll": "x" } };
    assert_eq!(output(elsewhere), Some(replace(Some("d"))));
    assert_eq!(output(doc! { "$match": {} }), None);
    let merge = output(doc! { "$merge": {
        "into": "x", "on": ["a", "b"], "whenMatched": "keepExisting", "whenNotMatched": "discard",
    } });
    let Some(Output::Merge { database, collection, on, when_matched, when_not_matched, .. }) =
        merge
    else {
        panic!("{merge:?}")
    };
    assert_eq!((database, &*collection), (None, "x"));
    assert_eq!(on, ["a", "b"]);
    assert_eq!(when_matched, WhenMatched::KeepExisting);
    assert_eq!(when_not_matched, WhenNotMatched::Discard);
}

#[test]
fn a_merge_changes_documents_by_a_pipeline_with_variables() {
    let parameters = Parameters::new(DateTime::from_millis(0), 1);
    let raw = |document: Document| RawDocumentBuf::try_from(&document).unwrap();
    let changed = |merge: Document| {
        let pipeline = parse(&[doc! { "$merge": merge }]).unwrap();
        let output = pipeline.writes_to().unwrap();
        let new = raw(doc! { "_id": 1, "n": 5 });
        let change = output.pipeline_for(&new, &parameters).unwrap().unwrap();
        let changed = change.apply(&raw(doc! { "_id": 1, "n": 2 })).unwrap();
        Document::try_from(&changed).unwrap()
    };
    let stages = [doc! { "$set": { "n": { "$add": ["$n", "$$new.n"] } } }];
    let merge = doc! { "into": "x", "whenMatched": stages.to_vec() };
    assert_eq!(changed(merge), doc! { "_id": 1, "n": 7 });
    let stages = [doc! { "$set": { "m": { "$add": ["$$m", "$$new.n"] } } }];
    let variables = doc! { "m": { "$multiply": ["$n", 2] } };
    let merge = doc! { "into": "x", "let": variables, "whenMatched": stages.to_vec() };
    assert_eq!(changed(merge), doc! { "_id": 1, "n": 2, "m": 15 });
    let unknown = doc! { "$set": { "m": "$$m" } };
    let refused = refusal(&[doc! { "$merge": { "into": "x", "whenMatched": [unknown] } }]);
    assert_eq!(refused.code.number(), 17276);
}

#[test]
fn updates_have_stages_of_their_own() {
    let parameters = Parameters::new(DateTime::from_millis(0), 1);
    let parse = |stages: &[Document]| {
        let stages: Vec<RawDocumentBuf> =
            stages.iter().map(|stage| RawDocumentBuf::try_from(stage).unwrap()).collect();
        Pipeline::parse_update(&stages, &parameters)
    };
    let update = parse(&[doc! { "$set": { "a": { "$add": ["$a", 1] } } }, doc! { "$unset": "b" }]);
    let document = RawDocumentBuf::try_from(&doc! { "_id": 1, "a": 1, "b": 2 }).unwrap();
    let changed = update.unwrap().apply(&document).unwrap();
    assert_eq!(Document::try_from(&changed).unwrap(), doc! { "_id": 1, "a": 2 });
    let refused = parse(&[doc! { "$limit": 1 }]).err().unwrap();
    assert_eq!(refused.message, "$limit is not allowed to be used within an update");
}

#[test]
fn memory_has_a_limit_and_documents_have_a_length() {
    let mut parameters = Parameters::new(DateTime::from_millis(0), 1);
    parameters.memory_bytes_max = 100_000;
    let text = "x".repeat(1_000);
    let documents = (0..1_000)
        .map(|id| RawDocumentBuf::try_from(&doc! { "_id": id, "a": id, "text": &text }).unwrap());
    let documents: Vec<RawDocumentBuf> = documents.collect();
    let run = |stage: Document, parameters: &Parameters| {
        let stages = [RawDocumentBuf::try_from(&stage).unwrap()];
        let pipeline = Pipeline::parse(&stages, parameters).unwrap();
        let source = Box::new(documents.iter().cloned().map(Ok));
        let answer: Result<Vec<_>, _> = pipeline.run(source, &NoCollections).collect();
        answer.map(|documents| documents.len())
    };
    for stage in [
        doc! { "$sort": { "a": -1 } },
        doc! { "$group": { "_id": "$a" } },
        doc! { "$group": { "_id": null, "all": { "$push": "$text" } } },
        doc! { "$group": { "_id": null, "all": { "$addToSet": "$$ROOT" } } },
        doc! { "$facet": { "all": [] } },
        doc! { "$bucketAuto": { "groupBy": "$a", "buckets": 3 } },
        doc! { "$sample": { "size": 500 } },
        doc! { "$setWindowFields": { "sortBy": { "a": 1 }, "output": { "n": { "$count": {} } } } },
        doc! { "$densify": { "field": "a", "range": { "step": 1, "bounds": "full" } } },
    ] {
        let error = run(stage.clone(), &parameters).unwrap_err();
        assert_eq!(error.code.number(), 292, "{stage}: {error}");
    }
    assert_eq!(run(doc! { "$unset": "text" }, &parameters), Ok(1_000));
    let twenty_times = (0..20).map(|_| "$all").collect::<Vec<_>>();
    let parameters = Parameters::new(DateTime::from_millis(0), 1);
    let all = doc! { "$group": { "_id": null, "all": { "$push": "$text" } } };
    let stages = [all, doc! { "$set": { "all": twenty_times } }]
        .map(|stage| RawDocumentBuf::try_from(&stage).unwrap());
    let pipeline = Pipeline::parse(&stages, &parameters).unwrap();
    let source = Box::new(documents.iter().cloned().map(Ok));
    let error = pipeline.run(source, &NoCollections).next().unwrap().unwrap_err();
    assert_eq!(error.code.number(), 10334, "{error}");
}

#[test]
fn pipelines_have_a_length_and_a_depth() {
    let many = vec![doc! { "$limit": 1 }; 1_001];
    assert_eq!(refusal(&many).message, "Pipeline length must be no longer than 1000 stages");
    let mut nested = doc! { "$match": {} };
    for _ in 0..21 {
        nested = doc! { "$unionWith": { "coll": "x", "pipeline": [nested] } };
    }
    assert_eq!(refusal(&[nested]).code.number(), 232);
    let mut deep = doc! { "x": 1 };
    for _ in 0..150 {
        deep = doc! { "a.b": deep };
    }
    assert_eq!(refusal(&[doc! { "$project": deep }]).code.number(), 15);
    let mut spread = doc! { "a": "$$ROOT" };
    for _ in 0..150 {
        spread = doc! { "a": spread };
    }
    let stages = vec![doc! { "$set": spread }; 3];
    let stages: Vec<_> = stages.iter().map(|s| RawDocumentBuf::try_from(s).unwrap()).collect();
    let parameters = Parameters::new(DateTime::from_millis(0), 1);
    let pipeline = Pipeline::parse(&stages, &parameters).unwrap();
    let source = Box::new(std::iter::once(Ok(RawDocumentBuf::new())));
    let error = pipeline.run(source, &NoCollections).next().unwrap().unwrap_err();
    assert_eq!(error.code.number(), 15, "{error}");
}
