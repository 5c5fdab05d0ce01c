//! What a request for an event stream says: a query with a call in Base64, and a token.

use base64::{
    Engine as _,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use http::request::Parts;
use serde_json::Value as Json;

use super::{input, watch::Wanted};
use crate::{error_code::ErrorCode, parse::pairs, refusal::Refusal};

/// Reads a request: the token stands in the header or in the query.
pub(super) fn read(parts: &Parts) -> Result<Wanted, Refusal> {
    let query = parts.uri.query().unwrap_or_default().as_bytes();
    let value = |names: [&str; 2]| {
        let mut values = pairs(query).filter(|(name, _)| names.contains(&&**name));
        let value = values.next().map(|(_, value)| value.into_owned());
        value.filter(|_| values.next().is_none())
    };
    let token = match value(["baas_at", "stitch_at"]) {
        Some(token) if !parts.headers.contains_key(http::header::AUTHORIZATION) => token,
        _ => input::token(&parts.headers)?.to_owned(),
    };
    let call = value(["baas_request", "stitch_request"]);
    let call = call.ok_or_else(|| invalid("the parameter 'baas_request' must be given once"))?;
    let (source, arguments) = call_of(&call)?;
    Ok(Wanted { source, arguments, token, request: None })
}

/// The service and the arguments of a call.
fn call_of(text: &str) -> Result<(String, String), Refusal> {
    let broken = || invalid("the parameter 'baas_request' must be a call as JSON in Base64");
    let alphabet = if text.contains(['-', '_']) { URL_SAFE } else { STANDARD };
    let lenient = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    // A plus that nobody has encoded is read as a space.
    let text = text.replace(' ', "+");
    let bytes = GeneralPurpose::new(&alphabet, lenient).decode(text).map_err(|_| broken())?;
    let call: Json = serde_json::from_slice(&bytes).map_err(|_| broken())?;
    if call.get("name").and_then(Json::as_str) != Some("watch") {
        return Err(invalid("an event stream is there for 'watch' alone"));
    }
    let source = call.get("service").and_then(Json::as_str).ok_or_else(broken)?;
    let arguments = call.get("arguments").ok_or_else(broken)?;
    Ok((source.to_owned(), arguments.to_string()))
}

fn invalid(message: &'static str) -> Refusal {
    Refusal::bad_request(ErrorCode::InvalidParameter, message)
}
