//! The framing of HTTP/1.1 requests: where each of them ends.
//!
//! The library accepts some requests that a proxy in front may divide in another way: lines that
//! end without a carriage return, two lengths that are equal, a length beside chunks (of which it
//! hides the length), blanks after the size of a chunk. And it drops the fragment of a target. So
//! the bytes are looked at before the library gets them. A request that is framed in such a way is
//! refused, and nothing that comes after it on its connection is read as a request.
//!
//! Of a head, each line is searched for its end and its name is compared; bodies are skipped.

use std::mem;

use memchr::memchr;
use thiserror::Error;

/// Bytes that are kept of a line that has arrived in part. Only lines that say where a body or a
/// chunk ends are looked at as a whole, and those are shorter.
const KEPT_BYTES_MAX: usize = 256;

/// Bytes of the line in front of a chunk: its size and its extensions, which nobody uses.
const CHUNK_LINE_BYTES_MAX: usize = 256;

/// Digits of a chunk's size.
const SIZE_DIGITS_MAX: usize = 16;

/// What HTTP/2 begins with, up to the first empty line.
const PREFACE_LINE: &[u8] = b"PRI * HTTP/2.0";

const NO_FRAGMENT: &str = "the target of a request must not have a fragment";
const LINE_END: &str = "each line of a request must end with CR LF";
const ONE_LENGTH: &str = "a request must have one content length";
const LENGTH_DIGITS: &str = "the content length must be a number";
const ONE_FRAMING: &str = "a request must not have both a content length and a transfer encoding";
const ONLY_CHUNKED: &str = "the only transfer encoding is chunked, once";
const FOLDED: &str = "a header must not go on in the next line";
const CHUNK_LINE: &str = "a chunk must begin with its size in hexadecimal digits, then CR LF";
const CHUNK_END: &str = "a chunk must end with CR LF after as many bytes as it says";

/// A request that is framed in a way that others may read differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{reason}")]
pub(crate) struct Flaw {
    /// Which request of its connection it is, from 0 on.
    pub(crate) request: u64,
    /// What is wrong with it.
    pub(crate) reason: &'static str,
}

/// Follows the requests of one connection.
#[derive(Default)]
pub(crate) struct Framing {
    place: Place,
    /// The begin of a line that has arrived in part, and its last byte.
    kept: Vec<u8>,
    /// Whether bytes between these two were not kept.
    is_cut: bool,
    head: Head,
    /// Heads that have arrived.
    heads: u64,
    flaw: Option<Flaw>,
}

/// What the next byte belongs to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// To the head of a request.
    #[default]
    Head,
    /// To a body of which so many bytes are left.
    Body(u64),
    /// To the line in front of a chunk.
    ChunkLine,
    /// To a chunk of which so many bytes are left.
    Chunk(u64),
    /// To the line end after a chunk.
    ChunkEnd,
    /// To the fields after the last chunk.
    Trailers,
    /// To something that is not HTTP/1.1.
    OtherVersion,
    /// To nothing: a request was flawed, in its body or in its head.
    Ended { in_body: bool },
}

/// What the lines of a head have said so far.
#[derive(Default)]
struct Head {
    has_lines: bool,
    is_preface: bool,
    length: Option<u64>,
    is_chunked: bool,
}

