//! Data sources, as a run sees them: commands, and the cursors and sessions that they leave open.

mod answer;
mod command;
mod handles;
mod large;
mod order;
mod sources;
mod spec;
mod stages;

pub(crate) use answer::Shape;
pub(crate) use command::{Request, parse};
pub(crate) use handles::{Handles, OpenSession};
pub(crate) use large::{LargeCommand, LargeCommandSlot};
pub(crate) use order::{Barrier, SessionCall, WriteGuard};
pub use sources::DataSources;
pub(crate) use spec::Spec;

use std::{error::Error as _, iter};

use hookstead_data::{DataError, ErrorKind, MongoCode};
use hookstead_isolate::Thrown;

use crate::{LogLevel, faults::Fault};

/// What JavaScript gets of a failure: the text alone, as the hosted service gave it, and MongoDB's
/// number as the `code`.
pub(crate) fn thrown(error: &DataError) -> Thrown {
    // What rules refuse is no failure of the store.
    let (name, code) = match error.kind {
        ErrorKind::NoMatchingRule => ("FunctionError", Some("NoMatchingRuleFound".to_owned())),
        ErrorKind::SchemaViolation => {
            ("FunctionError", Some("SchemaValidationFailedWrite".to_owned()))
        }
        ErrorKind::NotPermitted => ("FunctionError", None),
        _ => ("Error", error.code.map(|code| code.to_string())),
    };
    let mut thrown = Thrown::new(name, error.to_string());
    thrown.code = code.map(Into::into);
    thrown
}

/// What of a failure is for the log: an outage, with whatever the store knows about it, and a
/// refusal of the rules, with the reason.
fn fault(error: &DataError) -> Option<Fault> {
    let level = match error.kind {
        ErrorKind::Unavailable | ErrorKind::Internal => LogLevel::Error,
        ErrorKind::NoMatchingRule | ErrorKind::NotPermitted => LogLevel::Debug,
        _ => return None,
    };
    // Where the document itself is to blame, trying again does not help.
    let is_outage =
        level == LogLevel::Error && error.code != Some(MongoCode::BSON_OBJECT_TOO_LARGE);
    Some(Fault { message: error.to_string(), detail: detail(error), level, is_outage })
}

/// What only the log is told of a failure; empty where that is nothing.
pub(crate) fn detail(error: &DataError) -> String {
    let causes = iter::successors(error.source(), |cause| (*cause).source());
    let mut causes: Vec<String> = causes.map(ToString::to_string).collect();
    causes.dedup();
    causes.join(": ")
}

/// The same for what a server, or what answers in its place, says against a read: with MongoDB's
/// name for the number before it, as the hosted service gave it
/// (`(BadValue) cannot compare to undefined`, docs/behaviour/databases.md#errors).
fn thrown_by_read(error: &DataError) -> Thrown {
    let mut thrown = thrown(error);
    thrown.message = message_of_read(error);
    thrown
}

/// The message for a read that failed.
pub(crate) fn message_of_read(error: &DataError) -> String {
    match error.code.and_then(MongoCode::name).filter(|_| error.kind == ErrorKind::Refused) {
        Some(name) => format!("({name}) {error}"),
        None => error.to_string(),
    }
}
