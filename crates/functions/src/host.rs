//! One run's table: its input, its pending work, its log and its answer.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use hookstead_data::Store;
use hookstead_isolate::Pace;
use hookstead_memory::{Account, Held, Refused};
use hookstead_outbound::Client;
use tokio::runtime::Handle;

use crate::{
    Failure, FailureKind, Invocation, Limits, LogLevel, LogLine, Reply,
    conditions::{AppOfCaller, Caller, RunConditions},
    data::{Handles, LargeCommandSlot},
    faults::Fault,
    program::{Callable, Program},
    work::Work,
};

mod store;
mod wake;

pub(crate) use store::Rights;

/// The host of one run.
pub(crate) struct RunHost {
    pub(crate) invocation: Invocation,
    pub(crate) program: Arc<Program>,
    pub(crate) client: Arc<Client>,
    pub(crate) work: Work,
    pub(crate) handles: Handles,
    /// The stores that the user of the run has got, by data source.
    pub(crate) user_stores: BTreeMap<String, Arc<dyn Store>>,
    /// What conditions are evaluated with; none where the app has none and nobody is a user.
    pub(crate) conditions: Option<RunConditions>,
    /// Most runs have no large command.
    pub(crate) large_command: Option<LargeCommandSlot>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) account: Arc<Account>,
    pub(crate) started_at: Instant,
    log: Vec<LogLine>,
    /// Whether the run has written more lines than are kept.
    log_is_full: bool,
    log_bytes: usize,
    /// What the log takes, and the answer.
    log_held: Held,
    answer_held: Held,
    pace: Arc<Pace>,
    stage: Stage,
    /// A limit that was broken: the run's outcome, whatever JavaScript makes of it.
    broken_limit: Option<String>,
    /// There was no memory for what the run is to be given or gives: its outcome as well.
    broken_memory: Option<Refused>,
    answer: Option<Result<Reply, Failure>>,
}

enum Stage {
    /// JavaScript has yet to be told which script to call.
    Ready(usize),
    /// The function runs or waits.
    Running,
    /// The function has settled; what it left pending may still go on.
    Settled(Instant),
    /// The reply was asked for.
    Finishing,
}

impl RunHost {
    pub(crate) fn new(
        program: Arc<Program>,
        client: Arc<Client>,
        limits: Arc<Limits>,
        account: Arc<Account>,
        invocation: Invocation,
        callable: &Callable,
    ) -> Self {
        Self {
            invocation,
            program,
            client,
            work: Work::new(Handle::current(), &limits, Arc::clone(&account)),
            handles: Handles::new(&limits, &account),
            user_stores: BTreeMap::new(),
            conditions: None,
            large_command: None,
            limits,
            started_at: Instant::now(),
            log: Vec::new(),
            log_is_full: false,
            log_bytes: 0,
            log_held: account.nothing(),
            answer_held: account.nothing(),
            account,
            pace: Arc::clone(&callable.pace),
            stage: Stage::Ready(callable.index),
            broken_limit: None,
            broken_memory: None,
            answer: None,
        }
    }

    /// What the app gives to the conditions of the run; `None` where there is nothing to evaluate.
    /// `as_system` says that a function asks which runs as system in a run that does not.
    pub(crate) fn app_of_caller(&self, as_system: bool) -> Option<AppOfCaller> {
        let conditions = self.conditions.as_ref()?;
        let mut caller = Caller::of(&self.invocation);
        caller.runs_as_system |= as_system;
        caller.console = conditions.console.clone();
        let (program, runs) = (Arc::clone(&self.program), Arc::clone(&conditions.runs));
        Some(AppOfCaller::new(program, runs, caller, conditions.depth))
    }

    /// What came of the run, where it got that far, its log, and what the answer holds.
    pub(crate) fn into_parts(mut self) -> (Option<Result<Reply, Failure>>, Vec<LogLine>, Held) {
        let faults = self.handles.take_faults();
        self.log.extend(self.conditions.iter().flat_map(|conditions| conditions.console.take()));
        // Beyond the limits of the console: whether the operator hears of it is not up to a run.
        let lines = faults.iter().filter(|fault| !fault.detail.is_empty());
        self.log.extend(lines.map(|Fault { message, detail, level, .. }| LogLine {
            level: *level,
            text: format!("{message}: {detail}"),
        }));
        let mut answer = match (self.broken_memory, self.broken_limit) {
            (Some(refused), _) => Some(Err(memory_failure(refused))),
            (None, Some(message)) => Some(Err(execution_error(message, None))),
            (None, None) => self.answer,
        };
        // A function that catches the error decides itself; one that lets it pass does not.
        if let Some(Err(failure)) = &mut answer
            && failure.kind == FailureKind::FunctionExecutionError
            && faults.iter().any(|fault| fault.is_outage && fault.message == failure.message)
        {
            failure.kind = FailureKind::StoreUnavailable;
        }
        (answer, self.log, self.answer_held)
    }

    /// Keeps a line of the console, within the limits; false where no more lines are kept.
    pub(crate) fn log(&mut self, level: LogLevel, text: &str) -> bool {
        if self.log_is_full {
            return false;
        }
        let end = text.floor_char_boundary(self.limits.console_line_bytes_max);
        let limit = if self.log.len() >= self.limits.console_lines_max {
            Some("console_lines_max")
        } else if self.log_bytes + end > self.limits.console_bytes_max {
            Some("console_kib_max")
        } else {
            None
        };
        if let Some(limit) = limit {
            self.log_is_full = true;
            if self.limits.console_lines_max > 0 {
                let text = format!("more console lines were left out ([limits] {limit})");
                self.log.push(LogLine { level: LogLevel::Warn, text });
            }
            return false;
        }
        // Lines for which there is no memory are not kept either.
        if self.log_held.grow(end + size_of::<LogLine>()).is_ok() {
            self.log_bytes += end;
            self.log.push(LogLine { level, text: text[..end].to_owned() });
        }
        true
    }

    /// The function has settled.
    pub(crate) fn settle(&mut self) {
        if matches!(self.stage, Stage::Running) {
            self.stage = Stage::Settled(Instant::now());
        }
    }

    /// A limit is broken: the run fails with this message.
    pub(crate) fn break_limit(&mut self, message: String) {
        self.broken_limit.get_or_insert(message);
    }

    /// There is no memory: the run fails, whatever JavaScript makes of it.
    pub(crate) fn break_memory(&mut self, refused: Refused) {
        self.broken_memory.get_or_insert(refused);
    }

    /// Takes memory for an answer of so many bytes; false where the run fails for lack of it.
    pub(crate) fn hold_answer(&mut self, bytes: usize) -> bool {
        self.answer_held.shrink_to(0);
        let grown = self.answer_held.grow(bytes);
        if let Err(refused) = grown {
            self.break_memory(refused);
        }
        grown.is_ok()
    }

    /// The run's answer.
    pub(crate) fn answer(&mut self, answer: Result<Reply, Failure>) {
        self.answer = Some(answer);
    }
}

/// The failure of a run for which there is no memory.
pub(crate) fn memory_failure(refused: Refused) -> Failure {
    let (kind, message) = match refused {
        Refused::Limit => (FailureKind::MemoryLimitExceeded, "memory limit exceeded"),
        Refused::NoRoom => (FailureKind::NoMemory, "the server has no memory for this run"),
    };
    Failure { kind, message: message.into(), stack: None }
}

/// The failure of a function that threw or broke a limit.
pub(crate) fn execution_error(message: String, stack: Option<String>) -> Failure {
    Failure { kind: FailureKind::FunctionExecutionError, message, stack }
}
