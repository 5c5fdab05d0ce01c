//! Names and passwords: basic, digest, and what goes before them.

use serde_json::json;

use super::{Server, call, call_with, client_of, server::reply};
use crate::credentials::Credentials;

fn basic(username: &str, password: &str) -> String {
    let credentials = Credentials::new(username.to_owned(), password.to_owned());
    credentials.basic().unwrap().to_str().unwrap().to_owned()
}

#[tokio::test]
async fn basic_is_sent_at_once() {
    let server = Server::silent().await;
    let client = client_of(&[&server]);
    let embedded = format!("http://u%40x:p%3Aw@{}/", server.address);
    let cases = [
        (json!({ "url": server.url("/"), "username": "u", "password": "pä" }), basic("u", "pä")),
        (json!({ "host": server.address, "username": "u" }), basic("u", "")),
        (json!({ "url": embedded }), basic("u@x", "p:w")),
        (json!({ "url": embedded, "username": "a", "password": "b" }), basic("a", "b")),
        (json!({ "url": server.url("/"), "password": "p" }), String::new()),
        (
            json!({
                "url": embedded,
                "headers": [["authorization", "Bearer x"]],
            }),
            "Bearer x".to_owned(),
        ),
    ];
    for (document, expected) in cases {
        call(&client, document.clone()).await.unwrap();
        assert_eq!(server.seen().pop().unwrap().header("authorization"), expected, "{document}");
    }
}

/// Challenges as MongoDB's administration API does.
async fn digest_server(challenge: &'static str) -> Server {
    Server::start(move |seen| {
        if seen.header("authorization").starts_with("Digest ") {
            return reply(200, &[], "in");
        }
        reply(
            401,
            &[("www-authenticate", "Basic realm=\"b\""), ("www-authenticate", challenge)],
            "x",
        )
    })
    .await
}

#[tokio::test]
async fn digest_answers_a_challenge() {
    let challenge = "Digest realm=\"MMS Public API\", domain=\"\", nonce=\"abc/+=\", \
                     algorithm=MD5, qop=\"auth\", stale=false";
    let server = digest_server(challenge).await;
    let document = json!({
        "method": "PATCH",
        "url": server.url("/api/atlas/v1.0/groups?pretty=true"),
        "username": "key",
        "password": "secret",
        "digestAuth": true,
        "headers": [["Accept-Encoding", "bzip, deflate"]],
    });
    let answer = call_with(&client_of(&[&server]), document, Some(b"body")).await.unwrap();
    assert_eq!(answer.text(), "in");
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0].header("authorization"), "");
    assert_eq!((&seen[1].body, &seen[0].body), (&"body".into(), &"body".into()));
    assert_eq!(seen[0].peer, seen[1].peer);
    let header = seen[1].header("authorization");
    for part in [
        "username=\"key\"",
        "realm=\"MMS Public API\"",
        "nonce=\"abc/+=\"",
        "uri=\"/api/atlas/v1.0/groups?pretty=true\"",
        "algorithm=MD5",
        "qop=auth, nc=00000001, cnonce=\"",
    ] {
        assert!(header.contains(part), "{part} in {header}");
    }
    assert!(!header.contains("secret"), "{header}");
}

#[tokio::test]
async fn digest_leaves_what_it_cannot_answer() {
    let server = digest_server("Digest realm=\"x\", nonce=\"n\", algorithm=UNKNOWN").await;
    let document = json!({ "url": server.url("/"), "username": "u", "digestAuth": true });
    let answer = call(&client_of(&[&server]), document).await.unwrap();
    assert_eq!(answer.head["statusCode"], 401);
    assert_eq!(answer.text(), "x");
    assert_eq!(server.only().header("authorization"), "");
}

#[tokio::test]
async fn digest_is_tried_once() {
    let challenge = "Digest realm=\"x\", nonce=\"n\", algorithm=SHA-256, qop=auth";
    let server = Server::start(move |_| reply(401, &[("www-authenticate", challenge)], "")).await;
    let document = json!({ "url": server.url("/"), "username": "u", "digestAuth": true });
    let answer = call(&client_of(&[&server]), document).await.unwrap();
    assert_eq!(answer.head["statusCode"], 401);
    assert_eq!(server.seen().len(), 2);
}
