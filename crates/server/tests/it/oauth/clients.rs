//! Logging in with what a client brings from a provider.

use hookstead_testing::OpenIdServer;
use serde_json::{Value as Json, json};

use super::{
    SECRETS, app,
    browser::{Browser, url_encoded},
    settings,
};
use crate::harness::{Answer, Running};

/// Where the provider sends a device, which takes the code from the URL.
const NATIVE: &str = "https://hooks.example/native";

/// A code that a device gets from the stand-in.
pub(super) async fn code(server: &Running, url: &str, client: &str, user: &'static str) -> String {
    let query = format!(
        "client_id={client}&response_type=code&scope=openid+email+profile&redirect_uri={}",
        url_encoded(NATIVE)
    );
    let mut browser = Browser::new(server, user);
    let mut page = format!("{url}/auth?{query}");
    loop {
        let answer = browser.ask(&page, None, &[]).await;
        let next = answer.header("location");
        if let Some(query) = next.strip_prefix(&format!("{NATIVE}?")) {
            let code = query.split('&').find_map(|pair| pair.strip_prefix("code=")).unwrap();
            return code.to_owned();
        }
        page = match next.starts_with('/') {
            true => format!("{url}{next}?login={user}"),
            false => next.to_owned(),
        };
    }
}

/// An OpenID Connect token that the stand-in makes for a client.
pub(super) async fn id_token(
    server: &Running,
    url: &str,
    client: &str,
    user: &'static str,
) -> String {
    let secret = match client {
        "google-app" => SECRETS[0],
        "apple-app" => SECRETS[1],
        _ => "other secret",
    };
    let form = format!(
        "grant_type=authorization_code&code={}&client_id={client}&client_secret={}",
        code(server, url, client, user).await,
        url_encoded(secret)
    );
    let answer = Browser::new(server, user).ask(&format!("{url}/token"), Some(form), &[]).await;
    answer.json()["id_token"].as_str().unwrap().to_owned()
}

/// An access token of Facebook, of an app and a user.
pub(super) async fn facebook_token(server: &Running, url: &str, app: &str, user: &str) -> String {
    let url = format!("{url}/facebook/issue?app={app}&user={user}");
    let answer = Browser::new(server, "").ask(&url, None, &[]).await;
    answer.json()["token"].as_str().unwrap().to_owned()
}

pub(super) async fn data(server: &Running, answer: &Answer) -> (Json, Json) {
    assert_eq!(answer.status, 200, "{answer:?}");
    let token = format!("Bearer {}", answer.json()["access_token"].as_str().unwrap());
    let headers = [("authorization", token.as_str())];
    let profile = server.call("GET", "/api/client/v2.0/auth/profile", &headers, "").await.json();
    (profile["identities"][0]["id"].clone(), profile["data"].clone())
}

#[tokio::test]
async fn codes_and_tokens_log_in_and_metadata_follows() {
    let stand_in = OpenIdServer::start();
    let url = stand_in.url();
    let server = app(url).start().await;
    let code = code(&server, url, "google-app", "ada").await;
    let apple = id_token(&server, url, "apple-app", "ada").await;
    let facebook = facebook_token(&server, url, "12", "7").await;
    let known = json!({ "email": "ada@a.example", "first_name": "Ada" });
    let cases = [
        ("oauth2-google", json!({ "authCode": code, "options": {} }), "ada", known.clone()),
        ("oauth2-apple", json!({ "id_token": apple, "provider": "x" }), "ada", json!({})),
        ("oauth2-facebook", json!({ "accessToken": facebook }), "7", known),
    ];
    for (provider, body, subject, expected) in &cases {
        let answer = server.log_in(provider, body.clone()).await;
        assert_eq!(data(&server, &answer).await, (json!(subject), expected.clone()), "{provider}");
    }
    let log = server.stop().await;
    for secret in SECRETS.iter().copied().chain([&*code, &*apple, &*facebook]) {
        assert!(!log.contains(secret), "{log}");
    }
}

#[tokio::test]
async fn open_id_takes_tokens_and_codes_and_no_metadata() {
    let stand_in = OpenIdServer::start();
    let url = stand_in.url();
    let open_id = settings("oauth2-google", json!({ "config": { "openId": true } }));
    let server = app(url).provider("oauth2-google", open_id).start().await;
    let token = id_token(&server, url, "google-app", "ada").await;
    let code = code(&server, url, "google-app", "ada").await;
    let mut users = Vec::new();
    for body in [json!({ "id_token": token, "authCode": null }), json!({ "authCode": code })] {
        let answer = server.log_in("oauth2-google", body).await;
        assert_eq!(data(&server, &answer).await, (json!("ada"), json!({})));
        users.push(answer.json()["user_id"].clone());
    }
    assert_eq!(users[0], users[1]);
}

