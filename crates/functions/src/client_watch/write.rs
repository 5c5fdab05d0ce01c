//! Events as they are sent (docs/behaviour/watch.md#events).

use std::sync::Arc;

use bson::{RawArrayBuf, RawDocumentBuf, raw::cstr};
use bytes::Bytes;
use hookstead_data::{Change, ChangeKind};
use tokio::{sync::Semaphore, task::spawn_blocking};

use super::WatchError;
use crate::extended_json::write_document;

/// Makes what is sent of the text of an event.
pub type Frame = fn(&[u8]) -> Vec<u8>;

/// A change of so many bytes is written on another thread than that of the requests.
const LONG_BYTES: usize = 64 << 10;

/// So many of these are written at the same time: what has been written is counted when it is
/// sent, and nothing before.
static LONG_ONES: Semaphore = Semaphore::const_new(2);

/// How the changes of a stream are written.
#[derive(Clone, Copy)]
pub(super) struct Writer {
    pub(super) is_compact: bool,
    pub(super) frame: Frame,
}

impl Writer {
    /// Writes a change, or takes what another stream has written.
    pub(super) async fn write(self, change: Arc<Change>) -> Result<Bytes, WatchError> {
        let is_written = !self.is_compact && change.written.get().is_some();
        let written = if is_written || change.bytes_len() < LONG_BYTES {
            self.write_now(&change)
        } else {
            let place = LONG_ONES.acquire().await.map_err(WatchError::internal)?;
            let written = spawn_blocking(move || self.write_now(&change)).await;
            drop(place);
            written.map_err(WatchError::internal)?
        };
        written.ok_or_else(|| WatchError::internal("an event cannot be written"))
    }

    fn write_now(self, change: &Change) -> Option<Bytes> {
        if self.is_compact {
            return self.framed(&compact(change)).map(Bytes::from);
        }
        let written = || self.framed(&change.event()).map(Arc::from);
        change.written.get_or_init(written).clone().map(Bytes::from_owner)
    }

    fn framed(self, event: &RawDocumentBuf) -> Option<Vec<u8>> {
        let mut text = Vec::with_capacity(2 * event.as_bytes().len());
        write_document(event, &mut text).ok()?;
        Some((self.frame)(&text))
    }
}

/// The short form of an event, with the names that the libraries of Stitch read.
fn compact(change: &Change) -> RawDocumentBuf {
    let mut event = RawDocumentBuf::new();
    event.append(cstr!("ot"), change.kind.name());
    event.append(cstr!("dk"), change.document_key.clone());
    if let Some(description) = &change.description {
        let removed = RawArrayBuf::from_iter(description.removed.iter().map(String::as_str));
        let mut fields = RawDocumentBuf::new();
        fields.append(cstr!("updatedFields"), description.updated.clone());
        fields.append(cstr!("removedFields"), removed);
        event.append(cstr!("ud"), fields);
    }
    if matches!(change.kind, ChangeKind::Insert | ChangeKind::Replace)
        && let Some(document) = &change.document
    {
        event.append(cstr!("fd"), document.clone());
    }
    event
}
