//! A document of the collection `users`.

use std::time::Duration;

use bson::{Bson, DateTime, Document, doc, oid::ObjectId};

use super::{
    fields::{Fields, wrong},
    provider,
};
use crate::{AuthError, Identity, User, UserType};

/// How long an anonymous user lives (docs/behaviour/users.md#a-user).
const ANONYMOUS_TIME: Duration = Duration::from_hours(90 * 24);

/// What is kept of a user.
#[derive(Clone, PartialEq)]
pub(crate) struct UserRecord {
    pub(crate) id: ObjectId,
    /// The app.
    pub(crate) domain: String,
    pub(crate) user_type: UserType,
    pub(crate) identities: Vec<UserIdentity>,
    /// What an import knows beyond the identities.
    pub(crate) data: Document,
    pub(crate) created: DateTime,
    pub(crate) last_log_in: Option<DateTime>,
    pub(crate) disabled: bool,
    /// Whether the user is about to be removed.
    pub(crate) deleted: bool,
    /// Grows with every change of the password: who has proven a former one must do so again.
    pub(crate) password_version: i64,
    pub(crate) api_keys: Vec<ApiKeyRecord>,
}

/// An identity, as it is kept with its user.
#[derive(Clone, PartialEq)]
pub(crate) struct UserIdentity {
    /// The `_id` in the collection `identities`, where the provider has names.
    pub(crate) key: Option<ObjectId>,
    pub(crate) id: String,
    pub(crate) provider_type: String,
    pub(crate) data: Document,
}

/// An API key, as it is kept with its user.
#[derive(Clone, PartialEq)]
pub(crate) struct ApiKeyRecord {
    pub(crate) id: ObjectId,
    pub(crate) name: String,
    /// The `_id` in the collection `api_keys`.
    pub(crate) hash: String,
    pub(crate) disabled: bool,
}

impl UserRecord {
    /// A new user.
    pub(crate) fn new(id: ObjectId, domain: &str, identity: UserIdentity, now: DateTime) -> Self {
        let user_type = match identity.provider_type.as_str() {
            provider::API_KEY => UserType::Server,
            _ => UserType::Normal,
        };
        Self { user_type, identities: vec![identity], ..Self::without_identity(id, domain, now) }
    }

    /// One who is known by nothing yet.
    pub(crate) fn without_identity(id: ObjectId, domain: &str, now: DateTime) -> Self {
        Self {
            id,
            domain: domain.to_owned(),
            user_type: UserType::Normal,
            identities: Vec::new(),
            data: Document::new(),
            created: now,
            last_log_in: None,
            disabled: false,
            deleted: false,
            password_version: 0,
            api_keys: Vec::new(),
        }
    }

    pub(crate) fn read(mut document: Document) -> Result<Self, AuthError> {
        let mut fields = Fields(&mut document);
        let user_type = match fields.text("type")?.as_str() {
            "normal" => UserType::Normal,
            "server" => UserType::Server,
            _ => return Err(wrong("type")),
        };
        let identities = fields.documents("identities")?;
        let api_keys = fields.documents("api_keys")?;
        Ok(Self {
            id: fields.object_id("_id")?,
            domain: fields.text("domain")?,
            user_type,
            identities: identities.into_iter().map(UserIdentity::read).collect::<Result<_, _>>()?,
            data: fields.document("data")?,
            created: fields.time("created")?,
            last_log_in: fields.time_or_none("last_log_in")?,
            disabled: fields.flag("disabled")?,
            deleted: fields.flag("deleted")?,
            password_version: fields.number("password_version")?,
            api_keys: api_keys.into_iter().map(ApiKeyRecord::read).collect::<Result<_, _>>()?,
        })
    }

    pub(crate) fn document(&self) -> Document {
        let mut document = doc! {
            "_id": self.id,
            "domain": &self.domain,
            "type": self.user_type.name(),
            "identities": list(self.identities.iter().map(UserIdentity::document)),
            "created": self.created,
            "disabled": self.disabled,
            "password_version": self.password_version,
        };
        if self.is_anonymous() {
            // For the removal of old ones.
            document.insert("anonymous", true);
        }
        if !self.data.is_empty() {
            document.insert("data", &self.data);
        }
        if let Some(time) = self.last_log_in {
            document.insert("last_log_in", time);
        }
        if !self.api_keys.is_empty() {
            document.insert("api_keys", list(self.api_keys.iter().map(ApiKeyRecord::document)));
        }
        document
    }

