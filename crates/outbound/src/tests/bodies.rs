//! Packed bodies, large ones, and those that never end.

use std::{
    collections::BTreeSet,
    io::{Read as _, Write as _},
    sync::Arc,
    time::Duration,
};

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value as Json, json};

use super::{
    BODY_BYTES_MAX, Server, allow, call, client_of, failure,
    server::{Reply, reply},
};
use crate::Client;

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn gzipped(body: Vec<u8>) -> Reply {
    reply(200, &[("content-encoding", "GZIP"), ("x-other", "y")], body)
}

async fn get(server: &Server, headers: Json) -> super::Reply {
    let document = json!({ "url": server.url("/"), "headers": headers });
    call(&client_of(&[server]), document).await.unwrap()
}

/// On one thread, so that nobody else can help.
#[tokio::test]
async fn interim_responses_without_end_leave_others_their_turn() {
    let partner = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = partner.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut stream in partner.incoming().map(Result::unwrap) {
            let interim = "HTTP/1.1 100 Continue\r\n\r\n".repeat(1000);
            std::thread::spawn(move || {
                // A response before its request is an error, and ends the call.
                let _ = stream.read(&mut [0; 1024]);
                while stream.write_all(interim.as_bytes()).is_ok() {}
            });
        }
    });
    let client = super::client(&allow(&[&address]));
    let document = json!({ "url": format!("http://{address}/") });
    let calls = async { tokio::join!(call(&client, document.clone()), call(&client, document)) };
    let others = async {
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    // They end with the client's time, twenty seconds, if nobody has a turn before.
    tokio::select! {
        _ = calls => panic!("nobody else had a turn"),
        () = others => {}
    }
}

#[tokio::test]
async fn gzip_is_unpacked_unseen() {
    let server = Server::start(|_| gzipped([gzip(b"hello "), gzip(b"world")].concat())).await;
    let answer = get(&server, json!([])).await;
    assert_eq!(answer.text(), "hello world");
    assert_eq!(answer.head["contentLength"], -1);
    let names: BTreeSet<_> = answer.head["headers"].as_object().unwrap().keys().collect();
    assert_eq!(names, BTreeSet::from([&"Date".to_owned(), &"X-Other".to_owned()]));
}

#[tokio::test]
async fn gzip_that_was_asked_for_stays_packed() {
    let server = Server::start(|_| gzipped(gzip(b"hello"))).await;
    for name in ["Accept-Encoding", "range"] {
        let answer = get(&server, json!([[name, "gzip"]])).await;
        assert_eq!(answer.body, gzip(b"hello"));
        assert_eq!(answer.head["headers"]["Content-Encoding"], json!(["GZIP"]));
        assert_eq!(answer.head["contentLength"], gzip(b"hello").len());
    }
}

#[tokio::test]
async fn an_empty_body_is_no_gzip() {
    let server = Server::start(|_| gzipped(Vec::new())).await;
    let answer = get(&server, json!([])).await;
    assert!(answer.body.is_empty());
    assert_eq!(answer.head["contentLength"], 0);
}

#[tokio::test]
async fn broken_gzip_is_an_error() {
    let whole = gzip(b"hello");
    for body in [b"no gzip at all".to_vec(), whole[..whole.len() - 4].to_vec()] {
        let server = Server::start(move |_| gzipped(body.clone())).await;
        let message = failure(&client_of(&[&server]), json!({ "url": server.url("/") })).await;
        assert_eq!(message, "response body: it is not valid gzip");
    }
}

#[tokio::test]
async fn a_body_may_be_just_so_large() {
    let server = Server::start(|seen| {
        let bytes = seen.path()[1..].parse().unwrap();
        reply(200, &[], vec![b'x'; bytes])
    })
    .await;
    let client = client_of(&[&server]);
    let url = |bytes: usize| json!({ "url": server.url(&format!("/{bytes}")) });
    let answer = call(&client, url(BODY_BYTES_MAX)).await.unwrap();
    assert_eq!(answer.body.len(), BODY_BYTES_MAX);
    let message = failure(&client, url(BODY_BYTES_MAX + 1)).await;
    let expected = "response body exceeds 1048576 bytes ([limits] outbound_body_mib)";
    assert_eq!(message, expected);
}

#[tokio::test]
async fn a_body_that_grows_is_stopped() {
    // Without a length, and hanging: only counting stops it.
    let mut answer = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    answer.resize(BODY_BYTES_MAX + 1000, b'x');
    let server = Server::raw(answer.leak(), true).await;
    let message = failure(&client_of(&[&server]), json!({ "url": server.url("/") })).await;
    assert!(message.starts_with("response body exceeds"), "{message}");

    let bomb = gzip(&vec![0; 100 * BODY_BYTES_MAX]);
    assert!(bomb.len() < BODY_BYTES_MAX);
    let server = Server::start(move |_| gzipped(bomb.clone())).await;
    let message = failure(&client_of(&[&server]), json!({ "url": server.url("/") })).await;
    assert!(message.starts_with("response body exceeds"), "{message}");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_an_error() {
    let server = Server::raw(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf", false).await;
    let message = failure(&client_of(&[&server]), json!({ "url": server.url("/") })).await;
    let expected = "response body: the connection ended before the whole body had arrived";
    assert_eq!(message, expected);
}

#[tokio::test]
async fn a_server_that_hangs_is_left() {
    for answer in [b"".as_slice(), b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"] {
        let server = Server::raw(answer, true).await;
        let time = Duration::from_millis(100);
        let client = Client::new(&allow(&[&server.address]), BODY_BYTES_MAX, time).unwrap();
        let message = failure(&Arc::new(client), json!({ "url": server.url("/") })).await;
        assert_eq!(message, "no complete response within 100ms ([limits] outbound_time_s)");
    }
}

#[tokio::test]
async fn network_trouble_names_the_origin() {
    let refused = Server::silent().await;
    let client = client_of(&[&refused]);
    let url = format!("http://u:secret@{}/path?key=secret", refused.address);
    let origin = format!("http://{}", refused.address);
    drop(refused);
    // The listener closes when its task is next polled.
    tokio::task::yield_now().await;
    let message = failure(&client, json!({ "url": url })).await;
    assert!(message.starts_with(&format!("{origin}: cannot connect to 127.0.0.1:")), "{message}");
    assert!(message.contains("refused") && !message.contains("secret"), "{message}");

    let garbage = Server::raw(b"SSH-2.0-x\r\n", false).await;
    let message = failure(&client_of(&[&garbage]), json!({ "url": garbage.url("/") })).await;
    assert!(message.starts_with(&format!("http://{}: ", garbage.address)), "{message}");

    let message = failure(&client_of(&[]), json!({ "url": "http://nowhere.invalid/" })).await;
    // Without a network, nobody says that there is no such name.
    let expected = ["the DNS has no address for this host name", "the host name cannot be looked"];
    let starts = |what: &&str| message.starts_with(&format!("http://nowhere.invalid: {what}"));
    assert!(expected.iter().any(starts), "{message}");

    let plain = Server::raw(b"HTTP/1.1 400 Bad Request\r\n\r\n", false).await;
    let url = plain.url("/").replace("http:", "https:");
    let message = failure(&client_of(&[&plain]), json!({ "url": url })).await;
    let expected = "the server does not speak TLS at this port; is http:// meant?";
    assert!(message.ends_with(expected), "{message}");
}
