//! An expression within a stage, with a short way for what is asked most: one field as it is.

use bson::{RawBsonRef, RawDocument};

use super::{
    raw::{check_depth, find},
    write::Writer,
};
use crate::{
    Expression, Parameters, QueryError,
    expression::{Evaluated, Scope, Value},
};

/// A value that is computed of a document.
#[derive(Debug)]
pub(super) struct Computed {
    expression: Expression,
    /// The name, where it is a field and nothing else.
    field: Option<String>,
}

impl Computed {
    /// Parses an expression.
    pub(super) fn parse(
        value: RawBsonRef<'_>,
        parameters: &Parameters,
    ) -> Result<Self, QueryError> {
        let expression = Expression::parse(value, parameters)?;
        let field = match value {
            RawBsonRef::String(path) => path
                .strip_prefix('$')
                .filter(|name| !name.starts_with('$') && !name.contains('.'))
                .map(str::to_owned),
            _ => None,
        };
        Ok(Self { expression, field })
    }

    /// The value, where it is the same for all documents.
    pub(super) fn as_constant(&self) -> Option<Option<RawBsonRef<'_>>> {
        self.expression.as_constant()
    }

    /// Computes the value and does something with it; none is "missing".
    pub(super) fn with<T>(
        &self,
        document: &RawDocument,
        use_value: impl FnOnce(Option<RawBsonRef<'_>>) -> Result<T, QueryError>,
    ) -> Result<T, QueryError> {
        if let Some(name) = &self.field {
            return use_value(find(document, name)?.map(|found| found.value()).transpose()?);
        }
        let scope = Scope::new(document);
        let value = checked(self.expression.evaluate(&scope)?)?;
        use_value(value.as_ref().map(Value::raw))
    }

    /// Computes the value, to keep it.
    pub(super) fn evaluate(&self, document: &RawDocument) -> Evaluated<'static> {
        let scope = Scope::new(document);
        Ok(checked(self.expression.evaluate(&scope)?)?.map(Value::detach))
    }

    /// Adds the value to a document, unless it is missing.
    pub(super) fn append_to(
        &self,
        document: &RawDocument,
        writer: &mut Writer,
        name: &str,
    ) -> Result<(), QueryError> {
        if let Some(field) = &self.field {
            if let Some(found) = find(document, field)? {
                writer.copy_as(name, found)?;
            }
            return Ok(());
        }
        self.with(document, |value| value.map_or(Ok(()), |value| writer.append(name, value)))
    }
}

/// Refuses what an expression has made deeper than documents may be, before anybody walks it.
fn checked(value: Option<Value<'_>>) -> Evaluated<'_> {
    if let Some(Value::Owned(value, _)) = &value {
        check_depth(value.as_raw_bson_ref(), 0)?;
    }
    Ok(value)
}
