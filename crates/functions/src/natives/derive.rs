//! PBKDF2 (RFC 8018 §5.2) that can be stopped between two rounds.
//!
//! A library's function runs to its end, which takes seconds for millions of iterations. This one
//! is the same loop over the HMAC of a library, whose state after the password is kept.

use hmac::{Hmac, KeyInit as _, Mac, digest::InvalidLength};
use hookstead_isolate::{Thrown, pause};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

use super::digests::{Derivation, Prf};

/// A hundred microseconds, or two.
const ROUNDS_PER_PIECE: u32 = 256;

/// A key out of a password.
pub(super) async fn key(plan: &Derivation<'_>) -> Result<Vec<u8>, Thrown> {
    let password = plan.password;
    match plan.hash {
        Prf::Sha1 => blocks(plan, Hmac::<Sha1>::new_from_slice(password)).await,
        Prf::Sha256 => blocks(plan, Hmac::<Sha256>::new_from_slice(password)).await,
        Prf::Sha384 => blocks(plan, Hmac::<Sha384>::new_from_slice(password)).await,
        Prf::Sha512 => blocks(plan, Hmac::<Sha512>::new_from_slice(password)).await,
    }
}

async fn blocks<M: Mac + Clone>(
    plan: &Derivation<'_>,
    keyed: Result<M, InvalidLength>,
) -> Result<Vec<u8>, Thrown> {
    // HMAC takes keys of any length.
    let keyed = keyed.map_err(|error| Thrown::new("Error", error.to_string()))?;
    let salted = keyed.clone().chain_update(plan.salt);
    let mut key = vec![0; plan.key_bytes];
    for (index, block) in (1_u32..).zip(key.chunks_mut(M::output_size())) {
        let mut round = salted.clone().chain_update(index.to_be_bytes()).finalize().into_bytes();
        block.copy_from_slice(&round[..block.len()]);
        for iteration in 1..plan.iterations.get() {
            round = keyed.clone().chain_update(&round).finalize().into_bytes();
            for (byte, other) in block.iter_mut().zip(&round) {
                *byte ^= other;
            }
            if iteration % ROUNDS_PER_PIECE == 0 {
                pause().await;
            }
        }
    }
    Ok(key)
}
