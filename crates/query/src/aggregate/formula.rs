//! Arithmetic on BSON numbers, as expressions do it: with their types and their refusals.

use bson::{RawBson, RawBsonRef, RawDocument, RawDocumentBuf};

use super::write::Writer;
use crate::{Expression, Parameters, QueryError, expression::Scope};

/// An expression over named values.
pub(super) struct Formula {
    expression: Expression,
}

impl Formula {
    /// Parses an expression whose paths are the names.
    pub(super) fn parse(
        expression: &RawDocument,
        parameters: &Parameters,
    ) -> Result<Self, QueryError> {
        let expression = Expression::parse(RawBsonRef::Document(expression), parameters)?;
        Ok(Self { expression })
    }

    /// The value for some values.
    pub(super) fn value(&self, values: &[(&str, RawBsonRef<'_>)]) -> Result<RawBson, QueryError> {
        let mut writer = Writer::with_capacity(64);
        for (name, value) in values {
            writer.append(name, *value)?;
        }
        let document: RawDocumentBuf = writer.finish()?;
        let scope = Scope::new(&document);
        let value = self.expression.evaluate(&scope)?;
        Ok(value.map_or(RawBson::Null, |value| value.detach().into_raw()))
    }
}
