//! A case: what an operation answers, and what is left.

use bson::{Bson, Document, RawDocumentBuf};
use hookstead_data::{
    Aggregate, Answer, Command, Count, DataError, Delete, Distinct, Find, FindAndModify,
    InsertMany, Modification, Update, UpdateSpec, WriteOperation, Writes,
};
use serde_json::{Value as Json, json};

use super::stage::{Stage, documents, namespace};
use crate::world::raw_of;

/// Runs a case in a database of its own, or the one that it names.
pub(crate) async fn check(stage: &Stage, database: &str, case: &Json) -> Result<(), String> {
    let database = case["in"].as_str().unwrap_or(database);
    stage.prepare(database, case.get("documents")).await;
    let before = stage.contents(database).await;
    let user = case["as"].as_str().unwrap_or("ann");
    let store = stage.store_of(case["rules"].as_str().unwrap(), user);
    let against = case["against"].as_str().unwrap_or(database);
    let answer = store.run(namespace(against), command(&case["do"])).await;
    let answered = told(answer).await;
    if answered != case["answers"] {
        return Err(format!("answers {answered}"));
    }
    let after = stage.contents(database).await;
    let left = match case.get("leaves") {
        Some(left) => left.clone(),
        None => json_of(&before),
    };
    let after = json_of(&after);
    if after == left { Ok(()) } else { Err(format!("leaves {after}")) }
}

/// What an operation of a case is: a name with what it is about.
pub(crate) fn command(json: &Json) -> Command {
    let (name, about) = json.as_object().unwrap().iter().next().unwrap();
    let number = |key: &str| about[key].as_u64().unwrap_or(0);
    let optional = |key: &str| about.get(key).map(raw_of);
    let filter = optional("filter").unwrap_or_default();
    match name.as_str() {
        "find" => Command::Find(Find {
            filter,
            projection: optional("projection"),
            sort: optional("sort"),
            skip: number("skip"),
            limit: number("limit"),
        }),
        "count" => Command::Count(Count { filter, limit: number("limit"), skip: number("skip") }),
        "distinct" => {
            let field = about["field"].as_str().unwrap().to_owned();
            Command::Distinct(Distinct { field, filter })
        }
        "aggregate" => Command::Aggregate(Aggregate {
            pipeline: raws(&about["pipeline"]),
            of_database: about["database"].as_bool().unwrap_or(false),
            options: optional("options").unwrap_or_default(),
        }),
        "insert" => Command::InsertMany(InsertMany { documents: raws(about), ordered: true }),
        "update" => Command::Update(update(about)),
        "delete" => Command::Delete(delete(about)),
        "modify" => Command::FindAndModify(FindAndModify {
            filter,
            modification: modification(about),
            sort: optional("sort"),
            projection: optional("projection"),
            upsert: about["upsert"].as_bool().unwrap_or(false),
            return_new: about["new"].as_bool().unwrap_or(false),
        }),
        "bulk" => Command::BulkWrite(Writes {
            operations: about["operations"].as_array().unwrap().iter().map(operation).collect(),
            ordered: about["ordered"].as_bool().unwrap_or(true),
        }),
        other => panic!("no operation `{other}`"),
    }
}

fn operation(json: &Json) -> WriteOperation {
    let (name, about) = json.as_object().unwrap().iter().next().unwrap();
    match name.as_str() {
        "insert" => WriteOperation::Insert(raw_of(about)),
        "update" => WriteOperation::Update(update(about)),
        "delete" => WriteOperation::Delete(delete(about)),
        other => panic!("no operation `{other}`"),
    }
}

fn update(about: &Json) -> Update {
    Update {
        filter: raw_of(&about["filter"]),
        modification: modification(about).unwrap(),
        many: about["many"].as_bool().unwrap_or(false),
        upsert: about["upsert"].as_bool().unwrap_or(false),
    }
}

fn delete(about: &Json) -> Delete {
    Delete { filter: raw_of(&about["filter"]), many: about["many"].as_bool().unwrap_or(false) }
}

fn modification(about: &Json) -> Option<Modification> {
    if let Some(replacement) = about.get("replacement") {
        return Some(Modification::Replacement(raw_of(replacement)));
    }
    let spec = match about.get("update")? {
        stages @ Json::Array(_) => UpdateSpec::Pipeline(raws(stages)),
        operators => {
            let array_filters = about.get("arrayFilters").map(raws).unwrap_or_default();
            UpdateSpec::Operators(raw_of(operators), array_filters)
        }
    };
    Some(Modification::Update(spec))
}

fn raws(json: &Json) -> Vec<RawDocumentBuf> {
    json.as_array().unwrap().iter().map(raw_of).collect()
}

/// An answer as cases write it.
pub(crate) async fn told(answer: Result<Answer, DataError>) -> Json {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return json!({"error": error.message}),
    };
    match answer {
        cursor @ Answer::Cursor(..) => match documents(Ok(cursor)).await {
            Ok(documents) => json_of(&documents),
            Err(error) => json!({"error": error.message}),
        },
        Answer::Document(document) => document.map_or(Json::Null, |document| {
            let document: Document = document.try_into().unwrap();
            Bson::from(document).into_relaxed_extjson()
        }),
        Answer::Count(count) => json!(count),
        Answer::Values(values) => values.into_iter().map(Bson::into_relaxed_extjson).collect(),
        Answer::Inserted(ids) => ids.into_iter().map(Bson::into_relaxed_extjson).collect(),
        Answer::Updated(updated) => match updated.upserted_id {
            None => json!([updated.matched, updated.modified]),
            Some(id) => json!([updated.matched, updated.modified, id.into_relaxed_extjson()]),
        },
        Answer::Deleted(count) => json!(count),
        Answer::Written => json!("written"),
    }
}

fn json_of(documents: &[Document]) -> Json {
    documents.iter().map(|document| Bson::from(document).into_relaxed_extjson()).collect()
}
