//! API keys (docs/behaviour/users.md#api-keys): those of the app, each with a user of its own,
//! and those of users, which log in as their user.

use std::{sync::Arc, time::Duration};

use bson::{Bson, Document, doc, oid::ObjectId};

use super::{Proven, Users};
use crate::{
    AuthError, AuthErrorKind, UserType,
    collection::Insertion,
    digest, random,
    records::{ApiKeyRecord, UserIdentity, UserRecord, provider},
};

/// How many keys an app has, and how many a user (docs/behaviour/users.md#api-keys).
const SERVER_KEYS_MAX: usize = 100;
const USER_KEYS_MAX: usize = 20;
/// How long the name of a key may be.
const KEY_NAME_BYTES_MAX: usize = 256;

/// An API key, without the key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// 24 hexadecimal digits.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// Whether it is refused at the moment.
    pub disabled: bool,
}

/// A new API key. There is no `Debug`: the key is secret.
pub struct NewApiKey {
    /// The key as it is known from now on.
    pub api_key: ApiKey,
    /// The key itself, which nobody can read later.
    pub key: String,
}

impl ApiKeyRecord {
    fn api_key(&self) -> ApiKey {
        ApiKey { id: self.id.to_hex(), name: self.name.clone(), disabled: self.disabled }
    }
}

impl Users {
    pub(super) async fn prove_api_key(&self, key: &str) -> Result<Proven, AuthError> {
        if !self.config.providers.api_key {
            return Err(AuthError::provider_not_found(provider::API_KEY));
        }
        let invalid = AuthError::invalid_api_key;
        if key.len() > KEY_NAME_BYTES_MAX {
            return Err(invalid());
        }
        let found = self.directory.api_keys.find_one(doc! { "_id": digest::stored(key) }).await?;
        let found = found.ok_or_else(invalid)?;
        let ids = found.get_object_id("user").ok().zip(found.get_object_id("key").ok());
        let (user, id) = ids.ok_or_else(|| AuthError::internal("an API key without a user"))?;
        let record = self.existing(user, Duration::ZERO).await?.ok_or_else(invalid)?;
        // The app is that of the user.
        if !record.has_api_key(id) {
            return Err(invalid());
        }
        Ok(Proven {
            record,
            provider_type: provider::API_KEY,
            identity: id.to_hex(),
            user_type: UserType::Server,
            password_version: 0,
            api_key: Some(id),
            expires_s: None,
        })
    }

    /// Makes a key that logs in as this user.
    ///
    /// # Errors
    /// No such user, an anonymous one, too many keys, a name that is taken or too long.
    pub async fn create_api_key(&self, user: &str, name: &str) -> Result<NewApiKey, AuthError> {
        if !self.config.providers.api_key {
            return Err(AuthError::provider_not_found(provider::API_KEY));
        }
        check_key_name(name)?;
        let record = self.owner(user).await?;
        if record.is_anonymous() || record.user_type == UserType::Server {
            return Err(AuthError::bad_request("this user cannot have API keys"));
        }
        let (key, new) = new_key(name)?;
        let filter = doc! {
            "_id": record.id,
            "deleted": { "$ne": true },
            // The last place is free.
            format!("api_keys.{}", USER_KEYS_MAX - 1): { "$exists": false },
            "api_keys.name": { "$ne": name },
        };
        let push = doc! { "$push": { "api_keys": new.document() } };
        let change = self.directory.change(record.id);
        let is_added = self.directory.users.update(filter, push).await?;
        drop(change);
        if !is_added {
            let record = self.owner(user).await?;
            return Err(key_refusal(record.api_keys.iter().any(|key| key.name == name), name));
        }
        self.publish(&new, record.id).await?;
        Ok(NewApiKey { api_key: new.api_key(), key })
    }

    /// The keys of a user.
    ///
    /// # Errors
    /// No such user.
    pub async fn api_keys(&self, user: &str) -> Result<Vec<ApiKey>, AuthError> {
        Ok(self.owner(user).await?.api_keys.iter().map(ApiKeyRecord::api_key).collect())
    }

