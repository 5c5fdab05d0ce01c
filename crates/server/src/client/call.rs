//! Calls of functions, and of methods of data sources, by clients
//! (docs/behaviour/client-api.md#calls). A call is checked here; it runs as others do.

use std::sync::Arc;

use hookstead_functions::{Call, Caller, Console, DataCall, Invocation, RequestContext, User};
use hookstead_identity::{AuthErrorKind, User as KnownUser, Users};
use hookstead_journal::Kind;
use hookstead_site::{Access, ClientFunction};
use hyper::body::Incoming;

use super::{
    call_input::{self, Named},
    failure::refuse,
    input,
};
use crate::{
    admit::{Asking, Known, head, place, script},
    body, call,
    called::{Called, Work, request_source},
    error_code::ErrorCode,
    excerpt::excerpt,
    refusal::Refusal,
};

/// Checks a call: the token first, so that strangers cannot make the server hold a body.
///
/// # Errors
/// The token is not valid, the call makes no sense, or the user may not make it.
pub(super) async fn check(
    asking: Asking<'_>,
    users: &Users,
    arriving: &mut Incoming,
    known: &mut Known,
) -> Result<Called, Refusal> {
    let user = users.by_access_token(input::token(&asking.parts.headers)?).await;
    let user = user.map_err(refuse)?;
    known.user_id = Some(user.id.clone());
    let link = asking.running.link();
    let (limits, bodies) = (&link.shared.config.limits, &link.bodies);
    let mut body = body::read(arriving, limits, bodies, || head::bytes(asking.parts)).await?;
    // The arguments, as text.
    body.hold(body.bytes.len())?;
    let share = place::take(asking.running)?;
    let bytes = body.bytes.clone();
    let named = input::reading(bytes.len(), move || call_input::read(&bytes)).await?;
    let (parts, id) = (asking.parts, asking.id);
    let request = Arc::new(call::client_context(parts, body.bytes.len(), asking.caller, id));
    let work = match named {
        Named { service: Some(source), name: method, arguments } => {
            let checked = asking.site.functions().check_data_source(&source, &method);
            checked.map_err(Refusal::from)?;
            known.called = Some((Kind::ServiceFunction, format!("{source}/{method}").into()));
            Work::Data(DataCall { source, method, arguments })
        }
        Named { service: None, name, arguments } => {
            let function = asking.site.client_function(&name);
            let function = function.ok_or_else(|| not_found(&name))?;
            known.called = Some((Kind::Function, Arc::clone(&function.name)));
            let calling = Calling { asking, users, user: &user, request: &request, known };
            calling.function(function, arguments).await?
        }
    };
    Ok(Called { work, user, request, body, share })
}

/// A function that is not there; one that is private is not there for clients.
fn not_found(name: &str) -> Refusal {
    let message = format!("function not found: '{}'", excerpt(name));
    Refusal::not_found(ErrorCode::FunctionNotFound, message)
}

/// A call of a function while it is checked.
struct Calling<'a> {
    asking: Asking<'a>,
    users: &'a Users,
    user: &'a Arc<KnownUser>,
    request: &'a Arc<RequestContext>,
    known: &'a mut Known,
}

impl Calling<'_> {
    async fn function(
        mut self,
        function: &ClientFunction,
        arguments: String,
    ) -> Result<Work, Refusal> {
        if let Some(unmet) = function.unmet {
            return Err(Refusal::no_rule_matched(unmet.reason()));
        }
        let (user, runs_as_system) = match &function.access {
            Access::System => (Arc::clone(self.user), true),
            Access::Application => (Arc::clone(self.user), false),
            Access::User(id) => (self.user_of(id).await?, false),
            Access::Script(entry) => match self.named_by(entry, &arguments).await? {
                Some(id) => (self.user_of(&id).await?, false),
                None => (Arc::clone(self.user), true),
            },
            Access::Nobody => return Err(nobody("two settings name different users")),
        };
        let user = User::Known(user);
        if !function.conditions.is_empty() {
            let console = Console::default();
            let request = Some(Arc::clone(self.request));
            let caller =
                Caller { user: user.clone(), runs_as_system, request, console: console.clone() };
            let unmet = self.asking.site.functions().unmet(&function.conditions, &caller).await;
            self.known.log.extend(console.take());
            if let Some(why) = unmet {
                return Err(Refusal::no_rule_matched(&why));
            }
        }
        let entry = function.name.as_ref().to_owned();
        Ok(Work::Function { entry, arguments, user, runs_as_system })
    }

    /// The user of an id that the function names, with the custom data that a token of theirs
    /// would hold. Clients repeat what is answered with 401, and no other token would help.
    async fn user_of(&self, id: &str) -> Result<Arc<KnownUser>, Refusal> {
        let user = self.users.by_id(id).await.map_err(|error| match error.kind {
            AuthErrorKind::Unavailable | AuthErrorKind::Internal => refuse(error),
            _ => nobody(&error.message),
        })?;
        self.users.with_custom_data(user).await.map_err(refuse)
    }

    /// The id of the user whom a script names; `None` for the system user.
    async fn named_by(&mut self, entry: &str, arguments: &str) -> Result<Option<String>, Refusal> {
        let invocation = Invocation {
            entry: entry.to_owned(),
            call: Call::Arguments(arguments.to_owned()),
            user: User::Known(Arc::clone(self.user)),
            running_as_system: true,
            request: Some(request_source(self.request)),
        };
        match script::ask(self.asking.site, invocation, self.known).await {
            Ok(script::Named::System) => Ok(None),
            Ok(script::Named::User(id)) => Ok(Some(id)),
            Err(script::Unnamed::Failed(refusal)) => Err(refusal),
            Err(script::Unnamed::Nobody(why)) => Err(nobody(&why)),
        }
    }
}

fn nobody(why: &str) -> Refusal {
    let message = "the function has no user to run as";
    Refusal::forbidden(ErrorCode::Forbidden, message).with_detail(format!("{message}: {why}"))
}
