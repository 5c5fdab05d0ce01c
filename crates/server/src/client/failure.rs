//! What clients are told when something about users goes wrong
//! (docs/behaviour/users.md#calls).

use hookstead_identity::{AuthError, AuthErrorKind};
use http::StatusCode;

use crate::{error_code::ErrorCode, refusal::Refusal};

/// The refusal for an error.
pub(super) fn refuse(error: AuthError) -> Refusal {
    let AuthError { kind, message, detail } = error;
    let (status, code) = match kind {
        AuthErrorKind::InvalidSession => (StatusCode::UNAUTHORIZED, ErrorCode::InvalidSession),
        AuthErrorKind::InvalidPassword => (StatusCode::UNAUTHORIZED, ErrorCode::InvalidPassword),
        AuthErrorKind::AuthError => (StatusCode::UNAUTHORIZED, ErrorCode::AuthError),
        AuthErrorKind::UserDisabled => (StatusCode::UNAUTHORIZED, ErrorCode::UserDisabled),
        AuthErrorKind::ProviderNotFound => (StatusCode::NOT_FOUND, ErrorCode::AuthProviderNotFound),
        AuthErrorKind::AccountNameInUse => (StatusCode::CONFLICT, ErrorCode::AccountNameInUse),
        AuthErrorKind::UserNotFound => (StatusCode::NOT_FOUND, ErrorCode::UserNotFound),
        AuthErrorKind::TooManyRequests => {
            return with_detail(Refusal::too_many_requests(), Some(detail.unwrap_or(message)));
        }
        AuthErrorKind::Unavailable => {
            return with_detail(Refusal::store_unavailable(), Some(detail.unwrap_or(message)));
        }
        AuthErrorKind::Internal => return Refusal::internal(detail.unwrap_or(message)),
        AuthErrorKind::BadRequest => (StatusCode::BAD_REQUEST, ErrorCode::BadRequest),
        AuthErrorKind::UserAlreadyConfirmed => {
            (StatusCode::BAD_REQUEST, ErrorCode::UserAlreadyConfirmed)
        }
        AuthErrorKind::UserpassTokenInvalid => {
            (StatusCode::BAD_REQUEST, ErrorCode::UserpassTokenInvalid)
        }
        AuthErrorKind::ApiKeyNotFound => (StatusCode::NOT_FOUND, ErrorCode::APIKeyNotFound),
        AuthErrorKind::ApiKeyAlreadyExists => {
            (StatusCode::CONFLICT, ErrorCode::APIKeyAlreadyExists)
        }
        AuthErrorKind::DomainNotAllowed => (StatusCode::FORBIDDEN, ErrorCode::DomainNotAllowed),
        AuthErrorKind::Forbidden => (StatusCode::FORBIDDEN, ErrorCode::Forbidden),
    };
    with_detail(Refusal::new(status, code, message), detail)
}

fn with_detail(refusal: Refusal, detail: Option<String>) -> Refusal {
    match detail {
        Some(detail) => refusal.with_hint(&detail),
        None => refusal,
    }
}
