//! Whether a caller may change a document (docs/behaviour/collection-rules.md#writing).

use std::collections::{BTreeMap, BTreeSet};

use bson::{RawBsonRef, RawDocument, RawDocumentBuf};
use hookstead_data::DataError;

use super::{
    bound::Bound,
    refusal::{malformed, not_permitted, schema_violation},
    role::{Field, Fields, Role},
};
use crate::{Condition, Documents, Future, NoValue};

/// The fields of a document, or of none, by name.
type Values<'a> = BTreeMap<&'a str, RawBsonRef<'a>>;

/// A condition that one kind of change has, with its name.
type OwnCondition = (&'static str, fn(&Role) -> &Condition);

/// Why a document with a name that stands twice is refused.
const TWINS: &str = "a name stands twice in the document";

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
        let own: OwnCondition = ("insert", |role| &role.insert);
        if let Some(reason) = self.refusal(change, Some(own)).await? {
            return Err(not_permitted(&self.namespace, "insert", &reason));
        }
        if has_twins(document)? {
            return Err(not_permitted(&self.namespace, "insert", TWINS));
        }
        self.check_schema(document)
    }

    /// Permits a document to go, or says why not.
    pub(super) async fn permit_delete(&self, document: &RawDocument) -> Result<(), DataError> {
        let documents = Documents::read(document);
        let change = Change { before: Some(document), after: None, documents, as_it_is: true };
        let own: OwnCondition = ("delete", |role| &role.delete);
        match self.refusal(change, Some(own)).await? {
            Some(reason) => Err(not_permitted(&self.namespace, "delete", &reason)),
            None => Ok(()),
        }
    }

    /// Permits a document to change, or says why not: as it is, and as it will be.
    pub(super) async fn permit_update(
        &self,
        before: &RawDocument,
        after: &RawDocument,
    ) -> Result<(), DataError> {
        if has_twins(after)? {
            return Err(not_permitted(&self.namespace, "update", TWINS));
        }
        let states = [
            (Documents::read(before), true),
            (Documents::written(Some(after), Some(before)), false),
        ];
        for (documents, as_it_is) in states {
            let change = Change { before: Some(before), after: Some(after), documents, as_it_is };
            if let Some(reason) = self.refusal(change, None).await? {
                let state = if as_it_is { "is" } else { "would be" };
                let reason = format!("{reason} (the document as it {state})");
                return Err(not_permitted(&self.namespace, "update", &reason));
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

    /// Why a change is not permitted; nothing where it is. `own` is the condition that this kind
    /// of change has beside those of writing.
    async fn refusal(
        &self,
        change: Change<'_>,
        own: Option<OwnCondition>,
    ) -> Result<Option<String>, DataError> {
        let documents = change.documents;
        let Some(role) = self.role(documents).await else {
            return Ok(Some("no role counts for the document".to_owned()));
        };
        let write = role.access.write.as_ref().map(|write| ("write", write));
        let own = own.map(|(name, condition)| (name, condition(role)));
        let writable = Some(("document_filters.write", &role.writable));
        for (name, condition) in [own, writable, write].into_iter().flatten() {
            let outcome = match self.value(condition, documents).await {
                Ok(true) => continue,
                Ok(false) => "does not hold".to_owned(),
                Err(NoValue { reason, .. }) => format!("has no value: {reason}"),
            };
            return Ok(Some(format!("role `{}`: {name} {outcome}", role.name)));
        }
        if write.is_some() {
            return Ok(None);
        }
        let field = self.refused_field(&role.fields, change, false).await?;
        Ok(field.map(|path| format!("role `{}`: it may not write the field `{path}`", role.name)))
    }

    /// The first field that differs and may not be written. `outer` is what counts for those of
    /// which nothing is said.
    fn refused_field<'a>(
        &'a self,
        rules: &'a Fields,
        change: Change<'a>,
        outer: bool,
    ) -> Future<'a, Result<Option<String>, DataError>> {
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
                let refused = match rules.named.get(*name) {
                    Some(field) => self.refused_within(field, values, at, outer).await?,
                    None => {
                        let may_write = match &rules.additional.write {
                            Some(write) => self.holds(write, documents).await,
                            None => outer,
                        };
                        (!may_write).then(String::new)
                    }
                };
                if let Some(inner) = refused {
                    let dot = if inner.is_empty() { "" } else { "." };
                    return Ok(Some(format!("{name}{dot}{inner}")));
                }
            }
            Ok(None)
        })
    }

    /// What of a field with rules of its own may not change from one value to another: a path
    /// within it, which is empty for the field as a whole.
    async fn refused_within<'a>(
        &'a self,
        field: &'a Field,
        (before, after): (Option<RawBsonRef<'a>>, Option<RawBsonRef<'a>>),
        change: Change<'a>,
        outer: bool,
    ) -> Result<Option<String>, DataError> {
        let outer = match &field.access.write {
            Some(write) if !self.holds(write, change.documents).await => {
                return Ok(Some(String::new()));
            }
            Some(_) => true,
            None => outer,
        };
        let as_a_whole = || (!outer).then(String::new);
        if field.inner.is_empty() {
            return Ok(as_a_whole());
        }
        if let (Ok(before), Ok(after)) = (as_document(before), as_document(after)) {
            let inner = Change { before, after, ..change };
            return self.refused_field(&field.inner, inner, outer).await;
        }
        // Items of an array cannot be told from each other: what is in each must be writable.
        for value in [before, after].into_iter().flatten() {
            if !outer {
                break;
            }
            if let Some(path) = self.refused_item(&field.inner, value, change).await? {
                return Ok(Some(path));
            }
        }
        Ok(as_a_whole())
    }

    /// What in a value may not be written, however deep in arrays.
    fn refused_item<'a>(
        &'a self,
        rules: &'a Fields,
        value: RawBsonRef<'a>,
        change: Change<'a>,
    ) -> Future<'a, Result<Option<String>, DataError>> {
        Box::pin(async move {
            match value {
                RawBsonRef::Document(document) => {
                    let inner = Change { before: None, after: Some(document), ..change };
                    self.refused_field(rules, inner, true).await
                }
                RawBsonRef::Array(array) => {
                    for item in array {
                        let item = item.map_err(malformed)?;
                        if let Some(path) = self.refused_item(rules, item, change).await? {
                            return Ok(Some(path));
                        }
                    }
                    Ok(None)
                }
                _ => Ok(None),
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
