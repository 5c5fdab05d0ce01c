//! Runs pipelines over documents in memory, in every way in which a store may run them.

use bson::{RawBson, RawDocumentBuf};
use hookstead_query::{Collections, Documents, Filter, Pipeline, QueryError};
use serde_json::Value;

use crate::{
    run::{Answer, Outcome, World},
    same::decode_documents,
};

/// The name of the collection of a case.
const COLLECTION: &str = "c";

/// Runs the pipeline of a case.
pub(crate) fn run(world: &World, stages: &[Value]) -> Result<Answer, String> {
    let stages = decode_documents(stages)?;
    let answer = over_all(world, &stages);
    for has_index in [false, true] {
        let asked = Asked { world, has_index };
        let other = over_collection(&asked, &stages);
        if show(&other) != show(&answer) {
            let (other, answer) = (show(&other), show(&answer));
            return Err(format!("with an index ({has_index}) it is {other}\n    but not {answer}"));
        }
    }
    Ok(answer
        .map(|documents| Outcome::List(documents.into_iter().map(RawBson::Document).collect())))
}

/// Hands all documents to the pipeline.
pub(crate) fn over_all(
    world: &World,
    stages: &[RawDocumentBuf],
) -> Result<Vec<RawDocumentBuf>, QueryError> {
    let pipeline = Pipeline::parse(stages, &world.parameters)?;
    let source = Box::new(world.documents.iter().cloned().map(Ok));
    pipeline.run(source, &Asked { world, has_index: false }).collect()
}

/// Lets the pipeline ask for what it wants.
pub(crate) fn over_collection(
    asked: &Asked<'_>,
    stages: &[RawDocumentBuf],
) -> Result<Vec<RawDocumentBuf>, QueryError> {
    let pipeline = Pipeline::parse(stages, &asked.world.parameters)?;
    pipeline.run_over(None, COLLECTION, asked).collect()
}

pub(crate) fn show(answer: &Result<Vec<RawDocumentBuf>, QueryError>) -> String {
    match answer {
        Ok(documents) => {
            let documents = documents.iter().cloned().map(RawBson::Document).collect();
            Outcome::List(documents).show()
        }
        Err(error) => format!("{} {error}", error.code),
    }
}

/// The collections of a case.
pub(crate) struct Asked<'w> {
    pub(crate) world: &'w World,
    /// Whether it says that it has an index for everything.
    pub(crate) has_index: bool,
}

impl Collections for Asked<'_> {
    fn scan<'a>(
        &'a self,
        database: Option<&str>,
        collection: &str,
        filter: Option<&'a Filter>,
    ) -> Documents<'a> {
        let documents = match (database, collection) {
            (Some(_), _) => &[][..],
            (None, COLLECTION) => &self.world.documents,
            (None, other) => self.world.others.get(other).map_or(&[][..], Vec::as_slice),
        };
        let matches = move |document: &&RawDocumentBuf| match filter {
            Some(filter) => filter.matches(document).unwrap_or(true),
            None => true,
        };
        // A filter that fails fails again in the pipeline.
        Box::new(documents.iter().filter(matches).map(move |document| {
            filter.map_or(Ok(true), |filter| filter.matches(document))?;
            Ok(document.clone())
        }))
    }

    fn has_index(&self, _database: Option<&str>, _collection: &str, _path: &str) -> bool {
        self.has_index
    }
}
