//! What clients send: JSON objects, tokens in a header, and switches in the query.

use http::{HeaderMap, header, request::Parts};
use tokio::task::{JoinError, spawn_blocking};

use crate::{
    error_code::ErrorCode,
    parse::{JsonObject, pairs},
    refusal::Refusal,
};

/// From so many bytes on a body is read on another thread than that of the requests.
const LONG_BYTES: usize = 64 << 10;

/// Reads something of a body with so many bytes.
pub(super) async fn reading<T: Send + 'static>(
    body_bytes: usize,
    read: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    if body_bytes < LONG_BYTES {
        return read();
    }
    let failed = |error: JoinError| Refusal::internal(error.to_string());
    spawn_blocking(read).await.map_err(failed)?
}

/// The fields of a body that a call asks for; an empty body counts as `{}`.
pub(super) fn object<'b>(
    body: &'b [u8],
    names: &[&'static str],
) -> Result<JsonObject<'b>, Refusal> {
    let is_empty = body.iter().all(u8::is_ascii_whitespace);
    let message = "the request body must be a JSON object";
    JsonObject::read(if is_empty { b"{}" } else { body }, names)
        .ok_or_else(|| Refusal::bad_request(ErrorCode::BadRequest, message))
}

/// A field that must be there, with a text.
pub(super) fn text(object: &JsonObject<'_>, name: &str) -> Result<String, Refusal> {
    object.text(name).ok_or_else(|| missing(name))
}

/// A text is not there.
pub(super) fn missing(name: &str) -> Refusal {
    let message = format!("the field '{name}' must be a string");
    Refusal::bad_request(ErrorCode::MissingParameter, message)
}

/// The token of the one `Authorization` header with the scheme `Bearer`.
pub(super) fn token(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().filter(|_| values.next().is_none());
    let pair = value.and_then(|value| value.to_str().ok()?.split_once(' '));
    match pair {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Err(Refusal::unauthorized(ErrorCode::MissingAuthReq, "must authenticate first")),
    }
}

/// Whether the query has a parameter with the value `true`.
pub(super) fn is_set(parts: &Parts, name: &str) -> bool {
    let query = parts.uri.query().unwrap_or_default();
    pairs(query.as_bytes()).any(|(key, value)| key == name && value == "true")
}
