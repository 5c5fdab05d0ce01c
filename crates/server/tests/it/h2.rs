//! HTTP/2 by hand: frames as a client may send them that keeps no rules.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const ACK: u8 = 1;
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Far more than anything takes here; a test that waits this long has failed.
const TIME: Duration = Duration::from_secs(60);

/// A frame that has arrived.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

/// One connection.
pub(crate) struct Client {
    stream: TcpStream,
}

/// The bytes of a frame.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A header as HPACK writes it when nothing is indexed or compressed.
fn literal(name: &str, value: &str) -> Vec<u8> {
    let mut bytes = vec![0];
    for text in [name, value] {
        integer(&mut bytes, text.len());
        bytes.extend(text.as_bytes());
    }
    bytes
}

/// An integer with a prefix of seven bits.
fn integer(bytes: &mut Vec<u8>, value: usize) {
    if value < 127 {
        bytes.push(value as u8);
        return;
    }
    bytes.push(127);
    let mut rest = value - 127;
    while rest >= 128 {
        bytes.push((rest % 128 + 128) as u8);
        rest /= 128;
    }
    bytes.push(rest as u8);
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let mut client = Self { stream: TcpStream::connect(address).await.unwrap() };
        client.send(PREFACE).await;
        client.send(&frame(SETTINGS, 0, 0, &[])).await;
        client
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        timeout(TIME, self.stream.write_all(bytes)).await.expect("blocked").unwrap();
    }

    /// Sends the headers of a request.
    pub(crate) async fn request(
        &mut self,
        stream: u32,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        length: Option<usize>,
        ends: bool,
    ) {
        let length = length.map(|length| length.to_string());
        let length = length.as_deref().map(|length| ("content-length", length));
        let headers: Vec<_> = headers.iter().copied().chain(length).collect();
        self.headers(stream, "x", method, path, &headers, ends).await;
    }

    /// Sends a request without a body to an authority.
    pub(crate) async fn request_to(
        &mut self,
        stream: u32,
        authority: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) {
        self.headers(stream, authority, method, path, headers, true).await;
    }

    async fn headers(
        &mut self,
        stream: u32,
        authority: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        ends: bool,
    ) {
        let pseudo =
            [(":method", method), (":scheme", "http"), (":path", path), (":authority", authority)];
        let all = pseudo.iter().chain(headers);
        let block: Vec<u8> = all.flat_map(|(name, value)| literal(name, value)).collect();
        let flags = END_HEADERS | if ends { END_STREAM } else { 0 };
        self.send(&frame(HEADERS, flags, stream, &block)).await;
    }

    /// Waits until the server has read everything that was sent.
    pub(crate) async fn ping(&mut self) {
        self.send(&frame(PING, 0, 0, &[1; 8])).await;
        self.frames_until(|frame| frame.kind == PING && frame.flags == ACK).await;
    }

    /// The next frame; `None` at the end of the connection.
    pub(crate) async fn frame(&mut self) -> Option<Frame> {
        let read = async {
            let mut head = [0; 9];
            self.stream.read_exact(&mut head).await.ok()?;
            let [l0, l1, l2, kind, flags, s0, s1, s2, s3] = head;
            let mut payload = vec![0; u32::from_be_bytes([0, l0, l1, l2]) as usize];
            self.stream.read_exact(&mut payload).await.ok()?;
            Some(Frame { kind, flags, stream: u32::from_be_bytes([s0, s1, s2, s3]), payload })
        };
        timeout(TIME, read).await.expect("no frame")
    }

    /// The frames up to one that is awaited.
    pub(crate) async fn frames_until(&mut self, is_last: impl Fn(&Frame) -> bool) -> Vec<Frame> {
        let mut frames = Vec::new();
        loop {
            let frame = self.frame().await.unwrap_or_else(|| panic!("closed after {frames:?}"));
            let found = is_last(&frame);
            frames.push(frame);
            if found {
                return frames;
            }
        }
    }

    /// The status of the response to a stream.
    pub(crate) async fn status(&mut self, stream: u32) -> u16 {
        let frames = self.frames_until(|f| f.stream == stream && f.kind == HEADERS).await;
        let block = &frames.last().unwrap().payload;
        // The first field is `:status`: from the static table, or its name from there.
        match block[0] {
            byte @ 0x88..=0x8e => [200, 204, 206, 304, 400, 404, 500][usize::from(byte - 0x88)],
            _ => panic!("not an indexed status: {block:?}"),
        }
    }

    /// Sends these bytes and waits until the server ends the connection.
    pub(crate) async fn send_until_closed(&mut self, bytes: &[u8]) {
        // Sending may fail already.
        let _ = timeout(TIME, self.stream.write_all(bytes)).await.expect("blocked");
        while self.frame().await.is_some() {}
    }
}
