//! What a run says of itself: log lines, that it has settled, its reply.

use std::mem;

use bytes::Bytes;
use hookstead_isolate::{Answer, FreedElsewhere, Thrown, Value};

use super::arguments::{Outcome, text, truth};
use crate::{
    LogLevel, Reply,
    analysis::advice_for_message,
    host::{RunHost, execution_error},
};

/// From so many bytes on, it takes long to free a body.
const LARGE_BYTES: usize = 1 << 20;
/// What is kept of an error's message, and of its stack.
const FAILURE_BYTES_MAX: usize = 16 << 10;

/// Whether the run may write more lines.
pub(super) fn log(host: &mut RunHost, arguments: &[Value]) -> Outcome {
    let level = match text(arguments, 0)? {
        "debug" => LogLevel::Debug,
        "info" => LogLevel::Info,
        "warn" => LogLevel::Warn,
        "error" => LogLevel::Error,
        _ => LogLevel::Log,
    };
    Ok(Value::Bool(host.log(level, text(arguments, 1)?)))
}

/// Whether HTTP can carry a header with this name and this value: the name is a token, and the
/// value holds no control character but the tab.
pub(super) fn header_is_valid(_: &mut RunHost, arguments: &[Value]) -> Outcome {
    let (name, value) = (text(arguments, 0)?, text(arguments, 1)?);
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let is_allowed = |byte: u8| byte == b'\t' || !byte.is_ascii_control();
    let is_valid = !name.is_empty() && name.bytes().all(is_token) && value.bytes().all(is_allowed);
    Ok(Value::Bool(is_valid))
}

pub(super) fn settled(host: &mut RunHost, _: &[Value]) -> Outcome {
    host.settle();
    Ok(Value::Undefined)
}

/// The function threw: message and stack.
pub(super) fn fail(host: &mut RunHost, arguments: &[Value]) -> Outcome {
    let mut stack = arguments.get(1).and_then(Value::as_text).map(cut);
    let message = cut(text(arguments, 0)?);
    if let Some(advice) = advice_for_message(&message) {
        let stack = stack.get_or_insert_default();
        stack.push_str(&format!("    → {advice}\n"));
    }
    host.answer(Err(execution_error(message, stack)));
    Ok(Value::Undefined)
}

/// A message goes into the response and the log; a body of megabytes has no business in either.
fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(FAILURE_BYTES_MAX)].to_owned()
}

/// The function answered: whether it touched the response, its status, its body, the result, and
/// names and values of headers in turn. What is large is taken, not copied.
pub(super) fn reply(host: &mut RunHost, arguments: &mut [Value]) -> Answer {
    // They stay until the caller has taken the response.
    let held_bytes = arguments.iter().map(Value::bytes).sum();
    Answer::Now(reply_of(arguments).map(|reply| {
        if host.hold_answer(held_bytes) {
            host.answer(Ok(reply));
        }
        Value::Undefined
    }))
}

fn reply_of(arguments: &mut [Value]) -> Result<Reply, Thrown> {
    let status = arguments.get(1).and_then(Value::as_number).map(|status| status as u16);
    let body = match arguments.get_mut(2).map(mem::take) {
        Some(Value::Bytes(bytes)) => Some(body_of(bytes)),
        Some(Value::Text(text)) => Some(body_of(text.into_bytes())),
        _ => None,
    };
    let result = match arguments.get_mut(3).map(mem::take) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    };
    let mut headers = Vec::with_capacity(arguments.len().saturating_sub(4) / 2);
    for index in (4..arguments.len()).step_by(2) {
        let (name, value) = (text(arguments, index)?, text(arguments, index + 1)?);
        headers.push((name.to_owned(), value.to_owned()));
    }
    Ok(Reply { response_touched: truth(arguments, 0), status, headers, body, result })
}

/// Whoever drops the last reference to a large body does not wait for the system.
fn body_of(bytes: Vec<u8>) -> Bytes {
    if bytes.len() < LARGE_BYTES {
        bytes.into()
    } else {
        Bytes::from_owner(FreedElsewhere::new(bytes))
    }
}
