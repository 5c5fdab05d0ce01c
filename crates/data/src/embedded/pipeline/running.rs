//! A pipeline that waits between two batches.
#![allow(clippy::mem_forget, reason = "in what the macro makes")]

use std::{cell::Cell, sync::Arc};

use hookstead_query::{Documents as Pulled, HeldBytes, Pipeline, gathered_bytes, resume};
use self_cell::self_cell;

use crate::{
    Batch,
    embedded::{
        failure::{Failure, Outcome},
        pipeline::sources::Sources,
        query::find::BATCH_BYTES_MAX,
    },
};

/// What a pipeline needs while it runs.
pub(crate) struct Course {
    pub(crate) pipeline: Arc<Pipeline>,
    pub(crate) sources: Sources,
    /// What the stages hold between two batches.
    pub(crate) held_bytes: Cell<usize>,
}

self_cell!(
    /// A pipeline that runs, as far as it was pulled: its documents borrow from it.
    pub(crate) struct Running {
        owner: Box<Course>,
        #[covariant]
        dependent: Pulled,
    }
);

impl Running {
    /// Begins with a collection; what was lent to the sources comes back if that fails.
    pub(crate) fn begin(
        course: Box<Course>,
        collection: &str,
    ) -> Result<Self, (Box<Course>, Failure)> {
        Self::try_new_or_recover(course, |course| {
            pulled(&course.pipeline, &course.sources, collection)
        })
    }

    /// What it reads.
    pub(crate) fn sources(&self) -> &Sources {
        &self.borrow_owner().sources
    }

    /// How many bytes its stages hold.
    pub(crate) fn held_bytes(&self) -> usize {
        self.borrow_owner().held_bytes.get()
    }

    /// The next batch, and whether it is the last.
    pub(crate) fn next_batch(&mut self, documents_max: usize) -> Outcome<(Batch, bool)> {
        self.with_dependent_mut(|course, documents| {
            let mut batch = Batch::default();
            let mut batch_held = HeldBytes::default();
            let held = Held::resume(&course.held_bytes);
            let mut is_last = false;
            while batch.len() < documents_max && batch.bytes_len() < BATCH_BYTES_MAX {
                match documents.next() {
                    Some(Ok(document)) => {
                        batch_held.set(batch.bytes_len() + document.as_bytes().len())?;
                        batch.push(&document);
                    }
                    Some(Err(error)) => return Err(course.sources.failure(error)),
                    None => {
                        is_last = true;
                        break;
                    }
                }
            }
            held.note(batch_held.bytes());
            batch_held.keep();
            Ok((batch, is_last))
        })
    }
}

/// Notes what stages hold at the end of a batch.
struct Held<'c> {
    before_bytes: usize,
    held_bytes: &'c Cell<usize>,
}

impl<'c> Held<'c> {
    /// The cursor has counted what they hold at the beginning.
    fn resume(held_bytes: &'c Cell<usize>) -> Self {
        let before_bytes = gathered_bytes();
        resume(held_bytes.get());
        Self { before_bytes, held_bytes }
    }

    fn note(self, batch_bytes: usize) {
        let bytes = gathered_bytes().saturating_sub(self.before_bytes + batch_bytes);
        self.held_bytes.set(bytes);
    }
}

/// What a pipeline makes of a collection.
pub(crate) fn pulled<'a>(
    pipeline: &'a Pipeline,
    sources: &'a Sources,
    collection: &str,
) -> Outcome<Pulled<'a>> {
    Ok(match sources.leading(collection, pipeline.leading())? {
        Some(documents) => pipeline.run(documents, sources),
        None => pipeline.run_over(None, collection, sources),
    })
}
