//! The variables of a command.

use std::{collections::HashMap, sync::Arc};

use bson::{Bson, Document, RawBson};

use crate::{QueryError, depth::malformed};

/// Variables by name. A copy shares their values, which may be as large as documents.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Variables(Arc<HashMap<String, Option<Arc<RawBson>>>>);

impl Variables {
    /// The fields of a document as variables. "Undefined" stands for missing.
    ///
    /// # Errors
    /// A value cannot be written as BSON.
    pub fn of(document: Document) -> Result<Self, QueryError> {
        let mut variables = Self::default();
        for (name, value) in document {
            variables.set(&name, value)?;
        }
        Ok(variables)
    }

    /// Gives a variable a value. "Undefined" stands for missing.
    ///
    /// # Errors
    /// The value cannot be written as BSON.
    pub fn set(&mut self, name: &str, value: impl Into<Bson>) -> Result<(), QueryError> {
        let value = match value.into() {
            Bson::Undefined => None,
            value => Some(RawBson::try_from(value).map_err(malformed)?),
        };
        self.set_raw(name, value);
        Ok(())
    }

    /// The same; none is "missing".
    pub(crate) fn set_raw(&mut self, name: &str, value: Option<RawBson>) {
        Arc::make_mut(&mut self.0).insert(name.to_owned(), value.map(Arc::new));
    }

    /// The value of a variable. The outer none is a variable that is not there.
    pub(crate) fn get(&self, name: &str) -> Option<Option<&Arc<RawBson>>> {
        self.0.get(name).map(Option::as_ref)
    }
}
