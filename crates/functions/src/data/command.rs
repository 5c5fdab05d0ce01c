//! A command, as the JavaScript half writes it down, and what carries it out.

use std::sync::Arc;

use bson::{Bson, Document, RawDocumentBuf, oid::ObjectId};
use hookstead_data::{
    Aggregate, Command, Count, DataError, Delete, Distinct, Find, FindAndModify, InsertMany,
    Modification, Namespace, Session, Store, Update, UpdateSpec, WriteOperation, Writes,
};
use hookstead_isolate::{Thrown, Value};

use super::{
    answer::{self, Shape},
    handles::Cursors,
    stages, thrown, thrown_by_read,
};

/// What a find returns at most (reference: mongodb.md §5.2).
const FIND_DOCUMENTS_MAX: u64 = 50_000;

/// Something to be asked of a store.
pub(crate) enum Request {
    /// A command on a collection.
    Run(Namespace, Command, Shape),
    /// The next batch of a cursor.
    NextBatch(u32),
    /// A cursor is not needed any more.
    CloseCursor(u32),
    /// The names of all databases.
    DatabaseNames,
    /// The names of all collections of a database.
    CollectionNames(String),
    /// The end of a transaction.
    Commit,
    /// The end of a transaction that never was.
    Abort,
}

impl Request {
    /// Whether it changes documents.
    pub(crate) fn writes(&self) -> bool {
        use Command::{BulkWrite, Delete, FindAndModify, InsertMany, Update};
        let Self::Run(_, command, _) = self else { return false };
        matches!(command, BulkWrite(_) | Delete(_) | FindAndModify(_) | InsertMany(_) | Update(_))
    }

    /// Whether it tells what documents there are. A further batch tells of when it was asked for.
    pub(crate) fn waits_for_writes(&self) -> bool {
        match self {
            Self::Run(_, Command::FindAndModify(_), _) => true,
            Self::NextBatch(_) => false,
            _ => self.reads(),
        }
    }

    /// Asks a store, or a session of it.
    pub(crate) async fn answer(
        self,
        store: Arc<dyn Store>,
        session: Option<Arc<dyn Session>>,
        cursors: Cursors,
    ) -> Result<Value, Thrown> {
        let explain = if self.reads() { thrown_by_read } else { thrown };
        self.ask(store, session, cursors).await.map_err(|error| explain(&error))
    }

    /// Whether it changes nothing and answers with documents, or what is known of them.
    fn reads(&self) -> bool {
        use Command::{Aggregate, Count, Distinct, Find};
        match self {
            Self::Run(_, command, _) => {
                matches!(command, Find(_) | Aggregate(_) | Count(_) | Distinct(_))
            }
            Self::NextBatch(_) | Self::DatabaseNames | Self::CollectionNames(_) => true,
            Self::CloseCursor(_) | Self::Commit | Self::Abort => false,
        }
    }

    async fn ask(
        self,
        store: Arc<dyn Store>,
        session: Option<Arc<dyn Session>>,
        cursors: Cursors,
    ) -> Result<Value, DataError> {
        match (self, session) {
            (Self::Run(namespace, command, shape), session) => {
                let answer = match &session {
                    Some(session) => session.run(namespace, command),
                    None => store.run(namespace, command),
                };
                Ok(answer::value(answer.await?, shape, &cursors))
            }
            (Self::NextBatch(id), _) => answer::next(cursors, id).await,
            (Self::CloseCursor(id), _) => {
                cursors.lock().unwrap_or_else(std::sync::PoisonError::into_inner).close(id);
                Ok(Value::Undefined)
            }
            (Self::DatabaseNames, _) => Ok(answer::names(store.database_names().await?)),
            (Self::CollectionNames(database), _) => {
                Ok(answer::names(store.collection_names(database).await?))
            }
            (Self::Commit, Some(session)) => {
                session.commit_transaction().await.map(|()| Value::Undefined)
            }
            (Self::Abort, Some(session)) => {
                session.abort_transaction().await.map(|()| Value::Undefined)
            }
            (Self::Commit | Self::Abort, None) => Ok(Value::Undefined),
        }
    }
}

