//! Event streams: what clients that watch a collection get over HTTP.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value as Json, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::{
    harness::{APP, App, Running},
    users::{app, bearer},
};

/// A user sees what is their own, without the field `hidden`.
const RULES: &str = r#"{ "database": "d", "collection": "notes", "roles": [{
    "name": "owner", "apply_when": {}, "document_filters":
        { "read": { "owner": "%%user.id" }, "write": { "owner": "%%user.id" } },
    "fields": { "hidden": { "read": false } }, "additional_fields": { "read": true, "write": true }
}] }"#;

/// Does what the body says, with the rights of the system.
const DO: &str = "exports = async ({ body }) => {
    const [method, ...args] = EJSON.parse(body.text());
    const notes = context.services.get('mongodb-atlas').db('d').collection('notes');
    await notes[method](...args);
    return 1;
}";

fn notes() -> App {
    app()
        .data()
        .file("data_sources/mongodb-atlas/d/notes/rules.json", RULES)
        .endpoint("POST", "/do", DO)
        .config(|config| config.limits.stream_keep_alive = Duration::from_millis(200))
}

fn url(argument: &Json) -> String {
    let mut own = json!({ "database": "d", "collection": "notes" });
    own.as_object_mut().unwrap().extend(argument.as_object().unwrap().clone());
    let call = json!({ "name": "watch", "service": "mongodb-atlas", "arguments": [own] });
    let call = STANDARD.encode(call.to_string()).replace('+', "%2B").replace('=', "%3D");
    format!("/api/client/v2.0/app/{APP}/functions/call?baas_request={call}")
}

/// A stream that a client reads.
struct Stream {
    body: hyper::body::Incoming,
    headers: HeaderMap,
    text: String,
    _client: Client<HttpConnector, Full<Bytes>>,
}

/// An event: its kind and its data.
type Event = (String, Json);

impl Stream {
    async fn open(server: &Running, token: &str, argument: &Json) -> Self {
        let opened = Self::try_open(server, token, argument).await;
        opened.unwrap_or_else(|refusal| panic!("{refusal:?}"))
    }

    /// The stream, or status, code and text of the refusal.
    async fn try_open(
        server: &Running,
        token: &str,
        argument: &Json,
    ) -> Result<Self, (u16, String, String)> {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let request = Request::builder()
            .uri(format!("http://{}{}", server.address, url(argument)))
            .header("authorization", bearer(token))
            .header("accept", "text/event-stream")
            .body(Full::new(Bytes::new()))
            .unwrap();
        let response = client.request(request).await.unwrap();
        let (parts, body) = response.into_parts();
        if parts.status != 200 {
            let bytes = body.collect().await.unwrap().to_bytes();
            let json: Json = serde_json::from_slice(&bytes).unwrap();
            let text = |name: &str| json[name].as_str().unwrap().to_owned();
            return Err((parts.status.as_u16(), text("error_code"), text("error")));
        }
        Ok(Self { body, headers: parts.headers, text: String::new(), _client: client })
    }

    /// The next block of lines; nothing at the end of the stream.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(block);
            }
            let frame = timeout(Duration::from_secs(60), self.body.frame()).await;
            let frame = frame.unwrap()?.ok()?;
            self.text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
        }
    }

    /// The next event; nothing at the end.
    async fn event(&mut self) -> Option<Event> {
        loop {
            let block = self.block().await?;
            if block.starts_with(':') {
                continue;
            }
            let (mut kind, mut data) = (String::new(), String::new());
            for line in block.lines() {
                match line.split_once(": ").unwrap() {
                    ("event", value) => kind = value.to_owned(),
                    ("data", value) => data = value.to_owned(),
                    other => panic!("{other:?}"),
                }
            }
            let data = data.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%");
            return Some((kind, serde_json::from_str(&data).unwrap()));
        }
    }

    /// The text of the next note, without what else an event has.
    async fn text_of_next(&mut self) -> String {
        let (kind, event) = self.event().await.unwrap();
        assert_eq!(kind, "", "{event}");
        event["fullDocument"]["text"].as_str().unwrap().to_owned()
    }

    /// The code and the text of the error that ends the stream.
    async fn end(&mut self) -> (String, String) {
        loop {
            let (kind, event) = self.event().await.unwrap();
            if kind == "error" {
                assert!(self.event().await.is_none(), "the stream goes on");
                let text = |name: &str| event[name].as_str().unwrap().to_owned();
                return (text("error_code"), text("error"));
            }
        }
    }
}

