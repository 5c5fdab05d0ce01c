//! ES modules, made into functions that the loader calls (`js/src/runtime/packages.js`).
//!
//! Lines stay where they are. What a module exports is given to the loader as functions that read
//! it, and what it imports is read from the other module's namespace each time, so that bindings
//! are live and circles work as the standard has it.

use std::collections::BTreeSet;

use oxc_allocator::Allocator;
use oxc_ast::{
    AstKind,
    ast::{
        ArrowFunctionExpression, AwaitExpression, Class, ExportDefaultDeclaration,
        ExportDefaultDeclarationKind, ExportNamedDeclaration, ExpressionStatement, ForOfStatement,
        Function, ImportDeclaration, ImportDeclarationSpecifier, ImportExpression, MetaProperty,
        ModuleExportName, Program, Statement, VariableDeclaration,
    },
};
use oxc_ast_visit::{Visit, walk};
use oxc_semantic::{Semantic, SemanticBuilder};
use oxc_span::{GetSpan, SourceType, Span};
use oxc_syntax::{scope::ScopeFlags, symbol::SymbolId};

use super::enclosed::{Enclosed, PARSED_BYTES_MAX, is_read_alike};
use crate::source::{Body, parse_as, with_stack_for};

/// A module that is about to become a script.
#[derive(Debug)]
pub(super) struct Esm {
    /// The body, without declarations of imports and exports.
    body: String,
    /// The start of all names that are ours; no name of the module begins with it.
    prefix: String,
    /// What is imported, in the order in which it is evaluated.
    pub(super) requests: Vec<String>,
    /// The requests whose exports are exported as they are.
    stars: Vec<usize>,
    /// What is exported: a name, and an expression that reads it.
    exports: Vec<(String, String)>,
    /// Whether it waits at its top level.
    pub(super) waits: bool,
}

/// Parses a module; `None` where it is none.
pub(super) fn read(source: &str) -> Option<Esm> {
    with_stack_for(source, PARSED_BYTES_MAX, || {
        let allocator = Allocator::default();
        let parsed = parse_as(&allocator, source, SourceType::mjs(), true);
        if parsed.panicked || !parsed.errors.is_empty() {
            return None;
        }
        Some(transform(source, allocator.alloc(parsed.program)))
    })
}

/// A CommonJS source whose calls of `import(…)` call the parameter of that name in their place, or
/// the source as it is where it cannot be parsed.
pub(super) fn with_calls_of_import(source: &str, name: &str) -> String {
    let changed = with_stack_for(source, PARSED_BYTES_MAX, || {
        let allocator = Allocator::default();
        let parsed = parse_as(&allocator, source, SourceType::cjs(), true);
        if parsed.panicked || !parsed.errors.is_empty() {
            return None;
        }
        let mut calls = CallsOfImport { name, changes: Vec::new() };
        calls.visit_program(&parsed.program);
        calls.changes.sort_by_key(|(span, _)| span.start);
        Some(Body::new(source, calls.changes).text().to_owned())
    });
    changed.unwrap_or_else(|| source.to_owned())
}

impl Esm {
    /// The function that holds the module. `is_async` says that it or what it imports waits at its
    /// top level.
    pub(super) fn enclosed(&self, is_async: bool) -> Enclosed {
        let Self { prefix, body, .. } = self;
        let (kind, wait) = if is_async { ("async ", "await ") } else { ("", "") };
        let exports = self.exports.iter().map(|(name, read)| format!("[{name:?}]:()=>{read}"));
        let exports = exports.collect::<Vec<_>>().join(",");
        let requests = self.requests.iter().enumerate();
        let requests = requests.map(|(index, request)| {
            let star = if self.stars.contains(&index) {
                format!("{prefix}star({prefix}{index});")
            } else {
                String::new()
            };
            format!("const {prefix}{index}={wait}{prefix}import({request:?});{star}")
        });
        let parameters = ["export", "import", "star", "meta", "dynamic"];
        let parameters = parameters.map(|name| format!("{prefix}{name}")).join(",");
        let inside = format!(
            "\"use strict\";const {prefix}call=(f)=>f;\
             {prefix}export({{__proto__:null,{exports}}});{}\n{body}\n",
            requests.collect::<String>()
        );
        Enclosed { kind, parameters, inside, is_known: is_read_alike(body) }
    }
}

