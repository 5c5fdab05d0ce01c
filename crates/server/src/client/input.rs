//! What clients send: JSON objects, tokens in a header, and switches in the query.

use http::{HeaderMap, header, request::Parts};
use serde_json::{Map, Value as Json};

use crate::{error_code::ErrorCode, parse::pairs, refusal::Refusal};

/// A body as a JSON object; one that is empty counts as `{}`.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Json>, Refusal> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    let message = "the request body must be a JSON object";
    serde_json::from_slice(body).map_err(|_| Refusal::bad_request(ErrorCode::BadRequest, message))
}

/// A field that must be there, with a text.
pub(super) fn text(object: &mut Map<String, Json>, name: &str) -> Result<String, Refusal> {
    match object.get_mut(name).map(Json::take) {
        Some(Json::String(text)) => Ok(text),
        _ => {
            let message = format!("the field '{name}' must be a string");
            Err(Refusal::bad_request(ErrorCode::MissingParameter, message))
        }
    }
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
