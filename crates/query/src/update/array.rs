//! What operators do to arrays: `$push`, `$addToSet`, `$pull`, `$pullAll`, `$pop`.

use bson::{RawArray, RawArrayBuf, RawBson, RawBsonRef, RawDocument, RawDocumentBuf, raw::cstr};

use super::{
    leaf::{Change, Place},
    push_sort::PushSort,
    splice::broken,
    value_set::ValueSet,
};
use crate::{
    Filter, MongoCode, Parameters, QueryError, bson_types::type_name, compare, describe::describe,
    interrupt::step,
};

/// `$push`, with its modifiers.
#[derive(Debug)]
pub(super) struct Push {
    values: Vec<RawBson>,
    position: Option<i64>,
    sort: Option<PushSort>,
    slice: Option<i64>,
}

/// What `$pull` takes out of an array.
#[derive(Debug)]
pub(super) enum Pull {
    /// Elements that are equal to a value.
    Value(RawBson),
    /// Documents that match a filter.
    Documents(Filter),
    /// Elements that match the conditions which the filter has for its only field.
    Elements(Filter),
}

impl Push {
    /// Reads the argument of `$push` for one path.
    pub(super) fn parse(argument: RawBsonRef<'_>) -> Result<Self, QueryError> {
        let mut push = Self { values: Vec::new(), position: None, sort: None, slice: None };
        match argument {
            RawBsonRef::Document(clauses) if has_each(clauses)? => push.read(clauses)?,
            value => push.values.push(value.into()),
        }
        Ok(push)
    }

    /// The array with the values in it; without an array, a new one.
    pub(super) fn apply(&self, array: Option<&RawArray>) -> Result<RawArrayBuf, QueryError> {
        let mut items = array.map_or_else(|| Ok(Vec::new()), items)?;
        let start = self.position.map_or(items.len(), |position| offset(position, items.len()));
        items.splice(start..start, self.values.iter().map(RawBson::as_raw_bson_ref));
        if let Some(sort) = &self.sort {
            sort.apply(&mut items)?;
        }
        let kept = match self.slice {
            Some(slice) if slice < 0 => {
                let count = usize::try_from(slice.unsigned_abs()).unwrap_or(usize::MAX);
                &items[items.len().saturating_sub(count)..]
            }
            Some(slice) => {
                let count = usize::try_from(slice).unwrap_or(usize::MAX);
                &items[..count.min(items.len())]
            }
            None => &items,
        };
        Ok(kept.iter().copied().collect())
    }

    /// The values that it adds.
    pub(super) fn values(&self) -> &[RawBson] {
        &self.values
    }

    fn read(&mut self, clauses: &RawDocument) -> Result<(), QueryError> {
        let mut seen = Vec::new();
        for clause in clauses {
            let (name, value) = clause.map_err(|error| broken(&error))?;
            let name = name.as_str();
            if seen.contains(&name) {
                return Err(QueryError::bad_value(format!("Only one {name} is supported.")));
            }
            seen.push(name);
            let kind = type_name(value);
            match name {
                "$each" => self.values = each(value).ok_or_else(|| each_of_wrong_type(kind))??,
                "$slice" => self.slice = Some(whole(value).ok_or_else(|| no_slice(kind))?),
                "$position" => {
                    self.position = Some(whole(value).ok_or_else(|| no_position(kind))?);
                }
                "$sort" => self.sort = Some(PushSort::parse(value)?),
                _ => {
                    let message = format!("Unrecognized clause in $push: {name}");
                    return Err(QueryError::bad_value(message));
                }
            }
        }
        Ok(())
    }
}

impl Pull {
    /// Reads the argument of `$pull` for one path.
    pub(super) fn parse(
        argument: RawBsonRef<'_>,
        parameters: &Parameters,
    ) -> Result<Self, QueryError> {
        match argument {
            RawBsonRef::Document(document) if !begins_with_condition(document)? => {
                Filter::parse(document, parameters).map(Self::Documents)
            }
            RawBsonRef::Document(_) | RawBsonRef::RegularExpression(_) => {
                Filter::parse(&wrap(argument), parameters).map(Self::Elements)
            }
            value => Ok(Self::Value(value.into())),
        }
    }

    /// Whether an element goes.
    pub(super) fn matches(&self, item: RawBsonRef<'_>) -> Result<bool, QueryError> {
        match (self, item) {
            (Self::Value(value), item) => Ok(compare(value.as_raw_bson_ref(), item).is_eq()),
            (Self::Documents(filter), RawBsonRef::Document(document)) => filter.matches(document),
            (Self::Documents(_), _) => Ok(false),
            (Self::Elements(filter), item) => filter.matches(&wrap(item)),
        }
    }
}

