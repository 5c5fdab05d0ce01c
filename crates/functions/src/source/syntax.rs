//! What is wrong with a source that does not compile, and where.

use std::fmt;

use hookstead_isolate::Thrown;
use oxc_allocator::Allocator;
use oxc_span::SourceType;

use super::{Body, has_exports, parse_as, place_of, with_stack, without_mark};

/// How much of a line is shown.
const EXCERPT_CHARACTERS_MAX: usize = 120;
/// What is shown before the place, where the line is longer.
const EXCERPT_CHARACTERS_BEFORE: usize = 80;

/// Why a source does not compile, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// What the engine says.
    pub thrown: Thrown,
    /// The line and the column, from 1; without them where nobody knows the place.
    pub place: Option<(usize, usize)>,
    /// The line, and a second one with a caret under the place.
    pub excerpt: Option<String>,
    /// What to do about it, where it is known; a sentence without a full stop.
    pub remedy: Option<&'static str>,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.thrown)
    }
}

impl SyntaxError {
    /// What there is to say of a source that the engine refused.
    ///
    /// What the engine says may be about the text that was put around a source: where a bracket is
    /// missing or one is too many. Then the parser says what is wrong, and where.
    pub(crate) fn new(source: &str, body: &Body, mut thrown: Thrown) -> Self {
        let source = without_mark(source);
        let lines_max = body.text().split('\n').count();
        let at = thrown.place.filter(|(line, _)| *line <= lines_max);
        let mut place = at.and_then(|(line, byte)| Some((line, body.column(line, byte)?)));
        let diagnosis = (thrown.name == "SyntaxError").then(|| diagnose(source)).flatten();
        let (found, exports) = diagnosis.unwrap_or_default();
        if place.is_none() && thrown.name == "SyntaxError" {
            match found {
                Some((message, offset)) => {
                    thrown.message = message;
                    place = Some(place_of(source, offset));
                }
                None if thrown.place.is_some() => {
                    thrown.message = "unexpected end of the source".to_owned();
                    place = Some(place_of(source, source.trim_end().len()));
                }
                None => {}
            }
        }
        let remedy = exports.then_some("write `exports = …` in the place of `export …`");
        let excerpt = place.and_then(|(line, column)| excerpt(source, line, column));
        Self { thrown, place, excerpt, remedy }
    }

    /// The place and the line itself, for a log.
    pub(crate) fn trace(&self, file: &str) -> Option<String> {
        let (line, column) = self.place?;
        let excerpt = self.excerpt.iter().map(|excerpt| format!("\n{excerpt}"));
        Some(format!("    at {file}:{line}:{column}{}", excerpt.collect::<String>()))
    }
}

/// The first error, its offset, and whether the source has declarations of exports.
type Diagnosis = (Option<(String, usize)>, bool);

fn diagnose(source: &str) -> Option<Diagnosis> {
    with_stack(source, || {
        let allocator = Allocator::default();
        let parse = |kind| parse_as(&allocator, source, kind, true);
        let module = parse(SourceType::mjs());
        let has_exports = has_exports(&module.program);
        let script = if has_exports { module } else { parse(SourceType::script()) };
        let found = script.errors.first().map(|error| {
            let label = error.labels.as_ref().and_then(|labels| labels.first());
            (error.message.to_string(), label.map_or(source.len(), |label| label.offset()))
        });
        Some((found, has_exports))
    })
}

/// A line, and a caret under one of its columns. In the place of a blank line, the last one before
/// it that has text, with a caret behind that.
pub(crate) fn excerpt(source: &str, line: usize, column: usize) -> Option<String> {
    source.split('\n').nth(line.checked_sub(1)?)?;
    let lines = source.split('\n').take(line).map(str::trim_end).enumerate();
    let (index, text) = lines.filter(|(_, text)| !text.is_empty()).last()?;
    let column = if index + 1 == line { column } else { usize::MAX };
    let (mut units, mut at) = (1, 0_usize);
    for character in text.chars() {
        if units >= column {
            break;
        }
        units += character.len_utf16();
        at += 1;
    }
    let first = if text.chars().count() > EXCERPT_CHARACTERS_MAX {
        at.saturating_sub(EXCERPT_CHARACTERS_BEFORE)
    } else {
        0
    };
    let shown: Vec<char> = text.chars().skip(first).take(EXCERPT_CHARACTERS_MAX).collect();
    // Tabs stay, so that the caret stands where the terminal puts them.
    let space = |character: &char| if *character == '\t' { '\t' } else { ' ' };
    let mut blank: String = shown.iter().take(at - first).map(space).collect();
    blank.extend(std::iter::repeat_n(' ', (at - first).saturating_sub(shown.len())));
    Some(format!("      {}\n      {blank}^", shown.iter().collect::<String>()))
}

#[cfg(test)]
mod tests {
    use super::excerpt;

    #[test]
    fn a_line_is_shown_with_a_caret_under_the_place() {
        let long = format!("{}x{}", "a".repeat(300), "b".repeat(300));
        let cases = [
            ("a\n  b = ;\n", 2, 7, "      \u{20} b = ;\n            ^"),
            ("\tb(", 1, 4, "      \tb(\n      \t  ^"),
            ("'😀' +", 1, 7, "      '😀' +\n           ^"),
            ("a = (\n  \n\n", 4, 1, "      a = (\n           ^"),
        ];
        for (source, line, column, expected) in cases {
            assert_eq!(excerpt(source, line, column).as_deref(), Some(expected), "{source}");
        }
        let shown = excerpt(&long, 1, 301).expect("the line");
        let (text, caret) = shown.split_once('\n').expect("two lines");
        assert_eq!(text.find('x'), caret.find('^'));
        assert!(shown.len() < 300);
        assert_eq!(excerpt("a", 3, 1), None);
        assert_eq!(excerpt("\n ", 2, 1), None);
    }
}
