//! Work that takes time: a number now, an answer later.

use std::time::Duration;

use hookstead_isolate::{Thrown, Value};

use super::arguments::{Outcome, function_error, number, truth};
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
