//! What clients do with a data source themselves: a method of a collection, with the rights of the
//! user and without JavaScript (docs/behaviour/client-api.md#data).

mod arguments;
mod error;
mod output;

use std::time::Duration;

use bytes::Bytes;
use hookstead_data::{Answer, Target as _};
use hookstead_isolate::in_background;
use hookstead_memory::{Account, Share};
use tokio::time::timeout;

use crate::{
    Caller, Functions, LogLine,
    data::{Request, Shape},
    functions::BATCH_BYTES_MAX,
    memory::CALL_BYTES,
};

use arguments::Prepared;
pub use error::{DataCallError, DataCallErrorKind};
use output::Output;

/// A method of a collection that a client calls.
pub struct DataCall {
    /// The name of the data source.
    pub source: String,
    /// Such as `findOne`.
    pub method: String,
    /// The text of an array with one object of extended JSON.
    pub arguments: String,
}

/// What came of such a call.
pub struct DataCompletion {
    /// The result in canonical extended JSON.
    pub outcome: Result<Bytes, DataCallError>,
    /// What conditions wrote to the console, and warnings.
    pub log: Vec<LogLine>,
    /// What the result takes of the memory budget, as long as somebody holds it.
    pub memory: Option<Share>,
}

/// From so many bytes on, a text is read or written on another thread than that of the requests.
const LONG_BYTES: usize = 64 << 10;
const NO_THREAD: &str = "no thread could read or write a long text";

/// How many bytes reading a text may take for each of its own: the arrays of BSON have a name for
/// each value.
const READ_FACTOR: usize = 12;

impl Functions {
    /// Does what a client asks of a data source, as far as the rules permit it to the user.
    ///
    /// Must be called within a Tokio runtime. When the future is dropped, nobody waits for the
    /// result, and a write that has been handed over may still happen.
    pub async fn call_data(&self, call: DataCall, caller: &Caller) -> DataCompletion {
        let mut log = Vec::new();
        let time: Duration = self.limits.run_time;
        let called = timeout(time, self.answer_data(call, caller, &mut log)).await;
        let outcome = called.unwrap_or_else(|_| Err(DataCallError::time_limit(time)));
        log.splice(..0, caller.console.take());
        let (outcome, memory) = match outcome {
            Ok((text, memory)) => (Ok(text), Some(memory)),
            Err(error) => (Err(error), None),
        };
        DataCompletion { outcome, log, memory }
    }

    /// Whether clients can call methods of a service.
    ///
    /// # Errors
    /// There is no such service, or clients cannot reach it.
    pub fn check_data_source(&self, name: &str, method: &str) -> Result<(), DataCallError> {
        if let Some(kind) = self.program.service_kind(name) {
            return Err(DataCallError::unsupported_service(name, kind, method));
        }
        match self.program.data.is_for_clients(name) {
            true => Ok(()),
            false => Err(DataCallError::no_service(name)),
        }
    }

    async fn answer_data(
        &self,
        call: DataCall,
        caller: &Caller,
        log: &mut Vec<LogLine>,
    ) -> Result<(Bytes, Share), DataCallError> {
        let DataCall { source, method, arguments } = call;
        self.check_data_source(&source, &method)?;
        arguments::check_method(&method)?;
        let bytes_max = self.limits.run_memory_bytes.saturating_add(BATCH_BYTES_MAX);
        let account = Account::new(self.memory(), bytes_max);
        let read_bytes = arguments.len().saturating_mul(READ_FACTOR);
        let mut held = account.take_waiting(CALL_BYTES.saturating_add(read_bytes)).await?;
        let Prepared { request, bytes, warning } = prepare(method, arguments).await?;
        held.shrink_to(CALL_BYTES + bytes);
        log.extend(warning);
        let reads = request.reads();
        let Request::Run(namespace, command, shape) = request else {
            return Err(DataCallError::internal("a method of clients is no command"));
        };
        let store = self.user_store(&source, caller);
        let store = store.ok_or_else(|| DataCallError::no_service(&source))?;
        let failed = |error| DataCallError::of_store(&error, reads);
        let answer = store.run(namespace, command).await.map_err(failed)?;
        let mut output = Output::new(&account, self.limits.result_bytes_max);
        match answer {
            Answer::Cursor(batch, more) => {
                write_cursor(&mut output, batch, more, shape, failed).await?;
            }
            answer => output.write(&answer, shape)?,
        }
        output.finish()
    }
}

async fn prepare(method: String, arguments: String) -> Result<Prepared, DataCallError> {
    if arguments.len() < LONG_BYTES {
        return arguments::prepare(&method, &arguments);
    }
    let prepared = in_background(move || arguments::prepare(&method, &arguments)).await;
    prepared.ok_or_else(|| DataCallError::internal(NO_THREAD))?
}

/// Writes the documents of a cursor as an array, or the first of them.
async fn write_cursor(
    output: &mut Output,
    first: hookstead_data::Batch,
    more: Option<Box<dyn hookstead_data::Cursor>>,
    shape: Shape,
    failed: impl Fn(hookstead_data::DataError) -> DataCallError,
) -> Result<(), DataCallError> {
    if shape == Shape::First {
        return output.first_of(&first);
    }
    output.begin_list();
    let (mut batch, mut more) = (first, more);
    loop {
        if batch.bytes_len() < LONG_BYTES {
            output.add_batch(&batch)?;
        } else {
            let mut lent = output.lend();
            let written = in_background(move || {
                let added = lent.add_batch(&batch);
                (lent, added)
            });
            let written = written.await.ok_or_else(|| DataCallError::internal(NO_THREAD));
            let (back, added) = written?;
            *output = back;
            added?;
        }
        let Some(cursor) = &mut more else { break };
        batch = cursor.next_batch().await.map_err(&failed)?;
        if batch.is_empty() {
            break;
        }
    }
    output.end_list()
}
