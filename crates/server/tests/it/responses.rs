//! What is sent for what a function did.

use serde_json::{Value as Json, json};

use crate::harness::{Answer, App, endpoint, webhook};

async fn answer(source: &str, settings: Json) -> Answer {
    let app = App::new().endpoint_with("GET", "/x", source, settings, json!({}));
    app.start().await.get("/x").await
}

async fn of_webhook(source: &str, respond_result: bool) -> Answer {
    let config = json!({ "respond_result": respond_result });
    let server = App::new().webhook(("http", "http"), "w", source, config).start().await;
    server.call("GET", &webhook("http", "w"), &[], "").await
}

const PLAIN: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";
const EJSON: &str = "application/ejson";

#[tokio::test]
async fn endpoints_follow_the_decision_table() {
    // Respond with result, body of the function, status, body, content type.
    let cases = [
        (true, "return 'v'", 200, "\"v\"", JSON),
        (true, "r.setStatusCode(202); return 'v'", 202, "\"v\"", JSON),
        (true, "r.setHeader('X-A', 'b'); return 1", 200, "1", JSON),
        (true, "r.setBody('b'); return 'v'", 200, "b", PLAIN),
        (
            true,
            "r.setStatusCode(201); r.setBody('<p>b</p>')",
            201,
            "<p>b</p>",
            "text/html; charset=utf-8",
        ),
        (true, "return r.setStatusCode(201).setBody('b')", 201, "b", PLAIN),
        (true, "return r.setStatusCode(201)", 201, "", ""),
        (true, "", 200, "", ""),
        (true, "return null", 200, "null", JSON),
        (true, "r.setStatusCode(204); return 'v'", 204, "", ""),
        (true, "r.setBody('')", 200, "", ""),
        (true, "r.setHeader('Content-Type', 'application/json'); r.setBody('b')", 200, "b", JSON),
        (true, "return JSON.stringify({ a: 1 })", 200, r#""{\"a\":1}""#, JSON),
        (false, "return 'v'", 204, "", ""),
        (false, "r.setStatusCode(200); return 'v'", 200, "", ""),
        (false, "r.setBody('b')", 200, "b", PLAIN),
        (false, "r.setStatusCode(404); r.setBody('b')", 404, "b", PLAIN),
        (false, "r.setHeader('X-A', 'b')", 200, "", ""),
    ];
    for (respond_result, body, status, text, content_type) in cases {
        let source = format!("exports = (q, r) => {{ {body} }}");
        let answer = answer(&source, json!({ "respond_result": respond_result })).await;
        assert_eq!((answer.status, answer.text.as_str()), (status, text), "{body}");
        assert_eq!(answer.header("content-type"), content_type, "{body}");
    }
}

#[tokio::test]
async fn webhooks_follow_the_decision_table() {
    let cases = [
        (true, "return { Processed: 900 }", 200, r#"{"Processed":{"$numberInt":"900"}}"#, JSON),
        (true, "r.setStatusCode(202); return 'v'", 202, "", ""),
        (true, "r.setHeader('X-A', 'b'); return 'v'", 200, "", ""),
        (true, "r.setBody('b'); return 'v'", 200, "b", PLAIN),
        (false, "return 'v'", 204, "", ""),
        (false, "r.setStatusCode(201).setBody('b')", 201, "b", PLAIN),
    ];
    for (respond_result, body, status, text, content_type) in cases {
        let source = format!("exports = (q, r) => {{ {body} }}");
        let answer = of_webhook(&source, respond_result).await;
        assert_eq!((answer.status, answer.text.as_str()), (status, text), "{body}");
        assert_eq!(answer.header("content-type"), content_type, "{body}");
    }
}

#[tokio::test]
async fn accept_chooses_between_json_and_ejson() {
    let source = "exports = () => ({ n: 1 })";
    let (json, ejson) = (r#"{"n":1}"#, r#"{"n":{"$numberLong":"1"}}"#);
    let cases = [
        (json!("JSON"), "", json),
        (json!("EJSON"), "", ejson),
        (json!(null), "", ejson),
        (json!("JSON"), "application/ejson", ejson),
        (json!("EJSON"), "text/html, application/json;q=0.9", json),
        (json!("JSON"), "*/*", json),
        (json!(null), "application/*", ejson),
    ];
    for (return_type, accept, expected) in cases {
        let settings = json!({ "return_type": return_type });
        let app = App::new().endpoint_with("GET", "/x", source, settings, json!({}));
        let headers = [("accept", accept)];
        let headers = if accept.is_empty() { &[][..] } else { &headers[..] };
        let answer = app.start().await.call("GET", &endpoint("/x"), headers, "").await;
        assert_eq!(answer.text, expected, "{return_type} {accept}");
        let kind = if expected == json { JSON } else { EJSON };
        assert_eq!(answer.header("content-type"), kind, "{return_type} {accept}");
    }
    let server = App::new().webhook(("http", "http"), "w", source, json!({})).start().await;
    let answer = server.call("GET", &webhook("http", "w"), &[("accept", JSON)], "").await;
    assert_eq!(answer.text, r#"{"n":{"$numberInt":"1"}}"#);
}

#[tokio::test]
async fn failures_are_told_in_the_envelope() {
    let cases = [
        ("exports = () => { throw 'text' }", 400, "FunctionExecutionError", "text"),
        ("exports = () => undefinedThing.x", 400, "FunctionExecutionError", "ReferenceError: "),
        ("exports = async () => { null.x }", 400, "FunctionExecutionError", "TypeError: "),
        ("exports = () => {", 400, "FunctionSyntaxError", ""),
    ];
    for (source, status, code, message) in cases {
        let answer = answer(source, json!({})).await;
        assert_eq!(answer.error(), (status, code.to_owned()), "{source}");
        assert!(answer.message().starts_with(message), "{source}: {answer:?}");
    }
    let missing = answer("exports = () => 1", json!({ "function_name": "nowhere" })).await;
    assert_eq!(missing.error(), (404, "FunctionNotFound".to_owned()));
    assert_eq!(missing.message(), "function not found: 'nowhere'");
}

#[tokio::test]
async fn a_response_set_before_a_throw_is_not_sent() {
    let source = "exports = (q, r) => { r.setStatusCode(201).setBody('b'); throw 'text' }";
    let answer = answer(source, json!({})).await;
    assert_eq!(answer.error(), (400, "FunctionExecutionError".to_owned()));
}

#[tokio::test]
async fn impossible_responses_are_refused_whole() {
    let cases = [
        ("r.setStatusCode(199)", "199"),
        ("r.setStatusCode(600)", "600"),
        ("r.setHeader('X-A', 'a\\r\\nSet-Cookie: b=c')", "X-A"),
        ("r.setHeader('X A', 'a')", "X A"),
        ("r.addHeader('', 'a')", "header"),
    ];
    for (body, named) in cases {
        let answer = answer(&format!("exports = (q, r) => {{ {body} }}"), json!({})).await;
        let (status, code) = answer.error();
        // 400 where the setter itself throws, 500 where the mistake shows only at the end.
        assert!([400, 500].contains(&status) && code == "FunctionExecutionError", "{answer:?}");
        assert!(answer.message().contains(named), "{body}: {answer:?}");
        assert!(!answer.headers.contains_key("set-cookie"));
    }
}

#[tokio::test]
async fn functions_have_no_say_in_the_framing() {
    let source = "exports = (q, r) => {
        for (const name of ['Content-Length', 'Transfer-Encoding', 'Connection', 'Upgrade'])
            r.setHeader(name, '3');
        r.addHeader('X-A', '1'); r.addHeader('X-A', '2'); r.setBody('hello');
    }";
    let answer = answer(source, json!({})).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "hello"));
    assert_eq!(answer.header("content-length"), "5");
    assert!(!answer.headers.contains_key("transfer-encoding"));
    assert!(!answer.headers.contains_key("upgrade"));
    assert_eq!(answer.headers.get_all("x-a").iter().collect::<Vec<_>>(), ["1", "2"]);
}

#[tokio::test]
async fn time_and_memory_are_limited() {
    let mut app = App::new()
        .endpoint("GET", "/loop", "exports = () => { for (;;); }")
        .endpoint(
            "GET",
            "/eat",
            "exports = () => { const a = []; for (;;) a.push('x'.repeat(1e5) + a.length) }",
        )
        .endpoint("GET", "/fine", "exports = () => 1");
    app.settings.limits.run_time = std::time::Duration::from_secs(3);
    app.settings.limits.run_memory_bytes = 32 << 20;
    let server = app.start().await;
    let answer = server.get("/loop").await;
    assert_eq!(answer.error(), (400, "ExecutionTimeLimitExceeded".to_owned()));
    assert_eq!(answer.message(), "execution time limit exceeded");
    let answer = server.get("/eat").await;
    assert_eq!(answer.error(), (400, "FunctionExecutionError".to_owned()));
    assert_eq!(server.get("/fine").await.status, 200);
}

#[tokio::test]
async fn the_journal_tells_what_happened() {
    let server = App::new()
        .endpoint("GET", "/x", "exports = () => { console.log('hello\\x1b[2J'); return 1 }")
        .endpoint("GET", "/boom", "exports = () => { console.error('oh'); throw 'text' }")
        .start()
        .await;
    server.get("/x?token=private").await;
    server.get("/boom").await;
    server.get("/nope").await;
    let log = server.stop().await;
    let lines: Vec<_> = log.lines().collect();
    assert!(lines[0].contains(&format!(" 200 GET {} ", endpoint("/x"))), "{log}");
    assert_eq!(lines[1], "    log   hello\\u{1b}[2J", "{log}");
    assert!(log.contains(" 400 GET ") && log.contains("FunctionExecutionError — text"), "{log}");
    assert!(log.contains("    error oh"), "{log}");
    assert!(log.contains(" 404 GET ") && log.contains("EndpointNotFound"), "{log}");
    assert!(!log.contains("private"), "{log}");
}
