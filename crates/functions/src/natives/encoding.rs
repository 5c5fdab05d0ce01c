//! UTF-8, base64 and hexadecimal.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose},
};
use hookstead_isolate::{Thrown, Value};

use super::{Outcome, bytes, text, truth};
use crate::host::RunHost;

/// Takes base64 with or without padding, and with stray bits at its end.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

pub(super) fn utf8_encode(_: &mut RunHost, arguments: &[Value]) -> Outcome {
    Ok(text(arguments, 0)?.as_bytes().to_vec().into())
}

/// With a second argument of `true`, invalid bytes throw; otherwise they become U+FFFD.
pub(super) fn utf8_decode(_: &mut RunHost, arguments: &[Value]) -> Outcome {
    let bytes = bytes(arguments, 0)?;
    if truth(arguments, 1) {
        let text = str::from_utf8(bytes)
            .map_err(|_| Thrown::new("TypeError", "the data is not valid UTF-8"))?;
        return Ok(text.into());
    }
    Ok(lossy(bytes).into())
}

/// Bytes as text; what is not UTF-8 becomes U+FFFD.
pub(super) fn lossy(bytes: &[u8]) -> String {
    // Nearly all text is UTF-8, and finding that out at once is much faster.
    str::from_utf8(bytes)
        .map_or_else(|_| String::from_utf8_lossy(bytes).into_owned(), str::to_owned)
}

pub(super) fn base64_encode(_: &mut RunHost, arguments: &[Value]) -> Outcome {
    Ok(general_purpose::STANDARD.encode(bytes(arguments, 0)?).into())
}

/// Takes both alphabets, padding or none, and white space anywhere.
pub(super) fn base64_decode(_: &mut RunHost, arguments: &[Value]) -> Outcome {
    let standard: Vec<u8> = text(arguments, 0)?
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        })
        .collect();
    let decoded = LENIENT
        .decode(standard)
        .map_err(|_| Thrown::new("Error", "the text is not valid base64"))?;
    Ok(decoded.into())
}

pub(super) fn hex_encode(_: &mut RunHost, arguments: &[Value]) -> Outcome {
    Ok(hex::encode(bytes(arguments, 0)?).into())
}

pub(super) fn hex_decode(_: &mut RunHost, arguments: &[Value]) -> Outcome {
    let decoded = hex::decode(text(arguments, 0)?)
        .map_err(|_| Thrown::new("Error", "the text is not valid hexadecimal"))?;
    Ok(decoded.into())
}
