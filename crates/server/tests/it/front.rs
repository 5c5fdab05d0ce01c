//! The front against clients that are unusual or hostile: ended sides, refused bodies that go on
//! arriving, hosts that are none, floods of frames, echoes.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{Shutdown, TcpStream},
    time::Duration,
};

use serde_json::json;
use tokio::task::spawn_blocking;

use crate::{
    h2::{self, Frame},
    harness::{APP, App, Running, endpoint, webhook},
};

const SLOW: &str = "exports = () => new Promise(r => setTimeout(() => r('done'), 300))";
const COUNT: &str = "exports = ({ body }) => body ? body.text().length : 0";

fn app() -> App {
    App::new().endpoint("*", "/x", COUNT).endpoint("GET", "/slow", SLOW)
}

fn head(method: &str, route: &str) -> String {
    format!("{method} {} HTTP/1.1\r\nhost: x\r\n", endpoint(route))
}

/// Sends all of these bytes, ends the sending side if asked to, and returns all that comes back.
/// Fails as ordinary clients do: when sending or receiving is answered by a reset.
async fn exchange(
    server: &Running,
    bytes: impl Into<Vec<u8>>,
    ends: bool,
) -> Result<String, ErrorKind> {
    let (address, bytes) = (server.address, bytes.into());
    let call = move || {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        stream.write_all(&bytes)?;
        if ends {
            stream.shutdown(Shutdown::Write)?;
        }
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    };
    spawn_blocking(call).await.unwrap().map_err(|error: std::io::Error| error.kind())
}

#[tokio::test]
async fn a_client_that_has_ended_its_side_gets_its_responses() {
    let server = app().start().await;
    let slow = format!("{}\r\n", head("GET", "/slow"));
    let quick = format!("{}\r\n", head("GET", "/x"));
    let body = format!("{}content-length: 5\r\n\r\nhello", head("POST", "/x"));
    let chunked =
        format!("{}transfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", head("POST", "/x"));
    let pipelined = format!("{slow}{quick}{body}{slow}");
    for (request, responses) in [(slow, 1), (quick, 1), (body, 1), (chunked, 1), (pipelined, 4)] {
        let answer = exchange(&server, request.clone(), true).await.unwrap();
        let count = answer.matches("HTTP/1.1 200 OK\r\n").count();
        assert_eq!(count, responses, "{request}: {answer}");
    }
    // A body that is cut off is no request, and even that is said.
    let cut = format!("{}content-length: 6\r\n\r\nhello", head("POST", "/x"));
    let answer = exchange(&server, cut, true).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

#[tokio::test]
async fn where_runs_end_with_their_callers_an_ended_side_is_a_caller_that_has_gone() {
    let server = app().config(|config| config.finish_without_caller = false).start().await;
    let (address, request) = (server.address, format!("{}\r\n", head("GET", "/slow")));
    let call = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        // The function runs.
        std::thread::sleep(Duration::from_millis(150));
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    };
    assert_eq!(spawn_blocking(call).await.unwrap(), "");
    let log = server.stop().await;
    assert!(log.contains(" 499 GET ") && log.contains("CallerGone"), "{log}");
}

/// Refusals that come before the body: the request line and headers, and the status without and
/// with a length that says how large the body is.
fn early_refusals() -> Vec<(String, u16, u16)> {
    let post = |route: &str| head("POST", route);
    let other = format!("POST {} HTTP/1.1\r\nhost: x\r\n", webhook("none", "w"));
    vec![
        (post("/x"), 413, 413),
        (post("/nope"), 404, 413),
        (other, 404, 413),
        (post("/signed"), 400, 413),
        (post("/secret?secret=wrong"), 401, 413),
        (format!("POST {} HTTP/1.1\r\nhost: a b/@:x\r\n", endpoint("/x")), 400, 400),
        (format!("{}x-large: {}\r\n", post("/x"), "x".repeat(100_000)), 431, 431),
    ]
}

