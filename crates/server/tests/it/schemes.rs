//! The schemes of providers through the real server: every vector, and attacks on every scheme.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use hookstead_app::{Method, Protection, SecretSource};
use hookstead_memory::Budget;
use hookstead_outbound::{Client, Documents, Outbound};
use hookstead_signature::{
    Encoding, KeyDecoding, Place, Proof, RequestParts, Scheme, Signed, method_name, presets, sign,
};
use hookstead_site::{AddedProtection, AddedTo};
use serde::Deserialize;
use serde_json::json;

use crate::harness::{App, Running, endpoint};

const VECTORS: &str = include_str!("../../../signature/tests/vectors.json");
/// A function that runs only for whoever is let in.
const FUNCTION: &str = "exports = () => 'ran'";
const BASE_URL: &str = "https://hooks.example.com";

#[derive(Deserialize)]
struct Vector {
    name: String,
    scheme: String,
    secrets: Vec<String>,
    #[serde(default)]
    method: String,
    #[serde(default)]
    url: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    query: Vec<(String, String)>,
    #[serde(default)]
    body: String,
    #[serde(default)]
    body_hex: String,
    #[serde(default)]
    certificate: String,
    expect: String,
}

impl Vector {
    /// Whether it can be sent: the path of a URL that is signed is another one here, and the
    /// clock of the server cannot be set.
    fn can_be_sent(&self) -> bool {
        let scheme = presets::by_name(&self.scheme).unwrap();
        let is_of_clock =
            self.expect.starts_with("certificate-old") || self.expect.ends_with("absent");
        let has_own_url = scheme.covers_url() && self.expect == "accepted" && !self.url.is_empty();
        !has_own_url
            && !is_of_clock
            && !self.secrets.is_empty()
            && self.headers.iter().all(|(_, value)| value.bytes().all(|b| b >= 0x20 && b != 0x7f))
    }

    fn protection(&self) -> Protection {
        let secret =
            |text: &String| SecretSource::Literal(hookstead_app::Secret::new(text.clone()));
        let scheme = presets::by_name(&self.scheme).unwrap();
        // Vectors are old.
        let is_lenient = self.expect != "signature-stale" && scheme.tolerance_s().is_some();
        Protection::Signed {
            scheme: scheme.name,
            secrets: self.secrets.iter().map(secret).collect(),
            tolerance_s: is_lenient.then_some(u64::MAX),
        }
    }
}

/// Serves a file to whoever asks, and tells where.
fn serve_file(file: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) > 0 {
                head.extend(byte);
            }
            let length = file.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{file}"
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}

/// What fetches certificates, from a server on this machine.
fn documents(certificate: &str) -> Arc<Documents> {
    let stub = serve_file(certificate.to_owned());
    let hosts = ["https://sns.us-west-2.amazonaws.com", "https://api.paypal.com"];
    let redirect = hosts.map(|host| (host.to_owned(), stub.clone())).into();
    let outbound = Outbound { redirect, ..Outbound::default() };
    let client = Client::new(&outbound, 1 << 20, Duration::from_secs(60)).unwrap();
    Arc::new(Documents::new(Arc::new(client), Budget::unlimited()))
}

