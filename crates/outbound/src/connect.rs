//! From a URL to a connection that the guard has passed.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{Uri, uri::Scheme};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, lookup_host};
use tower_service::Service;

use crate::{
    guard::{Guard, Refusal},
    paced::Paced,
};

/// How long one address may take to answer before the next is tried.
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// Opens connections. Nothing else in this crate does.
#[derive(Clone)]
pub(crate) struct Connector {
    guard: Arc<Guard>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error("there is no host in the URL")]
    NoHost,
    #[error("the host name cannot be looked up")]
    Resolve(#[source] io::Error),
    #[error("the DNS has no address for this host name")]
    NoAddress,
    #[error("not permitted")]
    Refused(#[source] Refusal),
    #[error("cannot connect to {address}")]
    Connect { address: SocketAddr, source: io::Error },
}

impl ConnectError {
    /// The standard library has only a text for it, which is that of the C library.
    fn of_lookup(error: io::Error) -> Self {
        const NO_ADDRESS: [&str; 5] = [
            "Name or service not known",
            "No address associated with hostname",
            "Name does not resolve",
            "Name has no usable address",
            "nodename nor servname provided",
        ];
        let text = error.to_string();
        let has_none = NO_ADDRESS.iter().any(|part| text.contains(part));
        if has_none { Self::NoAddress } else { Self::Resolve(error) }
    }
}

impl Connector {
    pub(crate) fn new(guard: Guard) -> Self {
        Self { guard: Arc::new(guard) }
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Paced>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let guard = Arc::clone(&self.guard);
        Box::pin(async move {
            connect(&guard, &uri).await.map(|stream| TokioIo::new(Paced::new(stream)))
        })
    }
}

async fn connect(guard: &Guard, uri: &Uri) -> Result<TcpStream, ConnectError> {
    let host = uri.host().ok_or(ConnectError::NoHost)?;
    let default_port = if uri.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
    let port = uri.port_u16().unwrap_or(default_port);
    let name = host.trim_start_matches('[').trim_end_matches(']');
    guard.vet_name(host, port).map_err(ConnectError::Refused)?;
    let addresses = lookup_host((name, port)).await.map_err(ConnectError::of_lookup)?;
    let vetted = guard.vet(host, addresses).map_err(ConnectError::Refused)?;
    connect_to_any(&vetted).await
}

/// Connects to the first address that answers; the system has put them in order.
async fn connect_to_any(addresses: &[SocketAddr]) -> Result<TcpStream, ConnectError> {
    let mut failure = ConnectError::NoAddress;
    for &address in addresses {
        let attempt = tokio::time::timeout(CONNECT_TIME, TcpStream::connect(address)).await;
        match attempt.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(stream) => {
                // A request is written in one piece; waiting for more only delays it.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(source) => failure = ConnectError::Connect { address, source },
        }
    }
    Err(failure)
}
