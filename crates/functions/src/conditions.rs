//! Conditions of calls: what their expansions stand for, and the functions that they call
//! (docs/behaviour/conditions.md#expansions).

use std::sync::Arc;

use bson::{Bson, Document, RawDocument, RawDocumentBuf, doc};
use hookstead_data::Store;
use hookstead_rules::{
    App, CallFailure, Condition, Documents, Expansion, Future, NoValue, RuledStore, Scope,
    UserIdentity, user_document,
};
use serde_json::Value as Json;

use crate::{
    Call, Completion, Console, Invocation, RequestContext, RequestSource, User, program::Program,
};

/// What a caller is told whose condition does not hold.
pub(crate) const NO_RULE_MATCHED: &str = "no rule matched";

/// The most conditions within conditions: a condition may call a function that has one.
const DEPTH_MAX: usize = 4;

/// For whom a condition is evaluated.
#[derive(Clone)]
pub struct Caller {
    /// `%%user`.
    pub user: User,
    /// Whether the functions that the condition calls run as system whatever they say.
    pub runs_as_system: bool,
    /// `%%request`, where a request is behind the call.
    pub request: Option<Arc<RequestContext>>,
    /// What the functions that the condition calls write to the console.
    pub console: Console,
}

/// Runs the functions that conditions call.
pub(crate) trait Runs: Send + Sync {
    /// Calls a function from so many conditions within conditions.
    fn run(&self, invocation: Invocation, depth: usize) -> Future<'_, Completion>;
}

/// What a run evaluates conditions with.
pub(crate) struct RunConditions {
    pub(crate) runs: Arc<dyn Runs>,
    /// How many conditions the run is in.
    pub(crate) depth: usize,
    /// What the functions that the conditions call write to the console.
    pub(crate) console: Console,
}

/// What an app gives to the conditions of a caller.
pub(crate) struct AppOfCaller {
    program: Arc<Program>,
    runs: Arc<dyn Runs>,
    caller: Caller,
    depth: usize,
}

impl Caller {
    /// Whoever calls a function.
    pub(crate) fn of(invocation: &Invocation) -> Self {
        Self {
            user: invocation.user.clone(),
            runs_as_system: invocation.running_as_system,
            request: invocation.request.as_ref().map(|request| Arc::new(request())),
            console: Console::default(),
        }
    }
}

impl AppOfCaller {
    /// In so many conditions.
    pub(crate) fn new(
        program: Arc<Program>,
        runs: Arc<dyn Runs>,
        caller: Caller,
        depth: usize,
    ) -> Self {
        Self { program, runs, caller, depth }
    }

    /// Whether a condition holds, of a call with these arguments where it is about an action.
    pub(crate) async fn holds(
        &self,
        condition: &Condition,
        args: Option<&RawDocument>,
    ) -> Result<bool, NoValue> {
        let user = condition.uses(Expansion::User).then(|| user(&self.caller.user));
        let request = match &self.caller.request {
            Some(request) if condition.uses(Expansion::Request) => Some(request_document(request)),
            _ => None,
        };
        let scope = Scope {
            app: self,
            user: user.as_deref(),
            request: request.as_deref(),
            args,
            documents: Documents::default(),
        };
        condition.evaluate(&scope).await
    }
}

impl App for AppOfCaller {
    fn value(&self, name: &str) -> Option<Bson> {
        // A value whose secret nobody has set is as good as none.
        let text = self.program.value(name)?.ok()?;
        Bson::try_from(serde_json::from_str::<Json>(text).ok()?).ok()
    }

    fn environment_tag(&self) -> &str {
        self.program.environment_tag()
    }

    fn environment_value(&self, name: &str) -> Option<Bson> {
        Bson::try_from(self.program.environment_value(name)?.clone()).ok()
    }

    fn call<'a>(
        &'a self,
        name: &'a str,
        arguments: Vec<Bson>,
    ) -> Future<'a, Result<Bson, CallFailure>> {
        let failure = |message: &str| CallFailure { message: message.to_owned() };
        Box::pin(async move {
            if self.depth >= DEPTH_MAX {
                return Err(failure("conditions call functions that have conditions, too deep"));
            }
            let program = &self.program;
            let callable = program.function(name).filter(|_| !program.is_entry(name));
            let callable = callable.ok_or_else(|| failure("it is not there"))?;
            if let Some(refusal) = &callable.execute_refusal {
                return Err(failure(refusal));
            }
            let request = self.caller.request.clone();
            let invocation = Invocation {
                entry: name.to_owned(),
                call: Call::Arguments(Bson::Array(arguments).into_canonical_extjson().to_string()),
                user: self.caller.user.clone(),
                running_as_system: self.caller.runs_as_system || callable.runs_as_system,
                request: request.map(|request| -> RequestSource {
                    Box::new(move || RequestContext::clone(&request))
                }),
            };
            let Completion { outcome, log, .. } = self.runs.run(invocation, self.depth + 1).await;
            self.caller.console.extend(log);
            let reply = outcome.map_err(|error| failure(&error.message))?;
            let Some(text) = reply.result else { return Ok(Bson::Undefined) };
            let result = serde_json::from_str::<Json>(&text).ok();
            let result = result.and_then(|result| Bson::try_from(result).ok());
            result.ok_or_else(|| failure("its result cannot be read"))
        })
    }
}

/// A data source as the caller reaches it, over the store that has its documents.
pub(crate) fn ruled_store(app: AppOfCaller, source: &str, inner: Arc<dyn Store>) -> RuledStore {
    let rules = app.program.data_rules(source);
    let user = Some(user(&app.caller.user));
    let request = app.caller.request.as_deref().map(request_document);
    RuledStore::new(inner, rules, hookstead_rules::Caller { app: Arc::new(app), user, request })
}

/// `%%user`
fn user(user: &User) -> RawDocumentBuf {
    let user = match user {
        User::System => {
            let nothing = Document::new();
            return user_document(None, "system", &nothing, &nothing, []);
        }
        User::Known(user) => user,
    };
    let identities = user.identities.iter().map(|one| UserIdentity {
        id: &one.id,
        provider_type: &one.provider_type,
        data: &one.data,
    });
    user_document(Some(&user.id), user.user_type.name(), &user.data, &user.custom_data, identities)
}

/// `%%request`, with the names of headers in lower case.
fn request_document(request: &RequestContext) -> RawDocumentBuf {
    let mut headers = Document::new();
    for (name, values) in &request.headers {
        headers.insert(name.to_lowercase(), values.clone());
    }
    let first = |name: &str| {
        let header = request.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        header.and_then(|(_, values)| values.first()).cloned()
    };
    let mut document = doc! {
        "remoteIPAddress": &request.remote_ip_address,
        "requestHeaders": headers,
        "webhookUrl": &request.webhook_url,
        "httpMethod": &request.http_method,
        "rawQueryString": &request.raw_query_string,
    };
    for (name, value) in [
        ("httpReferrer", first("Referer")),
        ("httpUserAgent", first("User-Agent")),
        ("service", request.service.clone()),
        ("action", request.action.clone()),
    ] {
        document.extend(value.map(|value| (name.to_owned(), value.into())));
    }
    // Only a name with a zero byte fails, which no header has.
    RawDocumentBuf::try_from(&document).unwrap_or_default()
}
