//! How much of a request an error message or a line of the log repeats.

use std::borrow::Cow;

/// Characters of one part of a request that are repeated. A path may have 60,000 of them.
const EXCERPT_CHARS_MAX: usize = 200;

/// The beginning of a text, with `…` where the rest was.
pub(crate) fn excerpt(text: &str) -> Cow<'_, str> {
    // A text with no more bytes than that has no more characters.
    if text.len() <= EXCERPT_CHARS_MAX {
        return Cow::Borrowed(text);
    }
    match text.char_indices().nth(EXCERPT_CHARS_MAX) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        for (text, cut) in [("", false), ("/hello", false), ("é", false)] {
            assert_eq!(excerpt(text) != text, cut, "{text}");
        }
        for character in ["a", "é", "😀"] {
            let fitting = character.repeat(EXCERPT_CHARS_MAX);
            assert_eq!(excerpt(&fitting), fitting);
            assert_eq!(excerpt(&format!("{fitting}{character}")), format!("{fitting}…"));
            assert_eq!(excerpt(&fitting.repeat(300)), format!("{fitting}…"));
        }
    }
}
