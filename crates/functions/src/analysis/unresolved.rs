//! Names that a source reads and declares nowhere.

use std::{cell::Cell, collections::BTreeSet};

use oxc_ast::{
    AstKind,
    ast::{AssignmentTarget, Expression, Program, UnaryOperator},
};
use oxc_ast_visit::Visit;
use oxc_semantic::{Reference, Semantic, SemanticBuilder};
use oxc_syntax::scope::{ScopeFlags, ScopeId};

/// What the engine and the runtime give to functions by name, in the order of bytes.
pub const GLOBALS: &[&str] = &[
    "AggregateError",
    "Array",
    "ArrayBuffer",
    "AsyncDisposableStack",
    "Atomics",
    "BSON",
    "BigInt",
    "BigInt64Array",
    "BigUint64Array",
    "Boolean",
    "Buffer",
    "DOMException",
    "DataView",
    "Date",
    "DisposableStack",
    "EJSON",
    "Error",
    "EvalError",
    "FinalizationRegistry",
    "Float16Array",
    "Float32Array",
    "Float64Array",
    "Function",
    "HTTPResponse",
    "Headers",
    "Infinity",
    "Int16Array",
    "Int32Array",
    "Int8Array",
    "InternalError",
    "Iterator",
    "JSON",
    "Map",
    "Math",
    "NaN",
    "Number",
    "Object",
    "Promise",
    "Proxy",
    "RangeError",
    "ReferenceError",
    "Reflect",
    "RegExp",
    "Response",
    "Set",
    "SharedArrayBuffer",
    "String",
    "SuppressedError",
    "Symbol",
    "SyntaxError",
    "TextDecoder",
    "TextEncoder",
    "TypeError",
    "URIError",
    "URL",
    "URLSearchParams",
    "Uint16Array",
    "Uint32Array",
    "Uint8Array",
    "Uint8ClampedArray",
    "WeakMap",
    "WeakRef",
    "WeakSet",
    "WebAssembly",
    "atob",
    "btoa",
    "clearImmediate",
    "clearInterval",
    "clearTimeout",
    "console",
    "context",
    "decodeURI",
    "decodeURIComponent",
    "encodeURI",
    "encodeURIComponent",
    "escape",
    "eval",
    "fetch",
    "global",
    "globalThis",
    "isFinite",
    "isNaN",
    "parseFloat",
    "parseInt",
    "performance",
    "process",
    "queueMicrotask",
    "setImmediate",
    "setInterval",
    "setTimeout",
    "undefined",
    "unescape",
    "utils",
];

/// What the function around a source declares.
const PARAMETERS: [&str; 3] = ["arguments", "exports", "require"];

/// Names that can give a source others, so that nothing is sure any more.
const DECLARING: [&str; 4] = ["Function", "eval", "global", "globalThis"];

/// Where names are read that are declared nowhere, as offsets of bytes.
#[derive(Debug, Default)]
pub(super) struct Unresolved {
    /// Names that are not declared in the source.
    pub(super) foreign: BTreeSet<u32>,
    /// Those of them that do not exist, so that reading one fails.
    pub(super) undefined: BTreeSet<u32>,
    /// Whether something may be assigned to `exports`.
    pub(super) may_export: bool,
}

/// Scopes within each other. Every name is looked for in all of them, so in a source with more the
/// names are left alone; no person wrote it.
const SCOPES_DEEP_MAX: usize = 250;

impl Unresolved {
    pub(super) fn of<'a>(program: &'a Program<'a>) -> Self {
        let mut depth = Depth::default();
        depth.visit_program(program);
        if depth.deepest > SCOPES_DEEP_MAX {
            return Self::default();
        }
        let semantic = SemanticBuilder::new().build(program).semantic;
        let names = semantic.scoping().root_unresolved_references();
        let is_sure = !names.keys().any(|name| DECLARING.contains(&name.as_str()))
            && !semantic
                .nodes()
                .iter()
                .any(|node| matches!(node.kind(), AstKind::WithStatement(_)));
        let of_this = assigned_to_this(&semantic);
        let mut unresolved = Self { may_export: !is_sure, ..Self::default() };
        for (name, references) in names {
            let name = name.as_str();
            let all: Vec<&Reference> =
                references.iter().map(|id| semantic.scoping().get_reference(*id)).collect();
            // An assignment declares a name in a sloppy script, where it does not read it first.
            let is_assigned = all.iter().any(|one| one.is_write() && !one.is_read());
            unresolved.may_export |= is_assigned && name == "exports";
            if is_assigned || PARAMETERS.contains(&name) {
                continue;
            }
            let places = all.iter().map(|one| semantic.reference_span(one).start);
            unresolved.foreign.extend(places.clone());
            let is_asked = all.iter().any(|one| is_asked_for(&semantic, one));
            if is_sure && !is_asked && !of_this.contains(name) && !GLOBALS.contains(&name) {
                unresolved.undefined.extend(places);
            }
        }
        unresolved
    }
}

/// How deep scopes stand within each other.
#[derive(Default)]
struct Depth {
    now: usize,
    deepest: usize,
}

impl<'a> Visit<'a> for Depth {
    fn enter_scope(&mut self, _: ScopeFlags, _: &Cell<Option<ScopeId>>) {
        self.now += 1;
        self.deepest = self.deepest.max(self.now);
    }

    fn leave_scope(&mut self) {
        self.now -= 1;
    }
}

/// Whether it is the operand of `typeof`, which does not fail.
fn is_asked_for(semantic: &Semantic<'_>, reference: &Reference) -> bool {
    matches!(
        semantic.nodes().parent_kind(reference.node_id()),
        AstKind::UnaryExpression(unary) if unary.operator == UnaryOperator::Typeof
    )
}

/// The names of what is assigned to members of `this`, which may be the global object.
fn assigned_to_this<'a>(semantic: &Semantic<'a>) -> BTreeSet<&'a str> {
    let assigned = semantic.nodes().iter().filter_map(|node| match node.kind() {
        AstKind::AssignmentExpression(assignment) => match &assignment.left {
            AssignmentTarget::StaticMemberExpression(member)
                if matches!(member.object, Expression::ThisExpression(_)) =>
            {
                Some(member.property.name.as_str())
            }
            _ => None,
        },
        _ => None,
    });
    assigned.collect()
}
