//! Functions that clients call by name.

use serde_json::json;

use super::{EMAIL, call, user};
use crate::{
    harness::{App, Running},
    users::{app, bearer},
};

/// What a function sees of its caller.
const WHO: &str = "exports = () => [context.user.id, context.runningAsSystem()]";

fn with_functions() -> App {
    let user = json!({ "run_as_system": false });
    let denied = json!({ "can_evaluate": { "%%user.data.email": "b@example.com" } });
    app()
        .function("add", "exports = (...all) => all.reduce((a, b) => a + b, 0)", user.clone())
        .function("same", "exports = (value) => value", user.clone())
        .function("nothing", "exports = () => {}", user.clone())
        .function(
            "throws",
            "exports = () => { throw new TypeError('no ' + context.user.type) }",
            user.clone(),
        )
        .function("broken", "exports = () => {", user.clone())
        .function("hidden", "exports = () => 1", json!({ "private": true }))
        .function("denied", "exports = () => 1", denied)
        .function("asUser", WHO, user)
        .function("asSystem", WHO, json!({}))
        .function(
            "asNobody",
            WHO,
            json!({ "run_as_system": false, "run_as_user_id": "5e58667d902d38559c802b13" }),
        )
        .function(
            "asNamed",
            WHO,
            json!({
                "run_as_system": false,
                "run_as_user_id_script_source": "exports = (id) => id ?? { runAsSystem: true }",
            }),
        )
        .function(
            "request",
            "exports = () => [context.request.rawQueryString, context.request.httpMethod]",
            json!({}),
        )
}