#[tokio::test]
async fn refusals_are_read_although_the_body_goes_on_arriving() {
    let protected = |method: &str| json!({ "validation_method": method, "secret_name": "s" });
    let by_query = protected("SECRET_AS_QUERY_PARAM");
    let server = app()
        .secret("s", "right")
        .endpoint_with("POST", "/signed", COUNT, protected("VERIFY_PAYLOAD"), json!({}))
        .endpoint_with("POST", "/secret", COUNT, by_query, json!({}))
        .start()
        .await;
    // More than a body may have and more than the system buffers.
    const BYTES: usize = 19 << 20;
    for (start, status, status_with_length) in early_refusals() {
        let length = format!("{start}content-length: {BYTES}\r\n\r\n");
        let whole = [length.as_bytes(), &vec![b'x'; BYTES]].concat();
        let mut chunked = format!("{start}transfer-encoding: chunked\r\n\r\n").into_bytes();
        let chunk = [&b"10000\r\n"[..], &[b'x'; 65_536], b"\r\n"].concat();
        chunked.extend(chunk.repeat(BYTES / 65_536));
        chunked.extend(b"0\r\n\r\n");
        for (request, status) in [(whole, status_with_length), (chunked, status)] {
            let answer = exchange(&server, request, false).await;
            let answer = answer.unwrap_or_else(|error| panic!("{status}: {error}"));
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{status}: {answer}");
        }
    }
}

#[tokio::test]
async fn what_goes_on_arriving_is_limited_in_bytes() {
    let server = app()
        .config(|config| {
            config.limits.body_bytes_max = 1000;
            config.limits.linger_bytes_max = 1 << 20;
        })
        .start()
        .await;
    let start = format!("{}content-length: 1000000000\r\n\r\n", head("POST", "/x"));
    let address = server.address;
    let sent = spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(start.as_bytes()).unwrap();
        let piece = vec![b'x'; 1 << 16];
        (0..16_000).take_while(|_| stream.write_all(&piece).is_ok()).count() << 16
    });
    // The limit, and what both systems buffer.
    assert!(sent.await.unwrap() < 200 << 20);
}

#[tokio::test]
async fn what_goes_on_arriving_is_limited_in_time_and_counts_as_a_connection() {
    let server = app()
        .config(|config| {
            config.limits.body_bytes_max = 1000;
            config.limits.linger_time = Duration::from_millis(500);
            config.limits.connections_max = 1;
        })
        .start()
        .await;
    let start = format!("{}content-length: 1000000000\r\n\r\n", head("POST", "/x"));
    let address = server.address;
    let trickle = spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(start.as_bytes()).unwrap();
        while stream.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    // It would trickle for ever, and nobody else had a connection.
    let ended = tokio::time::timeout(Duration::from_secs(60), trickle).await;
    ended.expect("still open").unwrap();
    assert_eq!(server.get("/x").await.status, 200);
}

