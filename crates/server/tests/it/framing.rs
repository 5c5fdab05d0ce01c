//! Requests that are framed in a way that somebody else may read differently.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::yield_now,
    time::sleep,
};

use crate::harness::{App, Running, endpoint};

/// What comes after a request on its connection, and would be answered if anybody read it.
const SMUGGLED: &str = "/smuggled";

fn app() -> App {
    let count =
        "exports = ({ body }) => { console.log('it was run'); return body?.text().length ?? 0 }";
    App::new().endpoint("*", "/x", count).endpoint("GET", SMUGGLED, "exports = () => 'smuggled'")
}

fn smuggled() -> String {
    format!("GET {} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", endpoint(SMUGGLED))
}

/// A request to the endpoint with these lines after those that name the path and the host.
fn post(rest: &str) -> String {
    format!("POST {} HTTP/1.1\r\nhost: x\r\n{rest}", endpoint("/x"))
}

/// Sends a request in pieces of so many bytes, and returns all that comes back.
async fn send(server: &Running, request: &str, piece: usize) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for piece in request.as_bytes().chunks(piece) {
        // The server may have refused it already.
        if stream.write_all(piece).await.is_err() {
            break;
        }
        yield_now().await;
    }
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut answer));
    let _ = read.await.unwrap_or_else(|_| panic!("still open: {request:?}"));
    String::from_utf8_lossy(&answer).into_owned()
}

/// Requests with a doubtful head, each with what the refusal says, if it is ours.
fn doubtful_heads() -> Vec<(String, &'static str)> {
    let path = endpoint("/x");
    let chunks = "5\r\nhello\r\n0\r\n\r\n";
    let one_length = "one content length";
    let both = "both a content length and a transfer encoding";
    // The library refuses these by itself.
    let number = "";
    let line_end = "end with CR LF";
    let chunked = "transfer encoding is chunked";
    let length_and_chunks =
        |first: &str, second: &str| post(&format!("{first}\r\n{second}\r\n\r\n{chunks}"));
    vec![
        (length_and_chunks("content-length: 5", "transfer-encoding: chunked"), both),
        (length_and_chunks("transfer-encoding: chunked", "content-length: 5"), both),
        (length_and_chunks("Transfer-Encoding: chunked", "CONTENT-LENGTH: 15"), both),
        (length_and_chunks("content-length: 0", "transfer-encoding: chunked"), both),
        (post("content-length: 5\r\ncontent-length: 5\r\n\r\nhello"), one_length),
        (post("content-length: 5\r\nx: y\r\nContent-Length: 6\r\n\r\nhello!"), ""),
        (post("content-length: 0\r\ncontent-length: 0\r\n\r\n"), one_length),
        (post("content-length: +5\r\n\r\nhello"), number),
        (post("content-length: 5, 5\r\n\r\nhello"), number),
        (post("content-length: 0x5\r\n\r\nhello"), number),
        (post("content-length: 5 5\r\n\r\nhello"), number),
        (post("content-length: -0\r\n\r\n"), number),
        (post("content-length:\r\n\r\n"), number),
        (post("content-length: 18446744073709551616\r\n\r\nhello"), number),
        (format!("GET {path} HTTP/1.1\nhost: x\n\n"), line_end),
        (format!("GET {path} HTTP/1.1\r\nhost: x\n\r\n"), line_end),
        (format!("GET {path} HTTP/1.1\r\nhost: x\r\n\n"), line_end),
        (format!("GET {path} HTTP/1.1\nhost: x\r\n\r\n"), line_end),
        (format!("\nGET {path} HTTP/1.1\r\nhost: x\r\n\r\n"), line_end),
        (post("x: y\ncontent-length: 5\r\n\r\nhello"), line_end),
        (post(&format!("transfer-encoding: chunked\n\r\n{chunks}")), line_end),
        (post(&format!("transfer-encoding: identity\r\n\r\n{chunks}")), ""),
        (post(&format!("transfer-encoding: xchunked\r\n\r\n{chunks}")), ""),
        (post(&format!("transfer-encoding: chunked, chunked\r\n\r\n{chunks}")), chunked),
        (post(&format!("transfer-encoding: gzip, chunked\r\n\r\n{chunks}")), chunked),
        (post(&format!("transfer-encoding: chunked, gzip\r\n\r\n{chunks}")), ""),
        (post(&format!("transfer-encoding: \"chunked\"\r\n\r\n{chunks}")), ""),
        (post(&format!("transfer-encoding: chunked;q=1\r\n\r\n{chunks}")), ""),
        (post(&format!("transfer-encoding:\x0bchunked\r\n\r\n{chunks}")), ""),
        (post(&format!("transfer-encoding : chunked\r\n\r\n{chunks}")), ""),
        (post(&format!("transfer-encoding:\r\n chunked\r\n\r\n{chunks}")), ""),
        (
            post(&format!(
                "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n{chunks}"
            )),
            chunked,
        ),
        (post("content-length : 5\r\n\r\nhello"), ""),
        (post("x: y\r\n z\r\n\r\n"), ""),
        (post("x: y\r\n\tz\r\n\r\n"), ""),
        (post("x: a\0b\r\n\r\n"), ""),
        (post("x: a\rb\r\n\r\n"), ""),
        (post("x: a\r\rcontent-length: 5\r\n\r\n"), ""),
        (post("x\0: a\r\n\r\n"), ""),
        (post("x y: a\r\n\r\n"), ""),
        (post(": a\r\n\r\n"), ""),
        (post("x\r\n\r\n"), ""),
        (format!("GET  {path} HTTP/1.1\r\nhost: x\r\n\r\n"), ""),
        (format!("GET {path}  HTTP/1.1\r\nhost: x\r\n\r\n"), ""),
        (format!("GET\t{path} HTTP/1.1\r\nhost: x\r\n\r\n"), ""),
        (format!("GET {path} HTTP/1.1 \r\nhost: x\r\n\r\n"), ""),
        (format!("GET {path} HTTP/1.2\r\nhost: x\r\n\r\n"), ""),
        (format!("GET {path}\r\nhost: x\r\n\r\n"), ""),
    ]
}

