//! The fields of a command, as the JavaScript half writes them down.

use bson::{RawArray, RawBsonRef, RawDocument, RawDocumentBuf};
use hookstead_isolate::Thrown;

/// The fields of a command.
pub(crate) struct Spec<'a>(Vec<(&'a str, RawBsonRef<'a>)>);

impl<'a> Spec<'a> {
    pub(crate) fn new(document: &'a RawDocument) -> Self {
        let fields = document.iter().map_while(Result::ok);
        Self(fields.map(|(name, value)| (name.as_str(), value)).collect())
    }

    /// A command of these fields.
    pub(crate) fn of_fields(fields: Vec<(&'a str, RawBsonRef<'a>)>) -> Self {
        Self(fields)
    }

    /// A field; `None` where it is missing or nothing.
    pub(crate) fn get(&self, name: &str) -> Option<RawBsonRef<'a>> {
        let (_, value) = self.0.iter().find(|(one, _)| *one == name)?;
        Some(*value).filter(|value| !matches!(value, RawBsonRef::Undefined | RawBsonRef::Null))
    }

    pub(super) fn text(&self, name: &str) -> Result<String, Thrown> {
        match self.get(name) {
            Some(RawBsonRef::String(text)) => Ok(text.to_owned()),
            _ => Err(refusal(format!("'{name}' must be a string"))),
        }
    }

    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.get(name)?.as_bool()
    }

    pub(super) fn count(&self, name: &str) -> u64 {
        u64::try_from(self.integer(name)).unwrap_or(0)
    }

    /// A negative limit asks for as many, in one batch; batches are nobody's business here.
    pub(super) fn limit(&self) -> u64 {
        self.integer("limit").unsigned_abs()
    }

    pub(super) fn integer(&self, name: &str) -> i64 {
        match self.get(name) {
            Some(RawBsonRef::Int32(integer)) => i64::from(integer),
            Some(RawBsonRef::Int64(integer)) => integer,
            // A whole number that a document holds as a double.
            Some(RawBsonRef::Double(number)) => number as i64,
            _ => 0,
        }
    }

    pub(super) fn optional(&self, name: &str) -> Result<Option<RawDocumentBuf>, Thrown> {
        self.get(name).map(|_| self.document(name).map(RawDocument::to_owned)).transpose()
    }

    pub(super) fn document(&self, name: &str) -> Result<&'a RawDocument, Thrown> {
        match self.get(name) {
            Some(RawBsonRef::Document(document)) => Ok(document),
            _ => Err(refusal(format!("'{name}' must be a document"))),
        }
    }

    pub(super) fn filter(&self) -> Result<RawDocumentBuf, Thrown> {
        Ok(self.optional("filter")?.unwrap_or_default())
    }

    pub(super) fn documents(&self, name: &str) -> Result<Vec<RawDocumentBuf>, Thrown> {
        Ok(self.list(name)?.into_iter().map(RawDocument::to_owned).collect())
    }

    pub(super) fn list(&self, name: &str) -> Result<Vec<&'a RawDocument>, Thrown> {
        let wrong = || refusal(format!("'{name}' must be an array of documents"));
        let items: &RawArray = self.get(name).and_then(|list| list.as_array()).ok_or_else(wrong)?;
        let document = |item: Result<RawBsonRef<'a>, _>| item.ok()?.as_document();
        items.into_iter().map(|item| document(item).ok_or_else(wrong)).collect()
    }
}

pub(super) fn refusal(message: impl Into<String>) -> Thrown {
    Thrown::new("FunctionError", message)
}
