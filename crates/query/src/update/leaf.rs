//! What an update does to one value: the operators.

use bson::{RawBson, RawBsonRef, RawDocument};

use super::{
    array::{Pull, Push, add_to_set, keep, pop},
    limits::check_depth,
    number::{BitOperator, Number},
    rename::Rename,
    value_set::ValueSet,
    wide::Wide,
};
use crate::{
    MongoCode, QueryError, bson_types::type_name, compare, describe::describe_field, trail::Trail,
};

/// What an operator does to a value, with its argument.
#[derive(Debug)]
pub(super) enum Leaf {
    /// `$set`, and `$currentDate` with the time that it is.
    Set(RawBson),
    /// `$setOnInsert`.
    SetOnInsert(RawBson),
    /// `$unset`, and the source of a `$rename`.
    Unset,
    /// `$inc`.
    Add(Number),
    /// `$mul`.
    Multiply(Number),
    /// `$min`.
    Min(RawBson),
    /// `$max`.
    Max(RawBson),
    /// `$bit`.
    Bits(Vec<(BitOperator, Number)>),
    /// The target of a `$rename`.
    Rename(Rename),
    /// `$push`.
    Push(Push),
    /// `$addToSet`.
    AddToSet(ValueSet),
    /// `$pull`.
    Pull(Pull),
    /// `$pullAll`.
    PullAll(ValueSet),
    /// `$pop`.
    Pop {
        /// Whether the first element goes, or the last one.
        first: bool,
    },
}

/// What becomes of a value.
#[derive(Debug)]
pub(super) enum Change {
    /// It stays.
    Keep,
    /// It goes.
    Remove,
    /// Another one comes in its place.
    Set(RawBson),
}

/// Where an operator meets a document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'h, 'd> {
    /// The whole document, as it is before the update.
    pub document: &'d RawDocument,
    /// Whether it is about to be inserted.
    pub inserting: bool,
    /// The path, with positions instead of `$`.
    pub here: &'h Trail<'h>,
    /// Fields of the document, for those who look for many.
    pub wide: &'h Wide<'d>,
}

impl Leaf {
    /// What it does to a value that is there.
    pub(super) fn existing(
        &self,
        place: Place<'_, '_>,
        value: RawBsonRef<'_>,
    ) -> Result<Change, QueryError> {
        match self {
            Self::Set(new) => Ok(replace(value, new)),
            Self::SetOnInsert(new) if place.inserting => Ok(replace(value, new)),
            Self::SetOnInsert(_) => Ok(Change::Keep),
            Self::Unset => Ok(Change::Remove),
            Self::Add(number) => arithmetic(place, value, "$inc", |old| old.add(*number)),
            Self::Multiply(number) => arithmetic(place, value, "$mul", |old| old.multiply(*number)),
            Self::Min(new) if compare(new.as_raw_bson_ref(), value).is_lt() => set(new),
            Self::Max(new) if compare(new.as_raw_bson_ref(), value).is_gt() => set(new),
            Self::Min(_) | Self::Max(_) => Ok(Change::Keep),
            Self::Bits(operators) => bits(place, value, operators),
            Self::Rename(rename) => match rename.source(place)? {
                Some(source) if compare(source, value).is_eq() => Ok(Change::Keep),
                Some(source) => Ok(Change::Set(source.into())),
                None => Ok(Change::Keep),
            },
            Self::Push(push) => {
                let RawBsonRef::Array(array) = value else {
                    return Err(no_array_to_push_to(place, value));
                };
                push.apply(Some(array)).map(changed)
            }
            Self::AddToSet(values) => add_to_set(values, place, value),
            Self::Pull(pull) => keep(value, |item| Ok(!pull.matches(item)?)),
            Self::PullAll(values) => keep(value, |item| Ok(!values.contains(item))),
            Self::Pop { first } => pop(*first, place, value),
        }
    }

    /// The value that it creates where there is none.
    pub(super) fn missing(&self, place: Place<'_, '_>) -> Result<Option<RawBson>, QueryError> {
        match self {
            Self::Set(new) | Self::Min(new) | Self::Max(new) => Ok(Some(new.clone())),
            Self::SetOnInsert(new) => Ok(place.inserting.then(|| new.clone())),
            Self::Add(number) => Ok(Some(number.to_bson())),
            Self::Multiply(number) => Ok(number.multiply(Number::ZERO).map(Number::to_bson)),
            Self::Bits(operators) => Ok(Some(combine(Number::ZERO, operators).to_bson())),
            Self::Rename(rename) => Ok(rename.source(place)?.map(RawBson::from)),
            Self::Push(push) => push.apply(None).map(|array| Some(RawBson::Array(array))),
            Self::AddToSet(values) => Ok(Some(RawBson::Array(
                values.values().iter().map(RawBson::as_raw_bson_ref).collect(),
            ))),
            Self::Unset | Self::Pull(_) | Self::PullAll(_) | Self::Pop { .. } => Ok(None),
        }
    }

