//! Questions about a whole document.

use bson::{RawBsonRef, RawDocument};

use super::{condition::Condition, schema::Schema};
use crate::{Expression, QueryError, Scope, path::Path};

/// A question about a document.
#[derive(Debug)]
pub(super) enum Node {
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
pub(super) type Place<'p> = Option<&'p mut Option<usize>>;

impl Node {
    /// Whether it asks about a field of this name, or about what is in it.
    pub(super) fn asks_about(&self, field: &str) -> bool {
        match self {
            Self::All(nodes) | Self::Any(nodes) | Self::NoneOf(nodes) => {
                nodes.iter().any(|node| node.asks_about(field))
            }
            Self::Field(path, _) => path.as_str().split('.').next() == Some(field),
            _ => false,
        }
    }

    /// Whether a document matches.
    pub(super) fn matches(
        &self,
        document: &RawDocument,
        mut place: Place<'_>,
    ) -> Result<bool, QueryError> {
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
