//! Writes that compute for long, which the thread that writes must not do.
//!
//! All writes wait for that thread. So a write may compute there for [`ON_WRITER_MAX`] only; what
//! takes longer is taken back and done once more on a thread that reads, in a transaction of its
//! own, within the time of a read and as long as somebody waits for it. Only the outcome goes to
//! the thread that writes. Where the documents have changed meanwhile, it is done once more. What
//! cannot be done so, because it changes too much or others always come before it, is done on the
//! thread that writes after all, within a limit of its own (`write_compute_ms_max`).

use std::{sync::Arc, time::Duration};

use crate::{
    Answer, DataError, ErrorKind, Future, MongoCode, Namespace,
    embedded::{
        collection::{DocumentsMut, Nothing, table::Table, writing::Writing},
        data_source::EmbeddedStore,
        failure::{Failure, Outcome, gone},
        threads::{
            computation::{Limit, is_time_limit},
            writer::Work,
        },
        transaction::{Transaction, line::Line},
        write::work::WriteWork,
    },
};

/// So long a write may compute on the thread that writes, before it is done elsewhere.
pub(crate) const ON_WRITER_MAX: Duration = Duration::from_millis(10);

/// So often a write is done elsewhere that meets others.
const TRIES_MAX: usize = 3;

/// Does a write.
pub(crate) fn write(
    store: &EmbeddedStore,
    name: Namespace,
    write: Box<WriteWork>,
    bytes: usize,
) -> Future<'static, Answer> {
    let write: Arc<WriteWork> = Arc::from(write);
    if !write.may_compute() {
        return store.writer().submit(bytes, Limit::Size, on_writer(store, &name, &write));
    }
    let limit = Limit::Always(ON_WRITER_MAX);
    let first = store.writer().submit(bytes, limit, on_writer(store, &name, &write));
    let store = store.clone();
    Box::pin(async move {
        match first.await {
            Err(error) if is_time_limit(&error) => elsewhere(&store, name, &write, bytes).await,
            answer => answer,
        }
    })
}

/// A write that can be done on a thread that reads.
pub(crate) type Movable = Arc<dyn Fn(&mut dyn DocumentsMut) -> Outcome<Answer> + Send + Sync>;

async fn elsewhere(
    store: &EmbeddedStore,
    name: Namespace,
    write: &Arc<WriteWork>,
    bytes: usize,
) -> Result<Answer, DataError> {
    let (theirs, keeps_part) = (Arc::clone(write), write.keeps_part());
    let movable: Movable = Arc::new(move |documents| theirs.run(documents));
    if let Some(answer) = try_elsewhere(store, &name, &movable, keeps_part).await? {
        return Ok(answer);
    }
    let limit = Limit::Time(store.write_compute_time());
    store.writer().submit_long(bytes, limit, on_writer(store, &name, write)).await
}

/// Does a write on a thread that reads; nothing comes of it where it changes too much, or always
/// meets others.
pub(crate) async fn try_elsewhere(
    store: &EmbeddedStore,
    name: &Namespace,
    write: &Movable,
    keeps_part: bool,
) -> Result<Option<Answer>, DataError> {
    let _place = store.moved().acquire().await.map_err(|_| gone())?;
    for _ in 0..TRIES_MAX {
        match in_transaction(store, name, write, keeps_part).await {
            Err(error) if error.code == Some(MongoCode::TRANSACTION_TOO_LARGE) => break,
            Err(error) if error.kind == ErrorKind::WriteConflict => {}
            outcome => return outcome.map(Some),
        }
    }
    Ok(None)
}

async fn in_transaction(
    store: &EmbeddedStore,
    name: &Namespace,
    write: &Movable,
    keeps_part: bool,
) -> Result<Answer, DataError> {
    let shared = store.shared();
    let transaction = Transaction::new(shared, store.source());
    let line = Line::new(shared, store.readers().pool(), transaction);
    let (name, write) = (name.clone(), Arc::clone(write));
    let outcome = Line::submit(&line, store.readers(), move |transaction, _| {
        transaction.write(&name, |documents| match write(documents) {
            // What several writes have done before one that is refused stays.
            Err(Failure::Answer(refusal))
                if keeps_part
                    && refusal.kind != ErrorKind::Unavailable
                    && refusal.code != Some(MongoCode::TRANSACTION_TOO_LARGE) =>
            {
                Ok(Err(refusal))
            }
            outcome => outcome.map(Ok),
        })
    });
    let outcome = outcome.await?;
    store.commit(&line).await?;
    outcome
}

fn on_writer(store: &EmbeddedStore, name: &Namespace, write: &Arc<WriteWork>) -> Work {
    let (source, name, write) = (Arc::clone(store.source()), name.clone(), Arc::clone(write));
    Box::new(move |writing: &mut Writing<'_>| {
        let collection = match writing.collection(&source, &name) {
            None if write.may_insert() => writing.collection_or_new(&source, &name)?,
            None => return write.run(&mut Nothing),
            Some(collection) => collection,
        };
        write.run(&mut Table::new(writing.connection(), &collection))
    })
}
