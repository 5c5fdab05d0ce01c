//! A document of the collection `identities`.

use bson::{DateTime, Document, doc, oid::ObjectId};

use super::{
    UserIdentity,
    fields::{Fields, wrong},
    provider,
};
use crate::{AuthError, digest};

/// Whose a name is, and the password where it has one. There is no `Debug`: it holds a hash.
#[derive(Clone)]
pub(crate) struct IdentityRecord {
    pub(crate) key: ObjectId,
    domain: String,
    pub(crate) provider_type: String,
    /// What the provider calls them: the email address, or the id at another place.
    pub(crate) name: String,
    /// The id that functions see.
    pub(crate) id: String,
    pub(crate) data: Document,
    pub(crate) user: ObjectId,
    /// Whether the user has been made.
    pub(crate) user_exists: bool,
    pub(crate) status: Status,
    /// The hash of the password, where there is one.
    pub(crate) password: Option<String>,
    /// Grows with every change of the password.
    pub(crate) password_version: i64,
    pub(crate) created: DateTime,
    /// Until when the app's function is asked whether there is to be such a user at all.
    pub(crate) asked_until: Option<DateTime>,
}

/// The name of the field, which goes when the function has answered.
pub(crate) const ASKED_UNTIL: &str = "asked_until";

/// Whether somebody has shown that the name is theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Pending,
    Confirmed,
}

impl IdentityRecord {
    /// A new name for a user who is yet to be made.
    pub(crate) fn new(
        domain: &str,
        provider_type: &str,
        name: &str,
        user: ObjectId,
        now: DateTime,
    ) -> Self {
        Self {
            key: Self::key(domain, provider_type, name),
            domain: domain.to_owned(),
            provider_type: provider_type.to_owned(),
            name: name.to_owned(),
            id: name.to_owned(),
            data: Document::new(),
            user,
            user_exists: false,
            status: Status::Confirmed,
            password: None,
            password_version: 0,
            created: now,
            asked_until: None,
        }
    }

    /// An email address with the hash of a password.
    pub(crate) fn with_password(
        domain: &str,
        email: &str,
        ids: (ObjectId, ObjectId),
        password: Option<String>,
        now: DateTime,
    ) -> Self {
        let (user, id) = ids;
        Self {
            id: id.to_hex(),
            data: doc! { "email": email },
            password,
            ..Self::new(domain, provider::EMAIL_PASSWORD, email, user, now)
        }
    }

    /// The `_id` of a name.
    pub(crate) fn key(domain: &str, provider_type: &str, name: &str) -> ObjectId {
        digest::id_of(&["identity", domain, provider_type, name])
    }

    pub(crate) fn read(mut document: Document) -> Result<Self, AuthError> {
        let mut fields = Fields(&mut document);
        Ok(Self {
            key: fields.object_id("_id")?,
            domain: fields.text("domain")?,
            provider_type: fields.text("provider_type")?,
            name: fields.text("name")?,
            id: fields.text("id")?,
            data: fields.document("data")?,
            user: fields.object_id("user")?,
            user_exists: fields.flag("user_exists")?,
            status: match fields.text("status")?.as_str() {
                "pending" => Status::Pending,
                "confirmed" => Status::Confirmed,
                _ => return Err(wrong("status")),
            },
            password: fields.text_or_none("password")?,
            password_version: fields.number("password_version")?,
            created: fields.time("created")?,
            asked_until: fields.time_or_none(ASKED_UNTIL)?,
        })
    }

    pub(crate) fn document(&self) -> Document {
        let mut document = doc! {
            "_id": self.key,
            "domain": &self.domain,
            "provider_type": &self.provider_type,
            "name": &self.name,
            "id": &self.id,
            "data": &self.data,
            "user": self.user,
            "user_exists": self.user_exists,
            "status": self.status.name(),
            "password_version": self.password_version,
            "created": self.created,
        };
        if let Some(password) = &self.password {
            document.insert("password", password);
        }
        if let Some(until) = self.asked_until {
            document.insert(ASKED_UNTIL, until);
        }
        document
    }

    /// Whether this is the document of a name, and not of another one with the same `_id`.
    pub(crate) fn is_of(&self, domain: &str, provider_type: &str, name: &str) -> bool {
        self.domain == domain && self.provider_type == provider_type && self.name == name
    }

    /// Whether a registration was left before the app's function had answered: there is no such
    /// user, and the name is free.
    pub(crate) fn is_left(&self, now: DateTime) -> bool {
        self.status == Status::Pending && self.asked_until.is_some_and(|until| until <= now)
    }

    /// The identity, as it is kept with its user.
    pub(crate) fn of_user(&self) -> UserIdentity {
        UserIdentity {
            key: Some(self.key),
            id: self.id.clone(),
            provider_type: self.provider_type.clone(),
            data: self.data.clone(),
        }
    }
}

impl Status {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Confirmed => "confirmed",
        }
    }
}
