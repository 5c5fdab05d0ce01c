//! The wire: versions, limits, slow and hostile clients, and the end.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::{
    h2,
    harness::{App, endpoint, receive},
};

fn app() -> App {
    App::new()
        .endpoint("*", "/x", "exports = ({ body }) => body ? body.text().length : 0")
        .endpoint(
            "GET",
            "/slow",
            "exports = () => new Promise(r => setTimeout(() => r('done'), 400))",
        )
}

fn head(line: &str) -> String {
    format!("{line}\r\nhost: x\r\n")
}

#[tokio::test]
async fn http_1_0_is_refused() {
    let server = app().start().await;
    let answer = server.raw(format!("GET {} HTTP/1.0\r\n\r\n", endpoint("/x")).as_bytes()).await;
    assert!(answer.contains(" 505 "), "{answer}");
    assert!(answer.contains(r#""error":"HTTP/1.1 or greater is required""#), "{answer}");
}

#[tokio::test]
async fn http_2_is_spoken_to_those_who_begin_with_it() {
    let server = app().start().await;
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    let uri = format!("http://{}{}", server.address, endpoint("/x"));
    for method in ["POST", "HEAD"] {
        let request = Request::builder().method(method).uri(&uri);
        let request = request.body(Full::new(Bytes::from_static(b"hello"))).unwrap();
        let answer = receive(&client, request).await;
        let text = if method == "POST" { "5" } else { "" };
        assert_eq!((answer.status, answer.text.as_str()), (200, text));
        assert_eq!(answer.header("content-length"), "1");
    }
}

#[tokio::test]
async fn bodies_are_limited_by_what_they_say_and_by_what_they_are() {
    let server = app().config(|config| config.limits.body_bytes_max = 1000).start().await;
    assert_eq!(server.post("/x", &[], &"x".repeat(1000)).await.text, "1000");
    let answer = server.post("/x", &[], &"x".repeat(1001)).await;
    assert_eq!(answer.error(), (413, "RequestTooLarge".to_owned()));

    let line = head(&format!("POST {} HTTP/1.1", endpoint("/x")));
    let mut chunked = format!("{line}transfer-encoding: chunked\r\nconnection: close\r\n\r\n");
    for _ in 0..20 {
        chunked += &format!("64\r\n{}\r\n", "x".repeat(100));
    }
    let answer = server.raw(format!("{chunked}0\r\n\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");

    // Refused before a byte of it is asked for.
    let expecting = "expect: 100-continue\r\ncontent-length: 1001\r\nconnection: close\r\n\r\n";
    let answer = server.raw(format!("{line}{expecting}").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn the_memory_of_all_bodies_is_limited() {
    let server = app().config(|config| config.limits.bodies_bytes_max = 4096).start().await;
    assert_eq!(server.post("/x", &[], &"x".repeat(4096)).await.text, "4096");
    let answer = server.post("/x", &[], &"x".repeat(4097)).await;
    assert_eq!(answer.error(), (429, "TooManyRequests".to_owned()));
    assert_eq!(server.post("/x", &[], &"x".repeat(4096)).await.text, "4096");
}

#[tokio::test]
async fn headers_are_limited() {
    let server = app()
        .config(|config| {
            config.limits.header_bytes_max = 8192;
            config.limits.headers_max = 20;
        })
        .start()
        .await;
    let line = head(&format!("GET {} HTTP/1.1", endpoint("/x")));
    let many: String = (0..30).map(|index| format!("x-{index}: 1\r\n")).collect();
    let large = format!("x-large: {}\r\n", "x".repeat(20_000));
    for headers in [many, large] {
        let answer = server.raw(format!("{line}{headers}\r\n").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
}

#[tokio::test]
async fn nonsense_is_survived() {
    let server = app().start().await;
    for bytes in [
        &b"\r\n\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nx\xff: \xff\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        b"CONNECT example.com:443 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x00garbage",
    ] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let read = timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "{bytes:?}");
        assert!(!answer.starts_with(b"HTTP/1.1 2"), "{bytes:?}");
    }
    assert_eq!(server.get("/x").await.status, 200);
}

/// Whether the server closes a connection on which these bytes arrive one by one.
async fn is_closed_on(server: &crate::harness::Running, bytes: &[u8]) -> bool {
    is_closed(TcpStream::connect(server.address).await.unwrap(), bytes).await
}

async fn is_closed(mut stream: TcpStream, bytes: &[u8]) -> bool {
    let begun = Instant::now();
    let mut buffer = [0; 1024];
    let mut bytes = bytes.iter().cycle();
    while begun.elapsed() < Duration::from_secs(20) {
        let byte = *bytes.next().unwrap();
        if stream.write_all(&[byte]).await.is_err() {
            return true;
        }
        let read = timeout(Duration::from_millis(50), stream.read(&mut buffer)).await;
        if let Ok(Ok(0) | Err(_)) = read {
            return true;
        }
    }
    false
}

#[tokio::test]
async fn slow_clients_are_cut_off() {
    let server = app()
        .config(|config| {
            config.limits.header_read_time = Duration::from_millis(300);
            config.limits.body_read_time = Duration::from_millis(300);
            config.limits.idle_time = Duration::from_millis(300);
        })
        .start()
        .await;
    // Neither the choice of a version nor the headers may take for ever.
    assert!(is_closed_on(&server, b"P").await);
    assert!(is_closed_on(&server, b"PRI * HTTP/2.0\r\n\r\nSM\r\n").await);
    assert!(is_closed_on(&server, b"GET / HTTP/1.1\r\nx: y").await);
    let line = head(&format!("POST {} HTTP/1.1", endpoint("/x")));
    let answer = server.raw(format!("{line}content-length: 9\r\n\r\n1").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    // An idle connection is closed, one with a running request is not.
    let line = head(&format!("GET {} HTTP/1.1", endpoint("/slow")));
    let answer = server.raw(format!("{line}\r\n").as_bytes()).await;
    assert!(answer.contains("\"done\""), "{answer}");
}

#[tokio::test]
async fn later_headers_may_take_no_longer_than_the_first() {
    let limit = Duration::from_millis(300);
    let server = app().config(|config| config.limits.header_read_time = limit).start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let line = head(&format!("GET {} HTTP/1.1", endpoint("/x")));
    stream.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
    assert!(stream.read(&mut [0; 1024]).await.unwrap() > 0);
    assert!(is_closed(stream, b"GET / HTTP/1.1\r\nx: y").await);
}

#[tokio::test]
async fn too_many_requests_are_refused() {
    let server = app().config(|config| config.limits.requests_max = 1).start().await;
    let (slow, other) = tokio::join!(server.get("/slow"), async {
        sleep(Duration::from_millis(150)).await;
        server.get("/x").await
    });
    assert_eq!((slow.status, other.error()), (200, (429, "TooManyRequests".to_owned())));
    assert_eq!(server.get("/x").await.status, 200);
}

/// A connection on which a slow function is called, and runs.
async fn slow_call(server: &crate::harness::Running) -> TcpStream {
    let line = head(&format!("GET {} HTTP/1.1", endpoint("/slow")));
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
    sleep(Duration::from_millis(100)).await;
    stream
}

#[tokio::test]
async fn running_requests_finish_before_the_end() {
    let mut server = app().start().await;
    let mut stream = slow_call(&server).await;
    server.begin_stop();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("\"done\""), "{answer}");
    assert!(TcpStream::connect(server.address).await.is_err(), "still listening");
    server.stop().await;
}

#[tokio::test]
async fn the_end_does_not_wait_for_ever() {
    let server = app()
        .config(|config| config.limits.shutdown_time = Duration::from_millis(100))
        .start()
        .await;
    let _stream = slow_call(&server).await;
    let log = server.stop().await;
    assert!(log.contains("stopped with 1 requests unfinished"), "{log}");
}

/// What is left of a request is not waited for, and no request has begun.
#[tokio::test]
async fn the_end_does_not_wait_for_clients_that_send_nothing() {
    let body = "POST /none HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n1";
    let path = endpoint("/x");
    let of_endpoint = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n1");
    let head = format!("GET {path} HTTP/1.1\r\nhost:");
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    for sent in [&head, preface, body, &of_endpoint, ""] {
        let hour = Duration::from_secs(3600);
        let server = app()
            .config(|config| {
                let limits = &mut config.limits;
                (limits.shutdown_time, limits.idle_time, limits.linger_time) = (hour, hour, hour);
                (limits.header_read_time, limits.body_read_time) = (hour, hour);
            })
            .start()
            .await;
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        sleep(Duration::from_millis(100)).await;
        let log = timeout(Duration::from_secs(60), server.stop()).await;
        assert!(!log.expect(sent).contains("unfinished"), "{sent}");
    }
}

#[tokio::test]
async fn a_function_finishes_although_its_caller_has_gone() {
    let server = app().start().await;
    drop(slow_call(&server).await);
    let log = server.stop().await;
    assert!(log.contains(" 200 GET "), "{log}");
}

#[tokio::test]
async fn a_function_ends_with_its_caller_where_the_operator_says_so() {
    let server = app().config(|config| config.finish_without_caller = false).start().await;
    drop(slow_call(&server).await);
    let log = server.stop().await;
    assert!(log.contains(" 499 GET ") && log.contains("CallerGone"), "{log}");
    assert!(!log.contains(" 200 GET "), "{log}");
}

/// A client that speaks HTTP/2 over one connection.
fn http2() -> Client<HttpConnector, Full<Bytes>> {
    Client::builder(TokioExecutor::new()).http2_only(true).build_http()
}

#[tokio::test]
async fn headers_are_counted_in_http_2_as_well() {
    let server = app().config(|config| config.limits.headers_max = 20).start().await;
    let uri = format!("http://{}{}", server.address, endpoint("/x"));
    for (headers, status) in [(15, 200), (21, 431)] {
        let request = Request::builder().uri(&uri);
        let request =
            (0..headers).fold(request, |request, index| request.header(format!("x-{index}"), "1"));
        let answer = receive(&http2(), request.body(Full::default()).unwrap()).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
}

#[tokio::test]
async fn what_proxies_read_in_another_way_ends_the_connection() {
    let server = app().start().await;
    let line = format!("POST {} HTTP/1.1\r\n", endpoint("/x"));
    let body = "1\r\na\r\n0\r\n\r\n";
    for (headers, status) in [
        ("host: x\r\ntransfer-encoding: chunked\r\nconnection: close\r\n", "200"),
        ("transfer-encoding: chunked\r\n", "400"),
        ("host: x\r\nhost: x\r\ntransfer-encoding: chunked\r\n", "400"),
        ("host: x\r\ntransfer-encoding: chunked, chunked\r\n", "400"),
        ("host: x\r\ntransfer-encoding: gzip, chunked\r\n", "400"),
    ] {
        // Were the connection kept, this would wait for its end in vain.
        let answer = server.raw(format!("{line}{headers}\r\n{body}").as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{headers}: {answer}");
    }
}

#[tokio::test]
async fn streams_that_are_reset_count_until_their_functions_have_ended() {
    let slower = "exports = () => new Promise(r => setTimeout(r, 60000))";
    let server = app()
        .endpoint("GET", "/slower", slower)
        .config(|config| config.limits.shutdown_time = Duration::ZERO)
        .start()
        .await;
    let mut client = h2::Client::connect(server.address).await;
    let mut stream = 1;
    let slower = endpoint("/slower");
    for _ in 0..2 {
        let first = stream;
        for _ in 0..100 {
            client.request(stream, "GET", &slower, &[], None, true).await;
            stream += 2;
        }
        // Requests are begun in their order: when this one is answered, in whatever way, all of
        // those before it run.
        client.request(stream, "GET", &endpoint("/x"), &[], None, true).await;
        client.frames_until(|frame| frame.stream == stream && frame.kind == h2::HEADERS).await;
        for reset in (first..stream).step_by(2) {
            client.send(&h2::frame(h2::RST_STREAM, 0, reset, &[0, 0, 0, 8])).await;
        }
        stream += 2;
    }
    client.request(stream, "GET", &slower, &[], None, true).await;
    let is_body = |frame: &h2::Frame| frame.stream == stream && frame.kind == h2::DATA;
    let frames = client.frames_until(is_body).await;
    let body = String::from_utf8_lossy(&frames.last().unwrap().payload);
    assert!(body.contains("TooManyRequests"), "{body}");
    // Others are not to blame.
    assert_eq!(server.get("/x").await.status, 200);
}
