//! HTTP in, response out.
//!
//! A [`Site`] is an exported app with everything decided that does not depend on a request:
//! routes, keys, rights. A [`Server`] takes requests through it, the cheap checks first and the
//! function last, so that a forged request costs microseconds and no JavaScript:
//!
//! listener → app → origin → size → route → signature or secret → rights → function → response.
//!
//! Whatever cannot be checked is refused. A missing secret, an unknown validation method, a
//! condition that this server cannot evaluate: each closes its endpoint and none opens it.

mod activity;
mod bodies;
mod body;
mod budget;
mod call;
mod config;
mod connection;
mod definition;
mod excerpt;
mod exchange;
mod frames;
mod framing;
mod guard;
mod head;
mod listing;
mod origins;
mod outgoing;
pub mod parse;
mod refusal;
mod reply;
mod rights;
mod room;
mod routes;
mod server;
mod shield;
mod site;
mod sniff;
mod target;
mod trial;
mod watched;
mod workers;

pub use config::{ApplicationAuthentication, Config, Cors, ServerLimits};
pub use connection::serve_bare;
pub use listing::{Kind, Listing, ProtectionKind};
pub use server::{BindError, Server, SiteHandle};
pub use site::{Secrets, Site};
pub use trial::{Trial, TrialFailure, TrialPartError, TrialRequest, TrialResponse};
