//! What in a source will fail when it runs, found without running it.
//!
//! Only what surely fails is told: a name that may stand for something else is left alone. Where a
//! branch, a loop or an early return may avoid it, the finding says so.

use std::collections::{BTreeMap, BTreeSet};

use oxc_ast::ast::{
    ArrowFunctionExpression, AssignmentExpression, AssignmentPattern, AssignmentTarget,
    AssignmentTargetPropertyIdentifier, AssignmentTargetWithDefault, CallExpression, CatchClause,
    ChainExpression, ConditionalExpression, Expression, FormalParameter, Function,
    IdentifierReference, IfStatement, LogicalExpression, NewExpression, ObjectExpression,
    ObjectProperty, ObjectPropertyKind, Program, PropertyDefinition, ReturnStatement, Statement,
    StaticMemberExpression, SwitchStatement, ThrowStatement, TryStatement, UnaryExpression,
    UnaryOperator,
};
use oxc_ast_visit::{Visit, walk};
use oxc_span::{GetSpan, Span};
use oxc_syntax::scope::ScopeFlags;

use super::{
    Names, UNSUPPORTED_GLOBALS,
    advice::{self, Advice},
    facts::{self, Facts, Handle},
    finding::{Applies, EXECUTE, Finding, Findings, REQUIRE},
    unresolved::Unresolved,
};
use crate::source::{has_exports, place_of};

/// Finds what will fail.
pub(super) fn find(
    source: &str,
    program: &Program<'_>,
    names: &Names,
    unresolved: &Unresolved,
) -> Findings {
    if has_exports(program) {
        // It does not compile, which is told already.
        return Findings::default();
    }
    let mut facts = Facts::default();
    facts.visit_program(program);
    let mut finder = Finder {
        source,
        in_entry: true,
        branches: 0,
        has_left: false,
        findings: Vec::new(),
        queries: 0,
        text_depth: 0,
        facts: &facts,
        names,
        unresolved,
        undefined_told: BTreeMap::new(),
        surely: BTreeSet::new(),
    };
    finder.visit_program(program);
    let (mut findings, surely) = (finder.findings, finder.surely);
    if !facts.has_exports && unresolved.may_export {
        // Something assigns to it in a way that is not followed.
    } else if !facts.has_exports && !findings.iter().any(|one| one.code == MODULE_EXPORTS) {
        findings.insert(0, exports_nothing((1, 1), "nothing is assigned to `exports`"));
    } else if let Some((span, what)) =
        facts::last_useless(program).or(facts.useless.filter(|_| !facts.may_export))
    {
        let message = format!("`exports` is {what}, which cannot be called");
        findings.insert(0, exports_nothing(place_of(source, span.start as usize), &message));
    }
    Findings { findings, surely }
}

/// More of one source are not told: it is to be looked at as a whole.
const FINDINGS_MAX: usize = 1000;

const EXPORTS_NOTHING: &str = "source-exports-nothing";
const MODULE_EXPORTS: &str = "source-module-exports";
const METHOD_UNKNOWN: &str = "source-method-unknown";
const STORE_REFUSES: &str = "source-store-refuses";
const NOT_A_CONSTRUCTOR: &str = "source-not-a-constructor";
const NAME_UNDEFINED: &str = "source-name-undefined";
const USER_IS_SYSTEM: &str = "source-user-is-system";

fn exports_nothing(place: (usize, usize), message: &str) -> Finding {
    Finding {
        code: EXPORTS_NOTHING,
        place,
        message: message.to_owned(),
        remedy: "write `exports = function (…) { … }`".to_owned(),
        is_certain: true,
        applies: Applies::Always,
    }
}

struct Finder<'s> {
    source: &'s str,
    facts: &'s Facts,
    names: &'s Names,
    unresolved: &'s Unresolved,
    /// What is asked for where no branch avoids it: a path and a name.
    surely: BTreeSet<(&'static str, String)>,
    /// Whether what is looked at belongs to the exported function, or to no function.
    in_entry: bool,
    /// How many branches it stands in.
    branches: usize,
    /// Whether the function may have ended before.
    has_left: bool,
    /// How many calls of queries it stands in.
    queries: usize,
    /// How many `$text` it stands in.
    text_depth: usize,
    findings: Vec<Finding>,
    /// The findings of names that are not defined.
    undefined_told: BTreeMap<&'s str, usize>,
}

impl<'s> Finder<'s> {
    fn tell(&mut self, code: &'static str, span: Span, message: String, remedy: &str) {
        self.tell_where(code, span, message, remedy, Applies::Always);
    }

