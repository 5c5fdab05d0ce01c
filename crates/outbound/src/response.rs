//! A response, as a function sees it (docs/behaviour/http-calls.md#response).

use std::{
    io::{self, Write},
    sync::Arc,
    time::{Duration, Instant},
};

use flate2::write::MultiGzDecoder;
use hookstead_memory::{Account, Held, Refused};
use http::{HeaderMap, header, response::Parts};
use http_body_util::BodyExt as _;
use hyper::{
    body::{Body as _, Incoming},
    ext::ReasonPhrase,
};
use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::{cookies::set_cookies, error::CallError};

/// So much of a body is unpacked at once.
const PIECE_BYTES: usize = 256;
/// How long a body is unpacked before others have their turn.
const PIECES_TIME: Duration = Duration::from_micros(300);

/// A response that was read to its end.
#[derive(Debug)]
pub struct Response {
    /// Status, headers and cookies, as the text of a JSON object.
    pub head: String,
    /// The body, decompressed where that was asked for.
    pub body: Vec<u8>,
    /// The memory that head and body take of the caller's account.
    pub held: Held,
}

/// A response whose body is yet to be read.
pub(crate) struct Answer {
    pub(crate) response: http::Response<Incoming>,
    /// Whether the request was `HEAD`: its response has the length of a body, and none.
    pub(crate) is_head: bool,
    /// Whether a packed body is unpacked on the way.
    pub(crate) is_unpacked: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseHead {
    status: String,
    status_code: u16,
    content_length: i64,
    headers: Map<String, Json>,
    cookies: Map<String, Json>,
}

impl Answer {
    /// Reads the body, as far as the account has room for it.
    pub(crate) async fn read(
        self,
        bytes_max: usize,
        account: &Arc<Account>,
    ) -> Result<Response, CallError> {
        let (mut parts, body) = self.response.into_parts();
        let mut length = body.size_hint().exact();
        let is_packed = self.is_unpacked && length != Some(0) && is_gzip(&parts.headers);
        if is_packed {
            // These were of the packed body, which the function never sees.
            parts.headers.remove(header::CONTENT_ENCODING);
            parts.headers.remove(header::CONTENT_LENGTH);
            length = None;
        }
        if self.is_head {
            length = declared_length(&parts.headers);
        } else if length.is_some_and(|length| length > bytes_max as u64) {
            return Err(CallError::TooLarge { bytes_max });
        }
        let (body, mut held) = read_body(body, is_packed, bytes_max, account).await?;
        let head = serde_json::to_string(&ResponseHead::new(&parts, length))
            .map_err(|error| CallError::Body(error.to_string()))?;
        held.grow_waiting(head.len()).await.map_err(CallError::Memory)?;
        Ok(Response { head, body, held })
    }
}

impl ResponseHead {
    fn new(parts: &Parts, length: Option<u64>) -> Self {
        Self {
            status: status_line(parts),
            status_code: parts.status.as_u16(),
            content_length: length.and_then(|length| length.try_into().ok()).unwrap_or(-1),
            headers: header_lists(&parts.headers),
            cookies: set_cookies(&parts.headers)
                .map(|cookie| (cookie.name.to_owned(), unquote(cookie.value).into()))
                .collect(),
        }
    }
}

/// `200 OK`, with the reason that the server gave, or else the usual one.
fn status_line(parts: &Parts) -> String {
    let given = parts.extensions.get::<ReasonPhrase>();
    let given = given.map(|reason| String::from_utf8_lossy(reason.as_bytes()));
    let reason = given.as_deref().or(parts.status.canonical_reason()).unwrap_or_default();
    format!("{} {reason}", parts.status.as_str())
}

/// `{ "Content-Type": ["text/plain"] }`, without what describes the transfer.
fn header_lists(headers: &HeaderMap) -> Map<String, Json> {
    let names = headers
        .keys()
        .filter(|name| **name != header::TRANSFER_ENCODING && **name != header::TRAILER);
    let list = |name| {
        let values = headers.get_all(name).into_iter();
        values.map(|value| String::from_utf8_lossy(value.as_bytes()).into()).collect()
    };
    names.map(|name| (canonical(name.as_str()), Json::Array(list(name)))).collect()
}

/// `content-type` as `Content-Type`.
fn canonical(name: &str) -> String {
    let mut is_first = true;
    let letter = |character: char| {
        let upper = is_first;
        is_first = character == '-';
        if upper { character.to_ascii_uppercase() } else { character.to_ascii_lowercase() }
    };
    name.chars().map(letter).collect()
}

fn unquote(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

fn is_gzip(headers: &HeaderMap) -> bool {
    let encoding = headers.get(header::CONTENT_ENCODING);
    encoding.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"gzip"))
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn read_body(
    mut body: Incoming,
    is_packed: bool,
    bytes_max: usize,
    account: &Arc<Account>,
) -> Result<(Vec<u8>, Held), CallError> {
    let held = account.nothing();
    let sink = Capped { bytes: Vec::new(), bytes_max, held, overdrawn_bytes: 0 };
    let mut sink = match is_packed {
        true => Sink::Packed(Box::new(MultiGzDecoder::new(sink))),
        false => Sink::Plain(sink),
    };
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::FileTooLarge => CallError::TooLarge { bytes_max },
        io::ErrorKind::OutOfMemory => CallError::Memory(Refused::Limit),
        _ => CallError::Body("it is not valid gzip".to_owned()),
    };
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| CallError::of_body(&error))?;
        let Ok(data) = frame.into_data() else { continue };
        let mut begun = Instant::now();
        // What is packed becomes a thousand times as much at most.
        for piece in data.chunks(PIECE_BYTES) {
            sink.write_all(piece).map_err(failed)?;
            // The partner waits as long as there is no room for more.
            sink.capped().settle().await.map_err(CallError::Memory)?;
            if begun.elapsed() >= PIECES_TIME {
                tokio::task::yield_now().await;
                begun = Instant::now();
            }
        }
    }
    let mut capped = sink.finish().map_err(failed)?;
    capped.settle().await.map_err(CallError::Memory)?;
    Ok((capped.bytes, capped.held))
}

