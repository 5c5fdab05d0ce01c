//! A secret, ready to check signatures with.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{KeyDecoding, Refusal, Scheme};

/// What Standard Webhooks puts before its secrets.
const STANDARD_WEBHOOKS_PREFIX: &str = "whsec_";

/// A key that is never empty and can be neither printed nor formatted.
#[derive(Clone)]
pub struct Key(Vec<u8>);

impl Key {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Scheme {
    /// Makes a key of a secret, as this scheme spells its secrets.
    pub fn key(&self, secret: &str) -> Result<Key, Refusal> {
        let bytes = match self.key {
            KeyDecoding::Utf8 => secret.as_bytes().to_vec(),
            KeyDecoding::StandardWebhooks => {
                let base64 = secret.strip_prefix(STANDARD_WEBHOOKS_PREFIX).unwrap_or(secret);
                STANDARD.decode(base64).map_err(|_| Refusal::MalformedSecret)?
            }
        };
        // An HMAC under the empty key is one that anybody can make.
        if bytes.is_empty() { Err(Refusal::EmptySecret) } else { Ok(Key(bytes)) }
    }
}