#[tokio::test]
async fn what_proves_nobody_is_refused() {
    let stand_in = OpenIdServer::start();
    let url = stand_in.url();
    let server = app(url).start().await;
    let own = id_token(&server, url, "google-app", "ada").await;
    let others = id_token(&server, url, "other", "ada").await;
    let used = code(&server, url, "google-app", "ada").await;
    assert_eq!(server.log_in("oauth2-google", json!({ "authCode": used })).await.status, 200);
    let code_of_other = code(&server, url, "other", "ada").await;
    let token_of_other = facebook_token(&server, url, "13", "7").await;
    let (auth, bad) = ((401, "AuthError"), (400, "BadRequest"));
    let missing = (400, "MissingParameter");
    let [google, apple, facebook] = ["oauth2-google", "oauth2-apple", "oauth2-facebook"];
    let cases = [
        // OpenID Connect is not enabled.
        (google, json!({ "id_token": own }), bad),
        (google, json!({ "id_token": own, "authCode": "c" }), bad),
        (google, json!({ "authCode": used }), auth),
        (google, json!({ "authCode": code_of_other }), auth),
        (google, json!({ "authCode": "" }), auth),
        (google, json!({ "authCode": 5 }), missing),
        (google, json!({ "accessToken": "t" }), missing),
        (google, json!({}), missing),
        (apple, json!({ "id_token": own }), auth),
        (apple, json!({ "id_token": others }), auth),
        (apple, json!({ "id_token": "a.b.c" }), auth),
        (apple, json!({ "authCode": "c" }), missing),
        (facebook, json!({ "accessToken": token_of_other }), auth),
        (facebook, json!({ "accessToken": "unknown" }), auth),
        (facebook, json!({ "id_token": own }), missing),
        ("oauth2-github", json!({ "authCode": "c" }), (404, "AuthProviderNotFound")),
    ];
    for (provider, body, (status, code)) in cases {
        let answer = server.log_in(provider, body.clone()).await;
        assert_eq!(answer.error(), (status, code.to_owned()), "{provider} {body}");
    }
}

#[tokio::test]
async fn an_access_token_links_its_identity_to_one_user_only() {
    let stand_in = OpenIdServer::start();
    let url = stand_in.url();
    let server = app(url).start().await;
    let facebook = facebook_token(&server, url, "12", "7").await;
    let body = json!({ "accessToken": facebook }).to_string();
    let path = format!("{}?link=true", super::login_path("oauth2-facebook"));
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let anonymous = server.log_in("anon-user", json!({})).await.json();
        let token = format!("Bearer {}", anonymous["access_token"].as_str().unwrap());
        tokens.push((token, anonymous["user_id"].clone()));
    }
    let answer = server.call("POST", &path, &[("authorization", &tokens[0].0)], &body).await;
    assert_eq!((answer.status, &answer.json()["user_id"]), (200, &tokens[0].1));
    let answer = server.call("POST", &path, &[("authorization", &tokens[1].0)], &body).await;
    assert_eq!(answer.error(), (400, "BadRequest".to_owned()), "it belongs to another user");
    let answer = server.log_in("oauth2-facebook", json!({ "accessToken": facebook })).await;
    assert_eq!(answer.json()["user_id"], tokens[0].1);
}

#[tokio::test]
async fn the_function_for_new_users_and_a_disabled_user_count_here_too() {
    let stand_in = OpenIdServer::start();
    let url = stand_in.url();
    let refuses = "exports = ({ data }) => { if (data.email) throw new Error('nobody new') }";
    let creation = json!({ "enabled": false, "on_user_creation_function_name": "refuses" });
    let server =
        app(url).function("refuses", refuses, json!({})).custom_user_data(creation).start().await;
    let facebook = facebook_token(&server, url, "12", "7").await;
    let answer = server.log_in("oauth2-facebook", json!({ "accessToken": facebook })).await;
    assert_eq!(answer.error(), (401, "AuthError".to_owned()));
    let apple = json!({ "id_token": id_token(&server, url, "apple-app", "ada").await });
    let id = server.log_in("oauth2-apple", apple.clone()).await.json()["user_id"].clone();
    let users = server.handle().site().users().unwrap().clone();
    users.set_enabled(id.as_str().unwrap(), false).await.unwrap();
    let answer = server.log_in("oauth2-apple", apple).await;
    assert_eq!(answer.error(), (401, "UserDisabled".to_owned()));
    let result = Browser::new(&server, "ada").log_in("oauth2-apple").await;
    assert_eq!(result["_baas_error"], "user disabled");
}
