//! A source with its edits: which place of the author's a place in it is.

use oxc_span::Span;

/// A source as it stands in the script, with what was changed in it.
#[derive(Debug, Default)]
pub(crate) struct Body {
    text: String,
    edits: Vec<Edit>,
}

/// A part of a line that is not the author's. Edits keep the lines.
#[derive(Debug)]
struct Edit {
    /// From 1.
    line: usize,
    /// Where the part begins and ends, in bytes from 0.
    start: usize,
    end: usize,
    /// How long the author's text in its place is, in UTF-16 units.
    author_units: usize,
}

impl Body {
    /// Puts texts in the place of spans, which are in order, do not overlap and have as many line
    /// ends as their texts.
    pub(crate) fn new(source: &str, changes: Vec<(Span, String)>) -> Self {
        let mut body = Self { text: String::with_capacity(source.len()), edits: Vec::new() };
        let (mut end, mut line, mut line_start) = (0, 1, 0);
        for (span, new) in changes {
            let kept = &source[end..span.start as usize];
            let old = &source[span.start as usize..span.end as usize];
            body.text.push_str(kept);
            if let Some(last) = kept.rfind('\n') {
                line += kept.matches('\n').count();
                line_start = body.text.len() - kept.len() + last + 1;
            }
            let start = body.text.len() - line_start;
            body.text.push_str(&new);
            let first = |text: &str| text.find('\n').unwrap_or(text.len());
            body.edits.push(Edit {
                line,
                start,
                end: start + first(&new),
                author_units: units(&old[..first(old)]),
            });
            if let (Some(last), Some(last_old)) = (new.rfind('\n'), old.rfind('\n')) {
                line += new.matches('\n').count();
                line_start = body.text.len() - new.len() + last + 1;
                let author_units = units(&old[last_old + 1..]);
                body.edits.push(Edit { line, start: 0, end: new.len() - last - 1, author_units });
            }
            end = span.end as usize;
        }
        body.text.push_str(&source[end..]);
        body
    }

    /// The text as the engine has it.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The author's column, from 1 and in UTF-16 units as editors count, of a byte of a line, both
    /// from 1. `None` where there is no such line.
    pub(crate) fn column(&self, line: usize, byte: usize) -> Option<usize> {
        let text = self.text.split('\n').nth(line.checked_sub(1)?)?;
        let byte = text.floor_char_boundary(byte.saturating_sub(1));
        let first = self.edits.partition_point(|edit| edit.line < line);
        let (mut column, mut from) = (1, 0);
        for edit in self.edits[first..].iter().take_while(|edit| edit.line == line) {
            if byte < edit.start {
                break;
            }
            column += units(&text[from..edit.start]);
            if byte < edit.end {
                return Some(column);
            }
            column += edit.author_units;
            from = edit.end;
        }
        Some(column + units(&text[from..byte]))
    }
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use super::super::wrap;

    /// Each `^` of the second text marks what the first text has at the same column.
    #[test]
    fn every_column_is_that_of_the_author() {
        let sources = [
            "exports = () => f(g(x), h(i())) + last",
            "import x from 'x'; last",
            "import {\n  a\n} from 'm'; last",
            "exports = () => { try { f() } catch (e) { last } }",
            "p.catch(e => f(g(e))).then(last)",
            "p.catch(function (e) { 'use strict'; f(e); }, last)",
            "const ä = 'ö😀', b = f(g('ü')), c = last",
            "exports = () => import('m').then(last)",
            "last",
        ];
        for source in sources {
            let body = wrap(source).body;
            let place = |text: &str| {
                let at = text.find("last").expect("the mark");
                let before = &text[..at];
                let line_start = before.rfind('\n').map_or(0, |end| end + 1);
                (before.matches('\n').count() + 1, at - line_start + 1, line_start)
            };
            let (line, byte, _) = place(body.text());
            let (author_line, _, start) = place(source);
            let before = &source[start..source.find("last").expect("the mark")];
            let column = before.encode_utf16().count() + 1;
            assert_eq!(body.text().lines().count(), source.lines().count(), "{source}");
            assert_eq!((line, body.column(line, byte)), (author_line, Some(column)), "{source}");
        }
        assert_eq!(wrap("a\nb").body.column(9, 1), None);
    }
}
