//! Function sources: made into scripts that the engine runs, and looked into for what they use.
//!
//! A source is a sloppy script that leaves a function in `exports`. It becomes the body of a
//! wrapper function, so that its top level runs afresh at every call. `import` declarations, which
//! the hosted service transpiled, become calls of `require` on the same lines.

use oxc_allocator::Allocator;
use oxc_ast::ast::{
    ImportDeclaration, ImportDeclarationSpecifier, ImportExpression, ModuleExportName, Program,
    Statement,
};
use oxc_ast_visit::{Visit, walk};
use oxc_parser::{ParseOptions, Parser};
use oxc_span::{GetSpan, SourceType, Span};

/// The script that the engine compiles for a source: evaluates to the wrapper function.
pub(crate) fn wrap(source: &str) -> String {
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    let body = without_imports(source);
    let body = body.as_deref().unwrap_or(source);
    format!("(function (exports, require) {{{body}\n;return exports;\n}})")
}

/// The parser calls itself for whatever stands inside something else, and so do those who look at
/// its tree; a stack that overflows would end the process. No byte of a source takes more than
/// this, in any build.
const STACK_BYTES_PER_SOURCE_BYTE: usize = 4 << 10;
/// For everything that is not nested.
const STACK_BYTES_MIN: usize = 1 << 20;
/// Longer sources are not parsed. No function that a person wrote comes near it.
const SOURCE_BYTES_MAX: usize = 256 << 10;

/// Parses a source as a script, or as a module where only that works.
///
/// `None` when it is neither, or too long; the engine then says what is wrong with it.
pub(crate) fn with_program<R: Send>(
    source: &str,
    look: impl FnOnce(&Program<'_>) -> R + Send,
) -> Option<R> {
    if source.len() > SOURCE_BYTES_MAX {
        return None;
    }
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("parse".into())
            .stack_size(STACK_BYTES_MIN + source.len() * STACK_BYTES_PER_SOURCE_BYTE)
            .spawn_scoped(scope, || parse(source, look))
            .ok()?
            .join()
            .ok()?
    })
}

fn parse<R>(source: &str, look: impl FnOnce(&Program<'_>) -> R) -> Option<R> {
    let allocator = Allocator::default();
    let options = ParseOptions { allow_return_outside_function: true, ..ParseOptions::default() };
    for source_type in [SourceType::script(), SourceType::mjs()] {
        let parsed = Parser::new(&allocator, source, source_type).with_options(options).parse();
        if !parsed.panicked && parsed.errors.is_empty() {
            return Some(look(&parsed.program));
        }
    }
    None
}

/// The source with `import` rewritten, or `None` when there is nothing to rewrite.
fn without_imports(source: &str) -> Option<String> {
    if !source.contains("import") {
        return None;
    }
    let mut edits = with_program(source, |program| {
        let mut imports = Imports { source, edits: Vec::new() };
        imports.visit_program(program);
        imports.edits
    })?;
    edits.sort_by_key(|(span, _)| span.start);
    let mut rewritten = String::with_capacity(source.len());
    let mut end = 0;
    for (span, text) in edits {
        rewritten.push_str(&source[end..span.start as usize]);
        rewritten.push_str(&text);
        end = span.end as usize;
    }
    rewritten.push_str(&source[end..]);
    Some(rewritten)
}

/// Collects what `import` becomes.
struct Imports<'s> {
    source: &'s str,
    edits: Vec<(Span, String)>,
}

impl<'a> Visit<'a> for Imports<'_> {
    fn visit_statement(&mut self, statement: &Statement<'a>) {
        if let Statement::ImportDeclaration(import) = statement {
            let text = self.declaration(import);
            self.edits.push((import.span, text));
        } else {
            walk::walk_statement(self, statement);
        }
    }

    fn visit_import_expression(&mut self, import: &ImportExpression<'a>) {
        let span = Span::new(import.span.start, import.source.span().start);
        let text = "Promise.resolve().then(() => require(".to_owned();
        self.edits.push((span, text));
        let span = Span::new(import.source.span().end, import.span.end);
        self.edits.push((span, "))".to_owned()));
        walk::walk_import_expression(self, import);
    }
}

