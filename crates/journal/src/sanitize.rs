//! Text from strangers, made harmless.

use std::{borrow::Cow, fmt::Write as _};

/// Spells out every character that could move a cursor, start an escape sequence, end a line or
/// reverse the order of what follows, so that a log line shows what it holds and nothing else.
///
/// A tab stays: it can neither forge a line nor hide one.
pub fn sanitize(text: &str) -> Cow<'_, str> {
    if is_plain(text) || !text.chars().any(is_dangerous) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\n' => clean.push_str("\\n"),
            '\r' => clean.push_str("\\r"),
            dangerous if is_dangerous(dangerous) => {
                // Writing to a string cannot fail.
                let _ = write!(clean, "\\u{{{:x}}}", u32::from(dangerous));
            }
            harmless => clean.push(harmless),
        }
    }
    Cow::Owned(clean)
}

/// A JSON text with escapes for what JSON itself would leave in place although a terminal acts on
/// it. Such characters occur inside strings only, where `\u` keeps their meaning; the line ends
/// of a text laid out for people stay.
pub fn sanitize_json(json: &str) -> Cow<'_, str> {
    let is_escaped = |character| is_dangerous(character) && character != '\n';
    if is_plain(json) || !json.chars().any(is_escaped) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len() + 16);
    let mut units = [0; 2];
    for character in json.chars() {
        if is_escaped(character) {
            for unit in character.encode_utf16(&mut units) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

/// Whether a text holds printable ASCII and tabs only, as nearly all do. Every byte is looked at,
/// so that many are at once.
fn is_plain(text: &str) -> bool {
    text.bytes().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~' | b'\t'))
}

/// Whether a terminal could act on this character instead of showing it.
pub(crate) fn is_dangerous(character: char) -> bool {
    match character {
        '\t' => false,
        // C0, DEL and C1.
        '\0'..='\x1f' | '\x7f'..='\u{9f}' => true,
        // Marks, embeddings, overrides and isolates of bidirectional text.
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' => true,
        '\u{2066}'..='\u{2069}' => true,
        // Separators of lines and paragraphs, invisible joiners, tags.
        '\u{2028}' | '\u{2029}' | '\u{200b}' | '\u{2060}' | '\u{feff}' => true,
        '\u{e0000}'..='\u{e007f}' => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_text_is_not_copied() {
        for text in ["", "/app/x/endpoint/hello", "größer 日本語 🙂", "a\tb"] {
            assert!(matches!(sanitize(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn whatever_a_terminal_would_act_on_is_spelt_out() {
        let cases = [
            ("\x1b[31mred\x1b[0m", "\\u{1b}[31mred\\u{1b}[0m"),
            ("a\r\nb", "a\\r\\nb"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("\x07\x08\x7f\0", "\\u{7}\\u{8}\\u{7f}\\u{0}"),
            ("abc\u{202e}fdp.exe", "abc\\u{202e}fdp.exe"),
            ("\u{2066}x\u{2069}", "\\u{2066}x\\u{2069}"),
            ("a\u{2028}b", "a\\u{2028}b"),
        ];
        for (text, expected) in cases {
            assert_eq!(sanitize(text), expected);
        }
    }

    #[test]
    fn nothing_dangerous_survives() {
        let everything: String = (0..=0x0010_ffff).filter_map(char::from_u32).collect();
        assert!(!sanitize(&everything).chars().any(is_dangerous));
    }
}
