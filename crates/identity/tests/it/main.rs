//! Users, their credentials and their sessions, over both stores.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod accounts;
mod api_keys;
mod external;
mod forgeries;
mod keys;
mod sessions;
mod stage;
