//! Whether a parser knows an operator, told by how it refuses a careless use of it.

use bson::{Bson, DateTime, Document, RawDocumentBuf, doc};
use hookstead_query::{Filter, MongoCode, Parameters, Pipeline, Projection, QueryError, Update};

use super::Place;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Known,
    /// With the remedy.
    Refused,
    Unknown,
}

/// Whether a careless use tells a name that is known from any other one.
pub(super) fn knows_all(place: Place) -> bool {
    !matches!(place, Place::Projection | Place::Position | Place::Variable)
}

pub(super) fn probe(place: Place, name: &str) -> Verdict {
    match place {
        Place::Query => match verdict(filter(doc! { "a": { name: 1 } }), "unknown operator") {
            Verdict::Unknown => verdict(filter(doc! { name: 1 }), "unknown top level operator"),
            known => known,
        },
        Place::Projection if name == "$" => verdict(projection(doc! { "a.$": 1 }), "any"),
        Place::Projection => verdict(projection(doc! { "a": { name: 1 } }), "Unknown expression"),
        Place::Update => verdict(update(doc! { name: { "a": 1 } }), "Unknown modifier"),
        Place::Modifier => {
            let push = doc! { "$push": { "a": { "$each": [], name: 1 } } };
            verdict(update(push), "Unrecognized clause")
        }
        Place::Position => {
            let path = format!("a.{}", name.replace("<identifier>", "x"));
            verdict(update(doc! { "$set": { path: 1 } }), "any")
        }
        Place::Stage => verdict(stage(doc! { name: 1 }), "Unrecognized pipeline stage"),
        Place::Expression => {
            let project = doc! { "$addFields": { "x": { name: 1 } } };
            verdict(stage(project), "Unrecognized expression")
        }
        Place::Accumulator => {
            let group = doc! { "$group": { "_id": Bson::Null, "x": { name: 1 } } };
            verdict(stage(group), "unknown group operator")
        }
        Place::Window => {
            let output = doc! { "x": { name: 1 } };
            let windows = doc! { "$setWindowFields": { "sortBy": { "a": 1 }, "output": output } };
            verdict(stage(windows), "Unrecognized window function")
        }
        Place::Variable => verdict(stage(doc! { "$redact": name }), "Use of undefined variable"),
    }
}

fn verdict(outcome: Result<(), QueryError>, unknown: &str) -> Verdict {
    match outcome {
        Ok(()) => Verdict::Known,
        Err(error) if error.code == MongoCode::COMMAND_NOT_SUPPORTED => {
            match error.message.contains("set HOOKSTEAD_MONGODB_URI") {
                true => Verdict::Refused,
                false => Verdict::Unknown,
            }
        }
        Err(error) if error.message.contains(unknown) => Verdict::Unknown,
        Err(_) => Verdict::Known,
    }
}

fn filter(query: Document) -> Result<(), QueryError> {
    Filter::parse(&raw(query), &parameters()).map(drop)
}

fn projection(fields: Document) -> Result<(), QueryError> {
    Projection::parse(&raw(fields), &parameters()).map(drop)
}

fn update(operators: Document) -> Result<(), QueryError> {
    Update::operators(&raw(operators), &[], &parameters()).map(drop)
}

fn stage(stage: Document) -> Result<(), QueryError> {
    Pipeline::parse(&[raw(stage)], &parameters()).map(drop)
}

fn raw(document: Document) -> RawDocumentBuf {
    RawDocumentBuf::try_from(&document).unwrap()
}

fn parameters() -> Parameters {
    Parameters::new(DateTime::from_millis(0), 1)
}
