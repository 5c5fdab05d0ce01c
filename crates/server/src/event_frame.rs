//! The lines of an event stream (docs/behaviour/watch.md#framing).

/// The event that tells something.
pub(crate) fn message(data: &[u8]) -> Vec<u8> {
    event(None, data)
}

/// The event that says why a stream ends.
pub(crate) fn error(data: &[u8]) -> Vec<u8> {
    event(Some("error"), data)
}

/// An event with data on one line.
fn event(kind: Option<&str>, data: &[u8]) -> Vec<u8> {
    const FRAME: usize = "event: \ndata: \n\n".len();
    let mut bytes = Vec::with_capacity(FRAME + kind.map_or(0, str::len) + data.len() + 16);
    if let Some(kind) = kind {
        bytes.extend_from_slice(b"event: ");
        bytes.extend_from_slice(kind.as_bytes());
        bytes.push(b'\n');
    }
    bytes.extend_from_slice(b"data: ");
    let mut rest = data;
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
    bytes
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
            assert_eq!(event(None, data.as_bytes()), expected.as_bytes(), "{data:?}");
        }
        assert_eq!(event(Some("error"), b"%"), b"event: error\ndata: %25\n\n");
    }
}
