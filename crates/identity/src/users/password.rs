//! Email address and password as a proof (docs/behaviour/users.md#email-and-password).

use std::net::IpAddr;

use bson::{Document, doc};

use super::{Proven, Users};
use crate::{
    AuthError, AuthErrorKind, EmailPassword,
    records::{IdentityRecord, Status, provider},
};

/// How long a password is (docs/behaviour/users.md#email-and-password).
const PASSWORD_CHARS_MIN: usize = 6;
const PASSWORD_CHARS_MAX: usize = 128;
/// How long a name is, be it an email address or an id at another place.
pub(super) const NAME_BYTES_MAX: usize = 1024;

impl Users {
    /// The user of an email address, where the password is right.
    ///
    /// An unknown address and a wrong password take the same time and answer the same. What else
    /// keeps a user from logging in is told only to those who know the password.
    pub(super) async fn prove_password(
        &self,
        email: &str,
        password: &str,
        from: IpAddr,
    ) -> Result<Proven, AuthError> {
        self.check_log_in(email, password)?;
        let right = self.right_password(email, password, from).await?;
        let identity = right.ok_or_else(AuthError::invalid_password)?;
        if identity.status == Status::Pending {
            return Err(AuthError::new(AuthErrorKind::AuthError, "confirmation required"));
        }
        let record = self.user_of(&identity, true).await?;
        Ok(Proven {
            record: record.ok_or_else(AuthError::invalid_password)?,
            provider_type: provider::EMAIL_PASSWORD,
            password_version: identity.password_version,
            user_type: crate::UserType::Normal,
            identity: identity.id,
            api_key: None,
            expires_s: None,
        })
    }

    /// Refuses what nobody can have registered with.
    pub(super) fn check_log_in(&self, email: &str, password: &str) -> Result<(), AuthError> {
        self.email_password()?;
        let is_possible = check_name(email).is_ok() && check_password(password).is_ok();
        if is_possible { Ok(()) } else { Err(AuthError::invalid_password()) }
    }

    /// The identity of an email address, where the password is right. Attempts that fail slow
    /// down further ones.
    pub(super) async fn right_password(
        &self,
        email: &str,
        password: &str,
        from: IpAddr,
    ) -> Result<Option<IdentityRecord>, AuthError> {
        let key = IdentityRecord::key(self.domain(), provider::EMAIL_PASSWORD, email);
        let attempt = self.directory.throttle.begin(key, from).await?;
        let identity = self.identity(provider::EMAIL_PASSWORD, email).await?;
        let hash = identity.as_ref().and_then(|identity| identity.password.as_deref());
        if !self.directory.passwords.verify(password, hash, attempt.whose()).await? {
            return Ok(None);
        }
        attempt.succeeded();
        Ok(identity)
    }

    /// Sets a password where the filter matches an identity, and ends all sessions that began with
    /// the former one.
    pub(super) async fn set_password(
        &self,
        filter: Document,
        hash: &str,
    ) -> Result<Option<IdentityRecord>, AuthError> {
        let update = doc! {
            "$set": { "password": hash },
            "$inc": { "password_version": 1_i64 },
            // Whoever has another link may not be who has just used one.
            "$unset": { "resets": "" },
        };
        let identity = self.directory.identities.modify(filter, update).await?;
        let Some(identity) = identity.map(IdentityRecord::read).transpose()? else {
            return Ok(None);
        };
        let _change = self.directory.change(identity.user);
        let update = doc! { "$max": { "password_version": identity.password_version } };
        self.directory.users.update(doc! { "_id": identity.user }, update).await?;
        Ok(Some(identity))
    }

    /// What is kept of a name.
    pub(super) async fn identity(
        &self,
        provider_type: &str,
        name: &str,
    ) -> Result<Option<IdentityRecord>, AuthError> {
        let key = IdentityRecord::key(self.domain(), provider_type, name);
        let identity = self.directory.identities.find_one(doc! { "_id": key }).await?;
        let identity = identity.map(IdentityRecord::read).transpose()?;
        Ok(identity.filter(|identity| identity.is_of(self.domain(), provider_type, name)))
    }

    pub(super) fn email_password(&self) -> Result<&EmailPassword, AuthError> {
        let provider = self.config.providers.email_password.as_ref();
        provider.ok_or_else(|| AuthError::provider_not_found(provider::EMAIL_PASSWORD))
    }
}

/// Refuses a name that nobody may have.
pub(super) fn check_name(name: &str) -> Result<(), AuthError> {
    match name.len() {
        1..=NAME_BYTES_MAX => Ok(()),
        _ => Err(AuthError::bad_request(format!("a name must have 1 to {NAME_BYTES_MAX} bytes"))),
    }
}

/// Refuses a password that is too short or too long.
pub(super) fn check_password(password: &str) -> Result<(), AuthError> {
    // Counting stops soon, however long the text is.
    match password.chars().take(PASSWORD_CHARS_MAX + 1).count() {
        PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX => Ok(()),
        _ => Err(AuthError::bad_request(format!(
            "password must be between {PASSWORD_CHARS_MIN} and {PASSWORD_CHARS_MAX} characters"
        ))),
    }
}