    /// Checks how deep the document becomes by a value that came of this.
    pub(super) fn check_depth(&self, new: &RawBson, depth: usize) -> Result<(), QueryError> {
        let added = match self {
            Self::Push(push) => push.values(),
            Self::AddToSet(values) => values.values(),
            // What is in the array stays as deep as it is.
            Self::Pull(_) | Self::PullAll(_) | Self::Pop { .. } => &[],
            _ => return check_depth(new.as_raw_bson_ref(), depth),
        };
        added.iter().try_for_each(|value| check_depth(value.as_raw_bson_ref(), depth + 1))
    }

    /// Whether it creates nothing, and still refuses a path that nothing could be created at.
    pub(super) fn wants_a_viable_path(&self) -> bool {
        matches!(self, Self::Pull(_) | Self::PullAll(_) | Self::Pop { .. })
    }
}

impl Place<'_, '_> {
    /// The last component of the path.
    pub(super) fn name(&self) -> &str {
        self.here.name()
    }
}

/// Whether two values are the same bytes.
pub(super) fn is_identical(one: RawBsonRef<'_>, another: RawBsonRef<'_>) -> bool {
    match (one, another) {
        (RawBsonRef::Double(one), RawBsonRef::Double(another)) => {
            one.to_bits() == another.to_bits()
        }
        (one, another) => one == another,
    }
}

fn set(new: &RawBson) -> Result<Change, QueryError> {
    Ok(Change::Set(new.clone()))
}

fn replace(old: RawBsonRef<'_>, new: &RawBson) -> Change {
    if is_identical(old, new.as_raw_bson_ref()) { Change::Keep } else { Change::Set(new.clone()) }
}

fn changed(array: bson::RawArrayBuf) -> Change {
    Change::Set(RawBson::Array(array))
}

fn arithmetic(
    place: Place<'_, '_>,
    value: RawBsonRef<'_>,
    operator: &str,
    compute: impl Fn(Number) -> Option<Number>,
) -> Result<Change, QueryError> {
    let id = || id_text(place.document);
    let Some(old) = Number::read(value) else {
        return Err(QueryError::new(
            MongoCode::TYPE_MISMATCH,
            format!(
                "Cannot apply {operator} to a value of non-numeric type. {{{}}} has the field \
                 '{}' of non-numeric type {}",
                id(),
                place.name(),
                type_name(value)
            ),
        ));
    };
    let new = compute(old).ok_or_else(|| {
        QueryError::bad_value(format!(
            "Failed to apply {operator} operations to current value ({}) for document {{{}}}",
            old.describe(),
            id()
        ))
    })?;
    Ok(replace(value, &new.to_bson()))
}

fn bits(
    place: Place<'_, '_>,
    value: RawBsonRef<'_>,
    operators: &[(BitOperator, Number)],
) -> Result<Change, QueryError> {
    let old = Number::read_integer(value).ok_or_else(|| {
        QueryError::bad_value(format!(
            "Cannot apply $bit to a value of non-integral type.{} has the field {} of \
             non-integer type {}",
            id_text(place.document),
            place.name(),
            type_name(value)
        ))
    })?;
    Ok(replace(value, &combine(old, operators).to_bson()))
}

fn combine(number: Number, operators: &[(BitOperator, Number)]) -> Number {
    operators.iter().fold(number, |number, (operator, other)| number.combine(*operator, *other))
}

fn no_array_to_push_to(place: Place<'_, '_>, value: RawBsonRef<'_>) -> QueryError {
    QueryError::bad_value(format!(
        "The field '{}' must be an array but is of type {} in document {{{}}}",
        place.here.text(),
        type_name(value),
        id_text(place.document)
    ))
}

/// The `_id` of a document as messages show it.
pub(super) fn id_text(document: &RawDocument) -> String {
    match document.get("_id") {
        Ok(Some(id)) => describe_field("_id", id),
        Ok(None) | Err(_) => "no id".to_owned(),
    }
}

/// What a path cannot lead through.
pub(super) fn not_viable(message: String) -> QueryError {
    QueryError::new(MongoCode::PATH_NOT_VIABLE, message)
}
