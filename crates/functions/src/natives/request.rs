//! What a run was called with, for whoever asks.

use std::sync::Arc;

use bytes::Bytes;
use hookstead_isolate::{Answer, Value};

use super::{
    arguments::Outcome,
    cost::{LONG_BYTES, LONG_COPY_BYTES},
    encoding::lossy,
    long,
};
use crate::{Call, host::RunHost, input};

/// Positional arguments, as the text of an extended-JSON array.
pub(super) fn arguments(host: &mut RunHost, _: &mut [Value]) -> Answer {
    match &mut host.invocation.call {
        Call::Arguments(text) if text.len() >= LONG_COPY_BYTES => {
            let text = text.clone();
            Answer::Later(Box::pin(async move { Ok(text.into()) }))
        }
        Call::Arguments(text) => Answer::Now(Ok(text.as_str().into())),
        Call::Http(_) => Answer::Now(Ok("[]".into())),
    }
}

/// The parameters as a JSON object. With a form, they are as large as a body.
pub(super) fn query(host: &mut RunHost, _: &mut [Value]) -> Answer {
    let Call::Http(http) = &host.invocation.call else { return Answer::Now(Ok("{}".into())) };
    // Each pair is some bytes more than what it holds.
    let bytes: usize = http.query.iter().map(|(key, value)| key.len() + value.len() + 8).sum();
    if bytes < LONG_BYTES {
        return Answer::Now(Ok(input::query_json(&http.query).into()));
    }
    let query = Arc::clone(&http.query);
    Answer::Later(Box::pin(async move { Ok(input::query_json(&query).into()) }))
}

pub(super) fn headers(host: &mut RunHost, _: &[Value]) -> Outcome {
    Ok(input::headers_json(&host.invocation).into())
}

/// `context.request` but for its headers, or `undefined`.
pub(super) fn info(host: &mut RunHost, _: &[Value]) -> Outcome {
    Ok(input::request_json(&host.invocation).map_or(Value::Undefined, Value::from))
}

pub(super) fn body(host: &mut RunHost, _: &mut [Value]) -> Answer {
    let body = body_of(host);
    if body.len() < LONG_COPY_BYTES {
        return Answer::Now(Ok(body.to_vec().into()));
    }
    Answer::Later(Box::pin(async move { Ok(body.to_vec().into()) }))
}

/// The body as text; what is not UTF-8 becomes U+FFFD.
pub(super) fn body_text(host: &mut RunHost, _: &mut [Value]) -> Answer {
    let body = body_of(host);
    if body.len() < LONG_BYTES {
        return Answer::Now(Ok(lossy(&body).into()));
    }
    // Replacing bytes takes ten times as long as finding that none has to be replaced.
    if body.len() < LONG_COPY_BYTES
        && let Ok(text) = str::from_utf8(&body)
    {
        return Answer::Now(Ok(text.into()));
    }
    Answer::Later(long::decode(body, false))
}

fn body_of(host: &RunHost) -> Bytes {
    match &host.invocation.call {
        Call::Http(http) => http.body.clone(),
        Call::Arguments(_) => Bytes::new(),
    }
}
