//! Relations as queries.
//!
//! Whatever an expansion yields is compared as the value that it is. A query would take a document
//! for operators, a regular expression for a pattern, and null for what is missing: each of them
//! is written so that it is none of that.

use std::sync::Arc;

use bson::{Bson, DateTime, Document, RawDocument, RawDocumentBuf, doc, spec::ElementType};
use hookstead_query::{Filter, Parameters};

use crate::{
    expansion::Operand,
    node::{Prepared, Relation},
    problem::NoValue,
};

/// What null is equal to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nulls {
    /// Null, and what is missing: a null that is written in a condition, as in a query.
    AndMissing,
    /// Null: what a user has must not be equal to what a document lacks.
    Alone,
}

/// The right side of a relation.
pub(crate) enum Found {
    /// There is nothing.
    Nothing,
    /// A value.
    One(Bson, Nulls),
    /// A list that is written in a condition, as far as its items are there.
    List(Vec<(Bson, Nulls)>),
}

impl Prepared {
    fn new(query: Document) -> Result<Arc<Self>, String> {
        let raw = RawDocumentBuf::try_from(&query)
            .map_err(|_| "a name has a zero byte in it".to_owned())?;
        let parameters = Parameters::new(DateTime::from_millis(0), 0);
        let filter = Filter::parse(&raw, &parameters).map_err(|error| error.message)?;
        Ok(Arc::new(Self { query, filter }))
    }

    /// Whether the query finds a document.
    ///
    /// # Errors
    /// The document cannot be asked.
    pub(crate) fn matches(&self, document: &RawDocument) -> Result<bool, NoValue> {
        self.filter.matches(document).map_err(|error| NoValue::new(error.message))
    }
}

/// That an operand leads to anything.
pub(crate) fn exists(operand: &Operand) -> Result<Arc<Prepared>, String> {
    Prepared::new(doc! {operand.path_in_source(): {"$exists": true}})
}

/// A relation to a literal; `None` where nothing stands in it.
pub(crate) fn prepare_literal(
    operand: &Operand,
    relation: Relation,
    literal: &Bson,
) -> Result<Option<Arc<Prepared>>, String> {
    prepare(operand, relation, &Found::One(literal.clone(), Nulls::AndMissing))
}

/// A relation to a value; `None` where nothing stands in it.
pub(crate) fn prepare(
    operand: &Operand,
    relation: Relation,
    found: &Found,
) -> Result<Option<Arc<Prepared>>, String> {
    let path = operand.path_in_source();
    let query = match (relation, found) {
        (_, Found::Nothing) => None,
        (Relation::Equal, Found::One(value, nulls)) => equal(&path, value, *nulls),
        (Relation::Equal, Found::List(items)) => {
            let whole = Bson::Array(items.iter().map(|(item, _)| item.clone()).collect());
            equal(&path, &whole, Nulls::Alone)
        }
        (Relation::In, Found::One(Bson::Array(items), nulls)) => {
            one_of(&path, items.iter().map(|item| (item, *nulls)))
        }
        (Relation::Holds, Found::One(list @ Bson::Array(items), nulls)) => {
            one_of(&path, items.iter().chain([list]).map(|item| (item, *nulls)))
        }
        (Relation::In | Relation::Holds, Found::One(value, nulls)) => {
            one_of(&path, [(value, *nulls)].into_iter())
        }
        (Relation::In | Relation::Holds, Found::List(items)) => {
            one_of(&path, items.iter().map(|(item, nulls)| (item, *nulls)))
        }
        (_, Found::List(_)) => None,
        (Relation::Greater, Found::One(value, _)) => order(&path, "$gt", value),
        (Relation::GreaterOrEqual, Found::One(value, _)) => order(&path, "$gte", value),
        (Relation::Less, Found::One(value, _)) => order(&path, "$lt", value),
        (Relation::LessOrEqual, Found::One(value, _)) => order(&path, "$lte", value),
    };
    query.map(Prepared::new).transpose()
}

/// A value that is converted from what a field holds is equal to this one.
pub(crate) fn prepare_converted(
    operand: &Operand,
    original: Option<&Bson>,
) -> Result<Arc<Prepared>, String> {
    let path = operand.path_in_source();
    Prepared::new(match original {
        Some(original) => {
            // The items of an array are not converted.
            doc! {path: {"$eq": original.clone(), "$not": {"$type": "array"}}}
        }
        None => doc! {"$nor": [{}]},
    })
}

/// Equal to a value. A list and what is no list are equal when one holds the other.
fn equal(path: &str, value: &Bson, nulls: Nulls) -> Option<Document> {
    let Bson::Array(items) = value else { return same(path, value, nulls) };
    let whole = doc! {path: {"$eq": value.clone()}};
    let Some(item) = one_of(path, items.iter().map(|item| (item, nulls))) else {
        return Some(whole);
    };
    let no_list = doc! {path: {"$not": {"$type": "array"}}};
    Some(doc! {"$or": [whole, {"$and": [no_list, item]}]})
}

/// The value itself, or an item of the list that the path leads to.
fn same(path: &str, value: &Bson, nulls: Nulls) -> Option<Document> {
    Some(match value {
        Bson::Undefined => return None,
        Bson::Null if nulls == Nulls::Alone => {
            doc! {path: {"$type": i32::from(ElementType::Null as u8)}}
        }
        value => doc! {path: {"$eq": value.clone()}},
    })
}

/// One of some values; `None` where there is none.
fn one_of<'a>(path: &str, items: impl Iterator<Item = (&'a Bson, Nulls)>) -> Option<Document> {
    let (plain, others): (Vec<_>, Vec<_>) = items.partition(|(item, nulls)| match item {
        Bson::Null => *nulls == Nulls::AndMissing,
        // A list of a query must not hold them, or takes them for patterns.
        Bson::Document(_) | Bson::RegularExpression(_) | Bson::Undefined => false,
        _ => true,
    });
    let others = others.into_iter().filter_map(|(item, nulls)| same(path, item, nulls));
    let mut queries: Vec<_> = others.collect();
    if !plain.is_empty() {
        let items: Vec<_> = plain.into_iter().map(|(item, _)| item.clone()).collect();
        queries.push(doc! {path: {"$in": items}});
    }
    match queries.pop() {
        Some(only) if queries.is_empty() => Some(only),
        None => None,
        Some(last) => {
            queries.push(last);
            Some(doc! {"$or": queries})
        }
    }
}

/// More or less than a value. Nothing is more or less than null, and the ends of the order would
/// hold for whatever is there, or not even that.
fn order(path: &str, operator: &str, value: &Bson) -> Option<Document> {
    match value {
        Bson::Null | Bson::Undefined | Bson::MinKey | Bson::MaxKey | Bson::RegularExpression(_) => {
            None
        }
        value => Some(doc! {path: {operator: value.clone()}}),
    }
}
