//! An app that is ready to run, without a socket.
//!
//! A [`Site`] is an exported app with everything decided that does not depend on a request:
//! routes, keys, rights, users. It answers nothing by itself: a server takes requests through its
//! checks to a [`Target`].
//!
//! What cannot be checked is closed. A missing secret, an unknown validation method, a condition
//! that cannot be evaluated: each closes its endpoint and none opens it.

mod added;
mod address;
pub mod check;
mod client_function;
mod conditions;
mod config;
mod data_rules;
mod definition;
mod guard;
mod listing;
mod oauth;
mod origins;
pub mod percent;
mod provider_secrets;
mod rights;
mod route_key;
mod routes;
mod secrets;
mod site;
mod target;
mod user_mails;
mod users;

pub use added::{AddedProtection, AddedTo};
pub use address::{Address, UnservedPart};
pub use client_function::ClientFunction;
pub use config::{ApplicationAuthentication, Cors, SiteConfig};
pub use guard::{Closed, Guard, Header, Signed, proof_headers};
pub use listing::{Declaration, Kind, Listing, ProtectionKind};
pub use origins::Origins;
pub use rights::{Access, Unmet};
pub use routes::{Near, NoRoute, Routes, takes};
pub use secrets::Secrets;
pub use site::{Deployment, Site};
pub use target::{Target, webhook_path};
pub use user_mails::{MailPurpose, NoMail, UserMail, UserMails, link_url};
pub use users::{UsersSettings, asks_for_users};
