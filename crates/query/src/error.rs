//! What is wrong with a query, an update or a pipeline, or with the documents that they meet.

use crate::MongoCode;

/// A refusal with the meaning of a MongoDB server's message, in our own words. Functions of real
/// apps tell refusals apart by the number, or by `E11000` and `duplicate key`.
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

    /// A field of an object that has no such field, as `$merge.foo`.
    pub(crate) fn unknown_field(object: &str, field: &str) -> Self {
        let text = format!("BSON field '{object}.{field}' is an unknown field.");
        Self::new(MongoCode::ARGUMENT_UNKNOWN, text)
    }

    /// A field that an object must have, as `$merge.into`.
    pub(crate) fn missing_field(object: &str, field: &str) -> Self {
        let text = format!("BSON field '{object}.{field}' is missing but a required field");
        Self::new(MongoCode::ARGUMENT_MISSING, text)
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
