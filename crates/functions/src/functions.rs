//! The door: an application's functions, loaded once, called many times.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use hookstead_isolate::{Busy, Ending, Pool, PoolLimits, RunLimits, Thrown};
use hookstead_memory::{Account, Budget, Refused, Share};
use hookstead_outbound::{Client, OutboundError};
use hookstead_rules::{Condition, Future, NoValue, Rules};

use crate::{
    Completion, Console, Definition, Failure, FailureKind, Invocation, Limits, LogLevel, LogLine,
    ModuleProblem, Reply, ServiceRules, Settings, SyntaxError,
    conditions::{AppOfCaller, Caller, NO_RULE_MATCHED, RunConditions, Runs},
    host::{RunHost, execution_error, memory_failure},
    program::{Callable, Program},
};

/// An application's functions, ready to be called. Clones are the same functions.
#[derive(Clone)]
pub struct Functions {
    pub(crate) program: Arc<Program>,
    client: Arc<Client>,
    pub(crate) limits: Arc<Limits>,
    memory: Arc<Budget>,
    pool: Arc<Pool>,
}

/// What a run may hold beside its limit: a batch of documents, which servers send at their own
/// size.
pub(crate) const BATCH_BYTES_MAX: usize = 16 << 20;

/// What came of a run: the outcome, its log, and what the reply takes of the memory budget.
type Ended = (Result<Reply, Failure>, Vec<LogLine>, Option<Share>);

/// Why an application's functions cannot be loaded at all.
///
/// A source that does not compile is no such reason: see [`Functions::syntax_errors`].
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The engine refused its own runtime.
    #[error("the JavaScript runtime cannot be prepared")]
    Runtime(#[source] Thrown),
    /// A setting about outgoing calls is wrong.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
}

impl Functions {
    /// Compiles every function of an application.
    ///
    /// # Errors
    /// Settings that make no sense, or an engine that cannot start.
    pub fn load(definition: Definition, settings: Settings) -> Result<Self, LoadError> {
        let Settings { limits, outbound, data, memory } = settings;
        let client = Client::new(&outbound, limits.outbound_body_bytes_max, limits.outbound_time)?;
        let program =
            Program::new(definition, &limits, data, &memory).map_err(LoadError::Runtime)?;
        let pool = Pool::new(PoolLimits {
            runs_max: limits.runs_max,
            runs_waiting_max: limits.runs_waiting_max,
            isolates_max: limits.isolates_max,
        });
        Ok(Self {
            program: Arc::new(program),
            client: Arc::new(client),
            limits: Arc::new(limits),
            memory,
            pool: Arc::new(pool),
        })
    }

    /// The functions and entries whose sources do not compile, with what the engine says.
    pub fn syntax_errors(&self) -> impl Iterator<Item = (&str, &SyntaxError)> {
        self.program.errors()
    }

    /// Calls a function and waits until it has answered and what it began has ended.
    ///
    /// Must be called within a Tokio runtime; the function runs on the thread that polls. When the
    /// future is dropped, the call ends where it stands, and so does what it began.
    pub async fn invoke(&self, invocation: Invocation) -> Completion {
        self.invoke_within(invocation, 0).await
    }

    /// The same for a request, whose conditions were evaluated when it was let in.
    pub async fn invoke_admitted(&self, invocation: Invocation) -> Completion {
        let begun = Instant::now();
        let ended = match self.callable(&invocation.entry) {
            Ok(callable) => self.run(invocation, callable, 0).await,
            Err(failure) => (Err(failure), Vec::new(), None),
        };
        completion(ended, begun)
    }

