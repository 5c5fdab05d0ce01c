//! TLS and logins.

use std::{error::Error as _, fs, path::PathBuf, sync::Arc};

use bson::{doc, rawdoc};
use hookstead_data::{ErrorKind, MongoStore, Store as _};
use hookstead_testing::SecantusDb;
use mongodb::Client;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

use super::{options, support::collection};

/// An authority whose certificates lie in a folder.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // A certificate whose issuer is called like itself is taken for its own issuer.
        params.distinguished_name.push(DnType::CommonName, "authority of a test");
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let authority = Self { issuer, folder: tempfile::tempdir().unwrap() };
        fs::write(authority.path("ca"), authority.issuer.pem()).unwrap();
        authority
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.pem"))
    }

    /// A certificate and its key, each by itself and both in one file.
    fn certify(&self, name: &str) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        let key = key.serialize_pem();
        fs::write(self.path(&format!("{name}-both")), format!("{certificate}{key}")).unwrap();
        fs::write(self.path(&format!("{name}-key")), key).unwrap();
        fs::write(self.path(name), certificate).unwrap();
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }
}

async fn names(uri: &str) -> Result<Vec<String>, hookstead_data::DataError> {
    MongoStore::connect(uri, options()).unwrap().database_names().await
}

#[tokio::test]
async fn tls_with_an_authority_that_is_trusted() {
    let authority = Authority::new();
    authority.certify("127.0.0.1");
    authority.certify("client");
    let (ca, cert) = (authority.text("ca"), authority.text("127.0.0.1"));
    let key = authority.text("127.0.0.1-key");
    let files = ["--tls-cert-file", &cert, "--tls-key-file", &key, "--tls-ca-file", &ca];
    let server = SecantusDb::start_with(&[&files[..], &["--tls-require-client-cert"]].concat());
    let uri = format!("{}?tls=true", server.uri());
    let client = format!("tlsCertificateKeyFile={}", authority.text("client-both"));

    let store = MongoStore::connect(&format!("{uri}&tlsCAFile={ca}&{client}"), options()).unwrap();
    let c = collection(Arc::new(store), "c");
    c.insert([rawdoc! { "_id": 1 }]).await.unwrap();
    assert_eq!(c.contents().await, [doc! { "_id": 1 }]);

    let cases = [
        (format!("{uri}&{client}"), "UnknownIssuer"),
        (format!("{uri}&tlsCAFile={ca}"), ""),
        (
            uri.replace("127.0.0.1", "localhost") + &format!("&tlsCAFile={ca}&{client}"),
            "not valid for name",
        ),
        (server.uri(), ""),
    ];
    for (uri, expected) in cases {
        let failure = names(&uri).await.unwrap_err();
        assert_eq!(failure.kind, ErrorKind::Unavailable, "{uri}: {failure}");
        let source = failure.source().unwrap().to_string();
        assert!(source.contains(expected), "{uri}: {failure}: {source}");
    }
}

#[test]
fn what_is_missing_is_missed_at_once() {
    for option in ["tlsCAFile", "tlsCertificateKeyFile"] {
        let uri = format!("mongodb://n:pa55word@h/?tls=true&{option}=/no/such/file.pem");
        let failure = MongoStore::connect(&uri, options()).unwrap_err();
        assert_eq!(failure.kind, ErrorKind::Refused);
        assert!(failure.message.contains("/no/such/file.pem: No such file"), "{failure}");
    }
    let failure = MongoStore::connect("mongodb://h/?w=0", options()).unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Unsupported, "{failure}");
    // Outside of any runtime.
    let failure = MongoStore::connect("mongodb://h/", options()).unwrap_err();
    assert_eq!(failure.message, "a store needs a runtime");
}

#[tokio::test]
async fn logins_with_the_right_and_the_wrong_password() {
    const SYNC: &str = "--sync-on-commit";
    const PASSWORD: &str = "pa55@:/word";
    const ENCODED: &str = "pa55%40%3A%2Fword";
    let mut server = SecantusDb::start_with(&[SYNC]);
    let client = Client::with_uri_str(server.uri()).await.unwrap();
    let roles = ["readWriteAnyDatabase"];
    let user = doc! { "createUser": "shop", "pwd": PASSWORD, "roles": roles.as_slice() };
    client.database("admin").run_command(user).await.unwrap();
    server.restart_with(&["--auth", SYNC]);
    let uri = |name: &str, password: &str| {
        format!("mongodb://{name}:{password}@{}/?authSource=admin", server.address())
    };

    for mechanism in ["", "&authMechanism=SCRAM-SHA-256"] {
        let uri = uri("shop", ENCODED) + mechanism;
        let store = Arc::new(MongoStore::connect(&uri, options()).unwrap());
        assert!(!format!("{store:?}").contains("pa55"));
        let c = collection(store, "c");
        c.insert([rawdoc! {  "_id": mechanism }]).await.unwrap();
        assert!(!c.contents().await.is_empty());
    }
    for uri in [uri("shop", "pa55wrong"), uri("nobody", "pa55wrong")] {
        let failure = names(&uri).await.unwrap_err();
        assert_eq!(failure.kind, ErrorKind::Unavailable);
        assert_eq!(failure.message, "MongoDB refused the login");
        assert!(!format!("{failure} {failure:?}").contains("pa55"));
    }
    let failure = names(&server.uri()).await.unwrap_err();
    assert_eq!((failure.kind, failure.number()), (ErrorKind::Refused, Some(13)), "{failure}");
}
