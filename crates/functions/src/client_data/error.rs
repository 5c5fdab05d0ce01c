//! Why a client's call of a data source has no result.

use std::time::Duration;

use hookstead_data::{DataError, ErrorKind};
use hookstead_isolate::Thrown;
use hookstead_memory::Refused;

use crate::{
    data,
    extended_json::{ExtendedJsonError, Unwritable},
};

/// Why a client's call of a data source has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DataCallError {
    /// What kind of failure.
    pub kind: DataCallErrorKind,
    /// For the client.
    pub message: String,
    /// What only the log is told.
    pub detail: Option<String>,
}

/// What kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataCallErrorKind {
    /// The app has no service of this name.
    ServiceNotFound,
    /// The service cannot do this for clients.
    CommandNotFound,
    /// The arguments make no sense.
    InvalidArguments,
    /// The rules do not permit it.
    NotPermitted,
    /// The document does not fit the schema of its collection.
    SchemaViolation,
    /// The store refuses the command.
    Refused,
    /// The result is larger than a result may be.
    ResultTooLarge,
    /// It took longer than a run may take.
    TimeLimit,
    /// It needs more memory than a run may have.
    MemoryLimit,
    /// The server has no memory for it now.
    NoMemory,
    /// The store could not be reached or could not do its work.
    Unavailable,
    /// A fault of ours.
    Internal,
}

impl DataCallError {
    fn new(kind: DataCallErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), detail: None }
    }

    fn with_detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    pub(super) fn no_service(name: &str) -> Self {
        Self::new(DataCallErrorKind::ServiceNotFound, format!("service not found: '{name}'"))
    }

    pub(super) fn unsupported_service(name: &str, kind: &str, method: &str) -> Self {
        let message =
            format!("service '{name}' ({kind}): action '{method}' is not supported for clients");
        Self::new(DataCallErrorKind::CommandNotFound, message)
    }

    pub(super) fn no_method(method: &str) -> Self {
        let message = format!("there is no method '{method}' for clients");
        Self::new(DataCallErrorKind::CommandNotFound, message)
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(DataCallErrorKind::InvalidArguments, message)
    }

    pub(super) fn too_large(bytes_max: usize) -> Self {
        let message = format!("the result has more than {bytes_max} bytes; ask for less");
        Self::new(DataCallErrorKind::ResultTooLarge, message)
    }

    pub(super) fn time_limit(time: Duration) -> Self {
        let message = "execution time limit exceeded";
        let seconds = time.as_secs_f64();
        Self::new(DataCallErrorKind::TimeLimit, message).with_detail(format!(
            "{message}: the call took more than {seconds} s ([limits] run_time_s)"
        ))
    }

    pub(super) fn internal(detail: &str) -> Self {
        Self::new(DataCallErrorKind::Internal, "internal error").with_detail(detail)
    }

    /// What a store, or the rules before it, say against a command.
    pub(super) fn of_store(error: &DataError, reads: bool) -> Self {
        let kind = match error.kind {
            ErrorKind::NoMatchingRule | ErrorKind::NotPermitted => DataCallErrorKind::NotPermitted,
            ErrorKind::SchemaViolation => DataCallErrorKind::SchemaViolation,
            ErrorKind::Refused
            | ErrorKind::DuplicateKey
            | ErrorKind::WriteConflict
            | ErrorKind::Unsupported => DataCallErrorKind::Refused,
            ErrorKind::Unavailable => DataCallErrorKind::Unavailable,
            ErrorKind::Internal => DataCallErrorKind::Internal,
        };
        let message = if reads { data::message_of_read(error) } else { error.to_string() };
        let detail = data::detail(error);
        let detail = (!detail.is_empty()).then(|| format!("{message}: {detail}"));
        Self { kind, message, detail }
    }
}

impl From<Refused> for DataCallError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Limit => Self::new(DataCallErrorKind::MemoryLimit, "memory limit exceeded")
                .with_detail(
                    "the call needed more memory than a run may ([limits] run_memory_mib)",
                ),
            Refused::NoRoom => {
                Self::new(DataCallErrorKind::NoMemory, "the server has no memory for this call")
            }
        }
    }
}

impl From<ExtendedJsonError> for DataCallError {
    fn from(error: ExtendedJsonError) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<Unwritable> for DataCallError {
    fn from(error: Unwritable) -> Self {
        Self::internal(&error.to_string())
    }
}

/// What is said of a command that makes no sense.
impl From<Thrown> for DataCallError {
    fn from(thrown: Thrown) -> Self {
        Self::invalid(thrown.message)
    }
}
