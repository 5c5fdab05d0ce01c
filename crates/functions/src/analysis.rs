//! What a source uses, found without running it.
//!
//! Reports only. A name that is put together at run time cannot be found this way; that there is
//! one is said instead.

use std::collections::{BTreeMap, BTreeSet};

use oxc_ast::ast::{
    Argument, AssignmentExpression, AssignmentTarget, BindingPattern, CallExpression, ChainElement,
    Expression, FormalParameter, IdentifierReference, ImportDeclaration, ImportExpression,
    ObjectPattern, ObjectProperty, Program, PropertyKey, UnaryExpression, UnaryOperator,
    VariableDeclarator,
};
use oxc_ast_visit::{Visit, walk};

use crate::source;

mod advice;
mod collections;
mod facts;
mod finding;
mod findings;
mod unresolved;

pub(crate) use advice::for_message as advice_for_message;
pub use collections::Collection;
use collections::Databases;
pub use finding::{Applies, Finding};
pub use unresolved::GLOBALS;
use unresolved::Unresolved;

/// Globals of browsers and of Node.js that functions do not have.
const UNSUPPORTED_GLOBALS: &[&str] = &[
    "AbortController",
    "Blob",
    "FormData",
    "Intl",
    "WebAssembly",
    "WebSocket",
    "XMLHttpRequest",
    "__dirname",
    "__filename",
    "crypto",
    "document",
    "localStorage",
    "structuredClone",
    "window",
];

/// Stages that search indexes of Atlas answer.
const ATLAS_STAGES: [&str; 6] = [
    "$listSearchIndexes",
    "$rankFusion",
    "$scoreFusion",
    "$search",
    "$searchMeta",
    "$vectorSearch",
];

/// Stages that users do not have (docs/behaviour/collection-rules.md#pipelines).
const SYSTEM_STAGES: [&str; 9] = [
    "$collStats",
    "$facet",
    "$geoNear",
    "$graphLookup",
    "$indexStats",
    "$lookup",
    "$merge",
    "$out",
    "$unionWith",
];

/// No path that is looked for has more members behind a name. Every part of an expression is
/// asked for its path, so a chain without an end would be walked again for each of its members.
const PATH_MEMBERS_MAX: usize = 4;

/// What a source uses.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Uses {
    /// What it requires or imports, as written.
    pub modules: BTreeSet<String>,
    /// Those of the modules that no branch avoids.
    pub modules_surely: BTreeSet<String>,
    /// Those of the functions that no branch avoids.
    pub functions_surely: BTreeSet<String>,
    /// Names given to `context.values.get`.
    pub values: BTreeSet<String>,
    /// Names read from `context.environment.values`.
    pub environment_values: BTreeSet<String>,
    /// Names given to `context.functions.execute`.
    pub functions: BTreeSet<String>,
    /// Names given to `context.services.get`.
    pub services: BTreeSet<String>,
    /// Whether one of these names is no literal.
    pub dynamic: bool,
    /// Whether it uses `context.http` or the global `fetch`.
    pub http: bool,
    /// Whether it uses a database: calls `.db(…)` or `.collection(…)` of something.
    pub data: bool,
    /// Collections that it uses, as far as their names are known.
    pub collections: BTreeSet<Collection>,
    /// Stages of pipelines that only Atlas has, such as `$search`.
    pub atlas_stages: BTreeSet<String>,
    /// Stages of pipelines that only functions have which run as system, such as `$lookup`.
    pub system_stages: BTreeSet<String>,
    /// Globals of browsers or of Node.js that are not provided.
    pub unsupported: BTreeSet<String>,
    /// Methods that are called of services, by the names of the services.
    pub service_methods: BTreeMap<String, BTreeSet<String>>,
    /// What fails when a run gets to it.
    pub findings: Vec<Finding>,
    /// Whether the source parses. Nothing else is known of one that does not.
    pub parses: bool,
    /// Whether it is too long to be looked into. Nothing else is known of it then.
    pub is_too_long: bool,
}

/// Finds out what a source uses.
pub fn analyse(source: &str) -> Uses {
    let source = source::without_mark(source);
    source::with_program_without_parentheses(source, |program| {
        let names = Names::of(program);
        let unresolved = Unresolved::of(program);
        let uses = Uses { parses: true, ..Uses::default() };
        let mut finder = Finder { names: &names, foreign: &unresolved.foreign, uses };
        finder.visit_program(program);
        let found = findings::find(source, program, &names, &unresolved);
        let of = |path| {
            let names = found.surely.iter().filter(move |(one, _)| *one == path);
            names.map(|(_, name)| name.clone())
        };
        let mut uses = finder.uses;
        uses.modules_surely.extend(of(finding::REQUIRE));
        uses.functions_surely.extend(of(finding::EXECUTE));
        Uses { findings: found.findings, ..uses }
    })
    .unwrap_or_else(|| {
        let is_too_long = source.len() > source::SOURCE_BYTES_MAX;
        Uses { is_too_long, dynamic: is_too_long, ..Uses::default() }
    })
}

