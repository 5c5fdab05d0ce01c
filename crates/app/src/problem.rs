//! What is wrong with an export, told so that a person can mend it.

use crate::ProblemCode;

use serde::Serialize;

/// How much a problem takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Everything still runs; something is unusual or ignored.
    Warning,
    /// Everything that is served runs; a part of the export is not served at all.
    Loss,
    /// Something named by the problem will not run.
    Error,
}

/// One thing found wrong in an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// How much it takes away.
    pub severity: Severity,
    /// A stable, kebab-case code, such as `endpoint-secret-missing`.
    pub code: ProblemCode,
    /// The file, relative to the folder of the app, with `/` between its parts.
    pub file: String,
    /// The line in that file, from 1, where known.
    pub line: Option<usize>,
    /// The column in that line, from 1, where known.
    pub column: Option<usize>,
    /// The line itself and one with a caret under the column, where that is shown.
    #[serde(skip)]
    pub excerpt: Option<String>,
    /// The field, as a path such as `[3].validation_method`, where one is at fault.
    pub field: Option<String>,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to do about it, in one sentence without a full stop.
    pub remedy: String,
}
