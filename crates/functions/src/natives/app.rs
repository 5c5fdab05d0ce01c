//! What the app says of itself: functions, values, services.

use std::{mem, sync::Arc};

use hookstead_isolate::{Answer, Thrown, Value};

use super::{
    arguments::{Outcome, function_error, name, truth},
    cost::LONG_BYTES,
};
use crate::{host::RunHost, program::Program};

/// The script of a function that functions may call.
pub(super) fn function_find(host: &mut RunHost, arguments: &[Value]) -> Outcome {
    let name = name(arguments, 0)?;
    let Some(callable) = host.program.function(name) else {
        return Err(
            function_error(format!("function not found: '{name}'")).with_code("FunctionNotFound")
        );
    };
    match (callable.refusal.as_ref().or(callable.execute_refusal.as_ref()), &callable.error) {
        (Some(refusal), _) => Err(function_error(refusal.as_str())),
        (None, Some(error)) => Err(error.thrown.clone()),
        // A negative number: its condition has to be evaluated first.
        (None, None) if host.program.condition(name).is_some() => {
            Ok(Value::Number(-1.0 - callable.index as f64))
        }
        (None, None) => Ok(index(callable.index)),
    }
}

/// A value as JSON, or `undefined`.
pub(super) fn value_get(host: &mut RunHost, arguments: &[Value]) -> Outcome {
    let name = name(arguments, 0)?;
    match host.program.value(name) {
        Some(Ok(json)) => Ok(json.into()),
        Some(Err(secret)) => Err(Thrown::new(
            "FunctionError",
            format!("value '{name}' comes from the secret '{secret}', which is not set"),
        )),
        None => Ok(Value::Undefined),
    }
}

/// The type of a service, `data` for a data source, or `undefined`.
pub(super) fn service_kind(host: &mut RunHost, arguments: &[Value]) -> Outcome {
    let name = name(arguments, 0)?;
    if host.program.service_kind(name).is_none() && host.program.data.get(name).is_some() {
        super::data::warn_undeclared(host, name);
        return Ok("data".into());
    }
    Ok(host.program.service_kind(name).map_or(Value::Undefined, Value::from))
}

fn index(index: usize) -> Value {
    // A program has nowhere near 2^53 scripts.
    Value::Number(index as f64)
}

/// What an error of the engine's should say, and its stack with the author's places: a message, the
/// stack as the engine wrote it, and which of the two is wanted.
pub(super) fn error_told(host: &mut RunHost, arguments: &mut [Value]) -> Answer {
    let mut take = |index: usize| match arguments.get_mut(index).map(mem::take) {
        Some(Value::Text(text)) => text,
        _ => String::new(),
    };
    let (message, stack) = (take(0), take(1));
    let wants_stack = truth(arguments, 2);
    if stack.len() < LONG_BYTES && host.program.traces.are_ready(&stack) {
        return Answer::Now(Ok(told(&host.program, &message, &stack, wants_stack)));
    }
    let program = Arc::clone(&host.program);
    Answer::Later(Box::pin(async move { Ok(told(&program, &message, &stack, wants_stack)) }))
}

fn told(program: &Program, message: &str, stack: &str, wants_stack: bool) -> Value {
    if wants_stack {
        return program.traces.stack(message, stack).into();
    }
    program.traces.message(message, stack).map_or(Value::Undefined, Value::from)
}
