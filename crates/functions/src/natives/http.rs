//! The calls of `context.http`: from the natives to the client, and its errors back.

use std::sync::Arc;

use hookstead_isolate::{Answer, Thrown, Value};
use hookstead_memory::Account;
use hookstead_outbound::{CallError, Client};

use super::{
    arguments::{Outcome, bytes, text, wrong},
    pending::started_id,
};
use crate::{
    LogLevel,
    faults::{Fault, Faults},
    host::RunHost,
    memory::{Answered, Broken},
};

/// Starts an HTTP request: head as JSON, body where there is one.
pub(super) fn start(host: &mut RunHost, arguments: &mut [Value]) -> Answer {
    Answer::Now(started(host, arguments))
}

fn started(host: &mut RunHost, arguments: &mut [Value]) -> Outcome {
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
    let call = perform(Arc::clone(&host.client), head, body, account, faults);
    let begun = host.work.start_call(held_bytes, std::future::ready(()), call);
    started_id(host, begun)
}

/// Makes one call. What only the operator may know of a failure goes to the log.
async fn perform(
    client: Arc<Client>,
    head: String,
    body: Option<Vec<u8>>,
    account: Arc<Account>,
    faults: Faults,
) -> Answered {
    let response = client.perform(head, body, account).await.map_err(|error| {
        if let Some(detail) = error.detail() {
            let message = "http request".to_owned();
            faults.note(Fault { message, detail, level: LogLevel::Error, is_outage: false });
        }
        broken(error)
    })?;
    let value = Value::List(vec![Value::Text(response.head), Value::Bytes(response.body)]);
    Ok((value, response.held))
}

fn broken(error: CallError) -> Broken {
    let code = match error {
        CallError::Memory(refused) => return Broken::Memory(refused),
        CallError::Internal(message) => {
            return Broken::Thrown(Thrown::new("InternalError", message));
        }
        CallError::Refused(_) => "RestrictedHost",
        _ => "HTTPError",
    };
    Broken::Thrown(Thrown::new("FunctionError", error.message()).with_code(code))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hookstead_memory::Refused;

    use super::*;

    #[test]
    fn a_failed_call_throws_an_error_with_a_code() {
        let Broken::Thrown(thrown) = broken(CallError::TimedOut(Duration::from_secs(1))) else {
            panic!("not thrown");
        };
        assert_eq!(
            (thrown.name.as_ref(), thrown.code.as_deref(), thrown.message.as_str()),
            (
                "FunctionError",
                Some("HTTPError"),
                "http request: no complete response within 1s ([limits] outbound_time_s)"
            )
        );
    }

    #[test]
    fn a_call_without_memory_ends_the_run() {
        let outcome = broken(CallError::Memory(Refused::NoRoom));
        assert!(matches!(outcome, Broken::Memory(Refused::NoRoom)), "{outcome:?}");
    }
}
