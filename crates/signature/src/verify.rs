//! Checks the signature of a request.

use std::borrow::Cow;

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest,
    signature::{
        RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256,
        UnparsedPublicKey, VerificationAlgorithm,
    },
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    Encoding, Hash, Key, KeyAlgorithm, Proof, Refusal, RequestParts, Scheme, Timestamp, Token,
    UrlForms,
    fields::{BODY, BODY_READ_BYTES_MAX},
    reading::Reading,
    template::Pieces,
};

/// When a request arrived, and how far from then it may have been signed.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// Seconds since 1970.
    pub now_unix: i64,
    /// Seconds into the past and into the future; `None`: as the scheme has it.
    pub tolerance_s: Option<u64>,
}

impl From<i64> for Clock {
    fn from(now_unix: i64) -> Self {
        Self { now_unix, tolerance_s: None }
    }
}

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
    clock: impl Into<Clock>,
) -> Result<(), Refusal> {
    if secrets.is_empty() {
        return Err(Refusal::EmptySecret);
    }
    let Clock { now_unix, tolerance_s } = clock.into();
    if let Some(name) = scheme.unproven(request) {
        return Err(Refusal::Missing { name });
    }
    let reading = Reading::new(scheme, request)?;
    let way = scheme.way_of(&reading)?;
    let candidates = way.place.candidates(&reading)?;
    let read = |timestamp: &Timestamp| timestamp.read(&way.place, &reading);
    let signed_at = way.timestamp.as_ref().map(read).transpose()?;
    let timestamp = signed_at.as_ref().map_or("", |signed_at| signed_at.text);
    let check = Check {
        scheme,
        secrets,
        reading: &reading,
        candidates: &candidates,
        name: way.place.name(),
        timestamp,
    };
    match way.proof {
        Proof::Secret => check.secret(|candidate| Some(candidate.as_bytes().to_vec())),
        Proof::EncodedSecret => check.secret(|candidate| STANDARD.decode(candidate).ok()),
        Proof::Hmac { hash, signed, encoding } => check.hmac(hash, signed, encoding),
        Proof::SecretHash { signed, encoding } => check.secret_hash(signed, encoding),
        Proof::PublicKey { algorithm, signed, encoding } => {
            check.public_key(algorithm, signed, encoding)
        }
        Proof::Certificate { hash, signed, .. } => check.certificate(hash, signed, now_unix),
    }?;
    match (&way.timestamp, &signed_at) {
        (Some(timestamp), Some(signed_at)) => timestamp.check(signed_at, now_unix, tolerance_s),
        _ => Ok(()),
    }
}

/// When a request says that it was signed, in seconds since 1970, whoever has signed it.
pub fn signed_at(scheme: &Scheme, request: &RequestParts<'_>) -> Option<i64> {
    let reading = Reading::new(scheme, request).ok()?;
    let way = scheme.way_of(&reading).ok()?;
    let signed_at = way.timestamp?.read(&way.place, &reading).ok()?;
    Some(signed_at.unix_s)
}

/// What the signatures of a request are checked with.
struct Check<'a> {
    scheme: &'a Scheme,
    secrets: &'a [Key],
    reading: &'a Reading<'a>,
    candidates: &'a [&'a str],
    /// The header, the parameter or the field that holds them.
    name: &'static str,
    timestamp: &'a str,
}

