//! What is wrong with a query, an update or a pipeline, or with the documents that they meet.

use crate::MongoCode;

/// A refusal in the words of a MongoDB server, so that functions meet the texts they know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct QueryError {
    /// MongoDB's number for it, such as 2 for `BadValue`.
    pub code: MongoCode,
    /// The text, for callers.
    pub message: String,
}

impl QueryError {
    /// A refusal with MongoDB's number for it.
    pub fn new(code: MongoCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// A value that makes no sense where it stands.
    pub fn bad_value(message: impl Into<String>) -> Self {
        Self::new(MongoCode::BAD_VALUE, message)
    }

    /// A value that cannot be converted.
    pub(crate) fn conversion(message: String) -> Self {
        Self::new(MongoCode::CONVERSION_FAILURE, message)
    }

    /// What the embedded store cannot do, with the remedy.
    pub fn not_supported(what: &str) -> Self {
        let message = format!(
            "{what} is not available in the embedded store; \
             set HOOKSTEAD_MONGODB_URI to use a MongoDB deployment that has it"
        );
        Self::new(MongoCode::COMMAND_NOT_SUPPORTED, message)
    }
}
