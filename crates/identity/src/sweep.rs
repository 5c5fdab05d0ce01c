//! Removes what is over.

use bson::doc;

use crate::{
    AuthError, Directory,
    records::{UserRecord, anonymous_before},
};

/// How many deletions are finished at a time.
const REMOVALS_MAX: u64 = 1000;

impl Directory {
    /// Removes what is over: anonymous users, sessions, what a crash has left of deletions. To be
    /// called now and then, such as every hour; it reads all users and sessions. Nothing depends
    /// on it but the room that they take.
    ///
    /// # Errors
    /// A store that does not answer.
    pub async fn sweep(&self) -> Result<(), AuthError> {
        let now = self.now();
        let deleted = self.users.find(doc! { "deleted": true }, None, REMOVALS_MAX).await?;
        for document in deleted {
            self.finish_removal(&UserRecord::read(document)?).await?;
        }
        // These have neither names nor API keys.
        let anonymous = doc! { "anonymous": true, "created": { "$lte": anonymous_before(now) } };
        self.users.delete(anonymous, true).await?;
        self.sessions.delete(doc! { "until": { "$lte": now } }, true).await?;
        Ok(())
    }

    /// Removes a user who is marked as deleted, and everything that leads to them.
    pub(crate) async fn finish_removal(&self, record: &UserRecord) -> Result<(), AuthError> {
        for key in record.identities.iter().filter_map(|identity| identity.key) {
            // Another user may have the name already, after an attempt that has ended here.
            self.identities.delete(doc! { "_id": key, "user": record.id }, false).await?;
        }
        for key in &record.api_keys {
            self.api_keys.delete(doc! { "_id": &key.hash }, false).await?;
        }
        // Sessions are over without their user, and go when their time has passed.
        self.users.delete(doc! { "_id": record.id, "deleted": true }, false).await?;
        Ok(())
    }
}
