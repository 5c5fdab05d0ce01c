//! One command, from what was asked to what is answered.

use bson::{Bson, Document, RawDocumentBuf, Timestamp, raw::cstr};
use mongodb::{
    ClientSession, Database,
    error::Error,
    options::{ReadPreference, RunCommandOptions, RunCursorCommandOptions, SelectionCriteria},
    raw_batch_cursor::SessionRawBatchCursor,
};

use super::{
    cursor::next_portion,
    failure::{is_alone, is_concern_again, is_read_again, is_write_again},
    lease::Lease,
    modify,
    reads::{self, Context},
    shared::Shared,
    writes::{self, Group, Tally, number},
};
use crate::{
    Aggregate, Answer, Batch, Command, Count, DataError, ErrorKind, InsertMany, Namespace,
    WriteOperation,
};

/// Where a command runs.
pub(super) enum Place<'a> {
    /// By itself.
    Lease {
        /// In this session.
        lease: &'a mut Lease,
        /// The data must have come so far.
        after: Option<Timestamp>,
    },
    /// In the transaction of a session.
    Transaction(&'a mut ClientSession),
}

/// What came of it.
pub(super) enum Outcome {
    /// Everything.
    Answer(Answer),
    /// Some documents, and more to come.
    Cursor(Batch, Box<SessionRawBatchCursor>),
}

/// Runs a command.
pub(super) async fn run(
    shared: &Shared,
    place: Place<'_>,
    namespace: Namespace,
    command: Command,
) -> Result<Outcome, DataError> {
    let database = shared.client().await?.database(&namespace.database);
    let mut run = Run { shared, place, database, namespace };
    let answer = match command {
        Command::Find(find) => {
            let command = reads::find(run.context(), &find);
            return run.cursor(command, shared.read_criteria.clone(), true).await;
        }
        Command::Aggregate(aggregate) => return run.aggregate(&aggregate).await,
        Command::Count(count) => Answer::Count(run.count(&count).await?),
        Command::Distinct(distinct) => {
            let command = reads::distinct(run.context(), &distinct);
            match run.read(command).await?.remove("values") {
                Some(Bson::Array(values)) => Answer::Values(values),
                _ => return Err(unreadable()),
            }
        }
        Command::InsertMany(insert) => run.insert(insert).await?,
        Command::Update(update) => {
            let tally = run.write(vec![WriteOperation::Update(update)], true).await?;
            Answer::Updated(done(tally)?.updated())
        }
        Command::Delete(delete) => {
            let tally = run.write(vec![WriteOperation::Delete(delete)], true).await?;
            Answer::Deleted(done(tally)?.found)
        }
        Command::FindAndModify(command) => {
            let collection = shared.collection(&run.namespace).await?;
            let transaction = match run.place {
                Place::Transaction(session) => Some(session),
                Place::Lease { .. } => None,
            };
            Answer::Document(modify::run(shared, &collection, transaction, command).await?)
        }
        Command::BulkWrite(writes) => {
            done(run.write(writes.operations, writes.ordered).await?)?;
            Answer::Written
        }
    };
    Ok(Outcome::Answer(answer))
}

struct Run<'a> {
    shared: &'a Shared,
    place: Place<'a>,
    database: Database,
    namespace: Namespace,
}