    /// Calls a function, from so many conditions within conditions.
    pub(crate) async fn invoke_within(&self, invocation: Invocation, depth: usize) -> Completion {
        let begun = Instant::now();
        let console = Console::default();
        let mut ended = match self.callable(&invocation.entry) {
            Ok(callable) => match self.is_allowed(&invocation, depth, &console).await {
                Ok(true) => self.run(invocation, callable, depth).await,
                refused => {
                    let log = refused.err().iter().map(not_evaluated).collect();
                    (Err(execution_error(NO_RULE_MATCHED.to_owned(), None)), log, None)
                }
            },
            Err(failure) => (Err(failure), Vec::new(), None),
        };
        ended.1.splice(..0, console.take());
        completion(ended, begun)
    }

    async fn is_allowed(
        &self,
        invocation: &Invocation,
        depth: usize,
        console: &Console,
    ) -> Result<bool, NoValue> {
        let Some(condition) = self.program.condition(&invocation.entry) else { return Ok(true) };
        let caller = Caller { console: console.clone(), ..Caller::of(invocation) };
        self.app_of(caller, depth).holds(condition, None).await
    }

    /// Why one of the conditions of a call does not hold for its caller, where one does not: it is
    /// not true, or has no value. For the log.
    pub async fn unmet(&self, conditions: &[Condition], caller: &Caller) -> Option<String> {
        let app = self.app_of(caller.clone(), 0);
        for condition in conditions {
            match app.holds(condition, None).await {
                Ok(true) => {}
                Ok(false) => return Some("`can_evaluate` does not hold".to_owned()),
                Err(no_value) => return Some(format!("`can_evaluate`: {no_value}")),
            }
        }
        None
    }

    fn app_of(&self, caller: Caller, depth: usize) -> AppOfCaller {
        AppOfCaller::new(Arc::clone(&self.program), Arc::new(self.clone()), caller, depth)
    }

    fn callable(&self, name: &str) -> Result<&Callable, Failure> {
        let callable = self.program.entry(name).ok_or_else(|| {
            failure(FailureKind::FunctionNotFound, format!("function not found: '{name}'"))
        })?;
        if let Some(refusal) = &callable.refusal {
            return Err(execution_error(refusal.clone(), None));
        }
        match &callable.error {
            Some(error) => Err(Failure {
                stack: error.trace(&callable.file),
                ..failure(FailureKind::FunctionSyntaxError, error.to_string())
            }),
            None => Ok(callable),
        }
    }

    /// What the rules of a service allow a function; `None` where it has none.
    pub fn service_rules(&self, name: &str) -> Option<&ServiceRules> {
        self.program.service_rules(name)
    }

    /// The rules of the data source that a name leads to.
    pub fn data_rules(&self, source: &str) -> Arc<Rules> {
        self.program.data_rules(source)
    }

    async fn run(&self, invocation: Invocation, callable: &Callable, depth: usize) -> Ended {
        let bytes_max = self.limits.run_memory_bytes.saturating_add(BATCH_BYTES_MAX);
        let account = Account::new(&self.memory, bytes_max);
        let mut host = RunHost::new(
            Arc::clone(&self.program),
            Arc::clone(&self.client),
            Arc::clone(&self.limits),
            account,
            invocation,
            callable,
        );
        if self.program.has_conditions || !host.invocation.running_as_system {
            let console = Console::default();
            host.conditions = Some(RunConditions { runs: Arc::new(self.clone()), depth, console });
        }
        let limits = RunLimits {
            time: self.limits.run_time,
            cpu_time: self.limits.run_cpu_time,
            allocations_max: None,
        };
        match self.pool.run(Arc::clone(&self.program.image), limits, host).await {
            Ok((host, ending)) => {
                let started_at = host.started_at;
                let (answer, mut log, held) = host.into_parts();
                let outcome = outcome(ending, answer);
                let broken = |failure| self.broken_limit(failure, started_at);
                log.extend(outcome.as_ref().err().and_then(broken));
                (outcome, log, Some(held.into_share()))
            }
            Err(Busy) => {
                let message = "too many requests are waiting already".to_owned();
                (Err(failure(FailureKind::TooManyRequests, message)), Vec::new(), None)
            }
        }
    }