#[tokio::test]
async fn a_function_answers_with_its_result_alone_as_canonical_extended_json() {
    let server = with_functions().start().await;
    let [token, ..] = user(&server, EMAIL).await;
    let long = |number: i64| json!({ "$numberLong": number.to_string() });
    let cases = [
        ("add", json!([long(1), long(2), long(3), long(4), long(5)]), r#"{"$numberLong":"15"}"#),
        ("add", json!([1, 2]), r#"{"$numberLong":"3"}"#),
        ("add", json!([1.5, 2]), r#"{"$numberDouble":"3.5"}"#),
        ("same", json!([{ "$numberInt": "1" }]), r#"{"$numberInt":"1"}"#),
        ("same", json!(["a"]), r#""a""#),
        (
            "same",
            json!([{ "$oid": "5e58667d902d38559c802b13" }]),
            r#"{"$oid":"5e58667d902d38559c802b13"}"#,
        ),
        ("same", json!([{ "a": [true, null] }]), r#"{"a":[true,null]}"#),
        ("nothing", json!([]), "null"),
        ("same", json!([]), "null"),
    ];
    for (name, arguments, expected) in cases {
        let answer = call(&server, &token, &json!({ "name": name, "arguments": arguments })).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, expected), "{name} {arguments}");
        assert_eq!(answer.header("content-type"), "application/json");
    }
    let answer = call(&server, &token, &json!({ "name": "nothing" })).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "null"));
}

#[tokio::test]
async fn refusals_have_their_status_code_and_text() {
    let server = with_functions().start().await;
    let [token, refresh, _] = user(&server, EMAIL).await;
    let cases = [
        (json!({ "name": "none" }), 404, "FunctionNotFound", "function not found: 'none'"),
        (json!({ "name": "hidden" }), 404, "FunctionNotFound", "function not found: 'hidden'"),
        (
            json!({ "name": "/script/function/asNamed" }),
            404,
            "FunctionNotFound",
            "function not found",
        ),
        (json!({ "name": "denied" }), 403, "NoMatchingRuleFound", "no rule matched"),
        (json!({ "name": "throws" }), 400, "FunctionExecutionError", "TypeError: no normal"),
        (json!({ "name": "broken" }), 400, "FunctionSyntaxError", ""),
        (json!({ "name": "asNobody" }), 403, "Forbidden", "the function has no user to run as"),
        (
            json!({ "name": "asNamed", "arguments": ["x"] }),
            403,
            "Forbidden",
            "the function has no user",
        ),
        (
            json!({ "name": "same", "arguments": [{ "$oid": "x" }] }),
            400,
            "FunctionExecutionError",
            "",
        ),
        (json!({ "name": "same", "arguments": {} }), 400, "BadRequest", "the field 'arguments'"),
        (json!({ "arguments": [] }), 400, "MissingParameter", "the field 'name' must be a string"),
        (json!([]), 400, "BadRequest", "the request body must be a JSON object"),
    ];
    for (body, status, code, text) in cases {
        let answer = call(&server, &token, &body).await;
        assert_eq!(answer.error(), (status, code.to_owned()), "{body}");
        assert!(answer.message().starts_with(text), "{body}: {answer:?}");
        assert!(!answer.text.ends_with('\n'));
    }
    for (token, code, text) in [
        ("", "MissingAuthReq", "must authenticate first"),
        ("Bearer x.y.z", "InvalidSession", "invalid session"),
        (&refresh, "InvalidSession", "invalid session"),
    ] {
        let answer = call(&server, token, &json!({ "name": "nothing" })).await;
        assert_eq!(answer.error(), (401, code.to_owned()), "{token}");
        assert_eq!(answer.message(), text);
    }
}

#[tokio::test]
async fn a_function_has_the_rights_that_its_settings_say() {
    let server = with_functions().start().await;
    let [token, _, id] = user(&server, EMAIL).await;
    let [_, _, other] = user(&server, "b@example.com").await;
    let seen = async |name: &str, arguments| {
        let answer = call(&server, &token, &json!({ "name": name, "arguments": arguments })).await;
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
        answer.json()
    };
    assert_eq!(seen("asUser", json!([])).await, json!([id, false]));
    assert_eq!(seen("asSystem", json!([])).await, json!([id, true]));
    assert_eq!(seen("asNamed", json!([other])).await, json!([other, false]));
    assert_eq!(seen("asNamed", json!([])).await, json!([id, true]));
    // Who is let in by the condition gets the result.
    let [token, ..] = server.session("b@example.com").await;
    let answer = call(&server, &bearer(&token), &json!({ "name": "denied" })).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, r#"{"$numberLong":"1"}"#));
}

#[tokio::test]
async fn the_user_whom_a_script_names_has_custom_data() {
    let insert = "exports = (user) => context.services.get('mongodb-atlas').db('d')
      .collection('people').insertOne({ user, rank: 'high' })";
    let server = app()
        .data()
        .custom_user_data(json!({
            "enabled": true, "mongo_service_name": "mongodb-atlas", "database_name": "d",
            "collection_name": "people", "user_id_field": "user",
        }))
        .function("insert", insert, json!({}))
        .function(
            "rank",
            "exports = () => context.user.custom_data.rank ?? 'none'",
            json!({
                "run_as_system": false,
                "run_as_user_id_script_source": "exports = (id) => id",
            }),
        )
        .start()
        .await;
    let [token, _, id] = user(&server, EMAIL).await;
    let [_, _, other] = user(&server, "b@example.com").await;
    let seen = async |name: &str, id: &str| {
        let body = json!({ "name": name, "arguments": [id] });
        let answer = call(&server, &token, &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    };
    seen("insert", &other).await;
    assert_eq!(seen("rank", &other).await, json!("high"));
    assert_eq!(seen("rank", &id).await, json!("none"));
}

#[tokio::test]
async fn tokens_in_a_url_reach_neither_functions_nor_the_journal() {
    let server = with_functions().start().await;
    let [token, ..] = user(&server, EMAIL).await;
    let bare = token.trim_start_matches("Bearer ").to_owned();
    let path = format!("{}?a=1&baas_at={bare}&stitch_at={bare}", super::call_path());
    let answer = named(&server, &path, &token, "request").await;
    assert_eq!(answer, json!(["a=1", "POST"]));
    let log = server.stop().await;
    assert!(log.contains("functions/call") && !log.contains(&bare), "{log}");
}

async fn named(server: &Running, path: &str, token: &str, name: &str) -> serde_json::Value {
    let body = json!({ "name": name }).to_string();
    server.call("POST", path, &[("authorization", token)], body).await.json()
}

#[tokio::test]
async fn a_user_who_is_disabled_or_gone_is_refused_at_the_call_and_at_the_refresh() {
    let server = with_functions().start().await;
    let [token, refresh, id] = user(&server, EMAIL).await;
    let users = server.handle().site().users().unwrap().clone();
    users.set_enabled(&id, false).await.unwrap();
    let answer = call(&server, &token, &json!({ "name": "nothing" })).await;
    assert_eq!(answer.error(), (401, "InvalidSession".to_owned()));
    let session = "/api/client/v2.0/auth/session";
    let answer = server.call("POST", session, &[("authorization", &refresh)], "").await;
    assert_eq!(answer.error(), (401, "InvalidSession".to_owned()));
}
