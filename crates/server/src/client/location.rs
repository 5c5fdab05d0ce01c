//! Where clients send everything else (docs/behaviour/client-api.md#location).

use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use serde_json::json;

use super::answered::Answered;
use crate::{admit::Asking, error_code::ErrorCode, parse::Authority, refusal::Refusal};

/// Answers with the URL of this server as callers know it.
///
/// # Errors
/// A trusted proxy names the host in a way that cannot be understood.
pub(super) fn answer(asking: Asking<'_>) -> Result<Answered, Refusal> {
    let Asking { site, parts, caller, .. } = asking;
    let hostname = match site.base_url() {
        "" => origin(parts, caller.by_proxy)?,
        base_url => base_url.to_owned(),
    };
    // `http` becomes `ws`, and `https` becomes `wss`.
    let ws_hostname = hostname.replacen("http", "ws", 1);
    let deployment = site.deployment();
    let json = json!({
        "deployment_model": deployment.model,
        "location": deployment.location,
        "hostname": hostname,
        "ws_hostname": ws_hostname,
    });
    Ok(Answered::json(StatusCode::OK, &json))
}

const X_FORWARDED_HOST: &str = "x-forwarded-host";
const X_FORWARDED_PROTO: &str = "x-forwarded-proto";

/// Scheme and host of the request, as a trusted proxy says or as it names them itself.
fn origin(parts: &Parts, by_proxy: bool) -> Result<String, Refusal> {
    let forwarded = |name| if by_proxy { one_of(&parts.headers, name) } else { Ok(None) };
    let scheme = match forwarded(X_FORWARDED_PROTO)? {
        Some("https") => "https",
        Some("http") | None => "http",
        Some(_) => return Err(not_understood(X_FORWARDED_PROTO, "http or https")),
    };
    let host = match forwarded(X_FORWARDED_HOST)? {
        Some(host) => host,
        None => own_host(parts).unwrap_or_default(),
    };
    // The own host was checked with the head of the request.
    if Authority::parse(host.as_bytes()).is_none() {
        return Err(not_understood(X_FORWARDED_HOST, "a host, with an optional port"));
    }
    Ok(format!("{scheme}://{host}"))
}

fn own_host(parts: &Parts) -> Option<&str> {
    let named = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    named.or_else(|| parts.uri.authority().map(http::uri::Authority::as_str))
}

/// The one value of a header; of several, nobody knows which one the client is to use.
fn one_of<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Refusal> {
    let mut values = headers.get_all(name).iter().map(HeaderValue::to_str);
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(Ok(value)), None) => Ok(Some(value)),
        _ => Err(not_understood(name, "one value")),
    }
}

fn not_understood(header: &str, wanted: &str) -> Refusal {
    let message = format!("the header {header} must hold {wanted}");
    let remedy = "set [server] public_base_url to the URL that callers use";
    let detail = format!("{message}; {remedy}");
    Refusal::bad_request(ErrorCode::BadRequest, message).with_detail(detail)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn origin_of(uri: &str, headers: &[(&str, &str)], by_proxy: bool) -> Option<String> {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        origin(&parts, by_proxy).ok()
    }

    #[test]
    fn a_trusted_proxy_names_the_host_and_nobody_else_does() {
        let host = ("host", "a.test:7080");
        let proto = ("x-forwarded-proto", "https");
        let forwarded = ("x-forwarded-host", "b.test");
        type Case<'a> = (&'a [(&'a str, &'a str)], bool, Option<&'a str>);
        let cases: [Case<'_>; 9] = [
            (&[host], false, Some("http://a.test:7080")),
            (&[host, proto, forwarded], false, Some("http://a.test:7080")),
            (&[host, proto, forwarded], true, Some("https://b.test")),
            (&[host, proto], true, Some("https://a.test:7080")),
            (&[host, forwarded], true, Some("http://b.test")),
            (&[host, forwarded, forwarded], true, None),
            (&[host, ("x-forwarded-host", "b.test, c.test")], true, None),
            (&[host, ("x-forwarded-host", "b.test/x")], true, None),
            (&[host, ("x-forwarded-proto", "javascript")], true, None),
        ];
        for (headers, by_proxy, expected) in cases {
            assert_eq!(origin_of("/", headers, by_proxy).as_deref(), expected, "{headers:?}");
        }
        let of_http2 = origin_of("http://c.test:81/", &[], false);
        assert_eq!(of_http2.as_deref(), Some("http://c.test:81"));
    }
}