    /// Which limit a run broke, for the log: callers learn no settings.
    fn broken_limit(&self, failure: &Failure, started_at: Instant) -> Option<LogLine> {
        let Limits { run_time, run_cpu_time, run_memory_bytes, .. } = &*self.limits;
        let message = &failure.message;
        let text = match failure.kind {
            FailureKind::ExecutionTimeLimitExceeded if started_at.elapsed() >= *run_time => {
                format!(
                    "{message}: the run took more than {} s ([limits] run_time_s)",
                    run_time.as_secs_f64()
                )
            }
            FailureKind::ExecutionTimeLimitExceeded => format!(
                "{message}: the run computed for more than {} s ([limits] run_cpu_s)",
                run_cpu_time.as_secs_f64()
            ),
            FailureKind::MemoryLimitExceeded => format!(
                "{message}: the run needed more than {} MiB ([limits] run_memory_mib)",
                run_memory_bytes >> 20
            ),
            _ => return None,
        };
        Some(LogLine { level: LogLevel::Error, text })
    }

    /// The memory budget, which servers of these functions share.
    pub fn memory(&self) -> &Arc<Budget> {
        &self.memory
    }

    /// Why a function cannot be executed by another one, where it cannot: it is not there, cannot
    /// be honoured or does not compile.
    pub fn obstacle(&self, name: &str) -> Option<String> {
        match self.callable(name) {
            Ok(callable) => callable.execute_refusal.clone(),
            Err(failure) => Some(failure.message),
        }
    }

    /// Why the source in a file cannot require something, where it cannot.
    pub fn module_problem(&self, file: &str, specifier: &str) -> Option<&ModuleProblem> {
        self.program.packages.problem(file, specifier)
    }

    /// Whether another source requires the file of this one.
    pub fn is_required(&self, file: &str) -> bool {
        self.program.packages.is_required(file)
    }

    /// The packages that the app declares and that are installed in other versions, by name.
    pub fn package_conflicts(&self) -> &BTreeMap<String, ModuleProblem> {
        self.program.packages.conflicts()
    }

    /// How long a run may take, for those who wait for one.
    pub fn run_time_max(&self) -> Duration {
        self.limits.run_time
    }
}

impl Runs for Functions {
    fn run(&self, invocation: Invocation, depth: usize) -> Future<'_, Completion> {
        Box::pin(self.invoke_within(invocation, depth))
    }
}

fn completion((outcome, log, memory): Ended, begun: Instant) -> Completion {
    Completion { outcome, log, elapsed: begun.elapsed(), memory }
}

/// Why a condition refused without a value, for the log.
fn not_evaluated(no_value: &NoValue) -> LogLine {
    LogLine { level: LogLevel::Error, text: format!("`can_evaluate`: {no_value}") }
}

/// A limit wins over whatever answer there may be.
fn outcome(ending: Ending, answer: Option<Result<Reply, Failure>>) -> Result<Reply, Failure> {
    match (ending, answer) {
        (Ending::TimeLimit, _) => Err(failure(
            FailureKind::ExecutionTimeLimitExceeded,
            "execution time limit exceeded".into(),
        )),
        (Ending::MemoryLimit, _) => {
            Err(failure(FailureKind::MemoryLimitExceeded, "memory limit exceeded".into()))
        }
        (Ending::NoRoom, _) => Err(memory_failure(Refused::NoRoom)),
        (Ending::StackLimit, _) => Err(execution_error("stack overflow".into(), None)),
        (Ending::Finished, Some(answer)) => answer,
        (Ending::Finished, None) => {
            Err(failure(FailureKind::Internal, "the run ended without an answer".into()))
        }
        (Ending::Broken(thrown), _) => Err(failure(FailureKind::Internal, thrown.to_string())),
    }
}

fn failure(kind: FailureKind, message: String) -> Failure {
    Failure { kind, message, stack: None }
}
