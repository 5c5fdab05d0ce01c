//! What in a source will fail when it runs, found without running it.
//!
//! Only what surely fails is told: a name that may stand for something else is left alone. Where a
//! branch, a loop or an early return may avoid it, the finding says so.

use std::collections::{BTreeMap, BTreeSet};

use oxc_ast::ast::{
    ArrowFunctionExpression, AssignmentExpression, AssignmentTarget, BindingPattern,
    CallExpression, CatchClause, ConditionalExpression, Expression, FormalParameter, Function,
    IfStatement, LogicalExpression, ObjectExpression, ObjectProperty, ObjectPropertyKind, Program,
    ReturnStatement, Statement, StaticMemberExpression, SwitchStatement, ThrowStatement,
    TryStatement, UnaryExpression, UnaryOperator, VariableDeclarator,
};
use oxc_ast_visit::{Visit, walk};
use oxc_span::{GetSpan, Span};
use oxc_syntax::scope::ScopeFlags;

use super::advice::{self, Advice};
use crate::source::{has_exports, place_of};

/// Something that fails when a run gets to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// A stable name of what is wrong, such as `source-exports-nothing`.
    pub code: &'static str,
    /// The line and the column, from 1, in UTF-16 units.
    pub place: (usize, usize),
    /// What is wrong, a sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
    /// Whether every run gets there.
    pub is_certain: bool,
    /// Where it counts.
    pub applies: Applies,
}

/// Where a finding counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applies {
    /// Everywhere.
    Always,
    /// Where documents are in the embedded store.
    Embedded,
    /// Where callers run as system although they should log in, and there is no user. Such a run
    /// does not fail, it finds nothing.
    UserIsSystem,
}

/// Finds what will fail.
pub(super) fn find(source: &str, program: &Program<'_>) -> Vec<Finding> {
    if has_exports(program) {
        // It does not compile, which is told already.
        return Vec::new();
    }
    let mut facts = Facts::default();
    facts.visit_program(program);
    let mut finder = Finder {
        source,
        in_entry: true,
        branches: 0,
        has_left: false,
        findings: Vec::new(),
        text_depth: 0,
        facts: &facts,
    };
    finder.visit_program(program);
    let mut findings = finder.findings;
    if !facts.has_exports && !findings.iter().any(|one| one.code == MODULE_EXPORTS) {
        findings.insert(0, exports_nothing((1, 1), "nothing is assigned to `exports`"));
    } else if let (false, Some((span, what))) = (facts.may_export, facts.useless) {
        let message = format!("`exports` is {what}, which cannot be called");
        findings.insert(0, exports_nothing(place_of(source, span.start as usize), &message));
    }
    findings
}

const EXPORTS_NOTHING: &str = "source-exports-nothing";
const MODULE_EXPORTS: &str = "source-module-exports";
const METHOD_UNKNOWN: &str = "source-method-unknown";
const STORE_REFUSES: &str = "source-store-refuses";
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

