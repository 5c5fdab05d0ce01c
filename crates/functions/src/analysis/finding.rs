//! What is found in a source.

use std::collections::BTreeSet;

/// Something that fails when a run gets to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// A stable name of what is wrong, such as `source-exports-nothing`.
    pub code: &'static str,
    /// The line and the column, from 1, in UTF-16 units.
    pub place: (usize, usize),
    /// What is wrong, a sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
    /// Whether every run gets there.
    pub is_certain: bool,
    /// Where it counts.
    pub applies: Applies,
}

/// What was found.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) findings: Vec<Finding>,
    /// What is asked for where no branch avoids it: [`REQUIRE`] or [`EXECUTE`], and a name.
    pub(super) surely: BTreeSet<(&'static str, String)>,
}

/// The path of what modules are asked of.
pub(super) const REQUIRE: &str = "require";
/// The path of what functions are asked of.
pub(super) const EXECUTE: &str = "context.functions.execute";

/// Where a finding counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applies {
    /// Everywhere.
    Always,
    /// Where documents are in the embedded store.
    Embedded,
    /// Where callers run as system although they should log in, and there is no user. Such a run
    /// does not fail, it finds nothing.
    UserIsSystem,
}
