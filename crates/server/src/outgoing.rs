//! The body of a response, which counts as held until its client has taken it.
//!
//! HTTP/2 takes a body out of our hands before its client has room for it. So what is counted goes
//! with the bytes, and is given back when they have been written or their connection is closed.

use std::{
    collections::HashMap,
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError, Weak},
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Buf, Bytes};
use hookstead_memory::{Part, Share};
use http::Response;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};

use crate::connection::Link;

/// Responses up to this size are sent even where others have not been read.
const SMALL_BYTES: usize = 64 << 10;

/// Where memory is scarce, a client loses its connection that has not read a response for so long.
const SCARCE_TIME: Duration = Duration::from_secs(2);

/// The body of a response.
pub(crate) struct Outgoing {
    body: Full<Bytes>,
    unread: Option<Unread>,
}

/// Bytes of a body, and what is counted for them.
pub(crate) struct Piece {
    bytes: Bytes,
    _unread: Option<Unread>,
}

/// What is counted for a response as long as nobody has read it.
pub(crate) struct Unread {
    share: Share,
    link: Arc<Link>,
}

/// The connections, to find those that do not read.
#[derive(Default)]
pub(crate) struct Links(Mutex<HashMap<usize, Weak<Link>>>);

impl Outgoing {
    /// A response with its body and what is counted for it.
    pub(crate) fn of(response: Response<Full<Bytes>>, unread: Option<Unread>) -> Response<Self> {
        response.map(|body| Self { body, unread })
    }
}

impl Body for Outgoing {
    type Data = Piece;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Piece>, Infallible>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        let unread = &mut self.unread;
        frame.map_ok(|frame| frame.map_data(|bytes| Piece { bytes, _unread: unread.take() }))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Buf for Piece {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
    }

    fn copy_to_bytes(&mut self, count: usize) -> Bytes {
        self.bytes.copy_to_bytes(count)
    }
}

impl Unread {
    /// Counts a response of a connection; `None` where too much has not been read by others.
    pub(crate) fn begin(link: &Arc<Link>, share: Share) -> Option<Self> {
        let share = adopt(share, &link.shared.responses).or_else(|share| {
            link.shared.links.close_stalled(&link.shared.responses);
            adopt(share, &link.shared.responses)
        });
        let share = match share {
            Ok(share) => share,
            Err(share) if share.bytes() <= SMALL_BYTES => share,
            Err(_) => return None,
        };
        link.activity.begin_response(share.bytes());
        Some(Self { share, link: Arc::clone(link) })
    }
}

/// Makes a share one of a part. The only one may be as large as it likes.
fn adopt(share: Share, part: &Arc<Part>) -> Result<Share, Share> {
    part.adopt(share).or_else(|share| if part.used_bytes() == 0 { Ok(share) } else { Err(share) })
}

impl Drop for Unread {
    fn drop(&mut self) {
        self.link.activity.end_response(self.share.bytes());
    }
}

impl Links {
    pub(crate) fn add(&self, link: &Arc<Link>) {
        self.lock().insert(key(link), Arc::downgrade(link));
    }

    pub(crate) fn remove(&self, link: &Arc<Link>) {
        self.lock().remove(&key(link));
    }

    /// The connections that there are.
    pub(crate) fn all(&self) -> Vec<Arc<Link>> {
        self.lock().values().filter_map(Weak::upgrade).collect()
    }

    /// Closes connections on which no request has begun, or whose clients have been silent for so
    /// long in the middle of one.
    pub(crate) fn close_waiting(&self, silent_time: Duration) {
        for link in self.all() {
            let is_idle = link.activity.running() == 0 || link.activity.silent_for() >= silent_time;
            if link.waits_for_client() && is_idle {
                link.close.notify_one();
            }
        }
    }

    /// Closes connections that do not read their responses, those first that hold most, until half
    /// of what all may hold is free.
    fn close_stalled(&self, responses: &Part) {
        let stalled = |link: &Arc<Link>| {
            link.activity.unread_for().is_some_and(|unread| unread >= SCARCE_TIME)
        };
        let mut links = self.all();
        links.retain(stalled);
        links.sort_by_key(|link| std::cmp::Reverse(link.activity.unread_bytes()));
        let mut left = responses.used_bytes();
        for link in links {
            if left <= responses.bytes_max() / 2 {
                break;
            }
            left = left.saturating_sub(link.activity.unread_bytes());
            link.close.notify_one();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<usize, Weak<Link>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(link: &Arc<Link>) -> usize {
    Arc::as_ptr(link).addr()
}