/// Takes so many bytes and no more. What unpacks to more than it may stops there.
struct Capped {
    bytes: Vec<u8>,
    bytes_max: usize,
    /// What the run has taken from the budget for them.
    held: Held,
    /// Of that, what there was no room for.
    overdrawn_bytes: usize,
}

impl Capped {
    /// Makes room for more bytes, if the run may hold so many.
    fn reserve(&mut self, more_bytes: usize) -> io::Result<()> {
        let wanted = self.bytes.len() + more_bytes;
        if wanted <= self.bytes.capacity() {
            return Ok(());
        }
        // Half as much again, so that little is copied twice.
        let roomy = (wanted + wanted / 2).min(self.bytes_max).max(wanted);
        let (missing, more) = (wanted - self.held.bytes(), roomy - self.held.bytes());
        if self.held.grow(more).is_err() {
            match self.held.grow(missing) {
                Ok(()) => {}
                Err(Refused::Limit) => return Err(io::ErrorKind::OutOfMemory.into()),
                Err(Refused::NoRoom) => {
                    let account = Arc::clone(self.held.account());
                    self.held.merge(account.take_anyway(missing));
                    self.overdrawn_bytes += missing;
                }
            }
        }
        self.bytes.reserve_exact(self.held.bytes() - self.bytes.len());
        Ok(())
    }

    /// Waits until there is room for what was taken without.
    async fn settle(&mut self) -> Result<(), Refused> {
        let overdrawn_bytes = std::mem::take(&mut self.overdrawn_bytes);
        if overdrawn_bytes > 0 {
            self.held.shrink_to(self.held.bytes() - overdrawn_bytes);
            self.held.grow_waiting(overdrawn_bytes).await?;
        }
        Ok(())
    }
}

impl Write for Capped {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if data.len() > self.bytes_max - self.bytes.len() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.reserve(data.len())?;
        self.bytes.extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

enum Sink {
    Plain(Capped),
    Packed(Box<MultiGzDecoder<Capped>>),
}

impl Sink {
    fn capped(&mut self) -> &mut Capped {
        match self {
            Self::Plain(sink) => sink,
            Self::Packed(sink) => sink.get_mut(),
        }
    }

    fn write_all(&mut self, data: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(sink) => sink.write_all(data),
            Self::Packed(sink) => sink.write_all(data),
        }
    }

    fn finish(self) -> io::Result<Capped> {
        match self {
            Self::Plain(sink) => Ok(sink),
            Self::Packed(sink) => sink.finish(),
        }
    }
}
