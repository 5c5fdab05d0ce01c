//! The users of an app: checking who somebody is.

use std::{net::IpAddr, sync::Arc};

use crate::{AppFunctions, AuthError, AuthErrorKind, Credentials, Directory, User, UsersConfig};

/// The users of an app.
#[expect(dead_code, reason = "a skeleton")]
pub struct Users {
    config: UsersConfig,
    directory: Arc<Directory>,
    functions: Arc<dyn AppFunctions>,
}

/// A new session.
pub struct LogIn {
    /// The user.
    pub user: Arc<User>,
    /// For calls.
    pub access_token: String,
    /// For further access tokens.
    pub refresh_token: String,
    /// 24 hexadecimal digits.
    pub device_id: String,
}

impl Users {
    /// The users of an app, over the directory that lasts.
    pub fn new(
        config: UsersConfig,
        directory: Arc<Directory>,
        functions: Arc<dyn AppFunctions>,
    ) -> Self {
        Self { config, directory, functions }
    }

    /// The user whom an access token names, with the custom data that the token holds.
    ///
    /// # Errors
    /// A token that is not valid, a user who is disabled or gone, a store that does not answer.
    pub async fn by_access_token(&self, _token: &str) -> Result<Arc<User>, AuthError> {
        Err(AuthError {
            kind: AuthErrorKind::InvalidSession,
            message: "invalid session".into(),
            detail: None,
        })
    }

    /// The user whom credentials prove, without a session: for the headers of a request.
    /// `create` says whether a valid token of an unknown user makes a new one.
    ///
    /// # Errors
    /// Credentials that prove nobody, and whatever keeps them from being checked.
    pub async fn by_credentials(
        &self,
        _credentials: &Credentials,
        _from: IpAddr,
        _create: bool,
    ) -> Result<Arc<User>, AuthError> {
        Err(AuthError {
            kind: AuthErrorKind::InvalidSession,
            message: "invalid session".into(),
            detail: None,
        })
    }

    /// The user of this id.
    ///
    /// # Errors
    /// No such user, one who is disabled, or a store that does not answer.
    pub async fn by_id(&self, _id: &str) -> Result<Arc<User>, AuthError> {
        Err(AuthError {
            kind: AuthErrorKind::UserNotFound,
            message: "user not found".into(),
            detail: None,
        })
    }

    /// The same user with the custom data that the app has of them now.
    ///
    /// # Errors
    /// A store that does not answer.
    pub async fn with_custom_data(&self, user: Arc<User>) -> Result<Arc<User>, AuthError> {
        Ok(user)
    }

    /// Logs somebody in: a new session.
    ///
    /// # Errors
    /// Credentials that prove nobody, and whatever keeps them from being checked.
    pub async fn log_in(
        &self,
        _credentials: &Credentials,
        _from: IpAddr,
    ) -> Result<LogIn, AuthError> {
        Err(AuthError {
            kind: AuthErrorKind::ProviderNotFound,
            message: "authentication provider not found".into(),
            detail: None,
        })
    }
}
