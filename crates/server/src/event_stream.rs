//! The body of a response that goes on: events as they come (docs/behaviour/watch.md#framing).

use std::{
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderValue, Response, header};
use http_body_util::Full;
use serde_json::json;
use tokio::time::{Sleep, sleep};

use crate::{
    client::Watching,
    event_frame,
    link::Link,
    outgoing::{Piece, Unread},
    refusal::Refusal,
    running::Running,
    shield::shielded,
};

/// What says that the stream is there, and that it still is.
const COMMENT: &[u8] = b":\n\n";

/// An event stream.
pub(crate) struct EventStream {
    link: Arc<Link>,
    state: State,
    /// The stream counts as a request that runs.
    _running: Running,
}

enum State {
    /// The next piece is on its way.
    Waiting(Next),
    Ended,
}

type Next = Pin<Box<dyn Future<Output = (Bytes, Option<Box<Source>>)> + Send>>;

/// What a stream works with.
struct Source {
    watching: Watching,
    timer: Pin<Box<Sleep>>,
    has_begun: bool,
}

impl EventStream {
    /// The head of the response, without a body.
    pub(crate) fn response() -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::default());
        let headers = response.headers_mut();
        let event_stream = HeaderValue::from_static("text/event-stream");
        headers.insert(header::CONTENT_TYPE, event_stream);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // A proxy that gathers responses would keep events back.
        headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
        response
    }

    /// Begins a stream.
    pub(crate) fn begin(watching: Watching, running: Running) -> Self {
        let timer = Box::pin(sleep(watching.keep_alive));
        let source = Box::new(Source { watching, timer, has_begun: false });
        let link = Arc::clone(running.link());
        Self { link, state: State::Waiting(next(source)), _running: running }
    }

    /// Whether nothing more comes.
    pub(crate) fn is_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// The next piece of the body.
    pub(crate) fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<Piece>> {
        let State::Waiting(next) = &mut self.state else { return Poll::Ready(None) };
        let (bytes, source) = ready!(next.as_mut().poll(context));
        self.state = source.map_or(State::Ended, |source| State::Waiting(self::next(source)));
        // What the connection takes of it is counted until its client has read it.
        let share = self.link.shared.memory.take_anyway(bytes.len());
        match Unread::begin(&self.link, share) {
            Some(unread) => Poll::Ready(Some(Piece::new(bytes, Some(unread)))),
            None => {
                self.state = State::Ended;
                Poll::Ready(None)
            }
        }
    }
}

/// Waits for the next piece. Nothing comes behind one without a source.
fn next(source: Box<Source>) -> Next {
    Box::pin(async move {
        let stepped = shielded(pin!(step(source))).await;
        stepped.unwrap_or_else(|_| (failure(&Refusal::internal("an event stream panicked")), None))
    })
}

async fn step(mut source: Box<Source>) -> (Bytes, Option<Box<Source>>) {
    match source.piece().await {
        Ok(bytes) => (bytes, Some(source)),
        Err(refusal) => (failure(&refusal), None),
    }
}

impl Source {
    async fn piece(&mut self) -> Result<Bytes, Refusal> {
        if !std::mem::replace(&mut self.has_begun, true) {
            return Ok(Bytes::from_static(COMMENT));
        }
        let Watching { place, changes, keep_alive, .. } = &mut self.watching;
        let event = tokio::select! {
            biased;
            refusal = place.ended() => return Err(refusal),
            () = self.timer.as_mut() => None,
            change = changes.next() => Some(change),
        };
        self.timer.as_mut().reset(tokio::time::Instant::now() + *keep_alive);
        // Nothing is told to a user who has ceased to be one. What is known of users is remembered,
        // so that this costs little.
        self.watching.proof.check().await?;
        match event {
            None => Ok(Bytes::from_static(COMMENT)),
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(crate::client::refuse_watch(error)),
        }
    }
}

/// The event that says why a stream ends.
fn failure(refusal: &Refusal) -> Bytes {
    let error = json!({ "error": refusal.message(), "error_code": refusal.code().as_str() });
    event_frame::error(error.to_string().as_bytes()).into()
}
