//! The HTTP client for calls to other servers.
//!
//! One [`Client`] serves all callers. They share its connections and nothing else: cookies and
//! credentials live as long as a call. Every connection is opened by `connect`, which asks `guard`
//! about each address that a name resolved to; there is no other way out.
//!
//! A call that `[outbound.redirect]` sends elsewhere keeps its path, its query and its `Host`
//! header, so that one stub can stand in for several services and tell them apart. Cookies,
//! credentials and redirects go by the URL that the caller named. Only such calls reach the
//! stub: they have a guard and connections of their own, because a connection that was opened for
//! them would otherwise be lent to a call that names the stub's own address.

mod challenge;
mod connect;
mod cookies;
mod credentials;
mod detour;
mod digest;
mod documents;
mod error;
mod exchange;
mod form;
mod guard;
mod network;
mod paced;
mod redirect;
mod request;
mod response;
#[cfg(test)]
mod tests;
mod tls;
mod transport;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use hookstead_memory::Account;
use http_body_util::Full;
use hyper_util::{
    client::legacy,
    rt::{TokioExecutor, TokioTimer},
};
use tokio::task::spawn_blocking;

use self::{
    connect::Connector,
    detour::Detours,
    exchange::Exchange,
    guard::{Guard, Rule},
    request::Plan,
    transport::{Transport, Trust, Versions},
};

pub use self::{
    documents::{DocumentError, Documents},
    error::{CallError, OutboundError},
    guard::Refusal,
    request::Asked,
    response::Response,
};

/// An idle connection is kept this long, and so many of them for one host.
const IDLE_TIME: Duration = Duration::from_secs(60);
const IDLE_PER_HOST_MAX: usize = 32;
/// An HTTP/2 connection that carries many calls is checked, lest it be dead and all of them hang.
const PING_INTERVAL: Duration = Duration::from_secs(30);

/// Bytes that a partner may send ahead on a stream of HTTP/2.
const WINDOW_BYTES: u32 = 512 << 10;

type HttpClient = legacy::Client<Transport, Full<Bytes>>;

/// From so many bytes on, the description of a call is read on another thread.
const LARGE_HEAD_BYTES: usize = 64 << 10;

/// Where calls may go.
#[derive(Debug, Clone, Default)]
pub struct Outbound {
    /// Hosts, addresses or networks (`10.0.0.0/8`, `127.0.0.1:9000`, `intranet.example`) that are
    /// allowed although they are loopback, private or link-local.
    pub allow: Vec<String>,
    /// Origin to origin: calls to the first go to the second, such as
    /// `https://api.example.com` to `http://127.0.0.1:9000`.
    pub redirect: BTreeMap<String, String>,
    /// Whether nothing else may be called than what these two name.
    pub listed_only: bool,
}

/// Makes calls.
pub struct Client {
    direct: HttpClients,
    /// For calls that `[outbound.redirect]` sends elsewhere.
    detoured: HttpClients,
    detours: Detours,
    body_bytes_max: usize,
    time: Duration,
}

/// Clients that share a guard.
struct HttpClients {
    any_version: HttpClient,
    /// For calls whose `Host` header is not the host they go to: HTTP/2 has one place for both.
    http1: HttpClient,
}

impl Client {
    /// A client that trusts whom the machine trusts. `time` is for a whole call, whatever it takes
    /// (`authUrl`, redirects, the body).
    ///
    /// # Errors
    /// Entries of `outbound` that are not what they must be.
    pub fn new(
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
        let allowed = || {
            outbound.allow.iter().map(|entry| {
                Rule::parse(entry).ok_or_else(|| OutboundError::Allow { entry: entry.clone() })
            })
        };
        let guard = |rules| Guard::new(rules, outbound.listed_only);
        let direct = guard(allowed().collect::<Result<_, _>>()?);
        let of_detours = allowed().chain(detours.rules().map(Ok)).collect::<Result<_, _>>()?;
        let direct = HttpClients::new(Connector::new(direct), &trust);
        let detoured = HttpClients::new(Connector::new(guard(of_detours)), &trust);
        Ok(Self { direct, detoured, detours, body_bytes_max, time })
    }

    /// Makes one call: the request document as JSON and the body, to the response. A body is read
    /// as far as the account has room for it.
    ///
    /// # Errors
    /// A document that is wrong, a host that is not allowed, and whatever fails on the way.
    pub async fn perform(
        self: Arc<Self>,
        head_json: String,
        body: Option<Vec<u8>>,
        account: Arc<Account>,
    ) -> Result<Response, CallError> {
        let plan = match head_json.len() {
            ..LARGE_HEAD_BYTES => Plan::read(&head_json, body)?,
            // A form can be as large as a run's memory.
            _ => spawn_blocking(move || Plan::read(&head_json, body))
                .await
                .map_err(|error| CallError::Internal(error.to_string()))??,
        };
        let call = async {
            let answer = Exchange::new(&self).run(plan).await?;
            answer.read(self.body_bytes_max, &account).await
        };
        let outcome = tokio::time::timeout(self.time, call).await;
        outcome.unwrap_or(Err(CallError::TimedOut(self.time)))
    }
}

impl HttpClients {
    fn new(connector: Connector, trust: &Trust) -> Self {
        let any_version = Transport::new(connector.clone(), trust.clone(), Versions::Any);
        let http1 = Transport::new(connector, trust.clone(), Versions::Http1);
        Self { any_version: build(any_version), http1: build(http1) }
    }
}

fn build(transport: Transport) -> HttpClient {
    legacy::Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIME)
        .pool_max_idle_per_host(IDLE_PER_HOST_MAX)
        .http2_keep_alive_interval(PING_INTERVAL)
        // What a partner may send ahead of what the run has room for.
        .http2_initial_stream_window_size(WINDOW_BYTES)
        .http2_initial_connection_window_size(4 * WINDOW_BYTES)
        // Names are case-insensitive, but not to every server out there.
        .http1_title_case_headers(true)
        .build(transport)
}
