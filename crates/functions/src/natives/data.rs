//! Data sources: commands, sessions and transactions.

use std::{mem, sync::Arc};

use bson::RawBsonRef;
use hookstead_data::Store;
use hookstead_isolate::{Answer, Thrown, Value};

use super::{
    arguments::{Outcome, function_error, name, number, truth},
    cost::LONG_BYTES,
    pending::started_id,
};
use crate::{
    LogLevel,
    data::{
        self, Barrier, LargeCommand, LargeCommandSlot, OpenSession, Request, SessionCall, Spec,
        WriteGuard,
    },
    documents,
    host::{Rights, RunHost},
};

/// What a session takes, with its transaction.
const SESSION_BYTES: usize = 2 << 10;

/// Starts a command, one document, at a data source and with somebody's rights. A large one is read
/// on another thread first; the result is `undefined` then, and [`start_large`] starts it.
pub(super) fn start(host: &mut RunHost, arguments: &mut [Value]) -> Answer {
    let given = arguments.get_mut(2).map(mem::take).unwrap_or_default();
    if given.bytes() >= LONG_BYTES {
        let slot = host.large_command.get_or_insert_default().clone();
        return Answer::Later(Box::pin(async move {
            slot.put(LargeCommand::read(&given)?);
            Ok(Value::Undefined)
        }));
    }
    Answer::Now(start_small(host, arguments, &given))
}

fn start_small(host: &mut RunHost, arguments: &[Value], given: &Value) -> Outcome {
    let command = documents::read_document(given)?;
    let spec = Spec::new(&command);
    start_request(host, arguments, &spec, given.bytes(), || data::parse(&spec))
}

/// Starts the command that was read on another thread.
pub(super) fn start_large(host: &mut RunHost, arguments: &[Value]) -> Outcome {
    let command = host.large_command.as_ref().and_then(LargeCommandSlot::take);
    let LargeCommand { head, request, bytes } =
        command.ok_or_else(|| function_error("there is no command to start"))?;
    start_request(host, arguments, &Spec::new(&head), bytes, || request)
}

/// Starts what a command asks for, once it is known who carries it out. The first arguments are the
/// data source, and whether it is for a function that runs as system in a run that does not.
fn start_request(
    host: &mut RunHost,
    arguments: &[Value],
    spec: &Spec<'_>,
    held_bytes: usize,
    request: impl FnOnce() -> Result<Request, Thrown>,
) -> Outcome {
    let (source, store) = store_of(host, arguments)?;
    let session = match spec.get("session") {
        Some(RawBsonRef::Int32(id)) => Some(session_of(host, source, &store, f64::from(id))?),
        _ => None,
    };
    let cursors = Arc::clone(&host.handles.cursors);
    let faults = host.handles.faults();
    let request = request()?;
    let (earlier, write) = match &session {
        None => in_order(host, source, &request),
        Some(_) => (None, None),
    };
    let admission = session.as_ref().map(SessionCall::admission);
    let before = async move {
        if let Some(admission) = admission {
            admission.await;
        }
    };
    let account = Arc::clone(&host.account);
    let answer = request.answer(store, session, cursors, faults);
    let started = host.work.start_call(held_bytes, before, async move {
        let _write = write;
        if let Some(earlier) = earlier {
            earlier.wait().await;
        }
        let value = answer.await?;
        // It is there already; what it leaves to read waits until the run has room for this.
        let held = account.take_waiting(value.bytes()).await?;
        Ok((value, held))
    });
    started_id(host, started)
}

/// What a command has to wait for, and what those after it wait for. An open transaction may hold
/// up a write of the same run until it ends; then nobody waits.
fn in_order(
    host: &mut RunHost,
    source: &str,
    request: &Request,
) -> (Option<Barrier>, Option<WriteGuard>) {
    let waits = request.waits_for_writes() && !host.handles.in_transaction();
    let writes = &mut host.handles.writes;
    let earlier = waits.then(|| writes.barrier(source));
    (earlier, request.writes().then(|| writes.begin(source)))
}

/// The JSON of an object or an array, or `undefined` where it holds more than plain values.
pub(super) fn json_text(arguments: &[Value]) -> Outcome {
    let text = arguments.first().and_then(documents::json_text);
    Ok(text.map_or(Value::Undefined, Value::from))
}

/// Opens a session of a data source.
pub(super) fn open_session(host: &mut RunHost, arguments: &[Value]) -> Outcome {
    let (_, store) = store_of(host, arguments)?;
    let sessions_max = host.limits.run_sessions_max;
    if host.handles.sessions() >= sessions_max {
        let text = format!(
            "the run has {sessions_max} sessions open, which is the limit; end some with \
             endSession(), or have the operator raise [data] run_sessions_max"
        );
        return Err(function_error(text));
    }
    let held = host.account.take(SESSION_BYTES).map_err(|_| {
        function_error("there is no memory for another session; end some with endSession()")
    })?;
    let id = host.handles.open_session(store, held);
    Ok(Value::Number(id as f64))
}

/// Ends a session that is in no transaction.
pub(super) fn end_session(host: &mut RunHost, arguments: &[Value]) -> Outcome {
    host.handles.end_session(number(arguments, 0)? as usize);
    Ok(Value::Undefined)
}

pub(super) fn start_transaction(host: &mut RunHost, arguments: &[Value]) -> Outcome {
    let started = host.handles.start_transaction(number(arguments, 0)? as usize);
    started.ok_or_else(no_session)?.map_err(|error| data::thrown(&error))?;
    Ok(Value::Undefined)
}

pub(super) fn in_transaction(host: &mut RunHost, arguments: &[Value]) -> Outcome {
    Ok(session(host, number(arguments, 0)?)?.session().in_transaction().into())
}

/// A name that the export does not declare is told once a run.
pub(super) fn warn_undeclared(host: &mut RunHost, name: &str) {
    if !host.program.data.is_declared(name) && host.handles.note_undeclared(name) {
        let text = format!(
            "the service '{name}' is not declared in the export; the app's data source answers"
        );
        host.log(LogLevel::Warn, &text);
    }
}

/// The name of a data source and its store, for the rights of a function.
fn store_of<'a>(
    host: &mut RunHost,
    arguments: &'a [Value],
) -> Result<(&'a str, Arc<dyn Store>), Thrown> {
    let source = name(arguments, 0)?;
    let rights = rights(host, truth(arguments, 1));
    let store = host.store(rights, source)?;
    Ok((source, store.ok_or_else(|| gone(source))?))
}

/// The rights of a function: those of the run, or, where the JavaScript half says so, those of a
/// function in it that runs as system whoever calls it.
fn rights(host: &RunHost, as_system: bool) -> Rights {
    if host.invocation.running_as_system || as_system { Rights::System } else { Rights::User }
}

fn session(host: &mut RunHost, id: f64) -> Result<&mut OpenSession, Thrown> {
    let session = host.handles.session(id as usize);
    session.ok_or_else(no_session)
}

fn no_session() -> Thrown {
    function_error("there is no such session")
}

/// A session for a command of a data source. That of another one would write elsewhere.
fn session_of(
    host: &mut RunHost,
    source: &str,
    store: &Arc<dyn Store>,
    id: f64,
) -> Result<SessionCall, Thrown> {
    let open = session(host, id)?;
    if open.is_of(store) {
        return Ok(open.call());
    }
    Err(function_error(format!("the session is of another data source than '{source}'")))
}

fn gone(source: &str) -> Thrown {
    function_error(format!("there is no data source '{source}'"))
}