impl Imports<'_> {
    /// Bindings out of `require`, with as many line ends as the declaration had.
    fn declaration(&self, import: &ImportDeclaration<'_>) -> String {
        let module = import.source.span;
        let module = &self.source[module.start as usize..module.end as usize];
        let lines = import.span.source_text(self.source).matches('\n').count();
        let mut text = match &import.specifiers {
            None => format!("require({module});"),
            Some(specifiers) => specifiers
                .iter()
                .map(|specifier| binding(specifier, module))
                .collect::<Vec<_>>()
                .join(" "),
        };
        text.extend(std::iter::repeat_n('\n', lines));
        text
    }
}

fn binding(specifier: &ImportDeclarationSpecifier<'_>, module: &str) -> String {
    match specifier {
        ImportDeclarationSpecifier::ImportSpecifier(named) => {
            let imported = match &named.imported {
                ModuleExportName::StringLiteral(text) => format!("{:?}", text.value.as_str()),
                name => name.name().to_string(),
            };
            let local = named.local.name.as_str();
            if imported == "default" {
                default_binding(local, module)
            } else {
                format!("const {{ {imported}: {local} }} = require({module});")
            }
        }
        ImportDeclarationSpecifier::ImportDefaultSpecifier(default) => {
            default_binding(default.local.name.as_str(), module)
        }
        ImportDeclarationSpecifier::ImportNamespaceSpecifier(all) => {
            format!("const {} = require({module});", all.local.name)
        }
    }
}

/// A CommonJS module is its own default, unless it was compiled from a module that had one.
fn default_binding(local: &str, module: &str) -> String {
    format!("const {local} = ((m) => m && m.__esModule ? m.default : m)(require({module}));")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_become_requires_on_the_same_lines() {
        let cases = [
            (
                "import x from 'x';\nexports = x;",
                "const x = ((m) => m && m.__esModule ? m.default : m)(require('x'));\n\
                 exports = x;",
            ),
            (
                "import {\n  a,\n  b as c\n} from \"m\"\nexports = a",
                "const { a: a } = require(\"m\"); const { b: c } = require(\"m\");\n\n\n\n\
                 exports = a",
            ),
            ("import * as all from 'm'", "const all = require('m');"),
            ("import 'side';", "require('side');"),
            (
                "exports = () => import('m')",
                "exports = () => Promise.resolve().then(() => require('m'))",
            ),
        ];
        for (source, expected) in cases {
            assert_eq!(without_imports(source).as_deref(), Some(expected), "{source}");
        }
    }

    #[test]
    fn text_that_only_mentions_import_stays_as_it_is() {
        for source in ["exports = () => 'import x from y'", "// import\nwith (a) { b }"] {
            assert!(wrap(source).contains(source), "{source}");
        }
    }

    #[test]
    fn whatever_nests_deep_is_parsed_or_refused() {
        let patterns = [
            "[",
            "(",
            "{",
            "!",
            "[1,",
            "a=>",
            "a?1:",
            "a?",
            "x=",
            "new ",
            "if(1)",
            "x:",
            "`${",
            "-",
            "class{[",
            "()=>{",
            "function f(){",
            "({a:",
            "a.b(",
            "a[",
            "...",
            "[...",
            "do ",
            "1+",
            "a,",
            "a.b.",
            "a**",
            "a??",
            "async()=>",
            "let[",
            "for(;;)",
            "switch(1){case ",
        ];
        for pattern in patterns {
            let depth = SOURCE_BYTES_MAX / pattern.len() - 100;
            without_imports(&format!("import 'x';{}1", pattern.repeat(depth)));
        }
        for (open, close) in [("[", "]"), ("(", ")"), ("{", "}"), ("()=>{", "}"), ("[...", "]")] {
            let depth = SOURCE_BYTES_MAX / (open.len() + close.len()) - 100;
            let source = format!("import 'x';{}1{}", open.repeat(depth), close.repeat(depth));
            without_imports(&source);
        }
    }

    #[test]
    fn a_source_that_is_too_long_is_left_to_the_engine() {
        let source = format!("import 'x';{}", " ".repeat(SOURCE_BYTES_MAX));
        assert_eq!(without_imports(&source), None);
    }

    #[test]
    fn a_byte_order_mark_is_dropped() {
        assert!(!wrap("\u{feff}exports = 1").contains('\u{feff}'));
    }
}
