//! `findAndModify`, as a typed command of the driver: of the three ways to send one, the only one
//! that does not decode the document that comes back.
//!
//! The driver numbers this write itself, so it must not run in a [`super::lease::Lease`].

use bson::{Document, RawDocument, RawDocumentBuf};
use mongodb::{
    ClientSession, Collection,
    error::Error,
    options::{
        FindOneAndDeleteOptions, FindOneAndReplaceOptions, FindOneAndUpdateOptions, ReturnDocument,
        UpdateModifications,
    },
};

use super::shared::Shared;
use crate::{DataError, ErrorKind, FindAndModify, Modification, UpdateSpec, check};

/// Runs it, in a transaction if there is one.
pub(super) async fn run(
    shared: &Shared,
    collection: &Collection<RawDocumentBuf>,
    transaction: Option<&mut ClientSession>,
    command: FindAndModify,
) -> Result<Option<RawDocumentBuf>, DataError> {
    if let Some(modification) = &command.modification {
        check::modification(modification)?;
    }
    let parts = Parts::new(shared, command)?;
    let result = match parts.modification {
        None => parts.delete(collection, transaction).await,
        Some(Modification::Replacement(ref document)) => {
            parts.replace(collection, transaction, document).await
        }
        Some(Modification::Update(ref update)) => {
            let update = modifications(update)?;
            parts.update(collection, transaction, update).await
        }
    };
    result.map_err(|error| shared.explain(error))
}

struct Parts {
    filter: Document,
    modification: Option<Modification>,
    sort: Option<Document>,
    projection: Option<Document>,
    upsert: bool,
    returned: ReturnDocument,
    time_max: std::time::Duration,
}

impl Parts {
    fn new(shared: &Shared, command: FindAndModify) -> Result<Self, DataError> {
        Ok(Self {
            filter: decoded(&command.filter)?,
            modification: command.modification,
            sort: command.sort.as_deref().map(decoded).transpose()?,
            projection: command.projection.as_deref().map(decoded).transpose()?,
            upsert: command.upsert,
            returned: match command.return_new {
                true => ReturnDocument::After,
                false => ReturnDocument::Before,
            },
            time_max: shared.operation_time(),
        })
    }

    async fn delete(
        &self,
        collection: &Collection<RawDocumentBuf>,
        transaction: Option<&mut ClientSession>,
    ) -> Result<Option<RawDocumentBuf>, Error> {
        let options = FindOneAndDeleteOptions::builder()
            .sort(self.sort.clone())
            .projection(self.projection.clone())
            .max_time(Some(self.time_max))
            .build();
        let mut action = collection.find_one_and_delete(self.filter.clone()).with_options(options);
        if let Some(session) = transaction {
            action = action.session(session);
        }
        action.await
    }

    async fn replace(
        &self,
        collection: &Collection<RawDocumentBuf>,
        transaction: Option<&mut ClientSession>,
        document: &RawDocumentBuf,
    ) -> Result<Option<RawDocumentBuf>, Error> {
        let options = FindOneAndReplaceOptions::builder()
            .sort(self.sort.clone())
            .projection(self.projection.clone())
            .upsert(Some(self.upsert))
            .return_document(Some(self.returned.clone()))
            .max_time(Some(self.time_max))
            .build();
        let action = collection.find_one_and_replace(self.filter.clone(), document);
        let mut action = action.with_options(options);
        if let Some(session) = transaction {
            action = action.session(session);
        }
        action.await
    }

    async fn update(
        &self,
        collection: &Collection<RawDocumentBuf>,
        transaction: Option<&mut ClientSession>,
        (update, array_filters): (UpdateModifications, Option<Vec<Document>>),
    ) -> Result<Option<RawDocumentBuf>, Error> {
        let options = FindOneAndUpdateOptions::builder()
            .array_filters(array_filters)
            .sort(self.sort.clone())
            .projection(self.projection.clone())
            .upsert(Some(self.upsert))
            .return_document(Some(self.returned.clone()))
            .max_time(Some(self.time_max))
            .build();
        let action = collection.find_one_and_update(self.filter.clone(), update);
        let mut action = action.with_options(options);
        if let Some(session) = transaction {
            action = action.session(session);
        }
        action.await
    }
}

fn modifications(
    update: &UpdateSpec,
) -> Result<(UpdateModifications, Option<Vec<Document>>), DataError> {
    let all = |documents: &[RawDocumentBuf]| {
        documents.iter().map(|document| decoded(document)).collect::<Result<Vec<_>, _>>()
    };
    Ok(match update {
        UpdateSpec::Operators(document, filters) => {
            let filters = Some(all(filters)?).filter(|filters| !filters.is_empty());
            (UpdateModifications::Document(decoded(document)?), filters)
        }
        UpdateSpec::Pipeline(stages) => (UpdateModifications::Pipeline(all(stages)?), None),
    })
}

fn decoded(document: &RawDocument) -> Result<Document, DataError> {
    Document::try_from(document).map_err(|error| {
        DataError::new(ErrorKind::Refused, "a document is no BSON").caused_by(error)
    })
}
