//! Conditions that are evaluated in a run: of functions that another one executes, and of the
//! actions of services.

use std::future::ready;

use bson::{Bson, Document, RawDocumentBuf, doc};
use hookstead_isolate::{Answer, Thrown, Value};
use hookstead_outbound::{Asked, CallError};
use hookstead_rules::{Condition, Expansion, NoValue};
use serde_json::Value as Json;

use super::{
    arguments::{Outcome, function_error, name, text, truth},
    pending::started_id,
};
use crate::{
    ConditionalRule, LogLevel,
    conditions::{AppOfCaller, NO_RULE_MATCHED},
    faults::{Fault, Faults},
    host::RunHost,
    memory::Broken,
};

/// A larger body is not read, and a condition that asks about it has no value.
const BODY_BYTES_MAX: usize = 1 << 20;

/// Begins to evaluate the condition of a function that another one executes; the answer throws
/// where it does not hold.
pub(super) fn function_allow(host: &mut RunHost, arguments: &[Value]) -> Outcome {
    let (name, as_system) = (name(arguments, 0)?, truth(arguments, 1));
    let Some(condition) = host.program.condition(name).cloned() else {
        return Err(function_error(format!("function '{name}' has no condition")));
    };
    let subject = format!("function '{name}': `can_evaluate`");
    let (app, faults) = (app(host, as_system)?, host.handles.faults());
    let nothing = host.account.nothing();
    let call = async move {
        match app.holds(&condition, None).await {
            Ok(true) => Ok((Value::Undefined, nothing)),
            refused => {
                if let Err(no_value) = refused {
                    note(&faults, &subject, &no_value);
                }
                Err(Broken::Thrown(refusal(NO_RULE_MATCHED)))
            }
        }
    };
    let started = host.work.start_call(0, ready(()), call);
    started_id(host, started)
}

/// Whether the rules of a service allow an action under a condition alone: throws where none does.
pub(super) fn service_allows(host: &mut RunHost, arguments: &[Value]) -> Outcome {
    let (service, action) = (name(arguments, 0)?, name(arguments, 1)?);
    let rules = host.program.service_rules(service);
    if rules.is_some_and(|rules| rules.allowed.contains(action)) {
        return Ok(Value::Bool(false));
    }
    let is_for = |rule: &ConditionalRule| rule.actions.contains(action);
    if rules.is_some_and(|rules| rules.conditional.iter().any(is_for)) {
        return Ok(Value::Bool(true));
    }
    Err(refusal(&format!("{}: no rule allows it", subject(service, action))))
}

/// Begins to evaluate the conditions of the rules for an action, with the document of the call and
/// its body; the answer throws where none holds.
pub(super) fn service_allow(host: &mut RunHost, arguments: &mut [Value]) -> Answer {
    Answer::Now(service_allowed(host, arguments))
}

fn service_allowed(host: &mut RunHost, arguments: &mut [Value]) -> Outcome {
    let (service, action) = (name(arguments, 0)?, name(arguments, 1)?);
    let as_system = truth(arguments, 2);
    text(arguments, 3)?;
    let subject = subject(service, action);
    let rules = host.program.service_rules(service);
    let rules = rules.iter().flat_map(|rules| &rules.conditional);
    let rules = rules.filter(|rule| rule.actions.contains(action));
    let conditions: Vec<_> = rules.map(|rule| rule.when.clone()).collect();
    let mut taken = arguments.iter_mut().skip(3).map(std::mem::take);
    let head = match taken.next() {
        Some(Value::Text(head)) => head,
        _ => String::new(),
    };
    let body = match taken.next() {
        Some(Value::Bytes(body)) => Some(body),
        _ => None,
    };
    let held_bytes = head.len() + body.as_ref().map_or(0, Vec::len);
    let (app, faults) = (app(host, as_system)?, host.handles.faults());
    let nothing = host.account.nothing();
    let call = async move {
        any_holds(&app, conditions, (head, body), (&faults, &subject)).await?;
        Ok((Value::Undefined, nothing))
    };
    let started = host.work.start_call(held_bytes, ready(()), call);
    started_id(host, started)
}