/// What the names of a source stand for.
#[derive(Default)]
struct Facts {
    has_exports: bool,
    /// Whether something is assigned to `exports` that may be a function.
    may_export: bool,
    /// What is assigned and is no function.
    useless: Option<(Span, &'static str)>,
    /// Where the function that is exported begins.
    entries: BTreeSet<u32>,
    entry_names: BTreeSet<String>,
    functions: BTreeMap<String, u32>,
    declares_module: bool,
    /// Names for a collection or a database; `None` where a name may be something else.
    handles: BTreeMap<String, Option<Handle>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Handle {
    Collection,
    Database,
}

impl Facts {
    fn handle(&self, expression: &Expression<'_>) -> Option<Handle> {
        match expression.get_inner_expression() {
            Expression::Identifier(name) => self.handles.get(name.name.as_str()).copied().flatten(),
            Expression::CallExpression(call) => match call.callee.get_inner_expression() {
                Expression::StaticMemberExpression(member) if !call.arguments.is_empty() => {
                    match member.property.name.as_str() {
                        "collection" => Some(Handle::Collection),
                        "db" => Some(Handle::Database),
                        _ => None,
                    }
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn bind(&mut self, name: &str, handle: Option<Handle>) {
        let known = self.handles.entry(name.to_owned()).or_insert(handle);
        if *known != handle {
            *known = None;
        }
    }

    fn bind_pattern(&mut self, pattern: &BindingPattern<'_>, value: Option<&Expression<'_>>) {
        if let BindingPattern::BindingIdentifier(name) = pattern {
            self.declares_module |= name.name == "module";
            self.has_exports |= name.name == "exports";
            self.may_export |= name.name == "exports";
            if let Some(value) = value {
                let handle = self.handle(value);
                self.bind(name.name.as_str(), handle);
                if let Some(start) = function_start(value) {
                    self.functions.insert(name.name.to_string(), start);
                }
            }
        } else {
            for name in pattern.get_binding_identifiers() {
                self.bind(name.name.as_str(), None);
            }
        }
    }

    fn is_entry(&self, start: u32) -> bool {
        self.entries.contains(&start)
            || self.entry_names.iter().any(|name| self.functions.get(name) == Some(&start))
    }

    fn exported(&mut self, value: &Expression<'_>) {
        self.has_exports = true;
        let useless = match value.get_inner_expression() {
            Expression::StringLiteral(_) | Expression::TemplateLiteral(_) => "a text",
            Expression::NumericLiteral(_) => "a number",
            Expression::BooleanLiteral(_) => "a boolean",
            Expression::NullLiteral(_) => "null",
            Expression::ObjectExpression(_) => "an object",
            Expression::ArrayExpression(_) => "an array",
            inner => {
                self.may_export = true;
                if let Expression::Identifier(name) = inner {
                    self.entry_names.insert(name.name.to_string());
                }
                self.entries.extend(function_start(inner));
                return;
            }
        };
        self.useless = Some((value.span(), useless));
    }
}

fn function_start(value: &Expression<'_>) -> Option<u32> {
    match value.get_inner_expression() {
        Expression::FunctionExpression(function) => Some(function.span.start),
        Expression::ArrowFunctionExpression(function) => Some(function.span.start),
        _ => None,
    }
}

impl<'a> Visit<'a> for Facts {
    fn visit_variable_declarator(&mut self, declarator: &VariableDeclarator<'a>) {
        self.bind_pattern(&declarator.id, declarator.init.as_ref());
        walk::walk_variable_declarator(self, declarator);
    }

    fn visit_formal_parameter(&mut self, parameter: &FormalParameter<'a>) {
        for name in parameter.pattern.get_binding_identifiers() {
            self.bind(name.name.as_str(), None);
        }
        walk::walk_formal_parameter(self, parameter);
    }

    fn visit_function(&mut self, function: &Function<'a>, flags: ScopeFlags) {
        if let Some(name) = &function.id {
            self.functions.insert(name.name.to_string(), function.span.start);
            let is_exports = name.name == "exports";
            self.has_exports |= is_exports;
            self.may_export |= is_exports;
        }
        walk::walk_function(self, function, flags);
    }

    fn visit_assignment_expression(&mut self, assignment: &AssignmentExpression<'a>) {
        if let AssignmentTarget::AssignmentTargetIdentifier(name) = &assignment.left {
            if name.name == "exports" {
                self.exported(&assignment.right);
            }
            let handle = self.handle(&assignment.right);
            self.bind(name.name.as_str(), handle);
        }
        walk::walk_assignment_expression(self, assignment);
    }
}

struct Finder<'s> {
    source: &'s str,
    facts: &'s Facts,
    /// Whether what is looked at belongs to the exported function, or to no function.
    in_entry: bool,
    /// How many branches it stands in.
    branches: usize,
    /// Whether the function may have ended before.
    has_left: bool,
    /// How many `$text` it stands in.
    text_depth: usize,
    findings: Vec<Finding>,
}

impl Finder<'_> {
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
        let is_certain = self.in_entry && self.branches == 0 && !self.has_left;
        self.findings.push(Finding {
            code,
            place: place_of(self.source, span.start as usize),
            message,
            remedy: remedy.to_owned(),
            is_certain,
            applies,
        });
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

    fn leaves(&mut self) {
        self.has_left |= self.branches > 0;
    }

    fn store_refuses(&mut self, span: Span, name: &str) {
        let message = format!("the embedded store refuses {name}");
        let remedy = "set HOOKSTEAD_MONGODB_URI to a MongoDB deployment, or do it in another way: \
            docs/databases.md says how";
        self.tell_where(STORE_REFUSES, span, message, remedy, Applies::Embedded);
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
        if let Expression::StaticMemberExpression(member) = call.callee.get_inner_expression()
            && !call.optional
        {
            let name = member.property.name.as_str();
            let handle = self.facts.handle(&member.object);
            let (what, advice) = match handle {
                Some(Handle::Collection) => ("a collection", advice::of_collection(name)),
                Some(Handle::Database) => ("a database", advice::of_database(name)),
                None => ("", None),
            };
            if let Some(Advice { remedy, .. }) = advice {
                let message = format!("{what} has no method `{name}`");
                self.tell(METHOD_UNKNOWN, member.property.span, message, remedy);
            }
            if handle == Some(Handle::Collection) && name == "aggregate" {
                self.look_at_options(call);
            }
        }
        walk::walk_call_expression(self, call);
    }

    fn visit_object_property(&mut self, property: &ObjectProperty<'a>) {
        let Some(name) = property.key.static_name() else {
            return walk::walk_object_property(self, property);
        };
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
        walk::walk_assignment_expression(self, assignment);
    }

    fn visit_static_member_expression(&mut self, member: &StaticMemberExpression<'a>) {
        if let Expression::StaticMemberExpression(user) = member.object.get_inner_expression()
            && user.property.name == "user"
            && matches!(&user.object, Expression::Identifier(name) if name.name == "context")
            && member.property.name != "type"
        {
            let message =
                format!("`context.user` is the system user and has no `{}`", member.property.name);
            let remedy = "take who calls from the request, or leave `[auth] \
                application_authentication` at \"required\"";
            self.tell_where(USER_IS_SYSTEM, member.span, message, remedy, Applies::UserIsSystem);
        }
        walk::walk_static_member_expression(self, member);
    }

    fn visit_unary_expression(&mut self, unary: &UnaryExpression<'a>) {
        let asks = unary.operator == UnaryOperator::Typeof;
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
        self.leaves();
    }

    fn visit_throw_statement(&mut self, statement: &ThrowStatement<'a>) {
        walk::walk_throw_statement(self, statement);
        self.leaves();
    }

    fn visit_function(&mut self, function: &Function<'a>, flags: ScopeFlags) {
        self.within(function.span.start, |finder| walk::walk_function(finder, function, flags));
    }

    fn visit_arrow_function_expression(&mut self, function: &ArrowFunctionExpression<'a>) {
        self.within(function.span.start, |finder| {
            walk::walk_arrow_function_expression(finder, function);
        });
    }
}
