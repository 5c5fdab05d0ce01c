//! Copies of large values, made in pieces: between two of them others have their turn.
//!
//! No JavaScript of the same run runs meanwhile, so that what is copied stays as it is. The copy
//! lies in the run's table from the begin, so that it goes when the turn is given up.

use super::text::text_of;
use crate::frame::Frame;

/// How much is copied at once: tens of microseconds, with the pages that the system has to find.
pub(super) const BYTES: usize = 128 << 10;

/// Appends a copy of bytes.
pub(super) fn append(frame: &Frame, copy: &mut Vec<u8>, bytes: &[u8]) {
    for piece in bytes.chunks(BYTES) {
        frame.undisturbed(|| copy.extend_from_slice(piece));
        frame.suspend_if_over();
    }
}

/// Has a copy of a text appended. The text is as the engine gives it: UTF-8, but for lone
/// surrogates, each of which becomes U+FFFD.
pub(super) fn append_text(frame: &Frame, mut bytes: &[u8], mut append: impl FnMut(&str)) {
    while !bytes.is_empty() {
        let (piece, rest) = bytes.split_at(end_of_piece(bytes));
        frame.undisturbed(|| append(&text_of(piece)));
        frame.suspend_if_over();
        bytes = rest;
    }
}

/// Where the first piece of a text ends: not within a character, nor within a lone surrogate, which
/// the engine writes as three bytes.
fn end_of_piece(bytes: &[u8]) -> usize {
    if bytes.len() <= BYTES {
        return bytes.len();
    }
    let is_begin = |at: &usize| bytes[*at] & 0xc0 != 0x80;
    (BYTES - 3..=BYTES).rev().find(is_begin).unwrap_or(BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_piece_ends_within_a_character() {
        for filler in 0..4 {
            for character in ["a", "ü", "€", "😀"] {
                let text = "x".repeat(filler) + &character.repeat(BYTES / 2);
                let mut rest = text.as_bytes();
                while !rest.is_empty() {
                    let (piece, others) = rest.split_at(end_of_piece(rest));
                    assert!(!piece.is_empty() && piece.len() <= BYTES);
                    assert!(str::from_utf8(piece).is_ok(), "{character} after {filler}");
                    rest = others;
                }
            }
        }
    }
}
