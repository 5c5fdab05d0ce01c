//! Registration, confirmation and new passwords (docs/behaviour/users.md#email-and-password).

use hookstead_identity::Users;

use super::{
    answered::{Answered, unknown},
    input,
};
use crate::refusal::Refusal;

/// Answers a call of the provider `local-userpass`.
pub(super) async fn answer(
    _users: &Users,
    _action: &str,
    body: &[u8],
) -> Result<Answered, Refusal> {
    let _body = input::object(body)?;
    Err(unknown())
}
