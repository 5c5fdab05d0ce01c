//! Which path and method reach which function.

use serde_json::json;

use crate::harness::{APP, App, endpoint, webhook};

#[tokio::test]
async fn endpoints_are_found_by_their_exact_route() {
    let server = App::new()
        .endpoint("GET", "/hello", "exports = () => 'hello'")
        .endpoint("GET", "/Hello", "exports = () => 'upper'")
        .endpoint("GET", "/a/b/c/d", "exports = () => 'deep'")
        .endpoint("GET", "/nft/:token", "exports = () => 'literal'")
        .endpoint("GET", "/", "exports = () => 'root'")
        .endpoint("GET", "/größe x", "exports = () => 'escaped'")
        .start()
        .await;
    let cases = [
        ("/hello", "\"hello\""),
        ("/Hello", "\"upper\""),
        ("/%68ello", "\"hello\""),
        ("/a/b/c/d", "\"deep\""),
        ("/a%2Fb/c/d", "\"deep\""),
        ("/nft/:token", "\"literal\""),
        ("/nft/%3atoken", "\"literal\""),
        ("", "\"root\""),
        ("/", "\"root\""),
        ("?a=1", "\"root\""),
        ("/gr%C3%B6%C3%9Fe%20x?a", "\"escaped\""),
    ];
    for (route, expected) in cases {
        let answer = server.get(route).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, expected), "{route}");
    }
    for route in ["/hello/", "//hello", "/HELLO", "/nft/1", "/hell", "/a/b", "/%", "/%ff"] {
        let answer = server.get(route).await;
        assert_eq!(answer.status, 404, "{route}");
    }
    let answer = server.get("/nope").await;
    assert_eq!(answer.error(), (404, "EndpointNotFound".to_owned()));
    assert_eq!(answer.message(), "no endpoint found for route '/nope' and method 'GET'");
}

#[tokio::test]
async fn a_method_of_its_own_wins_over_any() {
    let source = "exports = () => 'any ' + context.request.httpMethod";
    let server = App::new()
        .endpoint("*", "/x", source)
        .endpoint("POST", "/x", "exports = () => 'post'")
        .endpoint("GET", "/only-get", "exports = () => 1")
        .start()
        .await;
    let x = endpoint("/x");
    assert_eq!(server.call("POST", &x, &[], "").await.text, "\"post\"");
    for method in ["GET", "PUT", "PATCH", "DELETE"] {
        let answer = server.call(method, &x, &[], "").await;
        assert_eq!(answer.text, format!("\"any {method}\""));
    }
    assert_eq!(server.call("BREW", &x, &[], "").await.status, 404);
    assert_eq!(server.call("POST", &endpoint("/only-get"), &[], "").await.status, 404);
    assert_eq!(server.call("HEAD", &endpoint("/only-get"), &[], "").await.status, 404);
}

#[tokio::test]
async fn head_runs_the_function_and_drops_the_body() {
    let source = "exports = (q, r) => { r.setBody('hello'); r.setHeader('X-A', 'b') }";
    let server = App::new().endpoint("*", "/x", source).start().await;
    let answer = server.call("HEAD", &endpoint("/x"), &[], "").await;
    assert_eq!((answer.status, answer.text.as_str()), (200, ""));
    assert_eq!(answer.header("content-length"), "5");
    assert_eq!(answer.header("x-a"), "b");
}

#[tokio::test]
async fn webhooks_are_found_by_service_and_name() {
    let post = json!({ "options": { "httpMethod": "POST", "validationMethod": "NO_VALIDATION" } });
    let any = json!({ "options": { "httpMethod": "ANY", "validationMethod": "NO_VALIDATION" } });
    let server = App::new()
        .webhook(("my http", "http"), "w0", "exports = () => 'w0'", post)
        .webhook(("my http", "http"), "w1", "exports = () => context.request.webhookUrl", any)
        .start()
        .await;
    let answer = server.call("POST", &webhook("my%20http", "w0"), &[], "").await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "\"w0\""));
    assert_eq!(answer.header("content-type"), "application/json");
    let path = webhook("my%20http", "w1");
    for method in ["GET", "POST", "DELETE"] {
        assert_eq!(server.call(method, &path, &[], "").await.text, format!("\"{path}\""));
    }
    let wrong = server.call("GET", &webhook("my%20http", "w0"), &[], "").await;
    assert_eq!(wrong.error(), (405, "MethodNotAllowed".to_owned()));
    assert_eq!(wrong.header("allow"), "POST, OPTIONS");

    let answer = server.call("POST", &webhook("gcm_blah", "w0"), &[], "").await;
    assert_eq!(answer.error(), (404, "ServiceNotFound".to_owned()));
    assert_eq!(answer.message(), "service not found: 'gcm_blah'");
    let answer = server.call("POST", &webhook("my%20http", "w9"), &[], "").await;
    assert_eq!(answer.error(), (404, "IncomingWebhookNotFound".to_owned()));
    assert_eq!(answer.message(), "incoming webhook not found: 'w9'");
}