    fn tell_where(
        &mut self,
        code: &'static str,
        span: Span,
        message: String,
        remedy: &str,
        applies: Applies,
    ) {
        if self.findings.len() < FINDINGS_MAX {
            let place = place_of(self.source, span.start as usize);
            let (remedy, is_certain) = (remedy.to_owned(), self.is_certain());
            self.findings.push(Finding { code, place, message, remedy, is_certain, applies });
        }
    }

    /// Whether every run gets to what is looked at.
    fn is_certain(&self) -> bool {
        self.in_entry && self.branches == 0 && !self.has_left
    }

    /// Tells of a name once: where every run reads it, else where it stands first.
    fn name_undefined(&mut self, name: &'s str, span: Span) {
        let is_certain = self.is_certain();
        let told = self.undefined_told.get(name).map(|at| &mut self.findings[*at]);
        match told {
            Some(told) if told.is_certain || !is_certain => {}
            Some(told) => {
                told.place = place_of(self.source, span.start as usize);
                told.is_certain = true;
            }
            None => {
                let at = self.findings.len();
                let message = format!("`{name}` is not defined");
                let remedy = "declare it, or take it from the arguments of the function";
                self.tell(NAME_UNDEFINED, span, message, remedy);
                if at < self.findings.len() {
                    self.undefined_told.insert(name, at);
                }
            }
        }
    }

    /// Notes what a call asks for, where no branch avoids it.
    fn asked_for(&mut self, call: &CallExpression<'_>) {
        let path = self.names.path(&call.callee);
        let path = [REQUIRE, EXECUTE].into_iter().find(|one| path.as_deref() == Some(*one));
        let first = call.arguments.first().and_then(|first| first.as_expression());
        let name = first.and_then(|first| self.names.text(first));
        if let (Some(path), Some(name), 0) = (path, name, self.branches) {
            self.surely.insert((path, name));
        }
    }

    fn branch(&mut self, walk: impl FnOnce(&mut Self)) {
        self.branches += 1;
        walk(self);
        self.branches -= 1;
    }

    fn within(&mut self, start: u32, walk: impl FnOnce(&mut Self)) {
        let is_entry = self.facts.is_entry(start);
        let outside = (self.in_entry, self.branches, self.has_left);
        (self.in_entry, self.branches, self.has_left) = (is_entry, 0, false);
        walk(self);
        (self.in_entry, self.branches, self.has_left) = outside;
    }

    fn store_refuses(&mut self, span: Span, name: &str) {
        let message = format!("the embedded store refuses {name}");
        let remedy = "set HOOKSTEAD_MONGODB_URI to a MongoDB deployment, or do it in another way: \
            docs/databases.md says how";
        let tell = |finder: &mut Self| {
            finder.tell_where(STORE_REFUSES, span, message, remedy, Applies::Embedded);
        };
        // Elsewhere it may be data.
        if self.queries > 0 { tell(self) } else { self.branch(tell) }
    }

    fn look_at_lookup(&mut self, lookup: &ObjectExpression<'_>) {
        for property in &lookup.properties {
            if let ObjectPropertyKind::ObjectProperty(property) = property
                && property.key.static_name().is_some_and(|name| name == "from")
                && matches!(property.value, Expression::ObjectExpression(_))
            {
                self.store_refuses(property.span, "`$lookup` from another database");
            }
        }
    }

    /// Options are the arguments after the first one of a method of a collection.
    fn look_at_options(&mut self, call: &CallExpression<'_>) {
        let objects = call.arguments.iter().skip(1).filter_map(|argument| argument.as_expression());
        for object in objects {
            let Expression::ObjectExpression(object) = object.get_inner_expression() else {
                continue;
            };
            for property in &object.properties {
                if let ObjectPropertyKind::ObjectProperty(property) = property
                    && property.key.static_name().is_some_and(|name| name == "collation")
                    && matches!(&property.value, Expression::ObjectExpression(options)
                        if !is_simple(options))
                {
                    self.store_refuses(property.span, "a `collation`");
                }
            }
        }
    }
}

/// The collation that compares bytes, which is no collation.
fn is_simple(options: &ObjectExpression<'_>) -> bool {
    options.properties.iter().any(|property| {
        matches!(property, ObjectPropertyKind::ObjectProperty(property)
            if matches!(&property.value, Expression::StringLiteral(text) if text.value == "simple"))
    })
}

