//! The values of a document that are looked for in other documents.

use bson::{RawArrayBuf, RawBsonRef, RawDocument, RawDocumentBuf};

use crate::{
    Filter, Parameters, QueryError,
    aggregate::{
        path::Path,
        raw::{Element, elements, find, malformed},
        write::Writer,
    },
    append_key,
    path::check_forks,
};

/// A path whose values are looked for: through arrays, and those of an array one by one.
#[derive(Debug)]
pub(in crate::aggregate) struct Values {
    names: Vec<String>,
    /// Whether a document without any looks for null.
    null_if_missing: bool,
}

impl Values {
    /// The values at a path.
    pub(in crate::aggregate) fn at(path: &Path, null_if_missing: bool) -> Self {
        Self { names: path.names().to_vec(), null_if_missing }
    }

    /// Shows each value.
    pub(in crate::aggregate) fn visit(
        &self,
        document: &RawDocument,
        see: &mut dyn FnMut(RawBsonRef<'_>) -> Result<(), QueryError>,
    ) -> Result<(), QueryError> {
        let mut found = false;
        visit(document, &self.names, 0, &mut |value| {
            found = true;
            see(value)
        })?;
        if !found && self.null_if_missing {
            see(RawBsonRef::Null)?;
        }
        Ok(())
    }
}

/// What two values have in common exactly when they are equal.
pub(in crate::aggregate) fn key_of(value: RawBsonRef<'_>) -> Vec<u8> {
    let mut key = Vec::new();
    append_key(value, &mut key);
    key
}

/// A filter for all documents that have one of the values of some documents.
pub(in crate::aggregate) fn filter_for(
    documents: &[RawDocumentBuf],
    values: &Values,
    path: &crate::path::Path,
    parameters: &Parameters,
) -> Result<Filter, QueryError> {
    let mut wanted = Wanted::default();
    for document in documents {
        values.visit(document, &mut |value| {
            wanted.add(value);
            Ok(())
        })?;
    }
    Filter::parse(&wanted.query(path.as_str(), None)?, parameters)
}

/// Values that are asked for.
#[derive(Default)]
pub(in crate::aggregate) struct Wanted {
    keys: std::collections::HashSet<Vec<u8>>,
    plain: RawArrayBuf,
    /// Values that would mean something else in a list: a regular expression the texts that it
    /// matches, a document with an operator's name a mistake.
    special: Vec<bson::RawBson>,
}

impl Wanted {
    /// Asks for a value.
    pub(in crate::aggregate) fn add(&mut self, value: RawBsonRef<'_>) {
        if !self.keys.insert(key_of(value)) {
            return;
        }
        match value {
            RawBsonRef::RegularExpression(_) => self.special.push(value.into()),
            RawBsonRef::Document(document) if begins_with_dollar(document) => {
                self.special.push(value.into());
            }
            // No query can ask for it.
            RawBsonRef::Undefined => {}
            value => self.plain.push(value),
        }
    }

    /// The query for them, and a further condition.
    pub(in crate::aggregate) fn query(
        &self,
        path: &str,
        condition: Option<&RawDocument>,
    ) -> Result<RawDocumentBuf, QueryError> {
        let mut choices = RawArrayBuf::new();
        choices.push(compared(path, "$in", RawBsonRef::Array(&self.plain))?);
        for value in &self.special {
            choices.push(compared(path, "$eq", value.as_raw_bson_ref())?);
        }
        let mut writer = Writer::with_capacity(64);
        match (self.special.is_empty(), condition) {
            (true, None) => return compared(path, "$in", RawBsonRef::Array(&self.plain)),
            (false, None) => writer.append("$or", RawBsonRef::Array(&choices))?,
            (_, Some(condition)) => {
                let mut any = Writer::with_capacity(64);
                any.append("$or", RawBsonRef::Array(&choices))?;
                let mut both = RawArrayBuf::new();
                both.push(any.finish()?);
                both.push(condition);
                writer.append("$and", RawBsonRef::Array(&both))?;
            }
        }
        writer.finish()
    }
}

fn begins_with_dollar(document: &RawDocument) -> bool {
    elements(document)
        .next()
        .is_some_and(|first| first.is_ok_and(|first| first.key().starts_with(b"$")))
}

fn compared(
    path: &str,
    operator: &str,
    value: RawBsonRef<'_>,
) -> Result<RawDocumentBuf, QueryError> {
    let mut writer = Writer::with_capacity(64);
    writer.begin_document(path)?;
    writer.append(operator, value)?;
    writer.end();
    writer.finish()
}

type See<'s> = dyn FnMut(RawBsonRef<'_>) -> Result<(), QueryError> + 's;

fn visit(
    document: &RawDocument,
    names: &[String],
    forks: usize,
    see: &mut See<'_>,
) -> Result<(), QueryError> {
    let Some((name, rest)) = names.split_first() else { return Ok(()) };
    match find(document, name)? {
        Some(element) => visit_element(element, rest, forks, see),
        None => Ok(()),
    }
}

fn visit_element(
    element: Element<'_>,
    rest: &[String],
    forks: usize,
    see: &mut See<'_>,
) -> Result<(), QueryError> {
    let Some(array) = element.array() else {
        return match (rest.is_empty(), element.document()) {
            (true, _) => see(element.value()?),
            (false, Some(document)) => visit(document, rest, forks, see),
            (false, None) => Ok(()),
        };
    };
    // A number for a name is an index.
    let named = match rest.split_first() {
        Some((name, after)) => find(array, name)?.map(|item| (item, after)),
        None => None,
    };
    let is_fork = named.is_some_and(|(item, _)| item.document().is_some());
    let forks = forks + usize::from(is_fork);
    check_forks(forks)?;
    for item in array {
        let (_, item) = item.map_err(|_| malformed())?;
        match item {
            item if rest.is_empty() => see(item)?,
            RawBsonRef::Document(document) => visit(document, rest, forks, see)?,
            _ => {}
        }
    }
    match named {
        Some((item, after)) => visit_element(item, after, forks, see),
        None => Ok(()),
    }
}
