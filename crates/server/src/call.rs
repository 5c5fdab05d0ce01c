//! From a verified request to what its function is called with
//! (docs/behaviour/requests.md#first-argument).

use std::{borrow::Cow, net::IpAddr, sync::Arc};

use bytes::Bytes;
use hookstead_functions::{
    Call, HttpCall, Integers, Invocation, Payload, RequestContext, ResultFormat,
};
use hookstead_journal::CorrelationId;
use hookstead_site::{Kind, Target};
use http::{HeaderMap, Method, header, request::Parts};

use crate::{
    parse::{
        accepted_format, canonical_header_name, first_values, is_form, pairs, without_secrets,
    },
    runs_as::RunsAs,
};

/// Forms beyond this are not read, as in Go.
const FORM_BYTES_MAX: usize = 10 << 20;

/// Headers that functions never saw: they belong to the connection, or to the proxy in front.
const UNSEEN: &[&str] = &[
    "host",
    "connection",
    "expect",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    // Written below, from what is known for certain.
    "x-forwarded-for",
    "x-cluster-client-ip",
    "x-envoy-external-address",
];

/// Headers that proxies write; from anyone else they are lies.
const OF_PROXIES: &[&str] = &[X_FORWARDED_PROTO, X_REQUEST_ID, "x-forwarded-client-cert"];

const X_FORWARDED_PROTO: &str = "x-forwarded-proto";
const X_REQUEST_ID: &str = "x-request-id";

/// Who calls, as far as is certain.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller {
    pub(crate) address: IpAddr,
    /// Whether a trusted proxy passed the request on.
    pub(crate) by_proxy: bool,
}

/// How the result of a call is written.
pub(crate) fn format(target: &Target, headers: &HeaderMap) -> ResultFormat {
    // A webhook has no return type, and callers of webhooks never had a choice.
    let chosen = || headers.get_all(header::ACCEPT).iter().find_map(|v| accepted_format(text(v)?));
    match target.kind {
        Kind::Endpoint => chosen().unwrap_or(target.format),
        Kind::Webhook => target.format,
    }
}

/// The call that a request asks for.
pub(crate) fn invocation(
    target: &Arc<Target>,
    parts: &Arc<Parts>,
    body: Bytes,
    runs_as: &RunsAs,
    caller: Caller,
    id: CorrelationId,
) -> Invocation {
    let form = form(parts, &body);
    let http = HttpCall {
        payload: target.payload,
        query: query(target, parts, form).into(),
        result: target.respond_result.then(|| format(target, &parts.headers)),
        response_drops_result: target.kind == Kind::Webhook,
        integers: match target.kind {
            Kind::Endpoint => Integers::Wide,
            Kind::Webhook => Integers::Narrow,
        },
        body: match target.payload {
            Payload::Json => json_payload(form).unwrap_or(body.clone()),
            Payload::Request | Payload::Form => body.clone(),
        },
    };
    let request = {
        let (target, parts, body_bytes) = (Arc::clone(target), Arc::clone(parts), body.len());
        move || request_context(&target, &parts, body_bytes, caller, id)
    };
    Invocation {
        entry: target.entry.clone(),
        call: Call::Http(http),
        user: runs_as.user(),
        running_as_system: runs_as.is_system(),
        request: Some(Box::new(request)),
    }
}

/// The request, as `context.request` and `%%request` have it.
pub(crate) fn request_context(
    target: &Target,
    parts: &Parts,
    body_bytes: usize,
    caller: Caller,
    id: CorrelationId,
) -> RequestContext {
    let (service, action) = target.webhook.clone().unzip();
    let of_client = client_context(parts, body_bytes, caller, id);
    RequestContext {
        webhook_url: match target.kind {
            Kind::Endpoint => target.name.as_ref().to_owned(),
            Kind::Webhook => of_client.webhook_url,
        },
        service,
        action,
        ..of_client
    }
}

/// The same for a function that a client calls by its name.
pub(crate) fn client_context(
    parts: &Parts,
    body_bytes: usize,
    caller: Caller,
    id: CorrelationId,
) -> RequestContext {
    RequestContext {
        remote_ip_address: caller.address.to_string(),
        headers: headers(&parts.headers, body_bytes, caller, id),
        webhook_url: parts.uri.path().to_owned(),
        http_method: parts.method.as_str().to_owned(),
        raw_query_string: without_secrets(parts.uri.query().unwrap_or_default()).into_owned(),
        service: None,
        action: None,
    }
}

/// The query and, in front of it, the fields of a form.
///
/// The secret that let the caller in is not passed on: it has no business in a function's
/// argument, from where it would end up in a log or a database. A parameter `secret` of an
/// endpoint that is protected in another way is the function's own affair and stays.
fn query(target: &Target, parts: &Parts, form: Option<&[u8]>) -> Vec<(String, String)> {
    let hidden = target.guard.reads_query();
    let url = parts.uri.query().unwrap_or_default().as_bytes();
    let passed_on = |(name, _): &(Cow<'_, str>, _)| !(hidden && name == "secret");
    first_values(pairs(form.unwrap_or_default()).chain(pairs(url).filter(passed_on)))
}

/// The body, where its fields join the query.
fn form<'a>(parts: &Parts, body: &'a [u8]) -> Option<&'a [u8]> {
    let has_form = [Method::POST, Method::PUT, Method::PATCH].contains(&parts.method);
    let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(text)?;
    (has_form && is_form(content_type) && body.len() <= FORM_BYTES_MAX).then_some(body)
}

/// GitHub's other content type: a form whose field `payload` holds the event.
fn json_payload(form: Option<&[u8]>) -> Option<Bytes> {
    let (_, payload) = pairs(form?).find(|(name, _)| name == "payload")?;
    Some(Bytes::from(payload.into_owned()))
}

/// The headers as functions know them: canonical names, and addresses that can be believed.
fn headers(
    headers: &HeaderMap,
    body_bytes: usize,
    caller: Caller,
    id: CorrelationId,
) -> Vec<(String, Vec<String>)> {
    let seen =
        |name: &str| !UNSEEN.contains(&name) && (caller.by_proxy || !OF_PROXIES.contains(&name));
    let mut known = Vec::with_capacity(headers.keys_len() + 6);
    for name in headers.keys().filter(|name| seen(name.as_str())) {
        let lossy =
            |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let values = headers.get_all(name).iter().map(lossy).collect();
        known.push((canonical_header_name(name.as_str()), values));
    }
    let address = caller.address.to_string();
    for name in ["X-Forwarded-For", "X-Cluster-Client-Ip", "X-Envoy-External-Address"] {
        known.push((name.to_owned(), vec![address.clone()]));
    }
    let absent = |name| !caller.by_proxy || !headers.contains_key(name);
    if absent(X_FORWARDED_PROTO) {
        // What functions always saw. Whether TLS ends here or further out is not theirs to know.
        known.push(("X-Forwarded-Proto".to_owned(), vec!["https".to_owned()]));
    }
    if absent(X_REQUEST_ID) {
        known.push(("X-Request-Id".to_owned(), vec![id.to_string()]));
    }
    if body_bytes > 0 && !headers.contains_key(header::CONTENT_LENGTH) {
        known.push(("Content-Length".to_owned(), vec![body_bytes.to_string()]));
    }
    known
}

fn text(value: &http::HeaderValue) -> Option<&str> {
    value.to_str().ok()
}
