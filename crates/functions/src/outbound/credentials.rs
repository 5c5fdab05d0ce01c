//! A user's name and password, and the header they make.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderValue;
use percent_encoding::percent_decode_str;
use url::Url;

use super::error::CallError;

/// Never printed: there is a password in it.
#[derive(Clone)]
pub(super) struct Credentials {
    pub(super) username: String,
    pub(super) password: String,
}

impl Credentials {
    pub(super) fn new(username: String, password: String) -> Self {
        Self { username, password }
    }

    /// Those that are embedded in a URL.
    pub(super) fn of_url(url: &Url) -> Option<Self> {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        if url.username().is_empty() && url.password().is_none() {
            return None;
        }
        Some(Self::new(decoded(url.username()), decoded(url.password().unwrap_or_default())))
    }

    /// `Authorization: Basic …`
    pub(super) fn basic(&self) -> Result<HeaderValue, CallError> {
        let pair = STANDARD.encode(format!("{}:{}", self.username, self.password));
        secret_header(&format!("Basic {pair}"))
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Credentials")
    }
}

/// A header that HTTP/2 must not keep in its tables.
pub(super) fn secret_header(text: &str) -> Result<HeaderValue, CallError> {
    let mut value = HeaderValue::from_bytes(text.as_bytes())
        .map_err(|_| CallError::Argument("credentials that no header can hold".into()))?;
    value.set_sensitive(true);
    Ok(value)
}
