//! What changes documents, ready to be done.

use crate::{
    Answer,
    embedded::{
        collection::DocumentsMut,
        failure::{Failure, Outcome},
        write::{
            changes::{DeleteWork, ModifyWork, UpdateWork},
            inserts::{BulkWork, InsertWork},
        },
    },
};

/// What writes. It may be done more than once before it is answered.
pub(crate) enum WriteWork {
    Insert(InsertWork),
    Update(UpdateWork),
    Delete(DeleteWork),
    Modify(ModifyWork),
    Bulk(BulkWork),
}

impl WriteWork {
    /// Whether it may make a collection.
    pub(crate) fn may_insert(&self) -> bool {
        match self {
            Self::Insert(insert) => insert.may_insert(),
            Self::Update(update) => update.may_insert(),
            Self::Delete(_) => false,
            Self::Modify(modify) => modify.may_insert(),
            Self::Bulk(writes) => writes.may_insert(),
        }
    }

    /// Whether anything is computed of documents, so that its size does not say how long it takes.
    pub(crate) fn may_compute(&self) -> bool {
        !matches!(self, Self::Insert(_))
    }

    /// Whether what was done before a refusal stays.
    pub(crate) fn keeps_part(&self) -> bool {
        matches!(self, Self::Insert(_) | Self::Bulk(_))
    }

    pub(crate) fn run(&self, documents: &mut dyn DocumentsMut) -> Outcome<Answer> {
        match self {
            Self::Insert(insert) => insert.run(documents),
            Self::Update(update) => update.run(documents).map(Answer::Updated),
            Self::Delete(delete) => delete.run(documents).map(Answer::Deleted),
            Self::Modify(modify) => modify.run(documents),
            Self::Bulk(writes) => stopped_or_kept(documents, |documents| writes.run(documents)),
        }
    }
}

/// Does several writes. What was done before one that is refused stays; what was done before the
/// computation was stopped is taken back.
fn stopped_or_kept(
    documents: &mut dyn DocumentsMut,
    mut work: impl FnMut(&mut dyn DocumentsMut) -> Outcome<Answer>,
) -> Outcome<Answer> {
    let mut outcome = Err(Failure::Cancelled);
    documents.atomically(&mut |documents| match work(documents) {
        Err(stopped @ (Failure::Cancelled | Failure::Storage(_))) => Err(stopped),
        Err(outage) if outage.is_outage() => Err(outage),
        kept => {
            outcome = kept;
            Ok(())
        }
    })?;
    outcome
}
