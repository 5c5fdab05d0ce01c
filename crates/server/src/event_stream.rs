//! The body of a response that goes on: events as they come (docs/behaviour/watch.md#framing).

use std::{
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
    time::Instant,
};

use bytes::Bytes;
use http::{HeaderValue, Response, header};
use http_body_util::Full;
use serde_json::json;
use tokio::time::{Sleep, sleep};

use crate::{
    client::Watching,
    error_code::ErrorCode,
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
    /// When the user was looked at last.
    checked: Instant,
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
        let source =
            Box::new(Source { watching, timer, checked: Instant::now(), has_begun: false });
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
        let stopped = place.stopped.wait_for(|is_stopped| *is_stopped);
        let text = tokio::select! {
            biased;
            _ = stopped => return Err(stopping()),
            () = self.timer.as_mut() => None,
            change = changes.next() => Some(change),
        };
        self.timer.as_mut().reset(tokio::time::Instant::now() + *keep_alive);
        let is_due = self.checked.elapsed() >= self.watching.check_delay;
        if text.is_none() || is_due {
            self.watching.proof.check().await?;
            self.checked = Instant::now();
        }
        match text {
            None => Ok(Bytes::from_static(COMMENT)),
            Some(Ok(text)) => Ok(event(None, &text)),
            Some(Err(error)) => Err(crate::client::refuse_watch(error)),
        }
    }
}

fn stopping() -> Refusal {
    let message = "the server is stopping";
    Refusal::new(http::StatusCode::SERVICE_UNAVAILABLE, ErrorCode::ServiceUnavailable, message)
}

/// The event that says why a stream ends.
fn failure(refusal: &Refusal) -> Bytes {
    let error = json!({ "error": refusal.message(), "error_code": refusal.code().as_str() });
    event(Some("error"), &error.to_string())
}

/// An event with data on one line.
fn event(kind: Option<&str>, data: &str) -> Bytes {
    const FRAME: usize = "event: \ndata: \n\n".len();
    let mut bytes = Vec::with_capacity(FRAME + kind.map_or(0, str::len) + data.len() + 16);
    if let Some(kind) = kind {
        bytes.extend_from_slice(b"event: ");
        bytes.extend_from_slice(kind.as_bytes());
        bytes.push(b'\n');
    }
    bytes.extend_from_slice(b"data: ");
    let mut rest = data.as_bytes();
    while let Some(at) = memchr::memchr3(b'%', b'\n', b'\r', rest) {
        let (plain, special) = rest.split_at(at);
        bytes.extend_from_slice(plain);
        bytes.extend_from_slice(match special.first() {
            Some(b'\n') => b"%0A",
            Some(b'\r') => b"%0D",
            _ => b"%25",
        });
        rest = special.get(1..).unwrap_or_default();
    }
    bytes.extend_from_slice(rest);
    bytes.extend_from_slice(b"\n\n");
    bytes.into()
}

#[cfg(test)]
mod tests {
    use super::event;

    #[test]
    fn data_stays_on_its_line() {
        let cases = [
            ("{}", "data: {}\n\n"),
            ("100%\r\n%0A", "data: 100%25%0D%0A%250A\n\n"),
            ("\n\nevent: error\ndata: x\n\n", "data: %0A%0Aevent: error%0Adata: x%0A%0A\n\n"),
            ("größe\u{2028}", "data: größe\u{2028}\n\n"),
            ("", "data: \n\n"),
        ];
        for (data, expected) in cases {
            assert_eq!(event(None, data), expected, "{data:?}");
        }
        assert_eq!(event(Some("error"), "%"), "event: error\ndata: %25\n\n");
    }
}
