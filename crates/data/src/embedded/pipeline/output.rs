//! `$out` and `$merge`: the documents of a pipeline become those of a collection.

use bson::{
    Bson, Document, RawBsonRef, RawDocument, RawDocumentBuf,
    raw::{CString, cstr},
};
use hookstead_query::{
    Expression, Filter, Output, Parameters, QueryError, Update, Variables, WhenMatched,
    WhenNotMatched, step, with_kept,
};

use crate::{
    ChangeKind, MongoCode, Namespace, check,
    embedded::{
        catalogue::{Collection, Index, duplicate, index_keys::append, names},
        collection::{
            Documents as _, DocumentsMut, Step,
            table::{Table, id_key},
            validate,
            writing::Writing,
        },
        failure::{Failure, Outcome},
        plan::access::Access,
    },
};

/// Where the documents of a pipeline go.
pub(crate) struct Target<'a> {
    output: &'a Output,
    name: Namespace,
    parameters: &'a Parameters,
}

/// How `$merge` finds the document that a new one meets.
enum By<'c> {
    Id,
    Index(&'c Index),
}

impl<'a> Target<'a> {
    pub(crate) fn new(output: &'a Output, database: &str, parameters: &'a Parameters) -> Self {
        let (Output::Replace { database: other, collection }
        | Output::Merge { database: other, collection, .. }) = output;
        let database = other.as_deref().unwrap_or(database).to_owned();
        let name = Namespace { database, collection: collection.clone() };
        Self { output, name, parameters }
    }

    /// Takes all documents in.
    pub(crate) fn write(
        &self,
        source: &str,
        documents: impl Iterator<Item = Outcome<RawDocumentBuf>>,
        writing: &mut Writing<'_>,
    ) -> Outcome<()> {
        names::check(&self.name)?;
        let collection = writing.collection_or_new(source, &self.name)?;
        let mut table = Table::new(writing.connection(), &collection);
        if let Output::Merge { on, .. } = self.output {
            let by = by(on, &collection)?;
            for document in documents {
                step()?;
                self.merge(&document?, &by, &mut table)?;
            }
            return Ok(());
        }
        if table.clear()?.is_none() {
            remove_all(&mut table)?;
        }
        for document in documents {
            step()?;
            table.insert(&validate::to_insert(document?)?)?;
        }
        Ok(())
    }

    /// The collection.
    pub(crate) fn name(&self) -> &Namespace {
        &self.name
    }

    /// Whether documents are computed of those that they meet, which may take long.
    pub(crate) fn computes(&self) -> bool {
        let Output::Merge { when_matched, .. } = self.output else { return false };
        matches!(when_matched, WhenMatched::Pipeline(_))
    }

    /// Takes all documents of a `$merge` in, within a transaction.
    pub(crate) fn merge_all<'d>(
        &self,
        new: impl Iterator<Item = &'d RawDocument>,
        documents: &mut dyn DocumentsMut,
    ) -> Outcome<()> {
        let Output::Merge { on, .. } = self.output else { return Ok(()) };
        if on != &["_id"] {
            // It has to be there, and to be unique.
            by(on, documents.collection().ok_or_else(no_index)?)?;
        }
        for new in new {
            step()?;
            let found = find_by_values(new, on, self.parameters, documents)?;
            self.merge_found(new, found, documents)?;
        }
        Ok(())
    }

    fn merge(&self, new: &RawDocument, by: &By<'_>, table: &mut Table<'_>) -> Outcome<()> {
        let found = find(new, by, table)?;
        self.merge_found(new, found, table)
    }

    fn merge_found(
        &self,
        new: &RawDocument,
        found: Option<(i64, RawDocumentBuf)>,
        table: &mut dyn DocumentsMut,
    ) -> Outcome<()> {
        let Output::Merge { when_matched, when_not_matched, variables, .. } = self.output else {
            return Ok(());
        };
        let Some((row, before)) = found else {
            return match when_not_matched {
                WhenNotMatched::Discard => Ok(()),
                WhenNotMatched::Insert => table.insert(&validate::to_insert(new.to_owned())?),
                WhenNotMatched::Fail => Err(Failure::refused(
                    MongoCode::MERGE_STAGE_NO_MATCHING_DOCUMENT,
                    "$merge could not find a matching document in the target collection for at \
                     least one document in the source collection",
                )),
            };
        };
        let kind = match when_matched {
            WhenMatched::Replace => ChangeKind::Replace,
            _ => ChangeKind::Update,
        };
        let after = match when_matched {
            WhenMatched::KeepExisting => None,
            WhenMatched::Fail => return Err(duplicate::of_id(&self.name, new).into()),
            WhenMatched::Replace => Update::replacement(new)?.apply(&before, None)?,
            WhenMatched::Merge => Some(merged(&before, new)?),
            WhenMatched::Pipeline(stages) => {
                let parameters = self.with_variables(variables, new)?;
                let (update, _held) = with_kept(|| Update::pipeline(stages, &parameters));
                update?.apply(&before, None)?
            }
        };
        match after.filter(|after| *after != before) {
            None => Ok(()),
            Some(after) => {
                check::size(&after)?;
                table.replace(row, &before, &after, kind)
            }
        }
    }

    /// The variables for a pipeline that changes what a new document meets.
    fn with_variables(
        &self,
        variables: &RawDocument,
        new: &RawDocument,
    ) -> Result<Parameters, QueryError> {
        let broken = |error: bson::error::Error| QueryError::bad_value(error.to_string());
        let mut values = Document::new();
        for (name, value) in variables.iter().flatten() {
            let value = Expression::parse(value, self.parameters)?.evaluate_root(new)?;
            values.insert(name.as_str(), value.unwrap_or(Bson::Undefined));
        }
        if !values.contains_key("new") {
            values.insert("new", Document::try_from(new).map_err(broken)?);
        }
        Ok(Parameters { variables: Variables::of(values)?, ..self.parameters.clone() })
    }
}

