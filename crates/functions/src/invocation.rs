//! One call of a function and what came of it.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use hookstead_memory::Share;

/// One call of a function.
pub struct Invocation {
    /// The name under [`crate::Definition::functions`] or [`crate::Definition::entries`].
    pub entry: String,
    /// What it is called with.
    pub call: Call,
    /// `context.user`.
    pub user: User,
    /// `context.runningAsSystem()` of the function; one that it executes may run as system even
    /// where it does not.
    pub running_as_system: bool,
    /// Where `context.request` comes from; `None` when no request is behind the call.
    pub request: Option<RequestSource>,
}

/// Writes a request down when a function looks at it: most look at the body and nothing else.
pub type RequestSource = Box<dyn Fn() -> RequestContext + Send + Sync>;

/// What a function is called with.
pub enum Call {
    /// The request object and the response object of an endpoint or a webhook.
    Http(HttpCall),
    /// Positional arguments: the text of an extended-JSON array.
    Arguments(String),
}

/// A request, as a function gets it (docs/behaviour/requests.md#first-argument).
pub struct HttpCall {
    /// The shape of the first argument.
    pub payload: Payload,
    /// First value of every parameter, form fields included.
    pub query: Arc<[(String, String)]>,
    /// The bytes as they came; empty means no body.
    pub body: Bytes,
    /// How the result is written when it is the response; `None` when it is not wanted.
    pub result: Option<ResultFormat>,
    /// Whether touching the response drops the result (webhooks) or not (endpoints).
    pub response_drops_result: bool,
    /// How integers are written in canonical extended JSON.
    pub integers: Integers,
}

/// The shape of the first argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload {
    /// `{ query, headers, body }`.
    Request,
    /// The body, parsed as JSON: GitHub webhooks.
    Json,
    /// The form fields (already in [`HttpCall::query`]) as one object: Twilio webhooks.
    Form,
}

/// How a result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultFormat {
    /// As Go writes the driver's types in JSON (docs/behaviour/results.md#shapes).
    Json,
    /// Canonical extended JSON.
    Ejson,
}

/// How JavaScript's integers are written in canonical extended JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Integers {
    /// `$numberInt` where 32 bits are enough, as webhooks did.
    Narrow,
    /// `$numberLong`, as endpoints did.
    Wide,
}

/// `context.user` (docs/behaviour/context.md#members).
#[derive(Debug, Clone, PartialEq)]
pub enum User {
    /// The system user: no id, no data.
    System,
    /// A user of the app.
    Known(Arc<hookstead_identity::User>),
}

/// `context.request` (docs/behaviour/requests.md#request-in-the-context).
#[derive(Debug, Default, Clone)]
pub struct RequestContext {
    /// The caller's address.
    pub remote_ip_address: String,
    /// Canonical name to values. The first argument of the function has the same.
    pub headers: Vec<(String, Vec<String>)>,
    /// The route of an endpoint, the path of a webhook.
    pub webhook_url: String,
    /// In upper case.
    pub http_method: String,
    /// Without `?` and without the secret.
    pub raw_query_string: String,
    /// Of webhooks: the name of the service.
    pub service: Option<String>,
    /// Of webhooks: the name of the webhook.
    pub action: Option<String>,
}

/// What came of a call.
pub struct Completion {
    /// The reply, or why there is none.
    pub outcome: Result<Reply, Failure>,
    /// What the function wrote to its console, oldest first.
    pub log: Vec<LogLine>,
    /// From the call to the completion, waiting included.
    pub elapsed: Duration,
    /// What the reply takes of the memory budget, as long as somebody holds it.
    pub memory: Option<Share>,
}

/// What a function answered.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Whether the function called any method of the response object.
    pub response_touched: bool,
    /// What `setStatusCode` was given last.
    pub status: Option<u16>,
    /// What `setHeader` and `addHeader` left, in order.
    pub headers: Vec<(String, String)>,
    /// What `setBody` was given last.
    pub body: Option<Bytes>,
    /// The result as text, where it is wanted and there is one: `None` for `undefined`, for a
    /// returned response object, and where `setBody` or the kind of caller drops it.
    pub result: Option<String>,
}

/// Why a call has no reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What kind of failure.
    pub kind: FailureKind,
    /// For the caller (docs/behaviour/errors.md#thrown-values).
    pub message: String,
    /// The stack trace, for the log alone.
    pub stack: Option<String>,
}

/// What kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The function threw, rejected, or broke a limit other than those below.
    FunctionExecutionError,
    /// No such function, or no entry point in its source.
    FunctionNotFound,
    /// The source does not parse.
    FunctionSyntaxError,
    /// The run took too long.
    ExecutionTimeLimitExceeded,
    /// The run used too much memory.
    MemoryLimitExceeded,
    /// A store could not be reached or could not do its work, and the function did not handle it.
    StoreUnavailable,
    /// The run had begun, and others used up the memory that it needed to go on.
    NoMemory,
    /// Too many runs wait already.
    TooManyRequests,
    /// A fault of ours.
    Internal,
}

/// A line of a function's console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Which method wrote it.
    pub level: LogLevel,
    /// The text, as the function gave it: control characters and all.
    pub text: String,
}

/// Which console method wrote a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the console's")]
pub enum LogLevel {
    Debug,
    Info,
    Log,
    Warn,
    Error,
}
