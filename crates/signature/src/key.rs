//! A secret, ready to check signatures with.

use std::borrow::Cow;

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{Hash, KeyDecoding, Proof, Refusal, Scheme};

/// What Standard Webhooks puts before its secrets.
const STANDARD_WEBHOOKS_PREFIX: &str = "whsec_";

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

impl Scheme {
    /// Makes a key of a secret, as this scheme spells its secrets.
    ///
    /// # Errors
    /// The secret is empty, or is not spelled as this scheme asks for.
    pub fn key(&self, secret: &str) -> Result<Key, Refusal> {
        let bytes = match self.key {
            KeyDecoding::Utf8 => secret.as_bytes().to_vec(),
            KeyDecoding::StandardWebhooks => {
                let base64 = secret.strip_prefix(STANDARD_WEBHOOKS_PREFIX).unwrap_or(secret);
                STANDARD.decode(base64).map_err(|_| Refusal::MalformedSecret)?
            }
        };
        // An HMAC under the empty key is one that anybody can make.
        if bytes.is_empty() { Err(Refusal::EmptySecret) } else { Ok(Key::new(bytes, self)) }
    }
}
