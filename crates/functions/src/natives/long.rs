//! Long calls of natives: the same results as short ones, in pieces.
//!
//! Between two pieces others have their turn, and what nobody waits for any more ends.

use aws_lc_rs::{digest, hmac};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hookstead_isolate::{LongWork, Value, pause};
use md5::{Digest as _, Md5};

use super::{
    arguments::{bytes, text, truth, wrong},
    derive, digests, encoding,
};

/// A piece takes some hundred microseconds at most. Divisible by three and by four, so that each
/// piece of base64 is whole.
const PIECE_BYTES: usize = 48 << 10;

pub(super) fn hash(arguments: Vec<Value>) -> LongWork {
    Box::pin(async move {
        let data = bytes(&arguments, 1)?;
        let Some(algorithm) = digests::hash_algorithm(text(&arguments, 0)?)? else {
            let mut context = Md5::new();
            for piece in data.chunks(PIECE_BYTES) {
                context.update(piece);
                pause().await;
            }
            return Ok(context.finalize().to_vec().into());
        };
        let mut context = digest::Context::new(algorithm);
        for piece in data.chunks(PIECE_BYTES) {
            context.update(piece);
            pause().await;
        }
        Ok(context.finish().as_ref().to_vec().into())
    })
}

pub(super) fn hmac(arguments: Vec<Value>) -> LongWork {
    Box::pin(async move {
        let (key, data) = (bytes(&arguments, 1)?, bytes(&arguments, 2)?);
        let Some(algorithm) = digests::hmac_algorithm(text(&arguments, 0)?)? else {
            let (mut inner, outer) = digests::hmac_md5_begin(key);
            for piece in data.chunks(PIECE_BYTES) {
                inner.update(piece);
                pause().await;
            }
            return Ok(outer.chain_update(inner.finalize()).finalize().to_vec().into());
        };
        let mut context = hmac::Context::with_key(&hmac::Key::new(algorithm, key));
        for piece in data.chunks(PIECE_BYTES) {
            context.update(piece);
            pause().await;
        }
        Ok(context.sign().as_ref().to_vec().into())
    })
}

pub(super) fn pbkdf2(arguments: Vec<Value>) -> LongWork {
    Box::pin(async move {
        let plan = digests::Derivation::of(&arguments)?;
        Ok(derive::key(&plan).await?.into())
    })
}

pub(super) fn base64_encode(arguments: Vec<Value>) -> LongWork {
    Box::pin(async move {
        let data = bytes(&arguments, 0)?;
        let mut encoded = String::with_capacity(data.len().div_ceil(3) * 4);
        for piece in data.chunks(PIECE_BYTES) {
            STANDARD.encode_string(piece, &mut encoded);
            pause().await;
        }
        Ok(encoded.into())
    })
}

/// Pieces of four characters each, white space left out; only the last one may be padded.
pub(super) fn base64_decode(arguments: Vec<Value>) -> LongWork {
    Box::pin(async move {
        let given = text(&arguments, 0)?.as_bytes();
        let mut decoded = Vec::with_capacity(given.len() / 4 * 3);
        let mut standard = Vec::with_capacity(PIECE_BYTES + 4);
        for piece in given.chunks(PIECE_BYTES) {
            encoding::append_standard(piece, &mut standard);
            // What follows may be white space alone, so four characters are always left.
            let whole = standard.len().saturating_sub(1) / 4 * 4;
            encoding::decode_whole(&standard[..whole], &mut decoded)?;
            standard.drain(..whole);
            pause().await;
        }
        encoding::decode_last(&standard, &mut decoded)?;
        Ok(decoded.into())
    })
}

pub(super) fn hex_encode(arguments: Vec<Value>) -> LongWork {
    Box::pin(async move {
        let data = bytes(&arguments, 0)?;
        let mut encoded = String::with_capacity(data.len() * 2);
        for piece in data.chunks(PIECE_BYTES) {
            encoded.push_str(&hex::encode(piece));
            pause().await;
        }
        Ok(encoded.into())
    })
}

pub(super) fn hex_decode(arguments: Vec<Value>) -> LongWork {
    Box::pin(async move {
        let given = text(&arguments, 0)?.as_bytes();
        let mut decoded = Vec::with_capacity(given.len() / 2);
        for piece in given.chunks(PIECE_BYTES) {
            decoded.extend(encoding::from_hex(piece)?);
            pause().await;
        }
        Ok(decoded.into())
    })
}

pub(super) fn utf8_decode(mut arguments: Vec<Value>) -> LongWork {
    let is_fatal = truth(&arguments, 1);
    match arguments.first_mut().map(std::mem::take) {
        Some(Value::Bytes(data)) => decode(data, is_fatal),
        // It is text already.
        Some(text @ Value::Text(_)) => Box::pin(async { Ok(text) }),
        _ => Box::pin(async { Err(wrong(0, "bytes")) }),
    }
}

/// UTF-8 as text. What is none throws, or becomes U+FFFD.
pub(super) fn decode(data: impl AsRef<[u8]> + Send + 'static, is_fatal: bool) -> LongWork {
    Box::pin(async move {
        let mut rest = data.as_ref();
        let mut decoded = String::with_capacity(rest.len());
        while !rest.is_empty() {
            let (piece, others) = rest.split_at(end_of_piece(rest));
            match str::from_utf8(piece) {
                Ok(text) => decoded.push_str(text),
                Err(_) if is_fatal => return Err(encoding::not_utf8()),
                Err(_) => decoded.push_str(&String::from_utf8_lossy(piece)),
            }
            rest = others;
            pause().await;
        }
        Ok(decoded.into())
    })
}

/// Where a piece of UTF-8 ends: not within a character, if it is one.
fn end_of_piece(data: &[u8]) -> usize {
    if data.len() <= PIECE_BYTES {
        return data.len();
    }
    let is_begin = |at: &usize| data[*at] & 0xc0 != 0x80;
    (PIECE_BYTES - 3..=PIECE_BYTES).rev().find(is_begin).unwrap_or(PIECE_BYTES)
}

#[cfg(test)]
mod tests;
