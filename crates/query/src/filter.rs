//! Which documents a query is about.
//!
//! A filter is a tree: [nodes](Node) ask about a whole document,
//! [conditions](condition::Condition) about what a path leads to, and [tests](test::Test) about one
//! value. All of it works on raw BSON.

mod bits;
mod bounds;
mod comparison;
mod condition;
mod list;
mod modulo;
mod node;
mod operators;
mod parse;
mod schema;
mod test;
mod types;

use std::sync::Arc;

use bson::{RawBsonRef, RawDocument};

pub use bounds::{Bound, Side};

use self::node::Node;
use crate::{Parameters, QueryError};

/// A query, ready to be put to documents.
#[derive(Debug, Clone)]
pub struct Filter {
    root: Arc<Node>,
}

impl Filter {
    /// Reads a query.
    ///
    /// # Errors
    /// What a MongoDB server refuses, or what the embedded store does not have.
    pub fn parse(query: &RawDocument, parameters: &Parameters) -> Result<Self, QueryError> {
        parse::parse(query, parameters).map(|root| Self { root: Arc::new(root) })
    }

    /// Whether a document is one that the query asks for.
    ///
    /// # Errors
    /// A condition cannot be evaluated for this document.
    pub fn matches(&self, document: &RawDocument) -> Result<bool, QueryError> {
        self.root.matches(document, None)
    }

    /// The index in an array at which a document matches, for the positional `$`. With several
    /// arrays in the query, it is the one of the last.
    ///
    /// # Errors
    /// As for [`Filter::matches`].
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
