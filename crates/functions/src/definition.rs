//! An application's functions, as their callers describe them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use hookstead_memory::Budget;
use hookstead_outbound::Outbound;
use hookstead_rules::{Condition, Rules};
use serde_json::Value as Json;

use crate::{DataSources, ModuleFiles};

/// Everything about an application that its functions can reach.
#[derive(Default)]
pub struct Definition {
    /// `context.app`.
    pub app: AppInfo,
    /// `context.environment`: its tag and its values.
    pub environment_tag: String,
    /// `context.environment.values`.
    pub environment_values: BTreeMap<String, Json>,
    /// What `context.values.get` finds.
    pub values: BTreeMap<String, FunctionValue>,
    /// Every function, by the name that `context.functions.execute` takes.
    pub functions: BTreeMap<String, FunctionSource>,
    /// Entry points that only the platform can call (webhooks, scripts), by a name of the
    /// caller's choice. `context.functions.execute` does not find them.
    pub entries: BTreeMap<String, FunctionSource>,
    /// The names and types of services that are declared, for `context.services.get`.
    pub services: BTreeMap<String, String>,
    /// What the rules of a service say, by its name; without any, nothing is allowed.
    pub service_rules: BTreeMap<String, ServiceRules>,
    /// What has to hold whenever a function or an entry is called, by its name.
    pub conditions: BTreeMap<String, Condition>,
    /// The rules of the data sources, by name; users reach nothing where there are none.
    pub data_rules: BTreeMap<String, Arc<Rules>>,
    /// The files that functions can require; none without.
    pub module_files: Option<Arc<dyn ModuleFiles>>,
    /// The packages that the app declares, with the ranges of their versions.
    pub dependencies: BTreeMap<String, String>,
}

/// What the rules of a service say of its actions (docs/behaviour/services.md#rules).
#[derive(Debug, Default, Clone)]
pub struct ServiceRules {
    /// Actions that some rule allows without a condition.
    pub allowed: BTreeSet<String>,
    /// Rules that allow actions under a condition.
    pub conditional: Vec<ConditionalRule>,
}

/// A rule that allows actions of a service under a condition.
#[derive(Debug, Clone)]
pub struct ConditionalRule {
    /// The actions.
    pub actions: BTreeSet<String>,
    /// What has to hold of a call.
    pub when: Condition,
}

/// `context.app` (docs/behaviour/context.md#members).
#[derive(Debug, Default, Clone)]
pub struct AppInfo {
    /// The ObjectId, 24 hexadecimal digits.
    pub id: String,
    /// The slug.
    pub client_app_id: String,
    /// The name.
    pub name: String,
    /// The id of the project.
    pub project_id: String,
    /// `LOCAL` or `GLOBAL`.
    pub deployment_model: String,
    /// Such as `aws-us-east-1`.
    pub provider_region: String,
    /// ISO 8601.
    pub last_deployed: String,
}

/// One function's source and what calling it means.
#[derive(Clone)]
pub struct FunctionSource {
    /// The file, for stack traces and messages.
    pub file: String,
    /// The text.
    pub source: String,
    /// Whether it runs as the system user whoever calls it.
    pub run_as_system: bool,
    /// Why calling it must fail, where it must: a condition that cannot be honoured, a source
    /// that is missing. The caller of the function gets this text as an error.
    pub refusal: Option<String>,
    /// Why other functions cannot execute it, where only they cannot.
    pub execute_refusal: Option<String>,
}

/// A value that functions can read.
pub enum FunctionValue {
    /// A JSON value.
    Plain(Json),
    /// A secret. It reaches functions and nothing else.
    Secret(SecretText),
    /// A secret that nobody has set: reading it throws, naming the secret.
    MissingSecret(String),
}

/// The text of a secret: a type that can be neither printed nor formatted.
pub struct SecretText(String);

impl SecretText {
    /// Wraps the text of a secret.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, for the functions that read it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

/// What the operator decides.
#[derive(Clone)]
pub struct Settings {
    /// What one run may use.
    pub limits: Limits,
    /// Where a function's calls may go.
    pub outbound: Outbound,
    /// What keeps documents.
    pub data: DataSources,
    /// What all runs and all that belongs to them may hold of memory.
    pub memory: Arc<Budget>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            outbound: Outbound::default(),
            data: DataSources::default(),
            memory: Budget::unlimited(),
        }
    }
}

/// What one run may use (docs/behaviour/limits.md#a-run).
#[derive(Debug, Clone)]
pub struct Limits {
    /// Wall-clock time of a run.
    pub run_time: Duration,
    /// Of that, what a run may compute; waiting does not count.
    pub run_cpu_time: Duration,
    /// Memory of a run: JavaScript's, answers of calls, cursors and log lines together.
    pub run_memory_bytes: usize,
    /// Native stack of a run; recursion past it throws.
    pub run_stack_bytes: usize,
    /// Asynchronous operations under way at once in a run.
    pub async_operations_max: usize,
    /// How long timers that nobody awaits may hold a settled run.
    pub timer_drain: Duration,
    /// Runs that compute at once; more wait for their begin or to go on.
    pub runs_max: usize,
    /// Runs that wait to begin; more are refused.
    pub runs_waiting_max: usize,
    /// Copies of the app's memory; runs beyond that share one, turn by turn.
    pub isolates_max: usize,
    /// Console lines kept of a run.
    pub console_lines_max: usize,
    /// Bytes kept of a console line.
    pub console_line_bytes_max: usize,
    /// Bytes kept of all console lines of a run together.
    pub console_bytes_max: usize,
    /// Bytes of a result, written down.
    pub result_bytes_max: usize,
    /// Bytes of a response that an outgoing call may read.
    pub outbound_body_bytes_max: usize,
    /// Wall-clock time of one outgoing call.
    pub outbound_time: Duration,
    /// Outgoing calls of a run at once; more wait.
    pub outbound_calls_max: usize,
    /// Transactions of a run at once; more wait until others of the run have ended.
    pub run_transactions_max: usize,
    /// Sessions of a run that are open at once; one more fails.
    pub run_sessions_max: usize,
    /// Cursors of a run that are open at once; one more fails.
    pub run_cursors_max: usize,
    /// Modules of packages and files beside functions that an app may load.
    pub modules_max: usize,
    /// Bytes of the sources of all of them together.
    pub modules_bytes_max: usize,
    /// Of their sources, what is loaded once for all runs; the rest is loaded by each run that
    /// requires it.
    pub modules_image_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            run_time: Duration::from_secs(300),
            run_cpu_time: Duration::from_secs(300),
            run_memory_bytes: 350 << 20,
            run_stack_bytes: 1 << 20,
            async_operations_max: 1000,
            timer_drain: Duration::from_secs(1),
            runs_max: 4096,
            runs_waiting_max: 10_000,
            isolates_max: 16,
            console_lines_max: 1000,
            console_line_bytes_max: 8 << 10,
            console_bytes_max: 256 << 10,
            result_bytes_max: 64 << 20,
            outbound_body_bytes_max: 64 << 20,
            outbound_time: Duration::from_secs(300),
            outbound_calls_max: 25,
            run_transactions_max: 16,
            run_sessions_max: 1000,
            run_cursors_max: 1000,
            modules_max: 10_000,
            modules_bytes_max: 128 << 20,
            modules_image_bytes_max: 16 << 20,
        }
    }
}
