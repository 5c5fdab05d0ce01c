//! What happened: one entry per request, told to the operator.
//!
//! A request spells out its [`Entry`] for the [`Journal`] and goes on; a thread of its own writes.
//! When that thread cannot keep up (a terminal that is paused, a pipe that nobody reads), entries
//! are dropped and counted rather than making requests wait.
//!
//! Most of what an entry holds was chosen by strangers: paths, messages, console lines. Nothing
//! of it reaches a terminal unless it has been through [`sanitize`].

mod correlation;
mod entry;
mod format;
mod json;
mod notice;
mod sampling;
mod sanitize;
mod sink;
mod time;
mod writer;

pub use correlation::CorrelationId;
pub use entry::{ConsoleLevel, ConsoleLine, Entry, Kind, Outcome, RunBy};
pub use format::{LogFormat, Style};
pub use notice::{Level, Notice};
pub use sanitize::{sanitize, sanitize_json};
pub use sink::{Journal, JournalLimits};
