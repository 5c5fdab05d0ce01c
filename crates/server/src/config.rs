//! What the operator decides about the server.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use crate::parse::Network;

/// What the operator decides about the server.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Threads that answer requests; 0: as many as there are processors.
    pub threads: usize,
    /// Whether a run goes on when its caller has hung up. If not, it ends where it stands, and a
    /// caller that has ended its side of the connection counts as one that has hung up.
    pub finish_without_caller: bool,
    /// Proxies whose `X-Forwarded-For` and `X-Cluster-Client-Ip` are believed. From anyone else
    /// they are replaced by the peer's address.
    pub trusted_proxies: Vec<Network>,
    /// Networks whose addresses may call; empty: everyone.
    pub allow: Vec<Network>,
    /// What one server takes on.
    pub limits: ServerLimits,
}

/// What one server takes on.
#[derive(Debug, Clone)]
pub struct ServerLimits {
    /// Bytes of a request's body; 18 MB on App Services (docs/behaviour/limits.md#a-request).
    pub body_bytes_max: usize,
    /// Bytes of the body of a request to log in, and of the others that are about users.
    pub log_in_body_bytes_max: usize,
    /// Bytes of all bodies that are held at once; requests beyond are refused with 429.
    pub bodies_bytes_max: usize,
    /// Bytes of a request's line and headers, and of the buffer they are read into.
    pub header_bytes_max: usize,
    /// Headers of a request.
    pub headers_max: usize,
    /// How long a client may take for its headers. As HTTP/1.1 has it, the wait for the next
    /// request of a connection counts as well.
    pub header_read_time: Duration,
    /// How long a client may take for its body.
    pub body_read_time: Duration,
    /// How long a client may take nothing of a response before its connection is closed.
    pub response_time: Duration,
    /// How long a connection stays open without a request.
    pub idle_time: Duration,
    /// How long a connection is kept after its last response, for a client that is still sending
    /// a body that was refused: it would otherwise find the connection reset, and no response.
    pub linger_time: Duration,
    /// Bytes that such a client may go on to send; they are read and dropped.
    pub linger_bytes_max: u64,
    /// Frames of an HTTP/2 connection in ten seconds that belong neither to a request nor to a
    /// body, beyond those that usually come along with these.
    pub http2_control_frames_max: u32,
    /// Headers that a function may set on its response.
    pub response_headers_max: usize,
    /// Bytes of the headers that a function may set on its response, names included.
    pub response_header_bytes_max: usize,
    /// Connections at once; more wait to be accepted.
    pub connections_max: usize,
    /// Requests at once; more are refused with 429, as on App Services from 10,000 on
    /// (docs/behaviour/limits.md#a-request).
    pub requests_max: u32,
    /// Event streams at once; more are refused with 429.
    pub streams_max: usize,
    /// Of these, those to one address.
    pub streams_of_address_max: usize,
    /// Changes that may wait to be read by the client of one event stream; with more it ends.
    pub stream_changes_max: usize,
    /// Bytes of these.
    pub stream_bytes_max: usize,
    /// How long nothing is sent on an event stream before a comment is, and its user is looked at.
    pub stream_keep_alive: Duration,
    /// How long running requests may take to finish once the server is told to stop.
    pub shutdown_time: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 7080)),
            threads: 0,
            finish_without_caller: true,
            trusted_proxies: Vec::new(),
            allow: Vec::new(),
            limits: ServerLimits::default(),
        }
    }
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            body_bytes_max: 18 << 20,
            log_in_body_bytes_max: 64 << 10,
            bodies_bytes_max: 1 << 30,
            header_bytes_max: 64 << 10,
            headers_max: 100,
            header_read_time: Duration::from_secs(30),
            body_read_time: Duration::from_secs(60),
            response_time: Duration::from_secs(30),
            idle_time: Duration::from_secs(75),
            linger_time: Duration::from_secs(30),
            linger_bytes_max: 64 << 20,
            http2_control_frames_max: 1000,
            response_headers_max: 1000,
            response_header_bytes_max: 64 << 10,
            connections_max: 10_000,
            requests_max: 10_000,
            streams_max: 5000,
            streams_of_address_max: 500,
            stream_changes_max: 1000,
            stream_bytes_max: 4 << 20,
            stream_keep_alive: Duration::from_secs(15),
            shutdown_time: Duration::from_secs(30),
        }
    }
}
