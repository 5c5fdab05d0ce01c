//! MongoDB's numbers for errors, with their names: the one table of this house.

mod expressions;
mod pipelines;
mod queries;

use std::{borrow::Cow, fmt};

/// MongoDB's number for an error.
///
/// What is raised here has a constant; a server may send any number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MongoCode(i32);

/// From this number on, MongoDB names an error by its number unless the table has a name.
const LOCATION_MIN: i32 = 10_000;

impl MongoCode {
    /// A number that a server sent.
    pub const fn from_server(number: i32) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn number(self) -> i32 {
        self.0
    }

    /// MongoDB's name for it, such as `BadValue`, where it is known.
    pub fn name(self) -> Option<Cow<'static, str>> {
        match NAMES.iter().find(|(code, _)| *code == self) {
            Some((_, name)) => Some(Cow::Borrowed(name)),
            None if self.0 >= LOCATION_MIN => Some(Cow::Owned(format!("Location{}", self.0))),
            None => None,
        }
    }
}

/// The number alone.
impl fmt::Display for MongoCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Constants for numbers without a name in MongoDB.
macro_rules! locations {
    ($($name:ident = $number:literal,)*) => {
        impl MongoCode {
            $(#[doc = concat!("`Location", stringify!($number), "`.")]
            pub const $name: Self = Self($number);)*
        }

        #[cfg(test)]
        pub(super) const ALL: &[MongoCode] = &[$(MongoCode::$name),*];
    };
}
use locations;

/// Constants for numbers that have a name in MongoDB, and the table of these names.
macro_rules! named {
    ($($name:ident = $number:literal $text:literal,)*) => {
        impl MongoCode {
            $(#[doc = concat!("`", $text, "`.")]
            pub const $name: Self = Self($number);)*
        }

        const NAMES: &[(MongoCode, &str)] = &[$((MongoCode::$name, $text)),*];
    };
}

