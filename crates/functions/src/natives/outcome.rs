//! What a run says of itself: log lines, that it has settled, its reply.

use hookstead_isolate::Value;
use serde::Deserialize;

use super::{Outcome, function_error, text};
use crate::{
    LogLevel, Reply,
    host::{RunHost, execution_error},
};

/// What is kept of an error's message, and of its stack.
const FAILURE_BYTES_MAX: usize = 16 << 10;

pub(super) fn log(host: &mut RunHost, arguments: &[Value]) -> Outcome {
    let level = match text(arguments, 0)? {
        "debug" => LogLevel::Debug,
        "info" => LogLevel::Info,
        "warn" => LogLevel::Warn,
        "error" => LogLevel::Error,
        _ => LogLevel::Log,
    };
    host.log(level, text(arguments, 1)?);
    Ok(Value::Undefined)
}

pub(super) fn settled(host: &mut RunHost, _: &[Value]) -> Outcome {
    host.settle();
    Ok(Value::Undefined)
}

/// The function threw: message and stack.
pub(super) fn fail(host: &mut RunHost, arguments: &[Value]) -> Outcome {
    let stack = arguments.get(1).and_then(Value::as_text).map(cut);
    host.answer(Err(execution_error(cut(text(arguments, 0)?), stack)));
    Ok(Value::Undefined)
}

/// A message goes into the response and the log; a body of megabytes has no business in either.
fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(FAILURE_BYTES_MAX)].to_owned()
}

/// The response object's part of a reply.
#[derive(Deserialize)]
struct ReplyHead {
    touched: bool,
    status: Option<u16>,
    headers: Vec<(String, String)>,
}

/// The function answered: what the response object holds, its body, the result.
pub(super) fn reply(host: &mut RunHost, arguments: &[Value]) -> Outcome {
    let head: ReplyHead = serde_json::from_str(text(arguments, 0)?)
        .map_err(|error| function_error(format!("response: {error}")))?;
    let body = arguments.get(1).and_then(Value::as_bytes).map(|body| body.to_vec().into());
    let result = arguments.get(2).and_then(Value::as_text).map(str::to_owned);
    host.answer(Ok(Reply {
        response_touched: head.touched,
        status: head.status,
        headers: head.headers,
        body,
        result,
    }));
    Ok(Value::Undefined)
}
