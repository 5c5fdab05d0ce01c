//! A call, written down for the JavaScript half: a few numbers at its start, and the parts of the
//! request as JSON for whoever asks for them.

use hookstead_isolate::Value;
use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{
    Call, HttpCall, Integers, Invocation, Payload, RequestContext, ResultFormat, User,
    border::{option, payload, result, rights},
};

/// How the run of a call begins: the arguments of the hook `start`.
pub(crate) fn start(invocation: &Invocation, script: usize) -> Vec<Value> {
    let (payload, result, http) = match &invocation.call {
        Call::Http(http) => (payload_of(http.payload), result_of(http), Some(http)),
        Call::Arguments(_) => (payload::ARGUMENTS, result::EJSON, None),
    };
    let is = |condition: fn(&HttpCall) -> bool, bit| {
        if http.is_some_and(condition) { bit } else { 0 }
    };
    let options = payload
        | result
        | is(|http| !http.body.is_empty(), option::HAS_BODY)
        | is(|http| http.response_drops_result, option::RESPONSE_DROPS_RESULT)
        | rights_of(invocation);
    // A program has nowhere near 2^53 scripts.
    vec![(script as f64).into(), f64::from(options).into()]
}

fn rights_of(invocation: &Invocation) -> u8 {
    match (invocation.running_as_system, &invocation.user) {
        (true, User::System) => rights::SYSTEM,
        (true, User::Known(_)) => rights::SYSTEM_WITH_USER,
        (false, _) => rights::USER,
    }
}

fn payload_of(payload: Payload) -> u8 {
    match payload {
        Payload::Request => payload::REQUEST,
        Payload::Json => payload::JSON,
        Payload::Form => payload::FORM,
    }
}

fn result_of(http: &HttpCall) -> u8 {
    match (http.result, http.integers) {
        (None, _) => result::NONE,
        (Some(ResultFormat::Json), _) => result::JSON,
        (Some(ResultFormat::Ejson), Integers::Wide) => result::EJSON,
        (Some(ResultFormat::Ejson), Integers::Narrow) => result::NARROW_EJSON,
    }
}

/// The parameters as a JSON object.
pub(crate) fn query_json(query: &[(String, String)]) -> String {
    json(&Map(query))
}

/// The headers as a JSON object of arrays.
pub(crate) fn headers_json(invocation: &Invocation) -> String {
    let headers = invocation.request.as_ref().map(|request| request().headers);
    json(&Map(&headers.unwrap_or_default()))
}

/// `context.request` as a JSON object, but for the headers; `None` where there is no request.
pub(crate) fn request_json(invocation: &Invocation) -> Option<String> {
    invocation.request.as_ref().map(|request| json(&Request::new(&request())))
}

fn json(value: &impl Serialize) -> String {
    // Strings, numbers and maps with string keys cannot fail to serialise.
    serde_json::to_string(value).unwrap_or_default()
}

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
