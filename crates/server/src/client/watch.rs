//! Watching a collection (docs/behaviour/watch.md#the-call), as an
//! event stream (docs/behaviour/client-api.md#event-streams).

use std::{sync::Arc, time::Duration};

use hookstead_functions::{
    Caller, ClientChanges, Console, User, WatchCall, WatchError, WatchErrorKind, WatchLimits,
};
use hookstead_identity::Users;
use hookstead_journal::Kind;
use http::StatusCode;

use super::{call_input, failure::refuse};
use crate::{
    admit::{Asking, Known},
    call,
    error_code::ErrorCode,
    event_frame,
    refusal::Refusal,
    streams::{self, StreamPlace},
};

/// An event stream that is about to begin.
pub(crate) struct Watching {
    /// Its place among all.
    pub(crate) place: StreamPlace,
    /// What is told.
    pub(crate) changes: ClientChanges,
    /// How long nothing is sent.
    pub(crate) keep_alive: Duration,
    /// Whose stream it is.
    pub(crate) proof: Proof,
}

/// Proof of who the user of a stream is, which may cease to count.
pub(crate) struct Proof {
    users: Arc<Users>,
    token: String,
}

/// The one method that answers with a stream.
const WATCH: &str = "watch";

/// Opens the stream that a request asks for, with the rights of the user of its token.
///
/// # Errors
/// The token is not valid, there are too many streams, or the store or the rules refuse this one.
pub(crate) async fn open(
    asking: Asking<'_>,
    users: &Arc<Users>,
    known: &mut Known,
) -> Result<Watching, Refusal> {
    let token = call_input::stream_token(asking.parts)?.into_owned();
    let user = users.by_access_token(&token).await.map_err(refuse)?;
    known.user_id = Some(user.id.clone());
    let named = call_input::stream_request(asking.parts)?;
    let source = named.service.filter(|_| named.name == WATCH).ok_or_else(|| {
        let message = "only the method 'watch' of a data source answers with a stream";
        Refusal::bad_request(ErrorCode::BadRequest, message)
    })?;
    asking.site.functions().check_data_source(&source, WATCH).map_err(Refusal::from)?;
    known.called = Some((Kind::ServiceFunction, format!("{source}/{WATCH}").into()));
    let request = Arc::new(call::client_context(asking.parts, 0, asking.caller, asking.id));
    let arguments = named.arguments;
    let shared = &asking.running.link().shared;
    let place = shared.streams.begin(asking.caller.address)?;
    // From here on the stream hears of an app that takes the place of this one.
    if !std::ptr::eq(&*shared.site(), asking.site) {
        return Err(streams::replaced());
    }
    let limits = &shared.config.limits;
    let caller = Caller {
        user: User::Known(user),
        runs_as_system: false,
        request: Some(request),
        console: Console::default(),
    };
    let waiting =
        WatchLimits { changes_max: limits.stream_changes_max, bytes_max: limits.stream_bytes_max };
    let call = WatchCall { source, arguments, limits: waiting, frame: event_frame::message };
    let changes = asking.site.functions().watch(call, &caller).await.map_err(refuse_watch)?;
    Ok(Watching {
        place,
        changes,
        keep_alive: limits.stream_keep_alive,
        proof: Proof { users: Arc::clone(users), token },
    })
}

impl Proof {
    /// Whether the token still counts, and the user may still be one.
    ///
    /// # Errors
    /// It does not.
    pub(crate) async fn check(&self) -> Result<(), Refusal> {
        self.users.by_access_token(&self.token).await.map(drop).map_err(refuse)
    }
}

/// The refusal for a stream that cannot begin, or go on.
pub(crate) fn refuse_watch(error: WatchError) -> Refusal {
    let WatchError { kind, message, detail } = error;
    let refusal = match kind {
        WatchErrorKind::ServiceNotFound => Refusal::not_found(ErrorCode::ServiceNotFound, message),
        WatchErrorKind::InvalidArguments => {
            Refusal::bad_request(ErrorCode::InvalidParameter, message)
        }
        WatchErrorKind::NotPermitted => Refusal::forbidden(ErrorCode::NoMatchingRuleFound, message),
        WatchErrorKind::Refused => Refusal::bad_request(ErrorCode::MongoDBError, message),
        WatchErrorKind::Unavailable => {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            Refusal::new(status, ErrorCode::ServiceUnavailable, message)
        }
        WatchErrorKind::Internal => Refusal::internal(message),
    };
    match detail {
        Some(detail) => refusal.with_detail(detail),
        None => refusal,
    }
}