/// A start of names that no name of a source begins with.
fn prefix_for(source: &str) -> String {
    let mut prefix = "$hs$".to_owned();
    while source.contains(&prefix) {
        prefix.push('$');
    }
    prefix
}

fn transform<'a>(source: &str, program: &'a Program<'a>) -> Esm {
    let semantic = SemanticBuilder::new().build(program).semantic;
    let prefix = prefix_for(source);
    let mut transform = Transform {
        source,
        semantic: &semantic,
        changes: Vec::new(),
        statements: BTreeSet::new(),
        imported: Vec::new(),
        depth: 0,
        esm: Esm {
            body: String::new(),
            prefix,
            requests: Vec::new(),
            stars: Vec::new(),
            exports: Vec::new(),
            waits: false,
        },
    };
    // Imports first: what is exported may be one of them, wherever it stands.
    for statement in &program.body {
        if let Statement::ImportDeclaration(import) = statement {
            transform.import(import);
        }
    }
    // In the order in which they are evaluated.
    transform.esm.requests = requests(program);
    transform.visit_program(program);
    transform.references();
    let Transform { mut changes, mut esm, .. } = transform;
    changes.sort_by_key(|(span, _)| (span.start, span.end));
    esm.body = Body::new(source, changes).text().to_owned();
    esm
}

/// What a module asks for, each once, in the order of the text.
fn requests(program: &Program<'_>) -> Vec<String> {
    let mut requests: Vec<String> = Vec::new();
    for statement in &program.body {
        let source = match statement {
            Statement::ImportDeclaration(import) => Some(&import.source),
            Statement::ExportAllDeclaration(export) => Some(&export.source),
            Statement::ExportNamedDeclaration(export) => export.source.as_ref(),
            _ => None,
        };
        let source = source.map(|source| source.value.to_string());
        requests.extend(source.filter(|source| !requests.contains(source)));
    }
    requests
}

struct Transform<'s, 'a> {
    source: &'s str,
    semantic: &'s Semantic<'a>,
    changes: Vec<(Span, String)>,
    /// Where statements that are expressions begin.
    statements: BTreeSet<u32>,
    /// What is imported: the name here, the request, and the name there; without one the namespace.
    imported: Vec<(SymbolId, String, Option<String>)>,
    /// How many functions what is looked at stands in.
    depth: usize,
    esm: Esm,
}

impl Transform<'_, '_> {
    fn change(&mut self, span: Span, text: String) {
        // Lines stay where they are.
        let lines = self.source[span.start as usize..span.end as usize].matches('\n').count();
        let text = text + &"\n".repeat(lines);
        self.changes.push((span, text));
    }

    fn import(&mut self, import: &ImportDeclaration<'_>) {
        let request = import.source.value.to_string();
        for specifier in import.specifiers.iter().flatten() {
            let (local, name) = match specifier {
                ImportDeclarationSpecifier::ImportSpecifier(named) => {
                    (&named.local, Some(named.imported.name().to_string()))
                }
                ImportDeclarationSpecifier::ImportDefaultSpecifier(default) => {
                    (&default.local, Some("default".to_owned()))
                }
                ImportDeclarationSpecifier::ImportNamespaceSpecifier(all) => (&all.local, None),
            };
            if let Some(symbol) = local.symbol_id.get() {
                self.imported.push((symbol, request.clone(), name));
            }
        }
    }

    /// An expression that reads an export of another module.
    fn read(&self, request: &str, name: Option<&str>) -> String {
        let index = self.esm.requests.iter().position(|one| one == request).unwrap_or_default();
        let namespace = format!("{}{index}", self.esm.prefix);
        match name {
            None => namespace,
            Some(name) => format!("{namespace}[{name:?}]"),
        }
    }

