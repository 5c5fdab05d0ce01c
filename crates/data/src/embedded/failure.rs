//! What can go wrong inside: an answer for the caller, or a fault of the file.

use std::{error::Error, fmt, path::Path};

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

    /// What the caller is told, with the fault of the file for the operator.
    pub(crate) fn into_error(self, path: &Path, bytes_max: Option<u64>) -> DataError {
        match self {
            Self::Answer(error) => error,
            Self::Storage(error) => at_work(path, bytes_max, &error),
            Self::Cancelled => DataError::new(ErrorKind::Internal, "the operation was given up"),
        }
    }
}

/// Work ended without an answer, which only a fault of ours can cause.
pub(crate) fn gone() -> DataError {
    DataError::new(ErrorKind::Internal, "the store of documents has a fault and gave no answer")
        .with_code(MongoCode::INTERNAL_ERROR)
}

/// A fault of the file, for the operator: which file, what is wrong, what helps. The alternate form
/// (`{:#}`) has the remedy on a line of its own, for terminals.
#[derive(Debug)]
pub(crate) struct FileFault {
    kind: ErrorKind,
    what: String,
    remedy: Option<String>,
}

impl fmt::Display for FileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if f.alternate() { "\n  → " } else { ": " };
        f.write_str(&self.what)?;
        self.remedy.iter().try_for_each(|remedy| write!(f, "{separator}{remedy}"))
    }
}

impl Error for FileFault {}

impl From<FileFault> for DataError {
    fn from(fault: FileFault) -> Self {
        Self::new(fault.kind, format!("{fault:#}"))
    }
}

/// A fault while the file is opened. An operator reads it, so it says everything.
pub(crate) fn at_opening(
    path: &Path,
    bytes_max: Option<u64>,
    error: &rusqlite::Error,
) -> DataError {
    FileFault::new(path, bytes_max, error).into()
}

/// A fault while a function waits, which need not know where files are.
fn at_work(path: &Path, bytes_max: Option<u64>, error: &rusqlite::Error) -> DataError {
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
    let fault = FileFault::new(path, bytes_max, error);
    DataError::new(fault.kind, message).with_code(code).caused_by(fault)
}

impl FileFault {
    fn new(path: &Path, bytes_max: Option<u64>, error: &rusqlite::Error) -> Self {
        let file = path.display();
        let (what, remedy) = match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => return Self::not_a_database(path),
            Some(ErrorCode::DatabaseCorrupt) => (
                format!("{file} is damaged"),
                format!(
                    "put a backup in its place and remove {file}-wal, or save what is readable \
                     with: sqlite3 {file} .recover"
                ),
            ),
            Some(ErrorCode::DiskFull) => return Self::full(path, bytes_max),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                let what = format!("another process has held {file} for too long");
                let remedy = "end that process, or wait until it has finished";
                return Self::of(ErrorKind::Unavailable, what, remedy);
            }
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => (
                format!("{file} cannot be opened"),
                "this user must be allowed to write the file and its folder, and the limit of \
                 open files (ulimit -n) must not be too small"
                    .to_owned(),
            ),
            Some(ErrorCode::SystemIoFailure) => (
                format!("{file} cannot be read or written, because the disk failed"),
                "the log of the system says more".to_owned(),
            ),
            _ => {
                let what = format!("{file}: {error}");
                return Self { kind: ErrorKind::Internal, what, remedy: None };
            }
        };
        Self::of(ErrorKind::Internal, what, remedy)
    }

    fn of(kind: ErrorKind, what: String, remedy: impl Into<String>) -> Self {
        Self { kind, what, remedy: Some(remedy.into()) }
    }

    /// A file of another program.
    pub(crate) fn not_a_database(path: &Path) -> Self {
        Self::of(
            ErrorKind::Internal,
            format!("{} is not a database of Hookstead", path.display()),
            "move it away to begin with an empty one, or put a backup in its place",
        )
    }

    /// A folder in the place of the file.
    pub(crate) fn folder(path: &Path) -> Self {
        let what = format!("{} is a folder", path.display());
        Self::of(ErrorKind::Internal, what, "move it away")
    }

    /// SQLite has one error for the limit of a file and for a full disk.
    fn full(path: &Path, bytes_max: Option<u64>) -> Self {
        const KEPT: &str = "the documents stored so far are kept";
        let file = path.display();
        let (what, remedy) = match bytes_max.filter(|_| !is_disk_full(path)) {
            Some(bytes_max) => (
                format!(
                    "{file} has reached the limit of {} MiB ([data] file_mib_max)",
                    bytes_max.div_ceil(1 << 20)
                ),
                format!("raise it, or delete documents; {KEPT}"),
            ),
            None => (
                format!("{file} cannot grow: the disk is full"),
                format!("free some space, then repeat; {KEPT}"),
            ),
        };
        Self::of(ErrorKind::Internal, what, remedy)
    }
}

/// Whether there is no space beside the file. SQLite writes what it can before it gives up, and
/// leaves it in its log, so that a disk that was full still is.
fn is_disk_full(path: &Path) -> bool {
    const FREE_BYTES_MIN: u64 = 1 << 20;
    rustix::fs::statvfs(path.parent().unwrap_or(path))
        .is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) < FREE_BYTES_MIN)
}
