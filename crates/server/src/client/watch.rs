//! Watching a collection (docs/behaviour/watch.md#the-call).

use std::{sync::Arc, time::Duration};

use hookstead_functions::{
    Caller, ClientChanges, Console, RequestContext, User, WatchCall, WatchError, WatchErrorKind,
    WatchLimits,
};
use hookstead_identity::{User as KnownUser, Users};
use http::StatusCode;

use super::failure::refuse;
use crate::{
    admit::Asking,
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

/// What a client asks to watch.
pub(crate) struct Wanted {
    /// The name of the data source.
    pub(crate) source: String,
    /// The text of an array with one object of extended JSON.
    pub(crate) arguments: String,
    /// The access token of the user.
    pub(crate) token: String,
    /// `%%request`.
    pub(crate) request: Arc<RequestContext>,
}

/// Opens a stream for the user of an access token.
///
/// # Errors
/// There are too many streams, or the store or the rules refuse this one.
pub(crate) async fn open(
    asking: Asking<'_>,
    users: &Arc<Users>,
    user: Arc<KnownUser>,
    wanted: Wanted,
) -> Result<Watching, Refusal> {
    let Wanted { source, arguments, token, request } = wanted;
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
