//! Regular expressions as a MongoDB server runs them.
//!
//! A server runs PCRE. Here a pattern is [translated](translate) where the two differ, and run by
//! an engine that takes linear time unless the pattern looks around or refers back; then it may
//! backtrack [so often](BACKTRACKS_MAX) and no more.

mod class;
mod escape;
mod translate;

use bson::raw::CString;
use fancy_regex::{Regex, RegexBuilder};

use crate::{QueryError, interrupt::step_search};

/// How often a pattern may go back on one text.
const BACKTRACKS_MAX: usize = 1_000_000;

/// How long a pattern may be.
const PATTERN_BYTES_MAX: usize = 32_764;

/// How large a compiled pattern may get.
const COMPILED_BYTES_MAX: usize = 4 << 20;

const INVALID_FLAG: i32 = 51108;
const INVALID_PATTERN: i32 = 51091;
const EXECUTION_FAILED: i32 = 51156;

/// A regular expression, ready to run.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    regex: Regex,
    source: CString,
    options: CString,
}

impl Pattern {
    /// Compiles a pattern with options out of `i`, `m`, `s`, `x` and `u`.
    pub(crate) fn new(source: &str, options: &str) -> Result<Self, QueryError> {
        let regex = compile(source, options)?;
        let no_zeros = |text: &str| {
            text.try_into()
                .map_err(|_| QueryError::bad_value("Regular expression cannot contain a null byte"))
        };
        Ok(Self { regex, source: no_zeros(source)?, options: no_zeros(options)? })
    }

    pub(crate) fn source(&self) -> &str {
        self.source.as_str()
    }

    pub(crate) fn options(&self) -> &str {
        self.options.as_str()
    }

    /// Whether it is found anywhere in a text.
    pub(crate) fn is_match(&self, text: &str) -> Result<bool, QueryError> {
        step_search(text)?;
        self.regex.is_match(text).map_err(|error| execution_failed(&error))
    }
}

/// The engine's form of a pattern with options.
pub(crate) fn compile(source: &str, options: &str) -> Result<Regex, QueryError> {
    if source.len() > PATTERN_BYTES_MAX {
        let reason = format!("it is longer than {PATTERN_BYTES_MAX} bytes");
        return Err(invalid(&reason));
    }
    step_search(source)?;
    let mut flags = String::new();
    for option in options.chars() {
        match option {
            'i' | 'm' | 's' | 'x' => flags.push(option),
            'u' => {}
            other => {
                let message = format!("invalid flag in regex options: {other}");
                return Err(QueryError::new(INVALID_FLAG, message));
            }
        }
    }
    let translated = translate::translate(source, &flags).map_err(invalid)?;
    let pattern = if flags.is_empty() { translated } else { format!("(?{flags}){translated}") };
    RegexBuilder::new(&pattern)
        .backtrack_limit(BACKTRACKS_MAX)
        .delegate_size_limit(COMPILED_BYTES_MAX)
        .max_prog_size(PATTERN_BYTES_MAX * 8)
        .build()
        .map_err(|error| invalid(&error.to_string()))
}

/// What stopped a pattern on its way through a text.
pub(crate) fn execution_failed(error: &fancy_regex::Error) -> QueryError {
    let message = format!("Error occurred while executing the regular expression: {error}");
    QueryError::new(EXECUTION_FAILED, message)
}

fn invalid(reason: &str) -> QueryError {
    QueryError::new(INVALID_PATTERN, format!("Regular expression is invalid: {reason}"))
}

#[cfg(test)]
mod tests;
