//! Why somebody is not who they say they are.

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
    /// Too many attempts, or too many at once.
    TooManyRequests,
    /// The store or another server did not answer.
    Unavailable,
    /// A fault of ours.
    Internal,
}
