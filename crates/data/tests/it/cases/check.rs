//! Puts a case to a store.

use bson::{Bson, RawBson, RawDocumentBuf, raw::cstr, rawdoc};
use hookstead_data::{
    Aggregate, Answer, Command, Count, DataError, Distinct, Find, InsertMany, Modification,
    Namespace, Store, Update, UpdateSpec,
};
use serde_json::Value;

use super::{
    case::{self, Case},
    same::{decode_document, decode_documents, same, same_lists, show},
};

/// What a case asks for, as a store is asked.
enum Asked {
    /// With a list, a number, or an update for an answer.
    Command(Command),
    /// A case that no caller can send.
    Impossible,
}

/// What came of it.
enum Outcome {
    List(Vec<RawBson>),
    Count(i32),
    Updated(RawDocumentBuf),
}

/// Why a case does not hold.
pub(super) enum Wrong {
    /// The store answers otherwise.
    Answer(String),
    /// It does not answer, or the case makes no sense.
    NoAnswer(String),
}

impl From<String> for Wrong {
    fn from(reason: String) -> Self {
        Self::Answer(reason)
    }
}

/// Runs a case in a database of its own; tells what is wrong.
pub(super) async fn check(store: &dyn Store, database: &str, case: &Case) -> Result<(), Wrong> {
    let named = |collection: &str| Namespace {
        database: database.to_owned(),
        collection: collection.to_owned(),
    };
    insert(store, named("c"), &case.documents).await?;
    for (name, documents) in &case.others {
        insert(store, named(name), documents).await?;
    }
    let Asked::Command(command) = asked(case).map_err(Wrong::NoAnswer)? else { return Ok(()) };
    let outcome = match run(store, named("c"), command).await {
        Ok(outcome) => outcome,
        Err(error) if error.number().is_none() => return Err(Wrong::NoAnswer(error.to_string())),
        Err(error) => return check_error(case, &error).map_err(Wrong::Answer),
    };
    if let Some(refusal) = &case.error {
        let (code, shown) = (refusal.code, outcome.show());
        return Err(Wrong::Answer(format!("wanted the error {code}\n    but got {shown}")));
    }
    let Some(expect) = &case.expect else {
        return Err(Wrong::NoAnswer("it expects nothing".to_owned()));
    };
    match (&outcome, expect) {
        (Outcome::List(found), Value::Array(expected)) => {
            same_lists(expected, found.clone(), case.any_order)?;
        }
        (Outcome::List(_), _) => {
            return Err(Wrong::NoAnswer("it has to expect a list".to_owned()));
        }
        (Outcome::Count(count), expect) => same(expect, &RawBson::Int32(*count))?,
        (Outcome::Updated(updated), expect) => {
            same(expect, &RawBson::Document(updated.clone()))?;
        }
    }
    match &case.contents {
        None => Ok(()),
        Some(expected) => {
            let found = run(store, named("c"), Command::Find(Find::default())).await;
            match found.map_err(|error| Wrong::NoAnswer(error.to_string()))? {
                Outcome::List(found) => same_lists(expected, found, case.any_order)
                    .map_err(|reason| Wrong::Answer(format!("contents: {reason}"))),
                _ => Err(Wrong::NoAnswer("the contents are no list".to_owned())),
            }
        }
    }
}

fn check_error(case: &Case, error: &DataError) -> Result<(), String> {
    let code = error.number().unwrap_or_default();
    let Some(refusal) = &case.error else { return Err(format!("failed with {code} {error}")) };
    let text = refusal.contains.as_deref().unwrap_or_default();
    if code == refusal.code && error.message.contains(text) {
        return Ok(());
    }
    Err(format!("wanted the error {} {text}\n    but got {code} {error}", refusal.code))
}