/// Reads a command.
///
/// # Errors
/// It makes no sense, or holds what cannot be stored.
pub(crate) fn parse(mut spec: Document) -> Result<Request, Thrown> {
    let method = text(&mut spec, "method")?;
    let id = |spec: &Document| match spec.get("cursor") {
        Some(Bson::Int32(id)) => *id as u32,
        _ => 0,
    };
    match method.as_str() {
        "nextBatch" => return Ok(Request::NextBatch(id(&spec))),
        "closeCursor" => return Ok(Request::CloseCursor(id(&spec))),
        "databaseNames" => return Ok(Request::DatabaseNames),
        "collectionNames" => return Ok(Request::CollectionNames(text(&mut spec, "database")?)),
        "commitTransaction" => return Ok(Request::Commit),
        "abortTransaction" => return Ok(Request::Abort),
        _ => {}
    }
    let (database, collection) = (text(&mut spec, "database")?, text(&mut spec, "collection")?);
    let shape = match method.as_str() {
        "findOne" => Shape::First,
        "insertOne" => Shape::InsertedOne,
        _ => Shape::Plain,
    };
    let mut command = command(&method, &mut spec)?;
    if let Command::Aggregate(aggregate) = &mut command {
        aggregate.of_database = collection.is_empty();
    }
    Ok(Request::Run(Namespace { database, collection }, command, shape))
}

fn command(method: &str, spec: &mut Document) -> Result<Command, Thrown> {
    Ok(match method {
        "find" | "findOne" => Command::Find(find(method, spec)?),
        "aggregate" => {
            let pipeline = documents(spec, "pipeline")?;
            stages::check(&pipeline)?;
            let options = optional(spec, "options")?.unwrap_or_default();
            Command::Aggregate(Aggregate { pipeline, options, of_database: false })
        }
        "count" => {
            let (limit, skip) = (limit(spec), count(spec, "skip"));
            Command::Count(Count { filter: filter(spec)?, limit, skip })
        }
        "distinct" => {
            Command::Distinct(Distinct { field: text(spec, "field")?, filter: filter(spec)? })
        }
        "insertOne" => {
            let documents = vec![with_id(owned(spec, "document")?)?];
            Command::InsertMany(InsertMany { documents, ordered: true })
        }
        "insertMany" => {
            let ordered = spec.get_bool("ordered").unwrap_or(true);
            let list = list(spec, "documents")?.into_iter();
            let documents = list.map(with_id).collect::<Result<_, _>>()?;
            Command::InsertMany(InsertMany { documents, ordered })
        }
        "updateOne" | "updateMany" | "replaceOne" => Command::Update(update(method, spec)?),
        "deleteOne" | "deleteMany" => {
            Command::Delete(Delete { filter: filter(spec)?, many: method == "deleteMany" })
        }
        "bulkWrite" => {
            let ordered = spec.get_bool("ordered").unwrap_or(true);
            let operations = list(spec, "operations")?.into_iter();
            let operations = operations.map(operation).collect::<Result<_, _>>()?;
            Command::BulkWrite(Writes { operations, ordered })
        }
        "findOneAndUpdate" | "findOneAndReplace" | "findOneAndDelete" => {
            let is_removal = method == "findOneAndDelete";
            Command::FindAndModify(FindAndModify {
                filter: filter(spec)?,
                modification: if is_removal { None } else { Some(modification(spec)?) },
                sort: optional(spec, "sort")?,
                projection: optional(spec, "projection")?,
                upsert: spec.get_bool("upsert").unwrap_or(false),
                return_new: spec.get_bool("returnNew").unwrap_or(false),
            })
        }
        other => return Err(Thrown::new("TypeError", format!("there is no method '{other}'"))),
    })
}

fn find(method: &str, spec: &mut Document) -> Result<Find, Thrown> {
    let limit = match (method, limit(spec)) {
        ("findOne", _) => 1,
        (_, 0) => FIND_DOCUMENTS_MAX,
        (_, limit) => limit.min(FIND_DOCUMENTS_MAX),
    };
    let projection = optional(spec, "projection")?.filter(|fields| !fields.is_empty());
    let (sort, skip) = (optional(spec, "sort")?, count(spec, "skip"));
    Ok(Find { filter: filter(spec)?, projection, sort, skip, limit })
}

fn update(method: &str, spec: &mut Document) -> Result<Update, Thrown> {
    Ok(Update {
        filter: filter(spec)?,
        modification: modification(spec)?,
        many: method == "updateMany",
        upsert: spec.get_bool("upsert").unwrap_or(false),
    })
}