impl Run<'_> {
    fn context(&self) -> Context<'_> {
        let (in_transaction, after) = match &self.place {
            Place::Transaction(_) => (true, None),
            Place::Lease { after, .. } => (false, *after),
        };
        let collection = &self.namespace.collection;
        Context { shared: self.shared, collection, in_transaction, after }
    }

    fn session(&mut self) -> &mut ClientSession {
        match &mut self.place {
            Place::Transaction(session) => session,
            Place::Lease { lease, .. } => lease.session(),
        }
    }

    async fn aggregate(&mut self, aggregate: &Aggregate) -> Result<Outcome, DataError> {
        let writes = reads::writes(aggregate);
        let criteria = match writes && !reads::enforces_read_preference(aggregate) {
            true => Some(SelectionCriteria::ReadPreference(ReadPreference::Primary)),
            false => self.shared.read_criteria.clone(),
        };
        let command = reads::aggregate(self.context(), aggregate);
        self.cursor(command, criteria, !writes).await
    }

    async fn count(&mut self, count: &Count) -> Result<u64, DataError> {
        if !self.context().in_transaction {
            let command = reads::count(self.context(), count);
            return Ok(number(&self.read(command).await?, "n"));
        }
        let command = reads::count_by_pipeline(self.context(), count);
        match self.cursor(command, None, false).await? {
            Outcome::Answer(Answer::Cursor(batch, _)) | Outcome::Cursor(batch, _) => {
                let first = batch.iter().next().map(Document::try_from).transpose();
                let first = first.map_err(|error| unreadable().caused_by(error))?;
                Ok(first.map_or(0, |first| number(&first, "n")))
            }
            Outcome::Answer(_) => Err(unreadable()),
        }
    }

    /// A command whose answer is a cursor.
    async fn cursor(
        &mut self,
        command: RawDocumentBuf,
        criteria: Option<SelectionCriteria>,
        is_repeatable: bool,
    ) -> Result<Outcome, DataError> {
        let is_repeatable = is_repeatable && self.may_read_again();
        let criteria = criteria.filter(|_| !self.context().in_transaction);
        let first = self.open(command.clone(), criteria.clone()).await;
        let opened = match first {
            Err(error) if is_repeatable && is_read_again(&error) => {
                self.open(command, criteria).await
            }
            first => first,
        };
        let mut cursor = opened.map_err(|error| self.shared.explain(error))?;
        let shared = self.shared;
        let (batch, is_last) = next_portion(shared, &mut cursor, self.session()).await?;
        Ok(match is_last {
            true => Outcome::Answer(Answer::Cursor(batch, None)),
            false => Outcome::Cursor(batch, Box::new(cursor)),
        })
    }

    async fn open(
        &mut self,
        command: RawDocumentBuf,
        criteria: Option<SelectionCriteria>,
    ) -> Result<SessionRawBatchCursor, Error> {
        let database = self.database.clone();
        let options = RunCursorCommandOptions::builder().selection_criteria(criteria).build();
        let action = database.run_raw_cursor_command(command).with_options(options);
        action.session(self.session()).batch().await
    }

    /// A command that reads, and whose answer is one document.
    async fn read(&mut self, command: RawDocumentBuf) -> Result<Document, DataError> {
        let criteria = self.shared.read_criteria.clone().filter(|_| !self.context().in_transaction);
        let first = self.send(command.clone(), criteria.clone()).await;
        let reply = match first {
            Err(error) if self.may_read_again() && is_read_again(&error) => {
                self.send(command, criteria).await
            }
            first => first,
        };
        reply.map_err(|error| self.shared.explain(error))
    }

    fn may_read_again(&self) -> bool {
        self.shared.retry_reads && !self.context().in_transaction
    }

    async fn insert(&mut self, insert: InsertMany) -> Result<Answer, DataError> {
        let ids = insert.documents.iter().map(|document| {
            let id = document.get("_id").ok().flatten().and_then(|id| Bson::try_from(id).ok());
            id.ok_or_else(|| DataError::new(ErrorKind::Refused, "a new document has no _id"))
        });
        let ids = ids.collect::<Result<Vec<_>, _>>()?;
        let operations = insert.documents.into_iter().map(WriteOperation::Insert).collect();
        done(self.write(operations, insert.ordered).await?)?;
        Ok(Answer::Inserted(ids))
    }

    async fn write(
        &mut self,
        operations: Vec<WriteOperation>,
        is_ordered: bool,
    ) -> Result<Tally, DataError> {
        writes::check(&operations)?;
        let mut tally = Tally::default();
        let mut operations = operations.into_iter().peekable();
        while let Some(group) = writes::next_group(&mut operations) {
            let reply = self.write_group(&group, is_ordered).await;
            tally.add(reply.map_err(|error| self.shared.explain(error))?);
            if is_ordered && tally.failure.is_some() {
                break;
            }
        }
        Ok(tally)
    }

    async fn write_group(&mut self, group: &Group, is_ordered: bool) -> Result<Document, Error> {
        let number = match &mut self.place {
            Place::Lease { lease, .. } if group.is_repeatable && self.shared.retries_writes() => {
                Some(lease.next_number())
            }
            _ => None,
        };
        let command = |run: &Self| {
            let context = run.context();
            group.command(run.shared, context.collection, is_ordered, context.in_transaction)
        };
        let Some(number) = number else { return self.send(command(self), None).await };
        let numbered = |run: &Self| {
            let mut command = command(run);
            command.append(cstr!("txnNumber"), number);
            command
        };
        match self.send(numbered(self), None).await {
            Err(error) if is_alone(&error) => {
                self.shared.writes_bear_no_numbers();
                self.send(command(self), None).await
            }
            Err(error) if is_write_again(&error) => {
                let second = self.send(numbered(self), None).await;
                // What the first one did is what counts, if the second one got nowhere.
                second.map_err(|second| match second.contains_label("NoWritesPerformed") {
                    true => error,
                    false => second,
                })
            }
            Ok(reply) if is_concern_again(&reply) => self.send(numbered(self), None).await,
            first => first,
        }
    }

    async fn send(
        &mut self,
        command: RawDocumentBuf,
        criteria: Option<SelectionCriteria>,
    ) -> Result<Document, Error> {
        let database = self.database.clone();
        let options = RunCommandOptions::builder().selection_criteria(criteria).build();
        let action = database.run_raw_command(command).with_options(options);
        action.session(self.session()).await
    }
}

fn done(tally: Tally) -> Result<Tally, DataError> {
    match tally.failure {
        Some(failure) => Err(failure),
        None => Ok(tally),
    }
}

fn unreadable() -> DataError {
    DataError::new(ErrorKind::Internal, "the answer of MongoDB cannot be understood")
}
