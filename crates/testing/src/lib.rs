//! Real servers for tests, started and killed at will. Nothing that ships uses this crate.

mod openid;
mod port;
mod python;
mod secantus;

pub use openid::OpenIdServer;
pub use secantus::{SecantusDb, StartError};
