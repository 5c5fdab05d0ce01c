//! Users, their credentials and their sessions, over both stores.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod accounts;
mod api_keys;
mod custom_tokens;
mod external;
mod forgeries;
mod guesses;
mod key_server;
mod keys;
mod links;
mod oauth;
mod oauth_browser;
mod races;
mod secrets;
mod sessions;
mod stage;
mod transfer;
