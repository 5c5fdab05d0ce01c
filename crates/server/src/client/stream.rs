//! Event streams that clients ask for (docs/behaviour/client-api.md#event-streams).

use hookstead_identity::Users;

use super::{
    call_input::{self, Stream},
    failure::refuse,
    unserved,
};
use crate::{
    admit::{Asking, Known},
    error_code::ErrorCode,
    refusal::Refusal,
};

/// The one method that answers with a stream.
const WATCH: &str = "watch";

/// Checks a request for a stream of changes, and refuses it: streams are not served yet.
pub(super) async fn check(
    asking: Asking<'_>,
    users: &Users,
    known: &mut Known,
) -> Result<std::convert::Infallible, Refusal> {
    let Stream { token, named } = call_input::read_stream(asking.parts)?;
    let user = users.by_access_token(&token).await.map_err(refuse)?;
    known.user_id = Some(user.id.clone());
    let source = named.service.filter(|_| named.name == WATCH).ok_or_else(|| {
        let message = "only the method 'watch' of a data source answers with a stream";
        Refusal::bad_request(ErrorCode::BadRequest, message)
    })?;
    asking.site.functions().check_data_source(&source, WATCH).map_err(Refusal::from)?;
    Err(unserved::watch(asking))
}