impl Framing {
    /// Looks at bytes that have arrived, and returns how many of them the library may see.
    pub(crate) fn pass(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            at += match self.place {
                Place::OtherVersion => return bytes.len(),
                Place::Ended { .. } => return at,
                Place::Body(left) => {
                    let taken = skip(left, rest);
                    let left = left - taken as u64;
                    self.place = if left == 0 { Place::Head } else { Place::Body(left) };
                    taken
                }
                Place::Chunk(left) => {
                    let taken = skip(left, rest);
                    let left = left - taken as u64;
                    self.place = if left == 0 { Place::ChunkEnd } else { Place::Chunk(left) };
                    taken
                }
                Place::Head | Place::ChunkLine | Place::ChunkEnd | Place::Trailers => {
                    self.line(rest)
                }
            };
        }
        at
    }

    /// What is wrong with a request, once that is known.
    pub(crate) fn flaw(&self) -> Option<Flaw> {
        self.flaw
    }

    /// Whether the library has got the head of a flawed request, and may see no more.
    pub(crate) fn has_flawed_head(&self) -> bool {
        self.place == Place::Ended { in_body: false }
    }

    /// Whether the library waits for the rest of a flawed body.
    pub(crate) fn has_flawed_body(&self) -> bool {
        self.place == Place::Ended { in_body: true }
    }

    /// Takes what there is of a line; returns how many bytes that is.
    fn line(&mut self, bytes: &[u8]) -> usize {
        let end = memchr(b'\n', bytes);
        let is_request_line = self.place == Place::Head && !self.head.has_lines;
        if is_request_line && memchr(b'#', &bytes[..end.unwrap_or(bytes.len())]).is_some() {
            self.note(NO_FRAGMENT);
        }
        let Some(end) = end else {
            self.keep(bytes);
            let is_long = self.is_cut && !matches!(self.place, Place::Head | Place::Trailers);
            return if is_long { self.break_body(CHUNK_LINE) } else { bytes.len() };
        };
        if self.kept.is_empty() {
            return self.whole_line(&bytes[..end], end + 1);
        }
        self.keep(&bytes[..end]);
        let line = mem::take(&mut self.kept);
        let taken = self.whole_line(&line, end + 1);
        // Its memory is used again.
        self.kept = line;
        self.kept.clear();
        self.is_cut = false;
        taken
    }

    /// Keeps bytes of a line whose end has yet to arrive.
    fn keep(&mut self, bytes: &[u8]) {
        let room = KEPT_BYTES_MAX - self.kept.len();
        self.kept.extend_from_slice(&bytes[..room.min(bytes.len())]);
        if bytes.len() > room {
            self.is_cut = true;
            if let (Some(kept), Some(last)) = (self.kept.last_mut(), bytes.last()) {
                *kept = *last;
            }
        }
    }

    /// Takes a line without its line feed; `taken` bytes of it have just arrived.
    fn whole_line(&mut self, line: &[u8], taken: usize) -> usize {
        let (line, is_terminated) = match line {
            [line @ .., b'\r'] => (line, true),
            line => (line, false),
        };
        match self.place {
            Place::Head => {
                if !is_terminated {
                    self.note(LINE_END);
                }
                self.head_line(line);
            }
            Place::ChunkLine => match chunk_bytes(line) {
                Some(_) if !is_terminated || self.is_cut => return self.break_body(CHUNK_LINE),
                Some(0) => self.place = Place::Trailers,
                Some(bytes) => self.place = Place::Chunk(bytes),
                None => return self.break_body(CHUNK_LINE),
            },
            Place::ChunkEnd if is_terminated && line.is_empty() => self.place = Place::ChunkLine,
            Place::ChunkEnd => return self.break_body(CHUNK_END),
            _ if !is_terminated => return self.break_body(LINE_END),
            _ if line.is_empty() => self.place = Place::Head,
            _ => {}
        }
        taken
    }

    fn head_line(&mut self, line: &[u8]) {
        let Some(first) = line.first() else {
            // Empty lines in front of a request mean nothing.
            if self.head.has_lines {
                self.end_head();
            }
            return;
        };
        if !self.head.has_lines {
            self.head.has_lines = true;
            self.head.is_preface = self.heads == 0 && line == PREFACE_LINE;
            return;
        }
        match first {
            b'c' | b'C' => {
                if let Some(value) = value_of(line, b"content-length") {
                    self.content_length(value);
                }
            }
            b't' | b'T' => {
                if let Some(value) = value_of(line, b"transfer-encoding") {
                    self.transfer_encoding(value);
                }
            }
            b' ' | b'\t' => self.note(FOLDED),
            _ => {}
        }
    }

    fn content_length(&mut self, value: &[u8]) {
        if self.head.length.is_some() {
            self.note(ONE_LENGTH);
        }
        if self.head.is_chunked {
            self.note(ONE_FRAMING);
        }
        let digits = str::from_utf8(value).ok().filter(|_| value.iter().all(u8::is_ascii_digit));
        match digits.and_then(|digits| digits.parse().ok()).filter(|_| !self.is_cut) {
            Some(length) => self.head.length = Some(length),
            None => self.note(LENGTH_DIGITS),
        }
    }

    fn transfer_encoding(&mut self, value: &[u8]) {
        if self.head.is_chunked || self.is_cut || !value.eq_ignore_ascii_case(b"chunked") {
            self.note(ONLY_CHUNKED);
        }
        if self.head.length.is_some() {
            self.note(ONE_FRAMING);
        }
        self.head.is_chunked = true;
    }

    /// The head of a request has arrived.
    fn end_head(&mut self) {
        self.heads += 1;
        if self.flaw.is_some() {
            self.place = Place::Ended { in_body: false };
            return;
        }
        let head = mem::take(&mut self.head);
        self.place = match head.length {
            _ if head.is_preface => Place::OtherVersion,
            _ if head.is_chunked => Place::ChunkLine,
            Some(length) if length > 0 => Place::Body(length),
            _ => Place::Head,
        };
    }

    /// Notes what is wrong with the head that is arriving. The library gets the rest of it.
    fn note(&mut self, reason: &'static str) {
        self.flaw.get_or_insert(Flaw { request: self.heads, reason });
    }

    /// Notes what is wrong with the body that is arriving. The library gets no byte of the line.
    fn break_body(&mut self, reason: &'static str) -> usize {
        let request = self.heads.saturating_sub(1);
        self.flaw.get_or_insert(Flaw { request, reason });
        self.place = Place::Ended { in_body: true };
        0
    }
}

