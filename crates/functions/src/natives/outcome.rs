//! What a run says of itself: log lines, that it has settled, its reply.

use hookstead_isolate::Value;

use super::{Outcome, text, truth};
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

/// The function answered: whether it touched the response, its status, its body, the result, and
/// names and values of headers in turn.
pub(super) fn reply(host: &mut RunHost, arguments: &[Value]) -> Outcome {
    let status = arguments.get(1).and_then(Value::as_number).map(|status| status as u16);
    let body = arguments.get(2).and_then(Value::as_bytes).map(|body| body.to_vec().into());
    let result = arguments.get(3).and_then(Value::as_text).map(str::to_owned);
    let mut headers = Vec::with_capacity(arguments.len().saturating_sub(4) / 2);
    for index in (4..arguments.len()).step_by(2) {
        let (name, value) = (text(arguments, index)?, text(arguments, index + 1)?);
        headers.push((name.to_owned(), value.to_owned()));
    }
    // They stay until the caller has taken the response.
    if !host.hold_answer(arguments.iter().map(Value::bytes).sum()) {
        return Ok(Value::Undefined);
    }
    let response_touched = truth(arguments, 0);
    host.answer(Ok(Reply { response_touched, status, headers, body, result }));
    Ok(Value::Undefined)
}
