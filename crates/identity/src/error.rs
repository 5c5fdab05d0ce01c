//! Why somebody is not who they say they are.

use hookstead_data::DataError;

use crate::{FunctionFailure, FunctionFailureKind};

/// Why somebody is not who they say they are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct AuthError {
    /// What kind of failure.
    pub kind: AuthErrorKind,
    /// For the caller.
    pub message: String,
    /// What only the log is told; never a secret, a token or a password.
    pub detail: Option<String>,
}

/// What kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthErrorKind {
    /// A token that is not valid, or a user who is not there or disabled.
    InvalidSession,
    /// An unknown name or a wrong password.
    InvalidPassword,
    /// Credentials that are wrong in another way.
    AuthError,
    /// The right password of a user who is disabled.
    UserDisabled,
    /// The provider is not there or disabled.
    ProviderNotFound,
    /// A request that makes no sense.
    BadRequest,
    /// The name belongs to somebody already.
    AccountNameInUse,
    /// There is no such user.
    UserNotFound,
    /// The user has been confirmed before.
    UserAlreadyConfirmed,
    /// The token of a link is wrong, used or too old.
    UserpassTokenInvalid,
    /// There is no such API key.
    ApiKeyNotFound,
    /// An API key with this name exists.
    ApiKeyAlreadyExists,
    /// The email address is not of a domain that the provider is restricted to.
    DomainNotAllowed,
    /// The caller may not do this.
    Forbidden,
    /// Too many attempts, or too many at once.
    TooManyRequests,
    /// The store or another server did not answer.
    Unavailable,
    /// A fault of ours.
    Internal,
}

impl AuthError {
    pub(crate) fn new(kind: AuthErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), detail: None }
    }

    pub(crate) fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// A token or a session that is not valid. Only the log learns why.
    pub(crate) fn invalid_session(why: impl Into<String>) -> Self {
        Self::new(AuthErrorKind::InvalidSession, "invalid session").with_detail(why)
    }

    pub(crate) fn invalid_password() -> Self {
        Self::new(AuthErrorKind::InvalidPassword, "invalid username/password")
    }

    pub(crate) fn invalid_api_key() -> Self {
        Self::new(AuthErrorKind::AuthError, "invalid API key")
    }

    pub(crate) fn user_disabled() -> Self {
        Self::new(AuthErrorKind::UserDisabled, "user disabled")
    }

    pub(crate) fn user_not_found() -> Self {
        Self::new(AuthErrorKind::UserNotFound, "user not found")
    }

    pub(crate) fn provider_not_found(provider: &str) -> Self {
        Self::new(AuthErrorKind::ProviderNotFound, "authentication provider not found")
            .with_detail(format!("the provider {provider} is not enabled"))
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(AuthErrorKind::BadRequest, message)
    }

    pub(crate) fn too_many_requests(detail: &str) -> Self {
        Self::new(AuthErrorKind::TooManyRequests, "too many requests").with_detail(detail)
    }

    pub(crate) fn internal(detail: impl Into<String>) -> Self {
        Self::new(AuthErrorKind::Internal, "internal error").with_detail(detail)
    }
}

impl AuthError {
    /// A function of the app has no result: `thrown` makes the error of what it threw. Trouble of
    /// the server says nothing about the user, and only the log learns of it.
    pub(crate) fn of_function(
        function: &str,
        failure: FunctionFailure,
        thrown: impl FnOnce(String) -> Self,
    ) -> Self {
        let FunctionFailure { kind, message } = failure;
        let detail = || format!("the function {function}: {message}");
        match kind {
            FunctionFailureKind::Thrown => thrown(message),
            FunctionFailureKind::TooManyRequests => Self::too_many_requests(&detail()),
            FunctionFailureKind::Unavailable => {
                let message = "the user cannot be checked at the moment";
                Self::new(AuthErrorKind::Unavailable, message).with_detail(detail())
            }
            FunctionFailureKind::Internal => Self::internal(detail()),
        }
    }

    /// What a function threw that says who somebody is.
    pub(crate) fn thrown(message: String) -> Self {
        Self::new(AuthErrorKind::AuthError, message)
    }
}

impl From<DataError> for AuthError {
    fn from(error: DataError) -> Self {
        Self::new(AuthErrorKind::Unavailable, "the users cannot be read at the moment")
            .with_detail(format!("the store of the users: {error}"))
    }
}
