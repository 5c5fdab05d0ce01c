//! Removes what is over.

use std::time::Duration;

use bson::{DateTime, doc};

use crate::{
    AuthError, Directory,
    records::{ASKED_UNTIL, IdentityRecord, Status, UserRecord, anonymous_before, provider},
};

/// How long a log-in takes at most.
const LOG_IN_TIME: Duration = Duration::from_hours(1);
/// How many deletions are finished at a time.
const REMOVALS_MAX: u64 = 1000;

impl Directory {
    /// Removes what is over: anonymous users, sessions, log-ins by a browser, registrations that
    /// were left, what a crash has left of deletions. To be called now and then, such as every
    /// hour; it reads all users and sessions. Nothing depends on it but the room that they take.
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
        self.remove_names_without_users().await?;
        let left = doc! { "status": Status::Pending.name(), ASKED_UNTIL: { "$lte": now } };
        self.identities.delete(left, true).await?;
        self.sessions.delete(doc! { "until": { "$lte": now } }, true).await?;
        self.log_ins.delete(doc! { "until": { "$lte": now } }, true).await?;
        Ok(())
    }

    /// Removes names whose user was never made, such as those that a crash has left. Who has
    /// registered an email address may still log in.
    async fn remove_names_without_users(&self) -> Result<(), AuthError> {
        let created = doc! { "$lte": earlier(self.now(), LOG_IN_TIME) };
        let without_user = doc! {
            "user_exists": false,
            "provider_type": { "$ne": provider::EMAIL_PASSWORD },
            "created": created,
        };
        for document in self.identities.find(without_user, None, REMOVALS_MAX).await? {
            let IdentityRecord { key, user, .. } = IdentityRecord::read(document)?;
            if self.user(user, Duration::ZERO).await?.is_none() {
                let filter = doc! { "_id": key, "user": user, "user_exists": false };
                self.identities.delete(filter, false).await?;
            }
        }
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

fn earlier(now: DateTime, time: Duration) -> DateTime {
    let time_ms = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    DateTime::from_millis(now.timestamp_millis().saturating_sub(time_ms))
}
