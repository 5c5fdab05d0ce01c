//! A user's name and password, and the header they make.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderValue;
use percent_encoding::percent_decode_str;
use url::Url;

use crate::error::CallError;

/// Never printed: there is a password in it.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) username: String,
    pub(crate) password: String,
}

impl Credentials {
    pub(crate) fn new(username: String, password: String) -> Self {
        Self { username, password }
    }

    /// Those that are embedded in a URL.
    pub(crate) fn of_url(url: &Url) -> Option<Self> {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        if url.username().is_empty() && url.password().is_none() {
            return None;
        }
        Some(Self::new(decoded(url.username()), decoded(url.password().unwrap_or_default())))
    }

    /// `Authorization: Basic …`
    pub(crate) fn basic(&self) -> Result<HeaderValue, CallError> {
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
pub(crate) fn secret_header(text: &str) -> Result<HeaderValue, CallError> {
    let mut value = HeaderValue::from_bytes(text.as_bytes())
        .map_err(|_| CallError::Argument("credentials that no header can hold".into()))?;
    value.set_sensitive(true);
    Ok(value)
}