named! {
    INTERNAL_ERROR = 1 "InternalError",
    BAD_VALUE = 2 "BadValue",
    HOST_UNREACHABLE = 6 "HostUnreachable",
    HOST_NOT_FOUND = 7 "HostNotFound",
    FAILED_TO_PARSE = 9 "FailedToParse",
    UNAUTHORIZED = 13 "Unauthorized",
    TYPE_MISMATCH = 14 "TypeMismatch",
    OVERFLOW = 15 "Overflow",
    INVALID_LENGTH = 16 "InvalidLength",
    PROTOCOL_ERROR = 17 "ProtocolError",
    ILLEGAL_OPERATION = 20 "IllegalOperation",
    INVALID_BSON = 22 "InvalidBSON",
    NAMESPACE_NOT_FOUND = 26 "NamespaceNotFound",
    INDEX_NOT_FOUND = 27 "IndexNotFound",
    PATH_NOT_VIABLE = 28 "PathNotViable",
    CANNOT_BACKFILL_ARRAY = 34 "CannotBackfillArray",
    CONFLICTING_UPDATE_OPERATORS = 40 "ConflictingUpdateOperators",
    CURSOR_NOT_FOUND = 43 "CursorNotFound",
    MAX_TIME_EXPIRED = 50 "MaxTimeMSExpired",
    DOLLAR_PREFIXED_FIELD_NAME = 52 "DollarPrefixedFieldName",
    INVALID_ID_FIELD = 53 "InvalidIdField",
    NOT_SINGLE_VALUE_FIELD = 54 "NotSingleValueField",
    EMPTY_FIELD_NAME = 56 "EmptyFieldName",
    COMMAND_NOT_FOUND = 59 "CommandNotFound",
    WRITE_CONCERN_FAILED = 64 "WriteConcernFailed",
    IMMUTABLE_FIELD = 66 "ImmutableField",
    INVALID_OPTIONS = 72 "InvalidOptions",
    INVALID_NAMESPACE = 73 "InvalidNamespace",
    NETWORK_TIMEOUT = 89 "NetworkTimeout",
    SHUTDOWN_IN_PROGRESS = 91 "ShutdownInProgress",
    OPERATION_FAILED = 96 "OperationFailed",
    NOT_EXACT_VALUE_FIELD = 111 "NotExactValueField",
    WRITE_CONFLICT = 112 "WriteConflict",
    COMMAND_NOT_SUPPORTED = 115 "CommandNotSupported",
    COMMAND_FAILED = 125 "CommandFailed",
    FAILED_TO_SATISFY_READ_PREFERENCE = 133 "FailedToSatisfyReadPreference",
    READ_CONCERN_NOT_AVAILABLE_YET = 134 "ReadConcernMajorityNotAvailableYet",
    EXCEEDED_MEMORY_LIMIT = 146 "ExceededMemoryLimit",
    VIEW_DEPTH_LIMIT_EXCEEDED = 165 "ViewDepthLimitExceeded",
    OPTION_NOT_SUPPORTED_ON_VIEW = 167 "OptionNotSupportedOnView",
    INVALID_PIPELINE_OPERATOR = 168 "InvalidPipelineOperator",
    CANNOT_INDEX_PARALLEL_ARRAYS = 171 "CannotIndexParallelArrays",
    QUERY_PLAN_KILLED = 175 "QueryPlanKilled",
    PRIMARY_STEPPED_DOWN = 189 "PrimarySteppedDown",
    QUERY_FEATURE_NOT_ALLOWED = 224 "QueryFeatureNotAllowed",
    MAX_SUB_PIPELINE_DEPTH_EXCEEDED = 232 "MaxSubPipelineDepthExceeded",
    NOT_IMPLEMENTED = 238 "NotImplemented",
    CONVERSION_FAILURE = 241 "ConversionFailure",
    NO_SUCH_TRANSACTION = 251 "NoSuchTransaction",
    TRANSACTION_TOO_LARGE = 257 "TransactionTooLarge",
    INVALID_RESUME_TOKEN = 260 "InvalidResumeToken",
    EXCEEDED_TIME_LIMIT = 262 "ExceededTimeLimit",
    NOT_SUPPORTED_IN_TRANSACTION = 263 "OperationNotSupportedInTransaction",
    CHANGE_STREAM_HISTORY_LOST = 286 "ChangeStreamHistoryLost",
    NO_QUERY_EXECUTION_PLANS = 291 "NoQueryExecutionPlans",
    NO_DISK_USE_ALLOWED = 292 "QueryExceededMemoryLimitNoDiskUseAllowed",
    SOCKET_EXCEPTION = 9001 "SocketException",
    LEGACY_NOT_PRIMARY = 10058 "LegacyNotPrimary",
    NOT_WRITABLE_PRIMARY = 10107 "NotWritablePrimary",
    BSON_OBJECT_TOO_LARGE = 10334 "BSONObjectTooLarge",
    DUPLICATE_KEY = 11000 "DuplicateKey",
    INTERRUPTED_AT_SHUTDOWN = 11600 "InterruptedAtShutdown",
    INTERRUPTED = 11601 "Interrupted",
    INTERRUPTED_DUE_TO_REPL_STATE_CHANGE = 11602 "InterruptedDueToReplStateChange",
    MERGE_STAGE_NO_MATCHING_DOCUMENT = 13113 "MergeStageNoMatchingDocument",
    NOT_PRIMARY_NO_SECONDARY_OK = 13435 "NotPrimaryNoSecondaryOk",
    NOT_PRIMARY_OR_SECONDARY = 13436 "NotPrimaryOrSecondary",
    OUT_OF_DISK_SPACE = 14031 "OutOfDiskSpace",
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{MongoCode, NAMES, expressions, pipelines, queries};

    #[test]
    fn no_number_has_two_constants() {
        let named = NAMES.iter().map(|(code, _)| code);
        let located = [expressions::ALL, pipelines::ALL, queries::ALL].into_iter().flatten();
        let mut seen = BTreeSet::new();
        for code in named.chain(located) {
            assert!(seen.insert(code.number()), "{code} has two constants");
        }
    }

    #[test]
    fn a_number_has_the_name_that_mongodb_gives_it() {
        for (number, name) in [
            (2, Some("BadValue")),
            (292, Some("QueryExceededMemoryLimitNoDiskUseAllowed")),
            (11000, Some("DuplicateKey")),
            (40324, Some("Location40324")),
            (99_999, Some("Location99999")),
            (9_999, None),
            (-1, None),
        ] {
            let code = MongoCode::from_server(number);
            assert_eq!((code.number(), code.name().as_deref()), (number, name));
        }
    }
}
