//! MongoDB's names for its numbers.
//!
//! The hosted service put them before what a server said against a read:
//! `(BadValue) cannot compare to undefined` (docs/behaviour/databases.md#errors).

use std::borrow::Cow;

/// Numbers from here on have no name of their own.
const LOCATION_MIN: i32 = 10_000;

/// Those that a read may meet.
const NAMES: [(i32, &str); 28] = [
    (1, "InternalError"),
    (2, "BadValue"),
    (9, "FailedToParse"),
    (13, "Unauthorized"),
    (14, "TypeMismatch"),
    (15, "Overflow"),
    (16, "InvalidLength"),
    (17, "ProtocolError"),
    (20, "IllegalOperation"),
    (22, "InvalidBSON"),
    (26, "NamespaceNotFound"),
    (27, "IndexNotFound"),
    (28, "PathNotViable"),
    (43, "CursorNotFound"),
    (50, "MaxTimeMSExpired"),
    (72, "InvalidOptions"),
    (73, "InvalidNamespace"),
    (96, "OperationFailed"),
    (125, "CommandFailed"),
    (146, "ExceededMemoryLimit"),
    (165, "ViewDepthLimitExceeded"),
    (167, "OptionNotSupportedOnView"),
    (168, "InvalidPipelineOperator"),
    (232, "MaxSubPipelineDepthExceeded"),
    (291, "NoQueryExecutionPlans"),
    (292, "QueryExceededMemoryLimitNoDiskUseAllowed"),
    (10334, "BSONObjectTooLarge"),
    (11000, "DuplicateKey"),
];

/// The name of a number, where it is known.
pub(super) fn code_name(code: i32) -> Option<Cow<'static, str>> {
    match NAMES.iter().find(|(number, _)| *number == code) {
        Some((_, name)) => Some(Cow::Borrowed(name)),
        None if code >= LOCATION_MIN => Some(Cow::Owned(format!("Location{code}"))),
        None => None,
    }
}
