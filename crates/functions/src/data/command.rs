//! A command, as the JavaScript half writes it down, and what carries it out.

use std::sync::Arc;

use bson::{RawBsonRef, RawDocument, RawDocumentBuf, oid::ObjectId, raw::cstr};
use hookstead_data::{
    Aggregate, Command, Count, DataError, Delete, Distinct, Find, FindAndModify, InsertMany,
    Modification, Namespace, Store, Update, UpdateSpec, WriteOperation, Writes,
};
use hookstead_isolate::{Thrown, Value};

use super::{
    answer::{self, Shape},
    fault,
    handles::Cursors,
    order::SessionCall,
    spec::{Spec, refusal},
    stages, thrown, thrown_by_read,
};
use crate::faults::Faults;

/// What a find returns at most (docs/behaviour/limits.md#a-query).
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
        session: Option<SessionCall>,
        cursors: Cursors,
        faults: Faults,
    ) -> Result<Value, Thrown> {
        let explain = if self.reads() { thrown_by_read } else { thrown };
        self.ask(store, session, cursors).await.map_err(|error| {
            if let Some(fault) = fault(&error) {
                faults.note(fault);
            }
            explain(&error)
        })
    }

    /// Whether it changes nothing and answers with documents, or what is known of them.
    pub(crate) fn reads(&self) -> bool {
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
        session: Option<SessionCall>,
        cursors: Cursors,
    ) -> Result<Value, DataError> {
        match (self, session) {
            (Self::Run(namespace, command, shape), session) => {
                let answer = match session {
                    Some(call) => call.hand_over(|session| session.run(namespace, command)).await,
                    None => store.run(namespace, command).await,
                };
                answer::value(answer?, shape, &cursors)
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
            (Self::Commit, Some(call)) => call
                .hand_over(|session| session.commit_transaction())
                .await
                .map(|()| Value::Undefined),
            (Self::Abort, Some(call)) => call
                .hand_over(|session| session.abort_transaction())
                .await
                .map(|()| Value::Undefined),
            (Self::Commit | Self::Abort, None) => Ok(Value::Undefined),
        }
    }
}

/// Reads a command.
///
/// # Errors
/// It makes no sense, or holds what cannot be stored.
pub(crate) fn parse(spec: &Spec<'_>) -> Result<Request, Thrown> {
    let method = spec.text("method")?;
    let id = || match spec.get("cursor") {
        Some(RawBsonRef::Int32(id)) => id as u32,
        _ => 0,
    };
    match method.as_str() {
        "nextBatch" => return Ok(Request::NextBatch(id())),
        "closeCursor" => return Ok(Request::CloseCursor(id())),
        "databaseNames" => return Ok(Request::DatabaseNames),
        "collectionNames" => return Ok(Request::CollectionNames(spec.text("database")?)),
        "commitTransaction" => return Ok(Request::Commit),
        "abortTransaction" => return Ok(Request::Abort),
        _ => {}
    }
    let (database, collection) = (spec.text("database")?, spec.text("collection")?);
    let shape = match method.as_str() {
        "findOne" => Shape::First,
        "insertOne" => Shape::InsertedOne,
        _ => Shape::Plain,
    };
    let mut command = command(&method, spec)?;
    if let Command::Aggregate(aggregate) = &mut command {
        aggregate.of_database = collection.is_empty();
    }
    Ok(Request::Run(Namespace { database, collection }, command, shape))
}

