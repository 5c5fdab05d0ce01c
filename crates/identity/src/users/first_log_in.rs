//! From an identity to its user, who is made at the first log-in.

use std::{sync::Arc, time::Duration};

use bson::doc;

use super::{Users, sessions::later};
use crate::{
    AuthError, AuthErrorKind, ExtendedJson,
    records::{IdentityRecord, UserIdentity, UserRecord, provider},
};

/// How long a copy of the program may take to make a user before another one tries.
const CLAIM_TIME: Duration = Duration::from_mins(5);
/// How often and after how long a log-in looks whether another copy has made the user.
const CLAIMS_MAX: usize = 100;
const CLAIM_PAUSE: Duration = Duration::from_millis(100);

impl Users {
    /// The user of an identity. One who never existed is made where `create` says so.
    ///
    /// Nothing where there is no user; an identity whose user is gone is removed then, so that
    /// its name is free.
    pub(super) async fn user_of(
        &self,
        identity: &IdentityRecord,
        create: bool,
    ) -> Result<Option<Arc<UserRecord>>, AuthError> {
        match self.directory.user(identity.user, Duration::ZERO).await? {
            Some(record) if record.domain == self.domain() && !record.deleted => {
                if !identity.user_exists && !self.note_that_user_exists(identity).await? {
                    return Ok(None);
                }
                self.updated(record, identity).await
            }
            None if !identity.user_exists && !create => Ok(None),
            None if !identity.user_exists => {
                let flight = self.directory.creations.join(identity.key);
                // Boxed, so that the log-in as a whole needs less of the stack.
                flight.answer(Box::pin(self.make_user_once(identity))).await
            }
            _ => {
                let filter = doc! { "_id": identity.key, "user": identity.user };
                self.directory.identities.delete(filter, false).await?;
                Ok(None)
            }
        }
    }

    /// Makes the user of an identity, unless that has happened meanwhile. Where the app has a
    /// function for new users, of several copies of the program one calls it at a time.
    async fn make_user_once(
        &self,
        identity: &IdentityRecord,
    ) -> Result<Option<Arc<UserRecord>>, AuthError> {
        if self.config.on_user_creation.is_none() {
            return self.make_user(identity).await;
        }
        for _ in 0..CLAIMS_MAX {
            match self.identity(&identity.provider_type, &identity.name).await? {
                Some(held) if held.user != identity.user => return Ok(None),
                Some(held) if held.user_exists => {
                    return self.directory.user(held.user, Duration::ZERO).await;
                }
                Some(_) => {}
                None => return Ok(None),
            }
            if self.claim_creation(identity).await? {
                let made = self.make_user(identity).await;
                if made.is_err() {
                    self.give_up_creation(identity).await?;
                }
                return made;
            }
            tokio::time::sleep(CLAIM_PAUSE).await;
        }
        let message = "the user is being made at the moment";
        Err(AuthError::new(AuthErrorKind::Unavailable, message))
    }

    /// Claims the right to make the user, unless another copy of the program has it.
    async fn claim_creation(&self, identity: &IdentityRecord) -> Result<bool, AuthError> {
        let (now, own) = (self.directory.now(), self.directory.copy);
        let filter = doc! {
            "_id": identity.key,
            "user": identity.user,
            "user_exists": false,
            "$or": [
                { "creation.by": { "$exists": false } },
                { "creation.by": own },
                { "creation.until": { "$lte": now } },
            ],
        };
        let claim = doc! { "by": own, "until": later(now, CLAIM_TIME) };
        let set = doc! { "$set": { "creation": claim } };
        Ok(self.directory.identities.update(filter, set).await?)
    }

    /// The user was not made. What only the log-in had made of the name goes as well.
    async fn give_up_creation(&self, identity: &IdentityRecord) -> Result<(), AuthError> {
        if self.directory.user(identity.user, Duration::ZERO).await?.is_some() {
            return Ok(());
        }
        let filter = doc! { "_id": identity.key, "user": identity.user, "user_exists": false };
        if identity.provider_type == provider::EMAIL_PASSWORD {
            let unset = doc! { "$unset": { "creation": "" } };
            self.directory.identities.update(filter, unset).await?;
        } else {
            self.directory.identities.delete(filter, false).await?;
        }
        Ok(())
    }

