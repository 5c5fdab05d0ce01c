//! What strangers send to log in: large, deep or crooked.

use serde_json::json;

use super::{EMAIL, PASSWORD, WHO, app, bearer, check_proof, of_callers, path};
use crate::harness::App;

/// A custom function that says of its payload how many elements `a` has, and of what kind.
fn counting() -> App {
    let who = "exports = (payload) => `${payload.a?.length} ${payload.a?.[0]} ${typeof payload.b}`";
    let config = json!({ "config": { "runResetFunction": true, "resetFunctionName": "resets",
        "autoConfirm": true } });
    let resets = "exports = (user, ...rest) => ({ status: rest.length > 1 ? 'success' : 'fail' })";
    app()
        .provider("custom-function", json!({ "config": { "authFunctionName": "counting" } }))
        .provider("local-userpass", config)
        .function("counting", who, json!({}))
        .function("resets", resets, json!({}))
}

#[tokio::test]
async fn bodies_of_log_ins_are_bounded_and_count_as_memory() {
    let zeros = |count: usize| format!(r#"{{"a":[{}0],"options":{{}}}}"#, "0,".repeat(count - 1));
    let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(30_000), "]".repeat(30_000));
    let cases = [
        // The body, kibibytes that a body may have, mebibytes of all bodies, and the status.
        (zeros(1_000), 64, 64, 200),
        (zeros(40_000), 64, 64, 413),
        (zeros(40_000), 256, 64, 200),
        (zeros(200_000), 512, 1, 429),
        (deep, 64, 64, 401),
        (r#"{"a":[{"$oid":"no"}]}"#.to_owned(), 64, 64, 401),
        (r#"{"$oid":"5a3db0b88b1f2cabd68ed4d9"}"#.to_owned(), 64, 64, 400),
        (r#"{"a":1}],[{"a":2}"#.to_owned(), 64, 64, 400),
        (r#"[{"a":[0]}]"#.to_owned(), 64, 64, 400),
    ];
    for (body, kibibytes, mebibytes, status) in cases {
        let config = |config: &mut hookstead_server::Config| {
            config.limits.log_in_body_bytes_max = kibibytes << 10;
            config.limits.bodies_bytes_max = mebibytes << 20;
        };
        let server = counting().config(config).start().await;
        let answer = server.call("POST", &path("custom-function/login"), &[], &body).await;
        let told: String = body.chars().take(40).collect();
        assert_eq!(answer.status, status, "{told}: {answer:?}");
        let calls = ["register", "confirm", "reset/call", "reset"];
        for call in calls.map(|call| path(&format!("local-userpass/{call}"))) {
            let answer = server.call("POST", &call, &[], &body).await;
            let expected = if [413, 429].contains(&status) { status } else { 400 };
            assert_eq!(answer.status, expected, "{call} {told}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn what_clients_send_reaches_functions_as_it_is() {
    let server = counting().start().await;
    for body in [r#"{"a":[0,{}],"b":{"$date":"2020-01-01T00:00:00Z"}}"#, r#"{"a":[0,1],"b":{}}"#] {
        let answer = server.call("POST", &path("custom-function/login"), &[], body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let headers = [("authorization", bearer(answer.json()["access_token"].as_str().unwrap()))];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        let profile = "/api/client/v2.0/auth/profile";
        let profile = server.call("GET", profile, &headers, "").await.json();
        assert_eq!(profile["identities"][0]["id"], "2 0 object", "{profile}");
    }
    server.register(EMAIL).await;
    for (arguments, status) in [("[1,[2]]", 204), ("[ 1 ]", 400), ("[]", 400), ("{}", 400)] {
        let body =
            format!(r#"{{"email":"{EMAIL}","password":"another horse","arguments":{arguments}}}"#);
        let path = path("local-userpass/reset/call");
        let answer = server.call("POST", &path, &[], &body).await;
        assert_eq!(answer.status, status, "{arguments}: {answer:?}");
    }
}

#[tokio::test]
async fn a_log_in_that_does_not_say_clearly_whether_it_links_is_refused() {
    let server = app().start().await;
    for (query, status) in [
        ("", 200),
        ("?x=1", 200),
        ("?link=true", 401),
        ("?link=1", 400),
        ("?link=TRUE", 400),
        ("?link", 400),
        ("?link=true&link=false", 400),
        ("?link=true%zz", 400),
        ("?link=true;x", 400),
    ] {
        let path = path(&format!("custom-function/login{query}"));
        let answer = server.call("POST", &path, &[], r#"{"name":"ada"}"#).await;
        assert_eq!(answer.status, status, "{query}: {answer:?}");
    }
}

#[tokio::test]
async fn what_only_looks_like_a_token_is_no_reason_to_ask_for_other_credentials() {
    let server = app().endpoint_with("POST", "/who", WHO, json!({}), of_callers()).start().await;
    server.register(EMAIL).await;
    let [access, _, _] = server.session(EMAIL).await;
    let values = ["Bearer\tx", "Bearer,x", "bearer", "Bearer  x", "Bearer \u{a0}x", "Bearer x y"];
    for value in values.map(str::to_owned).into_iter().chain([format!("Bearer \u{a0}{access}")]) {
        let headers = [("authorization", value.as_str()), ("email", EMAIL), ("password", PASSWORD)];
        let refused = Err((401, "InvalidSession"));
        check_proof(&server, &crate::harness::endpoint("/who"), &headers, "", refused).await;
        let profile = "/api/client/v2.0/auth/profile";
        let answer = server.call("GET", profile, &headers[..1], "").await;
        assert_eq!(answer.error(), (401, "InvalidSession".to_owned()), "{value}");
    }
}
