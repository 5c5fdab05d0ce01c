//! What an operator does with users, and what users do to themselves.

use bson::{doc, oid::ObjectId};

use super::Users;
use crate::{AuthError, records::UserRecord};

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
