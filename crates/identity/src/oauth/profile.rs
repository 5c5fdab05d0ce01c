//! What a provider says of a user.

use serde_json::{Map, Value as Json};

/// What a provider says of a user.
pub(crate) struct Profile {
    /// The id of the user at the provider.
    pub(crate) subject: String,
    /// What the metadata fields and the restrictions are looked up in.
    pub(crate) claims: Map<String, Json>,
}

impl Profile {
    /// Whether the provider says that it has verified the email address. Apple says it as text.
    pub(crate) fn is_email_verified(&self) -> bool {
        match self.claims.get("email_verified") {
            Some(Json::Bool(is_verified)) => *is_verified,
            Some(Json::String(text)) => text == "true",
            _ => false,
        }
    }
}
