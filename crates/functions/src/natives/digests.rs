//! Hashes and message authentication codes.

use aws_lc_rs::{digest, hmac};
use hookstead_isolate::Value;
use md5::{Digest as _, Md5};

use super::{Outcome, bytes, function_error, text};
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
