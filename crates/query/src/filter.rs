//! Which documents a query is about.
//!
//! A filter is a tree: [nodes](Node) ask about a whole document, [conditions](Condition) about what
//! a path leads to, and [tests](test::Test) about one value. All of it works on raw BSON.

mod bits;
mod bounds;
mod comparison;
mod condition;
mod list;
mod modulo;
mod operators;
mod parse;
mod schema;
mod test;
mod types;

use std::sync::Arc;

use bson::{RawBsonRef, RawDocument};

pub use bounds::{Bound, Side};

use self::{condition::Condition, schema::Schema};
use crate::{Expression, Parameters, QueryError, Scope, path::Path};

/// A query, ready to be put to documents.
#[derive(Debug, Clone)]
pub struct Filter {
    root: Arc<Node>,
}

/// A question about a document.
#[derive(Debug)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    NoneOf(Vec<Node>),
    Field(Path, Condition),
    Schema(Schema),
    Expression(Expression),
    Always(bool),
    /// One of so many documents, of 2^32.
    Sample {
        share: u64,
        random: u64,
    },
}

/// Where the index goes at which an array matched, if anybody asks.
type Place<'p> = Option<&'p mut Option<usize>>;

impl Filter {
    /// Reads a query.
    pub fn parse(query: &RawDocument, parameters: &Parameters) -> Result<Self, QueryError> {
        parse::parse(query, parameters).map(|root| Self { root: Arc::new(root) })
    }

    /// Whether a document is one that the query asks for.
    pub fn matches(&self, document: &RawDocument) -> Result<bool, QueryError> {
        self.root.matches(document, None)
    }

    /// The index in an array at which a document matches, for the positional `$`. With several
    /// arrays in the query, it is the one of the last.
    pub fn matched_index(&self, document: &RawDocument) -> Result<Option<usize>, QueryError> {
        let mut index = None;
        let matches = self.root.matches(document, Some(&mut index))?;
        Ok(index.filter(|_| matches))
    }

    /// Whether the query asks about a field of this name, or about what is in it.
    pub(crate) fn asks_about(&self, field: &str) -> bool {
        self.root.asks_about(field)
    }

    /// What every matching document must have at some paths, for look-ups in indexes. An array
    /// meets a bound when an item or the array itself does, and each bound by itself.
    pub fn bounds(&self) -> Vec<(&str, Bound<'_>)> {
        bounds::bounds(&self.root)
    }

    /// The values that an upsert takes over from the query: what it asks to be equal. A path can
    /// come twice, which an upsert refuses.
    pub fn equalities(&self) -> Vec<(&str, RawBsonRef<'_>)> {
        bounds::equalities(&self.root)
    }
}

impl Node {
    fn asks_about(&self, field: &str) -> bool {
        match self {
            Self::All(nodes) | Self::Any(nodes) | Self::NoneOf(nodes) => {
                nodes.iter().any(|node| node.asks_about(field))
            }
            Self::Field(path, _) => path.as_str().split('.').next() == Some(field),
            _ => false,
        }
    }

    fn matches(&self, document: &RawDocument, mut place: Place<'_>) -> Result<bool, QueryError> {
        match self {
            Self::All(nodes) => {
                for node in nodes {
                    if !node.matches(document, place.as_deref_mut())? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Any(nodes) => {
                for node in nodes {
                    if node.matches(document, place.as_deref_mut())? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::NoneOf(nodes) => {
                for node in nodes {
                    if node.matches(document, None)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Field(path, condition) => condition.matches_field(document, path, place),
            Self::Schema(schema) => schema.matches(RawBsonRef::Document(document)),
            Self::Expression(expression) => expression.is_true(&Scope::new(document)),
            Self::Always(truth) => Ok(*truth),
            Self::Sample { share, random } => Ok(draw(document, *random) < *share),
        }
    }
}

/// A number below 2^32 that looks like chance: the same for one document in one operation.
fn draw(document: &RawDocument, random: u64) -> u64 {
    // FNV-1a, which spreads short inputs well enough once its bits are mixed.
    let mut state = 0xcbf2_9ce4_8422_2325 ^ random;
    for byte in document.as_bytes() {
        state = (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    state ^= state >> 33;
    state.wrapping_mul(0xff51_afd7_ed55_8ccd) >> 32
}