/// Requests with a head that is fine and a doubtful body.
fn doubtful_bodies() -> Vec<(String, &'static str)> {
    let line = "begin with its size";
    let end = "a chunk must end";
    let bodies = [
        ("5 \r\nhello\r\n0\r\n\r\n", line),
        ("5\t\r\nhello\r\n0\r\n\r\n", line),
        (" 5\r\nhello\r\n0\r\n\r\n", line),
        ("5 ;a=b\r\nhello\r\n0\r\n\r\n", line),
        ("5x\r\nhello\r\n0\r\n\r\n", line),
        ("0x5\r\nhello\r\n0\r\n\r\n", line),
        ("+5\r\nhello\r\n0\r\n\r\n", line),
        ("-1\r\nhello\r\n0\r\n\r\n", line),
        ("\r\nhello\r\n0\r\n\r\n", line),
        (";a\r\nhello\r\n0\r\n\r\n", line),
        ("5\nhello\r\n0\r\n\r\n", line),
        ("5;a\nhello\r\n0\r\n\r\n", line),
        ("5;a\0b\r\nhello\r\n0\r\n\r\n", line),
        ("5;a\rb\r\nhello\r\n0\r\n\r\n", line),
        ("5\r\r\nhello\r\n0\r\n\r\n", line),
        ("00000000000000005\r\nhello\r\n0\r\n\r\n", line),
        ("10000000000000005\r\nhello\r\n0\r\n\r\n", line),
        ("5\r\nhello\n0\r\n\r\n", end),
        ("5\r\nhelloo\r\n0\r\n\r\n", end),
        ("5\r\nhello0\r\n\r\n", end),
        ("5\r\nhello\r\n0 \r\n\r\n", line),
        ("5\r\nhello\r\n0\n\n", line),
        ("5\r\nhello\r\n0\r\n\n", "end with CR LF"),
        ("5\r\nhello\r\n0\r\nx: y\n\r\n", "end with CR LF"),
    ];
    let long = format!("5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(5000));
    let head = "transfer-encoding: chunked\r\n\r\n";
    let request = |(body, why): (&str, &'static str)| (post(&format!("{head}{body}")), why);
    bodies.into_iter().chain([(&*long, line)]).map(request).collect()
}

#[tokio::test]
async fn doubtful_requests_are_refused_and_end_their_connections() {
    let server = app().start().await;
    for (request, why) in doubtful_heads().into_iter().chain(doubtful_bodies()) {
        let request = format!("{request}{}", smuggled());
        for piece in [usize::MAX, 11] {
            let answer = send(&server, &request, piece).await;
            assert!(answer.starts_with("HTTP/1.1 400 "), "{request:?} by {piece}: {answer}");
            assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{request:?} by {piece}: {answer}");
            assert!(answer.contains("connection: close"), "{request:?} by {piece}: {answer}");
            // The library may find it first where a line has arrived in part.
            assert!(piece == 11 || answer.contains(why), "{request:?}: {answer}");
        }
    }
    let log = server.stop().await;
    assert!(!log.contains("it was run") && !log.contains(SMUGGLED), "{log}");
}

#[tokio::test]
async fn requests_before_a_doubtful_one_are_answered() {
    let server = app().start().await;
    let good = post("content-length: 5\r\n\r\nhello");
    for (request, _) in doubtful_heads().into_iter().chain(doubtful_bodies()) {
        let request = format!("{good}{good}{request}{}", smuggled());
        let answer = send(&server, &request, usize::MAX).await;
        assert_eq!(answer.matches("HTTP/1.1 200 ").count(), 2, "{request:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 400 ").count(), 1, "{request:?}: {answer}");
        assert!(!answer.contains("smuggled"), "{request:?}: {answer}");
    }
}

#[tokio::test]
async fn what_ordinary_clients_send_is_accepted() {
    let server = app().start().await;
    let chunked = "transfer-encoding: chunked\r\n\r\n";
    let cases = [
        ("\r\n".to_owned(), 0),
        ("content-length: 5\r\n\r\nhello".to_owned(), 5),
        ("Content-Length:5\r\n\r\nhello".to_owned(), 5),
        ("CONTENT-LENGTH: \t 5 \t \r\n\r\nhello".to_owned(), 5),
        ("content-length: 005\r\n\r\nhello".to_owned(), 5),
        ("content-length: 0\r\n\r\n".to_owned(), 0),
        ("Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n".to_owned(), 5),
        ("transfer-encoding:chunked \r\n\r\n5\r\nhello\r\n0\r\n\r\n".to_owned(), 5),
        (format!("{chunked}0\r\n\r\n"), 0),
        (format!("{chunked}0005\r\nhello\r\n000\r\n\r\n"), 5),
        (format!("{chunked}a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n"), 20),
        (format!("{chunked}2\r\n\r\n\r\n3\r\n\n\r\n\r\n0\r\n\r\n"), 5),
        (format!("{chunked}5;a=b\r\nhello\r\n0;c\r\n\r\n"), 5),
        (format!("{chunked}5;a=\"b c\"\r\nhello\r\n0\r\nTrailer: 1\r\nb: 2\r\n\r\n"), 5),
        (
            format!(
                "content-type: text/plain\r\ncookie: a\r\ntraceparent: t\r\nte: x\r\n\
                 {chunked}5\r\nhello\r\n0\r\n\r\n"
            ),
            5,
        ),
        (format!("x-long: {}\r\ncontent-length: 5\r\n\r\nhello", "x".repeat(9000)), 5),
        ("x-latin: \u{e9}\r\nx-empty:\r\nx-tab: a\tb\r\n\r\n".to_owned(), 0),
    ];
    for piece in [usize::MAX, 1000, 101, 13] {
        // All of them on one connection, with the empty lines of old clients between them.
        let requests: String =
            cases.iter().map(|(rest, _)| format!("\r\n{}", post(rest))).collect();
        let answer = send(&server, &format!("{requests}{}", smuggled()), piece).await;
        let lengths: Vec<_> = answer.split("HTTP/1.1 200 ").skip(1).collect();
        assert_eq!(lengths.len(), cases.len() + 1, "{piece}: {answer}");
        for ((request, length), answer) in cases.iter().zip(lengths) {
            let number = format!("{{\"$numberInt\":\"{length}\"}}");
            let ends = |text: &str| answer.trim_end().ends_with(text);
            assert!(ends(&format!("\r\n\r\n{length}")) || ends(&number), "{request:?}: {answer}");
        }
    }
}

#[tokio::test]
async fn an_expectation_that_cannot_be_met_is_refused() {
    let server = app().start().await;
    for (expectation, status) in [("100-continue", 200), ("200-ok", 417), ("", 417)] {
        let rest =
            format!("expect: {expectation}\r\nconnection: close\r\ncontent-length: 5\r\n\r\n");
        let answer = send(&server, &post(&format!("{rest}hello")), usize::MAX).await;
        let answer = answer.trim_start_matches("HTTP/1.1 100 Continue\r\n\r\n");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{expectation}: {answer}");
    }
}

#[tokio::test]
async fn a_flawed_body_is_refused_even_where_its_function_waits_for_it() {
    let server = app().start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let start = post("transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n");
    stream.write_all(start.as_bytes()).await.unwrap();
    sleep(Duration::from_millis(100)).await;
    stream.write_all(b"5 \r\nhello\r\n0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("its size"), "{answer}");
}