async fn change(server: &Running, call: Json) {
    let answer = server.post("/do", &[], &call.to_string()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

async fn user(server: &Running, email: &str) -> [String; 3] {
    server.register(email).await;
    server.session(email).await
}

#[tokio::test]
async fn two_users_watch_and_each_sees_what_is_its_own() {
    let server = notes().start().await;
    let ([a, _, a_id], [b, _, b_id]) =
        (user(&server, "a@example.com").await, user(&server, "b@example.com").await);
    let mut of_a = Stream::open(&server, &a, &json!({})).await;
    let mut of_b = Stream::open(&server, &b, &json!({ "useCompactEvents": true })).await;
    assert_eq!(of_a.headers["content-type"], "text/event-stream");
    assert_eq!(of_a.headers["cache-control"], "no-store");
    assert_eq!(of_a.block().await.unwrap(), ":", "the stream says that it is there");
    for (id, owner) in [(1, &a_id), (2, &b_id)] {
        let note = json!({ "_id": id, "owner": owner, "text": "t", "hidden": "h" });
        change(&server, json!(["insertOne", note])).await;
        let set = json!({ "$set": { "text": "u", "hidden": "i" } });
        change(&server, json!(["updateOne", { "_id": id }, set])).await;
        change(&server, json!(["deleteOne", { "_id": id }])).await;
    }
    let id = |id: i32| json!({ "_id": { "$numberInt": id.to_string() } });
    let (kind, mut event) = of_a.event().await.unwrap();
    assert_eq!(kind, "");
    assert!(event["_id"]["_data"].is_string() && event["clusterTime"]["$timestamp"].is_object());
    for name in ["_id", "clusterTime"] {
        event.as_object_mut().unwrap().remove(name);
    }
    let shown = |text: &str| json!({ "_id": id(1)["_id"], "owner": a_id, "text": text });
    let expected = json!({
        "operationType": "insert", "fullDocument": shown("t"),
        "ns": { "db": "d", "coll": "notes" }, "documentKey": id(1),
    });
    assert_eq!(event, expected);
    let (_, event) = of_a.event().await.unwrap();
    assert_eq!(event["fullDocument"], shown("u"));
    let description =
        json!({ "updatedFields": { "text": "u" }, "removedFields": [], "truncatedArrays": [] });
    assert_eq!(event["updateDescription"], description);
    let (_, event) = of_a.event().await.unwrap();
    assert_eq!((&event["operationType"], &event["documentKey"]), (&json!("delete"), &id(1)));

    let shown = json!({ "_id": id(2)["_id"], "owner": b_id, "text": "t" });
    let expected = json!({ "ot": "insert", "dk": id(2), "fd": shown });
    assert_eq!(of_b.event().await.unwrap().1, expected);
    let description = json!({ "updatedFields": { "text": "u" }, "removedFields": [] });
    let expected = json!({ "ot": "update", "dk": id(2), "ud": description });
    assert_eq!(of_b.event().await.unwrap().1, expected);
    assert_eq!(of_b.event().await.unwrap().1, json!({ "ot": "delete", "dk": id(2) }));
}

#[tokio::test]
async fn a_stream_goes_on_behind_a_token_and_chooses_by_ids_and_filters() {
    let server = notes().start().await;
    let [token, _, id] = user(&server, "a@example.com").await;
    let mut stream = Stream::open(&server, &token, &json!({})).await;
    for n in 0..5 {
        let note = json!({ "_id": n, "owner": id, "text": n.to_string() });
        change(&server, json!(["insertOne", note])).await;
    }
    let (_, first) = stream.event().await.unwrap();
    drop(stream);
    let filter = json!({ "fullDocument.text": { "$in": ["2", "4"] } });
    let argument = json!({ "resumeAfter": first["_id"], "filter": filter });
    let mut stream = Stream::open(&server, &token, &argument).await;
    assert_eq!(stream.text_of_next().await, "2");
    assert_eq!(stream.text_of_next().await, "4");
    let argument = json!({ "resumeAfter": first["_id"], "ids": [{ "$numberInt": "3" }] });
    assert_eq!(Stream::open(&server, &token, &argument).await.text_of_next().await, "3");
}

#[tokio::test]
async fn what_a_document_holds_cannot_leave_its_line() {
    let server = notes().start().await;
    let [token, _, id] = user(&server, "a@example.com").await;
    let mut stream = Stream::open(&server, &token, &json!({})).await;
    let hostile = [
        "\n\nevent: error\ndata: {}\n\n",
        "\r\rdata: x\r\r",
        "%0A%0Adata: x%0A%0A%25",
        "\u{2028}\u{2029}\u{85}\u{0}\u{feff}",
        "]}\"\\\n",
    ];
    for text in hostile {
        let note = json!({ "owner": id, "text": text, text.replace(['\u{0}', '.'], ""): 1 });
        change(&server, json!(["insertOne", note])).await;
        assert_eq!(stream.text_of_next().await, text);
    }
}

#[tokio::test]
async fn a_long_document_comes_before_a_short_one_that_follows_it() {
    let server = notes().start().await;
    let [token, _, id] = user(&server, "a@example.com").await;
    let mut streams = Vec::new();
    for compact in [false, true, false, true] {
        let argument = json!({ "useCompactEvents": compact });
        streams.push((compact, Stream::open(&server, &token, &argument).await));
    }
    let list: Vec<_> = (0..20_000).collect();
    for note in [json!({ "_id": 1, "owner": id, "list": list }), json!({ "_id": 2, "owner": id })] {
        change(&server, json!(["insertOne", note])).await;
    }
    for (compact, stream) in &mut streams {
        let name = if *compact { "fd" } else { "fullDocument" };
        let (_, long) = stream.event().await.unwrap();
        assert_eq!(long[name]["list"].as_array().unwrap().len(), list.len());
        let (_, short) = stream.event().await.unwrap();
        assert_eq!(short[name]["_id"], json!({ "$numberInt": "2" }));
    }
}

#[tokio::test]
async fn who_may_not_watch_is_told_so() {
    let limits = |config: &mut hookstead_server::Config| {
        config.limits.streams_of_address_max = 2;
    };
    let server = notes().config(limits).start().await;
    let [token, refresh, _] = user(&server, "a@example.com").await;
    let cases = [
        (&token, json!({ "collection": "others" }), 403, "NoMatchingRuleFound"),
        (
            &token,
            json!({ "database": "hookstead", "collection": "users" }),
            403,
            "NoMatchingRuleFound",
        ),
        (&token, json!({ "filter": { "$where": "1" } }), 403, "NoMatchingRuleFound"),
        (&token, json!({ "filter": [] }), 400, "InvalidParameter"),
        (&token, json!({ "ids": {} }), 400, "InvalidParameter"),
        (&token, json!({ "pipeline": [] }), 400, "InvalidParameter"),
        (&token, json!({ "resumeAfter": { "_data": "00" } }), 400, "MongoDBError"),
        (&refresh, json!({}), 401, "InvalidSession"),
    ];
    for (token, argument, status, code) in cases {
        let refused = Stream::try_open(&server, token, &argument).await.err();
        let refused = refused.map(|(status, code, _)| (status, code));
        assert_eq!(refused, Some((status, code.to_owned())), "{argument}");
    }
    let of_query = |token: &str| format!("{}&baas_at={token}", url(&json!({})));
    let answer = server.call("GET", &of_query("x"), &[], "").await;
    assert_eq!(answer.error(), (401, "InvalidSession".to_owned()));
    let answer = server.call("GET", &url(&json!({})), &[], "").await;
    assert_eq!(answer.error(), (401, "MissingAuthReq".to_owned()));
    let call = format!("/api/client/v2.0/app/{APP}/functions/call?stitch_request=%3F%3F");
    let answer = server.call("GET", &call, &[("authorization", &bearer(&token))], "").await;
    assert_eq!(answer.error(), (400, "InvalidParameter".to_owned()));

    let first = Stream::open(&server, &token, &json!({})).await;
    let _second = Stream::open(&server, &token, &json!({})).await;
    let refused = Stream::try_open(&server, &token, &json!({})).await.err().unwrap();
    assert_eq!((refused.0, refused.1.as_str()), (429, "TooManyRequests"));
    drop(first);
    let begun = std::time::Instant::now();
    while let Err(refused) = Stream::try_open(&server, &token, &json!({})).await {
        assert!(begun.elapsed() < Duration::from_secs(60), "{refused:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(server.stop().await.contains("streams_of_address_max"));
}

#[tokio::test]
async fn the_token_may_stand_in_the_query() {
    let server = notes().start().await;
    let [token, _, id] = user(&server, "a@example.com").await;
    let path = format!("{}&baas_at={token}", url(&json!({})));
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    let mut read = async |needle: &str| {
        while !text.contains(needle) {
            let mut bytes = [0; 4096];
            let count = socket.read(&mut bytes).await.unwrap();
            assert!(count > 0, "{text}");
            text.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        }
    };
    read("200 OK").await;
    change(&server, json!(["insertOne", { "owner": id, "text": "seen" }])).await;
    read("seen").await;
}

#[tokio::test]
async fn a_user_who_is_disabled_gets_nothing_more() {
    let server = notes().start().await;
    let [token, _, id] = user(&server, "a@example.com").await;
    let mut stream = Stream::open(&server, &token, &json!({})).await;
    change(&server, json!(["insertOne", { "owner": id, "text": "1" }])).await;
    assert_eq!(stream.text_of_next().await, "1");
    let users = server.handle().site().users().unwrap().clone();
    users.set_enabled(&id, false).await.unwrap();
    assert_eq!(stream.end().await, ("InvalidSession".to_owned(), "invalid session".to_owned()));
    users.set_enabled(&id, true).await.unwrap();
    let mut stream = Stream::open(&server, &token, &json!({})).await;
    users.delete(&id).await.unwrap();
    assert_eq!(stream.end().await.0, "InvalidSession");
}

#[tokio::test]
async fn a_stream_ends_when_an_app_takes_the_place_of_its_own() {
    let server = notes().start().await;
    let [token, _, id] = user(&server, "a@example.com").await;
    let mut stream = Stream::open(&server, &token, &json!({})).await;
    let app = server.handle().site();
    server.handle().replace(app);
    let expected = ("ServiceUnavailable", "the app was replaced: watch once more");
    let (code, text) = stream.end().await;
    assert_eq!((code.as_str(), text.as_str()), expected);
    let mut stream = Stream::open(&server, &token, &json!({})).await;
    change(&server, json!(["insertOne", { "owner": id, "text": "seen" }])).await;
    assert_eq!(stream.text_of_next().await, "seen");
}

#[tokio::test]
async fn the_server_does_not_wait_for_streams_when_it_stops() {
    let mut server = notes().start().await;
    let [token, _, _] = user(&server, "a@example.com").await;
    let mut streams = Vec::new();
    for _ in 0..10 {
        streams.push(Stream::open(&server, &token, &json!({})).await);
    }
    server.begin_stop();
    for mut stream in streams {
        assert_eq!(stream.end().await.0, "ServiceUnavailable");
    }
    assert!(!server.stop().await.contains("unfinished"));
}

#[tokio::test]
async fn who_does_not_read_is_cut_off_and_others_go_on() {
    let small = |config: &mut hookstead_server::Config| {
        config.limits.stream_changes_max = 10;
        config.limits.response_time = Duration::from_secs(1);
    };
    let server = notes().config(small).start().await;
    let [token, _, id] = user(&server, "a@example.com").await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut slow = socket.connect(server.address).await.unwrap();
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\n\r\n",
        url(&json!({})),
        bearer(&token)
    );
    slow.write_all(request.as_bytes()).await.unwrap();
    let mut begun = [0; 12];
    slow.read_exact(&mut begun).await.unwrap();
    let mut quick = Stream::open(&server, &token, &json!({})).await;
    let large = "x".repeat(200_000);
    for n in 0..60 {
        let note = json!({ "owner": id, "text": large, "n": n });
        change(&server, json!(["insertOne", note])).await;
        assert_eq!(quick.text_of_next().await.len(), large.len());
    }
    // The connection of the one that does not read is closed, with far less than was written.
    let mut rest = Vec::new();
    let reading = async {
        tokio::time::sleep(Duration::from_secs(4)).await;
        let _ = slow.read_to_end(&mut rest).await;
    };
    timeout(Duration::from_secs(60), reading).await.unwrap();
    assert!(rest.len() < 60 * large.len(), "{} bytes", rest.len());
}

#[tokio::test]
async fn nothing_but_watch_streams() {
    let server = notes().start().await;
    let [token, _, _] = user(&server, "a@example.com").await;
    let call = json!({ "name": "find", "service": "mongodb-atlas", "arguments": [{}] });
    let call = STANDARD.encode(call.to_string());
    let path = format!("/api/client/v2.0/app/{APP}/functions/call?baas_request={call}");
    let answer = server.call("GET", &path, &[("authorization", &bearer(&token))], "").await;
    assert_eq!(answer.error().0, 400);
}
