//! What a function sees of a request.

use serde_json::{Value as Json, json};

use crate::harness::{App, Running, endpoint, webhook};

/// Answers with what the function was given.
const SHOW: &str = "exports = ({ query, headers, body }) => ({
    query, headers, body: body === undefined ? 'undefined' : body.text(), request: context.request,
})";

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");

async fn show() -> Running {
    App::new().endpoint("*", "/x", SHOW).start().await
}

#[tokio::test]
async fn the_query_holds_first_values() {
    let server = show().await;
    let cases = [
        ("", json!({})),
        ("?", json!({})),
        ("?a=1&a=2&b", json!({ "a": "1", "b": "" })),
        ("?a=x+y%26&%C3%B6=%E2%82%AC", json!({ "a": "x y&", "ö": "€" })),
        ("?a=1;b=2&c=%zz&d=4", json!({ "d": "4" })),
        ("?secret=own", json!({ "secret": "own" })),
        ("?__proto__=x&constructor=y", json!({ "__proto__": "x", "constructor": "y" })),
    ];
    for (query, expected) in cases {
        let answer = server.get(&format!("/x{query}")).await;
        assert_eq!(answer.json()["query"], expected, "{query}");
    }
}

#[tokio::test]
async fn forms_join_the_query_in_front_of_it() {
    let server = show().await;
    let path = endpoint("/x?a=url&b=2");
    for method in ["POST", "PUT", "PATCH"] {
        let answer = server.call(method, &path, &[FORM], "a=body&c=3&c=4&=%zz").await.json();
        assert_eq!(answer["query"], json!({ "a": "body", "c": "3", "b": "2" }), "{method}");
        assert_eq!(answer["body"], "a=body&c=3&c=4&=%zz");
    }
    for (method, content_type) in
        [("DELETE", FORM.1), ("POST", "application/json"), ("POST", "multipart/form-data")]
    {
        let headers = [("content-type", content_type)];
        let answer = server.call(method, &path, &headers, "a=body").await.json();
        assert_eq!(answer["query"], json!({ "a": "url", "b": "2" }), "{method} {content_type}");
    }
}

#[tokio::test]
async fn bodies_arrive_untouched_and_empty_ones_not_at_all() {
    let server = show().await;
    for body in ["{ \"a\" :  1 }", "größe €", " ", "\r\n"] {
        assert_eq!(server.post("/x", &[], body).await.json()["body"], body);
    }
    assert_eq!(server.post("/x", &[], "").await.json()["body"], "undefined");
    let answer = server.call("GET", &endpoint("/x"), &[], "body of a get").await;
    assert_eq!(answer.json()["body"], "body of a get");

    let server =
        App::new().endpoint("POST", "/x", "exports = ({ body }) => body.toHex()").start().await;
    let bytes: Vec<u8> = (0..=255).collect();
    let answer = server.call("POST", &endpoint("/x"), &[], bytes.clone()).await;
    assert_eq!(answer.json(), json!(hex::encode(bytes)));
}

#[tokio::test]
async fn headers_have_canonical_names_and_arrays_of_values() {
    let server = show().await;
    let headers = [
        ("content-type", "application/json"),
        ("authorizationKey", "k"),
        ("x-multi", "1"),
        ("x-multi", "2"),
        ("host", "data.mongodb-api.com"),
        ("user-agent", "test"),
        ("referer", "https://a.test/"),
    ];
    let answer = server.post("/x?secret=a&b=2", &headers, "{}").await.json();
    let seen = answer["headers"].as_object().unwrap();
    assert_eq!(seen["Content-Type"], json!(["application/json"]));
    assert_eq!(seen["Authorizationkey"], json!(["k"]));
    assert_eq!(seen["X-Multi"], json!(["1", "2"]));
    assert_eq!(seen["Content-Length"], json!(["2"]));
    assert!(!seen.contains_key("Host") && !seen.contains_key("Connection"), "{seen:?}");
    let request = &answer["request"];
    assert_eq!(&request["requestHeaders"], &answer["headers"]);
    assert_eq!(request["remoteIPAddress"], "127.0.0.1");
    assert_eq!(request["httpMethod"], "POST");
    assert_eq!(request["rawQueryString"], "b=2");
    assert_eq!(request["webhookUrl"], "/x");
    assert_eq!(request["httpReferrer"], "https://a.test/");
    assert_eq!(request["httpUserAgent"], "test");
}

