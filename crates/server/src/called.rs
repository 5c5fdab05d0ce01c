//! A client's call of a function or of a data source, once it has been checked
//! (docs/behaviour/client-api.md#calls).

use std::sync::Arc;

use bytes::Bytes;
use hookstead_functions::{
    Call, Caller, Completion, Console, DataCall, DataCompletion, Invocation, LogLine,
    RequestContext, RequestSource, User,
};
use hookstead_identity::User as KnownUser;
use hookstead_journal::RunBy;
use hookstead_memory::Share as Memory;
use hookstead_site::Site;
use http::{HeaderValue, Response, header};
use http_body_util::Full;

use crate::{body::Held, budget::Share, refusal::Refusal};

/// A call that has passed its checks.
pub(crate) struct Called {
    pub(crate) work: Work,
    /// Whoever calls.
    pub(crate) user: Arc<KnownUser>,
    pub(crate) request: Arc<RequestContext>,
    /// Counted as long as what was made of it lasts.
    pub(crate) body: Held,
    /// Held until the response is made, so that running requests can be counted.
    pub(crate) share: Share,
}

/// What is to be done.
pub(crate) enum Work {
    /// A function is called, with the rights of a user or as system.
    Function { entry: String, arguments: String, user: User, runs_as_system: bool },
    /// A method of a data source is called, with the rights of whoever calls.
    Data(DataCall),
}

/// What came of a call.
pub(crate) struct Outcome {
    pub(crate) result: Result<Response<Full<Bytes>>, Refusal>,
    pub(crate) log: Vec<LogLine>,
    pub(crate) memory: Option<Memory>,
}

impl Called {
    /// Whose rights it has.
    pub(crate) fn run_by(&self) -> RunBy {
        match &self.work {
            Work::Function { runs_as_system: true, .. } => RunBy::System,
            Work::Function { user: User::Known(user), .. } => RunBy::User(user.id.clone()),
            Work::Function { user: User::System, .. } | Work::Data(_) => {
                RunBy::User(self.user.id.clone())
            }
        }
    }

    /// Carries it out.
    pub(crate) async fn run(self, site: &Site) -> Outcome {
        let Self { work, user, request, body: _body, share: _share } = self;
        match work {
            Work::Function { entry, arguments, user, runs_as_system } => {
                let invocation = Invocation {
                    entry,
                    call: Call::Arguments(arguments),
                    user,
                    running_as_system: runs_as_system,
                    request: Some(request_source(&request)),
                };
                let completion = site.functions().invoke_admitted(invocation).await;
                let Completion { outcome, log, memory, .. } = completion;
                let text = outcome.map(|reply| reply.result.unwrap_or_else(|| "null".to_owned()));
                let result = text.map(|text| response(text.into())).map_err(Refusal::from);
                Outcome { result, log, memory }
            }
            Work::Data(call) => {
                let caller = Caller {
                    user: User::Known(user),
                    runs_as_system: false,
                    request: Some(request),
                    console: Console::default(),
                };
                let completion = site.functions().call_data(call, &caller).await;
                let DataCompletion { outcome, log, memory } = completion;
                Outcome { result: outcome.map(response).map_err(Refusal::from), log, memory }
            }
        }
    }
}

/// The response with a result, and nothing around it.
fn response(text: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text));
    // Clients compare the whole value.
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// Where a function finds the request of its call.
pub(crate) fn request_source(request: &Arc<RequestContext>) -> RequestSource {
    let request = Arc::clone(request);
    Box::new(move || RequestContext::clone(&request))
}
