//! The driver's errors, in words for people who have never heard of it.

use std::io;

use bson::Document;
use mongodb::error::{
    Error, ErrorKind as Driver, RETRYABLE_WRITE_ERROR, TRANSIENT_TRANSACTION_ERROR, WriteFailure,
};

use crate::{DataError, ErrorKind, MongoCode};

const NOT_FOUND: &str = "no MongoDB server is found";
const ALONE: &str = "transactions need a MongoDB replica set; this server runs alone";

/// Servers before 4.2 send the last two.
const DUPLICATE_KEYS: &[MongoCode] = &[
    MongoCode::DUPLICATE_KEY,
    MongoCode::LEGACY_DUPLICATE_KEY_OF_UPDATE,
    MongoCode::LEGACY_DUPLICATE_KEY_OF_CAPPED,
];

/// The server is there, and cannot serve: it steps down, shuts down, recovers, or ran out of time.
const UNAVAILABLE: &[MongoCode] = &[
    MongoCode::HOST_UNREACHABLE,
    MongoCode::HOST_NOT_FOUND,
    MongoCode::MAX_TIME_EXPIRED,
    MongoCode::WRITE_CONCERN_FAILED,
    MongoCode::NETWORK_TIMEOUT,
    MongoCode::SHUTDOWN_IN_PROGRESS,
    MongoCode::FAILED_TO_SATISFY_READ_PREFERENCE,
    MongoCode::PRIMARY_STEPPED_DOWN,
    MongoCode::EXCEEDED_TIME_LIMIT,
    MongoCode::LEGACY_NOT_PRIMARY,
    MongoCode::NOT_WRITABLE_PRIMARY,
    MongoCode::INTERRUPTED_AT_SHUTDOWN,
    MongoCode::INTERRUPTED_DUE_TO_REPL_STATE_CHANGE,
    MongoCode::NOT_PRIMARY_NO_SECONDARY_OK,
    MongoCode::NOT_PRIMARY_OR_SECONDARY,
];

/// The server cannot reach another one.
const CANNOT_REACH: &[MongoCode] = &[
    MongoCode::HOST_UNREACHABLE,
    MongoCode::HOST_NOT_FOUND,
    MongoCode::NETWORK_TIMEOUT,
    MongoCode::FAILED_TO_SATISFY_READ_PREFERENCE,
    MongoCode::SOCKET_EXCEPTION,
];

/// Codes of answers after which a read is worth a second try.
const READ_AGAIN: &[MongoCode] = &[
    MongoCode::HOST_UNREACHABLE,
    MongoCode::HOST_NOT_FOUND,
    MongoCode::NETWORK_TIMEOUT,
    MongoCode::SHUTDOWN_IN_PROGRESS,
    MongoCode::READ_CONCERN_NOT_AVAILABLE_YET,
    MongoCode::PRIMARY_STEPPED_DOWN,
    MongoCode::EXCEEDED_TIME_LIMIT,
    MongoCode::NOT_WRITABLE_PRIMARY,
    MongoCode::INTERRUPTED_AT_SHUTDOWN,
    MongoCode::INTERRUPTED_DUE_TO_REPL_STATE_CHANGE,
    MongoCode::NOT_PRIMARY_NO_SECONDARY_OK,
    MongoCode::NOT_PRIMARY_OR_SECONDARY,
];

/// The server does not have it, or not in a transaction.
const UNSUPPORTED: &[MongoCode] = &[
    MongoCode::COMMAND_NOT_FOUND,
    MongoCode::COMMAND_NOT_SUPPORTED,
    MongoCode::NOT_IMPLEMENTED,
    MongoCode::NOT_SUPPORTED_IN_TRANSACTION,
];

/// What a server said against a command.
pub(super) fn from_server(number: i32, message: &str, is_transient: bool) -> DataError {
    let code = MongoCode::from_server(number);
    let kind = match code {
        code if DUPLICATE_KEYS.contains(&code) => ErrorKind::DuplicateKey,
        code if code == MongoCode::WRITE_CONFLICT || is_transient => ErrorKind::WriteConflict,
        code if UNAVAILABLE.contains(&code) => ErrorKind::Unavailable,
        code if UNSUPPORTED.contains(&code) => ErrorKind::Unsupported,
        _ => ErrorKind::Refused,
    };
    // A server names others when it cannot reach them.
    if CANNOT_REACH.contains(&code) {
        let plain = "the MongoDB server cannot reach another one";
        return DataError::new(kind, plain).with_code(code).with_detail(message);
    }
    DataError::new(kind, message).with_code(code)
}

