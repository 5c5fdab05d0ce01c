//! JSON Web Tokens that this program signs itself: HS256 and nothing else.
//!
//! The header is compared as text, so that no other algorithm is ever looked at.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

use crate::{AuthError, SigningKeys};

/// `{"alg":"HS256","typ":"JWT"}`
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";
/// How long a token may be; custom user data makes it long.
pub(crate) const TOKEN_BYTES_MAX: usize = 256 << 10;

/// A token with these claims.
pub(crate) fn sign(keys: &SigningKeys, claims: &impl Serialize) -> Result<String, AuthError> {
    let claims = serde_json::to_vec(claims)
        .map_err(|error| AuthError::internal(format!("the claims cannot be written: {error}")))?;
    let mut token = format!("{HEADER}.");
    URL_SAFE_NO_PAD.encode_string(claims, &mut token);
    let tag = keys.sign(token.as_bytes());
    let tag = tag.ok_or_else(|| AuthError::internal("there is no signing key"))?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(tag, &mut token);
    if token.len() > TOKEN_BYTES_MAX {
        return Err(AuthError::internal("the custom user data is too long for a token"));
    }
    Ok(token)
}

/// The claims of a token, as text, where one of the keys has signed it.
pub(crate) fn verified_claims(keys: &SigningKeys, token: &str) -> Option<Vec<u8>> {
    if token.len() > TOKEN_BYTES_MAX {
        return None;
    }
    let (message, signature) = token.rsplit_once('.')?;
    let claims = message.strip_prefix(HEADER)?.strip_prefix('.')?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    if !keys.verify(message.as_bytes(), &signature) {
        return None;
    }
    URL_SAFE_NO_PAD.decode(claims).ok()
}
