//! What is wrong with a query, an update or a pipeline, or with the documents that they meet.

/// A refusal in the words of a MongoDB server, so that functions meet the texts they know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct QueryError {
    /// MongoDB's number for it, such as 2 for `BadValue`.
    pub code: i32,
    /// The text, for callers.
    pub message: String,
}

impl QueryError {
    /// `BadValue`.
    pub const BAD_VALUE: i32 = 2;
    /// `FailedToParse`.
    pub const FAILED_TO_PARSE: i32 = 9;
    /// `TypeMismatch`.
    pub const TYPE_MISMATCH: i32 = 14;
    /// `WriteError` by a conflict of paths.
    pub const CONFLICTING_UPDATE_OPERATORS: i32 = 40;
    /// `ImmutableField`.
    pub const IMMUTABLE_FIELD: i32 = 66;
    /// `CommandNotSupported`: what this store cannot do and MongoDB or Atlas can.
    pub const NOT_SUPPORTED: i32 = 115;

    /// `Interrupted`: whoever ran the computation has stopped it.
    pub const INTERRUPTED: i32 = 11601;

    /// A refusal with MongoDB's number for it.
    pub fn new(code: i32, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// A value that makes no sense where it stands.
    pub fn bad_value(message: impl Into<String>) -> Self {
        Self::new(Self::BAD_VALUE, message)
    }

    /// What the embedded store cannot do, with the remedy.
    pub fn not_supported(what: &str) -> Self {
        let message = format!(
            "{what} is not available in the embedded store; \
             set HOOKSTEAD_MONGODB_URI to use a MongoDB deployment that has it"
        );
        Self::new(Self::NOT_SUPPORTED, message)
    }
}
