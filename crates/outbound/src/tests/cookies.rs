//! Cookies that a function gives, and those that `authUrl` earns.

use serde_json::json;

use super::{Server, call, client_of, failure, server::reply};

#[tokio::test]
async fn given_cookies_are_one_header() {
    let server = Server::silent().await;
    let document = json!({
        "url": server.url("/"),
        "headers": [["Cookie", "a=1; b=2"], ["cookie", "c=3"]],
        "cookies": ["d=4", "e=5; f=6"],
    });
    call(&client_of(&[&server]), document).await.unwrap();
    assert_eq!(server.only().header("cookie"), "a=1; b=2; c=3; d=4; e=5; f=6");
}

#[tokio::test]
async fn auth_url_goes_first_and_its_cookies_along() {
    let server = Server::start(|seen| match seen.path() {
        "/login" => reply(302, &[("set-cookie", "step=1; Path=/"), ("location", "/home")], ""),
        "/home" => reply(200, &[("set-cookie", "session=s; Path=/")], "welcome"),
        _ => reply(200, &[], "data"),
    })
    .await;
    let document = json!({
        "method": "POST",
        "url": server.url("/data"),
        "authUrl": server.url("/login"),
        "username": "u",
        "headers": [["X-Mine", "1"]],
        "cookies": ["own=1"],
    });
    let answer = call(&client_of(&[&server]), document).await.unwrap();
    assert_eq!(answer.text(), "data");
    let seen = server.seen();
    let asked: Vec<_> = seen.iter().map(|one| (one.method.as_str(), one.path())).collect();
    assert_eq!(asked, [("GET", "/login"), ("GET", "/home"), ("POST", "/data")]);
    assert_eq!(seen[1].header("cookie"), "step=1");
    assert_eq!(seen[2].header("cookie"), "own=1; step=1; session=s");
    assert_eq!((seen[0].header("x-mine"), seen[2].header("x-mine")), ("".into(), "1".into()));
    assert!(seen[0].header("authorization").starts_with("Basic "));
}

#[tokio::test]
async fn auth_url_elsewhere_gets_no_credentials() {
    let login = Server::start(|_| reply(200, &[("set-cookie", "s=1; Path=/")], "")).await;
    let server = Server::silent().await;
    let document = json!({
        "url": server.url("/"),
        "authUrl": login.url("/"),
        "username": "u",
        "password": "p",
    });
    call(&client_of(&[&server, &login]), document).await.unwrap();
    assert_eq!(login.only().header("authorization"), "");
    // The same host on another port: cookies know no ports.
    assert_eq!(server.only().header("cookie"), "s=1");
}

#[tokio::test]
async fn auth_url_that_fails_fails_the_call() {
    let server = Server::silent().await;
    let document = json!({ "url": server.url("/"), "authUrl": "http://nowhere.invalid/" });
    let message = failure(&client_of(&[&server]), document).await;
    assert!(message.starts_with("http://nowhere.invalid: "), "{message}");
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn calls_share_no_cookies() {
    let server = Server::start(|_| reply(200, &[("set-cookie", "s=1; Path=/")], "")).await;
    let client = client_of(&[&server]);
    for _ in 0..2 {
        call(&client, json!({ "url": server.url("/") })).await.unwrap();
    }
    assert!(server.seen().iter().all(|seen| seen.header("cookie").is_empty()));
}