fn added(route: &str, protection: Protection) -> AddedProtection {
    let to = AddedTo::Endpoint { route: route.to_owned(), method: Method::Any };
    AddedProtection { to, protection }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

#[tokio::test]
async fn every_vector_has_its_outcome_through_the_server() {
    let vectors: Vec<Vector> = serde_json::from_str(VECTORS).unwrap();
    let vectors: Vec<_> = vectors.into_iter().filter(Vector::can_be_sent).collect();
    let certificate = vectors.iter().find(|one| !one.certificate.is_empty()).unwrap();
    let documents = documents(&certificate.certificate);
    let mut app = App::new().site_config(|config| {
        config.public_base_url = Some(BASE_URL.to_owned());
        config.documents = Some(documents);
    });
    for (index, vector) in vectors.iter().enumerate() {
        let (route, protection) = (format!("/v{index}"), vector.protection());
        let method = if vector.method.is_empty() { "POST" } else { &vector.method };
        app = app.endpoint(method, &route, FUNCTION);
        app = app.site_config(|config| config.added.push(added(&route, protection)));
    }
    let server = app.start().await;
    let (mut wrong, mut accepted) = (Vec::new(), 0);
    for (index, vector) in vectors.iter().enumerate() {
        let query = vector.query.iter();
        let query: Vec<_> = query.map(|(k, v)| format!("{}={}", encoded(k), encoded(v))).collect();
        let path = format!("{}?{}", endpoint(&format!("/v{index}")), query.join("&"));
        let headers: Vec<_> = vector.headers.iter().map(|(k, v)| (&**k, &**v)).collect();
        let method = if vector.method.is_empty() { "POST" } else { &vector.method };
        let body = match vector.body_hex.as_str() {
            "" => vector.body.clone().into_bytes(),
            digits => hex::decode(digits).unwrap(),
        };
        let answer = server.call(method, &path, &headers, body).await;
        let status = match vector.expect.as_str() {
            "accepted" => &[200][..],
            expect if expect.starts_with("secret-") => &[500],
            _ => &[400, 401],
        };
        accepted += usize::from(answer.status == 200);
        if !status.contains(&answer.status) {
            wrong.push(format!("{}: {} {}", vector.name, answer.status, answer.text));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(accepted > 60 && vectors.len() > 240, "{accepted} of {}", vectors.len());
}

/// With what some schemes read of a body.
const BODY: &str = r#"{"signature":{"token":"t"},"notificationItems":[{
    "NotificationRequestItem":{"pspReference":"p","merchantAccountCode":"m","eventCode":"e",
    "merchantReference":"r","amount":{"value":1,"currency":"EUR"},"success":"true",
    "additionalData":{}}}]}"#;

/// Headers that some schemes cover.
const IDS: [(&str, &str); 4] = [
    ("svix-id", "msg_1"),
    ("webhook-id", "msg_1"),
    ("Twitch-Eventsub-Message-Id", "msg_1"),
    ("Content-Type", "application/x-www-form-urlencoded"),
];