    /// A key of a user.
    ///
    /// # Errors
    /// No such user, no such key.
    pub async fn api_key(&self, user: &str, key: &str) -> Result<ApiKey, AuthError> {
        let key = key_id(key)?;
        let record = self.owner(user).await?;
        let found = record.api_keys.iter().find(|held| held.id == key);
        found.map(ApiKeyRecord::api_key).ok_or_else(no_such_key)
    }

    /// Enables or disables a key of a user.
    ///
    /// # Errors
    /// No such user, no such key.
    pub async fn set_api_key_enabled(
        &self,
        user: &str,
        key: &str,
        enabled: bool,
    ) -> Result<(), AuthError> {
        let (user, key) = (user_id(user)?, key_id(key)?);
        let filter = doc! { "_id": user, "domain": self.domain(), "api_keys.id": key };
        let set = doc! { "$set": { "api_keys.$.disabled": !enabled } };
        let _change = self.directory.change(user);
        match self.directory.users.update(filter, set).await? {
            true => Ok(()),
            false => Err(no_such_key()),
        }
    }

    /// Deletes a key of a user.
    ///
    /// # Errors
    /// No such user, no such key.
    pub async fn delete_api_key(&self, user: &str, key: &str) -> Result<(), AuthError> {
        let record = self.owner(user).await?;
        let id = key_id(key)?;
        let key = record.api_keys.iter().find(|held| held.id == id).ok_or_else(no_such_key)?;
        let change = self.directory.change(record.id);
        let filter = doc! { "_id": record.id, "api_keys.id": key.id };
        let pull = doc! { "$pull": { "api_keys": { "id": key.id } } };
        let is_removed = self.directory.users.update(filter, pull).await?;
        drop(change);
        self.directory.api_keys.delete(doc! { "_id": &key.hash }, false).await?;
        // Of several who delete it at once, one has done so.
        if is_removed { Ok(()) } else { Err(no_such_key()) }
    }

    /// The id of the key that a session began with, where it began with one. That key cannot be
    /// deleted by the session itself.
    ///
    /// # Errors
    /// A token that is not valid, a session that is over.
    pub async fn api_key_of_session(
        &self,
        refresh_token: &str,
    ) -> Result<Option<String>, AuthError> {
        let (session, _) = self.session(refresh_token).await?;
        Ok(session.api_key.map(ObjectId::to_hex))
    }

    /// Makes a key of the app, and the user that it logs in.
    ///
    /// # Errors
    /// Too many keys, a name that is taken or too long.
    pub async fn create_server_key(&self, name: &str) -> Result<NewApiKey, AuthError> {
        check_key_name(name)?;
        let (key, new) = new_key(name)?;
        let user = random::object_id()?;
        let all = doc! { "_id": self.domain(), "keys": Bson::Array(Vec::new()) };
        if self.directory.server_keys.find_one(doc! { "_id": self.domain() }).await?.is_none() {
            let (Insertion::Done | Insertion::Exists) =
                self.directory.server_keys.insert(&all).await?;
        }
        // The name first: a crash leaves a key that is listed and can be deleted.
        let filter = doc! {
            "_id": self.domain(),
            format!("keys.{}", SERVER_KEYS_MAX - 1): { "$exists": false },
            "keys.name": { "$ne": name },
        };
        let entry = doc! { "id": new.id, "name": name, "user": user };
        let push = doc! { "$push": { "keys": entry } };
        if !self.directory.server_keys.update(filter, push).await? {
            let is_taken = self.listed().await?.iter().any(|listed| listed.name == name);
            return Err(key_refusal(is_taken, name));
        }
        let identity = UserIdentity {
            key: None,
            id: new.id.to_hex(),
            provider_type: provider::API_KEY.to_owned(),
            data: doc! { "name": name },
        };
        let mut record = UserRecord::new(user, self.domain(), identity, self.directory.now());
        record.api_keys = vec![new.clone()];
        let change = self.directory.change(user);
        self.directory.users.insert(&record.document()).await?;
        drop(change);
        self.publish(&new, user).await?;
        Ok(NewApiKey { api_key: new.api_key(), key })
    }

    /// The keys of the app.
    ///
    /// # Errors
    /// A store that does not answer.
    pub async fn server_keys(&self) -> Result<Vec<ApiKey>, AuthError> {
        let mut keys = Vec::new();
        for listed in self.listed().await? {
            let record = self.existing(listed.user, Duration::ZERO).await?;
            let disabled =
                record.is_none_or(|record| record.disabled || !record.has_api_key(listed.id));
            keys.push(ApiKey { id: listed.id.to_hex(), name: listed.name, disabled });
        }
        Ok(keys)
    }

