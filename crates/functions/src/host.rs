//! One run's table: its input, its pending work, its log and its answer.

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use hookstead_isolate::{Host, Native, Thrown, Value, Wake};
use tokio::runtime::Handle;

use crate::{
    Failure, FailureKind, Invocation, Limits, LogLevel, LogLine, Reply, data::Handles,
    faults::Fault, input, natives, outbound::Client, program::Program, work::Work,
};

/// The host of one run.
pub(crate) struct RunHost {
    pub(crate) invocation: Invocation,
    pub(crate) program: Arc<Program>,
    pub(crate) client: Arc<Client>,
    pub(crate) work: Work,
    pub(crate) handles: Handles,
    pub(crate) limits: Arc<Limits>,
    pub(crate) started_at: Instant,
    log: Vec<LogLine>,
    stage: Stage,
    /// A limit that was broken: the run's outcome, whatever JavaScript makes of it.
    broken_limit: Option<String>,
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
        invocation: Invocation,
        script: usize,
    ) -> Self {
        Self {
            invocation,
            program,
            client,
            work: Work::new(Handle::current(), &limits),
            handles: Handles::default(),
            limits,
            started_at: Instant::now(),
            log: Vec::new(),
            stage: Stage::Ready(script),
            broken_limit: None,
            answer: None,
        }
    }

    /// What came of the run, where it got that far, and its log.
    pub(crate) fn into_parts(mut self) -> (Option<Result<Reply, Failure>>, Vec<LogLine>) {
        let faults = self.handles.take_faults();
        // Beyond the limits of the console: whether the operator hears of it is not up to a run.
        let lines = faults.iter().filter(|fault| !fault.detail.is_empty());
        self.log.extend(lines.map(|Fault { message, detail, .. }| LogLine {
            level: LogLevel::Error,
            text: format!("{message}: {detail}"),
        }));
        let mut answer = match self.broken_limit {
            Some(message) => Some(Err(execution_error(message, None))),
            None => self.answer,
        };
        // A function that catches the error decides itself; one that lets it pass does not.
        if let Some(Err(failure)) = &mut answer
            && failure.kind == FailureKind::FunctionExecutionError
            && faults.iter().any(|fault| fault.is_outage && fault.message == failure.message)
        {
            failure.kind = FailureKind::StoreUnavailable;
        }
        (answer, self.log)
    }

    /// Keeps a line of the console, within the limits.
    pub(crate) fn log(&mut self, level: LogLevel, text: &str) {
        if self.log.len() >= self.limits.console_lines_max {
            return;
        }
        let end = text.floor_char_boundary(self.limits.console_line_bytes_max);
        self.log.push(LogLine { level, text: text[..end].to_owned() });
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

    /// The run's answer.
    pub(crate) fn answer(&mut self, answer: Result<Reply, Failure>) {
        self.answer = Some(answer);
    }

    fn poll_work(&mut self, cx: &mut Context<'_>) -> Poll<Wake> {
        if let Poll::Ready((id, outcome)) = self.work.poll_done(cx) {
            let id = Value::Number(f64::from(id));
            let (succeeded, value) = match outcome {
                Ok(value) => (true, value),
                Err(thrown) => (false, natives::thrown_parts(&thrown)),
            };
            return Poll::Ready(Wake::Call("complete", vec![id, succeeded.into(), value]));
        }
        match self.stage {
            Stage::Settled(at) if !self.work.holds(at, self.limits.timer_drain) => {
                self.stage = Stage::Finishing;
                Poll::Ready(Wake::Call("finish", Vec::new()))
            }
            Stage::Running if self.work.is_empty() => {
                let message = "the function waits for a promise that nothing can settle";
                self.answer = Some(Err(execution_error(message.into(), None)));
                Poll::Ready(Wake::Finished)
            }
            _ => Poll::Pending,
        }
    }
}

impl Host for RunHost {
    const NATIVES: &'static [Native<Self>] = natives::ALL;
    const HOOKS: &'static [&'static str] = &["complete", "finish", "prepare", "start"];

    fn poll_wake(&mut self, cx: &mut Context<'_>) -> Poll<Wake> {
        if let Stage::Ready(script) = self.stage {
            self.stage = Stage::Running;
            return Poll::Ready(Wake::Call("start", input::start(&self.invocation, script)));
        }
        if self.answer.is_some() || matches!(self.stage, Stage::Finishing) {
            return Poll::Ready(Wake::Finished);
        }
        self.poll_work(cx)
    }

    fn poll_wait(&mut self, id: f64, cx: &mut Context<'_>) -> Poll<Result<Value, Thrown>> {
        self.work.poll_answer(id as u32, cx)
    }
}

/// The failure of a function that threw or broke a limit.
pub(crate) fn execution_error(message: String, stack: Option<String>) -> Failure {
    Failure { kind: FailureKind::FunctionExecutionError, message, stack }
}
