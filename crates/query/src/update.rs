//! MongoDB's update language: operators, replacements and pipelines.
//!
//! An update of operators becomes a tree of paths, with what happens to a value at each leaf. It is
//! applied in one walk through a document: what no path leads to is copied as bytes.

mod array;
mod array_filters;
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
mod wide;

use std::fmt;

use bson::{Bson, RawDocument, RawDocumentBuf};

use self::{array_filters::ArrayFilters, tree::Fields, walk::Walk, wide::Wide};
use crate::{Filter, Parameters, Pipeline, QueryError};

/// A change of documents, ready to be applied to any number of them.
pub struct Update {
    change: Change,
}

enum Change {
    Operators { tree: Fields, array_filters: ArrayFilters },
    Replacement(RawDocumentBuf),
    Pipeline(Pipeline),
}

impl Update {
    /// An update of operators: `{ $set: … }` and its kin. The array filters are the conditions for
    /// `$[identifier]` in paths.
    ///
    /// # Errors
    /// What a MongoDB server refuses, or what the embedded store does not have.
    pub fn operators(
        spec: &RawDocument,
        array_filters: &[RawDocumentBuf],
        parameters: &Parameters,
    ) -> Result<Self, QueryError> {
        let array_filters = ArrayFilters::parse(array_filters, parameters)?;
        let tree = parse::parse(spec, &array_filters, parameters)?;
        Ok(Self { change: Change::Operators { tree, array_filters } })
    }

    /// An update by those stages of a pipeline that change fields: what they make of a document
    /// comes in its place.
    ///
    /// # Errors
    /// What a MongoDB server refuses, or what the embedded store does not have.
    pub fn pipeline(
        stages: &[RawDocumentBuf],
        parameters: &Parameters,
    ) -> Result<Self, QueryError> {
        let pipeline = Pipeline::parse_update(stages, parameters)?;
        Ok(Self { change: Change::Pipeline(pipeline) })
    }

    /// A document that comes in the place of another one, which keeps its `_id`.
    ///
    /// # Errors
    /// What a MongoDB server refuses, or what the embedded store does not have.
    pub fn replacement(document: &RawDocument) -> Result<Self, QueryError> {
        replace::check_names(document)?;
        limits::check_document_depth(document, 0)?;
        Ok(Self { change: Change::Replacement(document.to_owned()) })
    }

    /// The document as it is afterwards; none if not a byte of it changes.
    ///
    /// `matched_index` is which element of an array the filter matched, for the positional `$`.
    ///
    /// # Errors
    /// The update cannot be applied to this document.
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
    ///
    /// # Errors
    /// The filter and the update give no valid document.
    pub fn upsert(
        &self,
        filter: &Filter,
        new_id: impl FnOnce() -> Bson,
    ) -> Result<RawDocumentBuf, QueryError> {
        let given = match self.change {
            Change::Replacement(_) => upsert::given_id(filter)?,
            Change::Operators { .. } | Change::Pipeline(_) => upsert::given_fields(filter)?,
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
                let wide = Wide::default();
                Walk { document, matched_index, inserting, array_filters, wide }.run(tree)
            }
            Change::Replacement(replacement) => replace::replace(document, replacement).map(Some),
            Change::Pipeline(pipeline) => {
                let new = replace::replace(document, &pipeline.apply(document)?)?;
                limits::check_document_depth(&new, 0)?;
                Ok(Some(new))
            }
        }
    }
}

impl fmt::Debug for Update {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.change {
            Change::Operators { .. } => "operators",
            Change::Replacement(_) => "replacement",
            Change::Pipeline(_) => "pipeline",
        };
        formatter.debug_tuple("Update").field(&kind).finish()
    }
}
