//! What can go wrong inside: an answer for the caller, or a fault of the file.

use std::path::{Path, PathBuf};

use hookstead_query::QueryError;
use rusqlite::ErrorCode;

use crate::{DataError, ErrorKind, MongoCode};

/// Why an operation came to nothing.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What the caller is told. The file is well.
    Answer(DataError),
    /// SQLite could not do its work.
    Storage(rusqlite::Error),
    /// Nobody waits for the outcome any more, or it would take too long.
    Cancelled,
}

/// What an operation gives, or why it came to nothing.
pub(crate) type Outcome<T> = Result<T, Failure>;

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Storage(error)
    }
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        Self::Answer(error)
    }
}

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Self {
        match error.code {
            MongoCode::INTERRUPTED => Self::Cancelled,
            _ => Self::Answer(error.into()),
        }
    }
}

impl Failure {
    /// A refusal with MongoDB's number for it.
    pub(crate) fn refused(code: MongoCode, message: impl Into<String>) -> Self {
        Self::Answer(DataError::new(ErrorKind::Refused, message).with_code(code))
    }

    /// Whether it says that nothing of the kind can be done now, and nothing of this one command.
    pub(crate) fn is_outage(&self) -> bool {
        matches!(self, Self::Answer(error) if error.kind == ErrorKind::Unavailable)
    }

    /// What the caller is told, by the path of the file for the operator.
    pub(crate) fn into_error(self, path: &Path) -> DataError {
        match self {
            Self::Answer(error) => error,
            Self::Storage(error) => at_work(path, error),
            Self::Cancelled => DataError::new(ErrorKind::Internal, "the operation was given up"),
        }
    }
}

/// Work ended without an answer, which only a fault of ours can cause.
pub(crate) fn gone() -> DataError {
    DataError::new(ErrorKind::Internal, "the store of documents has a fault and gave no answer")
        .with_code(MongoCode::INTERNAL_ERROR)
}

/// A fault of the file, for the operator: which file, what is wrong, what helps.
#[derive(Debug, thiserror::Error)]
#[error("{}: {}", path.display(), trouble(source).1)]
pub(crate) struct FileFault {
    path: PathBuf,
    source: rusqlite::Error,
}

/// A fault while the file is opened. An operator reads it, so it says everything.
pub(crate) fn at_opening(path: &Path, error: rusqlite::Error) -> DataError {
    let kind = trouble(&error).0;
    let fault = FileFault { path: path.to_owned(), source: error };
    DataError::new(kind, fault.to_string()).caused_by(fault.source)
}

/// A fault while a function waits, which need not know where files are.
fn at_work(path: &Path, error: rusqlite::Error) -> DataError {
    let (kind, _) = trouble(&error);
    let (code, message) = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => {
            (MongoCode::OUT_OF_DISK_SPACE, "the store of documents has no space left")
        }
        Some(ErrorCode::DatabaseBusy) => {
            (MongoCode::MAX_TIME_EXPIRED, "another process holds the store of documents")
        }
        Some(ErrorCode::TooBig) => {
            (MongoCode::BSON_OBJECT_TOO_LARGE, "the document is too large for the store")
        }
        _ => (MongoCode::INTERNAL_ERROR, "the store of documents has a fault; the log names it"),
    };
    let fault = FileFault { path: path.to_owned(), source: error };
    DataError::new(kind, message).with_code(code).caused_by(fault)
}

/// What kind of fault it is, and what it says to the operator.
fn trouble(error: &rusqlite::Error) -> (ErrorKind, String) {
    let text = match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            "this is no database of documents; move the file away to begin with an empty one, \
             or put a backup in its place"
        }
        Some(ErrorCode::DatabaseCorrupt) => {
            "the file is damaged; put a backup in its place (with no -wal file beside it), or \
             save what can be read with: sqlite3 FILE .recover"
        }
        Some(ErrorCode::DiskFull) => "the disk is full; make room, nothing is lost",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            let text = "another process has held the file for too long; end it or wait";
            return (ErrorKind::Unavailable, text.to_owned());
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            "the file cannot be opened for writing; check its owner, its permissions and those \
             of its folder"
        }
        Some(ErrorCode::SystemIoFailure) => "the disk failed; see the system's log",
        _ => return (ErrorKind::Internal, error.to_string()),
    };
    (ErrorKind::Internal, text.to_owned())
}
