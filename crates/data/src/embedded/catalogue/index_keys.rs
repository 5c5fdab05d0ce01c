//! The keys under which an index has a document.
//!
//! An array gives a key for each of its items, as in MongoDB; a missing field counts as null. What
//! a filter finds by an equality or a range of anything but arrays and null, it finds among these
//! keys. They may lead to documents that it then does not take.

use bson::{RawArray, RawBsonRef, RawDocument};
use hookstead_query::{append_descending_key, append_key};

use crate::{
    MongoCode,
    embedded::{
        catalogue::{Index, IndexField},
        failure::{Failure, Outcome},
    },
};

/// The keys of a document: sorted, each once.
pub(crate) fn keys_of(index: &Index, document: &RawDocument) -> Outcome<Vec<Vec<u8>>> {
    let mut keys: Vec<Vec<u8>> =
        tuples(index, document)?.iter().map(|values| key_of(index, values)).collect();
    if keys.len() > 1 {
        keys.sort_unstable();
        keys.dedup();
    }
    Ok(keys)
}

/// The values that have become a key of a document: for messages.
pub(crate) fn values_of<'d>(
    index: &'d Index,
    document: &'d RawDocument,
    key: &[u8],
) -> Vec<RawBsonRef<'d>> {
    let tuples = tuples(index, document).unwrap_or_default();
    tuples.into_iter().find(|values| key_of(index, values) == key).unwrap_or_default()
}

/// Appends what an index has for a value of a field.
pub(crate) fn append(field: &IndexField, value: RawBsonRef<'_>, key: &mut Vec<u8>) {
    if field.ascending { append_key(value, key) } else { append_descending_key(value, key) }
}

fn key_of(index: &Index, values: &[RawBsonRef<'_>]) -> Vec<u8> {
    let mut key = Vec::with_capacity(16 * values.len());
    for (field, value) in index.fields.iter().zip(values) {
        append(field, *value, &mut key);
    }
    key
}

/// Where a path leads.
#[derive(Clone, Copy)]
enum Spot<'a> {
    Value(RawBsonRef<'a>),
    Absent,
    /// An array whose items count one by one, and how the path goes on in each.
    Items(&'a RawArray, Option<&'a str>),
}

/// The values of all fields, once for each combination. Arrays that several fields share are gone
/// through once, so that values of one item stay together.
fn tuples<'a>(index: &'a Index, document: &'a RawDocument) -> Outcome<Vec<Vec<RawBsonRef<'a>>>> {
    let spots = index.fields.iter().map(|field| follow(document, &field.path));
    let mut tuples = Vec::with_capacity(1);
    combine(index, spots.collect::<Outcome<_>>()?, &mut tuples)?;
    Ok(tuples)
}

fn combine<'a>(
    index: &'a Index,
    spots: Vec<Spot<'a>>,
    tuples: &mut Vec<Vec<RawBsonRef<'a>>>,
) -> Outcome<()> {
    let Some(items) = shared_array(index, &spots)? else {
        if !index.sparse || spots.iter().any(|spot| !matches!(spot, Spot::Absent)) {
            tuples.push(spots.iter().map(value).collect());
        }
        return Ok(());
    };
    let mut is_empty = true;
    for item in items.into_iter().flatten() {
        is_empty = false;
        let spots = spots.iter().map(|spot| in_item(*spot, item)).collect::<Outcome<_>>()?;
        combine(index, spots, tuples)?;
    }
    if is_empty {
        combine(index, spots.iter().map(|spot| in_nothing(*spot)).collect(), tuples)?;
    }
    Ok(())
}

/// The array that the fields go through next. There must not be two.
fn shared_array<'a>(index: &Index, spots: &[Spot<'a>]) -> Outcome<Option<&'a RawArray>> {
    let mut first: Option<(&RawArray, &str)> = None;
    for (spot, field) in spots.iter().zip(&index.fields) {
        let Spot::Items(items, _) = spot else { continue };
        match first {
            Some((other, path)) if !std::ptr::eq(other.as_bytes(), items.as_bytes()) => {
                let message = format!("cannot index parallel arrays [{}] [{path}]", field.path);
                return Err(Failure::refused(MongoCode::CANNOT_INDEX_PARALLEL_ARRAYS, message));
            }
            _ => first = Some((items, &field.path)),
        }
    }
    Ok(first.map(|(items, _)| items))
}

fn value<'a>(spot: &Spot<'a>) -> RawBsonRef<'a> {
    match spot {
        Spot::Value(value) => *value,
        Spot::Absent | Spot::Items(..) => RawBsonRef::Null,
    }
}

fn in_item<'a>(spot: Spot<'a>, item: RawBsonRef<'a>) -> Outcome<Spot<'a>> {
    match (spot, item) {
        (Spot::Items(_, None), item) => Ok(Spot::Value(item)),
        (Spot::Items(_, Some(rest)), RawBsonRef::Document(inner)) => follow(inner, rest),
        (Spot::Items(..), _) => Ok(Spot::Absent),
        (other, _) => Ok(other),
    }
}

fn in_nothing(spot: Spot<'_>) -> Spot<'_> {
    match spot {
        Spot::Items(_, None) => Spot::Value(RawBsonRef::Undefined),
        Spot::Items(_, Some(_)) => Spot::Absent,
        other => other,
    }
}

fn follow<'a>(document: &'a RawDocument, path: &'a str) -> Outcome<Spot<'a>> {
    let (name, rest) = split(path);
    match document.get(name).ok().flatten() {
        None => Ok(Spot::Absent),
        Some(value) => go_on(value, rest),
    }
}

fn go_on<'a>(value: RawBsonRef<'a>, rest: Option<&'a str>) -> Outcome<Spot<'a>> {
    match (value, rest) {
        (RawBsonRef::Array(items), None) => Ok(Spot::Items(items, None)),
        (value, None) => Ok(Spot::Value(value)),
        (RawBsonRef::Document(inner), Some(rest)) => follow(inner, rest),
        (RawBsonRef::Array(items), Some(rest)) => {
            let (name, behind) = split(rest);
            match name.parse::<usize>() {
                Ok(place) => at_place(items, place, name, behind),
                Err(_) => Ok(Spot::Items(items, Some(rest))),
            }
        }
        (_, Some(_)) => Ok(Spot::Absent),
    }
}

/// A path that names one item of an array. No document in the array may have a field of that name:
/// there would be two answers.
fn at_place<'a>(
    items: &'a RawArray,
    place: usize,
    name: &str,
    rest: Option<&'a str>,
) -> Outcome<Spot<'a>> {
    let has_field = |item: RawBsonRef<'_>| {
        item.as_document().is_some_and(|inner| inner.get(name).ok().flatten().is_some())
    };
    if items.into_iter().flatten().any(has_field) {
        let message = format!(
            "Ambiguous field name found in array (do not use numeric field names in embedded \
             elements in an array), field: '{name}'"
        );
        return Err(Failure::refused(MongoCode::AMBIGUOUS_FIELD_NAME, message));
    }
    match items.get(place).ok().flatten() {
        None => Ok(Spot::Absent),
        Some(value) => go_on(value, rest),
    }
}

fn split(path: &str) -> (&str, Option<&str>) {
    path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)))
}
