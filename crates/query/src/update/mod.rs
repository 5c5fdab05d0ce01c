//! MongoDB's update language: operators, replacements and pipelines.
//!
//! An update of operators becomes a tree of paths, with what happens to a value at each leaf. It is
//! applied in one walk through a document: what no path leads to is copied as bytes.

mod array;
mod array_filters;
mod code;
mod leaf;
mod limits;
mod number;
mod parse;
mod path;
mod push_sort;
mod rename;
mod replace;
mod splice;
mod tree;
mod upsert;
mod value_set;
mod walk;

use bson::{Bson, RawDocument, RawDocumentBuf};

use self::{array_filters::ArrayFilter, tree::Fields, walk::Walk};
use crate::{Filter, Parameters, QueryError};

/// A change of documents, ready to be applied to any number of them.
#[derive(Debug)]
pub struct Update {
    change: Change,
}

#[derive(Debug)]
enum Change {
    Operators { tree: Fields, array_filters: Vec<ArrayFilter> },
    Replacement(RawDocumentBuf),
}

impl Update {
    /// An update of operators: `{ $set: … }` and its kin. The array filters are the conditions for
    /// `$[identifier]` in paths.
    pub fn operators(
        spec: &RawDocument,
        array_filters: &[RawDocumentBuf],
        parameters: &Parameters,
    ) -> Result<Self, QueryError> {
        let array_filters = ArrayFilter::parse_all(array_filters, parameters)?;
        let tree = parse::parse(spec, &array_filters, parameters)?;
        Ok(Self { change: Change::Operators { tree, array_filters } })
    }

    /// An update by stages of a pipeline, of which there are few: what they make of the document
    /// comes in its place.
    pub fn pipeline(
        _stages: &[RawDocumentBuf],
        _parameters: &Parameters,
    ) -> Result<Self, QueryError> {
        Err(QueryError::not_supported("an update with a pipeline"))
    }

    /// A document that comes in the place of another one, which keeps its `_id`.
    pub fn replacement(document: &RawDocument) -> Result<Self, QueryError> {
        replace::check_names(document)?;
        limits::check_document_depth(document, 0)?;
        Ok(Self { change: Change::Replacement(document.to_owned()) })
    }

    /// The document as it is afterwards; none if not a byte of it changes.
    ///
    /// `matched_index` is which element of an array the filter matched, for the positional `$`.
    pub fn apply(
        &self,
        document: &RawDocument,
        matched_index: Option<usize>,
    ) -> Result<Option<RawDocumentBuf>, QueryError> {
        let Some(updated) = self.change(document, matched_index, false)? else { return Ok(None) };
        if updated.as_bytes() == document.as_bytes() {
            return Ok(None);
        }
        limits::check_size(&updated, false)?;
        Ok(Some(updated))
    }

    /// The document to insert when no document matches a filter: what the filter says fields are
    /// equal to, then the update.
    pub fn upsert(
        &self,
        filter: &Filter,
        new_id: impl FnOnce() -> Bson,
    ) -> Result<RawDocumentBuf, QueryError> {
        let given = match self.change {
            Change::Replacement(_) => upsert::given_id(filter)?,
            Change::Operators { .. } => upsert::given_fields(filter)?,
        };
        let updated = self.change(&given, None, true)?.unwrap_or(given);
        let document = upsert::with_id_first(&updated, new_id)?;
        limits::check_document_depth(&document, 0)?;
        limits::check_size(&document, true)?;
        Ok(document)
    }

    fn change(
        &self,
        document: &RawDocument,
        matched_index: Option<usize>,
        inserting: bool,
    ) -> Result<Option<RawDocumentBuf>, QueryError> {
        match &self.change {
            Change::Operators { tree, array_filters } => {
                Walk { document, matched_index, inserting, array_filters }.run(tree)
            }
            Change::Replacement(replacement) => replace::replace(document, replacement).map(Some),
        }
    }
}
