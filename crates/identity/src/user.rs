//! A user, as functions see one.

use bson::Document;

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

/// What kind of user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserType {
    /// Anybody who did not come with an API key.
    Normal,
    /// Whoever came with an API key.
    Server,
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
