//! Writes: any number of them, in as few commands as a server takes them.

use std::iter::Peekable;

use bson::{
    Bson, Document, RawArrayBuf, RawDocumentBuf,
    raw::{CStr, cstr},
};

use super::{failure, shared::Shared};
use crate::{DataError, Delete, Modification, Update, UpdateSpec, Updated, WriteOperation, check};

/// A server takes no command that is larger than the largest document and a little.
const COMMAND_BYTES_MAX: usize = check::DOCUMENT_BYTES_MAX;

/// Nor one with more writes.
const STATEMENTS_MAX: usize = 100_000;

/// What an element of an array takes besides its value.
const ELEMENT_BYTES: usize = 8;

/// Writes of one kind, one behind the other.
pub(super) struct Group {
    verb: Verb,
    statements: RawArrayBuf,
    count: usize,
    bytes: usize,
    /// Whether a server can tell that it has done all of them already: not so where one of them
    /// may change several documents.
    pub(super) is_repeatable: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Verb {
    Insert,
    Update,
    Delete,
}

/// What came of writes.
#[derive(Default)]
pub(super) struct Tally {
    /// Documents that an update, or a removal, found.
    pub(super) found: u64,
    modified: u64,
    upserted_id: Option<Bson>,
    /// The first write that failed.
    pub(super) failure: Option<DataError>,
}

/// Refuses what a server would not refuse, or would not even read.
pub(super) fn check(operations: &[WriteOperation]) -> Result<(), DataError> {
    check::count(operations.len())?;
    operations.iter().try_for_each(|operation| match operation {
        WriteOperation::Insert(document) => check::size(document),
        WriteOperation::Update(update) => check::modification(&update.modification),
        WriteOperation::Delete(_) => Ok(()),
    })
}

/// The next writes that fit into one command.
pub(super) fn next_group(
    operations: &mut Peekable<impl Iterator<Item = WriteOperation>>,
) -> Option<Group> {
    let first = operations.next()?;
    let mut group = Group::new(verb(&first));
    group.push(first);
    while let Some(operation) = operations.next_if(|operation| group.has_room(operation)) {
        group.push(operation);
    }
    Some(group)
}

impl Group {
    fn new(verb: Verb) -> Self {
        let statements = RawArrayBuf::new();
        Self { verb, statements, count: 0, bytes: 0, is_repeatable: true }
    }

    fn has_room(&self, operation: &WriteOperation) -> bool {
        self.verb == verb(operation)
            && self.count < STATEMENTS_MAX
            && self.bytes + bytes_max(operation) <= COMMAND_BYTES_MAX
    }

    fn push(&mut self, operation: WriteOperation) {
        self.bytes += bytes_max(&operation);
        self.count += 1;
        match operation {
            WriteOperation::Insert(document) => self.statements.push(document),
            WriteOperation::Update(update) => {
                self.is_repeatable &= !update.many;
                self.statements.push(update_statement(&update));
            }
            WriteOperation::Delete(delete) => {
                self.is_repeatable &= !delete.many;
                self.statements.push(delete_statement(&delete));
            }
        }
    }

    /// The command, but for the number of a write.
    pub(super) fn command(
        &self,
        shared: &Shared,
        collection: &str,
        is_ordered: bool,
        in_transaction: bool,
    ) -> RawDocumentBuf {
        let (name, list): (&CStr, &CStr) = match self.verb {
            Verb::Insert => (cstr!("insert"), cstr!("documents")),
            Verb::Update => (cstr!("update"), cstr!("updates")),
            Verb::Delete => (cstr!("delete"), cstr!("deletes")),
        };
        let mut command = RawDocumentBuf::new();
        command.append(name, collection);
        command.append(cstr!("ordered"), is_ordered);
        command.append(cstr!("maxTimeMS"), shared.milliseconds_max());
        if let Some(concern) = shared.write_concern.as_deref().filter(|_| !in_transaction) {
            command.append(cstr!("writeConcern"), concern);
        }
        command.append(list, &*self.statements);
        command
    }
}

impl Tally {
    /// Adds what a server answered.
    pub(super) fn add(&mut self, mut reply: Document) {
        let upserted = match reply.remove("upserted") {
            Some(Bson::Array(upserted)) => upserted,
            _ => Vec::new(),
        };
        let inserted = u64::try_from(upserted.len()).unwrap_or(0);
        self.found += number(&reply, "n").saturating_sub(inserted);
        self.modified += number(&reply, "nModified");
        if let Some(Bson::Document(mut first)) = upserted.into_iter().next() {
            self.upserted_id = first.remove("_id");
        }
        if self.failure.is_none() {
            self.failure = failure_of(&reply);
        }
    }

