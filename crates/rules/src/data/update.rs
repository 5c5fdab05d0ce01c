//! What an update makes of a document that a caller sees.

use bson::{RawBsonRef, RawDocument, RawDocumentBuf, oid::ObjectId};
use hookstead_data::{DataError, ErrorKind, Modification, MongoCode, UpdateSpec};
use hookstead_query::{Filter, Update};

use super::{
    bound::{Bound, parameters},
    changes::merge,
    pipeline::check_operators,
    query_check,
    refusal::not_permitted,
    visible::Found,
};

/// A query with the change of what it finds.
pub(super) struct Change {
    pub(super) query: RawDocumentBuf,
    pub(super) filter: Filter,
    /// Nothing where documents go.
    update: Option<Update>,
}

impl Change {
    pub(super) fn new(
        query: RawDocumentBuf,
        modification: Option<&Modification>,
    ) -> Result<Self, DataError> {
        query_check::check(&query)?;
        let filter = Filter::parse(&query, &parameters())?;
        let update = modification.map(parse).transpose()?;
        Ok(Self { query, filter, update })
    }

    /// The document as it will be stored; nothing where it stays as it is. What an update reads is
    /// what the caller sees: no field takes over the value of a hidden one.
    pub(super) fn apply(
        &self,
        found: &Found,
        bound: &Bound,
    ) -> Result<Option<RawDocumentBuf>, DataError> {
        let Some(update) = &self.update else { return Ok(None) };
        let shown = found.shown();
        let index = self.filter.matched_index(shown)?;
        let Some(changed) = update.apply(shown, index)? else { return Ok(None) };
        if found.is_whole() {
            return Ok(Some(changed));
        }
        for projection in &bound.projections {
            if projection.apply(&changed, None)? != changed {
                let reason = "the projection of a filter hides what is written";
                return Err(not_permitted(&bound.namespace, "update", reason));
            }
        }
        let merged = merge(&found.stored, shown, &changed)?;
        let merged = merged.ok_or_else(|| {
            let reason = "the change reaches something that the user does not see";
            not_permitted(&bound.namespace, "update", reason)
        })?;
        Ok((merged != found.stored).then_some(merged))
    }

    /// The document that is inserted where none matches.
    pub(super) fn upsert(&self) -> Result<Option<RawDocumentBuf>, DataError> {
        let Some(update) = &self.update else { return Ok(None) };
        Ok(Some(update.upsert(&self.filter, || ObjectId::new().into())?))
    }
}

/// Refuses what users do not have in a change of documents.
fn check(modification: &Modification) -> Result<(), DataError> {
    let parts: Vec<&RawDocument> = match modification {
        Modification::Replacement(_) => Vec::new(),
        Modification::Update(UpdateSpec::Pipeline(stages)) => {
            stages.iter().map(|stage| &**stage).collect()
        }
        Modification::Update(UpdateSpec::Operators(operators, array_filters)) => {
            let array_filters = array_filters.iter().map(|filter| &**filter);
            array_filters.chain([&**operators]).collect()
        }
    };
    parts.into_iter().try_for_each(|part| check_operators(RawBsonRef::Document(part), 0))
}

fn parse(modification: &Modification) -> Result<Update, DataError> {
    check(modification)?;
    let parameters = parameters();
    let update = match modification {
        Modification::Replacement(document) => Update::replacement(document)?,
        Modification::Update(UpdateSpec::Operators(document, array_filters)) => {
            check_has_operators(document)?;
            Update::operators(document, array_filters, &parameters)?
        }
        Modification::Update(UpdateSpec::Pipeline(stages)) => {
            Update::pipeline(stages, &parameters)?
        }
    };
    Ok(update)
}

/// An update without operators is refused as by the stores themselves.
fn check_has_operators(document: &RawDocument) -> Result<(), DataError> {
    let first = document.iter().flatten().next();
    let message = match first {
        Some((name, _)) if name.as_str().starts_with('$') => return Ok(()),
        Some(_) => "update document must contain key beginning with '$'",
        None => "update document must have at least one element",
    };
    Err(DataError::new(ErrorKind::Refused, message).with_code(MongoCode::FAILED_TO_PARSE))
}
