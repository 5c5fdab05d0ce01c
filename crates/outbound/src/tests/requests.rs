//! What of the document reaches the server, and how.

use serde_json::json;

use super::{Server, call, call_with, client_of, failure};

#[tokio::test]
async fn a_url_is_called_as_it_is() {
    let server = Server::silent().await;
    let client = client_of(&[&server]);
    let url = server.url("/a/%20b;c?x=1&y=a+b#fragment");
    call(&client, json!({ "url": url })).await.unwrap();
    let seen = server.only();
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("GET", "/a/%20b;c?x=1&y=a+b"));
    assert_eq!(seen.header("host"), server.address);
    assert_eq!(seen.header("accept-encoding"), "gzip");
    assert_eq!(seen.header("user-agent"), concat!("hookstead/", env!("CARGO_PKG_VERSION")));
    assert_eq!(seen.headers.len(), 3, "{:?}", seen.headers);
}

#[tokio::test]
async fn a_url_may_be_sloppy() {
    let server = Server::silent().await;
    let client = client_of(&[&server]);
    let url = server.url("/a|b^c{d}\"<é>[]`~\\e?q={\"a\": [1]}|^`<é>\\'");
    call(&client, json!({ "url": url })).await.unwrap();
    let expected = "/a|b^c%7Bd%7D%22%3C%C3%A9%3E[]%60~/e?q={%22a%22:%20[1]}|^`%3C%C3%A9%3E\\%27";
    assert_eq!(server.only().target, expected);
}

#[tokio::test]
async fn a_url_is_put_together_from_its_parts() {
    let server = Server::silent().await;
    let client = client_of(&[&server]);
    let host = &server.address;
    let cases = [
        (json!({ "host": host }), "/"),
        (json!({ "host": host, "path": "a/b c" }), "/a/b%20c"),
        (json!({ "host": host, "path": "/a?b#c", "fragment": "f" }), "/a%3Fb%23c"),
        (json!({ "host": host, "scheme": "http", "query": [["id", "1"]] }), "/?id=1"),
        (json!({ "host": host, "query": [] }), "/"),
    ];
    for (document, target) in &cases {
        call(&client, document.clone()).await.unwrap();
        assert_eq!(server.seen().pop().unwrap().target, *target, "{document}");
    }
}

#[tokio::test]
async fn a_query_joins_the_url_s_in_order() {
    let server = Server::silent().await;
    let client = client_of(&[&server]);
    let query = json!([["id", "8675309"], ["color", "red"], ["color", "blue & green"], ["é", ""]]);
    call(&client, json!({ "url": server.url("/?z=%7E"), "query": query })).await.unwrap();
    let expected = "/?z=%7E&id=8675309&color=red&color=blue+%26+green&%C3%A9=";
    assert_eq!(server.only().target, expected);
}

#[tokio::test]
async fn headers_are_sent_with_all_their_values() {
    let server = Server::silent().await;
    let client = client_of(&[&server]);
    let headers = json!([
        ["X-Many", "a"],
        ["X-Many", "b"],
        ["User-Agent", "mine"],
        ["Content-Type", "text/x"],
        ["Accept-Encoding", "bzip, deflate"],
        ["x-accented", "é"],
    ]);
    call(&client, json!({ "url": server.url("/"), "headers": headers })).await.unwrap();
    let seen = server.only();
    assert_eq!(seen.header("x-many"), "a | b");
    assert_eq!(seen.header("user-agent"), "mine");
    assert_eq!(seen.header("content-type"), "text/x");
    assert_eq!(seen.header("accept-encoding"), "bzip, deflate");
    assert_eq!(seen.headers["x-accented"].as_bytes(), "é".as_bytes());
}

#[tokio::test]
async fn the_connection_s_headers_are_its_own() {
    let server = Server::silent().await;
    let client = client_of(&[&server]);
    let headers = json!([
        ["Content-Length", "999"],
        ["Transfer-Encoding", "chunked"],
        ["Connection", "close, x-mine"],
        ["Keep-Alive", "x"],
        ["Proxy-Connection", "x"],
        ["TE", "trailers"],
        ["Trailer", "x"],
        ["Upgrade", "websocket"],
        ["Expect", "100-continue"],
        ["X-Mine", "kept"],
    ]);
    let document = json!({ "method": "POST", "url": server.url("/"), "headers": headers });
    call_with(&client, document, Some(b"body")).await.unwrap();
    let seen = server.only();
    assert_eq!(seen.header("content-length"), "4");
    assert_eq!(seen.header("x-mine"), "kept");
    assert_eq!(seen.body, "body");
    let names: Vec<_> = seen.headers.keys().map(|name| name.as_str()).collect();
    assert_eq!(names.len(), 5, "{names:?}");
}

