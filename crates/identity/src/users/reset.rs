//! New passwords for those who have lost theirs (docs/behaviour/users.md#email-and-password).

use std::net::IpAddr;

use bson::doc;

use super::{
    Users,
    email_password::{Decision, Link, Purpose, invalid_link},
    password::{check_name, check_password},
};
use crate::{
    AuthError, ExtendedJson, digest,
    records::{IdentityRecord, provider},
    shares::Whose,
};

impl Users {
    /// What is to be sent to a user, so that they can set a new password.
    ///
    /// # Errors
    /// No such user, a provider whose function decides about new passwords.
    pub async fn new_reset_link(&self, email: &str) -> Result<Link, AuthError> {
        if self.email_password()?.reset_function.is_some() {
            return Err(AuthError::bad_request("please use reset password via function"));
        }
        let identity = self.with_email(email).await?;
        self.new_link_for_anybody(identity.key, Purpose::Reset).await
    }

    /// The same by the word of the operator, whatever the app says.
    ///
    /// # Errors
    /// No such user.
    pub async fn reset_link_by_operator(&self, email: &str) -> Result<Link, AuthError> {
        let identity = self.with_email(email).await?;
        self.new_link(identity.key, Purpose::Reset).await
    }

    /// Sets the password of the user who got a link, which ends the sessions that began with the
    /// former one. All links are used up.
    ///
    /// # Errors
    /// A token that is wrong, used or too old, a password that is too short or too long.
    pub async fn reset(
        &self,
        token_id: &str,
        token: &str,
        password: &str,
    ) -> Result<(), AuthError> {
        self.email_password()?;
        check_password(password)?;
        let filter = self.of_link(token_id, token, Purpose::Reset)?;
        // A guess is refused before it costs the hash of a password.
        if self.directory.identities.find_one(filter.clone()).await?.is_none() {
            return Err(invalid_link());
        }
        let hash = self.directory.passwords.hash(password, Whose::OF_NOBODY).await?;
        // Of several who use the link at once, one succeeds.
        self.set_password(filter, &hash).await?.ok_or_else(invalid_link)?;
        Ok(())
    }

    /// Lets the app's function decide about a new password.
    ///
    /// # Errors
    /// No such user, a function that refuses or that there is not, a password that is too short
    /// or too long.
    pub async fn run_reset(
        &self,
        email: &str,
        password: &str,
        arguments: &ExtendedJson,
        from: IpAddr,
    ) -> Result<(), AuthError> {
        let function = self.email_password()?.reset_function.as_ref();
        let function = function
            .ok_or_else(|| AuthError::bad_request("there is no function that resets passwords"))?;
        check_password(password)?;
        let identity = self.with_email(email).await?;
        // Whoever asks for the same password again and again could learn from the function
        // whether it is right: the attempt counts as one to log in.
        let is_right = self.right_password(email, password, from).await?.is_some();
        let link = self.new_link_for_anybody(identity.key, Purpose::Reset).await?;
        let Link { token_id, token } = link;
        let argument = doc! {
            "username": email,
            "password": password,
            "token": &token,
            "tokenId": &token_id,
            "currentPasswordValid": is_right,
        };
        let own = ExtendedJson::from(argument).into_array();
        let arguments = own.with_elements_of(arguments);
        let message = format!("failed to reset password for user {email:?}");
        match self.decision(function, arguments, message).await {
            Ok(Decision::Success) => {
                let hash = self.directory.passwords.hash(password, Whose::OF_NOBODY).await?;
                let filter = doc! { "_id": identity.key, "user": identity.user };
                self.set_password(filter, &hash).await?;
                Ok(())
            }
            Ok(Decision::Pending) => Ok(()),
            Err(error) => {
                let pull = doc! { "$pull": {
                    Purpose::Reset.field(): { "hash": digest::stored(&token) },
                } };
                self.directory.identities.update(doc! { "_id": identity.key }, pull).await?;
                Err(error)
            }
        }
    }

    async fn with_email(&self, email: &str) -> Result<IdentityRecord, AuthError> {
        check_name(email).map_err(|_| AuthError::user_not_found())?;
        let identity = self.identity(provider::EMAIL_PASSWORD, email).await?;
        identity.ok_or_else(AuthError::user_not_found)
    }
}
