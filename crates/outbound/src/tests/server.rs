//! A server that answers as it is told and remembers what it was asked.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Version};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
    task::AbortHandle,
};

/// One request, as the server saw it.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) peer: SocketAddr,
    pub(super) version: Version,
    pub(super) method: Method,
    /// Path and query.
    pub(super) target: String,
    pub(super) authority: Option<String>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Seen {
    /// The values of a header, joined.
    pub(super) fn header(&self, name: &str) -> String {
        let values = self.headers.get_all(name).into_iter();
        values.map(|value| value.to_str().unwrap()).collect::<Vec<_>>().join(" | ")
    }

    pub(super) fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }
}

pub(super) type Reply = Response<Full<Bytes>>;

pub(super) type Handler = Arc<dyn Fn(&Seen) -> Reply + Send + Sync>;

/// A reply with a body.
pub(super) fn reply(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Reply {
    let mut builder = Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(Full::new(body.into())).unwrap()
}

/// Listens until it is dropped.
pub(super) struct Server {
    /// `127.0.0.1:port`
    pub(super) address: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: AbortHandle,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(super) async fn start(handler: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let handler: Handler = Arc::new(handler);
        Self::listen(move |stream, peer, log| serve(stream, peer, log, Arc::clone(&handler))).await
    }

    /// A server that answers everything with an empty 200.
    pub(super) async fn silent() -> Self {
        Self::start(|_| reply(200, &[], "")).await
    }

    /// A server that reads some of a request, writes these bytes and then closes or hangs.
    pub(super) async fn raw(answer: &'static [u8], hangs: bool) -> Self {
        Self::listen(move |mut stream, _, _| async move {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer).await;
            if hangs {
                std::future::pending::<()>().await;
            }
        })
        .await
    }

    /// A server that does with its connections whatever it likes.
    pub(super) async fn listen<F>(
        on_connection: impl Fn(tokio::net::TcpStream, SocketAddr, Log) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let seen = Log::default();
        let log = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            while let Ok((stream, peer)) = listener.accept().await {
                tokio::spawn(on_connection(stream, peer, Arc::clone(&log)));
            }
        });
        Self { address, seen, task: task.abort_handle() }
    }

    pub(super) fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.address)
    }

    pub(super) fn port(&self) -> &str {
        self.address.rsplit_once(':').unwrap().1
    }

    /// What it was asked so far.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// What it was asked, once.
    pub(super) fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen[0].clone()
    }
}

pub(super) type Log = Arc<Mutex<Vec<Seen>>>;

/// Serves one connection, of either HTTP version.
pub(super) async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    log: Log,
    handler: Handler,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let (log, handler) = (Arc::clone(&log), Arc::clone(&handler));
        async move {
            let (parts, body) = request.into_parts();
            let seen = Seen {
                peer,
                version: parts.version,
                method: parts.method,
                target: parts.uri.path_and_query().unwrap().to_string(),
                authority: parts.uri.authority().map(ToString::to_string),
                headers: parts.headers,
                body: body.collect().await.unwrap().to_bytes(),
            };
            log.lock().unwrap().push(seen.clone());
            Ok::<_, Infallible>(handler(&seen))
        }
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}
