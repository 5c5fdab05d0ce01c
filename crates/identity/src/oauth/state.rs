//! What a browser brings back from a provider: which log-in it has begun
//! (docs/behaviour/users.md#log-in-by-a-browser).
//!
//! The text is signed and good for one log-in. What is bound to the browser is a random secret in
//! a cookie, of which the text has the digest; for Google it is also what the code is exchanged
//! with (PKCE).

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::{SigningKeys, jwt};

/// How long a user may take to log in at the provider.
pub(crate) const STATE_TIME: Duration = Duration::from_mins(10);

/// What tells these texts from access tokens and refresh tokens.
pub(crate) const STATE_TYPE: &str = "oauth";
/// How cookies of log-ins begin.
const COOKIE: &str = "hookstead_log_in_";
/// How many digits of its id name the cookie of a log-in.
const COOKIE_DIGITS: usize = 16;

/// A log-in that a browser has begun.
#[derive(Serialize, Deserialize)]
pub(crate) struct State {
    /// [`STATE_TYPE`].
    pub(crate) typ: String,
    /// A random id, in hexadecimal digits; OpenID Connect tokens repeat it as `nonce`.
    pub(crate) id: String,
    /// The app.
    pub(crate) domain: String,
    /// The type of the provider.
    pub(crate) provider: String,
    /// Where the browser goes with the result.
    pub(crate) redirect: String,
    /// What the client has given for itself.
    pub(crate) client_state: String,
    /// The digest of the secret in the cookie.
    pub(crate) challenge: String,
    /// In seconds since 1970.
    pub(crate) exp: i64,
    /// Whose identity is to be added, where no new session is to begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) linking: Option<Linking>,
}

/// Who adds an identity.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Linking {
    /// In hexadecimal digits.
    pub(crate) session: String,
    /// In hexadecimal digits.
    pub(crate) user: String,
}

impl State {
    /// A log-in of this app that is not over, from the text that a browser brings back.
    pub(crate) fn read(
        keys: &SigningKeys,
        domain: &str,
        now_s: i64,
        text: &str,
    ) -> Result<Self, &'static str> {
        let claims = jwt::verified_claims(keys, text);
        let claims = claims.ok_or("no key of this app has signed the state")?;
        let state: Self =
            serde_json::from_slice(&claims).map_err(|_| "the state is not one of a log-in")?;
        if state.typ != STATE_TYPE {
            return Err("the state is not one of a log-in");
        }
        if state.domain != domain {
            return Err("the state is of another app");
        }
        if state.exp <= now_s {
            return Err("the log-in has taken too long");
        }
        Ok(state)
    }

    /// Whether a secret is that of the cookie.
    pub(crate) fn is_of(&self, secret: &str) -> bool {
        challenge(secret) == self.challenge
    }
}

/// The digest of the secret in a cookie, as PKCE has it.
pub(crate) fn challenge(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, secret.as_bytes()))
}

/// The name of the cookie of a log-in: a browser may begin several.
pub(crate) fn cookie_name(id: &str) -> String {
    format!("{COOKIE}{}", id.get(..COOKIE_DIGITS).unwrap_or(id))
}
