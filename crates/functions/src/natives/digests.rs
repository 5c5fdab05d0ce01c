//! Hashes, message authentication codes, and keys out of passwords.

use std::num::NonZeroU32;

use aws_lc_rs::{digest, hmac, pbkdf2};
use hookstead_isolate::{Thrown, Value};
use md5::{Digest as _, Md5};

use super::arguments::{Outcome, bytes, function_error, number, text};

/// `None` is MD5.
pub(super) fn hash_algorithm(name: &str) -> Result<Option<&'static digest::Algorithm>, Thrown> {
    Ok(Some(match name {
        "md5" => return Ok(None),
        "sha1" => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        "sha224" => &digest::SHA224,
        "sha256" => &digest::SHA256,
        "sha384" => &digest::SHA384,
        "sha512" => &digest::SHA512,
        other => return Err(function_error(format!("unknown hash algorithm '{other}'"))),
    }))
}

pub(super) fn hash(arguments: &[Value]) -> Outcome {
    let data = bytes(arguments, 1)?;
    Ok(match hash_algorithm(text(arguments, 0)?)? {
        Some(algorithm) => digest::digest(algorithm, data).as_ref().to_vec().into(),
        None => Md5::digest(data).to_vec().into(),
    })
}

/// `None` is MD5.
pub(super) fn hmac_algorithm(name: &str) -> Result<Option<hmac::Algorithm>, Thrown> {
    Ok(Some(match name {
        "md5" => return Ok(None),
        "sha1" => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        "sha224" => hmac::HMAC_SHA224,
        "sha256" => hmac::HMAC_SHA256,
        "sha384" => hmac::HMAC_SHA384,
        "sha512" => hmac::HMAC_SHA512,
        other => return Err(function_error(format!("unknown hmac algorithm '{other}'"))),
    }))
}

pub(super) fn hmac(arguments: &[Value]) -> Outcome {
    let (key, data) = (bytes(arguments, 1)?, bytes(arguments, 2)?);
    Ok(match hmac_algorithm(text(arguments, 0)?)? {
        Some(algorithm) => {
            let key = hmac::Key::new(algorithm, key);
            hmac::sign(&key, data).as_ref().to_vec().into()
        }
        None => {
            let (inner, outer) = hmac_md5_begin(key);
            let inner = inner.chain_update(data).finalize();
            outer.chain_update(inner).finalize().to_vec().into()
        }
    })
}

/// RFC 2104 over MD5, which no current library offers; old partners still ask for it. The inner
/// hash, which takes the data, and the outer one, which takes what comes of the inner one.
pub(super) fn hmac_md5_begin(key: &[u8]) -> (Md5, Md5) {
    const BLOCK_BYTES: usize = 64;
    let mut block = [0; BLOCK_BYTES];
    if key.len() > BLOCK_BYTES {
        block[..16].copy_from_slice(&Md5::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let padded = |pad: u8| block.map(|byte| byte ^ pad);
    (Md5::new().chain_update(padded(0x36)), Md5::new().chain_update(padded(0x5c)))
}

/// The work that one call may do.
const PBKDF2_ROUNDS_MAX: f64 = 10_000_000.0;
/// Far longer than any key, and nothing in terms of memory.
const PBKDF2_BYTES_MAX: f64 = 65536.0;

/// What a key is derived from.
pub(super) struct Derivation<'a> {
    pub(super) hash: Prf,
    pub(super) password: &'a [u8],
    pub(super) salt: &'a [u8],
    pub(super) iterations: NonZeroU32,
    pub(super) key_bytes: usize,
}

/// The hash of the pseudo-random function.
#[derive(Clone, Copy)]
pub(super) enum Prf {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl<'a> Derivation<'a> {
    /// Reads hash, password, salt, iterations and length.
    pub(super) fn of(arguments: &'a [Value]) -> Result<Self, Thrown> {
        let (hash, block_bytes) = match text(arguments, 0)? {
            "sha1" => (Prf::Sha1, 20.0),
            "sha256" => (Prf::Sha256, 32.0),
            "sha384" => (Prf::Sha384, 48.0),
            "sha512" => (Prf::Sha512, 64.0),
            other => return Err(function_error(format!("unknown hash algorithm '{other}'"))),
        };
        let (password, salt) = (bytes(arguments, 1)?, bytes(arguments, 2)?);
        let (iterations, length) = (number(arguments, 3)?, number(arguments, 4)?);
        let rounds = iterations * (length / block_bytes).ceil();
        let is_whole = iterations.fract() == 0.0 && length.fract() == 0.0;
        let is_positive = iterations >= 1.0 && length >= 0.0;
        let is_small = rounds <= PBKDF2_ROUNDS_MAX && length <= PBKDF2_BYTES_MAX;
        if !(is_whole && is_positive && is_small) {
            let message = "pbkdf2: too many iterations or too long a key";
            return Err(Thrown::new("RangeError", message));
        }
        let iterations = NonZeroU32::new(iterations as u32).unwrap_or(NonZeroU32::MIN);
        Ok(Self { hash, password, salt, iterations, key_bytes: length as usize })
    }
}

/// A key out of a password.
pub(super) fn pbkdf2(arguments: &[Value]) -> Outcome {
    let Derivation { hash, password, salt, iterations, key_bytes } = Derivation::of(arguments)?;
    let algorithm = match hash {
        Prf::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
        Prf::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
        Prf::Sha384 => pbkdf2::PBKDF2_HMAC_SHA384,
        Prf::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
    };
    let mut key = vec![0; key_bytes];
    if !key.is_empty() {
        pbkdf2::derive(algorithm, iterations, salt, password, &mut key);
    }
    Ok(key.into())
}