    /// Whether the user belongs to this app and still exists.
    pub(crate) fn exists(&self, domain: &str, now: DateTime) -> bool {
        self.domain == domain && !self.deleted && !self.is_over(now)
    }

    /// Whether this is an anonymous user whose time is over.
    fn is_over(&self, now: DateTime) -> bool {
        self.is_anonymous() && self.created <= anonymous_before(now)
    }

    /// When the user ends, for one who does.
    pub(crate) fn end(&self) -> Option<DateTime> {
        let time = i64::try_from(ANONYMOUS_TIME.as_millis()).unwrap_or(i64::MAX);
        let end = self.created.timestamp_millis().saturating_add(time);
        self.is_anonymous().then(|| DateTime::from_millis(end))
    }

    pub(crate) fn is_anonymous(&self) -> bool {
        let is_anonymous = |identity: &UserIdentity| identity.provider_type == provider::ANONYMOUS;
        !self.identities.is_empty() && self.identities.iter().all(is_anonymous)
    }

    pub(crate) fn identity(&self, provider_type: &str, id: &str) -> Option<&UserIdentity> {
        let is_it =
            |identity: &&UserIdentity| identity.provider_type == provider_type && identity.id == id;
        self.identities.iter().find(is_it)
    }

    /// Whether this API key exists and is enabled.
    pub(crate) fn has_api_key(&self, id: ObjectId) -> bool {
        self.api_keys.iter().any(|key| key.id == id && !key.disabled)
    }

    /// What all identities know, together.
    pub(crate) fn all_data(&self) -> Document {
        let mut data = self.data.clone();
        for identity in &self.identities {
            data.extend(identity.data.clone());
        }
        data
    }

    /// The user, as functions see one.
    pub(crate) fn user(&self, user_type: UserType, custom_data: Document) -> User {
        let identity = |identity: &UserIdentity| Identity {
            id: identity.id.clone(),
            provider_type: identity.provider_type.clone(),
            data: identity.data.clone(),
        };
        User {
            id: self.id.to_hex(),
            user_type,
            data: self.all_data(),
            custom_data,
            identities: self.identities.iter().map(identity).collect(),
        }
    }
}

/// Anonymous users that were created before this are over.
pub(crate) fn anonymous_before(now: DateTime) -> DateTime {
    let time = i64::try_from(ANONYMOUS_TIME.as_millis()).unwrap_or(i64::MAX);
    DateTime::from_millis(now.timestamp_millis().saturating_sub(time))
}

impl UserIdentity {
    fn read(mut document: Document) -> Result<Self, AuthError> {
        let mut fields = Fields(&mut document);
        Ok(Self {
            key: fields.object_id_or_none("key")?,
            id: fields.text("id")?,
            provider_type: fields.text("provider_type")?,
            data: fields.document("data")?,
        })
    }

    pub(crate) fn document(&self) -> Document {
        let mut document = doc! { "id": &self.id, "provider_type": &self.provider_type };
        if let Some(key) = self.key {
            document.insert("key", key);
        }
        document.insert("data", &self.data);
        document
    }
}

impl ApiKeyRecord {
    fn read(mut document: Document) -> Result<Self, AuthError> {
        let mut fields = Fields(&mut document);
        Ok(Self {
            id: fields.object_id("id")?,
            name: fields.text("name")?,
            hash: fields.text("hash")?,
            disabled: fields.flag("disabled")?,
        })
    }

    pub(crate) fn document(&self) -> Document {
        doc! {
            "id": self.id,
            "name": &self.name,
            "hash": &self.hash,
            "disabled": self.disabled,
        }
    }
}

fn list(documents: impl Iterator<Item = Document>) -> Vec<Bson> {
    documents.map(Bson::Document).collect()
}
