//! A pipeline that waits between two batches.
#![allow(clippy::mem_forget, reason = "in what the macro makes")]

use std::{cell::Cell, sync::Arc};

use hookstead_query::{Documents as Pulled, Pipeline, taken_bytes};
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
    /// What the stages hold between two batches, as far as is known.
    pub(super) held_bytes: Cell<usize>,
}

/// A pipeline counts with no more than a stage may hold: what has been given is not subtracted.
const HELD_BYTES_MAX: usize = 100 << 20;

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

    /// How many bytes its stages hold, as far as is known.
    pub(super) fn held_bytes(&self) -> usize {
        self.borrow_owner().held_bytes.get().min(HELD_BYTES_MAX)
    }

    /// The next batch, and whether it is the last.
    pub(super) fn next_batch(&mut self, documents_max: usize) -> Outcome<(Batch, bool)> {
        self.with_dependent_mut(|course, documents| {
            let mut batch = Batch::default();
            let _held = Held { taken_bytes: taken_bytes(), held_bytes: &course.held_bytes };
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

/// Adds what stages take while this exists.
struct Held<'c> {
    taken_bytes: usize,
    held_bytes: &'c Cell<usize>,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let more = taken_bytes().wrapping_sub(self.taken_bytes).cast_signed();
        self.held_bytes.set(self.held_bytes.get().saturating_add_signed(more));
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