#[tokio::test]
async fn a_small_refused_body_leaves_the_connection_open() {
    let server = app().start().await;
    let refused = format!("{}content-length: 5\r\n\r\nhello", head("POST", "/nope"));
    let last = format!("{}connection: close\r\n\r\n", head("GET", "/x"));
    let answer = exchange(&server, format!("{refused}{last}"), false).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 404 ") && answer.contains("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn in_http_2_a_refused_body_is_stopped_after_the_response() {
    let server = app().start().await;
    for (route, status, length) in [("/x", "413", Some(19 << 20)), ("/nope", "404", None)] {
        let mut client = h2::Client::connect(server.address).await;
        client.request(1, "POST", &endpoint(route), &[], length, false).await;
        client.send(&h2::frame(h2::DATA, 0, 1, &[b'x'; 16_000])).await;
        let frames = client.frames_until(|frame| frame.kind == h2::RST_STREAM).await;
        let kinds: Vec<_> = frames.iter().filter(|f| f.stream == 1).map(|f| f.kind).collect();
        assert_eq!(kinds, [h2::HEADERS, h2::DATA, h2::RST_STREAM], "{route}");
        let data = frames.iter().find(|frame| frame.kind == h2::DATA).unwrap();
        assert!(String::from_utf8_lossy(&data.payload).contains("error"), "{status}");
        // NO_ERROR: the response is whole, and the client is only to stop.
        assert_eq!(frames.last().unwrap().payload, [0; 4], "{route}");
        // The connection serves on.
        client.request(3, "GET", &endpoint("/x"), &[], None, true).await;
        let ends = |frame: &Frame| frame.stream == 3 && frame.flags & h2::END_STREAM != 0;
        client.frames_until(ends).await;
    }
}

#[tokio::test]
async fn a_request_names_a_host_that_can_be_one() {
    let server = app().start().await;
    let path = endpoint("/x");
    let cases = [
        (path.clone(), "x", 200),
        (path.clone(), "my_app.internal:7080", 200),
        (path.clone(), "[::1]:7080", 200),
        (path.clone(), "", 400),
        (path.clone(), "a b/@:x", 400),
        (path.clone(), "user@x", 400),
        (path.clone(), "x/y", 400),
        (path.clone(), "x:port", 400),
        (path.clone(), "x:65536", 400),
        (path.clone(), "[::1", 400),
        (path.clone(), "gr\u{f6}\u{df}e", 400),
        (format!("http://x{path}"), "x", 200),
        (format!("http://X:80{path}"), "x", 200),
        (format!("http://y{path}"), "x", 400),
        (format!("http://u:p@x{path}"), "x", 400),
    ];
    for (target, host, status) in cases {
        let request = format!("GET {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        let answer = server.raw(request.as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{target} {host}: {answer}");
    }
    // In HTTP/2 a name that is none ends the stream, or is answered.
    for (authority, host, status) in [
        ("x", None, 200),
        ("x:80", Some("X"), 200),
        ("[::1]:7080", None, 200),
        ("u@x", None, 400),
        ("x", Some("y"), 400),
        ("x", Some("a b/@:x"), 400),
        ("x", Some("u@x"), 400),
    ] {
        let mut client = h2::Client::connect(server.address).await;
        let headers: Vec<_> = host.map(|host| ("host", host)).into_iter().collect();
        client.request_to(1, authority, "GET", &path, &headers).await;
        assert_eq!(client.status(1).await, status, "{authority} {host:?}");
    }
}

#[tokio::test]
async fn control_frames_are_limited() {
    let server = app().config(|config| config.limits.http2_control_frames_max = 200).start().await;
    let floods = [
        ("SETTINGS", h2::frame(4, 0, 0, &[0, 3, 0, 0, 0, 100])),
        ("PING", h2::frame(6, 0, 0, &[1; 8])),
        ("PING that acknowledges", h2::frame(6, 1, 0, &[1; 8])),
        ("PRIORITY", h2::frame(2, 0, 1, &[0, 0, 0, 0, 7])),
        ("WINDOW_UPDATE", h2::frame(8, 0, 0, &[0, 0, 0, 1])),
        ("unknown", h2::frame(0xbe, 0xff, 0, &[7; 100])),
        ("ORIGIN", h2::frame(0xc, 0, 0, &[])),
    ];
    for (name, flood) in &floods {
        let mut client = h2::Client::connect(server.address).await;
        client.send(&flood.repeat(150)).await;
        client.request(1, "GET", &endpoint("/x"), &[], None, true).await;
        assert_eq!(client.status(1).await, 200, "{name}");
        client.send_until_closed(&flood.repeat(100)).await;
    }
    // Others are not to blame.
    assert_eq!(server.get("/x").await.status, 200);
    let log = server.stop().await;
    let lines = log.lines().filter(|line| line.contains("[limits] http2_control_frames_max"));
    assert_eq!(lines.count(), floods.len(), "{log}");
}

#[tokio::test]
async fn ordinary_http_2_brings_its_control_frames_along() {
    let server = app()
        .endpoint("GET", "/large", "exports = (q, r) => { r.setBody('x'.repeat(4000000)) }")
        .config(|config| config.limits.http2_control_frames_max = 100)
        .start()
        .await;
    let mut client = h2::Client::connect(server.address).await;
    for index in 0..200 {
        let stream = 2 * index + 1;
        client.send(&h2::frame(2, 0, stream, &[0, 0, 0, 0, 7])).await;
        client.request(stream, "GET", &endpoint("/x"), &[], None, true).await;
        client.send(&h2::frame(6, 0, 0, &[1; 8])).await;
        assert_eq!(client.status(stream).await, 200, "{index}");
    }
    // Two windows for each frame of data, as many clients do it.
    client.request(1001, "GET", &endpoint("/large"), &[], None, true).await;
    let mut bytes = 0;
    while bytes < 4_000_000 {
        let frame = client.frame().await.expect("closed");
        if frame.kind == h2::DATA && frame.stream == 1001 {
            bytes += frame.payload.len();
            let window = u32::try_from(frame.payload.len()).unwrap().to_be_bytes();
            client.send(&h2::frame(8, 0, 0, &window)).await;
            client.send(&h2::frame(8, 0, 1001, &window)).await;
        }
    }
}

#[tokio::test]
async fn errors_and_the_log_repeat_little_of_a_request() {
    let server = app().webhook(("http", "http"), "hook", COUNT, json!({})).start().await;
    let long = "x".repeat(50_000);
    let method = "M".repeat(5000);
    let cases = [
        ("GET", endpoint(&format!("/{long}")), 404),
        ("GET", endpoint(&format!("/{}", "%C3%B6".repeat(8000))), 404),
        ("GET", format!("/{long}"), 404),
        ("GET", format!("/app/{long}/endpoint/x"), 404),
        ("GET", format!("/app/{APP}/{long}"), 404),
        ("GET", webhook(&long, "w"), 404),
        ("GET", webhook("http", &long), 404),
        ("GET", format!("{}?secret={long}", endpoint("/nope")), 404),
        (&method, endpoint("/nope"), 404),
        (&method, webhook("http", "hook"), 405),
    ];
    for (method, path, status) in cases {
        let answer = server.call(method, &path, &[], "").await;
        let place = &path[..path.len().min(80)];
        assert_eq!(answer.status, status, "{place}");
        assert!(answer.text.len() < 1500, "{place}: {} bytes", answer.text.len());
        let headers = answer.headers.iter().map(|(name, value)| name.as_str().len() + value.len());
        assert!(headers.sum::<usize>() < 1500, "{place}");
    }
    let log = server.stop().await;
    assert!(log.lines().count() >= 10 && log.lines().all(|line| line.len() < 2500), "{log}");
}

#[tokio::test]
async fn the_headers_of_a_response_are_limited() {
    let server = App::new()
        .endpoint("GET", "/large", "exports = (q, r) => { r.setHeader('X-L', 'x'.repeat(1e7)) }")
        .endpoint(
            "GET",
            "/many",
            "exports = (q, r) => { for (let i = 0; i < 5000; i++) r.addHeader('X-M', '1') }",
        )
        .endpoint("GET", "/fine", "exports = (q, r) => { r.setHeader('X-F', 'x'.repeat(60000)) }")
        .start()
        .await;
    for (route, name) in [("/large", "X-L"), ("/many", "X-M")] {
        let answer = server.get(route).await;
        assert_eq!(answer.error(), (500, "FunctionExecutionError".to_owned()));
        assert!(answer.message().contains(name), "{answer:?}");
        assert!(!answer.text.contains("[limits]"), "{answer:?}");
    }
    let log = server.stop().await;
    for (name, setting) in [("X-L", "response_header_kib"), ("X-M", "response_headers_max")] {
        let named = |line: &str| line.contains(name) && line.contains(setting);
        assert!(log.lines().any(named), "{log}");
    }
}

#[tokio::test]
async fn a_body_that_is_sent_fast_and_means_nothing_leaves_others_their_turn() {
    let server = app()
        .config(|config| {
            config.threads = 1;
            config.limits.body_read_time = Duration::from_secs(3600);
        })
        .start()
        .await;
    // The size of a chunk may have any number of zeros in front.
    let start = format!("{}transfer-encoding: chunked\r\n\r\n", head("POST", "/x"));
    let mut floods = Vec::new();
    for _ in 0..4 {
        let mut stream = TcpStream::connect(server.address).unwrap();
        let (start, zeros) = (start.clone(), vec![b'0'; 1 << 20]);
        floods.push(stream.try_clone().unwrap());
        spawn_blocking(move || {
            stream.write_all(start.as_bytes()).unwrap();
            while stream.write_all(&zeros).is_ok() {}
        });
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let answer = tokio::time::timeout(Duration::from_secs(60), server.get("/x")).await;
    // The floods end here, unless the server has ended them already.
    floods.iter().for_each(|stream| drop(stream.shutdown(Shutdown::Both)));
    assert_eq!(answer.expect("no turn").status, 200);
}
