//! Conditions as queries.

use std::fmt;

use bson::{Document, doc};

use crate::{
    Expansion,
    expansion::Operand,
    node::{Node, Test},
};

/// The documents for which a condition holds, or for which it does not.
#[derive(Clone, PartialEq)]
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

    /// Those that are in all of some sets; `None` where one is not known that matters.
    pub fn all_of(parts: impl IntoIterator<Item = Option<Self>>) -> Option<Self> {
        combined(parts, "$and", Self::All, Self::Nothing)
    }

    /// Those that are in any of some sets; `None` where one is not known that matters.
    pub fn any_of(parts: impl IntoIterator<Item = Option<Self>>) -> Option<Self> {
        combined(parts, "$or", Self::Nothing, Self::All)
    }
}

/// Without the query: what an app reads from a secret may be in it.
impl fmt::Debug for DocumentQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "All",
            Self::Nothing => "Nothing",
            Self::Matching(_) => "Matching(..)",
        })
    }
}

/// The documents for which a condition is known to have this value.
pub(crate) fn as_query(node: &Node, value: bool) -> Option<DocumentQuery> {
    match node {
        Node::Known(Ok(known)) if *known == value => Some(DocumentQuery::All),
        Node::Known(_) => Some(DocumentQuery::Nothing),
        Node::Not(node) => as_query(node, !value),
        Node::All(nodes) if value => DocumentQuery::all_of(each(nodes, value)),
        Node::Any(nodes) if !value => DocumentQuery::all_of(each(nodes, value)),
        Node::All(nodes) | Node::Any(nodes) => DocumentQuery::any_of(each(nodes, value)),
        Node::Test(operand, test) => test_as_query(operand, test, value),
    }
}

fn each(nodes: &[Node], value: bool) -> impl Iterator<Item = Option<DocumentQuery>> {
    nodes.iter().map(move |node| as_query(node, value))
}

fn test_as_query(operand: &Operand, test: &Test, value: bool) -> Option<DocumentQuery> {
    if !matches!(operand.expansion, Expansion::Root | Expansion::PrevRoot) {
        return None;
    }
    let is_exists = |query: &Document| *query == doc! {operand.path_in_source(): {"$exists": true}};
    let query = match test {
        // The document that is asked about is there.
        Test::Prepared(prepared) if operand.path.is_empty() => {
            return is_exists(&prepared.query).then_some(match value {
                true => DocumentQuery::All,
                false => DocumentQuery::Nothing,
            });
        }
        Test::Prepared(prepared) => &prepared.query,
        // What cannot be converted has no value, and a path into a list leads to several.
        Test::Converted(_, prepared)
            if value && !operand.path.is_empty() && !operand.path.contains('.') =>
        {
            &prepared.query
        }
        Test::Converted(..) | Test::Open(..) => return None,
    };
    Some(DocumentQuery::Matching(match value {
        true => query.clone(),
        false => doc! {"$nor": [query.clone()]},
    }))
}

fn combined(
    parts: impl IntoIterator<Item = Option<DocumentQuery>>,
    operator: &str,
    neutral: DocumentQuery,
    deciding: DocumentQuery,
) -> Option<DocumentQuery> {
    let mut queries = Vec::new();
    let mut is_known = true;
    for part in parts {
        match part {
            Some(part) if part == deciding => return Some(deciding),
            Some(part) if part == neutral => {}
            Some(part) => queries.push(part.into_document()),
            None => is_known = false,
        }
    }
    if !is_known {
        return None;
    }
    Some(match queries.pop() {
        None => neutral,
        Some(only) if queries.is_empty() => DocumentQuery::Matching(only),
        Some(last) => {
            queries.push(last);
            DocumentQuery::Matching(doc! {operator: queries})
        }
    })
}
