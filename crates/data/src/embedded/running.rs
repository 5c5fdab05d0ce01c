//! A pipeline that waits between two batches.
#![allow(clippy::mem_forget, reason = "in what the macro makes")]

use std::sync::Arc;

use hookstead_query::{Documents as Pulled, Pipeline};
use self_cell::self_cell;

use super::{
    failure::{Failure, Outcome},
    find::BATCH_BYTES_MAX,
    sources::Sources,
};
use crate::Batch;

/// What a pipeline needs while it runs.
pub(super) struct Course {
    pub(super) pipeline: Arc<Pipeline>,
    pub(super) sources: Sources,
}

self_cell!(
    /// A pipeline that runs, as far as it was pulled: its documents borrow from it.
    pub(super) struct Running {
        owner: Box<Course>,
        #[covariant]
        dependent: Pulled,
    }
);

impl Running {
    /// Begins with a collection; what was lent to the sources comes back if that fails.
    pub(super) fn begin(
        course: Box<Course>,
        collection: &str,
    ) -> Result<Self, (Box<Course>, Failure)> {
        Self::try_new_or_recover(course, |course| {
            pulled(&course.pipeline, &course.sources, collection)
        })
    }

    /// What it reads.
    pub(super) fn sources(&self) -> &Sources {
        &self.borrow_owner().sources
    }

    /// The next batch, and whether it is the last.
    pub(super) fn next_batch(&mut self, documents_max: usize) -> Outcome<(Batch, bool)> {
        self.with_dependent_mut(|course, documents| {
            let mut batch = Batch::default();
            while batch.len() < documents_max && batch.bytes_len() < BATCH_BYTES_MAX {
                match documents.next() {
                    Some(Ok(document)) => batch.push(&document),
                    Some(Err(error)) => return Err(course.sources.failure(error)),
                    None => return Ok((batch, true)),
                }
            }
            Ok((batch, false))
        })
    }
}

/// What a pipeline makes of a collection.
pub(super) fn pulled<'a>(
    pipeline: &'a Pipeline,
    sources: &'a Sources,
    collection: &str,
) -> Outcome<Pulled<'a>> {
    Ok(match sources.leading(collection, pipeline.leading())? {
        Some(documents) => pipeline.run(documents, sources),
        None => pipeline.run_over(None, collection, sources),
    })
}