const LIES: [(&str, &str); 6] = [
    ("x-forwarded-for", "6.6.6.6, 198.51.100.1"),
    ("x-cluster-client-ip", "6.6.6.6"),
    ("x-envoy-external-address", "6.6.6.6"),
    ("x-forwarded-proto", "gopher"),
    ("x-request-id", "mine"),
    ("x-forwarded-client-cert", "By=me"),
];

fn proxied(answer: &Json) -> Vec<&str> {
    ["X-Forwarded-For", "X-Cluster-Client-Ip", "X-Envoy-External-Address", "X-Forwarded-Proto"]
        .iter()
        .map(|name| {
            assert_eq!(answer["headers"][name].as_array().unwrap().len(), 1, "{name}");
            answer["headers"][name][0].as_str().unwrap()
        })
        .collect()
}

#[tokio::test]
async fn nobody_forges_his_address() {
    let server = show().await;
    for headers in [&LIES[..], &[]] {
        let answer = server.post("/x", headers, "").await;
        let (json, id) = (answer.json(), answer.header("x-request-id"));
        assert_eq!(proxied(&json), ["127.0.0.1", "127.0.0.1", "127.0.0.1", "https"]);
        assert_eq!(json["headers"]["X-Request-Id"], json!([id]));
        assert!(json["headers"].get("X-Forwarded-Client-Cert").is_none());
        assert_eq!(json["request"]["remoteIPAddress"], "127.0.0.1");
    }
}

#[tokio::test]
async fn trusted_proxies_are_believed() {
    let trust = |network: &str| vec![network.parse().unwrap()];
    let app = App::new().endpoint("*", "/x", SHOW);
    let server = app.config(|config| config.trusted_proxies = trust("127.0.0.0/8")).start().await;
    let answer = server.post("/x", &LIES, "").await.json();
    assert_eq!(proxied(&answer), ["198.51.100.1", "198.51.100.1", "198.51.100.1", "gopher"]);
    assert_eq!(answer["headers"]["X-Request-Id"], json!(["mine"]));
    assert_eq!(answer["request"]["remoteIPAddress"], "198.51.100.1");

    let app = App::new().endpoint("*", "/x", SHOW);
    let server = app.config(|config| config.trusted_proxies = trust("10.0.0.0/8")).start().await;
    let answer = server.post("/x", &LIES, "").await.json();
    assert_eq!(answer["request"]["remoteIPAddress"], "127.0.0.1");
}

#[tokio::test]
async fn twilio_webhooks_take_the_fields_of_the_form() {
    let source = "exports = (payload) => payload.From + ' ' + payload.Body";
    let server = App::new().webhook(("sms", "twilio"), "w", source, json!({})).start().await;
    let body = "From=%2B15550100&Body=hi+there";
    let answer = server.call("POST", &webhook("sms", "w"), &[FORM], body).await;
    assert_eq!((answer.status, answer.json()), (200, json!("+15550100 hi there")));
}

#[tokio::test]
async fn webhooks_know_their_service() {
    let source = "exports = (payload) => [context.request.service, context.request.action,
        payload.query.a, payload.body.text(), payload.headers['X-A'][0]]";
    let server = App::new().webhook(("http", "http"), "w", source, json!({})).start().await;
    let path = format!("{}?a=1", webhook("http", "w"));
    let answer = server.call("POST", &path, &[("x-a", "b")], "body").await;
    assert_eq!(answer.json(), json!(["http", "w", "1", "body", "b"]));
}
