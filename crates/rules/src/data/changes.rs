//! Whether a caller may change a document (docs/behaviour/collection-rules.md#writing).

use std::collections::{BTreeMap, BTreeSet};

use bson::{RawBsonRef, RawDocument, RawDocumentBuf};
use hookstead_data::DataError;

use super::{
    bound::Bound,
    refusal::{malformed, not_permitted, schema_violation},
    role::{Field, Fields, Role},
};
use crate::{Documents, Future};

/// The fields of a document, or of none, by name.
type Values<'a> = BTreeMap<&'a str, RawBsonRef<'a>>;

/// A document before and after a change, and what conditions are asked about.
#[derive(Clone, Copy)]
struct Change<'a> {
    before: Option<&'a RawDocument>,
    after: Option<&'a RawDocument>,
    documents: Documents<'a>,
    /// Whether conditions are asked about the document as it is before the change.
    as_it_is: bool,
}

impl Bound {
    /// Permits a new document, or says why not.
    pub(super) async fn permit_insert(&self, document: &RawDocument) -> Result<(), DataError> {
        let documents = Documents::written(Some(document), None);
        let change = Change { before: None, after: Some(document), documents, as_it_is: false };
        let is_permitted = match self.role(documents).await {
            Some(role) => {
                self.holds(&role.insert, documents).await && self.permits(role, change).await?
            }
            None => false,
        };
        if !is_permitted || has_twins(document)? {
            return Err(not_permitted("insert"));
        }
        self.check_schema(document)
    }

    /// Permits a document to go, or says why not.
    pub(super) async fn permit_delete(&self, document: &RawDocument) -> Result<(), DataError> {
        let documents = Documents::read(document);
        let change = Change { before: Some(document), after: None, documents, as_it_is: true };
        let is_permitted = match self.role(documents).await {
            Some(role) => {
                self.holds(&role.delete, documents).await && self.permits(role, change).await?
            }
            None => false,
        };
        if is_permitted { Ok(()) } else { Err(not_permitted("delete")) }
    }

    /// Permits a document to change, or says why not: as it is, and as it will be.
    pub(super) async fn permit_update(
        &self,
        before: &RawDocument,
        after: &RawDocument,
    ) -> Result<(), DataError> {
        if has_twins(after)? {
            return Err(not_permitted("update"));
        }
        let states = [
            (Documents::read(before), true),
            (Documents::written(Some(after), Some(before)), false),
        ];
        for (documents, as_it_is) in states {
            let change = Change { before: Some(before), after: Some(after), documents, as_it_is };
            let is_permitted = match self.role(documents).await {
                Some(role) => self.permits(role, change).await?,
                None => false,
            };
            if !is_permitted {
                return Err(not_permitted("update"));
            }
        }
        self.check_schema(after)
    }

    fn check_schema(&self, document: &RawDocument) -> Result<(), DataError> {
        match &self.schema {
            Some(schema) if !schema.matches(document)? => Err(schema_violation(&self.namespace)),
            _ => Ok(()),
        }
    }

    async fn permits(&self, role: &Role, change: Change<'_>) -> Result<bool, DataError> {
        if !self.holds(&role.writable, change.documents).await {
            return Ok(false);
        }
        match &role.access.write {
            Some(write) => Ok(self.holds(write, change.documents).await),
            None => self.permits_fields(&role.fields, change, false).await,
        }
    }

