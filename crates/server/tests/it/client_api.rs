//! The client API: location, API keys, deletion, functions and collections, over HTTP.

mod data;
mod functions;

use serde_json::{Value as Json, json};

use crate::{
    harness::{APP, Answer, App, Running},
    users::{app, bearer},
};

const API: &str = "/api/client/v2.0";
const EMAIL: &str = "ada@example.com";

fn call_path() -> String {
    format!("{API}/app/{APP}/functions/call")
}

/// Calls a function, or a method of a service, with a body.
async fn call(server: &Running, token: &str, body: &Json) -> Answer {
    let headers = [("authorization", token)];
    server.call("POST", &call_path(), &headers, body.to_string()).await
}

/// A user who has just logged in: the access token and the refresh token as headers, and the id.
async fn user(server: &Running, email: &str) -> [String; 3] {
    server.register(email).await;
    let [access, refresh, id] = server.session(email).await;
    [bearer(&access), bearer(&refresh), id]
}

#[tokio::test]
async fn the_location_is_the_host_that_the_client_knows() {
    let path = format!("{API}/app/{APP}/location");
    let server = app().root("location", json!("DE-FF")).start().await;
    let answer = server.call("GET", &path, &[], "").await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"));
    assert_eq!(answer.header("content-type"), "application/json");
    let address = server.address;
    let expected = json!({
        "deployment_model": "GLOBAL", "location": "DE-FF",
        "hostname": format!("http://{address}"), "ws_hostname": format!("ws://{address}"),
    });
    assert_eq!(answer.json(), expected);
    // Nobody is a proxy here.
    let forwarded = [("x-forwarded-host", "evil.test"), ("x-forwarded-proto", "https")];
    assert_eq!(server.call("GET", &path, &forwarded, "").await.json(), expected);
    let answer = server.call("POST", &path, &[], "").await;
    assert_eq!(answer.error(), (404, "NotFound".to_owned()));
    let browser = [("origin", "https://a.test"), ("access-control-request-method", "GET")];
    let answer = server.call("OPTIONS", &path, &browser, "").await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (204, "*"));
}

#[tokio::test]
async fn the_location_is_what_a_trusted_proxy_or_the_operator_says() {
    let path = format!("{API}/app/{APP}/location");
    let trusting =
        |app: App| app.config(|c| c.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]);
    let server = trusting(app()).start().await;
    let forwarded = [("x-forwarded-host", "app.test"), ("x-forwarded-proto", "https")];
    let json = server.call("GET", &path, &forwarded, "").await.json();
    assert_eq!(
        (&json["hostname"], &json["ws_hostname"]),
        (&json!("https://app.test"), &json!("wss://app.test"))
    );
    for header in
        [("x-forwarded-host", "a b"), ("x-forwarded-host", "a, b"), ("x-forwarded-proto", "ftp")]
    {
        let answer = server.call("GET", &path, &[header], "").await;
        assert_eq!(answer.error(), (400, "BadRequest".to_owned()), "{header:?}");
    }
    let base_url = "https://public.test".to_owned();
    let server = trusting(app()).site_config(|c| c.public_base_url = Some(base_url)).start().await;
    let json = server.call("GET", &path, &forwarded, "").await.json();
    assert_eq!(json["hostname"], "https://public.test");
}

