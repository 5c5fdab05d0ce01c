//! Real servers for tests, started and killed at will. Nothing that ships uses this crate.

mod mail_server;
mod openid;
mod port;
mod python;
mod secantus;

pub use mail_server::{MailServer, MailServerOptions, ReceivedMail};
pub use openid::OpenIdServer;
pub use secantus::{SecantusDb, StartError};
