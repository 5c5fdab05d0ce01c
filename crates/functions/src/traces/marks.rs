//! The columns that the engine gives tokens.
//!
//! For the begin of a token it takes where the last name, the last white space or the last comment
//! before it or at it ended or began: the `)` of `f()` has the column of `f`.

use oxc_ast::ast::{
    BigIntLiteral, NumericLiteral, Program, RegExpLiteral, StringLiteral, TemplateElement,
};
use oxc_ast_visit::Visit;
use oxc_span::Span;

/// Where lines and columns of a source begin.
pub(super) struct Marks {
    /// The first byte of each line.
    lines: Vec<u32>,
    /// Bytes at which a column begins, in order.
    marks: Vec<u32>,
}

impl Marks {
    pub(super) fn of(source: &str, program: &Program<'_>) -> Self {
        let mut literals = Literals::default();
        literals.visit_program(program);
        literals.0.sort_by_key(|span| span.start);
        let mut scanner =
            Scanner { bytes: source.as_bytes(), at: 0, lines: vec![0], marks: vec![0] };
        for span in literals.0 {
            scanner.scan_to(span.start as usize);
            scanner.skip_to(span.end as usize);
        }
        scanner.scan_to(source.len());
        Self { lines: scanner.lines, marks: scanner.marks }
    }

    /// The line of a byte, from 1, and the byte in it, from 1.
    pub(super) fn place(&self, offset: u32) -> (u32, u32) {
        let line = self.lines.partition_point(|start| *start <= offset);
        (line as u32, offset - self.lines[line - 1] + 1)
    }

    /// The line of a token and the column that the engine gives it.
    pub(super) fn token(&self, offset: u32) -> (u32, u32) {
        let (line, byte) = self.place(offset);
        let mark = self.marks[self.marks.partition_point(|mark| *mark <= offset) - 1];
        (line, (mark + byte).saturating_sub(offset).max(1))
    }
}

/// Where literals are, in which nothing begins a column.
#[derive(Default)]
struct Literals(Vec<Span>);

impl<'a> Visit<'a> for Literals {
    fn visit_string_literal(&mut self, literal: &StringLiteral<'a>) {
        self.0.push(literal.span);
    }

    fn visit_template_element(&mut self, element: &TemplateElement<'a>) {
        self.0.push(element.span);
    }

    fn visit_reg_exp_literal(&mut self, literal: &RegExpLiteral<'a>) {
        self.0.push(literal.span);
    }

    fn visit_numeric_literal(&mut self, literal: &NumericLiteral<'a>) {
        self.0.push(literal.span);
    }

    fn visit_big_int_literal(&mut self, literal: &BigIntLiteral<'a>) {
        self.0.push(literal.span);
    }
}

struct Scanner<'s> {
    bytes: &'s [u8],
    at: usize,
    lines: Vec<u32>,
    marks: Vec<u32>,
}

impl Scanner<'_> {
    fn mark(&mut self) {
        self.marks.push(self.at as u32);
    }

    fn newline(&mut self) {
        self.at += 1;
        self.lines.push(self.at as u32);
        self.mark();
    }

    /// Over a literal: only its line ends count.
    fn skip_to(&mut self, end: usize) {
        while self.at < end {
            match self.bytes[self.at] {
                b'\n' => self.newline(),
                _ => self.at += 1,
            }
        }
    }

    fn scan_to(&mut self, end: usize) {
        while self.at < end {
            match (self.bytes[self.at], self.bytes.get(self.at + 1)) {
                (b'\n', _) => self.newline(),
                (b' ' | b'\t' | b'\r' | 0x0b | 0x0c, _) => {
                    self.at += 1;
                    self.mark();
                }
                (b'/', Some(b'/')) => {
                    let rest = &self.bytes[self.at..end];
                    self.at += rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
                    self.mark();
                }
                (b'/', Some(b'*')) => {
                    let rest = &self.bytes[self.at + 2..end.max(self.at + 2)];
                    let length = rest.windows(2).position(|pair| pair == b"*/");
                    self.skip_to(self.at + length.map_or(rest.len() + 2, |length| length + 4));
                    self.mark();
                }
                (byte, _) if is_name(byte) => self.scan_name(end),
                _ => self.at += 1,
            }
        }
    }

    /// A private name, `#name`, begins no column.
    fn scan_name(&mut self, end: usize) {
        let is_private = self.at > 0 && self.bytes[self.at - 1] == b'#';
        if self.bytes[self.at].is_ascii() && !is_private {
            self.mark();
        }
        while self.at < end && is_name(self.bytes[self.at]) {
            self.at += 1;
        }
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || !byte.is_ascii()
}
