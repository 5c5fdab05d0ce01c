//! AES-GCM as `utils.crypto` lays it out: nonce, ciphertext, tag.

use aws_lc_rs::aead::{self, AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce};
use hookstead_isolate::{Thrown, Value};

use super::{Outcome, bytes, function_error};
use crate::host::RunHost;

pub(super) fn aes_gcm_encrypt(_: &mut RunHost, arguments: &[Value]) -> Outcome {
    let key = key(bytes(arguments, 0)?)?;
    let mut nonce = [0; aead::NONCE_LEN];
    aws_lc_rs::rand::fill(&mut nonce).map_err(|_| function_error("aes: no randomness"))?;
    let mut sealed = bytes(arguments, 1)?.to_vec();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut sealed)
        .map_err(|_| function_error("aes: encryption failed"))?;
    Ok([nonce.as_slice(), &sealed].concat().into())
}

pub(super) fn aes_gcm_decrypt(_: &mut RunHost, arguments: &[Value]) -> Outcome {
    let key = key(bytes(arguments, 0)?)?;
    let (nonce, sealed) = bytes(arguments, 1)?
        .split_first_chunk()
        .ok_or_else(|| function_error("aes: the message is too short"))?;
    let mut opened = sealed.to_vec();
    let length = key
        .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::empty(), &mut opened)
        .map_err(|_| function_error("aes: message authentication failed"))?
        .len();
    opened.truncate(length);
    Ok(opened.into())
}

fn key(key: &[u8]) -> Result<LessSafeKey, Thrown> {
    let algorithm = match key.len() {
        16 => &AES_128_GCM,
        24 => &AES_192_GCM,
        32 => &AES_256_GCM,
        other => {
            let message = format!("aes: the key must have 16, 24 or 32 bytes, not {other}");
            return Err(function_error(message));
        }
    };
    aead::UnboundKey::new(algorithm, key)
        .map(LessSafeKey::new)
        .map_err(|_| function_error("aes: the key is not usable"))
}
