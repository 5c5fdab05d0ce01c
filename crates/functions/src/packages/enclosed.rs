//! The function that holds the source of a module, and whether it holds it.
//!
//! A source may end the function around it and go on behind it, as `}); patch(); (() => {` does.
//! That would run when the app is loaded, for every run, before anybody requires the module. What
//! our parser knows for the inside of a function is none such. Of any other source, two further
//! scripts have to compile: it can go on behind its function in one of them at most, for what can
//! stand behind a declaration begins no member of an object.

use hookstead_isolate::{Bytecode, Detail, Script};
use oxc_allocator::Allocator;
use oxc_span::SourceType;

use crate::source::{parse_as, with_stack_for};

/// How many lines of a script stand before the author's first one.
const LINES_BEFORE: u16 = 2;
/// Longer sources are not parsed.
pub(super) const PARSED_BYTES_MAX: usize = 512 << 10;
/// What a script as the engine reads it takes for a comment, and a module does not.
const COMMENTS: [&str; 2] = ["<!--", "-->"];

/// A function that holds a source.
pub(super) struct Enclosed {
    /// `async `, where it is asynchronous.
    pub(super) kind: &'static str,
    pub(super) parameters: String,
    /// What stands in it, with what stands before the source and behind it.
    pub(super) inside: String,
    /// Whether it is known that the source does not end the function.
    pub(super) is_known: bool,
}

impl Enclosed {
    /// The script that gives the function, or one that does not compile.
    pub(super) fn script(self, name: String) -> Script {
        let Self { kind, parameters, inside, is_known } = &self;
        let of = |source| Script { name: name.clone(), source, lines_before: LINES_BEFORE };
        let checks = [
            format!("{kind}function f({parameters}) {{\n{inside}}}"),
            format!("({{ {kind}f({parameters}) {{\n{inside}}} }})"),
        ];
        let is_broken = |script: &Script| Bytecode::compile(script, Detail::Full).is_err();
        let mut checks = checks.into_iter().filter(|_| !is_known).map(of);
        let broken = checks.find(is_broken);
        broken.unwrap_or_else(|| of(format!("({kind}function ({parameters}) {{\n{inside}}})")))
    }
}

/// Whether our parser takes a source for the inside of a function, and reads it as the engine does.
pub(super) fn belongs_into_function(source: &str) -> bool {
    let parses = || {
        with_stack_for(source, PARSED_BYTES_MAX, || {
            let allocator = Allocator::default();
            let parsed = parse_as(&allocator, source, SourceType::cjs(), true);
            Some(!parsed.panicked && parsed.errors.is_empty())
        })
    };
    is_read_alike(source) && parses() == Some(true)
}

/// Whether a source has nothing that modules and scripts read in two ways.
pub(super) fn is_read_alike(source: &str) -> bool {
    !COMMENTS.iter().any(|comment| source.contains(comment))
}
