//! What a run was called with, for whoever asks.

use hookstead_isolate::Value;

use super::{Outcome, encoding::lossy};
use crate::{Call, host::RunHost, input};

/// Positional arguments, as the text of an extended-JSON array.
pub(super) fn arguments(host: &mut RunHost, _: &[Value]) -> Outcome {
    Ok(match &host.invocation.call {
        Call::Arguments(text) => text.as_str().into(),
        Call::Http(_) => "[]".into(),
    })
}

pub(super) fn query(host: &mut RunHost, _: &[Value]) -> Outcome {
    Ok(input::query_json(&host.invocation).into())
}

pub(super) fn headers(host: &mut RunHost, _: &[Value]) -> Outcome {
    Ok(input::headers_json(&host.invocation).into())
}

/// `context.request` but for its headers, or `undefined`.
pub(super) fn info(host: &mut RunHost, _: &[Value]) -> Outcome {
    Ok(input::request_json(&host.invocation).map_or(Value::Undefined, Value::from))
}

pub(super) fn body(host: &mut RunHost, _: &[Value]) -> Outcome {
    Ok(body_of(host).to_vec().into())
}

/// The body as text; what is not UTF-8 becomes U+FFFD.
pub(super) fn body_text(host: &mut RunHost, _: &[Value]) -> Outcome {
    Ok(lossy(body_of(host)).into())
}

fn body_of(host: &RunHost) -> &[u8] {
    match &host.invocation.call {
        Call::Http(http) => &http.body,
        Call::Arguments(_) => &[],
    }
}
