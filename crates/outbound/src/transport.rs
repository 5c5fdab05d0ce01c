//! From a URL to a connection, over TLS where the URL says so.
//!
//! Whom the machine trusts is read when the first call over TLS is made: a hundred certificates
//! take longer to read than the rest of the program takes to start, and many apps call nobody.

use std::{
    error::Error,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Uri, uri::Scheme};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::{sync::OnceCell, task::spawn_blocking};
use tower_service::Service;

use crate::{connect::Connector, paced::Paced, tls};

type AnyError = Box<dyn Error + Send + Sync>;

/// How calls over TLS are made, once that is known. Copies are the same one.
#[derive(Clone)]
pub(crate) struct Trust(Arc<OnceCell<ClientConfig>>);

/// The versions of HTTP that a server over TLS is offered.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Versions {
    Any,
    Http1,
}

/// Opens connections for a client of HTTP.
#[derive(Clone)]
pub(crate) struct Transport {
    plain: Connector,
    secure: Arc<OnceCell<HttpsConnector<Connector>>>,
    trust: Trust,
    versions: Versions,
}

impl Trust {
    /// Whom the machine trusts, to be read when first needed.
    pub(crate) fn of_machine() -> Self {
        Self(Arc::default())
    }

    /// What a test decides.
    #[cfg(test)]
    pub(crate) fn given(config: ClientConfig) -> Self {
        Self(Arc::new(OnceCell::new_with(Some(config))))
    }

    async fn config(&self) -> Result<&ClientConfig, AnyError> {
        let read = || async {
            // It reads files.
            let config = spawn_blocking(|| tls::config(tls::machine_roots())).await??;
            Ok(config)
        };
        self.0.get_or_try_init(read).await
    }
}

impl Transport {
    pub(crate) fn new(plain: Connector, trust: Trust, versions: Versions) -> Self {
        Self { plain, secure: Arc::default(), trust, versions }
    }

    async fn secure(&self) -> Result<HttpsConnector<Connector>, AnyError> {
        let make = || async {
            let config = self.trust.config().await?.clone();
            let builder = HttpsConnectorBuilder::new().with_tls_config(config).https_only();
            let plain = self.plain.clone();
            Ok::<_, AnyError>(match self.versions {
                Versions::Any => builder.enable_all_versions().wrap_connector(plain),
                Versions::Http1 => builder.enable_http1().wrap_connector(plain),
            })
        };
        Ok(self.secure.get_or_try_init(make).await?.clone())
    }

    async fn connect(mut self, uri: Uri) -> Result<MaybeHttpsStream<TokioIo<Paced>>, AnyError> {
        if uri.scheme() == Some(&Scheme::HTTP) {
            return Ok(MaybeHttpsStream::Http(self.plain.call(uri).await?));
        }
        self.secure().await?.call(uri).await
    }
}

impl Service<Uri> for Transport {
    type Response = MaybeHttpsStream<TokioIo<Paced>>;
    type Error = AnyError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, AnyError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), AnyError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}
