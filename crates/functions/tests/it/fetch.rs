//! The global `fetch`, against a server that says what it got.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread,
};

use hookstead_functions::{Call, Functions, Outbound, Settings};

use crate::case::{definition, invocation};

/// Answers every request with its own line, content type and body; `/moved` leads to `/there`.
pub(crate) fn serve() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            answer(stream.expect("a connection"));
        }
    });
    port
}

fn answer(mut stream: TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().expect("the same connection"));
    let (mut first, mut length, mut kind) = (String::new(), 0, String::new());
    reader.read_line(&mut first).expect("a request line");
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a header");
        let Some((name, value)) = line.split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().expect("a length"),
            "content-type" => value.trim().clone_into(&mut kind),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    let line = first.trim_end().trim_end_matches(" HTTP/1.1");
    let text = format!(r#"{{"got":"{line}|{kind}|{}"}}"#, String::from_utf8_lossy(&body));
    let head = match line {
        "GET /moved" => "302 Found\r\nLocation: /there".to_owned(),
        "GET /gone" => "410 Gone".to_owned(),
        _ => "200 OK\r\nX-Two: a\r\nX-Two: b".to_owned(),
    };
    let length = text.len();
    let answer =
        format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{text}");
    stream.write_all(answer.as_bytes()).expect("an answer");
}

#[test]
fn fetch_sends_and_reads() {
    let cases = [
        ("(await (await fetch(`${base}/a?b=1`)).json()).got", r#""GET /a?b=1||""#),
        (
            "(await (await fetch(new URL('/p', base), { method: 'post', body: 'x' })).json()).got",
            r#""POST /p|text/plain;charset=UTF-8|x""#,
        ),
        (
            "(await (await fetch(base, { method: 'PUT', headers: { 'content-type': 'a/b' }, \
             body: JSON.stringify([1]) })).json()).got",
            r#""PUT /|a/b|[1]""#,
        ),
        (
            "(await (await fetch(base, { method: 'POST', body: new URLSearchParams({ a: 'b c' }) \
             })).json()).got",
            r#""POST /|application/x-www-form-urlencoded;charset=UTF-8|a=b+c""#,
        ),
        ("(await (await fetch(`${base}/moved`)).json()).got", r#""GET /there||""#),
        (
            "(await fetch(`${base}/moved`, { redirect: 'manual' })).status",
            r#"{"$numberLong":"302"}"#,
        ),
        (
            "await fetch(`${base}/moved`, { redirect: 'error' }).catch((e) => e.name)",
            r#""TypeError""#,
        ),
        (
            "await fetch(`${base}/gone`).then((r) => [r.ok, r.statusText, r.bodyUsed])",
            r#"[false,"Gone",false]"#,
        ),
        (
            "await fetch(base).then(async (r) => [r.ok, r.headers.get('x-TWO'), r.clone() !== r, \
             (await r.arrayBuffer()).byteLength, await r.text().catch((e) => e.name)])",
            r#"[true,"a, b",true,{"$numberLong":"17"},"TypeError"]"#,
        ),
        (
            "await fetch('http://10.255.255.1/').catch((e) => [e.name, e.message.slice(0, 13)])",
            r#"["TypeError","fetch failed:"]"#,
        ),
        ("await fetch(base, { body: 'x' }).catch((e) => e.name)", r#""TypeError""#),
        ("[...new Headers({ B: '2', a: '1' })]", r#"[["a","1"],["b","2"]]"#),
        (
            "[fetch.name, Response.name, new Response('x') instanceof Response]",
            r#"["fetch","Response",true]"#,
        ),
    ];
    let port = serve();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for (expression, expected) in cases {
        let source =
            format!("const base = 'http://127.0.0.1:{port}'; exports = async () => ({expression})");
        let outbound = Outbound { allow: vec![format!("127.0.0.1:{port}")], ..Outbound::default() };
        let settings = Settings { outbound, ..Settings::default() };
        let functions = Functions::load(definition(&source), settings).expect("functions load");
        let call = invocation(Call::Arguments("[]".into()));
        let reply = runtime.block_on(functions.invoke(call)).outcome.expect(expression);
        assert_eq!(reply.result.as_deref(), Some(expected), "{expression}");
    }
}
