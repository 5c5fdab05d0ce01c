//! `$type`: types by name and by number.

use bson::{RawBsonRef, spec::ElementType};

use crate::{
    MongoCode, QueryError, bson_types::TYPES, describe::describe, number::Number, path::items,
};

/// All numbers.
const NUMBERS: [ElementType; 4] =
    [ElementType::Double, ElementType::Int32, ElementType::Int64, ElementType::Decimal128];

/// Some types.
#[derive(Debug, Default)]
pub(super) struct TypeSet {
    types: Vec<ElementType>,
}

impl TypeSet {
    /// A type, or an array of types.
    pub(super) fn parse(operator: &str, value: RawBsonRef<'_>) -> Result<Self, QueryError> {
        let mut set = Self::default();
        match value {
            RawBsonRef::Array(array) => {
                for item in items(array) {
                    set.add(item?)?;
                }
            }
            value => set.add(value)?,
        }
        if set.types.is_empty() {
            let message = format!("{operator} must match at least one type");
            return Err(QueryError::new(MongoCode::FAILED_TO_PARSE, message));
        }
        Ok(set)
    }

    /// A set of one type or several.
    pub(super) fn of(types: &[ElementType]) -> Self {
        Self { types: types.to_vec() }
    }

    /// All numbers.
    pub(super) fn numbers() -> Self {
        Self::of(&NUMBERS)
    }

    pub(super) fn extend(&mut self, other: Self) {
        other.types.into_iter().for_each(|one| self.insert(one));
    }

    /// Whether a value is of one of the types.
    pub(super) fn contains(&self, value: RawBsonRef<'_>) -> bool {
        self.types.contains(&value.element_type())
    }

    /// Adds a type by the name that MongoDB has for it.
    pub(super) fn add_name(&mut self, name: &str) -> Result<(), QueryError> {
        if name == "number" {
            NUMBERS.into_iter().for_each(|one| self.insert(one));
            return Ok(());
        }
        let (_, _, found) = TYPES
            .iter()
            .find(|(known, ..)| *known == name)
            .ok_or_else(|| QueryError::bad_value(format!("Unknown type name alias: {name}")))?;
        self.insert(*found);
        Ok(())
    }

    fn insert(&mut self, one: ElementType) {
        if !self.types.contains(&one) {
            self.types.push(one);
        }
    }

    fn add(&mut self, value: RawBsonRef<'_>) -> Result<(), QueryError> {
        if let RawBsonRef::String(name) = value {
            return self.add_name(name);
        }
        let Some(number) = Number::of(value) else {
            let message = "type must be represented as a number or a string";
            return Err(QueryError::new(MongoCode::TYPE_MISMATCH, message));
        };
        let code = number.whole().filter(|code| *code != 0);
        let found = TYPES.iter().find(|(_, known, _)| Some(*known) == code);
        let (.., found) = found.ok_or_else(|| {
            let shown = describe(value);
            let hint = if number.is_zero() { " Instead use {$exists:false}." } else { "" };
            QueryError::bad_value(format!("Invalid numerical type code: {shown}.{hint}"))
        })?;
        self.insert(*found);
        Ok(())
    }
}