fn command(method: &str, spec: &Spec<'_>) -> Result<Command, Thrown> {
    Ok(match method {
        "find" | "findOne" => Command::Find(find(method, spec)?),
        "aggregate" => {
            let pipeline = spec.documents("pipeline")?;
            stages::check(&pipeline)?;
            let options = spec.optional("options")?.unwrap_or_default();
            Command::Aggregate(Aggregate { pipeline, options, of_database: false })
        }
        "count" => {
            let (limit, skip) = (spec.limit(), spec.count("skip"));
            Command::Count(Count { filter: spec.filter()?, limit, skip })
        }
        "distinct" => {
            Command::Distinct(Distinct { field: spec.text("field")?, filter: spec.filter()? })
        }
        "insertOne" => {
            let documents = vec![with_id(spec.document("document")?)?];
            Command::InsertMany(InsertMany { documents, ordered: true })
        }
        "insertMany" => {
            let ordered = spec.flag("ordered").unwrap_or(true);
            let list = spec.list("documents")?.into_iter();
            let documents = list.map(with_id).collect::<Result<_, _>>()?;
            Command::InsertMany(InsertMany { documents, ordered })
        }
        "updateOne" | "updateMany" | "replaceOne" => Command::Update(update(method, spec)?),
        "deleteOne" | "deleteMany" => {
            Command::Delete(Delete { filter: spec.filter()?, many: method == "deleteMany" })
        }
        "bulkWrite" => {
            let ordered = spec.flag("ordered").unwrap_or(true);
            let operations = spec.list("operations")?.into_iter();
            let operations = operations.map(operation).collect::<Result<_, _>>()?;
            Command::BulkWrite(Writes { operations, ordered })
        }
        "findOneAndUpdate" | "findOneAndReplace" | "findOneAndDelete" => {
            let is_removal = method == "findOneAndDelete";
            Command::FindAndModify(FindAndModify {
                filter: spec.filter()?,
                modification: if is_removal { None } else { Some(modification(spec)?) },
                sort: spec.optional("sort")?,
                projection: spec.optional("projection")?,
                upsert: spec.flag("upsert").unwrap_or(false),
                return_new: spec.flag("returnNew").unwrap_or(false),
            })
        }
        other => return Err(Thrown::new("TypeError", format!("there is no method '{other}'"))),
    })
}

fn find(method: &str, spec: &Spec<'_>) -> Result<Find, Thrown> {
    let limit = match (method, spec.limit()) {
        ("findOne", _) => 1,
        (_, 0) => FIND_DOCUMENTS_MAX,
        (_, limit) => limit.min(FIND_DOCUMENTS_MAX),
    };
    let projection = spec.optional("projection")?.filter(|fields| !fields.is_empty());
    let (sort, skip) = (spec.optional("sort")?, spec.count("skip"));
    Ok(Find { filter: spec.filter()?, projection, sort, skip, limit })
}

fn update(method: &str, spec: &Spec<'_>) -> Result<Update, Thrown> {
    Ok(Update {
        filter: spec.filter()?,
        modification: modification(spec)?,
        many: method == "updateMany",
        upsert: spec.flag("upsert").unwrap_or(false),
    })
}

fn modification(spec: &Spec<'_>) -> Result<Modification, Thrown> {
    if let Some(replacement) = spec.optional("replacement")? {
        return Ok(Modification::Replacement(replacement));
    }
    Ok(Modification::Update(match spec.get("update") {
        Some(RawBsonRef::Array(_)) => UpdateSpec::Pipeline(spec.documents("update")?),
        _ => {
            let filters = match spec.get("arrayFilters") {
                Some(RawBsonRef::Array(_)) => spec.documents("arrayFilters")?,
                _ => Vec::new(),
            };
            UpdateSpec::Operators(spec.document("update")?.to_owned(), filters)
        }
    }))
}

/// `{ insertOne: { document } }` and its kin.
fn operation(operation: &RawDocument) -> Result<WriteOperation, Thrown> {
    let parts: Vec<_> = operation.iter().map_while(Result::ok).collect();
    let [(kind, RawBsonRef::Document(given))] = parts[..] else {
        return Err(refusal("bulkWrite: each operation must be a document with one field"));
    };
    let (kind, spec) = (kind.as_str(), Spec::new(given));
    Ok(match kind {
        "insertOne" => WriteOperation::Insert(with_id(spec.document("document")?)?),
        "updateOne" | "updateMany" | "replaceOne" => WriteOperation::Update(update(kind, &spec)?),
        "deleteOne" | "deleteMany" => {
            WriteOperation::Delete(Delete { filter: spec.filter()?, many: kind == "deleteMany" })
        }
        other => return Err(refusal(format!("bulkWrite: there is no operation '{other}'"))),
    })
}

/// A document with its `_id`, a new one where it has none.
fn with_id(document: &RawDocument) -> Result<RawDocumentBuf, Thrown> {
    let id = document.get("_id").map_err(|error| refusal(error.to_string()))?;
    if id.is_some() {
        return Ok(document.to_owned());
    }
    let mut complete = RawDocumentBuf::new();
    complete.append(cstr!("_id"), ObjectId::new());
    for (name, value) in document.iter().map_while(Result::ok) {
        complete.append(name, value);
    }
    Ok(complete)
}
