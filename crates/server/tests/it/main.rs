//! The server over real sockets, with real apps on disk and real functions.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests may panic")]

mod client_api;
mod collection_rules;
mod conditions;
mod connections;
mod cors;
mod framing;
mod front;
mod h2;
mod harness;
mod oauth;
mod protection;
mod requests;
mod responses;
mod rights;
mod routing;
mod schemes;
mod services;
mod shares;
mod sites;
mod trial;
mod users;
mod watching;
