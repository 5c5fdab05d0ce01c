//! Clients that hold back the rest of their requests, and others beside them.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use crate::{
    h2,
    harness::{App, Running, endpoint},
};

const TIME: Duration = Duration::from_secs(60);
const COUNT: &str = "exports = ({ body }) => body ? body.text().length : 0";

fn app() -> App {
    let slow = "exports = () => new Promise(r => setTimeout(() => r('done'), 20000))";
    App::new().endpoint("*", "/x", COUNT).endpoint("GET", "/slow", slow)
}

/// Connections with so many requests each, of whose bodies a part has yet to arrive.
async fn hold_back(server: &Running, connections: u32, requests: u32) -> Vec<h2::Client> {
    let mut clients = Vec::new();
    for _ in 0..connections {
        let mut client = h2::Client::connect(server.address).await;
        for index in 0..requests {
            client.request(2 * index + 1, "POST", &endpoint("/x"), &[], Some(100), false).await;
        }
        // It is answered when the server has seen all that came before.
        client.ping().await;
        clients.push(client);
    }
    clients
}

/// Whether somebody else is served, over new connections and one that exists.
async fn assert_others_are_served(server: &Running, what: &str) {
    for body in ["", "hello", &"x".repeat(2000)] {
        let answer = server.post("/x", &[], body).await;
        assert_eq!((answer.status, answer.text), (200, body.len().to_string()), "{what}");
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let length = body.len();
        let path = endpoint("/x");
        let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n");
        stream.write_all(format!("{head}connection: close\r\n\r\n").as_bytes()).await.unwrap();
        stream.write_all(body.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let read = timeout(TIME, stream.read_to_string(&mut answer)).await;
        read.unwrap_or_else(|_| panic!("{what}: no answer")).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{what}: {answer}");
    }
}

#[tokio::test]
async fn requests_whose_bodies_have_yet_to_arrive_keep_nobody_out() {
    let server = app().config(|config| config.limits.requests_max = 20).start().await;
    let held = hold_back(&server, 5, 100).await;
    assert_others_are_served(&server, "HTTP/2").await;
    drop(held);
    let mut streams = Vec::new();
    for _ in 0..100 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let head = format!("POST {} HTTP/1.1\r\nhost: x\r\n", endpoint("/x"));
        stream.write_all(format!("{head}content-length: 9\r\n\r\n1").as_bytes()).await.unwrap();
        streams.push(stream);
    }
    assert_others_are_served(&server, "HTTP/1.1").await;
}

#[tokio::test]
async fn bodies_that_have_yet_to_arrive_leave_memory_for_others() {
    let bytes_max = 1 << 20;
    let server = app().config(|config| config.limits.bodies_bytes_max = bytes_max).start().await;
    let mut held = Vec::new();
    for _ in 0..5 {
        // One of these requests after the other is refused.
        held.extend(hold_back(&server, 1, 150).await);
        assert_others_are_served(&server, "heads").await;
    }
    drop(held);
    // Bodies that are nearly whole.
    let mut streams = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let head = format!("POST {} HTTP/1.1\r\nhost: x\r\n", endpoint("/x"));
        let start = format!("{head}content-length: 200000\r\n\r\n{}", "x".repeat(199_999));
        // The server may have refused it already.
        let _ = stream.write_all(start.as_bytes()).await;
        streams.push(stream);
    }
    assert_others_are_served(&server, "bodies").await;
    drop(streams);
    let log = server.stop().await;
    assert!(log.contains("TooManyRequests") && log.contains("bodies_mib"), "{log}");
}

#[tokio::test]
async fn a_few_connections_cannot_take_every_request() {
    let server = app().config(|config| config.limits.requests_max = 100).start().await;
    let mut clients = Vec::new();
    for _ in 0..5 {
        let mut client = h2::Client::connect(server.address).await;
        for index in 0..100 {
            client.request(2 * index + 1, "GET", &endpoint("/slow"), &[], None, true).await;
        }
        // Those beyond its share are refused.
        client.frames_until(|frame| frame.kind == h2::HEADERS).await;
        clients.push(client);
    }
    assert_others_are_served(&server, "runs").await;
}

#[tokio::test]
async fn connections_that_wait_for_their_clients_make_room_for_others() {
    let server = app().config(|config| config.limits.connections_max = 64).start().await;
    let path = endpoint("/x");
    let starts = [
        String::new(),
        format!("GET {path} HTTP/1.1\r\nhost: x\r\n"),
        format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n1"),
        format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n"),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
    ];
    let mut streams = Vec::new();
    for index in 0..300 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        // The oldest have been closed already.
        let _ = stream.write_all(starts[index % starts.len()].as_bytes()).await;
        streams.push(stream);
        if index % 100 == 99 {
            assert_others_are_served(&server, "connections").await;
        }
    }
    drop(streams);
    let log = server.stop().await;
    assert!(log.contains("[limits] connections_max"), "{log}");
}

/// Answers the first request of a connection, and closes it.
async fn answer_once(mut call: TcpStream) {
    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let _ = call.read(&mut [0; 1024]).await;
    let _ = call.write_all(ANSWER).await;
}

#[tokio::test]
async fn connections_on_which_functions_run_are_not_closed() {
    let partner = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", partner.local_addr().unwrap());
    let call = format!("exports = async () => (await context.http.get({{ url: '{url}' }})).status");
    let mut app = app().endpoint("GET", "/call", &call);
    app.settings.outbound.allow = vec!["127.0.0.1".into()];
    let server = app.config(|config| config.limits.connections_max = 4).start().await;
    let path = endpoint("/call");
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let mut clients = Vec::new();
    let mut calls = Vec::new();
    for index in 0..12 {
        let mut client = TcpStream::connect(server.address).await.unwrap();
        client.write_all(request.as_bytes()).await.unwrap();
        clients.push(client);
        // Four of them run; there is no room for the others until these have ended.
        if index < 4 {
            calls.push(timeout(TIME, partner.accept()).await.expect("no call").unwrap().0);
        }
    }
    tokio::spawn(async move {
        loop {
            let call = match calls.pop() {
                Some(call) => call,
                None => partner.accept().await.unwrap().0,
            };
            // A connection may be opened and not used: nobody waits for its request.
            tokio::spawn(answer_once(call));
        }
    });
    for mut client in clients {
        let mut answer = String::new();
        timeout(TIME, client.read_to_string(&mut answer)).await.expect("no answer").unwrap();
        assert!(answer.contains("200 OK\""), "{answer}");
    }
}
