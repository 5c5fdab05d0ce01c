//! Checks the signature of a request.

use aws_lc_rs::{constant_time::verify_slices_are_equal, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{Encoding, Key, Proof, Refusal, RequestParts, Scheme, Timestamp, template};

/// Lets a request in, or says why not.
///
/// Any of the secrets may have been used, so that they can be exchanged without a gap.
/// The time window is checked last: only who holds a secret learns that a signature is old.
///
/// # Errors
/// The reason of the refusal; the first that holds, in the order of the checks.
pub fn verify(
    scheme: &Scheme,
    secrets: &[Key],
    request: &RequestParts<'_>,
    now_unix: i64,
) -> Result<(), Refusal> {
    if secrets.is_empty() {
        return Err(Refusal::EmptySecret);
    }
    let way = scheme.way_of(request)?;
    let candidates = way.place.candidates(request)?;
    let read = |timestamp: &Timestamp| timestamp.read(&way.place, request);
    let signed_at = way.timestamp.as_ref().map(read).transpose()?;

    match way.proof {
        Proof::Secret => check_secret(&candidates, secrets)?,
        Proof::Hmac { hash, signed, encoding } => {
            let digests = decode_all(&candidates, encoding, way.place.name())?;
            let timestamp = signed_at.as_ref().map_or("", |signed_at| signed_at.text);
            let mut matched = false;
            for key in secrets {
                let tag = template::tag(hash, key, signed, request, timestamp)?;
                let equal = |digest: &Digest| {
                    // A digest of another length is a mismatch like any other.
                    verify_slices_are_equal(tag.as_ref(), digest.bytes()).is_ok()
                };
                matched |= digests.iter().any(equal);
            }
            if !matched {
                return Err(Refusal::Mismatch);
            }
        }
    }
    match (&way.timestamp, &signed_at) {
        (Some(timestamp), Some(signed_at)) => timestamp.check(signed_at, now_unix),
        _ => Ok(()),
    }
}

/// Compares texts by their hashes, for comparing them as they are would tell the secret's length.
fn check_secret(candidates: &[&str], secrets: &[Key]) -> Result<(), Refusal> {
    let hash = |bytes: &[u8]| digest::digest(&digest::SHA256, bytes);
    let mut matched = false;
    for candidate in candidates {
        let given = hash(candidate.as_bytes());
        for key in secrets {
            matched |= verify_slices_are_equal(given.as_ref(), hash(key.bytes()).as_ref()).is_ok();
        }
    }
    if matched { Ok(()) } else { Err(Refusal::Mismatch) }
}

/// The digests that can be read, among several; an error when none can.
fn decode_all(
    candidates: &[&str],
    encoding: Encoding,
    name: &'static str,
) -> Result<Vec<Digest>, Refusal> {
    let mut refusal = Refusal::Malformed { name };
    let mut digests = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        match decode(candidate, encoding) {
            Decoded::Digest(digest) => digests.push(digest),
            Decoded::OfNoHash => refusal = Refusal::Mismatch,
            Decoded::Malformed => {}
        }
    }
    if digests.is_empty() { Err(refusal) } else { Ok(digests) }
}

/// Bytes of the longest digest that there is.
const DIGEST_BYTES_MAX: usize = 64;

/// A digest as it was sent.
struct Digest {
    buffer: [u8; DIGEST_BYTES_MAX],
    len: usize,
}

impl Digest {
    fn bytes(&self) -> &[u8] {
        &self.buffer[..self.len]
    }
}

enum Decoded {
    Digest(Digest),
    /// Well spelt, but too long for any hash, or cut off.
    OfNoHash,
    Malformed,
}

fn decode(text: &str, encoding: Encoding) -> Decoded {
    let decoded = match encoding {
        Encoding::Hex => return decode_hex(text),
        Encoding::Base64 => STANDARD.decode(text),
    };
    let Ok(decoded) = decoded else { return Decoded::Malformed };
    let mut buffer = [0; DIGEST_BYTES_MAX];
    let Some(bytes) = buffer.get_mut(..decoded.len()) else { return Decoded::OfNoHash };
    bytes.copy_from_slice(&decoded);
    Decoded::Digest(Digest { buffer, len: decoded.len() })
}

fn decode_hex(text: &str) -> Decoded {
    let len = text.len() / 2;
    if text.len() % 2 == 1 {
        return Decoded::OfNoHash;
    }
    let mut buffer = [0; DIGEST_BYTES_MAX];
    let Some(bytes) = buffer.get_mut(..len) else {
        let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        return if is_hex { Decoded::OfNoHash } else { Decoded::Malformed };
    };
    match hex::decode_to_slice(text, bytes) {
        Ok(()) => Decoded::Digest(Digest { buffer, len }),
        Err(_) => Decoded::Malformed,
    }
}
