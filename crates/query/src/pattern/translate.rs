//! A pattern of PCRE in the words of the engine.
//!
//! The two read most patterns alike. They differ in what a lone brace is, in the end of a line, in
//! what is a digit or a letter, and in some escapes.

use super::{class, escape};

/// How deep groups may be nested: a little less deep than the engine accepts.
const DEPTH_MAX: usize = 60;
const TOO_DEEP: &str = "parentheses are nested more than 60 deep";

/// The end of a text, or before a newline that ends it.
pub(super) const END: &str = r"(?=\n?\z)";

/// A pattern that is read from the start.
pub(super) struct Reader<'a> {
    rest: &'a str,
    /// Whether blanks and comments mean nothing.
    pub(super) is_extended: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        Self { rest: source, is_extended: false }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(super) fn rest(&self) -> &'a str {
        self.rest
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next();
        self.rest = chars.as_str();
        next
    }

    /// Goes past a text if it is next.
    pub(super) fn take(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Goes past as many of some characters as there are.
    pub(super) fn take_while(&mut self, count_max: usize, is: impl Fn(char) -> bool) -> &'a str {
        let end: usize =
            self.rest.chars().take(count_max).take_while(|one| is(*one)).map(char::len_utf8).sum();
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// Goes past a text and its end; all that is left if the end is missing.
    pub(super) fn take_until(&mut self, end: &str) -> &'a str {
        let (taken, rest) = self.rest.split_once(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }
}

/// Translates a pattern that runs with flags.
pub(super) fn translate(source: &str, flags: &str) -> Result<String, &'static str> {
    let mut reader = Reader { rest: source, is_extended: flags.contains('x') };
    let mut is_multiline = flags.contains('m');
    let mut output = String::with_capacity(source.len() + 16);
    let mut depth = 0_usize;
    while let Some(next) = reader.next() {
        match next {
            '\\' => escape::translate(&mut reader, &mut output)?,
            '[' => class::translate(&mut reader, &mut output)?,
            '(' => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return Err(TOO_DEEP);
                }
                if reader.take("?#") {
                    reader.take_until(")");
                    depth -= 1;
                    continue;
                }
                output.push('(');
                is_multiline |= sets_multiline(reader.rest());
            }
            ')' => {
                depth = depth.saturating_sub(1);
                output.push(')');
            }
            '$' if !is_multiline => output.push_str(END),
            '{' if !is_quantifier(reader.rest()) => output.push_str("\\{"),
            '{' => {
                output.push('{');
                output.push_str(reader.take_until("}"));
                output.push('}');
            }
            '}' => output.push_str("\\}"),
            ']' => output.push_str("\\]"),
            '#' if reader.is_extended => {
                reader.take_until("\n");
            }
            other => output.push(other),
        }
    }
    Ok(output)
}

/// What follows an opening brace: `2}`, `2,}` or `2,3}`.
fn is_quantifier(rest: &str) -> bool {
    let Some((inside, _)) = rest.split_once('}') else { return false };
    let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !least.is_empty() && is_number(least) && is_number(most)
}

/// Whether a group starts with flags that make `$` mean every line.
fn sets_multiline(rest: &str) -> bool {
    let Some(rest) = rest.strip_prefix('?') else { return false };
    let flags = rest.split([')', ':', '-']).next().unwrap_or_default();
    flags.contains('m') && flags.bytes().all(|byte| byte.is_ascii_alphabetic())
}