/// How many of these bytes belong to a part of which so many are left.
fn skip(left: u64, bytes: &[u8]) -> usize {
    usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()))
}

/// The value of a header of this name, in lower case.
fn value_of<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = line.split_at_checked(name.len())?;
    let value = rest.strip_prefix(b":").filter(|_| start.eq_ignore_ascii_case(name))?;
    Some(value.trim_ascii())
}

/// The bytes of the chunk that this line is in front of.
fn chunk_bytes(line: &[u8]) -> Option<u64> {
    let end = line.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(line.len());
    let (digits, extensions) = line.split_at(end);
    let is_text = |byte: &u8| matches!(byte, b'\t' | b' '..=b'~' | 0x80..);
    let is_valid = line.len() <= CHUNK_LINE_BYTES_MAX
        && (1..=SIZE_DIGITS_MAX).contains(&digits.len())
        && (extensions.is_empty() || extensions.starts_with(b";"))
        && extensions.iter().all(is_text);
    let digits = str::from_utf8(digits).ok().filter(|_| is_valid)?;
    u64::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a connection on which these bytes arrive in pieces of so many: how many of
    /// them are passed on, and what is found.
    fn follow(bytes: &[u8], piece: usize) -> (usize, Framing) {
        let (mut framing, mut passed) = (Framing::default(), 0);
        for piece in bytes.chunks(piece) {
            let taken = framing.pass(piece);
            passed += taken;
            if taken < piece.len() {
                break;
            }
        }
        (passed, framing)
    }

    const PIECES: [usize; 7] = [1, 2, 3, 7, 64, 1000, usize::MAX];

    #[test]
    fn requests_are_followed_however_their_bytes_arrive() {
        let long = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(3000));
        let requests = [
            "GET / HTTP/1.1\r\nhost: x\r\n\r\n",
            "\r\n\r\nPOST / HTTP/1.1\r\nContent-Length: 12\r\n\r\n\n\n\r\n\r\nabc\r\n\0",
            "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\ntransfer-encoding: CHUNKED\r\n\r\n3\r\n\n\n\n\r\n\
             A;b=c\r\n0\r\n\r\n01234\r\n0\r\nTrailer: x\r\n\r\n",
            "GET / HTTP/1.1\r\ncontent-length-x: a\r\nc: d\r\ntransfer: e\r\n\r\n",
            &long,
        ];
        let all = requests.repeat(3).concat();
        for piece in PIECES {
            let (passed, framing) = follow(all.as_bytes(), piece);
            assert_eq!((passed, framing.flaw), (all.len(), None), "{piece}");
            assert_eq!((framing.place, framing.heads), (Place::Head, 18), "{piece}");
            assert!(framing.kept.capacity() <= 2 * KEPT_BYTES_MAX, "{piece}");
        }
    }

    #[test]
    fn nothing_is_passed_on_after_a_flawed_head() {
        let good = "GET / HTTP/1.1\r\nhost: #x\r\n\r\n";
        let long = format!("GET /{}#x HTTP/1.1\r\nhost: x\r\n\r\n", "y".repeat(3000));
        for (head, reason) in [
            ("GET /#x HTTP/1.1\r\nhost: x\r\n\r\n", NO_FRAGMENT),
            ("\r\nGET http://x/?a=b# HTTP/1.1\r\nhost: x\r\n\r\n", NO_FRAGMENT),
            (&long, NO_FRAGMENT),
            ("GET / HTTP/1.1\nhost: x\r\n\r\n", LINE_END),
            ("GET / HTTP/1.1\r\nhost: x\n\n", LINE_END),
            ("GET / HTTP/1.1\r\ncontent-length: 1\r\nContent-Length: 1\r\n\r\n", ONE_LENGTH),
            ("GET / HTTP/1.1\r\ncontent-length: 1a\r\n\r\n", LENGTH_DIGITS),
            (
                "GET / HTTP/1.1\r\nCONTENT-LENGTH: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                ONE_FRAMING,
            ),
            (
                "GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\ncontent-length: 1\r\n\r\n",
                ONE_FRAMING,
            ),
            ("GET / HTTP/1.1\r\ntransfer-encoding: chunked, gzip\r\n\r\n", ONLY_CHUNKED),
            ("GET / HTTP/1.1\r\nx: y\r\n z\r\n\r\n", FOLDED),
        ] {
            let bytes = format!("{good}{head}{good}");
            for piece in PIECES {
                let (passed, framing) = follow(bytes.as_bytes(), piece);
                assert_eq!(passed, good.len() + head.len(), "{head:?} by {piece}");
                assert_eq!(framing.flaw(), Some(Flaw { request: 1, reason }), "{head:?}");
                assert!(framing.has_flawed_head() && !framing.has_flawed_body(), "{head:?}");
            }
        }
        // A length that is hidden behind more blanks than are kept is not believed.
        let blanks = " ".repeat(1000);
        let hidden = format!("GET / HTTP/1.1\r\ncontent-length: {blanks}1\r\n\r\n");
        assert!(follow(hidden.as_bytes(), 10).1.has_flawed_head());
    }

    #[test]
    fn nothing_is_passed_on_of_a_flawed_line_between_chunks() {
        let head = "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n";
        let long = format!("5;{}\r\n", "x".repeat(300));
        for (body, line, reason) in [
            ("", "5 \r\n", CHUNK_LINE),
            ("", "\r\n", CHUNK_LINE),
            ("", "5\n", CHUNK_LINE),
            ("", "12345678901234567\r\n", CHUNK_LINE),
            ("5\r\nhello\r\n", "0x\r\n", CHUNK_LINE),
            ("5\r\nhello\r\n", &long, CHUNK_LINE),
            ("5\r\nhello", "\n", CHUNK_END),
            ("5\r\nhello", "o\r\n", CHUNK_END),
            ("0\r\n", "\n", LINE_END),
            ("0\r\nx: y\r\n", "z: z\n", LINE_END),
        ] {
            let before = head.len() + body.len();
            let bytes = format!("{head}{body}{line}{head}");
            let (passed, framing) = follow(bytes.as_bytes(), usize::MAX);
            assert_eq!((passed, framing.has_flawed_body()), (before, true), "{body}{line}");
            for piece in PIECES {
                let (passed, framing) = follow(bytes.as_bytes(), piece);
                let reason = framing.flaw().filter(|flaw| flaw.reason == reason);
                assert_eq!(reason.map(|flaw| flaw.request), Some(0), "{body}{line} by {piece}");
                assert!((before..before + line.len()).contains(&passed), "{body}{line} by {piece}");
            }
        }
    }

    #[test]
    fn other_versions_are_not_looked_at() {
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\n\n\0\0 content-length\n\n\n";
        for piece in PIECES {
            let (passed, framing) = follow(preface, piece);
            assert_eq!((passed, framing.place), (preface.len(), Place::OtherVersion), "{piece}");
        }
        // It has to come first.
        let later = b"GET / HTTP/1.1\r\n\r\nPRI * HTTP/2.0\r\n\r\n";
        assert_eq!(follow(later, 5).1.place, Place::Head);
    }
}
