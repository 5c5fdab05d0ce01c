//! What is changed in a source before the engine compiles it. Nothing that a function does depends
//! on it, and lines stay where they are.
//!
//! - `import` declarations become calls of `require`, and `import(…)` of `require.import`.
//! - The engine tells the place of a call by the last name in its arguments. Where that is in a
//!   call itself, `f(g())`, the two have the same place. So the last argument becomes one of a
//!   condition that is always true, `f(true ? g() : new 0)`: the engine compiles it to `g()` alone,
//!   and takes the end of what is never evaluated for the place of `f`. A call without arguments of
//!   what another call gave, `f()()`, gets a comment between its parentheses for the same reason.
//! - A `catch` block begins with a call that puts the names into the message of the error.

use oxc_ast::ast::{
    Argument, ArrowFunctionExpression, BindingPattern, CallExpression, CatchClause, Class,
    Expression, Function, ImportDeclaration, ImportDeclarationSpecifier, ImportExpression,
    ModuleExportName, NewExpression, Statement,
};
use oxc_ast_visit::{Visit, walk};
use oxc_span::{GetSpan, Span};
use oxc_syntax::scope::ScopeFlags;

use super::{Body, with_program};

/// The parameter of the wrapper that is called with what was caught. What follows a source's own
/// text is taken out again where a function is read as text: see `js/src/runtime/traces.js`.
pub(crate) const CAUGHT: &str = "$caught$";

const ARGUMENT_BEGIN: &str = "true/*$call$*/?";
const ARGUMENT_END: &str = ":new 0/*$call$*/";
const NO_ARGUMENT: &str = "/*$call$*/";

/// A source with its edits, and whether it parses; without any where it does not.
pub(super) fn apply(source: &str) -> (Body, bool) {
    // An author who uses our name keeps it, and gets the engine's own messages.
    let explains = !source.contains(CAUGHT);
    let changes = with_program(source, |program| {
        let mut edits = Edits { source, changes: Vec::new(), calls: 0, explains };
        edits.visit_program(program);
        edits.changes.sort_by_key(|(span, _)| (span.start, span.end));
        edits.changes
    });
    let parses = changes.is_some();
    (Body::new(source, changes.unwrap_or_default()), parses)
}

/// Collects what is changed.
struct Edits<'s> {
    source: &'s str,
    changes: Vec<(Span, String)>,
    /// How many calls there have been in the function that is looked at.
    calls: usize,
    /// Whether `catch` blocks are changed.
    explains: bool,
}

impl<'a> Visit<'a> for Edits<'_> {
    fn visit_statement(&mut self, statement: &Statement<'a>) {
        if let Statement::ImportDeclaration(import) = statement {
            let text = self.declaration(import);
            self.changes.push((import.span, text));
        } else {
            walk::walk_statement(self, statement);
        }
    }

    fn visit_import_expression(&mut self, import: &ImportExpression<'a>) {
        let span = Span::sized(import.span.start, "import".len() as u32);
        self.changes.push((span, "require.import".to_owned()));
        walk::walk_import_expression(self, import);
    }

    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        let calls = self.calls;
        self.visit_expression(&call.callee);
        let is_super = matches!(call.callee, Expression::Super(_));
        // `f(1)(2)`, `(await f())()`, `a[f()]()`: the two calls have one place as well.
        let is_twice = self.calls > calls && !ends_with_name(&call.callee);
        if is_twice && call.arguments.is_empty() {
            self.insert(call.span.end - 1, NO_ARGUMENT.to_owned());
        }
        self.visit_list(&call.arguments, !is_super, is_twice);
        self.calls += 1;
    }

    fn visit_new_expression(&mut self, new: &NewExpression<'a>) {
        self.visit_expression(&new.callee);
        self.visit_list(&new.arguments, true, false);
        self.calls += 1;
    }

    fn visit_catch_clause(&mut self, clause: &CatchClause<'a>) {
        let is_changed = self.explains && !clause.body.body.is_empty();
        if let Some(parameter) = clause.param.as_ref().filter(|_| is_changed) {
            let body = clause.body.span;
            match &parameter.pattern {
                BindingPattern::BindingIdentifier(name) => {
                    self.insert(body.start + 1, format!("{CAUGHT}({});", name.name));
                }
                // What is worked out in a pattern sees the names around the block, not those in it.
                pattern if is_of_names(pattern) => self.explain_in_pattern(pattern.span(), body),
                _ => {}
            }
        }
        walk::walk_catch_clause(self, clause);
    }

    fn visit_function(&mut self, function: &Function<'a>, flags: ScopeFlags) {
        let calls = self.calls;
        walk::walk_function(self, function, flags);
        self.calls = calls;
    }

    fn visit_arrow_function_expression(&mut self, function: &ArrowFunctionExpression<'a>) {
        let calls = self.calls;
        walk::walk_arrow_function_expression(self, function);
        self.calls = calls;
    }

    fn visit_class(&mut self, class: &Class<'a>) {
        let calls = self.calls;
        walk::walk_class(self, class);
        self.calls = calls;
    }
}

impl Edits<'_> {
    fn insert(&mut self, at: u32, text: String) {
        self.changes.push((Span::empty(at), text));
    }

    fn visit_list(&mut self, arguments: &[Argument<'_>], can_change: bool, must_change: bool) {
        let Some((last, others)) = arguments.split_last() else { return };
        others.iter().for_each(|argument| self.visit_argument(argument));
        let calls = self.calls;
        self.visit_argument(last);
        let is_needed = must_change || self.calls > calls;
        if can_change && is_needed && !matches!(last, Argument::SpreadElement(_)) {
            self.insert(last.span().start, ARGUMENT_BEGIN.to_owned());
            self.insert(last.span().end, ARGUMENT_END.to_owned());
        }
    }

    /// `catch ({ message }) {` becomes `catch ($caught$e){$caught$($caught$e);let { message }=
    /// $caught$e;/*$caught$) {$caught$*/`: the author's text stays in one piece.
    fn explain_in_pattern(&mut self, pattern: Span, body: Span) {
        let between = &self.source[pattern.end as usize..body.start as usize];
        // A comment there would end ours.
        if between.contains("*/") {
            return;
        }
        self.insert(pattern.start, format!("{CAUGHT}e){{{CAUGHT}({CAUGHT}e);let "));
        self.insert(pattern.end, format!("={CAUGHT}e;/*{CAUGHT}"));
        self.insert(body.start + 1, format!("{CAUGHT}*/"));
    }

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

/// Whether a pattern holds nothing but names: no default value and no name that is worked out.
fn is_of_names(pattern: &BindingPattern<'_>) -> bool {
    match pattern {
        BindingPattern::BindingIdentifier(_) => true,
        BindingPattern::ObjectPattern(object) => {
            let rest = object.rest.iter().all(|rest| is_of_names(&rest.argument));
            rest && object.properties.iter().all(|one| !one.computed && is_of_names(&one.value))
        }
        BindingPattern::ArrayPattern(array) => {
            let rest = array.rest.iter().all(|rest| is_of_names(&rest.argument));
            rest && array.elements.iter().flatten().all(is_of_names)
        }
        BindingPattern::AssignmentPattern(_) => false,
    }
}

/// Whether a name is the last that the engine meets of an expression.
fn ends_with_name(expression: &Expression<'_>) -> bool {
    matches!(
        expression,
        Expression::Identifier(_)
            | Expression::StaticMemberExpression(_)
            | Expression::PrivateFieldExpression(_)
            | Expression::ChainExpression(_)
    )
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