/// The values that `$addToSet` adds, without those that are equal to an earlier one.
pub(super) fn parse_set(argument: RawBsonRef<'_>) -> Result<ValueSet, QueryError> {
    let only = || ValueSet::new(vec![argument.into()]);
    let RawBsonRef::Document(clauses) = argument else { return Ok(only()) };
    let mut fields = clauses.iter();
    let Some((name, value)) = fields.next().transpose().map_err(|error| broken(&error))? else {
        return Ok(only());
    };
    if name != "$each" {
        return Ok(only());
    }
    let values = each(value).ok_or_else(|| {
        QueryError::new(
            MongoCode::TYPE_MISMATCH,
            format!(
                "The argument to $each in $addToSet must be an array but it was of type {}",
                type_name(value)
            ),
        )
    })??;
    if fields.next().is_some() {
        return Err(QueryError::bad_value(format!(
            "Found unexpected fields after $each in $addToSet: {}",
            describe(RawBsonRef::Document(clauses))
        )));
    }
    Ok(ValueSet::new(values))
}

/// `$addToSet` on a value that is there.
pub(super) fn add_to_set(
    values: &ValueSet,
    place: Place<'_, '_>,
    value: RawBsonRef<'_>,
) -> Result<Change, QueryError> {
    let RawBsonRef::Array(array) = value else {
        return Err(QueryError::bad_value(format!(
            "Cannot apply $addToSet to non-array field. Field named '{}' has non-array type {}",
            place.name(),
            type_name(value)
        )));
    };
    let mut items = items(array)?;
    let new = values.without(&items);
    if new.is_empty() {
        return Ok(Change::Keep);
    }
    items.extend(new);
    Ok(set(&items))
}

/// `$pull` and `$pullAll`: the elements that stay.
pub(super) fn keep(
    value: RawBsonRef<'_>,
    stays: impl Fn(RawBsonRef<'_>) -> Result<bool, QueryError>,
) -> Result<Change, QueryError> {
    let RawBsonRef::Array(array) = value else {
        // A server says so of `$pullAll`, too.
        return Err(QueryError::bad_value("Cannot apply $pull to a non-array value"));
    };
    let items = items(array)?;
    let mut kept = Vec::with_capacity(items.len());
    for item in &items {
        step()?;
        if stays(*item)? {
            kept.push(*item);
        }
    }
    Ok(if kept.len() == items.len() { Change::Keep } else { set(&kept) })
}

/// `$pop` on a value that is there.
pub(super) fn pop(
    first: bool,
    place: Place<'_, '_>,
    value: RawBsonRef<'_>,
) -> Result<Change, QueryError> {
    let RawBsonRef::Array(array) = value else {
        return Err(QueryError::new(
            MongoCode::TYPE_MISMATCH,
            format!(
                "Path '{}' contains an element of non-array type '{}'",
                place.here.text(),
                type_name(value)
            ),
        ));
    };
    let items = items(array)?;
    let rest = if first { items.split_first() } else { items.split_last() };
    Ok(rest.map_or(Change::Keep, |(_, rest)| set(rest)))
}

/// The whole number that a value is.
pub(super) fn whole(value: RawBsonRef<'_>) -> Option<i64> {
    crate::number::Number::of(value).and_then(crate::number::Number::whole)
}

/// The elements of an array.
pub(super) fn items(array: &RawArray) -> Result<Vec<RawBsonRef<'_>>, QueryError> {
    let mut items = Vec::new();
    for item in array {
        step()?;
        items.push(item.map_err(|error| broken(&error))?);
    }
    Ok(items)
}

fn each(value: RawBsonRef<'_>) -> Option<Result<Vec<RawBson>, QueryError>> {
    let RawBsonRef::Array(array) = value else { return None };
    Some(items(array).map(|items| items.into_iter().map(RawBson::from).collect()))
}

fn has_each(clauses: &RawDocument) -> Result<bool, QueryError> {
    Ok(clauses.get("$each").map_err(|error| broken(&error))?.is_some())
}

/// Where a `$position` is; from the end if it is negative.
fn offset(position: i64, count: usize) -> usize {
    let distance = usize::try_from(position.unsigned_abs()).unwrap_or(usize::MAX);
    if position < 0 { count.saturating_sub(distance) } else { distance.min(count) }
}

fn set(items: &[RawBsonRef<'_>]) -> Change {
    Change::Set(RawBson::Array(items.iter().copied().collect()))
}

fn wrap(value: RawBsonRef<'_>) -> RawDocumentBuf {
    let mut document = RawDocumentBuf::new();
    document.append(cstr!("element"), value);
    document
}

/// Whether a document is about the elements themselves instead of about their fields.
fn begins_with_condition(document: &RawDocument) -> Result<bool, QueryError> {
    const LOGICAL: [&str; 9] = [
        "$and",
        "$or",
        "$nor",
        "$expr",
        "$where",
        "$text",
        "$comment",
        "$jsonSchema",
        "$sampleRate",
    ];
    let first = document.iter().next().transpose().map_err(|error| broken(&error))?;
    Ok(first.is_some_and(|(name, _)| {
        name.as_str().starts_with('$') && !LOGICAL.contains(&name.as_str())
    }))
}

fn each_of_wrong_type(kind: &str) -> QueryError {
    QueryError::bad_value(format!(
        "The argument to $each in $push must be an array but it was of type: {kind}"
    ))
}

fn no_slice(kind: &str) -> QueryError {
    QueryError::bad_value(format!(
        "The value for $slice must be an integer value but was given type: {kind}"
    ))
}

fn no_position(kind: &str) -> QueryError {
    QueryError::bad_value(format!(
        "The value for $position must be an integer value, not of type: {kind}"
    ))
}
