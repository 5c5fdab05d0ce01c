//! `context.http`: what functions send into the world.
//!
//! One [`Client`] serves all runs. They share its connections and nothing else: cookies and
//! credentials live as long as a call. Every connection is opened by `connect`, which asks `guard`
//! about each address that a name resolved to; there is no other way out.
//!
//! A call that `[outbound.redirect]` sends elsewhere keeps its path, its query and its `Host`
//! header, so that one stub can stand in for several services and tell them apart. Cookies,
//! credentials and redirects go by the URL that the function named.

mod challenge;
mod connect;
mod cookies;
mod credentials;
mod detour;
mod digest;
mod error;
mod exchange;
mod form;
mod guard;
mod network;
mod redirect;
mod request;
mod response;
#[cfg(test)]
mod tests;
mod tls;
mod transport;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use hookstead_isolate::{Thrown, Value};
use http_body_util::Full;
use hyper_util::{
    client::legacy,
    rt::{TokioExecutor, TokioTimer},
};

use self::{
    connect::Connector,
    detour::Detours,
    error::CallError,
    exchange::Exchange,
    guard::{Guard, Rule},
    request::Plan,
    transport::{Transport, Trust, Versions},
};
use crate::{
    Outbound,
    faults::{Fault, Faults},
};

pub use self::error::OutboundError;

/// An idle connection is kept this long, and so many of them for one host.
const IDLE_TIME: Duration = Duration::from_secs(60);
const IDLE_PER_HOST_MAX: usize = 32;
/// An HTTP/2 connection that carries many calls is checked, lest it be dead and all of them hang.
const PING_INTERVAL: Duration = Duration::from_secs(30);

type HttpClient = legacy::Client<Transport, Full<Bytes>>;

/// Makes calls for functions.
pub(crate) struct Client {
    any_version: HttpClient,
    /// For calls whose `Host` header is not the host they go to: HTTP/2 has one place for both.
    http1: HttpClient,
    detours: Detours,
    body_bytes_max: usize,
    time: Duration,
}

impl Client {
    /// A client that trusts whom the machine trusts. `time` is for a whole call, whatever it takes
    /// (`authUrl`, redirects, the body).
    pub(crate) fn new(
        outbound: &Outbound,
        body_bytes_max: usize,
        time: Duration,
    ) -> Result<Self, OutboundError> {
        Self::with_trust(outbound, body_bytes_max, time, Trust::of_machine())
    }

    fn with_trust(
        outbound: &Outbound,
        body_bytes_max: usize,
        time: Duration,
        trust: Trust,
    ) -> Result<Self, OutboundError> {
        let detours = Detours::new(&outbound.redirect)?;
        let allowed = outbound.allow.iter().map(|entry| {
            Rule::parse(entry).ok_or_else(|| OutboundError::Allow { entry: entry.clone() })
        });
        let rules = allowed.chain(detours.rules().map(Ok)).collect::<Result<_, _>>()?;
        let connector = Connector::new(Guard::new(rules));
        let any_version = build(Transport::new(connector.clone(), trust.clone(), Versions::Any));
        let http1 = build(Transport::new(connector, trust, Versions::Http1));
        Ok(Self { any_version, http1, detours, body_bytes_max, time })
    }

    /// Makes one call: the request document as JSON and the body, to the response head as JSON and
    /// the body.
    pub(crate) async fn perform(
        self: Arc<Self>,
        head_json: String,
        body: Option<Vec<u8>>,
        faults: Faults,
    ) -> Result<Value, Thrown> {
        let plan = Plan::read(&head_json, body)?;
        let call = async {
            let answer = Exchange::new(&self).run(plan).await?;
            answer.read(self.body_bytes_max).await
        };
        let outcome = tokio::time::timeout(self.time, call).await;
        outcome.unwrap_or(Err(CallError::TimedOut(self.time))).map_err(|error| {
            if let Some(detail) = error.detail() {
                faults.note(Fault { message: error.message(), detail, is_outage: false });
            }
            error.into()
        })
    }
}

fn build(transport: Transport) -> HttpClient {
    legacy::Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIME)
        .pool_max_idle_per_host(IDLE_PER_HOST_MAX)
        .http2_keep_alive_interval(PING_INTERVAL)
        // Names are case-insensitive, but not to every server out there.
        .http1_title_case_headers(true)
        .build(transport)
}
