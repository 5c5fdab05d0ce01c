//! Why a store did not do what it was asked.

use std::error::Error;

use hookstead_query::{MongoCode, QueryError};

/// What kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The command makes no sense, or meets documents with which it makes none.
    Refused,
    /// A unique index has such a value already.
    DuplicateKey,
    /// The transaction met another one's writes: trying again may help.
    WriteConflict,
    /// No rule lets the user reach the collection.
    NoMatchingRule,
    /// The rules of the collection do not let the user do it.
    NotPermitted,
    /// The document does not fit the schema of its collection.
    SchemaViolation,
    /// This store cannot do it; the message names the remedy.
    Unsupported,
    /// The server did not answer in time, or there is none.
    Unavailable,
    /// A fault of the store's: a full disk, a broken file.
    Internal,
}

/// A failure of a store.
///
/// `Display` is for the caller of a function; what only the operator should see is the source.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct DataError {
    /// What kind.
    pub kind: ErrorKind,
    /// MongoDB's number for it, where it has one.
    pub code: Option<MongoCode>,
    /// For the caller, with the meaning of a MongoDB server's message.
    pub message: String,
    /// For the log.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

/// What only the operator is told.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Detail(String);

impl DataError {
    /// A failure without a number.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, code: None, message: message.into(), source: None }
    }

    /// The same failure with MongoDB's number for it.
    #[must_use]
    pub fn with_code(mut self, code: MongoCode) -> Self {
        self.code = Some(code);
        self
    }

    /// MongoDB's number for it as a plain number, where it has one.
    pub fn number(&self) -> Option<i32> {
        self.code.map(MongoCode::number)
    }

    /// The same failure with what only the log is told, such as addresses.
    #[must_use]
    pub fn with_detail(self, detail: impl Into<String>) -> Self {
        self.caused_by(Detail(detail.into()))
    }

    /// The same failure with what caused it.
    #[must_use]
    pub fn caused_by(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }
}

impl From<QueryError> for DataError {
    fn from(error: QueryError) -> Self {
        let kind = match error.code {
            MongoCode::COMMAND_NOT_SUPPORTED => ErrorKind::Unsupported,
            _ => ErrorKind::Refused,
        };
        Self::new(kind, error.message).with_code(error.code)
    }
}