#[tokio::test]
async fn a_user_has_api_keys_and_the_session_of_one_cannot_delete_it() {
    let server = app().start().await;
    let [access, refresh, id] = user(&server, EMAIL).await;
    let keys = format!("{API}/auth/api_keys");
    let ask = |method: &'static str, rest: String, token: String, body: &'static str| {
        let (server, path) = (&server, format!("{keys}{rest}"));
        async move { server.call(method, &path, &[("authorization", &token)], body).await }
    };
    let of = |rest: &str| (rest.to_owned(), refresh.clone());
    for (method, token, code) in
        [("GET", &access, "InvalidSession"), ("POST", &String::new(), "MissingAuthReq")]
    {
        let answer = ask(method, String::new(), token.clone(), r#"{"name":"n"}"#).await;
        assert_eq!(answer.error(), (401, code.to_owned()), "{method}");
    }
    let (rest, token) = of("");
    let answer = ask("POST", rest, token, r#"{"name":"nightly"}"#).await;
    assert_eq!((answer.status, answer.header("content-type")), (201, "application/json"));
    let new = answer.json();
    let (key, key_id) = (new["key"].as_str().unwrap(), new["_id"].as_str().unwrap().to_owned());
    assert_eq!((key.len(), &new["name"], &new["disabled"]), (64, &json!("nightly"), &json!(false)));
    let (rest, token) = of("");
    let answer = ask("POST", rest, token, r#"{"name":"nightly"}"#).await;
    assert_eq!(answer.error(), (409, "APIKeyAlreadyExists".to_owned()));
    let shown = json!({ "_id": key_id, "name": "nightly", "disabled": false });
    let (rest, token) = of("");
    assert_eq!(ask("GET", rest, token, "").await.json(), json!([shown]));
    let (rest, token) = of(&format!("/{key_id}"));
    assert_eq!(ask("GET", rest, token, "").await.json(), shown);

    // The key logs in as its user, and its own session cannot delete it.
    let path = format!("{API}/app/{APP}/auth/providers/api-key/login");
    let body = json!({ "key": key }).to_string();
    let log_in = server.call("POST", &path, &[], &body).await.json();
    assert_eq!(log_in["user_id"], json!(id));
    let of_key = bearer(log_in["refresh_token"].as_str().unwrap());
    let answer = ask("DELETE", format!("/{key_id}"), of_key, "").await;
    assert_eq!(answer.error(), (403, "Forbidden".to_owned()));

    for (method, rest, status) in [
        ("PUT", format!("/{key_id}/disable"), 204),
        ("PUT", format!("/{key_id}/enable"), 204),
        ("PUT", format!("/{key_id}"), 404),
        ("GET", format!("/{key_id}/enable"), 404),
        ("PUT", "/x/enable".to_owned(), 404),
        ("GET", "/5e58667d902d38559c802b13".to_owned(), 404),
        ("GET", format!("/{key_id}/"), 404),
        ("DELETE", format!("/{key_id}"), 204),
        ("DELETE", format!("/{key_id}"), 404),
    ] {
        let answer = ask(method, rest.clone(), refresh.clone(), "").await;
        assert_eq!(answer.status, status, "{method} {rest}: {answer:?}");
    }
    let answer = server.call("POST", &path, &[], &body).await;
    assert_eq!(answer.error(), (401, "AuthError".to_owned()));
}

#[tokio::test]
async fn api_keys_are_twenty_at_most_and_not_for_anonymous_users() {
    let server = app().start().await;
    let [_, refresh, _] = user(&server, EMAIL).await;
    let keys = format!("{API}/auth/api_keys");
    let create = async |token: &str, name: String| {
        let body = json!({ "name": name }).to_string();
        server.call("POST", &keys, &[("authorization", token)], body).await
    };
    for number in 0..20 {
        assert_eq!(create(&refresh, number.to_string()).await.status, 201, "{number}");
    }
    assert_eq!(create(&refresh, "more".to_owned()).await.error(), (400, "BadRequest".to_owned()));
    let path = format!("{API}/app/{APP}/auth/providers/anon-user/login");
    let anonymous = server.call("POST", &path, &[], "").await.json();
    let token = bearer(anonymous["refresh_token"].as_str().unwrap());
    assert_eq!(create(&token, "n".to_owned()).await.error(), (400, "BadRequest".to_owned()));
}

#[tokio::test]
async fn a_user_deletes_themselves() {
    let server = app().start().await;
    let [access, refresh, _] = user(&server, EMAIL).await;
    let ask = |method: &'static str, path: &'static str, token: String| {
        let server = &server;
        async move {
            server.call(method, &format!("{API}{path}"), &[("authorization", &token)], "").await
        }
    };
    let answer = ask("DELETE", "/auth/delete", refresh.clone()).await;
    assert_eq!(answer.error(), (401, "InvalidSession".to_owned()));
    let answer = ask("DELETE", "/auth/delete", access.clone()).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    let answer = ask("DELETE", "/auth/session", refresh.clone()).await;
    assert_eq!(answer.status, 204, "the library ends the session behind it: {answer:?}");
    let answer = ask("DELETE", "/auth/session", refresh.clone()).await;
    assert_eq!(answer.message(), "failed to find refresh token");
    for (method, path, token) in [
        ("GET", "/auth/profile", &access),
        ("POST", "/auth/session", &refresh),
        ("DELETE", "/auth/delete", &access),
    ] {
        let answer = ask(method, path, token.clone()).await;
        assert_eq!(answer.error(), (401, "InvalidSession".to_owned()), "{path}");
    }
    server.register(EMAIL).await;
}

#[tokio::test]
async fn what_is_not_served_answers_by_name_and_the_journal_says_so_once() {
    let server = app().data().start().await;
    let [access, ..] = user(&server, EMAIL).await;
    let token = access.trim_start_matches("Bearer ").to_owned();
    let request = |name: &str, service: &str| {
        let body = json!({ "name": name, "service": service, "arguments": [{}] });
        base64(&body.to_string())
    };
    let watch = |name: &str, service: &str| {
        format!("/functions/call?baas_request={}&baas_at={token}", request(name, service))
    };
    for _ in 0..2 {
        for (method, rest, expected) in [
            ("POST", "/graphql".to_owned(), (501, "NotSupported")),
            ("GET", "/realm-sync".to_owned(), (501, "NotSupported")),
            ("PUT", "/push/providers/gcm/registration".to_owned(), (404, "ServiceNotFound")),
            ("GET", watch("watch", "other"), (404, "ServiceNotFound")),
            ("GET", watch("find", "mongodb-atlas"), (400, "BadRequest")),
            ("GET", "/functions/call?baas_request=e30%3D".to_owned(), (401, "MissingAuthReq")),
            (
                "GET",
                "/functions/call?baas_request=e30%3D&baas_at=a.b.c".to_owned(),
                (401, "InvalidSession"),
            ),
            ("GET", format!("/functions/call?baas_at={token}"), (400, "MissingParameter")),
            ("PUT", "/functions/call".to_owned(), (404, "NotFound")),
        ] {
            let answer = server.call(method, &format!("{API}/app/{APP}{rest}"), &[], "").await;
            assert_eq!(answer.error(), (expected.0, expected.1.to_owned()), "{rest}");
        }
    }
    let log = server.stop().await;
    for what in ["GraphQL", "Device Sync", "push notifications"] {
        let lines =
            log.lines().filter(|line| line.contains(what) && line.contains("a client asked"));
        assert_eq!(lines.count(), 1, "{what}: {log}");
    }
    assert!(!log.contains(&token) && !log.contains(&request("watch", "other")), "{log}");
}

#[tokio::test]
async fn an_app_without_users_has_a_location_and_no_calls() {
    let server = App::new().function("f", "exports = () => 1", json!({})).start().await;
    assert_eq!(server.call("GET", &format!("{API}/app/{APP}/location"), &[], "").await.status, 200);
    let answer = call(&server, "Bearer a.b.c", &json!({ "name": "f" })).await;
    assert_eq!(answer.error(), (404, "NotFound".to_owned()));
    let answer = server.call("GET", &format!("{API}/app/other-abcde/location"), &[], "").await;
    assert_eq!(
        answer.json(),
        json!({ "error": "cannot find app using Client App ID 'other-abcde'" })
    );
}

/// Base64 as clients put it into a query.
fn base64(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        let bits = bits << (8 * (3 - chunk.len()));
        for index in 0..=chunk.len() {
            let digit = ALPHABET[(bits >> (18 - 6 * index) & 63) as usize];
            match digit {
                b'+' => encoded.push_str("%2B"),
                b'/' => encoded.push_str("%2F"),
                digit => encoded.push(digit.into()),
            }
        }
    }
    encoded
}
