//! What an operator does with users, and what users do to themselves.

use std::time::Duration;

use bson::{doc, oid::ObjectId};

use super::Users;
use crate::{AuthError, AuthErrorKind, UserType, records::UserRecord};

impl Users {
    /// Disables a user, which ends all their tokens, or enables one.
    ///
    /// # Errors
    /// No such user, a store that does not answer.
    pub async fn set_enabled(&self, id: &str, enabled: bool) -> Result<(), AuthError> {
        let id = ObjectId::parse_str(id).map_err(|_| AuthError::user_not_found())?;
        let filter = doc! { "_id": id, "domain": self.domain(), "deleted": { "$ne": true } };
        let _change = self.directory.change(id);
        match self.directory.users.update(filter, doc! { "$set": { "disabled": !enabled } }).await?
        {
            true => Ok(()),
            false => Err(AuthError::user_not_found()),
        }
    }

    /// Deletes a user with all identities, API keys and sessions.
    ///
    /// # Errors
    /// No such user, a store that does not answer.
    pub async fn delete(&self, id: &str) -> Result<(), AuthError> {
        let id = ObjectId::parse_str(id).map_err(|_| AuthError::user_not_found())?;
        match self.remove(id).await? {
            true => Ok(()),
            false => Err(AuthError::user_not_found()),
        }
    }

    /// Deletes a user by their own word.
    ///
    /// # Errors
    /// The user of a key of the app, which the operator deletes; no such user, a store that does
    /// not answer.
    pub async fn delete_themselves(&self, id: &str) -> Result<(), AuthError> {
        let parsed = ObjectId::parse_str(id).map_err(|_| AuthError::user_not_found())?;
        let record = self.existing(parsed, Duration::ZERO).await?;
        let record = record.ok_or_else(AuthError::user_not_found)?;
        if record.user_type == UserType::Server {
            let message = "the user of an API key of the app cannot delete itself";
            return Err(AuthError::new(AuthErrorKind::Forbidden, message));
        }
        self.delete(id).await
    }

    /// Removes a user; answers whether there was one. What a crash leaves is removed by the next
    /// attempt, and no token is valid from the first step on.
    pub(super) async fn remove(&self, id: ObjectId) -> Result<bool, AuthError> {
        let filter = doc! { "_id": id, "domain": self.domain() };
        let change = self.directory.change(id);
        let mark = doc! { "$set": { "deleted": true } };
        let marked = self.directory.users.modify(filter, mark).await?;
        drop(change);
        let Some(record) = marked.map(UserRecord::read).transpose()? else { return Ok(false) };
        self.directory.finish_removal(&record).await?;
        Ok(true)
    }
}