    /// What an update answers.
    pub(super) fn updated(self) -> Updated {
        Updated { matched: self.found, modified: self.modified, upserted_id: self.upserted_id }
    }
}

fn verb(operation: &WriteOperation) -> Verb {
    match operation {
        WriteOperation::Insert(_) => Verb::Insert,
        WriteOperation::Update(_) => Verb::Update,
        WriteOperation::Delete(_) => Verb::Delete,
    }
}

/// What a write takes in a command, at most.
fn bytes_max(operation: &WriteOperation) -> usize {
    /// Names, flags and lengths of a statement.
    const STATEMENT_BYTES: usize = 100;
    let list = |documents: &[RawDocumentBuf]| -> usize {
        documents.iter().map(|document| document.as_bytes().len() + ELEMENT_BYTES).sum()
    };
    ELEMENT_BYTES
        + match operation {
            WriteOperation::Insert(document) => document.as_bytes().len(),
            WriteOperation::Delete(delete) => STATEMENT_BYTES + delete.filter.as_bytes().len(),
            WriteOperation::Update(update) => {
                let modification = match &update.modification {
                    Modification::Replacement(document) => document.as_bytes().len(),
                    Modification::Update(UpdateSpec::Operators(document, filters)) => {
                        document.as_bytes().len() + list(filters)
                    }
                    Modification::Update(UpdateSpec::Pipeline(stages)) => list(stages),
                };
                STATEMENT_BYTES + update.filter.as_bytes().len() + modification
            }
        }
}

fn update_statement(update: &Update) -> RawDocumentBuf {
    let mut statement = RawDocumentBuf::new();
    statement.append(cstr!("q"), &*update.filter);
    match &update.modification {
        Modification::Replacement(document) => statement.append(cstr!("u"), &**document),
        Modification::Update(UpdateSpec::Operators(document, filters)) => {
            statement.append(cstr!("u"), &**document);
            if !filters.is_empty() {
                let filters: RawArrayBuf = filters.iter().cloned().collect();
                statement.append(cstr!("arrayFilters"), filters);
            }
        }
        Modification::Update(UpdateSpec::Pipeline(stages)) => {
            let stages: RawArrayBuf = stages.iter().cloned().collect();
            statement.append(cstr!("u"), stages);
        }
    }
    statement.append(cstr!("multi"), update.many);
    statement.append(cstr!("upsert"), update.upsert);
    statement
}

fn delete_statement(delete: &Delete) -> RawDocumentBuf {
    let mut statement = RawDocumentBuf::new();
    statement.append(cstr!("q"), &*delete.filter);
    statement.append(cstr!("limit"), i32::from(!delete.many));
    statement
}

/// The first write that a server refused, or else that it cannot promise them to last.
fn failure_of(reply: &Document) -> Option<DataError> {
    let errors = reply.get_array("writeErrors").ok();
    let errors = errors.into_iter().flatten().filter_map(Bson::as_document);
    let first = errors.min_by_key(|error| number(error, "index"));
    let error = first.or_else(|| reply.get_document("writeConcernError").ok())?;
    let code = error.get_i32("code").unwrap_or(0);
    let message = error.get_str("errmsg").unwrap_or("the server does not say why");
    Some(failure::from_server(code, message, false))
}

/// A number that a server may have written in any of three types.
pub(super) fn number(document: &Document, key: &str) -> u64 {
    match document.get(key) {
        Some(Bson::Int32(value)) => u64::try_from(*value).unwrap_or(0),
        Some(Bson::Int64(value)) => u64::try_from(*value).unwrap_or(0),
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "counts are whole and not negative"
        )]
        Some(Bson::Double(value)) => *value as u64,
        _ => 0,
    }
}
