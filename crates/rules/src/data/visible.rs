//! What a caller sees of a document (docs/behaviour/collection-rules.md#reading).

use bson::{RawArrayBuf, RawBson, RawBsonRef, RawDocument, RawDocumentBuf};
use hookstead_data::DataError;

use super::{
    bound::Bound,
    refusal::malformed,
    role::{Access, Fields},
};
use crate::{Documents, Future};

/// A document that the caller sees something of.
#[derive(Debug)]
pub(super) struct Found {
    /// As it is stored.
    pub(super) stored: RawDocumentBuf,
    /// What the caller sees of it; `None` for everything.
    part: Option<RawDocumentBuf>,
}

impl Found {
    /// What the caller sees.
    pub(super) fn shown(&self) -> &RawDocument {
        self.part.as_deref().unwrap_or(&self.stored)
    }

    /// What the caller sees, on its own.
    pub(super) fn into_shown(self) -> RawDocumentBuf {
        self.part.unwrap_or(self.stored)
    }

    /// Whether nothing is hidden.
    pub(super) fn is_whole(&self) -> bool {
        self.part.is_none()
    }
}

/// What is asked of the fields of a document that is read.
#[derive(Clone, Copy)]
struct Reading<'a> {
    documents: Documents<'a>,
    /// Whether permission to write counts: it implies permission to read.
    may_write: bool,
}

impl Bound {
    /// What the caller sees of a document; nothing where nothing of it may be read.
    pub(super) async fn visible(&self, stored: RawDocumentBuf) -> Result<Option<Found>, DataError> {
        let Some(mut part) = self.permitted_part(&stored).await? else { return Ok(None) };
        for projection in &self.projections {
            let before = part.as_deref().unwrap_or(&stored);
            part = Some(projection.apply(before, None)?);
        }
        if part.as_ref().is_some_and(|part| part.is_empty()) {
            return Ok(None);
        }
        Ok(Some(Found { stored, part }))
    }

    /// What roles permit to read: nothing, everything (`Some(None)`), or a part.
    async fn permitted_part(
        &self,
        stored: &RawDocument,
    ) -> Result<Option<Option<RawDocumentBuf>>, DataError> {
        let documents = Documents::read(stored);
        let Some(role) = self.role(documents).await else { return Ok(None) };
        if !self.holds(&role.readable, documents).await {
            return Ok(None);
        }
        if let Some(read) = &role.access.read
            && self.holds(read, documents).await
        {
            return Ok(Some(None));
        }
        let mut may_write = self.holds(&role.writable, documents).await;
        if let Some(write) = &role.access.write {
            may_write = may_write && self.holds(write, documents).await;
            if may_write {
                return Ok(Some(None));
            }
        }
        if role.access.read.is_some() {
            return Ok(None);
        }
        let reading = Reading { documents, may_write };
        let part = self.fields(&role.fields, stored, reading, false).await?;
        Ok((!part.is_empty()).then_some(Some(part)))
    }

    /// The fields of a document that may be read. `outer` is what counts for those of which
    /// nothing is said.
    fn fields<'a>(
        &'a self,
        rules: &'a Fields,
        document: &'a RawDocument,
        reading: Reading<'a>,
        outer: bool,
    ) -> Future<'a, Result<RawDocumentBuf, DataError>> {
        Box::pin(async move {
            let mut part = RawDocumentBuf::new();
            for element in document {
                let (name, value) = element.map_err(malformed)?;
                let documents = reading.documents.at_field(Some(value), Some(value));
                let at = Reading { documents, ..reading };
                let Some(field) = rules.named.get(name.as_str()) else {
                    if self.may_read(&rules.additional, at).await.unwrap_or(outer) {
                        part.append(name, value);
                    }
                    continue;
                };
                let own = self.may_read(&field.access, at).await;
                if own == Some(false) {
                    continue;
                }
                let outer = own.unwrap_or(outer);
                if field.inner.is_empty() {
                    if outer {
                        part.append(name, value);
                    }
                } else if let Some(shown) = self.inner(&field.inner, value, at, outer).await? {
                    part.append(name, shown);
                }
            }
            Ok(part)
        })
    }

    /// What may be read of a value that fields are said of; in an array, of each item.
    fn inner<'a>(
        &'a self,
        rules: &'a Fields,
        value: RawBsonRef<'a>,
        reading: Reading<'a>,
        outer: bool,
    ) -> Future<'a, Result<Option<RawBson>, DataError>> {
        Box::pin(async move {
            match value {
                RawBsonRef::Document(document) => {
                    let part = self.fields(rules, document, reading, outer).await?;
                    let is_shown = outer || !part.is_empty();
                    Ok(is_shown.then_some(RawBson::Document(part)))
                }
                RawBsonRef::Array(array) => {
                    let mut part = RawArrayBuf::new();
                    for item in array {
                        let item = item.map_err(malformed)?;
                        if let Some(item) = self.inner(rules, item, reading, outer).await? {
                            part.push(item);
                        }
                    }
                    let is_shown = outer || !part.is_empty();
                    Ok(is_shown.then_some(RawBson::Array(part)))
                }
                scalar => Ok(outer.then(|| scalar.into())),
            }
        })
    }

    /// Whether something may be read; `None` where nothing is said. Permission to write implies
    /// it.
    async fn may_read(&self, access: &Access, reading: Reading<'_>) -> Option<bool> {
        let read = match &access.read {
            Some(read) => Some(self.holds(read, reading.documents).await),
            None => None,
        };
        match &access.write {
            Some(write) if reading.may_write && read != Some(true) => {
                let may_write = self.holds(write, reading.documents).await;
                if may_write { Some(true) } else { read }
            }
            _ => read,
        }
    }
}
