//! Documents that come in batches, just as the server sends them.

use std::{mem, sync::Arc};

use futures_util::StreamExt as _;
use mongodb::{
    ClientSession,
    raw_batch_cursor::{RawBatch, SessionRawBatchCursor},
};

use super::{failure, lease::Lease, shared::Shared, task};
use crate::{Batch, Cursor, DataError, ErrorKind, Future};

/// A batch, and whether it is the last one.
pub(super) type Portion = (Batch, bool);

/// The next portion of a cursor. Only the last one may be empty.
pub(super) async fn next_portion(
    shared: &Shared,
    cursor: &mut SessionRawBatchCursor,
    session: &mut ClientSession,
) -> Result<Portion, DataError> {
    let mut stream = cursor.stream(session);
    loop {
        match stream.next().await {
            Some(Ok(reply)) => {
                let (batch, is_last) = portion(&reply)?;
                if is_last || !batch.is_empty() {
                    return Ok((batch, is_last));
                }
            }
            Some(Err(error)) => return Err(shared.explain(error)),
            None => return Ok((Batch::default(), true)),
        }
    }
}

fn portion(reply: &RawBatch) -> Result<Portion, DataError> {
    let unreadable =
        || DataError::new(ErrorKind::Internal, "the answer of MongoDB cannot be understood");
    let document = reply.as_raw_document();
    if let Ok(concern) = document.get_document("writeConcernError") {
        let code = concern.get_i32("code").unwrap_or(0);
        let message = concern.get_str("errmsg").unwrap_or("the server does not say why");
        return Err(failure::from_server(code, message, false));
    }
    let mut batch = Batch::default();
    for value in reply.doc_slices().map_err(|_| unreadable())? {
        let value = value.map_err(|error| unreadable().caused_by(error))?;
        batch.push(value.as_document().ok_or_else(unreadable)?);
    }
    let cursor = document.get_document("cursor").and_then(|cursor| cursor.get_i64("id"));
    let id = cursor.map_err(|error| unreadable().caused_by(error))?;
    Ok((batch, id == 0))
}

/// A cursor outside of transactions.
pub(super) struct LeasedCursor {
    shared: Arc<Shared>,
    progress: Progress<(Box<SessionRawBatchCursor>, Lease)>,
}

/// Where a cursor is.
pub(super) enum Progress<T> {
    /// Somewhere before its end.
    Open(T),
    /// At its end.
    Finished,
    /// Given up in the middle: what was on its way is lost, and what comes behind it must not be
    /// taken for all there is.
    Broken,
}

impl<T> Progress<T> {
    /// What is open, which is put back when the next portion has come: nothing at the end.
    pub(super) fn take(&mut self) -> Result<Option<T>, DataError> {
        match mem::replace(self, Self::Broken) {
            Self::Open(open) => Ok(Some(open)),
            Self::Finished => {
                *self = Self::Finished;
                Ok(None)
            }
            Self::Broken => Err(DataError::new(
                ErrorKind::Refused,
                "the cursor is closed: reading from it has failed before",
            )),
        }
    }

    /// What came of what was open.
    pub(super) fn put(&mut self, open: T, is_last: bool) {
        *self = if is_last { Self::Finished } else { Self::Open(open) };
    }
}

impl LeasedCursor {
    pub(super) fn new(
        shared: Arc<Shared>,
        cursor: Box<SessionRawBatchCursor>,
        lease: Lease,
    ) -> Self {
        Self { shared, progress: Progress::Open((cursor, lease)) }
    }

    async fn next(&mut self) -> Result<Batch, DataError> {
        let Some((mut cursor, mut lease)) = self.progress.take()? else {
            return Ok(Batch::default());
        };
        let shared = Arc::clone(&self.shared);
        let next = task::start(&self.shared.runtime, async move {
            lease.is_busy = true;
            let next = next_portion(&shared, &mut cursor, lease.session());
            let portion = shared.in_time(next).await?;
            lease.is_busy = false;
            Ok((portion, (cursor, lease)))
        });
        let ((batch, is_last), open) = next.await?;
        self.progress.put(open, is_last);
        Ok(batch)
    }
}

impl Cursor for LeasedCursor {
    fn next_batch(&mut self) -> Future<'_, Batch> {
        Box::pin(self.next())
    }
}
