//! The named arguments of stages and accumulators.

use bson::{RawBsonRef, RawDocument};

use super::raw::malformed;
use crate::{MongoCode, QueryError, expression::type_name};

/// What is known about the arguments of something.
pub(super) struct Known<'k> {
    /// What they belong to, such as `$densify`.
    pub(super) name: &'k str,
    /// The names.
    pub(super) names: &'k [&'k str],
}

/// The arguments of a stage.
pub(super) fn stage_options<'k>(name: &'k str, names: &'k [&'k str]) -> Known<'k> {
    Known { name, names }
}

/// The object that something has to be; `text` says it with the type that was found instead.
pub(super) fn object<'v>(
    value: RawBsonRef<'v>,
    code: MongoCode,
    text: impl FnOnce(&str) -> String,
) -> Result<&'v RawDocument, QueryError> {
    match value {
        RawBsonRef::Document(document) => Ok(document),
        other => Err(QueryError::new(code, text(type_name(Some(other))))),
    }
}

/// Arguments that have been given.
pub(super) struct Arguments<'a> {
    name: String,
    given: Vec<(&'a str, RawBsonRef<'a>)>,
}

impl<'a> Arguments<'a> {
    /// Sorts out the arguments, each of which must be known and stand there once.
    pub(super) fn parse(document: &'a RawDocument, known: &Known<'_>) -> Result<Self, QueryError> {
        let mut given: Vec<(&str, RawBsonRef<'_>)> = Vec::new();
        for field in document {
            let (name, value) = field.map_err(|_| malformed())?;
            let name = name.as_str();
            if !known.names.contains(&name) {
                return Err(QueryError::unknown_field(known.name, name));
            }
            if given.iter().any(|(other, _)| *other == name) {
                let text = format!("BSON field '{}.{name}' is a duplicate field", known.name);
                return Err(QueryError::new(MongoCode::ARGUMENT_TWICE, text));
            }
            given.push((name, value));
        }
        Ok(Self { name: known.name.to_owned(), given })
    }

    /// An argument, if it is there.
    pub(super) fn get(&self, name: &str) -> Option<RawBsonRef<'a>> {
        self.given.iter().find(|(given, _)| *given == name).map(|(_, value)| *value)
    }

    /// An argument that must be there.
    pub(super) fn required(&self, name: &str) -> Result<RawBsonRef<'a>, QueryError> {
        self.get(name).ok_or_else(|| QueryError::missing_field(&self.name, name))
    }

    /// A text, if it is there.
    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, QueryError> {
        match self.get(name) {
            None => Ok(None),
            Some(RawBsonRef::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong_type(name, other, "string")),
        }
    }

    /// A document, if it is there.
    pub(super) fn document(&self, name: &str) -> Result<Option<&'a RawDocument>, QueryError> {
        match self.get(name) {
            None => Ok(None),
            Some(RawBsonRef::Document(document)) => Ok(Some(document)),
            Some(other) => Err(self.wrong_type(name, other, "object")),
        }
    }

    /// Texts, if they are there.
    pub(super) fn texts(&self, name: &str) -> Result<Option<Vec<&'a str>>, QueryError> {
        let array = match self.get(name) {
            None => return Ok(None),
            Some(RawBsonRef::Array(array)) => array,
            Some(other) => return Err(self.wrong_type(name, other, "array")),
        };
        let texts = array.into_iter().enumerate().map(|(index, item)| match item {
            Ok(RawBsonRef::String(text)) => Ok(text),
            Ok(other) => Err(self.wrong_type(&format!("{name}.{index}"), other, "string")),
            Err(_) => Err(malformed()),
        });
        texts.collect::<Result<_, _>>().map(Some)
    }

    /// The error about a value of another type than it must have.
    pub(super) fn wrong_type(
        &self,
        name: &str,
        value: RawBsonRef<'_>,
        expected: &str,
    ) -> QueryError {
        let text = format!(
            "BSON field '{}.{name}' is the wrong type '{}', expected type '{expected}'",
            self.name,
            type_name(Some(value))
        );
        QueryError::new(MongoCode::TYPE_MISMATCH, text)
    }
}
