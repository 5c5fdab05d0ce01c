//! Functions that are called with a request and without a server.

use bytes::Bytes;
use hookstead_server::{ServerLimits, Trial, TrialRequest};
use hookstead_site::Site;
use serde_json::json;

use crate::harness::{APP, App, webhook};

/// What a function sees of a request, whoever makes it.
const SEEN: &str = r#"exports = ({ query, headers, body }, response) => {
    const { webhookUrl, httpMethod, rawQueryString, service, action } = context.request;
    const seen = { webhookUrl, httpMethod, rawQueryString, service, action };
    response.setHeader("X-Seen", "yes");
    response.setBody(JSON.stringify([
        query, body ? body.text() : null, headers["Content-Type"], headers["Content-Length"],
        headers["X-Forwarded-Proto"], headers["X-Forwarded-For"], seen,
    ]));
    response.setStatusCode(201);
};"#;

fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> TrialRequest {
    let body = Bytes::from(body.to_owned());
    let mut request = TrialRequest::new(method, path, body).unwrap();
    for (name, value) in headers {
        request.add_header(name, value).unwrap();
    }
    request
}

async fn try_request(site: &Site, name: &str, request: TrialRequest) -> Trial {
    hookstead_server::try_request(site, name, request, &ServerLimits::default()).await.unwrap()
}

/// The status and the body of a response, or the code and the message of a failure.
async fn answer(site: &Site, name: &str, request: TrialRequest) -> (String, String) {
    match try_request(site, name, request).await.outcome {
        Ok(response) => {
            let status = response.status.split(' ').next().unwrap().to_owned();
            (status, String::from_utf8(response.body.to_vec()).unwrap())
        }
        Err(failure) => {
            (failure.status.to_string(), format!("{}: {}", failure.code, failure.message))
        }
    }
}

#[tokio::test]
async fn a_trial_and_a_call_over_http_are_the_same_to_a_function() {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let json = [("content-type", "application/json")];
    let options = json!({ "options": { "httpMethod": "ANY" } });
    let app = || {
        App::new().endpoint("*", "/a b", SEEN).webhook(("http", "http"), "w", SEEN, options.clone())
    };
    let endpoint = format!("/app/{APP}/endpoint/a%20b");
    let cases = [
        ("f0", "GET", endpoint.clone(), "?x=1&x=2&y=%20", &[][..], ""),
        ("f0", "POST", endpoint.clone(), "?x=1", &form[..], "z=3"),
        ("f0", "PUT", endpoint, "", &json[..], "{\"a\":1}"),
        ("http/w", "POST", webhook("http", "w"), "?secret=1&b=2", &json[..], "{}"),
    ];
    let (site, _) = app().site();
    let server = app().start().await;
    for (name, method, path, query, headers, body) in cases {
        let url = format!("{path}{query}");
        let called = server.call(method, &url, headers, body).await;
        let tried = try_request(&site, name, request(method, &url, headers, body)).await;
        assert_eq!(tried.differences, Vec::<String>::new());
        let tried = tried.outcome.unwrap();
        assert_eq!((tried.status.as_str(), called.status), ("201 Created", 201), "{url}");
        assert_eq!(tried.body, called.text.as_bytes(), "{url}");
        for header in ["x-seen", "content-type"] {
            let value = tried.headers.iter().find(|(name, _)| name == header).unwrap().1.as_str();
            assert_eq!(value, called.header(header), "{url}");
        }
    }
    // The route alone will do, and a webhook has one path only.
    let (_, of_route) = answer(&site, "f0", request("GET", "/a%20b?x=1", &[], "")).await;
    assert!(of_route.contains(r#""webhookUrl":"/a b","httpMethod":"GET""#), "{of_route}");
    let (_, of_webhook) = answer(&site, "http/w", request("POST", "/?b=2", &[], "")).await;
    assert!(of_webhook.contains(&webhook("http", "w")), "{of_webhook}");
    assert!(of_webhook.contains(r#""rawQueryString":"b=2","service":"http""#), "{of_webhook}");
}

#[tokio::test]
async fn results_are_written_as_the_endpoint_has_it() {
    let ejson = json!({ "return_type": "EJSON" });
    let silent = json!({ "respond_result": false });
    let seven = "exports = () => ({ n: 7 })";
    let (site, _) = App::new()
        .endpoint("GET", "/json", seven)
        .endpoint_with("GET", "/ejson", seven, ejson, json!({}))
        .endpoint_with("GET", "/silent", seven, silent, json!({}))
        .function("alone", seven, json!({}))
        .site();
    let long = r#"{"n":{"$numberLong":"7"}}"#;
    let cases = [
        ("f0", "/json", ("200", r#"{"n":7}"#)),
        ("f1", "/ejson", ("200", long)),
        ("f2", "/silent", ("204", "")),
        ("alone", "/", ("200", long)),
    ];
    for (name, path, (status, body)) in cases {
        let answered = answer(&site, name, request("GET", path, &[], "")).await;
        assert_eq!(answered, (status.to_owned(), body.to_owned()), "{name}");
    }
    assert_eq!(answer(&site, "f0", request("HEAD", "/json", &[], "")).await.1, "");
}

#[tokio::test]
async fn what_the_server_would_do_otherwise_is_told() {
    let options = json!({ "options": { "httpMethod": "POST" } });
    let signed = json!({ "validation_method": "VERIFY_PAYLOAD", "secret_name": "unset" });
    let (site, _) = App::new()
        .endpoint("GET", "/a", "exports = () => 1")
        .endpoint("GET", "/b", "exports = () => { throw new Error('no') }")
        .endpoint_with("GET", "/c", "exports = () => 1", signed, json!({}))
        .webhook(("http", "http"), "w", "exports = () => 1", options)
        .site();
    let cases = [
        ("f0", "GET", "/a", &[][..]),
        ("f0", "GET", "/b", &["GET /b calls the function f1", "called as an endpoint would"]),
        ("f0", "POST", "/a", &["no endpoint is at POST /a", "called as an endpoint would"]),
        ("f2", "GET", "/c", &["every request is refused: the secret `unset` is not set"]),
        ("http/w", "GET", "/", &["the webhook takes POST, not GET"]),
    ];
    for (name, method, path, expected) in cases {
        let trial = try_request(&site, name, request(method, path, &[], "")).await;
        assert!(trial.outcome.is_ok(), "{name}");
        let told = &trial.differences;
        assert_eq!(told.len(), expected.len(), "{name}: {told:?}");
        for (told, expected) in told.iter().zip(expected) {
            assert!(told.contains(expected), "{name}: {told}");
        }
    }
    let trial = try_request(&site, "f1", request("GET", "/b", &[], "")).await;
    let failure = trial.outcome.unwrap_err();
    assert_eq!((failure.status, failure.code.as_str()), (400, "FunctionExecutionError"));
    assert!(failure.message.contains("no") && failure.detail.unwrap().contains("f1"));
    assert!(site.entry_of("nope").is_none() && site.entry_of("http/x").is_none());
}
