//! HTTP in, response out.
//!
//! A [`Server`] takes requests to a [`Site`](hookstead_site::Site), the cheap checks first and the
//! function last, so that a forged request costs microseconds and no JavaScript:
//!
//! listener → app → origin → size → route → signature or secret → rights → function → response.
//!
//! Whatever cannot be checked is refused.

mod activity;
mod admit;
mod bodies;
mod body;
mod budget;
mod call;
mod called;
mod client;
mod config;
mod connection;
mod data_refusal;
mod error_code;
mod event_frame;
mod event_stream;
mod excerpt;
mod exchange;
mod frames;
mod framing;
mod link;
mod outgoing;
pub mod parse;
mod refusal;
mod reply;
mod room;
mod running;
mod runs_as;
mod server;
mod shared;
mod shield;
mod sniff;
mod streams;
mod told;
mod trial;
mod watched;
mod workers;

pub use config::{Config, ServerLimits};
pub use connection::serve_bare;
pub use error_code::ErrorCode;
pub use server::{BindError, Server, SiteHandle};
pub use trial::{Trial, TrialFailure, TrialPartError, TrialRequest, TrialResponse, try_request};
