//! What somebody proves with who they are.

use crate::{ExtendedJson, OAuthKind, OAuthProof};

/// What somebody proves with who they are. There is no `Debug`: most of it is secret.
pub enum Credentials {
    /// Nothing: a new anonymous user.
    Anonymous,
    /// An email address and a password.
    EmailPassword {
        /// The email address.
        email: String,
        /// The password.
        password: String,
    },
    /// An API key of the app or of a user.
    ApiKey(String),
    /// A JSON Web Token that somebody else has signed.
    CustomToken(String),
    /// What the app's own function makes of it.
    CustomFunction(ExtendedJson),
    /// What a provider that speaks OAuth 2.0 makes of it.
    OAuth(OAuthKind, OAuthProof),
}
