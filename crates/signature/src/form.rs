//! Forms as Twilio signs them (docs/behaviour/signatures.md#twilio).

use aws_lc_rs::digest;

use crate::{
    Refusal, RequestParts,
    fields::{BODY, BODY_READ_BYTES_MAX},
};

/// How many fields a form may have that is sorted before anything is proven.
const FIELDS_MAX: usize = 1000;

/// The parameter with the hash of a body that is no form.
pub(crate) const BODY_HASH: &str = "bodySHA256";

/// The header that tells a form from other bodies.
pub(crate) const CONTENT_TYPE: &str = "Content-Type";

/// Names and values of the form, in the order in which they are signed. Nothing where the query
/// holds the hash of the body, or the body is empty.
///
/// # Errors
/// The hash is another one, or the body is covered by nothing.
pub(crate) fn signed_fields(parts: &RequestParts<'_>) -> Result<Vec<Vec<u8>>, Refusal> {
    if parts.has_parameter(BODY_HASH) {
        let hash = digest::digest(&digest::SHA256, parts.body);
        let stated = hex::decode(parts.parameter(BODY_HASH)?);
        // The hash of a body is no secret, so that time does not matter.
        let is_equal = stated.is_ok_and(|stated| stated == hash.as_ref());
        return if is_equal { Ok(Vec::new()) } else { Err(Refusal::Mismatch) };
    }
    if parts.body.is_empty() {
        return Ok(Vec::new());
    }
    if !is_form(parts) {
        return Err(Refusal::Missing { name: BODY_HASH });
    }
    let malformed = || Refusal::Malformed { name: BODY };
    if parts.body.len() > BODY_READ_BYTES_MAX {
        return Err(malformed());
    }
    let mut fields = Vec::new();
    for pair in parts.body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        if fields.len() == FIELDS_MAX {
            return Err(malformed());
        }
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let mut half = || decode(halves.next().unwrap_or_default());
        fields.push((half(), half()));
    }
    fields.sort();
    fields.dedup();
    Ok(fields.into_iter().flat_map(|(name, value)| [name, value]).collect())
}

fn is_form(parts: &RequestParts<'_>) -> bool {
    let kind = parts.header(CONTENT_TYPE).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// Undoes the encoding of a name or a value; a `%` without two digits stands for itself.
fn decode(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        bytes.push(match (first, tail) {
            (b'+', _) => b' ',
            (b'%', [high, low, tail @ ..]) => match hex_byte(*high, *low) {
                Some(byte) => {
                    rest = tail;
                    byte
                }
                None => b'%',
            },
            (byte, _) => *byte,
        });
    }
    bytes
}

/// The byte of two hexadecimal digits.
pub(crate) fn hex_byte(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? << 4 | digit(low)?)
}
