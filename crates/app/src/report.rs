//! Collects the problems of an export while it is read.

use crate::{Problem, ProblemCode, Severity};

/// Where a problem is.
#[derive(Clone)]
pub(crate) struct Spot {
    pub(crate) file: String,
    pub(crate) line: Option<usize>,
    pub(crate) field: Option<String>,
}

impl Spot {
    /// A whole file or folder.
    pub(crate) fn file(path: &str) -> Self {
        Self { file: path.to_owned(), line: None, field: None }
    }
}

/// The problems found so far, in the order found.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) problems: Vec<Problem>,
}

impl Report {
    pub(crate) fn warn(&mut self, code: ProblemCode, spot: Spot, message: String, remedy: &str) {
        self.push(Severity::Warning, code, spot, message, remedy);
    }

    pub(crate) fn error(&mut self, code: ProblemCode, spot: Spot, message: String, remedy: &str) {
        self.push(Severity::Error, code, spot, message, remedy);
    }

    fn push(
        &mut self,
        severity: Severity,
        code: ProblemCode,
        Spot { file, line, field }: Spot,
        message: String,
        remedy: &str,
    ) {
        let remedy = remedy.to_owned();
        self.problems.push(Problem {
            severity,
            code,
            file,
            line,
            column: None,
            excerpt: None,
            field,
            message,
            remedy,
        });
    }
}
