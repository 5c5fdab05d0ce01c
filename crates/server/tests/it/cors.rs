//! Browsers on other origins.

use serde_json::json;

use crate::harness::{App, endpoint};

fn app() -> App {
    App::new().endpoint("POST", "/x", "exports = () => 1")
}

#[tokio::test]
async fn every_response_varies_by_origin_and_forbids_frames() {
    let server = app().start().await;
    for (method, route, status) in [("POST", "/x", 200), ("GET", "/x", 404), ("GET", "/y", 404)] {
        let answer = server.call(method, &endpoint(route), &[], "").await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("vary"), "Origin", "{route}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{route}");
        assert_eq!(answer.header("x-request-id").len(), 24);
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
    }
}

#[tokio::test]
async fn without_a_list_every_origin_may_call() {
    let server = app().start().await;
    let headers = [
        ("origin", "https://a.test"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type"),
    ];
    let preflight = server.call("OPTIONS", &endpoint("/x"), &headers, "").await;
    assert_eq!((preflight.status, preflight.text.as_str()), (204, ""));
    assert_eq!(preflight.header("access-control-allow-origin"), "*");
    assert!(preflight.header("access-control-allow-methods").contains("POST"));
    assert_eq!(preflight.header("access-control-allow-headers"), "Authorization, Content-Type");
    assert_eq!(preflight.header("vary"), "Origin");
    let answer = server.post("/x", &headers[..1], "").await;
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    // A browser shows a script the errors as well.
    let answer = server.post("/none", &headers[..1], "").await;
    assert_eq!(answer.header("access-control-allow-origin"), "*");
}

#[tokio::test]
async fn a_list_of_origins_is_enforced() {
    let server = app().root("allowed_request_origins", json!(["https://a.test"])).start().await;
    let answer = server.post("/x", &[("origin", "https://a.test")], "").await;
    assert_eq!(
        (answer.status, answer.header("access-control-allow-origin")),
        (200, "https://a.test")
    );
    assert_eq!(server.post("/x", &[], "").await.status, 200);
    for method in ["POST", "OPTIONS"] {
        let headers = [("origin", "https://evil.test"), ("access-control-request-method", "POST")];
        let answer = server.call(method, &endpoint("/x"), &headers, "").await;
        assert_eq!(answer.error(), (403, "DomainNotAllowed".to_owned()), "{method}");
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
    }
}

#[tokio::test]
async fn what_a_function_sets_wins() {
    let source = "exports = (request, response) => {
        response.setHeader('Access-Control-Allow-Origin', 'https://own.test');
        response.setHeader('Vary', 'Accept');
        response.setHeader('X-Frame-Options', 'SAMEORIGIN');
    }";
    let server = App::new().endpoint("GET", "/x", source).start().await;
    let answer = server.call("GET", &endpoint("/x"), &[("origin", "https://a.test")], "").await;
    let all = |name| answer.headers.get_all(name).iter().collect::<Vec<_>>();
    assert_eq!(all("access-control-allow-origin"), ["https://own.test"]);
    assert_eq!(all("vary"), ["Accept", "Origin"]);
    assert_eq!(all("x-frame-options"), ["SAMEORIGIN"]);
}

#[tokio::test]
async fn allowed_headers_are_configurable() {
    let server = app().site_config(|c| c.cors.allow_headers.push("apiKey".into())).start().await;
    let headers = [("origin", "https://a.test"), ("access-control-request-method", "POST")];
    let preflight = server.call("OPTIONS", &endpoint("/x"), &headers, "").await;
    let allowed = preflight.header("access-control-allow-headers");
    assert_eq!(allowed, "Authorization, Content-Type, apiKey");
}
