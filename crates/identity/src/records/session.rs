//! A document of the collection `sessions`.

use bson::{DateTime, Document, doc, oid::ObjectId};

use super::fields::Fields;
use crate::AuthError;

/// A session: as long as it exists, its refresh token is valid.
pub(crate) struct SessionRecord {
    pub(crate) id: ObjectId,
    pub(crate) domain: String,
    pub(crate) user: ObjectId,
    pub(crate) created: DateTime,
    pub(crate) until: DateTime,
    /// The version of the password that it began with: it ends when the password changes.
    pub(crate) password_version: Option<i64>,
    /// The API key that it began with.
    pub(crate) api_key: Option<ObjectId>,
}

impl SessionRecord {
    pub(crate) fn read(mut document: Document) -> Result<Self, AuthError> {
        let mut fields = Fields(&mut document);
        Ok(Self {
            id: fields.object_id("_id")?,
            domain: fields.text("domain")?,
            user: fields.object_id("user")?,
            created: fields.time("created")?,
            until: fields.time("until")?,
            password_version: fields.number_or_none("password_version")?,
            api_key: fields.object_id_or_none("api_key")?,
        })
    }

    pub(crate) fn document(&self) -> Document {
        let mut document = doc! {
            "_id": self.id,
            "domain": &self.domain,
            "user": self.user,
            "created": self.created,
            "until": self.until,
        };
        if let Some(version) = self.password_version {
            document.insert("password_version", version);
        }
        if let Some(key) = self.api_key {
            document.insert("api_key", key);
        }
        document
    }
}