/// A request as its provider sends it.
struct Sent {
    query: Vec<(&'static str, String)>,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

fn secret(scheme: &Scheme, other: bool) -> &'static str {
    match (scheme.key, other) {
        (KeyDecoding::Hex, false) => "00ff",
        (KeyDecoding::Hex, true) => "00fe",
        (_, false) => "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        (_, true) => "MTEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    }
}

fn signed(scheme: &Scheme, secret: &str, off_s: i64, body: &[u8]) -> Sent {
    let ids: Vec<_> = IDS.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    let url = format!("{BASE_URL}{}", endpoint(&format!("/{}", scheme.name)));
    let request = RequestParts {
        method: "POST",
        url: &url,
        headers: &ids,
        query: &[],
        body,
        certificate: None,
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let key = scheme.key(secret).unwrap();
    let Signed { headers, query, body: changed } =
        sign(scheme, &key, &request, now.cast_signed() + off_s).unwrap();
    Sent { query, headers, body: changed.unwrap_or_else(|| body.to_vec()) }
}

async fn status(server: &Running, scheme: &Scheme, sent: &Sent) -> u16 {
    let query: Vec<_> = sent.query.iter().map(|(k, v)| format!("{k}={}", encoded(v))).collect();
    let mut path = endpoint(&format!("/{}", scheme.name));
    if !query.is_empty() {
        path = format!("{path}?{}", query.join("&"));
    }
    let own = sent.headers.iter().map(|(name, value)| (*name, value.as_str()));
    let headers: Vec<_> = IDS.iter().copied().chain(own).collect();
    server.call("POST", &path, &headers, &sent.body).await.status
}

/// The same request with each of its proofs changed, and those that are changed otherwise.
fn attacks(scheme: &Scheme) -> Vec<(&'static str, Sent)> {
    let right = || signed(scheme, secret(scheme, false), 0, BODY.as_bytes());
    let with = |change: &dyn Fn(&str) -> String| {
        let mut sent = right();
        let proofs: Vec<_> = scheme.proof_headers().collect();
        let headers = sent.headers.iter_mut().filter(|(name, _)| proofs.contains(name));
        headers.for_each(|(_, value)| *value = change(value));
        sent.query.iter_mut().for_each(|(_, value)| *value = change(value));
        if scheme.has_proof_in_body() {
            sent.body = in_body(&sent.body, change);
        }
        sent
    };
    let window_s = scheme.tolerance_s().map(|seconds| seconds.cast_signed() + 100);
    let mut attacks = vec![
        ("empty", with(&|_| String::new())),
        ("truncated", with(&|value| value[..value.len() - 1].to_owned())),
        ("longer", with(&|value| format!("{value}0"))),
        ("re-encoded", with(&|value| hex::encode(value))),
        ("percent-encoded", with(&|value| encoded(value))),
        ("in quotes", with(&|value| format!("\"{value}\""))),
        ("swapped secret", signed(scheme, secret(scheme, true), 0, BODY.as_bytes())),
    ];
    // Of several signatures in a list any may match.
    if !scheme.ways.iter().any(|way| matches!(way.place, Place::ListPart { .. })) {
        attacks.push(("twice in one value", with(&|value| format!("{value}{value}"))));
        attacks.push(("huge", with(&|value| value.repeat(15_000 / value.len()))));
    } else if window_s.is_some() {
        attacks.push((
            "huge part",
            with(&|value| format!("{},v1={}", &value[..8], "ab".repeat(9_000))),
        ));
    }
    if !has_hex(scheme) {
        let swap = |letter: char| match letter {
            letter if letter.is_lowercase() => letter.to_ascii_uppercase(),
            letter => letter.to_ascii_lowercase(),
        };
        attacks.push(("wrongly cased", with(&|value| value.chars().map(swap).collect())));
    }
    if let Some(window_s) = window_s {
        let body = BODY.as_bytes();
        attacks.push(("old", signed(scheme, secret(scheme, false), -window_s, body)));
        attacks.push(("future", signed(scheme, secret(scheme, false), window_s, body)));
    }
    if scheme.covers_body() {
        attacks.push(("another body", Sent { body: b"a=1".to_vec(), ..right() }));
        attacks.push(("no body", Sent { body: Vec::new(), ..right() }));
    }
    let mut twice = right();
    let own: Vec<_> = twice.headers.clone();
    twice.headers.extend(own.into_iter().map(|(name, value)| (name, format!("{value}x"))));
    if !twice.headers.is_empty() {
        attacks.push(("duplicated header", twice));
    }
    attacks
}

/// Hexadecimal digits are the same in either case.
fn has_hex(scheme: &Scheme) -> bool {
    scheme.ways.iter().any(|way| match way.proof {
        Proof::Hmac { encoding, .. } | Proof::SecretHash { encoding, .. } => {
            encoding == Encoding::Hex
        }
        _ => false,
    })
}

fn in_body(body: &[u8], change: &dyn Fn(&str) -> String) -> Vec<u8> {
    let mut document: serde_json::Value = serde_json::from_slice(body).unwrap();
    for pointer in [
        "/signature/signature",
        "/notificationItems/0/NotificationRequestItem/additionalData/hmacSignature",
    ] {
        if let Some(value) = document.pointer_mut(pointer) {
            *value = json!(change(value.as_str().unwrap_or_default()));
        }
    }
    document.to_string().into_bytes()
}

#[tokio::test]
async fn nothing_but_the_right_request_is_let_in_by_any_scheme() {
    let schemes: Vec<_> = presets::ALL.iter().filter(|scheme| scheme.can_sign()).collect();
    let mut app = App::new().site_config(|config| {
        config.public_base_url = Some(BASE_URL.to_owned());
    });
    for scheme in &schemes {
        let settings = json!({
            "validation_method": method_name(scheme), "secret_names": [scheme.name],
        });
        app = app.secret(scheme.name, secret(scheme, false)).endpoint_with(
            "POST",
            &format!("/{}", scheme.name),
            FUNCTION,
            settings,
            json!({}),
        );
    }
    let server = app.start().await;
    let (mut wrong, mut count) = (Vec::new(), 0);
    for scheme in schemes {
        let right = signed(scheme, secret(scheme, false), 0, BODY.as_bytes());
        if status(&server, scheme, &right).await != 200 {
            wrong.push(format!("{}: the right request is refused", scheme.name));
        }
        for (name, sent) in attacks(scheme) {
            count += 1;
            let status = status(&server, scheme, &sent).await;
            if ![400, 401].contains(&status) {
                wrong.push(format!("{}, {name}: {status}", scheme.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 500, "{count}");
}

#[tokio::test]
async fn both_the_protection_of_the_export_and_the_added_one_must_hold() {
    let protection = Protection::Signed {
        scheme: "stripe",
        secrets: vec![SecretSource::Named("new".to_owned()), SecretSource::Named("old".to_owned())],
        tolerance_s: None,
    };
    let settings = json!({ "validation_method": "SECRET_AS_QUERY_PARAM", "secret_name": "s" });
    let server = App::new()
        .secret("s", "12345")
        .secret("new", "a")
        .secret("old", "b")
        .endpoint_with("POST", "/stripe", FUNCTION, settings, json!({}))
        .site_config(|config| config.added.push(added("/stripe", protection)))
        .start()
        .await;
    let scheme = &presets::STRIPE;
    for (secret, query, expected) in [
        ("a", "12345", 200),
        ("b", "12345", 200),
        ("c", "12345", 401),
        ("a", "1234", 401),
        ("", "12345", 400),
    ] {
        let mut sent = match secret {
            "" => Sent { query: vec![], headers: vec![], body: vec![] },
            secret => signed(scheme, secret, 0, b"{}"),
        };
        sent.query.push(("secret", query.to_owned()));
        assert_eq!(status(&server, scheme, &sent).await, expected, "{secret} {query}");
    }
}

#[tokio::test]
async fn a_url_that_is_signed_is_the_public_one_whatever_proxies_say() {
    let scheme = presets::by_name("square").unwrap();
    let settings = json!({ "validation_method": "SQUARE", "secret_name": "s" });
    let app = || {
        let app = App::new().secret("s", secret(scheme, false));
        app.endpoint_with("POST", "/square", FUNCTION, settings.clone(), json!({}))
    };
    let server = app().start().await;
    let right = signed(scheme, secret(scheme, false), 0, b"{}");
    assert_eq!(status(&server, scheme, &right).await, 500);
    assert!(server.stop().await.contains("`public_base_url` is not set"));
    let server = app()
        .site_config(|config| config.public_base_url = Some("https://other.example".to_owned()))
        .config(|config| config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()])
        .start()
        .await;
    let mut lying = signed(scheme, secret(scheme, false), 0, b"{}");
    lying.headers.push(("X-Forwarded-Host", "hooks.example.com".to_owned()));
    lying.headers.push(("X-Forwarded-Proto", "https".to_owned()));
    lying.headers.push(("Forwarded", "host=hooks.example.com;proto=https".to_owned()));
    assert_eq!(status(&server, scheme, &lying).await, 401);
}

#[tokio::test]
async fn only_networks_that_may_call_are_answered() {
    for (allow, proxy, forwarded, expected) in [
        (vec!["127.0.0.0/8"], None, None, 200),
        (vec!["203.0.113.0/24"], None, None, 403),
        (vec!["203.0.113.0/24"], None, Some("203.0.113.7"), 403),
        (vec!["203.0.113.0/24"], Some("127.0.0.1"), Some("203.0.113.7"), 200),
        (vec!["203.0.113.0/24"], Some("127.0.0.1"), Some("198.51.100.1"), 403),
        (vec![], None, None, 200),
    ] {
        let server = App::new()
            .endpoint("GET", "/a", FUNCTION)
            .config(|config| {
                config.allow = allow.iter().map(|network| network.parse().unwrap()).collect();
                config.trusted_proxies = proxy.iter().map(|one| one.parse().unwrap()).collect();
            })
            .start()
            .await;
        let headers: Vec<_> = forwarded.iter().map(|one| ("X-Forwarded-For", *one)).collect();
        let answer = server.call("GET", &endpoint("/a"), &headers, "").await;
        assert_eq!(answer.status, expected, "{allow:?} {proxy:?} {forwarded:?}");
    }
}
