//! Percent-encoding, as Go reads it.

use std::borrow::Cow;

/// Decodes a path. A `%` that starts no escape stands for itself, so that a route holding one
/// can be reached; `None` when the result is not UTF-8, for no route is.
pub fn decode_path(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, after @ ..] = rest {
        let escaped = if *first == b'%' { escape(after) } else { None };
        decoded.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

/// Decodes a name or a value of a query or a form, where `+` is a blank. `None` when an escape is
/// broken: Go drops such pairs. What is not UTF-8 is replaced.
pub fn decode_component(bytes: &[u8]) -> Option<Cow<'_, str>> {
    if !bytes.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return Some(String::from_utf8_lossy(bytes));
    }
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, after @ ..] = rest {
        rest = after;
        decoded.push(match first {
            b'+' => b' ',
            b'%' => {
                rest = &after[2.min(after.len())..];
                escape(after)?
            }
            other => *other,
        });
    }
    Some(Cow::Owned(String::from_utf8_lossy(&decoded).into_owned()))
}

/// The byte that the two digits behind a `%` spell.
fn escape(digits: &[u8]) -> Option<u8> {
    let [high, low, ..] = digits else { return None };
    Some(digit(*high)? << 4 | digit(*low)?)
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let cases = [
            ("/hello", Some("/hello")),
            ("/a%2Fb", Some("/a/b")),
            ("/a+b", Some("/a+b")),
            ("/gr%C3%B6%c3%9fe", Some("/größe")),
            ("/100%", Some("/100%")),
            ("/%zz%4", Some("/%zz%4")),
            ("/%25zz", Some("/%zz")),
            ("/%ff", None),
            ("", Some("")),
        ];
        for (text, expected) in cases {
            assert_eq!(decode_path(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn components() {
        let cases: [(&[u8], Option<&str>); 9] = [
            (b"", Some("")),
            (b"plain", Some("plain")),
            (b"a+b%20c", Some("a b c")),
            (b"%2B", Some("+")),
            (b"%e2%82%ac", Some("€")),
            (b"%", None),
            (b"%4", None),
            (b"%g0", None),
            (b"a%ffb\xfe", Some("a\u{fffd}b\u{fffd}")),
        ];
        for (bytes, expected) in cases {
            assert_eq!(decode_component(bytes).as_deref(), expected, "{bytes:?}");
        }
    }
}
