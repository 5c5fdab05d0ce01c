//! Reads fields of the documents of users. A field of the wrong type fails: it could be the one
//! that says that a user is disabled.

use bson::{Bson, DateTime, Document, oid::ObjectId};

use crate::AuthError;

/// Fields of a document.
pub(super) struct Fields<'a>(pub(super) &'a mut Document);

impl Fields<'_> {
    pub(super) fn object_id(&mut self, name: &str) -> Result<ObjectId, AuthError> {
        self.object_id_or_none(name)?.ok_or_else(|| wrong(name))
    }

    pub(super) fn object_id_or_none(&mut self, name: &str) -> Result<Option<ObjectId>, AuthError> {
        match self.0.remove(name) {
            None | Some(Bson::Null) => Ok(None),
            Some(Bson::ObjectId(id)) => Ok(Some(id)),
            Some(_) => Err(wrong(name)),
        }
    }

    pub(super) fn text(&mut self, name: &str) -> Result<String, AuthError> {
        self.text_or_none(name)?.ok_or_else(|| wrong(name))
    }

    pub(super) fn text_or_none(&mut self, name: &str) -> Result<Option<String>, AuthError> {
        match self.0.remove(name) {
            None | Some(Bson::Null) => Ok(None),
            Some(Bson::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong(name)),
        }
    }

    pub(super) fn time_or_none(&mut self, name: &str) -> Result<Option<DateTime>, AuthError> {
        match self.0.remove(name) {
            None | Some(Bson::Null) => Ok(None),
            Some(Bson::DateTime(time)) => Ok(Some(time)),
            Some(_) => Err(wrong(name)),
        }
    }

    pub(super) fn time(&mut self, name: &str) -> Result<DateTime, AuthError> {
        self.time_or_none(name)?.ok_or_else(|| wrong(name))
    }

    pub(super) fn number(&mut self, name: &str) -> Result<i64, AuthError> {
        Ok(self.number_or_none(name)?.unwrap_or(0))
    }

    pub(super) fn number_or_none(&mut self, name: &str) -> Result<Option<i64>, AuthError> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Bson::Int64(number)) => Ok(Some(number)),
            Some(Bson::Int32(number)) => Ok(Some(number.into())),
            Some(_) => Err(wrong(name)),
        }
    }

    pub(super) fn flag(&mut self, name: &str) -> Result<bool, AuthError> {
        match self.0.remove(name) {
            None => Ok(false),
            Some(Bson::Boolean(flag)) => Ok(flag),
            Some(_) => Err(wrong(name)),
        }
    }

    pub(super) fn document(&mut self, name: &str) -> Result<Document, AuthError> {
        match self.0.remove(name) {
            None => Ok(Document::new()),
            Some(Bson::Document(document)) => Ok(document),
            Some(_) => Err(wrong(name)),
        }
    }

    /// The documents of a list, which may be missing.
    pub(super) fn documents(&mut self, name: &str) -> Result<Vec<Document>, AuthError> {
        let values = match self.0.remove(name) {
            None => Vec::new(),
            Some(Bson::Array(values)) => values,
            Some(_) => return Err(wrong(name)),
        };
        let document = |value| match value {
            Bson::Document(document) => Ok(document),
            _ => Err(wrong(name)),
        };
        values.into_iter().map(document).collect()
    }
}

pub(super) fn wrong(name: &str) -> AuthError {
    AuthError::internal(format!("a document of the users has no valid field {name}"))
}