async fn insert(store: &dyn Store, name: Namespace, documents: &[Value]) -> Result<(), Wrong> {
    if documents.is_empty() {
        return Ok(());
    }
    let documents = decode_documents(documents).map_err(Wrong::NoAnswer)?;
    let insert = InsertMany { documents, ordered: true };
    let inserted = store.run(name, Command::InsertMany(insert)).await;
    let refused = |error| Wrong::NoAnswer(format!("its documents cannot be inserted: {error}"));
    inserted.map(drop).map_err(refused)
}

fn asked(case: &Case) -> Result<Asked, String> {
    let command = if let Some(find) = &case.find {
        Command::Find(Find {
            filter: decode_document(&find.filter)?,
            projection: find.projection.as_ref().map(decode_document).transpose()?,
            sort: find.sort.as_ref().map(decode_document).transpose()?,
            skip: find.skip,
            limit: find.limit,
        })
    } else if let Some(stages) = &case.aggregate {
        if !stages.iter().all(Value::is_object) {
            return Ok(Asked::Impossible);
        }
        let starts = stages.first().and_then(|stage| stage.get("$documents")).is_some();
        let pipeline = decode_documents(stages)?;
        Command::Aggregate(Aggregate { pipeline, of_database: starts, ..Aggregate::default() })
    } else if let Some(update) = &case.update {
        Command::Update(asked_update(update)?)
    } else if let Some(count) = &case.count {
        Command::Count(Count { filter: decode_document(&count.filter)?, ..Count::default() })
    } else if let Some(distinct) = &case.distinct {
        let filter = decode_document(&distinct.filter)?;
        Command::Distinct(Distinct { field: distinct.field.clone(), filter })
    } else {
        return Err("it asks for nothing".to_owned());
    };
    Ok(Asked::Command(command))
}

fn asked_update(update: &case::Update) -> Result<Update, String> {
    let modification = match (&update.update, &update.replacement) {
        (Some(Value::Array(stages)), None) => {
            Modification::Update(UpdateSpec::Pipeline(decode_documents(stages)?))
        }
        (Some(operators), None) => Modification::Update(UpdateSpec::Operators(
            decode_document(operators)?,
            decode_documents(&update.array_filters)?,
        )),
        (None, Some(replacement)) => Modification::Replacement(decode_document(replacement)?),
        _ => return Err("it has to have an update or a replacement".to_owned()),
    };
    let filter = decode_document(&update.filter)?;
    Ok(Update { filter, modification, many: update.many, upsert: update.upsert })
}

async fn run(store: &dyn Store, name: Namespace, command: Command) -> Result<Outcome, DataError> {
    match store.run(name, command).await? {
        Answer::Cursor(first, rest) => {
            let document = |document: &bson::RawDocument| RawBson::Document(document.to_owned());
            let mut found: Vec<RawBson> = first.iter().map(document).collect();
            if let Some(mut rest) = rest {
                loop {
                    let batch = rest.next_batch().await?;
                    if batch.is_empty() {
                        break;
                    }
                    found.extend(batch.iter().map(document));
                }
            }
            Ok(Outcome::List(found))
        }
        Answer::Count(count) => Ok(Outcome::Count(i32::try_from(count).unwrap())),
        Answer::Values(values) => {
            let raw = |value: Bson| RawBson::try_from(value).unwrap();
            Ok(Outcome::List(values.into_iter().map(raw).collect()))
        }
        Answer::Updated(updated) => {
            let mut outcome = rawdoc! {
                "matched": i32::try_from(updated.matched).unwrap(),
                "modified": i32::try_from(updated.modified).unwrap(),
            };
            if updated.upserted_id.is_some() {
                outcome.append(cstr!("upserted"), true);
            }
            Ok(Outcome::Updated(outcome))
        }
        _ => panic!("no case asks for this"),
    }
}

impl Outcome {
    fn show(&self) -> String {
        match self {
            Self::List(found) => found.iter().map(show).collect::<Vec<_>>().join(", "),
            Self::Count(count) => count.to_string(),
            Self::Updated(updated) => show(&RawBson::Document(updated.clone())),
        }
    }
}