/// Whether one of some conditions holds of a call.
async fn any_holds(
    app: &AppOfCaller,
    conditions: Vec<Condition>,
    (head, body): (String, Option<Vec<u8>>),
    (faults, subject): (&Faults, &str),
) -> Result<(), Broken> {
    let asks_for_body = conditions.iter().any(|one| one.uses_member(Expansion::Args, "body"));
    let body = body.filter(|_| asks_for_body);
    // Long texts take long to read.
    let read = tokio::task::spawn_blocking(move || action_arguments(&head, body.as_deref()));
    let read = read.await.unwrap_or_else(|_| Err("its arguments cannot be read".to_owned()));
    let args = read.map_err(|reason| {
        Broken::Thrown(refusal(&format!("{subject}: the rule for it has a condition: {reason}")))
    })?;
    for condition in conditions {
        match app.holds(&condition, Some(&args)).await {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(no_value) => note(faults, &format!("{subject}: `when`"), &no_value),
        }
    }
    let reason = "the condition of the rule for it ('when') does not hold";
    Err(Broken::Thrown(refusal(&format!("{subject}: {reason}"))))
}

/// `%%args` of a call over HTTP: what the function gave, with the parts of the URL that will be
/// called.
fn action_arguments(head: &str, body: Option<&[u8]>) -> Result<RawDocumentBuf, String> {
    let asked = Asked::read(head).map_err(|error: CallError| error.message())?;
    if asked.follows_redirects || asked.has_authorization {
        return Err("where redirects and `authUrl` lead cannot be judged before".to_owned());
    }
    let unreadable = || "its arguments cannot be read".to_owned();
    let given: Json = serde_json::from_str(head).map_err(|_| unreadable())?;
    let mut args = Document::new();
    for (name, value) in given.as_object().into_iter().flatten() {
        let value = match name.as_str() {
            "query" | "headers" | "form" => grouped(value),
            // A secret, and what is known better below.
            "password" | "url" => continue,
            _ => Bson::try_from(value.clone()).map_err(|_| unreadable())?,
        };
        args.insert(name.clone(), value);
    }
    let mut query = Document::new();
    for (name, value) in asked.url.query_pairs() {
        append(&mut query, &name, value.into_owned().into());
    }
    let mut url = doc! {
        "scheme": asked.url.scheme(),
        "host": asked.url.host_str().unwrap_or_default(),
        "path": asked.url.path(),
        "query": query,
    };
    url.extend(asked.url.port().map(|port| ("port".to_owned(), i32::from(port).into())));
    args.insert("url", url);
    if let Some(body) = body {
        if body.len() > BODY_BYTES_MAX {
            return Err("its body is too large to be judged".to_owned());
        }
        let json = serde_json::from_slice::<Json>(body).ok();
        let value = json.and_then(|json| Bson::try_from(json).ok());
        let text = || String::from_utf8_lossy(body).into_owned().into();
        args.insert("body", value.unwrap_or_else(text));
    }
    RawDocumentBuf::try_from(&args).map_err(|_| unreadable())
}

/// Pairs of names and values as an object of lists.
fn grouped(pairs: &Json) -> Bson {
    let mut document = Document::new();
    for pair in pairs.as_array().into_iter().flatten() {
        if let (Some(name), Some(value)) = (pair[0].as_str(), pair[1].as_str()) {
            append(&mut document, name, value.into());
        }
    }
    document.into()
}

fn append(document: &mut Document, name: &str, value: Bson) {
    match document.get_mut(name) {
        Some(Bson::Array(values)) => values.push(value),
        _ => drop(document.insert(name, vec![value])),
    }
}

fn app(host: &RunHost, as_system: bool) -> Result<AppOfCaller, Thrown> {
    host.app_of_caller(as_system).ok_or_else(|| function_error(NO_RULE_MATCHED))
}

fn subject(service: &str, action: &str) -> String {
    format!("service '{service}': action '{action}'")
}

fn refusal(message: &str) -> Thrown {
    function_error(message).with_code("NoMatchingRuleFound")
}

/// Tells the log why a condition has no value.
fn note(faults: &Faults, subject: &str, no_value: &NoValue) {
    let (message, detail) = (subject.to_owned(), no_value.to_string());
    faults.note(Fault { message, detail, level: LogLevel::Error, is_outage: false });
}