/// What the names of a source stand for. Scopes are not told apart: nobody calls two things
/// `services` in one file and means different ones.
#[derive(Default)]
struct Names {
    /// Names for a part of `context` or for `require`, with its path.
    aliases: BTreeMap<String, String>,
    /// Names for a text; `None` where a name can stand for something else as well.
    texts: BTreeMap<String, Option<String>>,
    /// Names for a service, with its name.
    services: BTreeMap<String, String>,
    databases: Databases,
}

impl Names {
    fn of(program: &Program<'_>) -> Self {
        let mut names = Self::default();
        names.visit_program(program);
        names
    }

    /// The path of an expression such as `context.values.get`, whatever it is called here.
    fn path(&self, expression: &Expression<'_>) -> Option<String> {
        self.path_within(expression, PATH_MEMBERS_MAX)
    }

    fn path_within(&self, expression: &Expression<'_>, members_max: usize) -> Option<String> {
        match expression.get_inner_expression() {
            Expression::Identifier(identifier) => self.path_of_name(identifier.name.as_str()),
            Expression::StaticMemberExpression(member) => {
                let object = self.path_within(&member.object, members_max.checked_sub(1)?)?;
                Some(format!("{object}.{}", member.property.name))
            }
            Expression::ComputedMemberExpression(member) => {
                let object = self.path_within(&member.object, members_max.checked_sub(1)?)?;
                Some(format!("{object}.{}", self.text(&member.expression)?))
            }
            Expression::ChainExpression(chain) => {
                let ChainElement::StaticMemberExpression(member) = &chain.expression else {
                    return None;
                };
                let object = self.path_within(&member.object, members_max.checked_sub(1)?)?;
                Some(format!("{object}.{}", member.property.name))
            }
            _ => None,
        }
    }

    fn path_of_name(&self, name: &str) -> Option<String> {
        match name {
            "context" | "require" => Some(name.to_owned()),
            _ => self.aliases.get(name).cloned(),
        }
    }

    /// The text that an expression surely is.
    fn text(&self, expression: &Expression<'_>) -> Option<String> {
        match expression.get_inner_expression() {
            Expression::StringLiteral(text) => Some(text.value.to_string()),
            Expression::TemplateLiteral(template) => {
                template.single_quasi().map(|text| text.to_string())
            }
            Expression::Identifier(name) => self.texts.get(name.name.as_str()).cloned().flatten(),
            _ => None,
        }
    }

    /// The name of the service that an expression asks for.
    fn service(&self, expression: &Expression<'_>) -> Option<String> {
        match expression.get_inner_expression() {
            Expression::Identifier(name) => self.services.get(name.name.as_str()).cloned(),
            Expression::CallExpression(call) => {
                let is_it = self.path(&call.callee)? == "context.services.get";
                let first = call.arguments.first().filter(|_| is_it)?.as_expression()?;
                self.text(first)
            }
            _ => None,
        }
    }

    /// Notes what a name stands for: the same text wherever it is given one, or none.
    fn bind_text(&mut self, name: &str, text: Option<String>) {
        let known = self.texts.entry(name.to_owned()).or_insert_with(|| text.clone());
        if *known != text {
            *known = None;
        }
    }

    fn bind(&mut self, pattern: &BindingPattern<'_>, path: &str) {
        match pattern {
            BindingPattern::BindingIdentifier(name) => {
                self.aliases.insert(name.name.to_string(), path.to_owned());
            }
            BindingPattern::AssignmentPattern(pattern) => self.bind(&pattern.left, path),
            BindingPattern::ObjectPattern(pattern) => self.bind_members(pattern, path),
            BindingPattern::ArrayPattern(_) => {}
        }
    }

    fn bind_members(&mut self, pattern: &ObjectPattern<'_>, path: &str) {
        for property in &pattern.properties {
            if let PropertyKey::StaticIdentifier(key) = &property.key {
                self.bind(&property.value, &format!("{path}.{}", key.name));
            }
        }
    }
}

impl<'a> Visit<'a> for Names {
    fn visit_variable_declarator(&mut self, declarator: &VariableDeclarator<'a>) {
        walk::walk_variable_declarator(self, declarator);
        let Some(value) = &declarator.init else {
            return;
        };
        if let (BindingPattern::BindingIdentifier(name), Some(service)) =
            (&declarator.id, self.service(value))
        {
            self.services.insert(name.name.to_string(), service);
        }
        if let BindingPattern::BindingIdentifier(name) = &declarator.id {
            self.bind_database(name.name.as_str(), value);
        }
        if let Some(path) = self.path(value) {
            self.bind(&declarator.id, &path);
        } else if let BindingPattern::BindingIdentifier(name) = &declarator.id {
            let text = self.text(value);
            self.bind_text(name.name.as_str(), text);
        }
    }

