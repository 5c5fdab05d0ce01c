//! What the app says of itself: functions, values, services.

use hookstead_isolate::{Thrown, Value};

use super::{Outcome, function_error, name};
use crate::host::RunHost;

/// The script of a function that functions may call.
pub(super) fn function_find(host: &mut RunHost, arguments: &[Value]) -> Outcome {
    let name = name(arguments, 0)?;
    let Some(callable) = host.program.function(name) else {
        return Err(
            function_error(format!("function not found: '{name}'")).with_code("FunctionNotFound")
        );
    };
    match (&callable.refusal, &callable.error) {
        (Some(refusal), _) => Err(function_error(refusal.clone())),
        (None, Some(error)) => Err(error.clone()),
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

/// Whether the rules of a service allow an action: throws where they do not.
pub(super) fn service_allows(host: &mut RunHost, arguments: &[Value]) -> Outcome {
    let (name, action) = (name(arguments, 0)?, name(arguments, 1)?);
    let rules = host.program.service_rules(name);
    if rules.is_some_and(|rules| rules.allowed.contains(action)) {
        return Ok(Value::Undefined);
    }
    let reason = if rules.is_some_and(|rules| rules.conditional.contains(action)) {
        "the rule for it has a condition ('when'), which is not evaluated yet"
    } else {
        "no rule allows it"
    };
    Err(function_error(format!("service '{name}': action '{action}': {reason}"))
        .with_code("NoMatchingRuleFound"))
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
