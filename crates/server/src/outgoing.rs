//! The body of a response, which counts as held until its client has taken it.
//!
//! HTTP/2 takes a body out of our hands before its client has room for it. So what is counted goes
//! with the bytes, and is given back when they have been written or their connection is closed.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use hookstead_memory::{Part, Share};
use http::Response;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};

use crate::{event_stream::EventStream, link::Link};

/// Responses up to this size are sent even where others have not been read.
const SMALL_BYTES: usize = 64 << 10;

/// The body of a response.
pub(crate) enum Outgoing {
    /// It is there as a whole, with what is counted for it.
    Whole(Full<Bytes>, Option<Unread>),
    /// It goes on.
    Stream(Box<EventStream>),
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

impl Outgoing {
    /// A response with its body and what is counted for it.
    pub(crate) fn of(response: Response<Full<Bytes>>, unread: Option<Unread>) -> Response<Self> {
        response.map(|body| Self::Whole(body, unread))
    }

    /// A body that goes on.
    pub(crate) fn stream(stream: EventStream) -> Self {
        Self::Stream(Box::new(stream))
    }
}

impl Body for Outgoing {
    type Data = Piece;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Piece>, Infallible>>> {
        match &mut *self {
            Self::Whole(body, unread) => {
                let frame = Pin::new(body).poll_frame(cx);
                let piece = |bytes| Piece { bytes, _unread: unread.take() };
                frame.map_ok(|frame| frame.map_data(piece))
            }
            Self::Stream(stream) => {
                stream.poll_piece(cx).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body, _) => body.is_end_stream(),
            Self::Stream(stream) => stream.is_ended(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body, _) => body.size_hint(),
            Self::Stream(_) => SizeHint::default(),
        }
    }
}

impl Piece {
    /// Bytes with what is counted for them.
    pub(crate) fn new(bytes: Bytes, unread: Option<Unread>) -> Self {
        Self { bytes, _unread: unread }
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
