//! A call, written down for the JavaScript half.

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{Call, HttpCall, Integers, Invocation, Payload, RequestContext, ResultFormat, User};

/// The JSON text that the hook `start` takes.
pub(crate) fn input_json(invocation: &Invocation, script: usize) -> String {
    let http = match &invocation.call {
        Call::Http(http) => Some(http),
        Call::Arguments(_) => None,
    };
    let input = Input {
        entry: script,
        name: &invocation.entry,
        payload: http.map(|http| payload(http.payload)),
        query: Map(http.map_or(&[], |http| http.query.as_slice())),
        headers: Map(headers(invocation, http)),
        request: invocation.request.as_ref().map(Request::new),
        arguments: match &invocation.call {
            Call::Http(_) => None,
            Call::Arguments(text) => Some(text),
        },
        result: match http {
            Some(http) => http.result.map(result),
            None => Some("ejson"),
        },
        integers: http.map_or("wide", |http| match http.integers {
            Integers::Narrow => "narrow",
            Integers::Wide => "wide",
        }),
        drops_result: http.is_some_and(|http| http.response_drops_result),
        user: match invocation.user {
            User::System => UserJson { kind: "system" },
        },
        running_as_system: invocation.running_as_system,
    };
    // Strings, numbers and maps with string keys cannot fail to serialise.
    serde_json::to_string(&input).unwrap_or_default()
}

fn headers<'a>(
    invocation: &'a Invocation,
    http: Option<&'a HttpCall>,
) -> &'a [(String, Vec<String>)] {
    match (http, &invocation.request) {
        (Some(http), _) => &http.headers,
        (None, Some(request)) => &request.headers,
        (None, None) => &[],
    }
}

fn payload(payload: Payload) -> &'static str {
    match payload {
        Payload::Request => "request",
        Payload::Json => "json",
        Payload::Form => "form",
    }
}

fn result(format: ResultFormat) -> &'static str {
    match format {
        ResultFormat::Json => "json",
        ResultFormat::Ejson => "ejson",
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Input<'a> {
    entry: usize,
    name: &'a str,
    payload: Option<&'static str>,
    query: Map<'a, String>,
    headers: Map<'a, Vec<String>>,
    request: Option<Request<'a>>,
    arguments: Option<&'a str>,
    result: Option<&'static str>,
    integers: &'static str,
    drops_result: bool,
    user: UserJson,
    running_as_system: bool,
}

#[derive(Serialize)]
struct UserJson {
    #[serde(rename = "type")]
    kind: &'static str,
}

/// `context.request`, but for the headers, which the JavaScript half shares with the argument.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    #[serde(rename = "remoteIPAddress")]
    remote_ip_address: &'a str,
    webhook_url: &'a str,
    http_method: &'a str,
    raw_query_string: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'a str>,
}

impl<'a> Request<'a> {
    fn new(context: &'a RequestContext) -> Self {
        Self {
            remote_ip_address: &context.remote_ip_address,
            webhook_url: &context.webhook_url,
            http_method: &context.http_method,
            raw_query_string: &context.raw_query_string,
            service: context.service.as_deref(),
            action: context.action.as_deref(),
        }
    }
}

/// Pairs as an object, in their order.
struct Map<'a, V>(&'a [(String, V)]);

impl<V: Serialize> Serialize for Map<'_, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}