    fn visit_formal_parameter(&mut self, parameter: &FormalParameter<'a>) {
        for name in parameter.pattern.get_binding_identifiers() {
            self.bind_text(name.name.as_str(), None);
            self.databases.insert(name.name.to_string(), None);
        }
        walk::walk_formal_parameter(self, parameter);
    }

    fn visit_assignment_expression(&mut self, assignment: &AssignmentExpression<'a>) {
        walk::walk_assignment_expression(self, assignment);
        if let AssignmentTarget::AssignmentTargetIdentifier(name) = &assignment.left {
            self.bind_database(name.name.as_str(), &assignment.right);
            if let Some(path) = self.path(&assignment.right) {
                self.aliases.insert(name.name.to_string(), path);
            } else {
                let plain = assignment.operator.is_assign();
                let text = self.text(&assignment.right).filter(|_| plain);
                self.bind_text(name.name.as_str(), text);
            }
        }
    }
}

/// Collects what is used, once it is known what the names stand for.
struct Finder<'n> {
    names: &'n Names,
    /// Where names are read that the source does not declare.
    foreign: &'n BTreeSet<u32>,
    uses: Uses,
}

impl Finder<'_> {
    fn called(&mut self, path: &str, arguments: &[Argument<'_>]) {
        let found = match path {
            finding::REQUIRE => &mut self.uses.modules,
            "context.values.get" => &mut self.uses.values,
            finding::EXECUTE => &mut self.uses.functions,
            "context.services.get" => &mut self.uses.services,
            _ => return,
        };
        let first = arguments.first().and_then(Argument::as_expression);
        match first.and_then(|argument| self.names.text(argument)) {
            Some(name) => {
                found.insert(name);
            }
            None => self.uses.dynamic = true,
        }
    }
}

impl<'a> Visit<'a> for Finder<'_> {
    fn visit_expression(&mut self, expression: &Expression<'a>) {
        if let Some(path) = self.names.path(expression) {
            self.uses.http |= path == "context.http" || path.starts_with("context.http.");
            let name = path.strip_prefix("context.environment.values.");
            let name = name.filter(|name| !name.contains('.'));
            self.uses.environment_values.extend(name.map(str::to_owned));
        }
        walk::walk_expression(self, expression);
    }

    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        if let Some(path) = self.names.path(&call.callee) {
            self.called(&path, &call.arguments);
        }
        let method = match call.callee.get_inner_expression() {
            Expression::StaticMemberExpression(member) => {
                let name = member.property.name.as_str();
                if let Some(service) = self.names.service(&member.object) {
                    let methods = self.uses.service_methods.entry(service).or_default();
                    methods.insert(name.to_owned());
                }
                name
            }
            _ => "",
        };
        if matches!(method, "db" | "collection") {
            self.uses.data = true;
        }
        self.uses.collections.extend(self.names.collection(call));
        walk::walk_call_expression(self, call);
    }

    fn visit_object_property(&mut self, property: &ObjectProperty<'a>) {
        if let Some(name) = property.key.static_name() {
            if ATLAS_STAGES.contains(&name.as_ref()) {
                self.uses.atlas_stages.insert(name.into_owned());
            } else if SYSTEM_STAGES.contains(&name.as_ref()) {
                self.uses.system_stages.insert(name.into_owned());
            }
        }
        // The `$search` of a `$text` is that of text indexes.
        if property.key.static_name().is_some_and(|name| name == "$text") {
            return;
        }
        walk::walk_object_property(self, property);
    }

    fn visit_import_declaration(&mut self, import: &ImportDeclaration<'a>) {
        self.uses.modules.insert(import.source.value.to_string());
        self.uses.modules_surely.insert(import.source.value.to_string());
    }

    fn visit_import_expression(&mut self, import: &ImportExpression<'a>) {
        match self.names.text(&import.source) {
            Some(name) => {
                self.uses.modules.insert(name);
            }
            None => self.uses.dynamic = true,
        }
        walk::walk_import_expression(self, import);
    }

    /// `typeof name` asks whether there is one, and harms nobody.
    fn visit_unary_expression(&mut self, unary: &UnaryExpression<'a>) {
        let is_name = matches!(unary.argument, Expression::Identifier(_));
        if !(unary.operator == UnaryOperator::Typeof && is_name) {
            walk::walk_unary_expression(self, unary);
        }
    }

    fn visit_identifier_reference(&mut self, identifier: &IdentifierReference<'a>) {
        let name = identifier.name.as_str();
        if !self.foreign.contains(&identifier.span.start) {
            return;
        }
        if UNSUPPORTED_GLOBALS.contains(&name) {
            self.uses.unsupported.insert(name.to_owned());
        }
        self.uses.http |= name == "fetch";
    }
}

#[cfg(test)]
mod tests;
