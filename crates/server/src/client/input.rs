//! What clients send: JSON objects, tokens in a header, and switches in the query.

use hookstead_functions::in_background;
use http::{HeaderMap, header, request::Parts};

use crate::{
    error_code::ErrorCode,
    parse::{Bearer, JsonObject, bearer, pairs},
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
    let failed = || Refusal::internal("no thread could read the body");
    in_background(read).await.ok_or_else(failed)?
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
    match value.map_or(Bearer::Other, |value| bearer(value.as_bytes())) {
        Bearer::Token(token) => Ok(token),
        Bearer::Malformed => Err(Refusal::malformed_token()),
        Bearer::Other => Err(no_token()),
    }
}

/// There is no token where there must be one.
pub(super) fn no_token() -> Refusal {
    Refusal::unauthorized(ErrorCode::MissingAuthReq, "must authenticate first")
}

/// Whether a switch in the query is on. A value other than `true`, or a query that cannot be
/// read, is refused: a client would get something else than it asks for.
pub(super) fn is_set(parts: &Parts, name: &str) -> Result<bool, Refusal> {
    let query = parts.uri.query().unwrap_or_default();
    let given = query.split('&').filter(|pair| !pair.is_empty()).count();
    let (mut count, mut is_set, mut is_other) = (0, false, false);
    for (key, value) in pairs(query.as_bytes()) {
        count += 1;
        is_set |= key == name;
        is_other |= key == name && value != "true";
    }
    if is_other || count != given {
        let message = format!("the parameter '{name}' must be 'true' or be left out");
        return Err(Refusal::bad_request(ErrorCode::InvalidParameter, message));
    }
    Ok(is_set)
}
