//! From what a function answered to what is sent (docs/behaviour/responses.md#what-is-sent).

use bytes::Bytes;
use hookstead_functions::{Reply, ResultFormat};
use hookstead_site::{Kind, Target};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::Full;

use crate::{call, config::ServerLimits, excerpt::excerpt, refusal::Refusal, sniff};

/// Headers that describe the connection or the framing; a function has no say in those.
const OURS: &[&str] = &[
    "connection",
    "content-length",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Bytes of a header that are neither its name nor its value: a colon, a space and a line end.
const HEADER_OVERHEAD_BYTES: usize = 4;

/// What matters about an endpoint or a webhook for its response.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) kind: Kind,
    pub(crate) respond_result: bool,
    pub(crate) format: ResultFormat,
}

impl Shape {
    /// That of the response to a request with these headers.
    pub(crate) fn of(target: &Target, headers: &HeaderMap) -> Self {
        Self {
            kind: target.kind,
            respond_result: target.respond_result,
            format: call::format(target, headers),
        }
    }
}

/// Where the body of a response comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// From `setBody`.
    Body,
    /// From the function's result.
    Result,
    /// There is none.
    Nothing,
}

/// The response that a function asked for.
pub(crate) fn response(
    shape: Shape,
    reply: Reply,
    limits: &ServerLimits,
) -> Result<Response<Full<Bytes>>, Refusal> {
    let (status, source) = decide(shape, &reply);
    let status = status_code(status)?;
    let mut headers = headers(&reply.headers, limits)?;
    let (body, content_type) = match source {
        Source::Body => {
            let body = reply.body.unwrap_or_default();
            let content_type = sniff::content_type(&body);
            (body, content_type)
        }
        Source::Result => {
            // Callers of webhooks are older than the media type of extended JSON.
            let content_type = match (shape.kind, shape.format) {
                (Kind::Endpoint, ResultFormat::Ejson) => "application/ejson",
                (Kind::Webhook, _) | (_, ResultFormat::Json) => "application/json",
            };
            (reply.result.unwrap_or_default().into(), content_type)
        }
        Source::Nothing => (Bytes::new(), ""),
    };
    let bodiless = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let body = if bodiless { Bytes::new() } else { body };
    if !body.is_empty() && !headers.contains_key(header::CONTENT_TYPE) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

/// The decision table (docs/behaviour/responses.md#what-is-sent). Where `respond_result` is off,
/// the response object still counts: three quarters of such endpoints answer that way.
fn decide(shape: Shape, reply: &Reply) -> (u16, Source) {
    let status = reply.status.unwrap_or(200);
    match (shape.kind, shape.respond_result, reply.response_touched) {
        (_, false, false) => (204, Source::Nothing),
        _ if reply.body.is_some() => (status, Source::Body),
        (_, false, true) => (status, Source::Nothing),
        // A webhook that touches the response drops its result; an endpoint combines them.
        (Kind::Webhook, true, true) => (status, Source::Nothing),
        (Kind::Webhook, true, false) | (Kind::Endpoint, true, _) => (status, Source::Result),
    }
}

fn status_code(status: u16) -> Result<StatusCode, Refusal> {
    let valid = StatusCode::from_u16(status).ok().filter(|_| (200..=599).contains(&status));
    valid.ok_or_else(|| {
        let message =
            format!("the function set the status code {status}, which is not in 200..599");
        Refusal::impossible_response(message)
    })
}

/// Refuses what HTTP cannot say instead of sending a part of it: a line break in a value would
/// let whoever chose the value write headers of his own.
fn headers(wanted: &[(String, String)], limits: &ServerLimits) -> Result<HeaderMap, Refusal> {
    let impossible = |name: &str, why| {
        let message = format!("the function set the header {:?}, {why}", excerpt(name));
        Refusal::impossible_response(message)
    };
    let max = limits.response_headers_max;
    if let Some((name, _)) = wanted.get(max) {
        let detail = format!(
            "the header {:?} is one more than [limits] response_headers_max = {max}",
            excerpt(name)
        );
        return Err(impossible(name, "which is one too many").with_detail(detail));
    }
    let mut headers = HeaderMap::with_capacity(wanted.len() + 8);
    let mut bytes = 0_usize;
    for (name, value) in wanted {
        bytes = bytes.saturating_add(name.len() + value.len() + HEADER_OVERHEAD_BYTES);
        if bytes > limits.response_header_bytes_max {
            let detail = format!(
                "with the header {:?} they have more than [limits] response_header_kib = {} KiB",
                excerpt(name),
                limits.response_header_bytes_max >> 10
            );
            let why = "with which the headers are too large";
            return Err(impossible(name, why).with_detail(detail));
        }
        let known = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| impossible(name, "which is no valid name"))?;
        let value = HeaderValue::from_bytes(value.as_bytes())
            .map_err(|_| impossible(name, "whose value holds control characters"))?;
        if !OURS.contains(&known.as_str()) {
            headers.append(known, value);
        }
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(kind: Kind, respond_result: bool) -> Shape {
        Shape { kind, respond_result, format: ResultFormat::Json }
    }

    fn reply(status: Option<u16>, body: Option<&'static str>, result: Option<&str>) -> Reply {
        Reply {
            response_touched: status.is_some() || body.is_some(),
            status,
            headers: Vec::new(),
            body: body.map(Bytes::from),
            result: result.map(str::to_owned),
        }
    }

    #[test]
    fn the_decision_table() {
        use Kind::{Endpoint, Webhook};
        use Source::{Body, Nothing, Result};
        let value = Some("\"v\"");
        let cases = [
            (1, Endpoint, true, reply(None, None, value), (200, Result)),
            (2, Endpoint, true, reply(Some(202), None, value), (202, Result)),
            (3, Endpoint, true, reply(None, Some("b"), value), (200, Body)),
            (3, Endpoint, true, reply(Some(201), Some("b"), None), (201, Body)),
            (4, Endpoint, false, reply(None, None, None), (204, Nothing)),
            (4, Endpoint, false, reply(None, None, value), (204, Nothing)),
            (5, Endpoint, false, reply(Some(200), None, value), (200, Nothing)),
            (6, Endpoint, false, reply(None, Some("b"), None), (200, Body)),
            (6, Endpoint, false, reply(Some(404), Some("b"), None), (404, Body)),
            (7, Webhook, true, reply(None, None, value), (200, Result)),
            (8, Webhook, true, reply(Some(202), None, value), (202, Nothing)),
            (8, Webhook, true, reply(None, Some("b"), value), (200, Body)),
            (9, Webhook, false, reply(None, None, value), (204, Nothing)),
            (9, Webhook, false, reply(Some(201), Some("b"), None), (201, Body)),
        ];
        for (row, kind, respond_result, reply, expected) in cases {
            let decided = decide(shape(kind, respond_result), &reply);
            assert_eq!(decided, expected, "row {row}: {reply:?}");
        }
    }

    #[test]
    fn touching_headers_alone_is_touching() {
        let touched = Reply { response_touched: true, ..reply(None, None, Some("1")) };
        assert_eq!(decide(shape(Kind::Webhook, true), &touched), (200, Source::Nothing));
        assert_eq!(decide(shape(Kind::Endpoint, false), &touched), (200, Source::Nothing));
        assert_eq!(decide(shape(Kind::Endpoint, true), &touched), (200, Source::Result));
    }

    fn built(reply: Reply) -> Result<Response<Full<Bytes>>, Refusal> {
        response(shape(Kind::Endpoint, true), reply, &ServerLimits::default())
    }

    #[test]
    fn bodies_get_a_content_type_unless_the_function_gave_one() {
        let content_type = |reply| {
            let response = built(reply).unwrap();
            let value = response.headers().get(header::CONTENT_TYPE);
            value.map(|value| value.to_str().unwrap().to_owned())
        };
        let plain = Some("text/plain; charset=utf-8".to_owned());
        assert_eq!(content_type(reply(None, Some("hello"), None)), plain);
        assert_eq!(content_type(reply(None, Some(""), None)), None);
        let json = Some("application/json".to_owned());
        assert_eq!(content_type(reply(None, None, Some("1"))), json);
        assert_eq!(content_type(reply(None, None, None)), None);
        let own = vec![("content-type".to_owned(), "text/x".to_owned())];
        let own = Reply { headers: own, ..reply(None, Some("{}"), None) };
        assert_eq!(content_type(own), Some("text/x".to_owned()));
    }

    #[test]
    fn statuses_that_no_response_has_are_refused() {
        for status in [0, 99, 100, 101, 199, 600, 999, 1000, u16::MAX] {
            let refusal = built(reply(Some(status), None, None)).unwrap_err();
            assert!(format!("{refusal:?}").contains(&status.to_string()), "{status}");
        }
        for status in [200, 204, 299, 304, 418, 599] {
            assert_eq!(built(reply(Some(status), None, None)).unwrap().status(), status);
        }
    }

    #[test]
    fn headers_can_neither_be_injected_nor_break_the_framing() {
        let with = |name: &str, value: &str| {
            let headers = vec![(name.to_owned(), value.to_owned())];
            built(Reply { headers, ..reply(None, Some("b"), None) })
        };
        for (name, value) in [
            ("X-A", "1\r\nSet-Cookie: a=b"),
            ("X-A", "1\n"),
            ("X-A", "\0"),
            ("X A", "1"),
            ("X-A:", "1"),
            ("", "1"),
            ("X-A\r\nX-B", "1"),
            ("Größe", "1"),
        ] {
            assert!(with(name, value).is_err(), "{name:?}: {value:?}");
        }
        for name in ["Content-Length", "transfer-encoding", "Connection", "Keep-Alive"] {
            let response = with(name, "7").unwrap();
            assert!(!response.headers().contains_key(name), "{name}");
        }
        assert_eq!(with("X-A", "größe").unwrap().headers()["x-a"].as_bytes(), "größe".as_bytes());
    }

    #[test]
    fn headers_are_limited_in_number_and_in_bytes() {
        let limits = ServerLimits {
            response_headers_max: 10,
            response_header_bytes_max: 2048,
            ..ServerLimits::default()
        };
        let with = |headers: Vec<(String, String)>| {
            let reply = Reply { headers, ..reply(None, Some("b"), None) };
            response(shape(Kind::Endpoint, true), reply, &limits).map_err(|r| format!("{r:?}"))
        };
        let header = |name: &str, value_bytes| (name.to_owned(), "x".repeat(value_bytes));
        assert!(with(vec![header("X-A", 1); 10]).is_ok());
        assert!(with(vec![header("X-A", 2041)]).is_ok());
        let refusals = [
            with(vec![header("X-Last", 1); 11]),
            with(vec![header("X-Last", 0); 100_000]),
            with(vec![header("X-Last", 2048)]),
            with(vec![header("X-A", 1000), header("X-Last", 2000)]),
            with(vec![header("X-Last", 10_000_000)]),
        ];
        for refusal in refusals {
            let refusal = refusal.unwrap_err();
            assert!(refusal.contains("500") && refusal.contains("X-Last"), "{refusal}");
            assert!(refusal.contains("[limits] response_header"), "{refusal}");
        }
        // Nor does the refusal repeat a name of any length.
        let refusal = with(vec![header(&"n".repeat(1_000_000), 0)]).unwrap_err();
        assert!(refusal.len() < 1000);
    }
}
