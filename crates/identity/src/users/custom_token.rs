//! Tokens of others as a proof (docs/behaviour/users.md#custom-tokens).

use super::{Proven, Users};
use crate::{AuthError, records::provider};

impl Users {
    pub(super) async fn prove_custom_token(
        &self,
        _token: &str,
        _create: bool,
    ) -> Result<Proven, AuthError> {
        Err(AuthError::provider_not_found(provider::CUSTOM_TOKEN))
    }
}