/// Removes all documents, one by one.
fn remove_all(table: &mut Table<'_>) -> Outcome<()> {
    loop {
        let mut found = None;
        table.visit(&Access::Rows, None, &mut |row, document| {
            found = Some((row, document.to_owned()));
            Ok(Step::Stop)
        })?;
        let Some((row, document)) = found else { return Ok(()) };
        step()?;
        table.remove(row, &document)?;
    }
}

/// Looks which documents a `$merge` brings together.
fn by<'c>(on: &[String], collection: &'c Collection) -> Outcome<By<'c>> {
    if on == ["_id"] {
        return Ok(By::Id);
    }
    let has_all = |index: &&Index| {
        index.unique
            && !index.sparse
            && index.fields.len() == on.len()
            && index.fields.iter().all(|field| on.contains(&field.path))
    };
    let index = collection.indexes.iter().find(has_all);
    index.map(By::Index).ok_or_else(no_index)
}

fn no_index() -> Failure {
    Failure::refused(
        MongoCode::MERGE_ON_WITHOUT_UNIQUE_INDEX,
        "$merge: 'on' must name exactly the fields of a unique index",
    )
}

/// The document that has the same values in some fields.
fn find_by_values(
    new: &RawDocument,
    on: &[String],
    parameters: &Parameters,
    documents: &dyn DocumentsMut,
) -> Outcome<Option<(i64, RawDocumentBuf)>> {
    if on == ["_id"] && new.get("_id").ok().flatten().is_none() {
        return Ok(None);
    }
    let mut query = RawDocumentBuf::new();
    for path in on {
        let value = if on == ["_id"] { new.get(path).ok().flatten() } else { at_path(new, path) };
        let equal = match value {
            Some(value) if on == ["_id"] => value,
            value => joinable(value)?,
        };
        let mut condition = RawDocumentBuf::new();
        condition.append(cstr!("$eq"), equal);
        let path = CString::try_from(path.as_str());
        query.append(path.map_err(|error| QueryError::bad_value(error.to_string()))?, condition);
    }
    let filter = Filter::parse(&query, parameters)?;
    let mut found = None;
    documents.visit(&documents.plan(&filter, None).access, None, &mut |row, document| {
        if !filter.matches(document)? {
            return Ok(Step::Next);
        }
        found = Some((row, document.to_owned()));
        Ok(Step::Stop)
    })?;
    Ok(found)
}

/// The value of a field that documents are joined by.
fn joinable(value: Option<RawBsonRef<'_>>) -> Outcome<RawBsonRef<'_>> {
    match value {
        None | Some(RawBsonRef::Null | RawBsonRef::Undefined | RawBsonRef::Array(_)) => {
            Err(Failure::refused(
                MongoCode::MERGE_ON_VALUE_INVALID,
                "$merge write error: 'on' field cannot be missing, null, undefined or an array",
            ))
        }
        Some(value) => Ok(value),
    }
}

fn find(
    new: &RawDocument,
    by: &By<'_>,
    table: &Table<'_>,
) -> Outcome<Option<(i64, RawDocumentBuf)>> {
    let index = match by {
        By::Id if new.get("_id").ok().flatten().is_none() => return Ok(None),
        By::Id => return table.row_of(&id_key(new)),
        By::Index(index) => index,
    };
    let mut key = Vec::new();
    for field in &index.fields {
        append(field, joinable(at_path(new, &field.path))?, &mut key);
    }
    let Some(row) = table.other_row(index, &key, i64::MIN)? else { return Ok(None) };
    Ok(table.at_row(row)?.map(|document| (row, document)))
}

fn at_path<'d>(document: &'d RawDocument, path: &str) -> Option<RawBsonRef<'d>> {
    match path.split_once('.') {
        None => document.get(path).ok().flatten(),
        Some((name, rest)) => at_path(document.get(name).ok()??.as_document()?, rest),
    }
}

/// A document with the fields of another one.
fn merged(before: &RawDocument, new: &RawDocument) -> Outcome<RawDocumentBuf> {
    let mut after = RawDocumentBuf::new();
    for (name, value) in before.iter().flatten() {
        let other = new.get(name).ok().flatten();
        if name == "_id" && other.is_some_and(|other| !is_same(other, value)) {
            return Err(Failure::refused(
                MongoCode::IMMUTABLE_FIELD,
                "$merge cannot change the _id of a document",
            ));
        }
        after.append(name, other.unwrap_or(value));
    }
    for (name, value) in new.iter().flatten() {
        if before.get(name).ok().flatten().is_none() {
            after.append(name, value);
        }
    }
    Ok(after)
}

fn is_same(a: RawBsonRef<'_>, b: RawBsonRef<'_>) -> bool {
    hookstead_query::compare(a, b).is_eq()
}
