//! Hosts that may not be called, however they are spelled or arrived at.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::json;

use super::{
    BODY_BYTES_MAX, Server, TIME, allow, call, client, client_of, refusal,
    server::{Seen, reply},
};
use crate::{Client, Outbound};

#[tokio::test]
async fn this_machine_is_refused_in_every_spelling() {
    let server = Server::silent().await;
    let client = client_of(&[]);
    let hosts = [
        "127.0.0.1",
        "localhost",
        "LOCALHOST",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "127.0.1",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "%31%32%37.0.0.1",
        "①②⑦.0.0.1",
        "user@127.0.0.1",
    ];
    for host in hosts {
        let url = format!("http://{host}:{}/", server.port());
        let message = refusal(&client, json!({ "url": url })).await;
        assert!(message.starts_with("http request: ") && message.contains("may not"), "{message}");
    }
    let parts = json!({ "host": format!("127.1:{}", server.port()) });
    refusal(&client, parts).await;
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn inner_networks_are_refused() {
    let client = client_of(&[]);
    for host in ["10.0.0.1", "192.168.1.1", "169.254.169.254", "100.100.100.200", "[fd00:ec2::254]"]
    {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}/latest/meta-data");
            let message = refusal(&client, json!({ "url": url })).await;
            let port = if scheme == "https" { 443 } else { 80 };
            assert!(message.contains(&format!("{host}:{port} may not be called")), "{message}");
            assert!(!message.contains("[outbound]"), "{message}");
        }
    }
}

#[tokio::test]
async fn what_is_allowed_is_called() {
    let server = Server::silent().await;
    let port = server.port();
    let entries =
        ["127.0.0.1", "127.0.0.0/8", "localhost", &server.address, &format!("localhost:{port}")];
    for entry in entries {
        let url = format!("http://localhost:{port}/");
        call(&client(&allow(&[entry])), json!({ "url": url })).await.unwrap();
    }
    assert_eq!(server.seen().len(), 5);
    let url = format!("http://localhost:{port}/");
    refusal(&client(&allow(&["localhost:1", "127.0.0.1:1", "10.0.0.0/8"])), json!({ "url": url }))
        .await;
}

#[tokio::test]
async fn a_redirect_opens_no_door() {
    let inner = Server::silent().await;
    let inner_url = inner.url("/");
    let open = Server::start(move |_| reply(302, &[("location", &inner_url)], "")).await;
    let client = client_of(&[&open]);
    let document = json!({ "url": open.url("/"), "followRedirects": true });
    let message = refusal(&client, document).await;
    assert!(message.contains(&format!("{} may not be called", inner.address)), "{message}");
    let document = json!({ "url": open.url("/"), "authUrl": inner.url("/") });
    refusal(&client, document).await;
    assert_eq!((inner.seen().len(), open.seen().len()), (0, 1));
}

#[tokio::test]
async fn an_open_connection_opens_no_door() {
    // The name is allowed, the address is not; connections to the one are not lent to the other.
    let server = Server::silent().await;
    let client = client(&allow(&["localhost"]));
    let url = format!("http://localhost:{}/", server.port());
    call(&client, json!({ "url": url })).await.unwrap();
    refusal(&client, json!({ "url": server.url("/") })).await;
    assert_eq!(server.seen().len(), 1);
}

fn detour(from: &str, to: &str) -> Arc<Client> {
    let redirect = BTreeMap::from([(from.to_owned(), to.to_owned())]);
    client(&Outbound { redirect, ..Outbound::default() })
}

#[tokio::test]
async fn a_stub_stands_in_for_an_origin() {
    let stub = Server::start(|seen: &Seen| match seen.path() {
        "/moved" => reply(302, &[("location", "https://api.example.com/end?x")], ""),
        path => reply(200, &[("set-cookie", "s=1")], path.to_owned()),
    })
    .await;
    let client = detour("https://api.example.com", &stub.url(""));
    let document = json!({ "url": "https://u:p@api.example.com/v1/a%20b?x=1" });
    assert_eq!(call(&client, document).await.unwrap().text(), "/v1/a%20b");
    let seen = stub.only();
    assert_eq!(seen.target, "/v1/a%20b?x=1");
    assert_eq!(seen.header("host"), "api.example.com");
    assert!(seen.header("authorization").starts_with("Basic "));

    // A hop to the origin takes the same way, and it is still the same origin.
    let document = json!({
        "url": "https://api.example.com/moved",
        "followRedirects": true,
        "headers": [["Authorization", "x"]],
    });
    call(&client, document).await.unwrap();
    let seen = stub.seen().pop().unwrap();
    assert_eq!((seen.target.as_str(), seen.header("authorization")), ("/end?x", "x".into()));
}

#[tokio::test]
async fn only_the_redirect_reaches_the_stub() {
    let stub = Server::start(|seen: &Seen| {
        let own = format!("http://{}/hidden", seen.header("x-stub"));
        match seen.path() {
            "/to-itself" => reply(302, &[("location", &own)], ""),
            _ => reply(200, &[], ""),
        }
    })
    .await;
    let other = Server::silent().await;
    let port = stub.port();
    for target in [format!("http://localhost:{port}"), stub.url("")] {
        let client = detour("https://api.example.com", &target);
        // Also while connections to the stub are open.
        call(&client, json!({ "url": "https://api.example.com/" })).await.unwrap();
        let before = stub.seen().len();
        let hosts = ["127.0.0.1", "localhost", "LOCALHOST", "127.1", "0x7f000001", "0.0.0.0"];
        let ipv6 = ["[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"];
        for host in hosts.iter().chain(&ipv6) {
            for host_header in [None, Some("api.example.com")] {
                let headers: Vec<_> =
                    host_header.map(|value| ["Host", value]).into_iter().collect();
                let url = format!("http://{host}:{port}/");
                refusal(&client, json!({ "url": url, "headers": headers })).await;
            }
        }
        refusal(&client, json!({ "url": other.url("/") })).await;
        assert_eq!(stub.seen().len(), before, "{target}");
        // A response of the stub opens it no more than the function's own URL.
        let itself = json!({
            "url": "https://api.example.com/to-itself",
            "followRedirects": true,
            "headers": [["X-Stub", stub.address]],
        });
        refusal(&client, itself).await;
        let first = json!({ "url": "https://api.example.com/", "authUrl": stub.url("/") });
        refusal(&client, first).await;
        assert_eq!(stub.seen().len(), before + 1, "{target}");
    }
    assert!(other.seen().is_empty());
}

#[tokio::test]
async fn a_stub_that_is_allowed_as_well_is_called_both_ways() {
    let stub = Server::silent().await;
    let redirect = BTreeMap::from([("https://api.example.com".to_owned(), stub.url(""))]);
    let client = client(&Outbound { redirect, ..allow(&[&stub.address]) });
    for url in ["https://api.example.com/", &stub.url("/")] {
        call(&client, json!({ "url": url })).await.unwrap();
    }
    assert_eq!(stub.seen().len(), 2);
}

#[test]
fn bad_settings_are_named() {
    let outbound = allow(&["10.0.0.0/8", "http://localhost"]);
    let error = Client::new(&outbound, BODY_BYTES_MAX, TIME).err().unwrap();
    let expected = "[outbound] allow: \"http://localhost\" is neither a host name";
    assert!(error.to_string().starts_with(expected), "{error}");
}
