//! Which origins browsers may call from.

use http::HeaderValue;

use crate::config::Cors;

/// The origins of an app, and the headers that go with them.
pub struct Origins {
    /// Normalised; empty means every one.
    allowed: Vec<String>,
    allow_headers: Option<HeaderValue>,
}

impl Origins {
    /// The origins that an app allows, and what browsers on them may send.
    pub fn new(allowed: &[String], cors: &Cors) -> Self {
        let allowed = allowed.iter().map(|origin| normalise(origin)).collect();
        let allow_headers = HeaderValue::from_str(&cors.allow_headers.join(", ")).ok();
        Self { allowed, allow_headers: allow_headers.filter(|value| !value.is_empty()) }
    }

    /// Whether every origin is allowed.
    pub fn allow_all(&self) -> bool {
        self.allowed.is_empty()
    }

    /// Whether a list of origins names this one.
    pub fn name(&self, origin: &str) -> bool {
        self.allowed.contains(&normalise(origin))
    }

    /// The headers that a browser may send, as a preflight is told; `None` where there are none.
    pub fn allow_headers(&self) -> Option<&HeaderValue> {
        self.allow_headers.as_ref()
    }
}

/// An origin as browsers send it: in lower case, without a trailing slash or a default port.
fn normalise(origin: &str) -> String {
    let origin = origin.trim().trim_end_matches('/').to_ascii_lowercase();
    let default_port = match origin.split_once("://") {
        Some(("https", _)) => ":443",
        Some(("http", _)) => ":80",
        _ => return origin,
    };
    origin.strip_suffix(default_port).map(str::to_owned).unwrap_or(origin)
}