    /// Puts the namespace's member in the place of every name of an import.
    fn references(&mut self) {
        let semantic = self.semantic;
        let mut changes = Vec::new();
        for (symbol, request, name) in &self.imported {
            let read = self.read(request, name.as_deref());
            for reference in semantic.symbol_references(*symbol) {
                let span = semantic.reference_span(reference);
                let text = match semantic.nodes().parent_kind(reference.node_id()) {
                    AstKind::ExportSpecifier(_) => continue,
                    AstKind::ObjectProperty(property) if property.shorthand => {
                        format!("{}:{read}", semantic.reference_name(reference))
                    }
                    // Without the namespace for `this`. A parenthesis at the begin of a statement
                    // would make it a call of what stands before.
                    AstKind::CallExpression(call) if call.callee.span() == span => {
                        self.called(span, &read)
                    }
                    AstKind::TaggedTemplateExpression(tagged) if tagged.tag.span() == span => {
                        self.called(span, &read)
                    }
                    _ => read.clone(),
                };
                changes.push((span, text));
            }
        }
        self.changes.extend(changes);
    }

    fn called(&self, span: Span, read: &str) -> String {
        if self.statements.contains(&span.start) {
            format!("{}call({read})", self.esm.prefix)
        } else {
            format!("(0,{read})")
        }
    }

    fn export(&mut self, name: &str, read: String) {
        self.esm.exports.push((name.to_owned(), read));
    }

    fn export_named(&mut self, export: &ExportNamedDeclaration<'_>) {
        if let Some(declaration) = &export.declaration {
            self.change(Span::new(export.span.start, declaration.span().start), String::new());
            let mut names = Names::default();
            names.visit_declaration(declaration);
            for name in names.0 {
                self.export(&name, name.clone());
            }
            return;
        }
        for specifier in &export.specifiers {
            let local = specifier.local.name().to_string();
            let read = match &export.source {
                Some(source) => self.read(&source.value, Some(&local)),
                None => self.local(&specifier.local),
            };
            self.export(&specifier.exported.name(), read);
        }
        // What follows may begin with a parenthesis.
        self.change(export.span, ";".to_owned());
    }

    /// An expression that reads a name of the module, be it one of its own or an imported one.
    fn local(&self, name: &ModuleExportName<'_>) -> String {
        let ModuleExportName::IdentifierReference(reference) = name else {
            return name.name().to_string();
        };
        let id = reference.reference_id.get();
        let symbol = id.and_then(|id| self.semantic.scoping().get_reference(id).symbol_id());
        let imported = self.imported.iter().find(|(one, ..)| Some(*one) == symbol);
        match imported {
            Some((_, request, name)) => self.read(request, name.as_deref()),
            None => reference.name.to_string(),
        }
    }

    fn export_default(&mut self, export: &ExportDefaultDeclaration<'_>) {
        let declaration = &export.declaration;
        let inside = declaration.span();
        let before = Span::new(export.span.start, inside.start);
        let own = format!("{}default", self.esm.prefix);
        let name = match declaration {
            ExportDefaultDeclarationKind::FunctionDeclaration(function) => {
                self.change(before, String::new());
                function.id.as_ref().map(|id| id.name.to_string()).unwrap_or_else(|| {
                    let at = function.params.span.start;
                    self.changes.push((Span::empty(at), format!(" {own}")));
                    own.clone()
                })
            }
            ExportDefaultDeclarationKind::ClassDeclaration(class) => match &class.id {
                Some(id) => {
                    self.change(before, String::new());
                    id.name.to_string()
                }
                None => {
                    self.change(before, format!("const {own}="));
                    self.changes.push((Span::empty(inside.end), ";".to_owned()));
                    own
                }
            },
            _ => {
                // A parenthesis before the expression may belong to it.
                self.change(before, format!("const {own}=("));
                self.changes.push((Span::empty(inside.end), ");".to_owned()));
                own
            }
        };
        self.export("default", name);
    }