    /// Enables or disables a key of the app.
    ///
    /// # Errors
    /// No such key.
    pub async fn set_server_key_enabled(&self, key: &str, enabled: bool) -> Result<(), AuthError> {
        let user = self.listed_key(key).await?.user.to_hex();
        self.set_api_key_enabled(&user, key, enabled).await
    }

    /// Deletes a key of the app, and the user that it logs in.
    ///
    /// # Errors
    /// No such key.
    pub async fn delete_server_key(&self, key: &str) -> Result<(), AuthError> {
        let listed = self.listed_key(key).await?;
        self.remove(listed.user).await?;
        let pull = doc! { "$pull": { "keys": { "id": listed.id } } };
        self.directory.server_keys.update(doc! { "_id": self.domain() }, pull).await?;
        Ok(())
    }

    /// From now on, the key logs in.
    async fn publish(&self, key: &ApiKeyRecord, user: ObjectId) -> Result<(), AuthError> {
        let document = doc! { "_id": &key.hash, "user": user, "key": key.id };
        match self.directory.api_keys.insert(&document).await? {
            Insertion::Done => Ok(()),
            Insertion::Exists => Err(AuthError::internal("two API keys are the same")),
        }
    }

    async fn owner(&self, user: &str) -> Result<Arc<UserRecord>, AuthError> {
        let record = self.existing(user_id(user)?, Duration::ZERO).await?;
        record.ok_or_else(AuthError::user_not_found)
    }

    async fn listed_key(&self, key: &str) -> Result<Listed, AuthError> {
        let key = key_id(key)?;
        let listed = self.listed().await?;
        listed.into_iter().find(|listed| listed.id == key).ok_or_else(no_such_key)
    }

    async fn listed(&self) -> Result<Vec<Listed>, AuthError> {
        let all = self.directory.server_keys.find_one(doc! { "_id": self.domain() }).await?;
        let all = all.unwrap_or_default();
        let keys = all.get_array("keys").map(Vec::as_slice).unwrap_or_default();
        let listed = keys.iter().map(|key| key.as_document().and_then(Listed::read));
        let listed: Option<Vec<_>> = listed.collect();
        listed.ok_or_else(|| AuthError::internal("the list of the app's API keys is damaged"))
    }
}

/// A key of the app, as the list of them has it.
struct Listed {
    id: ObjectId,
    name: String,
    user: ObjectId,
}

impl Listed {
    fn read(document: &Document) -> Option<Self> {
        Some(Self {
            id: document.get_object_id("id").ok()?,
            name: document.get_str("name").ok()?.to_owned(),
            user: document.get_object_id("user").ok()?,
        })
    }
}

fn new_key(name: &str) -> Result<(String, ApiKeyRecord), AuthError> {
    let key = random::api_key()?;
    let hash = digest::stored(&key);
    let id = random::object_id()?;
    Ok((key, ApiKeyRecord { id, name: name.to_owned(), hash, disabled: false }))
}

fn check_key_name(name: &str) -> Result<(), AuthError> {
    match name.len() {
        1..=KEY_NAME_BYTES_MAX => Ok(()),
        _ => Err(AuthError::bad_request(format!(
            "the name of an API key must have 1 to {KEY_NAME_BYTES_MAX} bytes"
        ))),
    }
}

/// Why a key was not added.
fn key_refusal(is_name_taken: bool, name: &str) -> AuthError {
    if is_name_taken {
        let message = format!("API key {name:?} already exists");
        return AuthError::new(AuthErrorKind::ApiKeyAlreadyExists, message);
    }
    AuthError::bad_request("there are too many API keys")
}

fn no_such_key() -> AuthError {
    AuthError::new(AuthErrorKind::ApiKeyNotFound, "API key not found")
}

fn user_id(text: &str) -> Result<ObjectId, AuthError> {
    ObjectId::parse_str(text).map_err(|_| AuthError::user_not_found())
}

fn key_id(text: &str) -> Result<ObjectId, AuthError> {
    ObjectId::parse_str(text).map_err(|_| no_such_key())
}
