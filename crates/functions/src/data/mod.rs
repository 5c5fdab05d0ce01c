//! Data sources, as a run sees them: commands, and the cursors and sessions that they leave open.

mod answer;
mod code_names;
mod command;
mod handles;
mod order;
mod sources;
mod stages;

pub(crate) use command::{Request, Spec, parse};
pub(crate) use handles::{Handles, OpenSession};
pub(crate) use order::{Barrier, SessionCall, WriteGuard};
pub use sources::DataSources;

use hookstead_data::{DataError, ErrorKind};
use hookstead_isolate::Thrown;

/// What JavaScript gets of a failure: the text alone, as the hosted service gave it, and MongoDB's
/// number as the `code`.
pub(crate) fn thrown(error: &DataError) -> Thrown {
    let mut thrown = Thrown::new("Error", error.to_string());
    thrown.code = error.code.map(|code| code.to_string().into());
    thrown
}

/// The same for what a server, or what answers in its place, says against a read.
fn thrown_by_read(error: &DataError) -> Thrown {
    let mut thrown = thrown(error);
    if error.kind == ErrorKind::Refused
        && let Some(name) = error.code.and_then(code_names::code_name)
    {
        thrown.message = format!("({name}) {}", thrown.message);
    }
    thrown
}
