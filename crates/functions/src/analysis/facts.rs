//! What the names of a source stand for: what it exports, collections and databases.

use std::collections::{BTreeMap, BTreeSet};

use oxc_ast::ast::{
    AssignmentExpression, AssignmentTarget, BindingPattern, Expression, FormalParameter, Function,
    Program, Statement, VariableDeclarator,
};
use oxc_ast_visit::{Visit, walk};
use oxc_span::{GetSpan, Span};
use oxc_syntax::scope::ScopeFlags;

/// What the names of a source stand for.
#[derive(Default)]
pub(super) struct Facts {
    pub(super) has_exports: bool,
    /// Whether something is assigned to `exports` that may be a function.
    pub(super) may_export: bool,
    /// What is assigned and is no function.
    pub(super) useless: Option<(Span, &'static str)>,
    /// Where the function that is exported begins.
    entries: BTreeSet<u32>,
    entry_names: BTreeSet<String>,
    functions: BTreeMap<String, u32>,
    pub(super) declares_module: bool,
    /// Names for something out of `context.services`.
    of_services: BTreeSet<String>,
    /// What names stand for; `None` where a name may be something else.
    handles: BTreeMap<String, Option<Handle>>,
}

/// Calls between `services.get(…)` and a method: `db`, `collection`, `find`, and what sets the
/// order and the range of a cursor.
const CALLS_MAX: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handle {
    Collection,
    /// What `find` gives.
    Cursor,
    Database,
    /// `context.user`.
    User,
}

impl Facts {
    pub(super) fn handle(&self, expression: &Expression<'_>) -> Option<Handle> {
        match expression.get_inner_expression() {
            Expression::Identifier(name) => self.handles.get(name.name.as_str()).copied().flatten(),
            Expression::StaticMemberExpression(member) => {
                let is_user = member.property.name == "user" && is_context(&member.object);
                is_user.then_some(Handle::User)
            }
            Expression::CallExpression(call) => match call.callee.get_inner_expression() {
                Expression::StaticMemberExpression(member) => {
                    let has_arguments = !call.arguments.is_empty();
                    self.handle_of_call(&member.object, &member.property.name, has_arguments)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// What a method of something gives.
    fn handle_of_call(
        &self,
        object: &Expression<'_>,
        method: &str,
        has_arguments: bool,
    ) -> Option<Handle> {
        match method {
            "collection" if has_arguments => Some(Handle::Collection),
            "db" if has_arguments => Some(Handle::Database),
            "find" if self.handle(object) == Some(Handle::Collection) => Some(Handle::Cursor),
            "limit" | "skip" | "sort" => {
                self.handle(object).filter(|handle| *handle == Handle::Cursor)
            }
            _ => None,
        }
    }

    /// Whether something comes from `context.services`, and is nothing of the function's own that
    /// has methods of the same names.
    pub(super) fn is_of_service(&self, expression: &Expression<'_>) -> bool {
        self.is_within_service(expression, CALLS_MAX)
    }

    fn is_within_service(&self, expression: &Expression<'_>, calls_max: usize) -> bool {
        match expression.get_inner_expression() {
            Expression::Identifier(name) => self.of_services.contains(name.name.as_str()),
            Expression::CallExpression(call) => match call.callee.get_inner_expression() {
                Expression::StaticMemberExpression(member) if member.property.name == "get" => {
                    is_services(&member.object)
                }
                Expression::StaticMemberExpression(member) if calls_max > 0 => {
                    self.is_within_service(&member.object, calls_max - 1)
                }
                _ => false,
            },
            _ => false,
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
                if self.is_of_service(value) {
                    self.of_services.insert(name.name.to_string());
                }
                if let Some(start) = function_start(value) {
                    self.functions.insert(name.name.to_string(), start);
                }
            }
        } else if let BindingPattern::ObjectPattern(members) = pattern
            && value.is_some_and(is_context)
        {
            for member in &members.properties {
                let is_user = member.key.static_name().is_some_and(|name| name == "user");
                self.bind_all(&member.value, is_user.then_some(Handle::User));
            }
        } else {
            self.bind_all(pattern, None);
        }
    }

    /// A pattern within another one takes a part of what it stands for, which is nothing known.
    fn bind_all(&mut self, pattern: &BindingPattern<'_>, handle: Option<Handle>) {
        let is_name = matches!(pattern, BindingPattern::BindingIdentifier(_));
        for name in pattern.get_binding_identifiers() {
            self.bind(name.name.as_str(), handle.filter(|_| is_name));
        }
    }

    pub(super) fn is_entry(&self, start: u32) -> bool {
        self.entries.contains(&start)
            || self.entry_names.iter().any(|name| self.functions.get(name) == Some(&start))
    }

    fn exported(&mut self, value: &Expression<'_>) {
        self.has_exports = true;
        if let Some(what) = useless(value) {
            self.useless = Some((value.span(), what));
            return;
        }
        self.may_export = true;
        let inner = value.get_inner_expression();
        if let Expression::Identifier(name) = inner {
            self.entry_names.insert(name.name.to_string());
        }
        self.entries.extend(function_start(inner));
    }
}

/// What a source surely assigns to `exports` at its end, if that cannot be called: `exports = 2`
/// behind a function takes its place.
pub(super) fn last_useless(program: &Program<'_>) -> Option<(Span, &'static str)> {
    if program.body.iter().any(|one| matches!(one, Statement::ReturnStatement(_))) {
        return None;
    }
    let is_declaration = |statement: &&Statement<'_>| {
        matches!(statement, Statement::FunctionDeclaration(_) | Statement::EmptyStatement(_))
    };
    let last = program.body.iter().rfind(|statement| !is_declaration(statement))?;
    let Statement::ExpressionStatement(last) = last else { return None };
    let Expression::AssignmentExpression(assignment) = &last.expression else { return None };
    let AssignmentTarget::AssignmentTargetIdentifier(name) = &assignment.left else { return None };
    let value = Some(&assignment.right)
        .filter(|_| assignment.operator.is_assign() && name.name == "exports")?;
    useless(value).map(|what| (value.span(), what))
}

fn useless(value: &Expression<'_>) -> Option<&'static str> {
    match value.get_inner_expression() {
        Expression::StringLiteral(_) | Expression::TemplateLiteral(_) => Some("a text"),
        Expression::NumericLiteral(_) => Some("a number"),
        Expression::BooleanLiteral(_) => Some("a boolean"),
        Expression::NullLiteral(_) => Some("null"),
        Expression::ObjectExpression(_) => Some("an object"),
        Expression::ArrayExpression(_) => Some("an array"),
        _ => None,
    }
}

/// Whether it is `context.services`, or the name that `const { services } = context` gives it.
fn is_services(value: &Expression<'_>) -> bool {
    match value.get_inner_expression() {
        Expression::Identifier(name) => name.name == "services",
        Expression::StaticMemberExpression(member) => {
            member.property.name == "services" && is_context(&member.object)
        }
        _ => false,
    }
}

fn is_context(value: &Expression<'_>) -> bool {
    matches!(value.get_inner_expression(), Expression::Identifier(name) if name.name == "context")
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
        self.bind_all(&parameter.pattern, None);
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
            if name.name == "exports" && assignment.operator.is_assign() {
                self.exported(&assignment.right);
            }
            let handle = self.handle(&assignment.right);
            if self.is_of_service(&assignment.right) {
                self.of_services.insert(name.name.to_string());
            }
            self.bind(name.name.as_str(), handle);
        }
        walk::walk_assignment_expression(self, assignment);
    }
}
