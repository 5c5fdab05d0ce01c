//! Data sources, as a run sees them: commands, and the cursors and sessions that they leave open.

mod answer;
mod command;
mod handles;
mod sources;

pub(crate) use command::{Spec, parse};
pub(crate) use handles::Handles;
pub use sources::DataSources;

use hookstead_data::DataError;
use hookstead_isolate::Thrown;

/// What JavaScript gets of a failure: the text alone, as the hosted service gave it, and MongoDB's
/// number as the `code`.
pub(crate) fn thrown(error: &DataError) -> Thrown {
    let mut thrown = Thrown::new("Error", error.to_string());
    thrown.code = error.code.map(|code| code.to_string().into());
    thrown
}
