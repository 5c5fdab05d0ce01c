//! UTF-8, base64 and hexadecimal.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose},
};
use hookstead_isolate::{Thrown, Value};

use super::arguments::{Outcome, bytes, text, truth};

/// Takes base64 with or without padding, and with stray bits at its end.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What stands before the end of a text: no padding.
const UNPADDED: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

pub(super) fn utf8_encode(arguments: &[Value]) -> Outcome {
    Ok(text(arguments, 0)?.as_bytes().to_vec().into())
}

/// With a second argument of `true`, invalid bytes throw; otherwise they become U+FFFD.
pub(super) fn utf8_decode(arguments: &[Value]) -> Outcome {
    let bytes = bytes(arguments, 0)?;
    if truth(arguments, 1) {
        return Ok(str::from_utf8(bytes).map_err(|_| not_utf8())?.into());
    }
    Ok(lossy(bytes).into())
}

/// Bytes as text; what is not UTF-8 becomes U+FFFD.
pub(super) fn lossy(bytes: &[u8]) -> String {
    // Nearly all text is UTF-8, and finding that out at once is much faster.
    str::from_utf8(bytes)
        .map_or_else(|_| String::from_utf8_lossy(bytes).into_owned(), str::to_owned)
}

pub(super) fn base64_encode(arguments: &[Value]) -> Outcome {
    Ok(general_purpose::STANDARD.encode(bytes(arguments, 0)?).into())
}

/// Takes both alphabets, padding or none, and white space anywhere.
pub(super) fn base64_decode(arguments: &[Value]) -> Outcome {
    let (mut standard, mut decoded) = (Vec::new(), Vec::new());
    append_standard(text(arguments, 0)?.as_bytes(), &mut standard);
    decode_last(&standard, &mut decoded)?;
    Ok(decoded.into())
}

/// Appends the characters of a text in the standard alphabet, without white space.
pub(super) fn append_standard(text: &[u8], standard: &mut Vec<u8>) {
    let characters = text.iter().filter(|byte| !byte.is_ascii_whitespace());
    standard.extend(characters.map(|byte| match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => *other,
    }));
}

/// Decodes the end of a text.
pub(super) fn decode_last(standard: &[u8], decoded: &mut Vec<u8>) -> Result<(), Thrown> {
    LENIENT.decode_vec(standard, decoded).map_err(|_| not_base64())
}

/// Decodes groups of four characters that others follow.
pub(super) fn decode_whole(standard: &[u8], decoded: &mut Vec<u8>) -> Result<(), Thrown> {
    UNPADDED.decode_vec(standard, decoded).map_err(|_| not_base64())
}

fn not_base64() -> Thrown {
    Thrown::new("Error", "the text is not valid base64")
}

pub(super) fn not_utf8() -> Thrown {
    Thrown::new("TypeError", "the data is not valid UTF-8")
}

pub(super) fn hex_encode(arguments: &[Value]) -> Outcome {
    Ok(hex::encode(bytes(arguments, 0)?).into())
}

pub(super) fn hex_decode(arguments: &[Value]) -> Outcome {
    Ok(from_hex(text(arguments, 0)?.as_bytes())?.into())
}

pub(super) fn from_hex(text: &[u8]) -> Result<Vec<u8>, Thrown> {
    hex::decode(text).map_err(|_| Thrown::new("Error", "the text is not valid hexadecimal"))
}
