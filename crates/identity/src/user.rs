//! A user, as functions see one.

use bson::{Bson, Document, doc};

/// A user, as functions see one (docs/behaviour/users.md#a-user).
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// 24 hexadecimal digits.
    pub id: String,
    /// What kind of user.
    pub user_type: UserType,
    /// What the providers know, of all identities together.
    pub data: Document,
    /// What the app knows; empty where nobody asked for it.
    pub custom_data: Document,
    /// Who providers say that the user is.
    pub identities: Vec<Identity>,
}

impl User {
    /// The user as functions of the app get it, with its fields in the order of the hosted service.
    pub fn document(&self) -> Document {
        let identity = |identity: &Identity| {
            Bson::Document(doc! {
                "id": &identity.id,
                "provider_type": &identity.provider_type,
                "data": &identity.data,
            })
        };
        doc! {
            "id": &self.id,
            "type": self.user_type.name(),
            "data": &self.data,
            "custom_data": &self.custom_data,
            "identities": self.identities.iter().map(identity).collect::<Vec<_>>(),
        }
    }
}

/// What kind of user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserType {
    /// Anybody who did not come with an API key.
    Normal,
    /// Whoever came with an API key.
    Server,
}

impl UserType {
    /// What functions see as `type`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Server => "server",
        }
    }
}

/// Who a provider says that a user is.
#[derive(Debug, Clone, PartialEq)]
pub struct Identity {
    /// What the provider calls them.
    pub id: String,
    /// Such as `local-userpass`.
    pub provider_type: String,
    /// What the provider knows.
    pub data: Document,
}