fn modification(spec: &mut Document) -> Result<Modification, Thrown> {
    if let Some(replacement) = optional(spec, "replacement")? {
        return Ok(Modification::Replacement(replacement));
    }
    Ok(Modification::Update(match spec.get("update") {
        Some(Bson::Array(_)) => UpdateSpec::Pipeline(documents(spec, "update")?),
        _ => {
            let filters = match spec.get("arrayFilters") {
                Some(Bson::Array(_)) => documents(spec, "arrayFilters")?,
                _ => Vec::new(),
            };
            UpdateSpec::Operators(raw(&owned(spec, "update")?)?, filters)
        }
    }))
}

/// `{ insertOne: { document } }` and its kin.
fn operation(operation: Document) -> Result<WriteOperation, Thrown> {
    let mut parts = operation.into_iter();
    let (Some((kind, Bson::Document(mut spec))), None) = (parts.next(), parts.next()) else {
        return Err(refusal("bulkWrite: each operation must be a document with one field"));
    };
    Ok(match kind.as_str() {
        "insertOne" => WriteOperation::Insert(with_id(owned(&mut spec, "document")?)?),
        "updateOne" | "updateMany" | "replaceOne" => {
            WriteOperation::Update(update(&kind, &mut spec)?)
        }
        "deleteOne" | "deleteMany" => WriteOperation::Delete(Delete {
            filter: filter(&mut spec)?,
            many: kind == "deleteMany",
        }),
        other => return Err(refusal(format!("bulkWrite: there is no operation '{other}'"))),
    })
}

fn with_id(document: Document) -> Result<RawDocumentBuf, Thrown> {
    if document.contains_key("_id") {
        return raw(&document);
    }
    let mut complete = Document::new();
    complete.insert("_id", ObjectId::new());
    complete.extend(document);
    raw(&complete)
}

fn filter(spec: &mut Document) -> Result<RawDocumentBuf, Thrown> {
    Ok(optional(spec, "filter")?.unwrap_or_default())
}

fn optional(spec: &mut Document, name: &str) -> Result<Option<RawDocumentBuf>, Thrown> {
    match spec.remove(name) {
        None | Some(Bson::Undefined | Bson::Null) => Ok(None),
        Some(Bson::Document(document)) => raw(&document).map(Some),
        Some(_) => Err(refusal(format!("'{name}' must be a document"))),
    }
}

fn owned(spec: &mut Document, name: &str) -> Result<Document, Thrown> {
    match spec.remove(name) {
        Some(Bson::Document(document)) => Ok(document),
        _ => Err(refusal(format!("'{name}' must be a document"))),
    }
}

fn list(spec: &mut Document, name: &str) -> Result<Vec<Document>, Thrown> {
    let Some(Bson::Array(items)) = spec.remove(name) else {
        return Err(refusal(format!("'{name}' must be an array of documents")));
    };
    let document = |item| match item {
        Bson::Document(document) => Ok(document),
        _ => Err(refusal(format!("'{name}' must be an array of documents"))),
    };
    items.into_iter().map(document).collect()
}

fn documents(spec: &mut Document, name: &str) -> Result<Vec<RawDocumentBuf>, Thrown> {
    list(spec, name)?.iter().map(raw).collect()
}

fn text(spec: &mut Document, name: &str) -> Result<String, Thrown> {
    match spec.remove(name) {
        Some(Bson::String(text)) => Ok(text),
        _ => Err(refusal(format!("'{name}' must be a string"))),
    }
}

fn count(spec: &Document, name: &str) -> u64 {
    u64::try_from(integer(spec, name)).unwrap_or(0)
}

/// A negative limit asks for as many, in one batch; batches are nobody's business here.
fn limit(spec: &Document) -> u64 {
    integer(spec, "limit").unsigned_abs()
}

fn integer(spec: &Document, name: &str) -> i64 {
    match spec.get(name) {
        Some(Bson::Int32(count)) => i64::from(*count),
        Some(Bson::Int64(count)) => *count,
        _ => 0,
    }
}

fn raw(document: &Document) -> Result<RawDocumentBuf, Thrown> {
    RawDocumentBuf::try_from(document).map_err(|error| refusal(error.to_string()))
}

pub(super) fn refusal(message: impl Into<String>) -> Thrown {
    Thrown::new("FunctionError", message)
}
