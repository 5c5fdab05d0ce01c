//! What a function gets of a response.

use serde_json::json;

use super::{
    Server, call, client_of,
    server::{Reply, Seen, reply},
};

async fn serving(handler: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> super::Reply {
    let server = Server::start(handler).await;
    call(&client_of(&[&server]), json!({ "url": server.url("/") })).await.unwrap()
}

async fn raw(answer: &'static [u8]) -> super::Reply {
    let server = Server::raw(answer, false).await;
    call(&client_of(&[&server]), json!({ "url": server.url("/") })).await.unwrap()
}

#[tokio::test]
async fn head_and_body_are_those_of_the_reference() {
    let answer = raw(b"HTTP/1.1 201 Created\r\ncontent-type: text/plain\r\nX-REQUEST-id: 7\r\n\
          set-cookie: a=1; Path=/; HttpOnly\r\nSet-Cookie: b=\"2=3\"\r\n\
          content-length: 2\r\n\r\nhi")
    .await;
    let expected = json!({
        "status": "201 Created",
        "statusCode": 201,
        "contentLength": 2,
        "headers": {
            "Content-Type": ["text/plain"],
            "X-Request-Id": ["7"],
            "Set-Cookie": ["a=1; Path=/; HttpOnly", "b=\"2=3\""],
            "Content-Length": ["2"],
        },
        "cookies": { "a": "1", "b": "2=3" },
    });
    // As text: the order counts too.
    assert_eq!(answer.head.to_string(), expected.to_string());
    assert_eq!(answer.text(), "hi");
}

#[tokio::test]
async fn other_statuses_are_no_errors() {
    for (status, line) in [(204, "204 No Content"), (404, "404 Not Found"), (500, "500 Internal")] {
        let answer = serving(move |_| reply(status, &[], "")).await;
        assert_eq!(answer.head["statusCode"], status);
        assert!(answer.head["status"].as_str().unwrap().starts_with(line), "{}", answer.head);
        assert_eq!(answer.head["contentLength"], 0);
        assert!(answer.body.is_empty());
    }
}

#[tokio::test]
async fn the_server_s_own_words_are_kept() {
    let own = raw(b"HTTP/1.1 299 So So\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(own.head["status"], "299 So So");
}

#[tokio::test]
async fn a_length_that_nobody_knows_is_minus_one() {
    let chunked = raw(
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n3\r\n yo\r\n0\r\n\r\n",
    )
    .await;
    assert_eq!(chunked.head["contentLength"], -1);
    assert_eq!(chunked.head["headers"], json!({}));
    assert_eq!(chunked.text(), "hi yo");
    let until_close = raw(b"HTTP/1.0 200 OK\r\n\r\nall of it").await;
    assert_eq!(until_close.head["contentLength"], -1);
    assert_eq!(until_close.text(), "all of it");
}

#[tokio::test]
async fn head_has_the_length_of_a_body_and_none() {
    let server = Server::start(|_| reply(200, &[("content-length", "5000000000")], "")).await;
    let document = json!({ "method": "HEAD", "url": server.url("/") });
    let answer = call(&client_of(&[&server]), document).await.unwrap();
    assert_eq!(answer.head["contentLength"], 5_000_000_000_i64);
    assert!(answer.body.is_empty());
    assert_eq!(server.only().header("accept-encoding"), "");
}

#[tokio::test]
async fn informational_responses_are_passed_over() {
    let answer = raw(b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n\
          HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
    .await;
    assert_eq!((answer.head["statusCode"].as_u64(), answer.text()), (Some(200), "ok"));
}

#[tokio::test]
async fn bytes_that_are_no_text_are_replaced() {
    let answer = raw(b"HTTP/1.1 200 OK\r\nx: a\xffb\r\ncontent-length: 1\r\n\r\n\xff").await;
    assert_eq!(answer.head["headers"]["X"], json!(["a\u{fffd}b"]));
    assert_eq!(answer.body, [0xff]);
}
