//! The documents that are kept of users.
//!
//! | Collection    | `_id`                                | Holds                                 |
//! |---------------|--------------------------------------|---------------------------------------|
//! | `users`       | the id of the user                   | what functions see, and the state     |
//! | `identities`  | follows from app, provider and name  | whose it is, the hash of a password   |
//! | `sessions`    | a random id, which is in both tokens | whose it is, until when               |
//! | `api_keys`    | the SHA-256 of the key               | whose it is                           |
//! | `log_ins`     | the id of a log-in by a browser      | until when it could be repeated       |
//! | `server_keys` | the id of the app                    | the names of the app's server keys    |
//!
//! There are no transactions and no unique indexes. What must be unique is the `_id` of a document
//! of its own, and no order of writes leaves a name that nobody can use or take:
//!
//! - A new identity names its user by an id that is chosen beforehand. The user is made at the
//!   first log-in, and `user_exists` is set then. A crash in between changes nothing: the next
//!   log-in makes the user.
//! - A user who goes is first marked as deleted, which ends all tokens, then loses the identities,
//!   then is removed. An identity whose user existed and is gone is removed by whoever finds it,
//!   and the name is free.

mod fields;
mod identity;
mod session;
mod user;

pub(crate) use identity::{ASKED_UNTIL, IdentityRecord, Status};
pub(crate) use session::SessionRecord;
pub(crate) use user::{ApiKeyRecord, UserIdentity, UserRecord, anonymous_before};

/// Providers by their names in an export.
pub(crate) mod provider {
    pub(crate) const ANONYMOUS: &str = "anon-user";
    pub(crate) const EMAIL_PASSWORD: &str = "local-userpass";
    pub(crate) const API_KEY: &str = "api-key";
    pub(crate) const CUSTOM_TOKEN: &str = "custom-token";
    pub(crate) const CUSTOM_FUNCTION: &str = "custom-function";
}
