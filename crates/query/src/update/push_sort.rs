//! `$sort` of `$push`.

use std::cmp::Ordering;

use bson::{RawBsonRef, RawDocument};

use super::splice::broken;
use crate::{
    QueryError, compare,
    depth::{check_path, check_sort_fields},
    interrupt::sort_by,
    number::Number,
};

/// An order of the elements of an array.
#[derive(Debug)]
pub(super) enum PushSort {
    /// By the elements themselves.
    Whole {
        /// Whether the greatest comes first.
        descending: bool,
    },
    /// By fields of documents: each a path, and whether the greatest comes first.
    Fields(Vec<(String, bool)>),
}

impl PushSort {
    /// Reads `1`, `-1` or a document of them.
    pub(super) fn parse(value: RawBsonRef<'_>) -> Result<Self, QueryError> {
        match value {
            RawBsonRef::Document(pattern) => Self::parse_fields(pattern),
            number if Number::of(number).is_some() => {
                Ok(Self::Whole { descending: is_descending(number)? })
            }
            _ => Err(QueryError::bad_value(
                "The $sort is invalid: use 1/-1 to sort the whole element, or {field:1/-1} to \
                 sort embedded fields",
            )),
        }
    }

    /// Sorts; equal elements stay in their order.
    pub(super) fn apply<'a>(&self, items: &mut [RawBsonRef<'a>]) -> Result<(), QueryError> {
        match self {
            Self::Whole { descending } => {
                sort_by(items, |one, another| turn(compare(*one, *another), *descending))
            }
            Self::Fields(fields) => {
                let values = |item: RawBsonRef<'a>| -> Vec<RawBsonRef<'a>> {
                    fields.iter().map(|(path, _)| find(item, path)).collect()
                };
                let mut keyed: Vec<_> = items.iter().map(|item| (values(*item), *item)).collect();
                sort_by(&mut keyed, |(one, _), (another, _)| {
                    let pairs = one.iter().zip(another).zip(fields);
                    let mut by_field = pairs.map(|((one, another), (_, descending))| {
                        turn(compare(*one, *another), *descending)
                    });
                    by_field.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
                })?;
                for (item, (_, sorted)) in items.iter_mut().zip(keyed) {
                    *item = sorted;
                }
                Ok(())
            }
        }
    }

    fn parse_fields(pattern: &RawDocument) -> Result<Self, QueryError> {
        let mut fields = Vec::new();
        for field in pattern {
            let (name, direction) = field.map_err(|error| broken(&error))?;
            let (path, descending) = (name.as_str().to_owned(), is_descending(direction)?);
            if path.is_empty() {
                return Err(QueryError::bad_value("The $sort field cannot be empty"));
            }
            if path.split('.').any(str::is_empty) {
                return Err(QueryError::bad_value(format!(
                    "The $sort field is a dotted field but has an empty part: {path}"
                )));
            }
            check_path(&path)?;
            fields.push((path, descending));
            check_sort_fields(fields.len())?;
        }
        if fields.is_empty() {
            let message = "The $sort pattern is empty when it should be a set of fields.";
            return Err(QueryError::bad_value(message));
        }
        Ok(Self::Fields(fields))
    }
}

fn is_descending(direction: RawBsonRef<'_>) -> Result<bool, QueryError> {
    match Number::of(direction).map(Number::to_double) {
        Some(1.0) => Ok(false),
        Some(-1.0) => Ok(true),
        _ => Err(QueryError::bad_value("The $sort element value must be either 1 or -1")),
    }
}

fn turn(order: Ordering, descending: bool) -> Ordering {
    if descending { order.reverse() } else { order }
}

/// The value at a path. Unlike in a query, an array on the way has only positions.
fn find<'a>(value: RawBsonRef<'a>, path: &str) -> RawBsonRef<'a> {
    let found = path.split('.').try_fold(value, |value, name| match value {
        RawBsonRef::Document(document) => document.get(name).ok().flatten(),
        RawBsonRef::Array(array) => {
            super::path::position(name).and_then(|index| array.get(index).ok().flatten())
        }
        _ => None,
    });
    // An element that is no document has no fields, not even when it is an array.
    match value {
        RawBsonRef::Document(_) => found.unwrap_or(RawBsonRef::Null),
        _ => RawBsonRef::Null,
    }
}
