//! Digests: what is stored instead of a key or a token, and ids that follow from names.

use aws_lc_rs::digest::{Context, SHA256, digest};
use bson::oid::ObjectId;

/// The SHA-256 of some bytes.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

/// The SHA-256 of a random token or key as text, which is what is stored of it.
pub(crate) fn stored(token: &str) -> String {
    hex::encode(sha256(token.as_bytes()))
}

/// The id that follows from some texts: always the same for the same texts.
///
/// It has 96 bits, so that somebody can find two texts of their own with one id, but none for a
/// text of somebody else. Whoever looks something up by such an id compares the texts as well.
pub(crate) fn id_of(parts: &[&str]) -> ObjectId {
    let mut context = Context::new(&SHA256);
    for part in parts {
        // The length keeps ("ab", "c") and ("a", "bc") apart.
        context.update(&(part.len() as u64).to_le_bytes());
        context.update(part.as_bytes());
    }
    let mut id = [0; 12];
    id.copy_from_slice(&context.finish().as_ref()[..12]);
    ObjectId::from_bytes(id)
}

/// The id that tokens and profiles give as `provider_id`. The export of an app may lack the id of
/// a provider, so that it follows from the app and the name of the provider.
pub fn provider_id(domain_id: &str, provider_type: &str) -> String {
    id_of(&["provider", domain_id, provider_type]).to_hex()
}
