//! Regular expressions as a MongoDB server runs them.
//!
//! A server runs PCRE. Here a pattern is [translated](translate) where the two differ, and run by
//! an engine that takes linear time unless the pattern looks around or refers back; then it may
//! backtrack [so often](BACKTRACKS_MAX) and no more.

mod class;
mod escape;
mod shape;
mod translate;

use bson::{RawBsonRef, raw::CString};
use fancy_regex::{Captures, Regex, RegexBuilder};

use self::shape::Shape;
use crate::{MongoCode, QueryError, interrupt::step_search as search, memory::keep_bytes};

/// How often a pattern may go back on one text: that takes less than 50 ms.
const BACKTRACKS_MAX: usize = 500_000;

/// How often one may that looks at the rest of the text each time.
const FAR_BACKTRACKS_MAX: usize = 10_000;

/// How many characters one search may look at that goes through the rest of the text from many
/// places: that takes less than 50 ms, too.
const FAR_LOOKS_MAX: usize = 1 << 24;

/// How many states one search may go through, all characters together. It takes a second where it
/// goes through all of them, and milliseconds with most patterns.
const SEARCH_STATES_MAX: usize = 1 << 28;

/// How long a pattern may be.
const PATTERN_BYTES_MAX: usize = 32_764;

/// How large a compiled pattern may get, and how many states it may have by its looks.
const COMPILED_BYTES_MAX: usize = 4 << 20;
const STATES_MAX: usize = 200_000;

/// To compile a pattern takes as long as so many steps, and so many more for each of its states.
const COMPILE_STEPS: usize = 512;
const STATE_STEPS: usize = 40;

/// What a compiled pattern takes, with what a search keeps for the next one.
const COMPILED_BYTES: usize = 8 << 10;
const STATE_BYTES: usize = 256;

/// A search counts as one step for so many states that it may go through.
const STEP_STATES: usize = 16;

/// A compiled regular expression, with what it costs.
#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    regex: Regex,
    shape: Shape,
}

impl Compiled {
    /// Whether it is found anywhere in a text.
    pub(crate) fn is_match(&self, text: &str) -> Result<bool, QueryError> {
        self.begin_search(text)?;
        self.regex.is_match(text).map_err(|error| execution_failed(&error))
    }

    /// Where it is found first, from a place on.
    pub(crate) fn captures<'t>(
        &self,
        text: &'t str,
        from: usize,
    ) -> Result<Option<Captures<'t, str>>, QueryError> {
        self.begin_search(text.get(from..).unwrap_or_default())?;
        self.regex.captures_from_pos(text, from).map_err(|error| execution_failed(&error))
    }

    /// Counts a search, which nobody can stop, and refuses one that might take too long.
    fn begin_search(&self, text: &str) -> Result<(), QueryError> {
        let states = text.len().saturating_mul(self.shape.active);
        if states > SEARCH_STATES_MAX || self.looks_too_far(text) {
            return Err(too_long(text));
        }
        search(text, states / STEP_STATES)
    }

    fn looks_too_far(&self, text: &str) -> bool {
        self.shape.looks_far && self.shape.looks(text) > FAR_LOOKS_MAX
    }

    /// Roughly what it takes of memory.
    pub(crate) fn bytes(&self) -> usize {
        COMPILED_BYTES + self.shape.states.saturating_mul(STATE_BYTES)
    }
}

/// A regular expression of a query, ready to run.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    compiled: Compiled,
    source: CString,
    options: CString,
}

impl Pattern {
    /// Whether it is found in a text, or is the value itself.
    pub(crate) fn matches(&self, value: RawBsonRef<'_>) -> Result<bool, QueryError> {
        match value {
            RawBsonRef::String(text) | RawBsonRef::Symbol(text) => self.is_match(text),
            RawBsonRef::RegularExpression(regex) => {
                Ok(regex.pattern.as_str() == self.source()
                    && regex.options.as_str() == self.options())
            }
            _ => Ok(false),
        }
    }

    /// Compiles a pattern with options out of `i`, `m`, `s`, `x` and `u`.
    pub(crate) fn new(source: &str, options: &str) -> Result<Self, QueryError> {
        let compiled = compile(source, options)?;
        let no_zeros = |text: &str| {
            text.try_into()
                .map_err(|_| QueryError::bad_value("Regular expression cannot contain a null byte"))
        };
        keep_bytes(compiled.bytes())?;
        Ok(Self { compiled, source: no_zeros(source)?, options: no_zeros(options)? })
    }

    pub(crate) fn source(&self) -> &str {
        self.source.as_str()
    }

    pub(crate) fn options(&self) -> &str {
        self.options.as_str()
    }

    /// Whether it is found anywhere in a text.
    pub(crate) fn is_match(&self, text: &str) -> Result<bool, QueryError> {
        self.compiled.is_match(text)
    }
}

/// The engine's form of a pattern with options.
pub(crate) fn compile(source: &str, options: &str) -> Result<Compiled, QueryError> {
    if source.len() > PATTERN_BYTES_MAX {
        let reason = format!("it is longer than {PATTERN_BYTES_MAX} bytes");
        return Err(invalid(&reason));
    }
    let mut flags = String::new();
    for option in options.chars() {
        match option {
            'i' | 'm' | 's' | 'x' => flags.push(option),
            'u' => {}
            other => {
                let message = format!("invalid flag in regex options: {other}");
                return Err(QueryError::new(MongoCode::REGEX_FLAG_INVALID, message));
            }
        }
    }
    let shape = Shape::of(source, &flags);
    if shape.states > STATES_MAX {
        let reason = format!("it has {} states, and {STATES_MAX} is the limit", shape.states);
        return Err(invalid(&reason));
    }
    search(source, COMPILE_STEPS + shape.states * STATE_STEPS)?;
    let translated = translate::translate(source, &flags).map_err(invalid)?;
    let pattern = if flags.is_empty() { translated } else { format!("(?{flags}){translated}") };
    let backtracks_max = if shape.looks_far { FAR_BACKTRACKS_MAX } else { BACKTRACKS_MAX };
    let regex = RegexBuilder::new(&pattern)
        .backtrack_limit(backtracks_max)
        .delegate_size_limit(COMPILED_BYTES_MAX)
        .max_prog_size(PATTERN_BYTES_MAX * 8)
        .build()
        .map_err(|error| invalid(&error.to_string()))?;
    Ok(Compiled { regex, shape })
}

fn too_long(text: &str) -> QueryError {
    let message = format!(
        "Error occurred while executing the regular expression: a text of {} bytes is too long \
         for this pattern; a pattern without look-around or with fewer repetitions takes less",
        text.len()
    );
    QueryError::new(MongoCode::REGEX_EXECUTION_FAILED, message)
}

/// What stopped a pattern on its way through a text.
fn execution_failed(error: &fancy_regex::Error) -> QueryError {
    let message = format!("Error occurred while executing the regular expression: {error}");
    QueryError::new(MongoCode::REGEX_EXECUTION_FAILED, message)
}

fn invalid(reason: &str) -> QueryError {
    QueryError::new(MongoCode::REGEX_INVALID, format!("Regular expression is invalid: {reason}"))
}

#[cfg(test)]
mod tests;
