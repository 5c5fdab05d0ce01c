//! Random ids, tokens and keys, all from the system's source of randomness.

use aws_lc_rs::rand;
use bson::oid::ObjectId;

use crate::AuthError;

/// Letters and digits of an API key.
const ALPHANUMERIC: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// How many characters an API key has.
const API_KEY_CHARS: usize = 64;
/// How many letters follow the dash in the identity of an anonymous user.
const ANONYMOUS_LETTERS: usize = 24;
/// How many bytes of randomness the token of a link has.
const LINK_TOKEN_BYTES: usize = 32;

/// Random bytes.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], AuthError> {
    let mut bytes = [0; N];
    fill(&mut bytes)?;
    Ok(bytes)
}

fn fill(bytes: &mut [u8]) -> Result<(), AuthError> {
    rand::fill(bytes).map_err(|_| AuthError::internal("the system gives no random bytes"))
}

/// An id that nobody can guess. The ids of `ObjectId::new` can be guessed from one another.
pub(crate) fn object_id() -> Result<ObjectId, AuthError> {
    Ok(ObjectId::from_bytes(bytes()?))
}

/// An API key: 64 letters and digits.
pub(crate) fn api_key() -> Result<String, AuthError> {
    characters(ALPHANUMERIC, API_KEY_CHARS)
}

/// The identity of an anonymous user: 24 hexadecimal digits, a dash and 24 letters.
pub(crate) fn anonymous_identity() -> Result<String, AuthError> {
    let letters = characters(b"abcdefghijklmnopqrstuvwxyz", ANONYMOUS_LETTERS)?;
    Ok(format!("{}-{letters}", object_id()?.to_hex()))
}

/// The token of a link.
pub(crate) fn link_token() -> Result<String, AuthError> {
    Ok(hex::encode(bytes::<LINK_TOKEN_BYTES>()?))
}

/// Characters of an alphabet, each of the same probability.
fn characters(alphabet: &[u8], count: usize) -> Result<String, AuthError> {
    // The largest multiple of the alphabet's size that a byte can hold: what is above it is
    // dropped, because it would make some characters more probable.
    let limit = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(count);
    while text.len() < count {
        let bytes = bytes::<API_KEY_CHARS>()?;
        let fair = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < limit);
        text.extend(
            fair.take(count - text.len()).map(|byte| char::from(alphabet[byte % alphabet.len()])),
        );
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_keys_have_their_documented_forms() {
        let key = api_key().unwrap();
        assert_eq!(key.len(), 64);
        assert!(key.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let identity = anonymous_identity().unwrap();
        let (hex, letters) = identity.split_once('-').unwrap();
        assert_eq!((hex.len(), letters.len()), (24, 24));
        assert!(letters.bytes().all(|byte| byte.is_ascii_lowercase()));
        assert_ne!(api_key().unwrap(), key);
    }
}
