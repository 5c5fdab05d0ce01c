//! A condition as a tree.

use std::sync::Arc;

use bson::{Bson, Document};
use hookstead_query::Filter;

use crate::{Expansion, expansion::Operand, problem::NoValue};

/// A condition, or a part of it.
#[derive(Clone)]
pub(crate) enum Node {
    /// Its value is known.
    Known(Result<bool, NoValue>),
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    /// A test of what an operand leads to.
    Test(Operand, Test),
}

/// A test of what an operand leads to.
#[derive(Clone)]
pub(crate) enum Test {
    /// Everything that it takes is known.
    Prepared(Arc<Prepared>),
    /// The same for a value that is to be converted before: one that cannot be has no value.
    Converted(Conversion, Arc<Prepared>),
    /// A relation to a value that has yet to be found out.
    Open(Relation, Arc<Value>),
}

/// A query, to be put to the source of an operand.
pub(crate) struct Prepared {
    pub(crate) query: Document,
    pub(crate) filter: Filter,
}

/// How two values stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    Equal,
    /// The value is a list, and the operand leads to one of its items.
    In,
    /// The operand leads to a list, and the value, or an item of it, is one of its items.
    Holds,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// A value of a condition.
#[derive(Clone)]
pub(crate) enum Value {
    Literal(Bson),
    Operand(Operand),
    Convert(Conversion, Box<Value>),
    Function { name: String, arguments: Vec<Value> },
    Document(Vec<(String, Value)>),
    Array(Vec<Value>),
}

/// A conversion between a text and what it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conversion {
    StringToOid,
    OidToString,
    StringToUuid,
    UuidToString,
}

impl Node {
    /// Shows every operand and every function, until `see` says to stop; whether it did.
    pub(crate) fn any<'a>(&'a self, see: &mut dyn FnMut(Part<'a>) -> bool) -> bool {
        match self {
            Self::Known(_) => false,
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().any(|node| node.any(see)),
            Self::Not(node) => node.any(see),
            Self::Test(operand, test) => {
                see(Part::Operand(operand))
                    || match test {
                        Test::Prepared(_) | Test::Converted(..) => false,
                        Test::Open(_, value) => value.any(see),
                    }
            }
        }
    }

    /// Whether its value depends on the document.
    pub(crate) fn is_of_document(&self) -> bool {
        self.any(&mut is_of_document)
    }
}

/// A part of a condition that others may want to know of.
pub(crate) enum Part<'a> {
    Operand(&'a Operand),
    Function(&'a str),
}

fn is_of_document(part: Part<'_>) -> bool {
    matches!(part, Part::Operand(operand) if operand.expansion.is_of_document())
}

impl Value {
    /// As [`Node::any`].
    pub(crate) fn any<'a>(&'a self, see: &mut dyn FnMut(Part<'a>) -> bool) -> bool {
        match self {
            Self::Literal(_) => false,
            Self::Operand(operand) => see(Part::Operand(operand)),
            Self::Convert(_, value) => value.any(see),
            Self::Function { name, arguments } => {
                see(Part::Function(name)) || arguments.iter().any(|value| value.any(see))
            }
            Self::Document(fields) => fields.iter().any(|(_, value)| value.any(see)),
            Self::Array(items) => items.iter().any(|value| value.any(see)),
        }
    }

    /// Whether it depends on the document.
    pub(crate) fn is_of_document(&self) -> bool {
        self.any(&mut is_of_document)
    }

    /// The operand that it is, when that is one of the document.
    pub(crate) fn document_operand(&self) -> Option<&Operand> {
        match self {
            Self::Operand(operand) if operand.expansion.is_of_document() => Some(operand),
            _ => None,
        }
    }
}

impl Part<'_> {
    /// Whether it leads to this member of an expansion, or to all of it.
    pub(crate) fn is_member(&self, expansion: Expansion, member: &str) -> bool {
        let Self::Operand(operand) = self else { return false };
        let first = operand.path.split('.').next().unwrap_or_default();
        operand.expansion == expansion && (first.is_empty() || first == member)
    }

    /// Whether it is of this expansion.
    pub(crate) fn is(&self, expansion: Expansion) -> bool {
        matches!(self, Self::Operand(operand) if operand.expansion == expansion)
    }
}
