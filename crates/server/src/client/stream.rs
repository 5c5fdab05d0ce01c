//! Event streams that clients ask for (docs/behaviour/client-api.md#event-streams).

use std::sync::Arc;

use hookstead_identity::Users;
use hookstead_journal::Kind;

use super::{
    call_input,
    failure::refuse,
    watch::{self, Wanted, Watching},
};
use crate::{
    admit::{Asking, Known},
    call,
    error_code::ErrorCode,
    refusal::Refusal,
};

/// The one method that answers with a stream.
const WATCH: &str = "watch";

/// Opens a stream of changes.
///
/// # Errors
/// The token is not valid, or there is no such stream for its user.
pub(super) async fn open(
    asking: Asking<'_>,
    users: &Arc<Users>,
    known: &mut Known,
) -> Result<Watching, Refusal> {
    let token = call_input::stream_token(asking.parts)?;
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
    let (arguments, token) = (named.arguments, token.into_owned());
    watch::open(asking, users, user, Wanted { source, arguments, token, request }).await
}
