//! The content type of a body that comes without one.
//!
//! The hosted service looked at the first bytes as Go's `DetectContentType` does, which is the
//! MIME Sniffing Standard; handlers that return HTML without a header work because of it
//! (docs/behaviour/responses.md#content-type).

/// Bytes that are looked at.
const LOOKED_AT: usize = 512;

const PLAIN: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

/// What starts an HTML document, in upper case; a blank or `>` must follow.
const HTML_STARTS: &[&str] = &[
    "<!DOCTYPE HTML",
    "<HTML",
    "<HEAD",
    "<SCRIPT",
    "<IFRAME",
    "<H1",
    "<DIV",
    "<FONT",
    "<TABLE",
    "<A",
    "<STYLE",
    "<TITLE",
    "<B",
    "<BODY",
    "<BR",
    "<P",
    "<!--",
];

/// What a body starts with, and what that makes it.
const STARTS: &[(&[u8], &str)] = &[
    (b"%PDF-", "application/pdf"),
    (b"%!PS-Adobe-", "application/postscript"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
    (b"\x00\x00\x02\x00", "image/x-icon"),
    (b"BM", "image/bmp"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\x89PNG\x0d\x0a\x1a\x0a", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"ID3", "audio/mpeg"),
    (b"OggS\x00", "application/ogg"),
    (b"MThd\x00\x00\x00\x06", "audio/midi"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
    (b"\x00\x01\x00\x00", "font/ttf"),
    (b"OTTO", "font/otf"),
    (b"ttcf", "font/collection"),
    (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
    (b"\x1f\x8b\x08", "application/x-gzip"),
    (b"PK\x03\x04", "application/zip"),
    (b"Rar!\x1a\x07\x00", "application/x-rar-compressed"),
    (b"Rar!\x1a\x07\x01\x00", "application/x-rar-compressed"),
    (b"\x00asm", "application/wasm"),
];

/// Containers: a start, then four bytes of length, then the kind.
const CONTAINERS: &[(&[u8], &[u8], &str)] = &[
    (b"RIFF", b"WEBPVP", "image/webp"),
    (b"FORM", b"AIFF", "audio/aiff"),
    (b"RIFF", b"AVI ", "video/avi"),
    (b"RIFF", b"WAVE", "audio/wave"),
];

/// Marks of byte order; as in Go, they count from a length of four on.
const BYTE_ORDER_MARKS: &[(&[u8], &str)] = &[
    (b"\xfe\xff", "text/plain; charset=utf-16be"),
    (b"\xff\xfe", "text/plain; charset=utf-16le"),
    (b"\xef\xbb\xbf", PLAIN),
];

/// The content type that the first bytes of a body suggest.
pub(crate) fn content_type(body: &[u8]) -> &'static str {
    let start = &body[..body.len().min(LOOKED_AT)];
    let is_blank = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ');
    let first = start.iter().position(|byte| !is_blank(byte)).unwrap_or(start.len());
    let trimmed = &start[first..];
    if HTML_STARTS.iter().any(|html| is_html(trimmed, html.as_bytes())) {
        return HTML;
    }
    if trimmed.starts_with(b"<?xml") {
        return "text/xml; charset=utf-8";
    }
    by_magic(start).unwrap_or(if start.iter().any(is_binary) {
        "application/octet-stream"
    } else {
        PLAIN
    })
}

fn is_html(text: &[u8], html: &[u8]) -> bool {
    let follows = text.get(html.len()).is_some_and(|byte| matches!(byte, b' ' | b'>'));
    follows && text[..html.len()].eq_ignore_ascii_case(html)
}

fn by_magic(start: &[u8]) -> Option<&'static str> {
    let marked = start.len() >= 4;
    let mark = BYTE_ORDER_MARKS.iter().find(|(mark, _)| marked && start.starts_with(mark));
    let container = |(outer, inner, _): &&(&[u8], &[u8], _)| {
        start.starts_with(outer) && start.get(8..).is_some_and(|rest| rest.starts_with(inner))
    };
    mark.or_else(|| STARTS.iter().find(|(magic, _)| start.starts_with(magic)))
        .map(|(_, kind)| *kind)
        .or_else(|| CONTAINERS.iter().find(container).map(|(_, _, kind)| *kind))
        .or_else(|| is_mp4(start).then_some("video/mp4"))
        .or_else(|| is_embedded_font(start).then_some("application/vnd.ms-fontobject"))
}

/// An MP4 starts with a box of type `ftyp` that lists the brands it is compatible with.
fn is_mp4(start: &[u8]) -> bool {
    let Some(length) = start.first_chunk().map(|bytes| u32::from_be_bytes(*bytes) as usize) else {
        return false;
    };
    if start.len() < 12 || length > start.len() || !length.is_multiple_of(4) {
        return false;
    }
    // The third word is the version, not a brand.
    let brands = start[..length].chunks_exact(4).enumerate().skip(2).filter(|(at, _)| *at != 3);
    &start[4..8] == b"ftyp" && brands.into_iter().any(|(_, brand)| brand.starts_with(b"mp4"))
}

fn is_embedded_font(start: &[u8]) -> bool {
    start.get(34..36).is_some_and(|magic| magic == b"LP")
        && start[..34].iter().all(|byte| *byte == 0)
}

fn is_binary(byte: &u8) -> bool {
    matches!(byte, 0..=8 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_told_apart_as_go_does() {
        let cases: &[(&[u8], &str)] = &[
            (b"", PLAIN),
            (b"Successfully received a GitHub webhook event", PLAIN),
            (b"{\"a\":1}", PLAIN),
            (b"<html><body>", HTML),
            (b" \r\n\t<!DOCTYPE html>\n", HTML),
            (b"<!-- x -->", HTML),
            (b"<p>hi</p>", HTML),
            (b"<br/>", PLAIN),
            (b"<pre>", PLAIN),
            (b"<Response><Message/></Response>", PLAIN),
            (b"  <?xml version='1.0'?>", "text/xml; charset=utf-8"),
            (b"<?XML", PLAIN),
            (b"%PDF-1.7", "application/pdf"),
            (b"\x89PNG\r\n\x1a\n....", "image/png"),
            (b"GIF89a", "image/gif"),
            (b"\xff\xd8\xff\xe0", "image/jpeg"),
            (b"RIFF....WEBPVP8 ", "image/webp"),
            (b"RIFF....WAVEfmt ", "audio/wave"),
            (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00isomiso2", "video/mp4"),
            (b"\x00\x00\x00\x0cftypisom", "application/octet-stream"),
            (b"PK\x03\x04", "application/zip"),
            (b"\x1f\x8b\x08\x00", "application/x-gzip"),
            (b"\xef\xbb\xbfhello", PLAIN),
            (b"\xfe\xff\x00h", "text/plain; charset=utf-16be"),
            (b"a\x00b", "application/octet-stream"),
            (b"caf\xe9", PLAIN),
            (b"\x00asm\x01\x00\x00\x00", "application/wasm"),
        ];
        for (body, expected) in cases {
            assert_eq!(content_type(body), *expected, "{body:?}");
        }
    }

    #[test]
    fn only_the_beginning_counts() {
        let mut body = vec![b'a'; LOOKED_AT];
        body.push(0);
        assert_eq!(content_type(&body), PLAIN);
    }
}
