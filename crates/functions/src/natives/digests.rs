//! Hashes, message authentication codes, and keys out of passwords.

use std::num::NonZeroU32;

use aws_lc_rs::{digest, hmac, pbkdf2};
use hookstead_isolate::{Thrown, Value};
use md5::{Digest as _, Md5};

use super::{Outcome, bytes, function_error, number, text};
use crate::host::RunHost;

pub(super) fn hash(_: &mut RunHost, arguments: &[Value]) -> Outcome {
    let data = bytes(arguments, 1)?;
    let algorithm = match text(arguments, 0)? {
        "md5" => return Ok(Md5::digest(data).to_vec().into()),
        "sha1" => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        "sha224" => &digest::SHA224,
        "sha256" => &digest::SHA256,
        "sha384" => &digest::SHA384,
        "sha512" => &digest::SHA512,
        other => return Err(function_error(format!("unknown hash algorithm '{other}'"))),
    };
    Ok(digest::digest(algorithm, data).as_ref().to_vec().into())
}

pub(super) fn hmac(_: &mut RunHost, arguments: &[Value]) -> Outcome {
    let (key, data) = (bytes(arguments, 1)?, bytes(arguments, 2)?);
    let algorithm = match text(arguments, 0)? {
        "md5" => return Ok(hmac_md5(key, data).into()),
        "sha1" => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        "sha224" => hmac::HMAC_SHA224,
        "sha256" => hmac::HMAC_SHA256,
        "sha384" => hmac::HMAC_SHA384,
        "sha512" => hmac::HMAC_SHA512,
        other => return Err(function_error(format!("unknown hmac algorithm '{other}'"))),
    };
    let key = hmac::Key::new(algorithm, key);
    Ok(hmac::sign(&key, data).as_ref().to_vec().into())
}

/// RFC 2104 over MD5, which no current library offers; old partners still ask for it.
fn hmac_md5(key: &[u8], data: &[u8]) -> Vec<u8> {
    const BLOCK_BYTES: usize = 64;
    let mut block = [0; BLOCK_BYTES];
    if key.len() > BLOCK_BYTES {
        block[..16].copy_from_slice(&Md5::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let padded = |pad: u8| block.map(|byte| byte ^ pad);
    let inner = Md5::new().chain_update(padded(0x36)).chain_update(data).finalize();
    Md5::new().chain_update(padded(0x5c)).chain_update(inner).finalize().to_vec()
}

/// The work that one call may do. A run's deadline cannot stop it half-way.
const PBKDF2_ROUNDS_MAX: f64 = 10_000_000.0;
/// Far longer than any key, and nothing in terms of memory.
const PBKDF2_BYTES_MAX: f64 = 65536.0;

/// A key out of a password: hash, password, salt, iterations, length.
pub(super) fn pbkdf2(_: &mut RunHost, arguments: &[Value]) -> Outcome {
    let (algorithm, block_bytes) = match text(arguments, 0)? {
        "sha1" => (pbkdf2::PBKDF2_HMAC_SHA1, 20.0),
        "sha256" => (pbkdf2::PBKDF2_HMAC_SHA256, 32.0),
        "sha384" => (pbkdf2::PBKDF2_HMAC_SHA384, 48.0),
        "sha512" => (pbkdf2::PBKDF2_HMAC_SHA512, 64.0),
        other => return Err(function_error(format!("unknown hash algorithm '{other}'"))),
    };
    let (password, salt) = (bytes(arguments, 1)?, bytes(arguments, 2)?);
    let (iterations, length) = (number(arguments, 3)?, number(arguments, 4)?);
    let rounds = iterations * (length / block_bytes).ceil();
    let is_whole = iterations.fract() == 0.0 && length.fract() == 0.0;
    let is_positive = iterations >= 1.0 && length >= 0.0;
    let is_small = rounds <= PBKDF2_ROUNDS_MAX && length <= PBKDF2_BYTES_MAX;
    if !(is_whole && is_positive && is_small) {
        return Err(Thrown::new("RangeError", "pbkdf2: too many iterations or too long a key"));
    }
    let iterations = NonZeroU32::new(iterations as u32).unwrap_or(NonZeroU32::MIN);
    let mut key = vec![0; length as usize];
    if !key.is_empty() {
        pbkdf2::derive(algorithm, iterations, salt, password, &mut key);
    }
    Ok(key.into())
}