#[tokio::test]
async fn an_unknown_app_has_an_envelope_of_its_own() {
    let server = App::new().endpoint("GET", "/x", "exports = () => 1").start().await;
    for path in [
        "/app/xyz/endpoint/x",
        "/app/xyz/endpoint/data/v1/action/find",
        "/api/client/v2.0/app/xyz/service/a/incoming_webhook/b",
        "/api/client/v2.0/app/xyz/locations",
    ] {
        let answer = server.call("POST", path, &[], "").await;
        let expected = r#"{"error":"cannot find app using Client App ID 'xyz'"}"#;
        assert_eq!((answer.status, answer.text.as_str()), (404, expected), "{path}");
        assert_eq!(answer.header("content-type"), "application/json");
    }
    let elsewhere = format!("/api/client/v2.0/app/{APP}/locations");
    for path in ["/", "/favicon.ico", &elsewhere] {
        let answer = server.call("GET", path, &[], "").await;
        assert_eq!(answer.error(), (404, "NotFound".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn any_host_is_answered() {
    let server = App::new().endpoint("GET", "/x", "exports = () => 1").start().await;
    for host in ["data.mongodb-api.com", "us-east-1.aws.data.mongodb-api.com", "x:1"] {
        let answer = server.call("GET", &endpoint("/x"), &[("host", host)], "").await;
        assert_eq!(answer.status, 200, "{host}");
    }
}

#[tokio::test]
async fn disabled_and_reserved_endpoints_are_not_there() {
    let server = App::new()
        .endpoint_with("GET", "/off", "exports = () => 1", json!({ "disabled": true }), json!({}))
        .endpoint("POST", "/data/v1/action/find", "exports = () => 'shadow'")
        .start()
        .await;
    assert_eq!(server.get("/off").await.error(), (404, "EndpointNotFound".to_owned()));
    let answer = server.post("/data/v1/action/find", &[], "{}").await;
    assert_eq!(answer.error(), (404, "EndpointNotFound".to_owned()));
}

#[tokio::test]
async fn an_endpoint_of_a_method_answers_in_place_of_one_of_any_method() {
    let source = "exports = () => 'any'";
    let off = json!({ "disabled": true });
    let secret = json!({ "validation_method": "VERIFY_PAYLOAD", "secret_name": "key" });
    for (of_get, of_any, get, post) in [
        (&off, &json!({}), 404, 200),
        (&json!({}), &off, 200, 404),
        (&secret, &json!({}), 400, 200),
        (&json!({}), &secret, 200, 400),
        (&json!({}), &json!({}), 200, 200),
        (&json!({ "hmac": "key" }), &json!({}), 500, 200),
        (&json!({}), &json!({ "hmac": "key" }), 200, 500),
    ] {
        let server = App::new()
            .secret("key", "12345")
            .endpoint_with("GET", "/x", source, of_get.clone(), json!({}))
            .endpoint_with("*", "/x", source, of_any.clone(), json!({}))
            .start()
            .await;
        let found = server.get("/x").await.status;
        let of_post = server.call("POST", &endpoint("/x"), &[], "").await.status;
        assert_eq!((found, of_post), (get, post), "{of_get} {of_any}");
    }
}

/// The line of the journal about a request, by its method and its path.
fn line_of<'a>(journal: &'a str, request: &str) -> &'a str {
    let mut lines = journal.lines();
    let line = lines.find(|line| line.contains(&format!(" {request} ")));
    line.unwrap_or_else(|| panic!("nothing about {request}: {journal}"))
}

#[tokio::test]
async fn the_journal_names_the_route_that_differs_by_slashes_only_and_the_caller_learns_nothing() {
    let server = App::new()
        .endpoint("GET", "/hello", "exports = () => 1")
        .endpoint("GET", "/orders/", "exports = () => 1")
        .endpoint("GET", "/a/b", "exports = () => 1")
        .endpoint_with("GET", "/off", "exports = () => 1", json!({ "disabled": true }), json!({}))
        .webhook(("shop", "http"), "paid", "exports = () => 1", json!({}))
        .start()
        .await;
    let hook = webhook("shop", "paid");
    let cases = [
        (endpoint("/hello/"), "the route '/hello'"),
        (endpoint("//hello"), "the route '/hello'"),
        (format!("/{}", endpoint("/hello")), "the route '/hello'"),
        (endpoint("/orders"), "the route '/orders/'"),
        (endpoint("/a//b/"), "the route '/a/b'"),
        (format!("{hook}/"), "the path of the webhook 'shop/paid'"),
        (hook.replace("/service", "//service"), "the path of the webhook 'shop/paid'"),
        (endpoint("/off/"), ""),
        (endpoint("/Hello/"), ""),
        (endpoint("/hello/world"), ""),
        (endpoint("/hello/").replace(APP, "other"), ""),
    ];
    for (path, _) in &cases {
        let answer = server.call("GET", path, &[], "").await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.text.contains("slash"), "{path}: {}", answer.text);
    }
    // The route is right, and the method is not.
    let answer = server.call("POST", &endpoint("/hello"), &[], "").await;
    assert_eq!(answer.error(), (404, "EndpointNotFound".to_owned()));
    let journal = server.stop().await;
    for (path, near) in &cases {
        let line = line_of(&journal, &format!("GET {path}"));
        let hint = format!("{near} differs by slashes only");
        assert_eq!(line.contains("differs by slashes only"), !near.is_empty(), "{path}: {line}");
        assert!(near.is_empty() || line.contains(&hint), "{path}: {line}");
    }
    assert!(!line_of(&journal, &format!("POST {}", endpoint("/hello"))).contains("slashes"));
}
