//! Conditions as queries.

use bson::{Document, doc};

/// The documents for which a condition holds, or for which it does not.
#[derive(Debug, Clone, PartialEq)]
pub enum DocumentQuery {
    /// All of them.
    All,
    /// None of them.
    Nothing,
    /// Those that a query finds.
    Matching(Document),
}

impl DocumentQuery {
    /// A query that finds them.
    pub fn into_document(self) -> Document {
        match self {
            Self::All => Document::new(),
            Self::Nothing => doc! {"$nor": [{}]},
            Self::Matching(query) => query,
        }
    }
}