    /// Whether every field that differs may be written. `outer` is what counts for those of which
    /// nothing is said.
    fn permits_fields<'a>(
        &'a self,
        rules: &'a Fields,
        change: Change<'a>,
        outer: bool,
    ) -> Future<'a, Result<bool, DataError>> {
        Box::pin(async move {
            let (before, after) = (values(change.before)?, values(change.after)?);
            let names = after.keys().chain(before.keys().filter(|name| !after.contains_key(*name)));
            for name in names {
                let values = (before.get(name).copied(), after.get(name).copied());
                if values.0 == values.1 {
                    continue;
                }
                let (this, prev) =
                    if change.as_it_is { (values.0, values.0) } else { (values.1, values.0) };
                let documents = change.documents.at_field(this, prev);
                let at = Change { documents, ..change };
                let is_permitted = match rules.named.get(*name) {
                    Some(field) => self.permits_field(field, values, at, outer).await?,
                    None => match &rules.additional.write {
                        Some(write) => self.holds(write, documents).await,
                        None => outer,
                    },
                };
                if !is_permitted {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }

    /// Whether a field with rules of its own may change from one value to another.
    async fn permits_field<'a>(
        &'a self,
        field: &'a Field,
        (before, after): (Option<RawBsonRef<'a>>, Option<RawBsonRef<'a>>),
        change: Change<'a>,
        outer: bool,
    ) -> Result<bool, DataError> {
        let outer = match &field.access.write {
            Some(write) if !self.holds(write, change.documents).await => return Ok(false),
            Some(_) => true,
            None => outer,
        };
        if field.inner.is_empty() {
            return Ok(outer);
        }
        if let (Ok(before), Ok(after)) = (as_document(before), as_document(after)) {
            let inner = Change { before, after, ..change };
            return self.permits_fields(&field.inner, inner, outer).await;
        }
        // Items of an array cannot be told from each other: what is in each must be writable.
        for value in [before, after].into_iter().flatten() {
            if !outer || !self.permits_items(&field.inner, value, change).await? {
                return Ok(false);
            }
        }
        Ok(outer)
    }

    /// Whether everything in a value may be written, however deep in arrays.
    fn permits_items<'a>(
        &'a self,
        rules: &'a Fields,
        value: RawBsonRef<'a>,
        change: Change<'a>,
    ) -> Future<'a, Result<bool, DataError>> {
        Box::pin(async move {
            match value {
                RawBsonRef::Document(document) => {
                    let inner = Change { before: None, after: Some(document), ..change };
                    self.permits_fields(rules, inner, true).await
                }
                RawBsonRef::Array(array) => {
                    for item in array {
                        if !self.permits_items(rules, item.map_err(malformed)?, change).await? {
                            return Ok(false);
                        }
                    }
                    Ok(true)
                }
                _ => Ok(true),
            }
        })
    }
}

/// The document that a value is, or none where there is no value.
fn as_document(value: Option<RawBsonRef<'_>>) -> Result<Option<&RawDocument>, ()> {
    match value {
        None => Ok(None),
        Some(RawBsonRef::Document(document)) => Ok(Some(document)),
        Some(_) => Err(()),
    }
}

/// Whether a name stands twice in a document, at any depth: what conditions were asked about one of
/// them says nothing of the other.
fn has_twins(document: &RawDocument) -> Result<bool, DataError> {
    let mut names = BTreeSet::new();
    for element in document {
        let (name, value) = element.map_err(malformed)?;
        if !names.insert(name.as_str()) || holds_twins(value)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn holds_twins(value: RawBsonRef<'_>) -> Result<bool, DataError> {
    match value {
        RawBsonRef::Document(document) => has_twins(document),
        RawBsonRef::Array(array) => {
            for item in array {
                if holds_twins(item.map_err(malformed)?)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        _ => Ok(false),
    }
}

fn values(document: Option<&RawDocument>) -> Result<Values<'_>, DataError> {
    let mut values = Values::new();
    for element in document.into_iter().flatten() {
        let (name, value) = element.map_err(malformed)?;
        values.insert(name.as_str(), value);
    }
    Ok(values)
}

/// The stored document with what was changed of the part that the caller sees. `None` where the
/// change reaches what the caller does not see: hidden fields are neither written nor removed.
pub(super) fn merge(
    stored: &RawDocument,
    shown: &RawDocument,
    changed: &RawDocument,
) -> Result<Option<RawDocumentBuf>, DataError> {
    let (all, seen, wanted) = (values(Some(stored))?, values(Some(shown))?, values(Some(changed))?);
    let mut merged = RawDocumentBuf::new();
    for element in stored {
        let (name, value) = element.map_err(malformed)?;
        match (seen.get(name.as_str()), wanted.get(name.as_str())) {
            (None, None) => merged.append(name, value),
            (None, Some(_)) => return Ok(None),
            (Some(seen), None) if *seen == value => {}
            (Some(_), None) => return Ok(None),
            (Some(seen), Some(wanted)) if seen == wanted => merged.append(name, value),
            (Some(seen), Some(wanted)) if *seen == value => merged.append(name, *wanted),
            (Some(seen), Some(wanted)) => {
                use RawBsonRef::Document;
                let (Document(value), Document(seen), Document(wanted)) = (value, *seen, *wanted)
                else {
                    return Ok(None);
                };
                let Some(inner) = merge(value, seen, wanted)? else { return Ok(None) };
                merged.append(name, inner);
            }
        }
    }
    for element in changed {
        let (name, value) = element.map_err(malformed)?;
        if !all.contains_key(name.as_str()) {
            merged.append(name, value);
        }
    }
    Ok(Some(merged))
}
