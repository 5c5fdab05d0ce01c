//! The one trait of all stores, and what they answer.

use std::{pin::Pin, sync::Arc};

use bson::{Bson, RawDocument, RawDocumentBuf};

use crate::{Changes, Command, DataError, Namespace, Watch};

/// A future of a store. It goes on as long as somebody polls it; dropping it gives up waiting, and
/// a write that has been handed over may still happen.
pub type Future<'a, T> =
    Pin<Box<dyn std::future::Future<Output = Result<T, DataError>> + Send + 'a>>;

/// A future that has failed already.
pub(crate) fn failed<T: Send + 'static>(error: DataError) -> Future<'static, T> {
    Box::pin(std::future::ready(Err(error)))
}

/// What commands can be sent to: a store, or a session of one.
pub trait Target: Send + Sync {
    /// Runs a command.
    fn run(&self, namespace: Namespace, command: Command) -> Future<'static, Answer>;
}

/// A place for documents, shared by all runs.
pub trait Store: Target {
    /// The names of all databases.
    fn database_names(&self) -> Future<'static, Vec<String>>;

    /// The names of all collections of a database.
    fn collection_names(&self, database: String) -> Future<'static, Vec<String>>;

    /// Watches a collection: what happens to its documents from now on, or from a resume token on,
    /// in the order of the commits. The collection need not exist.
    ///
    /// The future fails where the store has no change streams, where the conditions are no queries,
    /// and with [`MongoCode::CHANGE_STREAM_HISTORY_LOST`](crate::MongoCode) where the token is too
    /// old. A stream ends with an error: when what it has not read is more than its limits, when
    /// the collection is dropped, or when the store fails.
    fn watch(&self, namespace: Namespace, watch: Watch) -> Future<'static, Box<dyn Changes>>;

    /// A session. What its transaction has not committed when it is dropped is gone.
    fn start_session(&self) -> Arc<dyn Session>;
}

/// A sequence of commands, and the transaction that they may be part of.
///
/// Commands run one after another, in the order in which they were sent, and belong to the
/// transaction that was open then: nobody needs to wait for one before sending the next.
pub trait Session: Target {
    /// Begins a transaction: commands from now on are part of it.
    ///
    /// # Errors
    /// A transaction is open already.
    fn start_transaction(&self) -> Result<(), DataError>;

    /// Makes everything since its begin visible, or nothing.
    fn commit_transaction(&self) -> Future<'static, ()>;

    /// Forgets everything since its begin.
    fn abort_transaction(&self) -> Future<'static, ()>;

    /// Whether a transaction has begun and not ended.
    fn in_transaction(&self) -> bool;
}

/// What came of a command.
pub enum Answer {
    /// Documents: the first of them, and where more come from.
    Cursor(Batch, Option<Box<dyn Cursor>>),
    /// One document or none.
    Document(Option<RawDocumentBuf>),
    /// A number of documents.
    Count(u64),
    /// Values.
    Values(Vec<Bson>),
    /// The ids, in the order of the documents.
    Inserted(Vec<Bson>),
    /// What an update found and changed.
    Updated(Updated),
    /// How many documents went.
    Deleted(u64),
    /// All writes are done.
    Written,
}

/// What an update found and changed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Updated {
    /// How many documents matched.
    pub matched: u64,
    /// How many of them are different now.
    pub modified: u64,
    /// The `_id` of the document that was inserted, where one was.
    pub upserted_id: Option<Bson>,
}

/// Documents that are still to come.
pub trait Cursor: Send {
    /// The next batch; an empty one is the end.
    fn next_batch(&mut self) -> Future<'_, Batch>;

    /// How many bytes it holds between two batches, as far as that is more than a position.
    fn held_bytes(&self) -> usize {
        0
    }
}

/// Some documents, one behind the other.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    /// Where the first document begins.
    start: usize,
    count: usize,
}

impl Batch {
    /// Adds a document.
    pub fn push(&mut self, document: &RawDocument) {
        self.bytes.extend_from_slice(document.as_bytes());
        self.count += 1;
    }

    /// How many documents.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many bytes they take.
    pub fn bytes_len(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// Takes documents from the front: of so many bytes at most, and one at least.
    #[must_use]
    pub fn take(&mut self, bytes_max: usize) -> Self {
        if self.bytes_len() <= bytes_max {
            return std::mem::take(self);
        }
        let mut taken = Self::default();
        for document in self.iter() {
            if taken.count > 0 && taken.bytes_len() + document.as_bytes().len() > bytes_max {
                break;
            }
            taken.push(document);
        }
        self.start += taken.bytes_len();
        self.count -= taken.count;
        taken
    }

    /// The documents.
    pub fn iter(&self) -> impl Iterator<Item = &RawDocument> {
        let mut rest = &self.bytes[self.start..];
        std::iter::from_fn(move || {
            let length = rest.first_chunk::<4>().map(|length| i32::from_le_bytes(*length))?;
            let (document, others) = rest.split_at_checked(usize::try_from(length).ok()?)?;
            rest = others;
            RawDocument::from_bytes(document).ok()
        })
    }
}
