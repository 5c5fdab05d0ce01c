//! What a client wants to call: in the body, or in the query where it asks for an event stream
//! (docs/behaviour/client-api.md#calls).

use std::borrow::Cow;

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use http::{header, request::Parts};

use super::input;
use crate::{error_code::ErrorCode, parse::pairs, refusal::Refusal};

/// A function, or a method of a service, with its arguments.
pub(super) struct Named {
    pub(super) name: String,
    pub(super) service: Option<String>,
    /// The text of an array.
    pub(super) arguments: String,
}

/// Names are no longer than this.
const NAME_BYTES_MAX: usize = 256;

const NAME: &str = "name";
const SERVICE: &str = "service";
const ARGUMENTS: &str = "arguments";

/// Reads a body.
///
/// # Errors
/// It is no JSON object, a field is there twice, or is not what it should be.
pub(super) fn read(body: &[u8]) -> Result<Named, Refusal> {
    let object = input::object(body, &[NAME, SERVICE, ARGUMENTS])?;
    if object.has_duplicates() {
        let message = "a field of the request body is there more than once";
        return Err(Refusal::bad_request(ErrorCode::BadRequest, message));
    }
    let service = match object.raw(SERVICE) {
        None | Some("null") => None,
        Some(_) => Some(short(SERVICE, input::text(&object, SERVICE)?)?),
    };
    let arguments = match object.raw(ARGUMENTS) {
        None | Some("null") => "[]",
        Some(text) if text.starts_with('[') => text,
        Some(_) => {
            let message = "the field 'arguments' must be an array of extended JSON";
            return Err(Refusal::bad_request(ErrorCode::BadRequest, message));
        }
    };
    let name = short(NAME, input::text(&object, NAME)?)?;
    Ok(Named { name, service, arguments: arguments.to_owned() })
}

fn short(field: &str, name: String) -> Result<String, Refusal> {
    if name.len() <= NAME_BYTES_MAX {
        return Ok(name);
    }
    let message = format!("the field '{field}' has more than {NAME_BYTES_MAX} bytes");
    Err(Refusal::bad_request(ErrorCode::BadRequest, message))
}

/// The access token of a request for an event stream: in a header, or in the query where a client
/// cannot set headers.
///
/// # Errors
/// There is none, or the header is malformed.
pub(super) fn stream_token(parts: &Parts) -> Result<Cow<'_, str>, Refusal> {
    match parts.headers.contains_key(header::AUTHORIZATION) {
        true => Ok(Cow::Borrowed(input::token(&parts.headers)?)),
        false => parameter(parts, ["baas_at", "stitch_at"]).ok_or_else(input::no_token),
    }
}

/// What a request for an event stream asks for, by the names of every year.
///
/// # Errors
/// It is not there, or cannot be read.
pub(super) fn stream_request(parts: &Parts) -> Result<Named, Refusal> {
    let request = parameter(parts, ["baas_request", "stitch_request"]).ok_or_else(|| {
        let message = "the parameter 'baas_request' must be there";
        Refusal::bad_request(ErrorCode::MissingParameter, message)
    })?;
    const EITHER_PADDING: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, EITHER_PADDING);
    // A plus that was not escaped has become a space; the other alphabet has other characters.
    let request = request.replace([' ', '-'], "+").replace('_', "/");
    let decoded = BASE64.decode(request).map_err(|_| {
        let message = "the parameter 'baas_request' must be base64";
        Refusal::bad_request(ErrorCode::InvalidParameter, message)
    })?;
    read(&decoded)
}

fn parameter<'p>(parts: &'p Parts, names: [&str; 2]) -> Option<Cow<'p, str>> {
    let query = parts.uri.query().unwrap_or_default().as_bytes();
    pairs(query).find(|(name, _)| names.contains(&name.as_ref())).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    /// Name, service and arguments, or the code of the refusal.
    fn seen(named: Result<Named, Refusal>) -> Result<(String, Option<String>, String), String> {
        let named = named.map_err(|refusal| format!("{refusal:?}"))?;
        Ok((named.name, named.service, named.arguments))
    }

    #[test]
    fn a_call_is_read() {
        let long = "x".repeat(NAME_BYTES_MAX + 1);
        for (body, expected) in [
            (r#"{"name":"f","arguments":[ 1,{"a":2} ]}"#, Some(("f", None, r#"[ 1,{"a":2} ]"#))),
            (r#"{"name":"find","service":"s","x":1}"#, Some(("find", Some("s"), "[]"))),
            (r#"{"name":"f","service":null,"arguments":null}"#, Some(("f", None, "[]"))),
            (r#"{"name":"f","arguments":{}}"#, None),
            (r#"{"name":1}"#, None),
            (r#"{"name":"f","service":1}"#, None),
            (r#"{"name":"f","name":"g"}"#, None),
            (r#"{"name":"f","arguments":[],"arguments":[1]}"#, None),
            (&format!(r#"{{"name":"{long}"}}"#), None),
            ("[]", None),
            ("", None),
        ] {
            let own = |text: &str| text.to_owned();
            let expected = expected
                .map(|(name, service, arguments)| (own(name), service.map(own), own(arguments)));
            assert_eq!(seen(read(body.as_bytes())).ok(), expected, "{body}");
        }
    }

    #[test]
    fn a_stream_is_read_from_the_query() {
        // {"name":"watch","service":"s","arguments":[{}]}
        const REQUEST: &str = "eyJuYW1lIjoid2F0Y2giLCJzZXJ2aWNlIjoicyIsImFyZ3VtZW50cyI6W3t9XX0=";
        let escaped = REQUEST.replace('=', "%3D");
        let bare = REQUEST.trim_end_matches('=');
        let of = |query: &str, bearer: Option<&str>| {
            let mut request = Request::get(format!("/x?{query}"));
            if let Some(bearer) = bearer {
                request = request.header("authorization", bearer);
            }
            let (parts, ()) = request.body(()).unwrap().into_parts();
            let token = stream_token(&parts).ok()?.into_owned();
            Some((token, stream_request(&parts).ok()?.service))
        };
        let found = |token: &str| Some((token.to_owned(), Some("s".to_owned())));
        assert_eq!(of(&format!("baas_request={escaped}&baas_at=t"), None), found("t"));
        assert_eq!(of(&format!("stitch_request={bare}&stitch_at=t"), None), found("t"));
        let both = format!("baas_request={escaped}&baas_at=t");
        assert_eq!(of(&both, Some("Bearer h")), found("h"));
        assert_eq!(of(&both, Some("Bearer  h")), None);
        for query in [
            format!("baas_request={escaped}"),
            "baas_at=t".to_owned(),
            "baas_at=t&baas_request=%3F".to_owned(),
            "baas_at=t&baas_request=e30%3D".to_owned(),
        ] {
            assert_eq!(of(&query, None), None, "{query}");
        }
    }

    #[test]
    fn either_alphabet_of_base64_is_read() {
        use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
        let body = r#"{"name":"watch","service":"ü?>~~~ÿÿ","arguments":[{}]}"#;
        let own = STANDARD.encode(body);
        assert!(own.contains(['+', '/']), "{own}");
        for text in [own.replace('+', "%2B"), own.clone(), URL_SAFE_NO_PAD.encode(body)] {
            let request = Request::get(format!("/x?baas_request={text}")).body(()).unwrap();
            let named = stream_request(&request.into_parts().0).unwrap();
            assert_eq!(named.service.as_deref(), Some("ü?>~~~ÿÿ"), "{text}");
        }
    }
}
