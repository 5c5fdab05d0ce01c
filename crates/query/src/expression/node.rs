//! The tree that an expression is parsed into, and its evaluation.

use std::sync::Arc;

use bson::{RawBson, RawDocument, raw::CString};

use super::{
    build::{ArrayBuilder, DocumentBuilder},
    operator::{Arguments, Operator, Prepared},
    path::FieldPath,
    scope::{Scope, Slot},
    value::{Evaluated, Value, field},
};
use crate::interrupt::step;

#[derive(Debug)]
pub(super) enum Node {
    /// An argument that may be left out, and is.
    Absent,
    /// A value that is the same for all documents; none is "missing".
    Constant(Option<RawBson>),
    /// A field of the document itself, which is what most expressions look at.
    Field(String),
    /// A path in the document; an empty one is the document.
    Path(FieldPath),
    /// A path in a large variable of the whole command, which is not copied for each mention.
    Outer(Arc<RawBson>, FieldPath),
    /// A path in a variable.
    Variable(Slot, FieldPath),
    /// A new document.
    Object(Vec<(CString, Node)>),
    /// A new array.
    Array(Vec<Node>),
    /// An operator.
    Call(Box<Call>),
}

/// An operator with its arguments.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) operator: &'static Operator,
    pub(super) arguments: Vec<Node>,
    pub(super) prepared: Prepared,
}

impl Node {
    /// A value as it is.
    pub(super) fn constant(value: impl Into<RawBson>) -> Self {
        Self::Constant(Some(value.into()))
    }

    /// The value, where it is the same for all documents.
    pub(super) fn as_constant(&self) -> Option<Option<&RawBson>> {
        match self {
            Self::Constant(value) => Some(value.as_ref()),
            _ => None,
        }
    }

    #[inline]
    pub(super) fn evaluate<'a>(&'a self, scope: &'a Scope<'a>) -> Evaluated<'a> {
        match self {
            Self::Absent => Ok(None),
            Self::Constant(value) => {
                Ok(value.as_ref().map(|value| Value::Borrowed(value.as_raw_bson_ref())))
            }
            Self::Field(name) => Ok(field(scope.root(), name)?.map(Value::Borrowed)),
            Self::Path(path) if path.is_empty() => Ok(Some(root(scope.root()))),
            Self::Path(path) => path.of_document(scope.root()),
            Self::Outer(value, path) => path.of(value.as_raw_bson_ref()),
            Self::Variable(slot, path) => match scope.variable(*slot) {
                Some(value) => path.of(value.raw()),
                None => Ok(None),
            },
            Self::Object(fields) => object(fields, scope),
            Self::Array(items) => array(items, scope),
            Self::Call(call) => {
                step()?;
                (call.operator.run)(&Arguments::new(call, scope))
            }
        }
    }
}

fn root(document: &RawDocument) -> Value<'_> {
    Value::Borrowed(bson::RawBsonRef::Document(document))
}

#[inline(never)]
fn object<'a>(fields: &'a [(CString, Node)], scope: &'a Scope<'a>) -> Evaluated<'a> {
    let mut document = DocumentBuilder::default();
    for (name, node) in fields {
        step()?;
        if let Some(value) = node.evaluate(scope)? {
            document.append_named(name, value.raw())?;
        }
    }
    document.done()
}

#[inline(never)]
fn array<'a>(items: &'a [Node], scope: &'a Scope<'a>) -> Evaluated<'a> {
    let mut array = ArrayBuilder::default();
    for node in items {
        step()?;
        let value = node.evaluate(scope)?.unwrap_or(Value::NULL);
        array.push(value.raw())?;
    }
    array.done()
}
