//! HTTPS, against a server whose authority is the test's own.

use std::sync::Arc;

use http::Version;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use serde_json::json;
use tokio_rustls::TlsAcceptor;

use super::{
    BODY_BYTES_MAX, Server, TIME, allow, call, failure,
    server::{self, reply},
};
use crate::{Client, tls, transport::Trust};

/// An authority, and a client that trusts it and may call this machine.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { issuer }
    }

    fn client(&self) -> Arc<Client> {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        let trust = Trust::given(tls::config(roots).unwrap());
        let outbound = allow(&["127.0.0.0/8"]);
        Arc::new(Client::with_trust(&outbound, BODY_BYTES_MAX, TIME, trust).unwrap())
    }

    /// A server with a certificate for a name, speaking the protocols that it names.
    async fn server(&self, name: &str, protocols: &[&str]) -> Server {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        let acceptor = acceptor(certificate, key.into(), protocols);
        Server::listen(move |stream, peer, log| {
            let acceptor = acceptor.clone();
            async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    server::serve(stream, peer, log, Arc::new(|_| reply(200, &[], "safe"))).await;
                }
            }
        })
        .await
    }
}

fn acceptor(
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    protocols: &[&str],
) -> TlsAcceptor {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let mut config = builder.with_single_cert(vec![certificate], key).unwrap();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

fn url(server: &Server) -> String {
    format!("https://localhost:{}/a?b", server.port())
}

#[tokio::test]
async fn both_versions_of_http_are_spoken() {
    let authority = Authority::new();
    let client = authority.client();
    let cases = [
        (["h2", "http/1.1"].as_slice(), Version::HTTP_2),
        (&["http/1.1"], Version::HTTP_11),
        (&[], Version::HTTP_11),
    ];
    for (protocols, version) in cases {
        let server = authority.server("localhost", protocols).await;
        let document = json!({ "url": url(&server), "method": "POST" });
        let answer = call(&client, document).await.unwrap();
        assert_eq!((answer.head["status"].as_str(), answer.text()), (Some("200 OK"), "safe"));
        assert_eq!(answer.head["contentLength"], 4);
        let seen = server.only();
        assert_eq!((seen.version, seen.target.as_str()), (version, "/a?b"));
        let host = seen.authority.clone().unwrap_or_else(|| seen.header("host"));
        assert_eq!(host, format!("localhost:{}", server.port()));
    }
}

#[tokio::test]
async fn a_chosen_host_header_needs_http_1() {
    let authority = Authority::new();
    let server = authority.server("localhost", &["h2", "http/1.1"]).await;
    let headers = json!([["Host", "virtual.example"]]);
    call(&authority.client(), json!({ "url": url(&server), "headers": headers })).await.unwrap();
    let seen = server.only();
    assert_eq!((seen.version, seen.header("host")), (Version::HTTP_11, "virtual.example".into()));
}

#[tokio::test]
async fn strangers_are_not_trusted() {
    let authority = Authority::new();
    let server = authority.server("localhost", &[]).await;
    let stranger = Authority::new();
    let message = failure(&stranger.client(), json!({ "url": url(&server) })).await;
    assert!(message.contains("certificate"), "{message}");

    let misnamed = authority.server("elsewhere.example", &[]).await;
    let message = failure(&authority.client(), json!({ "url": url(&misnamed) })).await;
    assert!(message.contains("certificate"), "{message}");
    assert!(server.seen().is_empty() && misnamed.seen().is_empty());
}

/// Nobody whom the machine trusts has signed it; reading whom it trusts is what is tested.
#[tokio::test]
async fn the_machine_is_asked_when_a_call_needs_it() {
    let server = Authority::new().server("localhost", &[]).await;
    let client = Arc::new(Client::new(&allow(&["127.0.0.0/8"]), BODY_BYTES_MAX, TIME).unwrap());
    for _ in 0..2 {
        let message = failure(&client, json!({ "url": url(&server) })).await;
        assert!(message.contains("certificate"), "{message}");
    }
    assert!(server.seen().is_empty());
}

#[test]
fn there_is_always_someone_to_trust() {
    assert!(!tls::machine_roots().is_empty());
}
