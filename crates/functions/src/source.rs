//! Function sources: made into scripts that the engine runs, and looked into for what they use.
//!
//! A source is a sloppy script that leaves a function in `exports`. It becomes the body of a
//! wrapper function, so that its top level runs afresh at every call. A function around the wrapper
//! gives it `context`, because the rights of a function come with its context; a source that
//! declares the name itself does not meet ours in its own scope. `import` declarations, which
//! the hosted service transpiled, become calls of `require` on the same lines
//! (docs/behaviour/functions.md#source).

use oxc_allocator::Allocator;
use oxc_ast::ast::{Program, Statement};
use oxc_parser::{ParseOptions, Parser, ParserReturn};
use oxc_span::SourceType;

mod body;
mod edits;
mod syntax;

pub(crate) use body::Body;
pub(crate) use edits::CAUGHT;
pub use syntax::SyntaxError;

/// A source as the engine compiles it.
pub(crate) struct Wrapped {
    /// The script: evaluates to a function that makes the wrapper function for a context.
    pub(crate) text: String,
    /// The author's source within it, which the places in stacks are about.
    pub(crate) body: Body,
    /// Whether our parser knows it for what belongs into a function. Of any other source, each of
    /// [`Wrapped::checks`] has to compile as well.
    pub(crate) parses: bool,
}

impl Wrapped {
    /// The source in two other places of a function's body. A source that ends the function around
    /// it and goes on behind it, as `}); (() => {` does, compiles in one of them at most: what can
    /// stand behind a declaration begins no member of an object.
    pub(crate) fn checks(&self) -> [String; 2] {
        let body = self.body.text();
        [
            format!("\nfunction f(exports, require, {CAUGHT}) {{\n{body}\n}}"),
            format!("({{\nf(exports, require, {CAUGHT}) {{\n{body}\n}} }})"),
        ]
    }
}

/// How many lines of a script stand before the author's first one.
pub(crate) const LINES_BEFORE: u16 = 2;

/// A source without the byte order mark that may stand before it.
pub(crate) fn without_mark(source: &str) -> &str {
    source.strip_prefix('\u{feff}').unwrap_or(source)
}

/// The line and the column of a byte, both from 1; columns are in UTF-16 units, as in editors.
pub(crate) fn place_of(source: &str, offset: usize) -> (usize, usize) {
    let before = &source[..source.floor_char_boundary(offset)];
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    (before.matches('\n').count() + 1, before[line_start..].encode_utf16().count() + 1)
}

/// Whether a program says with `export` what it exports, which functions cannot.
pub(crate) fn has_exports(program: &Program<'_>) -> bool {
    program.body.iter().any(|statement| {
        matches!(
            statement,
            Statement::ExportDefaultDeclaration(_)
                | Statement::ExportNamedDeclaration(_)
                | Statement::ExportAllDeclaration(_)
        )
    })
}

/// Makes the script for a source.
pub(crate) fn wrap(source: &str) -> Wrapped {
    let source = without_mark(source);
    let (body, parses) = edits::apply(source);
    let text = format!(
        "(function (context) {{ return (\nfunction (exports, require, {CAUGHT}) {{\n{}\n\
         ;return exports;\n}}) }})",
        body.text()
    );
    Wrapped { text, body, parses }
}

/// The parser calls itself for whatever stands inside something else, and so do those who look at
/// its tree; a stack that overflows would end the process. No byte of a source takes more than
/// this, in any build.
const STACK_BYTES_PER_SOURCE_BYTE: usize = 4 << 10;
/// For everything that is not nested.
const STACK_BYTES_MIN: usize = 1 << 20;
/// Longer sources are not parsed. No function that a person wrote comes near it.
pub(crate) const SOURCE_BYTES_MAX: usize = 256 << 10;

/// Parses a source as a script, or as a module where only that works.
///
/// `None` when it is neither, or too long; the engine then says what is wrong with it.
pub(crate) fn with_program<R: Send>(
    source: &str,
    look: impl for<'a> FnOnce(&'a Program<'a>) -> R + Send,
) -> Option<R> {
    with_stack(source, || parse(source, true, look))
}

/// The same, with a tree that has what stands in parentheses in their place: who asks what every
/// expression is would have to look through all of them each time.
pub(crate) fn with_program_without_parentheses<R: Send>(
    source: &str,
    look: impl for<'a> FnOnce(&'a Program<'a>) -> R + Send,
) -> Option<R> {
    with_stack(source, || parse(source, false, look))
}

/// Does something with a source on a stack that is large enough for the parser.
fn with_stack<R: Send>(source: &str, work: impl FnOnce() -> Option<R> + Send) -> Option<R> {
    with_stack_for(source, SOURCE_BYTES_MAX, work)
}

/// The same for a source that may be longer than functions are.
pub(crate) fn with_stack_for<R: Send>(
    source: &str,
    bytes_max: usize,
    work: impl FnOnce() -> Option<R> + Send,
) -> Option<R> {
    if source.len() > bytes_max {
        return None;
    }
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("parse".into())
            .stack_size(STACK_BYTES_MIN + source.len() * STACK_BYTES_PER_SOURCE_BYTE)
            .spawn_scoped(scope, work)
            .ok()?
            .join()
            .ok()?
    })
}

fn parse<R>(
    source: &str,
    preserve_parens: bool,
    look: impl for<'a> FnOnce(&'a Program<'a>) -> R,
) -> Option<R> {
    let allocator = Allocator::default();
    for kind in [SourceType::script(), SourceType::mjs()] {
        let parsed = parse_as(&allocator, source, kind, preserve_parens);
        if !parsed.panicked && parsed.errors.is_empty() {
            return Some(look(allocator.alloc(parsed.program)));
        }
    }
    None
}

pub(crate) fn parse_as<'a>(
    allocator: &'a Allocator,
    source: &'a str,
    kind: SourceType,
    preserve_parens: bool,
) -> ParserReturn<'a> {
    let options = ParseOptions {
        allow_return_outside_function: true,
        preserve_parens,
        ..ParseOptions::default()
    };
    Parser::new(allocator, source, kind).with_options(options).parse()
}

#[cfg(test)]
mod tests;
