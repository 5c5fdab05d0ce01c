//! Documents of a store, one by one, as the caller sees them.

use std::{future::poll_fn, sync::Arc, task::Poll};

use bson::{RawDocument, RawDocumentBuf};
use hookstead_data::{Answer, Batch, Command, Cursor, DataError, Find, Target};
use hookstead_query::Filter;

use super::{
    bound::Bound, query_check::visible_conditions, refusal::unexpected_answer, visible::Found,
};

/// So many documents are judged before others may run on the thread.
pub(super) const DOCUMENTS_AT_ONCE: u32 = 32;

/// The documents that match a query, as far as the caller sees them. The query is put to what the
/// caller sees: no query finds a document by what is hidden.
pub(super) struct Stream {
    bound: Arc<Bound>,
    filter: Filter,
    batch: Batch,
    cursor: Option<Box<dyn Cursor>>,
    judged: u32,
}

/// How to begin.
#[derive(Default)]
pub(super) struct Open {
    /// An order that asks about nothing that may be hidden.
    pub(super) sort: Option<RawDocumentBuf>,
    /// A further condition.
    pub(super) id: Option<RawDocumentBuf>,
    /// Whether only the first document is read.
    pub(super) wants_one: bool,
}

impl Stream {
    /// Begins to read.
    pub(super) async fn open(
        bound: &Arc<Bound>,
        target: &Arc<dyn Target>,
        (query, filter): (&RawDocument, &Filter),
        Open { sort, id, wants_one }: Open,
    ) -> Result<Self, DataError> {
        let permitted = bound.permitted();
        let mut first = visible_conditions(query, bound)?;
        let is_answered_by_store = permitted.is_a_query() && *first == *query;
        if let Some(id) = id {
            let both = bson::RawArrayBuf::from_iter([id, first]);
            first = RawDocumentBuf::new();
            first.append(bson::raw::cstr!("$and"), both);
        }
        let find = Find {
            filter: bound.with_queries(&first, &permitted.query)?,
            sort,
            limit: u64::from(wants_one && is_answered_by_store),
            ..Find::default()
        };
        let answer = target.run(bound.namespace.clone(), Command::Find(find)).await?;
        let Answer::Cursor(batch, cursor) = answer else { return Err(unexpected_answer()) };
        let (bound, filter) = (Arc::clone(bound), filter.clone());
        Ok(Self { bound, filter, batch, cursor, judged: 0 })
    }

    /// The next document; nothing at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Found>, DataError> {
        loop {
            let one = self.batch.take(0);
            let Some(stored) = one.iter().next() else {
                let Some(cursor) = &mut self.cursor else { return Ok(None) };
                self.batch = cursor.next_batch().await?;
                if self.batch.is_empty() {
                    self.cursor = None;
                }
                continue;
            };
            self.judged += 1;
            if self.judged.is_multiple_of(DOCUMENTS_AT_ONCE) {
                let_others_run().await;
            }
            if let Some(found) = self.bound.visible(stored.to_owned()).await?
                && self.filter.matches(found.shown())?
            {
                return Ok(Some(found));
            }
        }
    }

    /// How many bytes it holds.
    pub(super) fn held_bytes(&self) -> usize {
        let inner = self.cursor.as_ref().map_or(0, |cursor| cursor.held_bytes());
        self.batch.bytes_len() + inner
    }
}

/// Lets whatever else is ready run first.
pub(super) async fn let_others_run() {
    let mut has_waited = false;
    poll_fn(move |context| {
        if std::mem::replace(&mut has_waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
