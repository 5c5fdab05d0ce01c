//! JSON Web Tokens that others sign (docs/behaviour/users.md#custom-tokens).
//!
//! The algorithm is a setting of the app. What a token says about it only has to agree.

mod claims;
mod jwks;
mod keys;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

pub use claims::MetadataField;
pub(crate) use claims::{Claims, Rules, check_times, metadata};
pub(crate) use jwks::{Jwks, NoKey};
pub(crate) use keys::{Kind, RsaKey};
pub use keys::{TokenKeyError, TokenKeys};

/// How long a token may be (docs/behaviour/users.md#custom-tokens).
pub(crate) const TOKEN_BYTES_MAX: usize = 1_000_000;

/// A token in its parts, of which none is trusted yet.
pub(crate) struct Parts<'a> {
    pub(crate) header: Header,
    /// What is signed: the header and the claims.
    pub(crate) message: &'a [u8],
    pub(crate) signature: Vec<u8>,
    pub(crate) claims: Vec<u8>,
}

#[derive(Deserialize)]
pub(crate) struct Header {
    pub(crate) alg: String,
    #[serde(default)]
    pub(crate) kid: Option<String>,
    /// Extensions that must be understood; none is.
    #[serde(default)]
    crit: Option<serde_json::Value>,
}

impl<'a> Parts<'a> {
    /// The parts of a token, or what is wrong with it.
    pub(crate) fn read(token: &'a str) -> Result<Self, &'static str> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err("the token is too long");
        }
        let (message, signature) = token.rsplit_once('.').ok_or("the token has no parts")?;
        let (header, claims) = message.split_once('.').ok_or("the token has two parts")?;
        let decoded = |text: &str| {
            URL_SAFE_NO_PAD.decode(text).map_err(|_| "a part of the token is not base64url")
        };
        let header: Header = serde_json::from_slice(&decoded(header)?)
            .map_err(|_| "the header of the token cannot be read")?;
        if header.crit.is_some() {
            return Err("the token has an extension that must be understood");
        }
        Ok(Self {
            header,
            message: message.as_bytes(),
            signature: decoded(signature)?,
            claims: decoded(claims)?,
        })
    }
}