impl Check<'_> {
    /// Compares texts by their hashes, for comparing them as they are would tell the secret's
    /// length.
    fn secret(&self, decode: impl Fn(&str) -> Option<Vec<u8>>) -> Result<(), Refusal> {
        let hash = |bytes: &[u8]| digest::digest(&digest::SHA256, bytes);
        let mut matched = false;
        for candidate in self.candidates {
            let given = decode(candidate).ok_or(Refusal::Malformed { name: self.name })?;
            let given = hash(&given);
            for key in self.secrets {
                let wanted = hash(key.bytes());
                matched |= verify_slices_are_equal(given.as_ref(), wanted.as_ref()).is_ok();
            }
        }
        if matched { Ok(()) } else { Err(Refusal::Mismatch) }
    }

    fn hmac(&self, hash: Hash, signed: &[Token], encoding: Encoding) -> Result<(), Refusal> {
        let given = decode_all::<DIGEST_BYTES_MAX>(self.candidates, encoding, self.name)?;
        self.any(|pieces| Ok(is_one_of(&given, pieces.hmac(hash, signed)?.as_ref())))
    }

    fn secret_hash(&self, signed: &[Token], encoding: Encoding) -> Result<(), Refusal> {
        let given = decode_all::<DIGEST_BYTES_MAX>(self.candidates, encoding, self.name)?;
        self.any(|pieces| {
            let digest = pieces.digest(Hash::Sha256, pieces.key.bytes(), signed)?;
            Ok(is_one_of(&given, digest.as_ref()))
        })
    }

    fn public_key(
        &self,
        algorithm: KeyAlgorithm,
        signed: &[Token],
        encoding: Encoding,
    ) -> Result<(), Refusal> {
        let given = decode_all::<SIGNATURE_BYTES_MAX>(self.candidates, encoding, self.name)?;
        // Each costs far more than an HMAC.
        if given.len() > SIGNATURES_MAX {
            return Err(Refusal::Malformed { name: self.name });
        }
        // What is signed is put together in one piece.
        if self.reading.parts.body.len() > BODY_READ_BYTES_MAX {
            return Err(Refusal::Malformed { name: BODY });
        }
        self.any(|pieces| {
            let message = pieces.bytes(signed)?;
            let key = UnparsedPublicKey::new(algorithm.verification(), pieces.key.bytes());
            Ok(given.iter().any(|one| key.verify(&message, one.bytes()).is_ok()))
        })
    }

    fn certificate(&self, hash: Hash, signed: &[Token], now_unix: i64) -> Result<(), Refusal> {
        let encoding = Encoding::Base64;
        let given = decode_all::<SIGNATURE_BYTES_MAX>(self.candidates, encoding, self.name)?;
        let certificate = self.reading.parts.certificate.ok_or(Refusal::NoCertificate)?;
        if !certificate.is_valid_at(now_unix) {
            return Err(Refusal::OldCertificate);
        }
        let algorithm: &'static dyn VerificationAlgorithm = match hash {
            Hash::Sha1 => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha256 | Hash::Sha512 => &RSA_PKCS1_2048_8192_SHA256,
        };
        let key = UnparsedPublicKey::new(algorithm, certificate.public_key());
        self.any(|pieces| {
            let message = pieces.bytes(signed)?;
            Ok(given.iter().any(|one| key.verify(&message, one.bytes()).is_ok()))
        })
    }

    /// Whether a check succeeds for one of the secrets and one of the spellings of the URL. All
    /// are tried, whichever succeeds.
    fn any(&self, check: impl Fn(Pieces<'_>) -> Result<bool, Refusal>) -> Result<(), Refusal> {
        let Self { scheme, reading, timestamp, .. } = *self;
        let mut outcome = Err(Refusal::Mismatch);
        let (verbatim, others);
        let urls = if scheme.urls == UrlForms::Verbatim {
            verbatim = [Cow::Borrowed(reading.parts.url)];
            &verbatim[..]
        } else {
            others = scheme.urls.of(reading.parts.url);
            &others
        };
        for url in urls {
            for key in self.secrets {
                match check(Pieces { reading, timestamp, url, key }) {
                    Ok(true) => outcome = Ok(()),
                    // Another secret may be the right one.
                    Ok(false) | Err(Refusal::Mismatch) => {}
                    Err(refusal) => return Err(refusal),
                }
            }
        }
        outcome
    }
}

/// A digest of another length is a mismatch like any other.
fn is_one_of<const MAX: usize>(given: &[Decoded<MAX>], wanted: &[u8]) -> bool {
    given.iter().any(|one| verify_slices_are_equal(wanted, one.bytes()).is_ok())
}

/// The digests or signatures that can be read, among several; an error when none can.
fn decode_all<const MAX: usize>(
    candidates: &[&str],
    encoding: Encoding,
    name: &'static str,
) -> Result<Vec<Decoded<MAX>>, Refusal> {
    let mut refusal = Refusal::Malformed { name };
    let mut all = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        match decode(candidate, encoding) {
            Ok(decoded) => all.push(decoded),
            Err(Undecoded::OfNoHash) => refusal = Refusal::Mismatch,
            Err(Undecoded::Malformed) => {}
        }
    }
    if all.is_empty() { Err(refusal) } else { Ok(all) }
}

/// Whether a text can be a signature of a public key.
pub(crate) fn is_signature(text: &str) -> bool {
    decode::<SIGNATURE_BYTES_MAX>(text, Encoding::Base64).is_ok_and(|one| !one.bytes().is_empty())
}

/// Bytes of the longest digest that there is.
const DIGEST_BYTES_MAX: usize = 64;
/// Bytes of the longest signature: one of RSA with the longest key that is taken.
const SIGNATURE_BYTES_MAX: usize = 1024;
/// How many signatures of one request are checked with a public key.
const SIGNATURES_MAX: usize = 4;

/// A digest or a signature as it was sent.
struct Decoded<const MAX: usize> {
    buffer: [u8; MAX],
    len: usize,
}

impl<const MAX: usize> Decoded<MAX> {
    fn bytes(&self) -> &[u8] {
        &self.buffer[..self.len]
    }
}

enum Undecoded {
    /// Well spelt, but too long, or cut off.
    OfNoHash,
    Malformed,
}

fn decode<const MAX: usize>(text: &str, encoding: Encoding) -> Result<Decoded<MAX>, Undecoded> {
    let decoded = match encoding {
        Encoding::Hex => return decode_hex(text),
        Encoding::Base64 => STANDARD.decode(text),
    };
    let decoded = decoded.map_err(|_| Undecoded::Malformed)?;
    let mut buffer = [0; MAX];
    let bytes = buffer.get_mut(..decoded.len()).ok_or(Undecoded::OfNoHash)?;
    bytes.copy_from_slice(&decoded);
    Ok(Decoded { buffer, len: decoded.len() })
}

fn decode_hex<const MAX: usize>(text: &str) -> Result<Decoded<MAX>, Undecoded> {
    let len = text.len() / 2;
    if text.len() % 2 == 1 {
        return Err(Undecoded::OfNoHash);
    }
    let mut buffer = [0; MAX];
    let Some(bytes) = buffer.get_mut(..len) else {
        let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        return Err(if is_hex { Undecoded::OfNoHash } else { Undecoded::Malformed });
    };
    hex::decode_to_slice(text, bytes).map_err(|_| Undecoded::Malformed)?;
    Ok(Decoded { buffer, len })
}