#[tokio::test]
async fn a_host_header_can_be_chosen() {
    let server = Server::silent().await;
    let client = client_of(&[&server]);
    let headers = json!([["Host", "virtual.example"]]);
    call(&client, json!({ "url": server.url("/"), "headers": headers })).await.unwrap();
    assert_eq!(server.only().header("host"), "virtual.example");
}

#[tokio::test]
async fn every_method_carries_what_it_may() {
    let server = Server::silent().await;
    let client = client_of(&[&server]);
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
        let document = json!({ "method": method, "url": server.url("/") });
        call(&client, document).await.unwrap();
        let seen = server.seen().pop().unwrap();
        assert_eq!(seen.method, method);
        let length = if matches!(method, "POST" | "PUT" | "PATCH") { "0" } else { "" };
        assert_eq!(seen.header("content-length"), length, "{method}");
    }
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let document = json!({ "method": method, "url": server.url("/") });
        call_with(&client, document, Some(&[0, 255, 7])).await.unwrap();
        let seen = server.seen().pop().unwrap();
        assert_eq!(seen.body, [0, 255, 7].as_slice(), "{method}");
        assert_eq!(seen.header("content-length"), "3", "{method}");
    }
}

#[tokio::test]
async fn a_form_is_multipart() {
    let server = Server::silent().await;
    let client = client_of(&[&server]);
    let document = json!({
        "method": "POST",
        "url": server.url("/"),
        "headers": [["Content-Type", "multipart/form-data"]],
        "form": [["a", "1"], ["b", "2"], ["b", "3"]],
    });
    call(&client, document).await.unwrap();
    let seen = server.only();
    let content_type = seen.header("content-type");
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=").unwrap();
    let body = std::str::from_utf8(&seen.body).unwrap();
    assert_eq!(body.matches(&format!("--{boundary}\r\n")).count(), 3, "{body}");
    assert!(body.contains("name=\"b\"\r\n\r\n3\r\n"), "{body}");
}

#[tokio::test]
async fn connections_are_shared() {
    let server = Server::silent().await;
    let client = client_of(&[&server]);
    for _ in 0..3 {
        call(&client, json!({ "url": server.url("/") })).await.unwrap();
    }
    let seen = server.seen();
    assert!(seen.iter().all(|one| one.peer == seen[0].peer), "{seen:?}");
}

#[tokio::test]
async fn bad_arguments_are_named() {
    let client = client_of(&[]);
    let url = "http://a.example/";
    let cases = [
        (json!({}), "\"url\" or \"host\" argument is required"),
        (json!({ "url": "a.example/x" }), "\"url\" argument: relative URL without a base"),
        (json!({ "url": "ftp://a.example" }), "unsupported protocol scheme \"ftp\""),
        (json!({ "url": "file:///etc/passwd" }), "unsupported protocol scheme \"file\""),
        (json!({ "host": "a", "scheme": "gopher" }), "unsupported protocol scheme \"gopher\""),
        (json!({ "host": "" }), "\"host\" argument \"\" is not a host"),
        (json!({ "host": "u@h" }), "\"host\" argument \"u@h\" is not a host"),
        (json!({ "host": "h/p" }), "\"host\" argument \"h/p\" is not a host"),
        (json!({ "url": url, "headers": [["a b", "c"]] }), "invalid header field name \"a b\""),
        (
            json!({ "url": url, "headers": [["a", "b\r\nc: d"]] }),
            "invalid header field value for \"a\"",
        ),
        (json!({ "url": url, "authUrl": "/x" }), "\"authUrl\" argument: relative URL"),
        (json!({ "url": url, "digestAuth": true }), "\"digestAuth\" needs \"username\""),
        (json!({ "url": url, "cookies": ["a=b\nc"] }), "credentials that no header can hold"),
        (json!({ "url": url, "query": "x" }), "the argument cannot be read"),
    ];
    for (document, expected) in cases {
        let message = failure(&client, document.clone()).await;
        assert!(message.starts_with(expected), "{document}: {message}");
    }
}
