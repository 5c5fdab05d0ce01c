//! Work that takes time: a number now, an answer later.

use std::{sync::Arc, time::Duration};

use hookstead_isolate::{Answer, Thrown, Value};

use super::{Outcome, bytes, function_error, number, text, truth, wrong};
use crate::{host::RunHost, work::Full};

/// Starts a timer of so many milliseconds.
pub(super) fn timer_start(host: &mut RunHost, arguments: &[Value]) -> Outcome {
    let delay = Duration::try_from_secs_f64(number(arguments, 0)? / 1000.0)
        .map_err(|_| Thrown::new("RangeError", "not a time that can be waited for"))?;
    let started = host.work.start_timer(delay, truth(arguments, 1));
    started_id(host, started)
}

pub(super) fn timer_cancel(host: &mut RunHost, arguments: &[Value]) -> Outcome {
    host.work.cancel(number(arguments, 0)? as u32);
    Ok(Value::Undefined)
}

/// Starts an HTTP request: head as JSON, body where there is one.
pub(super) fn http_start(host: &mut RunHost, arguments: &mut [Value]) -> Answer {
    Answer::Now(start_http(host, arguments))
}

fn start_http(host: &mut RunHost, arguments: &mut [Value]) -> Outcome {
    // What is not of the right kind is refused before anything is taken.
    text(arguments, 0)?;
    if !matches!(arguments.get(1), None | Some(Value::Undefined)) {
        bytes(arguments, 1)?;
    }
    let mut taken = arguments.iter_mut().map(std::mem::take);
    let (head, body) = (taken.next(), taken.next());
    let Some(Value::Text(head)) = head else { return Err(wrong(0, "a string")) };
    let body = match body {
        Some(Value::Bytes(body)) => Some(body),
        Some(Value::Text(body)) => Some(body.into_bytes()),
        _ => None,
    };
    let held_bytes = head.len() + body.as_ref().map_or(0, Vec::len);
    let (account, faults) = (Arc::clone(&host.account), host.handles.faults());
    let call = Arc::clone(&host.client).perform(head, body, account, faults);
    let started = host.work.start_call(held_bytes, std::future::ready(()), call);
    started_id(host, started)
}

/// Milliseconds since the run began.
pub(super) fn monotonic_ms(host: &mut RunHost, _: &[Value]) -> Outcome {
    Ok(Value::Number(host.started_at.elapsed().as_secs_f64() * 1000.0))
}

/// Too much work at once fails the whole run, whether or not anyone awaits this piece of it.
pub(super) fn started_id(host: &mut RunHost, started: Result<u32, Full>) -> Outcome {
    match started {
        Ok(id) => Ok(Value::Number(f64::from(id))),
        Err(Full::Bytes) => Err(function_error("the requests under way are too large together")),
        Err(Full::Operations) => {
            let max = host.limits.async_operations_max;
            let message = format!("exceeded max async work queue size of {max}");
            host.break_limit(message.clone());
            Err(function_error(message))
        }
    }
}