    fn within(&mut self, walk: impl FnOnce(&mut Self)) {
        self.depth += 1;
        walk(self);
        self.depth -= 1;
    }
}

impl<'a> Visit<'a> for Transform<'_, 'a> {
    fn visit_statement(&mut self, statement: &Statement<'a>) {
        match statement {
            Statement::ImportDeclaration(import) => {
                return self.change(import.span, ";".to_owned());
            }
            Statement::ExportAllDeclaration(export) => {
                let request = export.source.value.to_string();
                match &export.exported {
                    Some(name) => {
                        let read = self.read(&request, None);
                        self.export(&name.name(), read);
                    }
                    None => {
                        let found = self.esm.requests.iter().position(|one| *one == request);
                        self.esm.stars.extend(found);
                    }
                }
                return self.change(export.span, ";".to_owned());
            }
            Statement::ExportNamedDeclaration(export) => self.export_named(export),
            Statement::ExportDefaultDeclaration(export) => self.export_default(export),
            _ => {}
        }
        walk::walk_statement(self, statement);
    }

    fn visit_expression_statement(&mut self, statement: &ExpressionStatement<'a>) {
        self.statements.insert(statement.span.start);
        walk::walk_expression_statement(self, statement);
    }

    fn visit_import_expression(&mut self, import: &ImportExpression<'a>) {
        let text = format!("{}dynamic", self.esm.prefix);
        self.changes.push((keyword(import), text));
        walk::walk_import_expression(self, import);
    }

    fn visit_meta_property(&mut self, property: &MetaProperty<'a>) {
        if property.meta.name == "import" {
            self.change(property.span, format!("{}meta", self.esm.prefix));
        }
    }

    fn visit_await_expression(&mut self, wait: &AwaitExpression<'a>) {
        self.esm.waits |= self.depth == 0;
        walk::walk_await_expression(self, wait);
    }

    fn visit_for_of_statement(&mut self, statement: &ForOfStatement<'a>) {
        self.esm.waits |= self.depth == 0 && statement.r#await;
        walk::walk_for_of_statement(self, statement);
    }

    fn visit_function(&mut self, function: &Function<'a>, flags: ScopeFlags) {
        self.within(|transform| walk::walk_function(transform, function, flags));
    }

    fn visit_arrow_function_expression(&mut self, function: &ArrowFunctionExpression<'a>) {
        self.within(|transform| walk::walk_arrow_function_expression(transform, function));
    }
}

/// Where the word `import` of a call stands.
fn keyword(import: &ImportExpression<'_>) -> Span {
    Span::sized(import.span.start, "import".len() as u32)
}

/// The names that a declaration makes.
#[derive(Default)]
struct Names(Vec<String>);

impl<'a> Visit<'a> for Names {
    fn visit_variable_declaration(&mut self, declaration: &VariableDeclaration<'a>) {
        for one in &declaration.declarations {
            let names = one.id.get_binding_identifiers();
            self.0.extend(names.iter().map(|name| name.name.to_string()));
        }
    }

    fn visit_function(&mut self, function: &Function<'a>, _: ScopeFlags) {
        self.0.extend(function.id.iter().map(|id| id.name.to_string()));
    }

    fn visit_class(&mut self, class: &Class<'a>) {
        self.0.extend(class.id.iter().map(|id| id.name.to_string()));
    }
}

/// Collects the calls of `import(…)`.
struct CallsOfImport<'n> {
    name: &'n str,
    changes: Vec<(Span, String)>,
}

impl<'a> Visit<'a> for CallsOfImport<'_> {
    fn visit_import_expression(&mut self, import: &ImportExpression<'a>) {
        self.changes.push((keyword(import), self.name.to_owned()));
        walk::walk_import_expression(self, import);
    }
}

#[cfg(test)]
mod tests;
