//! A secret, ready to check signatures with.

use std::borrow::Cow;

use aws_lc_rs::{
    digest, hmac,
    signature::{ECDSA_P256_SHA256_ASN1, ED25519, UnparsedPublicKey, VerificationAlgorithm},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{Hash, KeyAlgorithm, KeyDecoding, Proof, Refusal, Scheme};

/// What Standard Webhooks puts before its secrets, and before its public keys.
const STANDARD_WEBHOOKS_PREFIX: &str = "whsec_";
const STANDARD_WEBHOOKS_PUBLIC_PREFIX: &str = "whpk_";

/// Bytes of a public key of Ed25519.
const ED25519_BYTES: usize = 32;

/// A key that is never empty and can be neither printed nor formatted.
#[derive(Clone)]
pub struct Key {
    bytes: Vec<u8>,
    /// For the hashes that its scheme knows: half of an HMAC's work depends on the key alone.
    hmacs: Vec<(Hash, hmac::Key)>,
}

impl Key {
    fn new(bytes: Vec<u8>, scheme: &Scheme) -> Self {
        let mut hmacs: Vec<(Hash, hmac::Key)> = Vec::new();
        for way in scheme.ways {
            if let Proof::Hmac { hash, .. } = way.proof
                && !hmacs.iter().any(|(known, _)| *known == hash)
            {
                hmacs.push((hash, hmac::Key::new(algorithm(hash), &bytes)));
            }
        }
        Self { bytes, hmacs }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn hmac(&self, hash: Hash) -> Cow<'_, hmac::Key> {
        match self.hmacs.iter().find(|(known, _)| *known == hash) {
            Some((_, key)) => Cow::Borrowed(key),
            // A key that was made for another scheme.
            None => Cow::Owned(hmac::Key::new(algorithm(hash), &self.bytes)),
        }
    }
}

fn algorithm(hash: Hash) -> hmac::Algorithm {
    match hash {
        Hash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha256 => hmac::HMAC_SHA256,
        Hash::Sha512 => hmac::HMAC_SHA512,
    }
}

pub(crate) fn digest_algorithm(hash: Hash) -> &'static digest::Algorithm {
    match hash {
        Hash::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha256 => &digest::SHA256,
        Hash::Sha512 => &digest::SHA512,
    }
}

impl KeyAlgorithm {
    pub(crate) fn verification(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::Ed25519 => &ED25519,
            Self::EcdsaP256 => &ECDSA_P256_SHA256_ASN1,
        }
    }
}

impl Scheme {
    /// Makes a key of a secret, as this scheme spells its secrets.
    ///
    /// # Errors
    /// The secret is empty, or is not spelled as this scheme asks for.
    pub fn key(&self, secret: &str) -> Result<Key, Refusal> {
        // A key of nothing is one that anybody has.
        if secret.is_empty() {
            return Err(Refusal::EmptySecret);
        }
        let bytes = match self.key {
            KeyDecoding::Utf8 => Some(secret.as_bytes().to_vec()),
            KeyDecoding::StandardWebhooks => {
                let base64 = secret.strip_prefix(STANDARD_WEBHOOKS_PREFIX).unwrap_or(secret);
                STANDARD.decode(base64).ok()
            }
            KeyDecoding::Hex => hex::decode(secret.trim_ascii()).ok(),
            KeyDecoding::Ed25519Hex => hex::decode(secret.trim_ascii()).ok().and_then(ed25519),
            KeyDecoding::Ed25519StandardWebhooks => {
                let base64 = secret.strip_prefix(STANDARD_WEBHOOKS_PUBLIC_PREFIX);
                STANDARD.decode(base64.unwrap_or(secret)).ok().and_then(ed25519)
            }
            KeyDecoding::P256Base64 => p256(secret),
        };
        let bytes = bytes.ok_or(Refusal::MalformedSecret)?;
        if bytes.is_empty() { Err(Refusal::EmptySecret) } else { Ok(Key::new(bytes, self)) }
    }
}

fn ed25519(bytes: Vec<u8>) -> Option<Vec<u8>> {
    let is_key =
        bytes.len() == ED25519_BYTES && UnparsedPublicKey::new(&ED25519, &bytes).parse().is_ok();
    is_key.then_some(bytes)
}

fn p256(text: &str) -> Option<Vec<u8>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("-----"));
    let bytes = STANDARD.decode(lines.collect::<String>()).ok()?;
    let is_key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &bytes).parse().is_ok();
    is_key.then_some(bytes)
}