    /// Makes the user of an identity. Two log-ins at the same time make one.
    async fn make_user(
        &self,
        identity: &IdentityRecord,
    ) -> Result<Option<Arc<UserRecord>>, AuthError> {
        let mut record =
            UserRecord::new(identity.user, self.domain(), identity.of_user(), self.directory.now());
        record.password_version = identity.password_version;
        self.insert(&record).await?;
        if !self.note_that_user_exists(identity).await? {
            // The identity was removed meanwhile: nobody could ever log in as this user.
            let _change = self.directory.change(record.id);
            self.directory.users.delete(doc! { "_id": record.id }, false).await?;
            return Ok(None);
        }
        self.directory.user(record.id, Duration::ZERO).await
    }

    /// Inserts a user, unless the app's function throws that is called before.
    pub(super) async fn insert(&self, record: &UserRecord) -> Result<(), AuthError> {
        if let Some(function) = &self.config.on_user_creation {
            let user = record.user(record.user_type, bson::Document::new());
            let arguments = ExtendedJson::from(user.document()).into_array();
            let called = self.functions.call(function, arguments).await;
            called
                .map_err(|failure| AuthError::of_function(function, failure, AuthError::thrown))?;
        }
        let _change = self.directory.change(record.id);
        // It exists already where another log-in was faster.
        self.directory.users.insert(&record.document()).await?;
        Ok(())
    }

    /// Keeps with the identity that its user exists; answers whether the identity still does.
    async fn note_that_user_exists(&self, identity: &IdentityRecord) -> Result<bool, AuthError> {
        let filter = doc! { "_id": identity.key, "user": identity.user };
        let set = doc! { "$set": { "user_exists": true } };
        Ok(self.directory.identities.update(filter, set).await?)
    }

    /// The user with what the identity knows: a crash may have kept it from being written, and
    /// providers may know something new.
    async fn updated(
        &self,
        record: Arc<UserRecord>,
        identity: &IdentityRecord,
    ) -> Result<Option<Arc<UserRecord>>, AuthError> {
        let own = identity.of_user();
        let held = record.identity(&own.provider_type, &own.id);
        let is_password_known = record.password_version >= identity.password_version;
        if held.is_some_and(|held| held.data == own.data) && is_password_known {
            return Ok(Some(record));
        }
        let change = self.directory.change(record.id);
        if held.is_none() {
            self.add_identity(&record, &own).await?;
        } else {
            let filter = doc! { "_id": record.id, "identities": { "$elemMatch": of(&own) } };
            let set = doc! { "$set": { "identities.$.data": own.data } };
            self.directory.users.update(filter, set).await?;
        }
        let max = doc! { "$max": { "password_version": identity.password_version } };
        self.directory.users.update(doc! { "_id": record.id }, max).await?;
        drop(change);
        self.existing(record.id, Duration::ZERO).await
    }

    /// Adds an identity to a user, unless the user has it; answers whether the user is still
    /// there.
    pub(super) async fn add_identity(
        &self,
        record: &UserRecord,
        identity: &UserIdentity,
    ) -> Result<bool, AuthError> {
        let filter = doc! {
            "_id": record.id,
            "deleted": { "$ne": true },
            "identities": { "$not": { "$elemMatch": of(identity) } },
        };
        let update = doc! {
            "$push": { "identities": identity.document() },
            "$unset": { "anonymous": "" },
        };
        if self.directory.users.update(filter, update).await? {
            return Ok(true);
        }
        let record = self.existing(record.id, Duration::ZERO).await?;
        Ok(record
            .is_some_and(|record| record.identity(&identity.provider_type, &identity.id).is_some()))
    }
}

/// What names an identity of a user.
fn of(identity: &UserIdentity) -> bson::Document {
    doc! { "provider_type": &identity.provider_type, "id": &identity.id }
}
