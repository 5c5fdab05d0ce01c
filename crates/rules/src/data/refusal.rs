//! What a caller is told where the rules do not permit something.

use hookstead_data::{DataError, ErrorKind, MongoCode, Namespace};

/// The user has no access to the collection. The reason is for the log.
pub(super) fn no_rule(namespace: &Namespace, reason: &str) -> DataError {
    let Namespace { database, collection } = namespace;
    let message = format!("no rule exists for namespace '{database}.{collection}'");
    DataError::new(ErrorKind::NoMatchingRule, message).with_detail(reason)
}

/// An operation that is not permitted: `insert`, `update`, `delete` or `search`. The reason is for
/// the log.
pub(super) fn not_permitted(namespace: &Namespace, operation: &str, reason: &str) -> DataError {
    let Namespace { database, collection } = namespace;
    let message = format!("{operation} not permitted");
    let detail = format!("{database}.{collection}: {reason}");
    DataError::new(ErrorKind::NotPermitted, message).with_detail(detail)
}

/// Something that users cannot do at all.
pub(super) fn not_for_users(what: &str) -> DataError {
    let message = format!("{what} is not available to users; functions that run as system have it");
    DataError::new(ErrorKind::NoMatchingRule, message)
}

/// A document that does not fit the schema of its collection.
pub(super) fn schema_violation(namespace: &Namespace) -> DataError {
    let Namespace { database, collection } = namespace;
    let message = format!(
        "schema validation failed: the document does not fit the schema of \
        '{database}.{collection}'"
    );
    DataError::new(ErrorKind::SchemaViolation, message)
}

/// An operation that would hold more in memory than one operation may.
pub(super) fn too_much(what: &str, bytes_max: usize) -> DataError {
    let mib = bytes_max >> 20;
    let message = format!("{what} under the rules of this user takes more than {mib} MiB");
    DataError::new(ErrorKind::Refused, message)
}

/// Another write has changed the document each time it was judged.
pub(super) fn write_conflict() -> DataError {
    let message = "Write conflict: the document was changed by others while it was judged";
    DataError::new(ErrorKind::WriteConflict, message).with_code(MongoCode::WRITE_CONFLICT)
}

/// Something that a store should not have answered.
pub(super) fn unexpected_answer() -> DataError {
    DataError::new(ErrorKind::Internal, "the store gave an unexpected answer")
}

/// A document that is not BSON.
pub(super) fn malformed(error: bson::error::Error) -> DataError {
    DataError::new(ErrorKind::Internal, "a document cannot be read").caused_by(error)
}

/// A query that cannot be written as BSON.
pub(super) fn unwritable(error: impl std::error::Error + Send + Sync + 'static) -> DataError {
    DataError::new(ErrorKind::Internal, "a query cannot be written").caused_by(error)
}
