//! An authorisation code becomes tokens (docs/behaviour/users.md#google-facebook-and-apple).

use serde::Deserialize;
use serde_json::{Value as Json, json};
use url::form_urlencoded;

use super::{ClientSecret, OAuthProof, OAuthProvider};

/// Longer words of a provider about a failure are not logged.
const REASON_BYTES_MAX: usize = 64;

/// An authorisation code, and what binds it to the request that it was made for.
#[derive(Clone, Copy)]
pub(crate) struct Code<'a> {
    pub(crate) code: &'a str,
    /// Where the provider has sent the browser; empty for a code that a device was given.
    pub(crate) redirect_uri: &'a str,
    /// What the challenge was made of, where there was one.
    pub(crate) verifier: Option<&'a str>,
}

/// What somebody shows: a proof of a client, or the code that a browser brings back.
pub(crate) enum Shown<'a> {
    Proof(&'a OAuthProof),
    Code {
        code: Code<'a>,
        /// What an OpenID Connect token must repeat.
        nonce: &'a str,
    },
}

/// The tokens that a code has become.
#[derive(Deserialize)]
pub(crate) struct Grant {
    #[serde(default)]
    pub(crate) access_token: Option<String>,
    #[serde(default)]
    pub(crate) id_token: Option<String>,
}

/// The request that makes tokens of a code, and its body.
pub(crate) fn code_request(
    provider: &OAuthProvider,
    secret: &ClientSecret,
    Code { code, redirect_uri, verifier }: Code<'_>,
) -> (Json, Vec<u8>) {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "authorization_code");
    form.append_pair("code", code);
    form.append_pair("client_id", &provider.client_id);
    form.append_pair("client_secret", secret.expose());
    form.append_pair("redirect_uri", redirect_uri);
    if let Some(verifier) = verifier {
        form.append_pair("code_verifier", verifier);
    }
    let request = json!({
        "method": "POST",
        "url": provider.server.token_url,
        "headers": [
            ["Accept", "application/json"],
            ["Content-Type", "application/x-www-form-urlencoded"],
        ],
    });
    (request, form.finish().into_bytes())
}

/// The word for what a provider refuses, where it is one that can be logged.
pub(crate) fn reason(body: &[u8]) -> Option<String> {
    let body: Json = serde_json::from_slice(body).ok()?;
    let error = body.get("error")?;
    let word = error.as_str().or_else(|| error.get("type")?.as_str())?;
    is_word(word).then(|| word.to_owned())
}

/// Whether a text is a word that OAuth 2.0 gives failures, such as `invalid_grant`.
pub(crate) fn is_word(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=REASON_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_plain)
}
