//! The fields of the providers, each with a case; docs/users.md lists the same.

use std::collections::BTreeSet;

use hookstead_testing::OpenIdServer;
use serde_json::{Value as Json, json};

use super::{
    REDIRECT, app,
    browser::{Browser, url_encoded},
    clients::{code, facebook_token, id_token},
    login_path, settings,
};
use crate::harness::{APP, Running};

const DOCS: &str = include_str!("../../../../../docs/users.md");
const HEADING: &str = "## Fields of the providers";
const PASSWORD: &str = "correct horse";
const KEYS: [&str; 2] =
    ["an example key of more than 32 bytes", "another example key of more than 32 bytes"];

/// What is done with the provider, after which something is seen.
enum Deed {
    /// Log in with this body: the status.
    LogIn(Json),
    /// Log in with this body: what is known of the user then.
    Data(Json),
    /// Register and log in: both statuses.
    Register,
    /// Set a new password by the function: the status.
    Reset,
    /// Log in by a browser as this user: what comes back.
    Browser(&'static str),
    /// Begin a log-in by a browser: the status.
    Depart,
}

/// One field: with these settings the deed comes to this.
type Case = (&'static str, &'static str, Json, Deed, Json);

/// Tokens and codes that the cases need.
struct Proofs {
    of_google: String,
    of_apple: String,
    of_facebook: String,
    code: String,
}

fn token_cases() -> Vec<Case> {
    use Deed::{Data, LogIn};
    let token = |name: &str, changes: Json| {
        let mut settings = json!({
            "config": { "signingAlgorithm": "HS256" }, "secret_config": { "signingKeys": ["jwt"] },
        });
        settings[name] = changes;
        settings
    };
    let jwt = |index: usize, audience: &str| json!({ "token": signed(KEYS[index], audience) });
    let for_two = |any: bool| {
        token(
            "config",
            json!({
                "signingAlgorithm": "HS256", "audience": ["one", "two"], "requireAnyAudience": any,
            }),
        )
    };
    let algorithm = token("config", json!({ "signingAlgorithm": "RS256" }));
    let other_key = token("secret_config", json!({ "signingKeys": ["other"] }));
    let metadata = token("metadata_fields", json!([{ "name": "n.a", "field_name": "b" }]));
    vec![
        (
            "custom-token",
            "config.audience",
            token("x", json!(null)),
            LogIn(jwt(0, APP)),
            json!(200),
        ),
        (
            "custom-token",
            "config.audience",
            token("x", json!(null)),
            LogIn(jwt(0, "one")),
            json!(401),
        ),
        (
            "custom-token",
            "config.requireAnyAudience",
            for_two(true),
            LogIn(jwt(0, "one")),
            json!(200),
        ),
        (
            "custom-token",
            "config.requireAnyAudience",
            for_two(false),
            LogIn(jwt(0, "one")),
            json!(401),
        ),
        ("custom-token", "config.signingAlgorithm", algorithm, LogIn(jwt(0, APP)), json!(401)),
        (
            "custom-token",
            "secret_config.signingKeys",
            other_key.clone(),
            LogIn(jwt(0, APP)),
            json!(401),
        ),
        ("custom-token", "secret_config.signingKeys", other_key, LogIn(jwt(1, APP)), json!(200)),
        ("custom-token", "metadata_fields", metadata, Data(jwt(0, APP)), json!({ "b": 1 })),
    ]
}

fn plain_cases() -> Vec<Case> {
    use Deed::{LogIn, Register, Reset};
    let config = |config: Json| json!({ "config": config });
    let confirms = |name: &str| {
        config(json!({ "runConfirmationFunction": true, "confirmationFunctionName": name,
            "resetPasswordUrl": "https://a.example" }))
    };
    let resets = |name: &str| {
        config(json!({ "autoConfirm": true, "runResetFunction": true, "resetFunctionName": name }))
    };
    let user = "local-userpass";
    let automatic = json!({ "autoConfirm": true, "resetPasswordUrl": "https://a.example" });
    let by_mail = json!({ "emailConfirmationUrl": "https://a", "resetPasswordUrl": "https://a" });
    vec![
        ("anon-user", "disabled", json!({}), LogIn(json!({})), json!(200)),
        ("anon-user", "disabled", json!({ "disabled": true }), LogIn(json!({})), json!(404)),
        ("api-key", "disabled", json!({}), LogIn(json!({ "key": "k" })), json!(401)),
        (
            "api-key",
            "disabled",
            json!({ "disabled": true }),
            LogIn(json!({ "key": "k" })),
            json!(404),
        ),
        (user, "config.autoConfirm", config(automatic), Register, json!([201, 200])),
        (user, "config.autoConfirm", config(by_mail), Register, json!([201, 401])),
        (user, "config.confirmationFunctionName", confirms("good"), Register, json!([201, 200])),
        (user, "config.confirmationFunctionName", confirms("bad"), Register, json!([400, 401])),
        (user, "config.resetFunctionName", resets("good"), Reset, json!(204)),
        (user, "config.resetFunctionName", resets("bad"), Reset, json!(400)),
        (
            "custom-function",
            "config.authFunctionName",
            config(json!({ "authFunctionName": "who" })),
            LogIn(json!({ "name": "ada" })),
            json!(200),
        ),
    ]
}

fn oauth_cases(proofs: &Proofs) -> Vec<Case> {
    use Deed::{Browser, Data, Depart, LogIn};
    let [google, facebook, apple] = ["oauth2-google", "oauth2-facebook", "oauth2-apple"];
    let google_token = || json!({ "id_token": proofs.of_google });
    let apple_token = || json!({ "id_token": proofs.of_apple });
    let facebook_token = || json!({ "accessToken": proofs.of_facebook });
    let client = |id: &str| json!({ "config": { "clientId": id, } });
    let open = |id: &str| json!({ "config": { "clientId": id, "openId": true } });
    let wrong = || json!({ "secret_config": { "clientSecret": "wrong" } });
    let none = || json!({ "metadata_fields": [] });
    let only = |domain: &str| json!({ "domain_restrictions": [domain] });
    let elsewhere = || json!({ "redirect_uris": ["https://elsewhere.example"] });
    let failed = || json!("authentication with the provider failed");
    let domain = || json!("the domain of the email address is not allowed");
    let email = json!({ "email": "ada@a.example", "first_name": "Ada" });
    let mut cases = vec![
        (google, "config.clientId", open("google-app"), LogIn(google_token()), json!(200)),
        (google, "config.clientId", open("other"), LogIn(google_token()), json!(401)),
        (google, "config.openId", json!({}), LogIn(google_token()), json!(400)),
        (google, "config.openId", open("google-app"), Data(google_token()), json!({})),
        (google, "secret_config.clientSecret", json!({}), Browser("ada"), json!(null)),
        (google, "secret_config.clientSecret", wrong(), Browser("ada"), failed()),
        (
            google,
            "metadata_fields",
            json!({}),
            Data(json!({ "authCode": proofs.code })),
            email.clone(),
        ),
        (google, "domain_restrictions", only("a.example"), Browser("ada"), json!(null)),
        (google, "domain_restrictions", only("b.example"), Browser("ada"), domain()),
        (facebook, "config.clientId", client("12"), LogIn(facebook_token()), json!(200)),
        (facebook, "config.clientId", client("13"), LogIn(facebook_token()), json!(401)),
        (facebook, "secret_config.clientSecret", wrong(), LogIn(facebook_token()), json!(401)),
        (facebook, "metadata_fields", json!({}), Data(facebook_token()), email),
        (facebook, "metadata_fields", none(), Data(facebook_token()), json!({})),
        (facebook, "domain_restrictions", only("a.example"), LogIn(facebook_token()), json!(404)),
        (apple, "config.clientId", client("apple-app"), LogIn(apple_token()), json!(200)),
        (apple, "config.clientId", client("other"), LogIn(apple_token()), json!(401)),
        (apple, "secret_config.clientSecret", json!({}), Browser("ada"), json!(null)),
        (apple, "secret_config.clientSecret", wrong(), Browser("ada"), failed()),
        (apple, "domain_restrictions", only("a.example"), Browser("ada"), json!(null)),
        (apple, "domain_restrictions", only("b.example"), Browser("ada"), domain()),
    ];
    for provider in [google, facebook, apple] {
        cases.push((provider, "redirect_uris", json!({}), Depart, json!(302)));
        cases.push((provider, "redirect_uris", elsewhere(), Depart, json!(400)));
    }
    cases
}

/// A custom token for this audience.
fn signed(key: &str, audience: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let claims = json!({ "aud": audience, "sub": "1", "exp": 4_000_000_000_u64, "n": { "a": 1 } });
    let part = |text: String| URL_SAFE_NO_PAD.encode(text);
    let header = part(json!({ "alg": "HS256", "typ": "JWT" }).to_string());
    let message = format!("{header}.{}", part(claims.to_string()));
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, key.as_bytes());
    let tag = aws_lc_rs::hmac::sign(&key, message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
}

/// What a deed comes to.
async fn seen(server: &Running, provider: &str, deed: &Deed) -> Json {
    match deed {
        Deed::LogIn(body) => json!(server.log_in(provider, body.clone()).await.status),
        Deed::Data(body) => {
            let answer = server.log_in(provider, body.clone()).await;
            super::clients::data(server, &answer).await.1
        }
        Deed::Register | Deed::Reset => {
            let path = |call: &str| login_path(provider).replace("login", call);
            let sent = json!({ "email": "ada@a.example", "password": PASSWORD });
            let registered = server.json("POST", &path("register"), &[], sent.clone()).await;
            if matches!(deed, Deed::Reset) {
                let reset = server.json("POST", &path("reset/call"), &[], sent).await;
                return json!(reset.status);
            }
            let body = json!({ "username": "ada@a.example", "password": PASSWORD });
            json!([registered.status, server.log_in(provider, body).await.status])
        }
        Deed::Browser(user) => {
            let result = Browser::new(server, user).log_in(provider).await;
            json!(result.get("_baas_error"))
        }
        Deed::Depart => {
            let query = format!("?redirect={}", url_encoded(REDIRECT));
            let path = format!("{}{query}", login_path(provider));
            json!(server.call("GET", &path, &[], "").await.status)
        }
    }
}

#[tokio::test]
async fn every_field_of_the_documentation_does_what_it_says() {
    let stand_in = OpenIdServer::start();
    let url = stand_in.url();
    let server = app(url).start().await;
    let proofs = Proofs {
        of_google: id_token(&server, url, "google-app", "ada").await,
        of_apple: id_token(&server, url, "apple-app", "ada").await,
        of_facebook: facebook_token(&server, url, "12", "7").await,
        code: code(&server, url, "google-app", "ada").await,
    };
    let oauth = oauth_cases(&proofs);
    let cases: Vec<_> = plain_cases().into_iter().chain(token_cases()).chain(oauth).collect();
    let status = |status: &str| format!("exports = () => ({{ status: '{status}' }})");
    for (provider, field, changes, deed, expected) in &cases {
        let is_oauth = provider.starts_with("oauth2-");
        let all = if is_oauth { settings(provider, changes.clone()) } else { changes.clone() };
        let server = app(url)
            .secret("jwt", KEYS[0])
            .secret("other", KEYS[1])
            .secret("wrong", "wrong")
            .function("good", &status("success"), json!({}))
            .function("bad", &status("fail"), json!({}))
            .function("who", "exports = ({ name }) => name", json!({}))
            .provider(provider, all)
            .start()
            .await;
        assert_eq!(seen(&server, provider, deed).await, *expected, "{provider} {field} {changes}");
    }
    let held: BTreeSet<_> = cases.iter().map(|(provider, field, ..)| (*provider, *field)).collect();
    assert_eq!(documented(), held);
}

/// The providers and fields that the documentation lists.
fn documented() -> BTreeSet<(&'static str, &'static str)> {
    let section = DOCS.split_once(HEADING).unwrap().1;
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let names = |row: &'static str| {
        let mut texts = row.split('`');
        (texts.next().unwrap(), texts.nth(1).unwrap())
    };
    rows.map(names).collect()
}
