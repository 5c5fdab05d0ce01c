//! A server that publishes public keys, and pairs of keys.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use hookstead_memory::Budget;
use hookstead_outbound::{Client, Outbound};
use serde_json::{Value as Json, json};

/// A pair of RSA keys.
pub(crate) struct RsaPair(KeyPair);

impl RsaPair {
    pub(crate) fn generate() -> Self {
        Self(KeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
        signature
    }

    /// The public key as others publish it.
    pub(crate) fn jwk(&self, id: &str) -> Json {
        // The modulus stands behind the heads of the sequence and of the number.
        let modulus = &self.0.public_key().as_ref()[9..265];
        let n = URL_SAFE_NO_PAD.encode(modulus);
        json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": id, "n": n, "e": "AQAB" })
    }

    /// The public key as PEM.
    #[allow(dead_code, reason = "one of the two users of this file needs it")]
    pub(crate) fn pem(&self) -> String {
        let body = STANDARD.encode(self.0.public_key().as_ref());
        format!("-----BEGIN RSA PUBLIC KEY-----\n{body}\n-----END RSA PUBLIC KEY-----\n")
    }
}

/// A server that publishes public keys.
pub(crate) struct KeyServer {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    requests: usize,
    status: u16,
    body: String,
}

impl KeyServer {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self { address: listener.local_addr().unwrap(), state: Arc::default() };
        let state = Arc::clone(&server.state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
                let mut state = state.lock().unwrap();
                state.requests += 1;
                let (status, body) = (state.status, &state.body);
                let length = body.len();
                let head = format!("Connection: close\r\nContent-Length: {length}");
                write!(stream, "HTTP/1.1 {status} X\r\n{head}\r\n\r\n{body}").unwrap();
            }
        });
        server
    }

    pub(crate) fn uri(&self) -> String {
        format!("http://{}/keys", self.address)
    }

    pub(crate) fn publish(&self, keys: &[Json]) {
        self.answer(200, &json!({ "keys": keys }).to_string());
    }

    pub(crate) fn answer(&self, status: u16, body: &str) {
        let mut state = self.state.lock().unwrap();
        state.status = status;
        body.clone_into(&mut state.body);
    }

    pub(crate) fn requests(&self) -> usize {
        self.state.lock().unwrap().requests
    }

    /// A client that may call this server.
    pub(crate) fn client(&self) -> (Arc<Client>, Arc<Budget>) {
        client(Outbound { allow: vec![self.address.to_string()], ..Outbound::default() })
    }

    /// A client that may call the servers at these URLs.
    #[allow(dead_code, reason = "one of the two users of this file needs it")]
    pub(crate) fn client_of_all(uris: &[String]) -> (Arc<Client>, Arc<Budget>) {
        let origin = |uri: &String| uri.split('/').nth(2).unwrap().to_owned();
        client(Outbound { allow: uris.iter().map(origin).collect(), ..Outbound::default() })
    }

    /// A client that may not.
    #[allow(dead_code, reason = "one of the two users of this file needs it")]
    pub(crate) fn client_of_public_addresses() -> (Arc<Client>, Arc<Budget>) {
        client(Outbound::default())
    }
}

fn client(outbound: Outbound) -> (Arc<Client>, Arc<Budget>) {
    let client = Client::new(&outbound, 1 << 20, Duration::from_secs(60)).unwrap();
    (Arc::new(client), Budget::unlimited())
}
