//! The keys that custom tokens are checked with.

use std::fmt;

use aws_lc_rs::{
    hmac,
    signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// How long a secret of HS256 is (docs/behaviour/users.md#custom-tokens).
const SECRET_BYTES_MIN: usize = 32;
const SECRET_BYTES_MAX: usize = 512;
/// How many keys an app may have for one provider.
const KEYS_MAX: usize = 3;

/// The keys that custom tokens are checked with, and the one algorithm that they are for.
/// `Debug` says the algorithm alone.
#[derive(Clone)]
pub struct TokenKeys(pub(crate) Kind);

#[derive(Clone)]
pub(crate) enum Kind {
    /// Secrets that both sides know.
    Hs256(Vec<hmac::Key>),
    /// Public keys.
    Rs256(Vec<RsaKey>),
    /// Public keys that another server publishes, for RS256.
    Jwks(String),
}

/// A public key of RSA.
#[derive(Clone)]
pub(crate) enum RsaKey {
    Der(Vec<u8>),
    Components { modulus: Vec<u8>, exponent: Vec<u8> },
}

/// Why keys cannot be used. The text never holds one.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenKeyError {
    /// There are no keys, or too many.
    #[error("there are {0} signing keys; one to {KEYS_MAX} are allowed")]
    Count(usize),
    /// A secret is too short to be safe, or too long.
    #[error(
        "the signing key {number} has {bytes} bytes; \
         for HS256 it must have {SECRET_BYTES_MIN} to {SECRET_BYTES_MAX}"
    )]
    Length {
        /// Which one, from 1.
        number: usize,
        /// How long it is.
        bytes: usize,
    },
    /// A public key is given where a secret is needed: everybody could sign tokens with it.
    #[error("the signing key {number} is a PEM key, which is not allowed for HS256")]
    PublicSecret {
        /// Which one, from 1.
        number: usize,
    },
    /// A public key cannot be read.
    #[error("the signing key {number} is not the public key of RSA, of 2048 to 8192 bits, as PEM")]
    PublicKey {
        /// Which one, from 1.
        number: usize,
    },
}

impl TokenKeys {
    /// Secrets for HS256.
    ///
    /// # Errors
    /// None or too many of them, and secrets that are not fit for it.
    pub fn hs256<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Result<Self, TokenKeyError> {
        let secret = |(index, secret): (usize, &str)| {
            let (number, bytes) = (index + 1, secret.len());
            if secret.trim_start().starts_with("-----BEGIN ") {
                return Err(TokenKeyError::PublicSecret { number });
            }
            if !(SECRET_BYTES_MIN..=SECRET_BYTES_MAX).contains(&bytes) {
                return Err(TokenKeyError::Length { number, bytes });
            }
            Ok(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()))
        };
        let keys: Vec<_> = secrets.into_iter().enumerate().map(secret).collect::<Result<_, _>>()?;
        check_count(keys.len())?;
        Ok(Self(Kind::Hs256(keys)))
    }

    /// Public keys for RS256, as PEM.
    ///
    /// # Errors
    /// None or too many of them, and texts that are no such keys.
    pub fn rs256<'a>(pems: impl IntoIterator<Item = &'a str>) -> Result<Self, TokenKeyError> {
        let key = |(index, pem)| {
            RsaKey::of_pem(pem).ok_or(TokenKeyError::PublicKey { number: index + 1 })
        };
        let keys: Vec<_> = pems.into_iter().enumerate().map(key).collect::<Result<_, _>>()?;
        check_count(keys.len())?;
        Ok(Self(Kind::Rs256(keys)))
    }

    /// The public keys that another server publishes at a URI, for RS256.
    pub fn jwks(uri: impl Into<String>) -> Self {
        Self(Kind::Jwks(uri.into()))
    }
}

fn check_count(count: usize) -> Result<(), TokenKeyError> {
    match count {
        1..=KEYS_MAX => Ok(()),
        _ => Err(TokenKeyError::Count(count)),
    }
}

impl fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Hs256(_) => "HS256",
            Kind::Rs256(_) => "RS256",
            Kind::Jwks(_) => "JWKS",
        })
    }
}

impl RsaKey {
    /// A public key in PEM. Line breaks may be written as `\n`, as in a variable.
    fn of_pem(text: &str) -> Option<Self> {
        let text = text.replace("\\n", "\n");
        let (label, rest) = text.trim().strip_prefix("-----BEGIN ")?.split_once("-----")?;
        if !matches!(label, "PUBLIC KEY" | "RSA PUBLIC KEY") {
            return None;
        }
        let body = rest.strip_suffix(&format!("-----END {label}-----"))?;
        let body: String = body.split_whitespace().collect();
        let der = STANDARD.decode(body).ok()?;
        ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &der).ok()?;
        Some(Self::Der(der))
    }

    /// Whether this key has signed the message, by RS256.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        let algorithm = &RSA_PKCS1_2048_8192_SHA256;
        match self {
            Self::Der(der) => ParsedPublicKey::new(algorithm, der)
                .is_ok_and(|key| key.verify_sig(message, signature).is_ok()),
            Self::Components { modulus, exponent } => {
                let key = RsaPublicKeyComponents { n: modulus, e: exponent };
                key.verify(algorithm, message, signature).is_ok()
            }
        }
    }
}