/// Anything that the driver says, but that no server could be selected: see
/// [`super::shared::Shared::explain`].
pub(super) fn from_driver(error: Error) -> DataError {
    let is_transient = error.contains_label(TRANSIENT_TRANSACTION_ERROR);
    let failure = match error.kind.as_ref() {
        Driver::Command(_) if is_alone(&error) => DataError::new(ErrorKind::Unsupported, ALONE),
        Driver::Command(command) => from_server(command.code, &command.message, is_transient),
        Driver::Write(WriteFailure::WriteError(write)) => {
            from_server(write.code, &write.message, is_transient)
        }
        Driver::Write(WriteFailure::WriteConcernError(concern)) => {
            from_server(concern.code, &concern.message, is_transient)
        }
        Driver::Authentication { .. } => unavailable("MongoDB refused the login", &error),
        Driver::Io(_) | Driver::ConnectionPoolCleared { .. } => {
            unavailable("the connection to MongoDB broke off", &error)
        }
        Driver::DnsResolve { .. } => unavailable(NOT_FOUND, &error),
        Driver::InvalidTlsConfig { .. } => unavailable("TLS to MongoDB cannot be set up", &error),
        Driver::InvalidArgument { message, .. } => DataError::new(ErrorKind::Refused, message),
        Driver::Transaction { .. } if is_unsupported(&error) => {
            DataError::new(ErrorKind::Unsupported, ALONE)
        }
        Driver::Transaction { message, .. } => DataError::new(ErrorKind::Refused, message),
        Driver::IncompatibleServer { message, .. } => {
            DataError::new(ErrorKind::Unsupported, message)
        }
        Driver::SessionsNotSupported => {
            DataError::new(ErrorKind::Unsupported, "this MongoDB server knows no sessions")
        }
        _ => DataError::new(ErrorKind::Internal, "the answer of MongoDB cannot be understood"),
    };
    // What there is to tell is told already.
    if failure.source.is_some() { failure } else { failure.caused_by(error) }
}

/// The driver's error while the servers of a URI are looked up; the DNS must have the host if the
/// URI names no servers itself.
pub(super) fn from_lookup(error: Error, host: &str) -> DataError {
    let has_no_entry = |message: &str| message.starts_with("no records found");
    match error.kind.as_ref() {
        Driver::DnsResolve { message, .. } if has_no_entry(message) => {
            DataError::new(ErrorKind::Unavailable, NOT_FOUND).with_detail(format!(
                "the DNS has no entry for the MongoDB deployment {host} (SRV record \
                 _mongodb._tcp.{host}): check the host name in the URI and the network"
            ))
        }
        _ => from_driver(error),
    }
}

/// Whether the driver believes that the server knows no transactions.
pub(super) fn is_unsupported(error: &Error) -> bool {
    matches!(
        error.kind.as_ref(),
        Driver::Transaction { message, .. } if message.contains("not supported")
    )
}

/// Why a server did not answer, in a few words.
pub(super) fn cause(error: &Error) -> String {
    match error.kind.as_ref() {
        Driver::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            "nothing listens there".to_owned()
        }
        Driver::Io(error) => error.to_string(),
        Driver::Command(command) => command.message.clone(),
        kind => kind.to_string(),
    }
}

/// Whether a read is worth a second try.
pub(super) fn is_read_again(error: &Error) -> bool {
    match error.kind.as_ref() {
        Driver::Command(command) => READ_AGAIN.contains(&MongoCode::from_server(command.code)),
        _ => is_network(error),
    }
}

/// Whether a write that bears a number is worth a second try.
pub(super) fn is_write_again(error: &Error) -> bool {
    error.contains_label(RETRYABLE_WRITE_ERROR) || is_network(error)
}

/// The same for a write that a server did, but not as safely as it was asked to.
pub(super) fn is_concern_again(reply: &Document) -> bool {
    let labels = reply.get_array("errorLabels");
    labels.is_ok_and(|labels| labels.iter().any(|one| one.as_str() == Some(RETRYABLE_WRITE_ERROR)))
}

/// Whether a server refuses to number writes because it is no member of a replica set.
pub(super) fn is_alone(error: &Error) -> bool {
    // The driver puts words of its own in the place of the server's.
    let reply = error.server_response();
    let text = reply.and_then(|reply| reply.get_str("errmsg").ok()).unwrap_or_default();
    text.starts_with("Transaction numbers are only allowed on")
}

fn is_network(error: &Error) -> bool {
    matches!(error.kind.as_ref(), Driver::Io(_) | Driver::ConnectionPoolCleared { .. })
}

fn unavailable(what: &str, error: &Error) -> DataError {
    DataError::new(ErrorKind::Unavailable, what).with_detail(cause(error))
}