impl<'a> Visit<'a> for Finder<'_> {
    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        self.asked_for(call);
        if let Expression::StaticMemberExpression(member) = call.callee.get_inner_expression()
            && !call.optional
        {
            let name = member.property.name.as_str();
            let handle = self.facts.handle(&member.object);
            let (what, advice) = match handle {
                Some(Handle::Collection) => ("a collection", advice::of_collection(name)),
                Some(Handle::Cursor) => ("a cursor", advice::of_cursor(name)),
                Some(Handle::Database) => ("a database", advice::of_database(name)),
                Some(Handle::User) | None => ("", None),
            };
            if let Some(Advice { remedy, .. }) = advice {
                let message = format!("{what} has no method `{name}`");
                let tell = |finder: &mut Self| {
                    finder.tell(METHOD_UNKNOWN, member.property.span, message, remedy);
                };
                if self.facts.is_of_service(&member.object) {
                    tell(self);
                } else if handle != Some(Handle::Cursor) {
                    // A class of the author's own may well have a `find` with other methods.
                    self.branch(tell);
                }
            }
            let is_query = handle == Some(Handle::Collection) && advice::QUERIES.contains(&name);
            let handles_errors = name == "catch" || (name == "then" && call.arguments.len() > 1);
            if is_query {
                self.queries += 1;
                if name == "aggregate" {
                    self.look_at_options(call);
                }
                walk::walk_call_expression(self, call);
                self.queries -= 1;
                return;
            }
            if handles_errors {
                return self.branch(|finder| walk::walk_call_expression(finder, call));
            }
        }
        walk::walk_call_expression(self, call);
    }

    /// What stands behind a `?.` may not be reached.
    fn visit_chain_expression(&mut self, chain: &ChainExpression<'a>) {
        self.branch(|finder| walk::walk_chain_expression(finder, chain));
    }

    fn visit_formal_parameter(&mut self, parameter: &FormalParameter<'a>) {
        self.branch(|finder| walk::walk_formal_parameter(finder, parameter));
    }

    fn visit_assignment_pattern(&mut self, pattern: &AssignmentPattern<'a>) {
        self.branch(|finder| walk::walk_assignment_pattern(finder, pattern));
    }

    fn visit_assignment_target_with_default(&mut self, target: &AssignmentTargetWithDefault<'a>) {
        self.branch(|finder| walk::walk_assignment_target_with_default(finder, target));
    }

    fn visit_assignment_target_property_identifier(
        &mut self,
        target: &AssignmentTargetPropertyIdentifier<'a>,
    ) {
        self.branch(|finder| {
            walk::walk_assignment_target_property_identifier(finder, target);
        });
    }

    /// The value of a member is worked out when an object of the class is made.
    fn visit_property_definition(&mut self, member: &PropertyDefinition<'a>) {
        self.branch(|finder| walk::walk_property_definition(finder, member));
    }

    fn visit_object_property(&mut self, property: &ObjectProperty<'a>) {
        let Some(name) = property.key.static_name() else {
            return walk::walk_object_property(self, property);
        };
        if name == "$literal" {
            return;
        }
        if name == "$lookup"
            && let Expression::ObjectExpression(lookup) = &property.value
        {
            self.look_at_lookup(lookup);
        }
        let is_text = name == "$text";
        let is_shown = advice::STORE_REFUSES.contains(&name.as_ref()) && self.text_depth == 0;
        if is_text && is_shown {
            let shown = "`$text`, the search of text indexes (it is not Atlas Search)";
            self.store_refuses(property.key.span(), shown);
        } else if is_shown {
            self.store_refuses(property.key.span(), &format!("`{name}`"));
        }
        self.text_depth += usize::from(is_text);
        walk::walk_object_property(self, property);
        self.text_depth -= usize::from(is_text);
    }

    fn visit_assignment_expression(&mut self, assignment: &AssignmentExpression<'a>) {
        if let AssignmentTarget::StaticMemberExpression(member) = &assignment.left
            && matches!(&member.object, Expression::Identifier(name) if name.name == "module")
            && !self.facts.declares_module
            && self.branches == 0
        {
            let message = "there is no `module` in functions".to_owned();
            let remedy = "write `exports = …` in the place of `module.exports = …`";
            self.tell(MODULE_EXPORTS, member.span, message, remedy);
        }
        self.visit_assignment_target(&assignment.left);
        if assignment.operator.is_logical() {
            self.branch(|finder| finder.visit_expression(&assignment.right));
        } else {
            self.visit_expression(&assignment.right);
        }
    }

    fn visit_static_member_expression(&mut self, member: &StaticMemberExpression<'a>) {
        if self.facts.handle(&member.object) == Some(Handle::User) && member.property.name != "type"
        {
            let message =
                format!("`context.user` is the system user and has no `{}`", member.property.name);
            let remedy = "take who calls from the request, or leave `[auth] \
                application_authentication` at \"required\"";
            self.tell_where(USER_IS_SYSTEM, member.span, message, remedy, Applies::UserIsSystem);
        }
        walk::walk_static_member_expression(self, member);
    }

    fn visit_new_expression(&mut self, new: &NewExpression<'a>) {
        if let Expression::StaticMemberExpression(member) = new.callee.get_inner_expression()
            && let Expression::Identifier(object) = &member.object
            && self.unresolved.foreign.contains(&object.span.start)
            && advice::WITH_METHODS.contains(&object.name.as_str())
            && member.property.name.starts_with(|first: char| first.is_ascii_lowercase())
        {
            let message = format!("`{}.{}` is no constructor", object.name, member.property.name);
            self.tell(NOT_A_CONSTRUCTOR, new.span, message, "call it without `new`");
        }
        walk::walk_new_expression(self, new);
    }

    fn visit_identifier_reference(&mut self, identifier: &IdentifierReference<'a>) {
        let span = identifier.span;
        let name = &self.source[span.start as usize..span.end as usize];
        // `module.exports = …` is told already, and so is what browsers and Node.js have.
        let is_told =
            name == "module" && self.findings.iter().any(|one| one.code == MODULE_EXPORTS);
        if self.unresolved.undefined.contains(&span.start)
            && !is_told
            && !UNSUPPORTED_GLOBALS.contains(&name)
        {
            self.name_undefined(name, span);
        }
    }

    fn visit_unary_expression(&mut self, unary: &UnaryExpression<'a>) {
        // Neither reads the value of a name.
        let is_name = matches!(unary.argument, Expression::Identifier(_));
        let asks = unary.operator == UnaryOperator::Typeof
            || (unary.operator == UnaryOperator::Delete && is_name);
        if !asks {
            walk::walk_unary_expression(self, unary);
        }
    }

    fn visit_if_statement(&mut self, statement: &IfStatement<'a>) {
        self.visit_expression(&statement.test);
        self.branch(|finder| {
            finder.visit_statement(&statement.consequent);
            statement.alternate.iter().for_each(|other| finder.visit_statement(other));
        });
    }

    fn visit_conditional_expression(&mut self, condition: &ConditionalExpression<'a>) {
        self.visit_expression(&condition.test);
        self.branch(|finder| {
            finder.visit_expression(&condition.consequent);
            finder.visit_expression(&condition.alternate);
        });
    }

    fn visit_logical_expression(&mut self, logical: &LogicalExpression<'a>) {
        self.visit_expression(&logical.left);
        self.branch(|finder| finder.visit_expression(&logical.right));
    }

    fn visit_statement(&mut self, statement: &Statement<'a>) {
        let is_loop = matches!(
            statement,
            Statement::ForStatement(_)
                | Statement::ForOfStatement(_)
                | Statement::ForInStatement(_)
                | Statement::WhileStatement(_)
                | Statement::DoWhileStatement(_)
                | Statement::LabeledStatement(_)
        );
        if is_loop {
            self.branch(|finder| walk::walk_statement(finder, statement));
        } else {
            walk::walk_statement(self, statement);
        }
    }

    fn visit_switch_statement(&mut self, statement: &SwitchStatement<'a>) {
        self.branch(|finder| walk::walk_switch_statement(finder, statement));
    }

    fn visit_try_statement(&mut self, statement: &TryStatement<'a>) {
        self.branch(|finder| walk::walk_try_statement(finder, statement));
    }

    fn visit_catch_clause(&mut self, clause: &CatchClause<'a>) {
        self.branch(|finder| walk::walk_catch_clause(finder, clause));
    }

    fn visit_return_statement(&mut self, statement: &ReturnStatement<'a>) {
        walk::walk_return_statement(self, statement);
        self.has_left = true;
    }

    fn visit_throw_statement(&mut self, statement: &ThrowStatement<'a>) {
        walk::walk_throw_statement(self, statement);
        self.has_left = true;
    }

    fn visit_function(&mut self, function: &Function<'a>, flags: ScopeFlags) {
        // A call of a generator runs nothing of it.
        let start = if function.generator { u32::MAX } else { function.span.start };
        self.within(start, |finder| walk::walk_function(finder, function, flags));
    }

    fn visit_arrow_function_expression(&mut self, function: &ArrowFunctionExpression<'a>) {
        self.within(function.span.start, |finder| {
            walk::walk_arrow_function_expression(finder, function);
        });
    }
}
