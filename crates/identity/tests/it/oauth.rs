//! OpenID Connect tokens of Google and Apple: which of them prove who somebody is.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bson::doc;
use hookstead_identity::{
    AuthErrorKind, ClientSecret, Credentials, MetadataField, OAuthKind, OAuthProof, OAuthProvider,
    OAuthServer, Users,
};
use serde_json::{Value as Json, json};

use crate::{
    key_server::{KeyServer, RsaPair},
    stage::{FROM, Stage, on_both_stores},
};

on_both_stores! {
    a_token_of_the_provider_logs_in_and_the_user_is_the_same_again,
    an_imported_user_logs_in,
}

pub(crate) const ISSUER: &str = "https://provider.example";

/// A provider whose keys are at this server.
pub(crate) fn provider(keys: &KeyServer) -> OAuthProvider {
    OAuthProvider {
        client_id: "me".to_owned(),
        client_secret: Some(ClientSecret::new("client secret")),
        open_id: true,
        metadata_fields: Vec::new(),
        redirect_uris: vec!["https://app.example/in".to_owned()],
        domain_restrictions: Vec::new(),
        server: OAuthServer {
            jwks_url: keys.uri(),
            issuers: vec![ISSUER.to_owned()],
            ..OAuthServer::default()
        },
    }
}

pub(crate) fn users(stage: &Stage, keys: &KeyServer, google: OAuthProvider) -> Users {
    let (client, budget) = keys.client();
    stage.users_in(stage.directory().with_client(client, budget), |config| {
        let apple = OAuthProvider { open_id: false, ..google.clone() };
        config.providers.oauth =
            BTreeMap::from([(OAuthKind::Google, google), (OAuthKind::Apple, apple)]);
    })
}

/// A token with these claims, signed by RS256.
pub(crate) fn signed(header: &Json, claims: &Json, pair: &RsaPair) -> String {
    let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes()));
    format!("{message}.{signature}")
}

pub(crate) fn header() -> Json {
    json!({ "alg": "RS256", "kid": "a" })
}

fn claims() -> Json {
    json!({ "iss": ISSUER, "aud": "me", "sub": "1", "exp": 4_000_000_000_u64, "email": "a@b.c" })
}

fn google(token: &str) -> Credentials {
    Credentials::OAuth(OAuthKind::Google, OAuthProof::IdToken(token.to_owned()))
}

async fn a_token_of_the_provider_logs_in_and_the_user_is_the_same_again(stage: Stage) {
    let (pair, keys) = (RsaPair::generate(), KeyServer::start());
    keys.publish(&[pair.jwk("a")]);
    let users = users(&stage, &keys, provider(&keys));
    let token = signed(&header(), &claims(), &pair);
    let first = users.log_in(&google(&token), FROM).await.unwrap();
    let again = users.log_in(&google(&token), FROM).await.unwrap();
    assert_eq!(first.user.id, again.user.id);
    let identity = &first.user.identities[0];
    assert_eq!((&*identity.id, &*identity.provider_type), ("1", "oauth2-google"));
    assert_eq!(identity.data, doc! {}, "an OpenID Connect token has no metadata");
    // The same name at Apple is somebody else.
    let apple = Credentials::OAuth(OAuthKind::Apple, OAuthProof::IdToken(token));
    assert_ne!(users.log_in(&apple, FROM).await.unwrap().user.id, first.user.id);
    assert_eq!(keys.requests(), 2, "each provider has keys of its own, fetched once");
}

async fn an_imported_user_logs_in(stage: Stage) {
    let (pair, keys) = (RsaPair::generate(), KeyServer::start());
    keys.publish(&[pair.jwk("a")]);
    let users = users(&stage, &keys, provider(&keys));
    let list = json!([{
        "_id": "636aba021728b6c1c03db7f9",
        "identities": [{ "id": "1", "provider_type": "oauth2-google" }],
        "data": { "email": "ada@a.example" },
    }]);
    assert_eq!(users.import(&list).await.unwrap().created, 1);
    let user =
        users.log_in(&google(&signed(&header(), &claims(), &pair)), FROM).await.unwrap().user;
    assert_eq!(user.id, "636aba021728b6c1c03db7f9");
}

#[tokio::test]
async fn forged_and_foreign_tokens_prove_nobody() {
    let (pair, other) = (RsaPair::generate(), RsaPair::generate());
    let stage = Stage::embedded();
    let keys = KeyServer::start();
    keys.publish(&[pair.jwk("a")]);
    let users = users(&stage, &keys, provider(&keys));
    let good = signed(&header(), &claims(), &pair);
    for (name, token) in bad_tokens(&pair, &other, &good) {
        let error = users.log_in(&google(&token), FROM).await.err();
        let error = error.unwrap_or_else(|| panic!("{name} is accepted"));
        let told = "authentication with the provider failed";
        assert_eq!((error.kind, &*error.message), (AuthErrorKind::AuthError, told), "{name}");
        let detail = error.detail.unwrap();
        assert!(token.is_empty() || !detail.contains(&token), "{name}: {detail}");
    }
    assert!(keys.requests() <= 2, "unknown keys cost no call each");
    assert!(users.log_in(&google(&good), FROM).await.is_ok());
}

fn bad_tokens(pair: &RsaPair, other: &RsaPair, good: &str) -> Vec<(&'static str, String)> {
    let with = |name: &str, value: Json| {
        let mut claims = claims();
        claims[name] = value;
        claims
    };
    let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
    let unsigned =
        |alg: &str| format!("{}.{}.", part(&json!({ "alg": alg, "kid": "a" })), part(&claims()));
    // The public key is known to everybody, also as the key of a code.
    let by_hmac = |secret: &[u8]| {
        let head = part(&json!({ "alg": "HS256", "kid": "a" }));
        let message = format!("{head}.{}", part(&claims()));
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
        let tag = aws_lc_rs::hmac::sign(&key, message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
    };
    let (message, _) = good.rsplit_once('.').unwrap();
    vec![
        ("aud", signed(&header(), &with("aud", json!("you")), pair)),
        ("no aud", signed(&header(), &with("aud", json!(null)), pair)),
        ("iss", signed(&header(), &with("iss", json!("https://evil.example")), pair)),
        ("expired", signed(&header(), &with("exp", json!(1_600_000_000)), pair)),
        ("no exp", signed(&header(), &with("exp", json!(null)), pair)),
        ("no sub", signed(&header(), &with("sub", json!(null)), pair)),
        ("another key", signed(&header(), &claims(), other)),
        ("an unknown kid", signed(&json!({ "alg": "RS256", "kid": "b" }), &claims(), pair)),
        ("no kid", signed(&json!({ "alg": "RS256" }), &claims(), pair)),
        (
            "a key in the token",
            signed(&json!({ "alg": "RS256", "kid": "b", "jwk": other.jwk("b") }), &claims(), other),
        ),
        (
            "crit",
            signed(&json!({ "alg": "RS256", "kid": "a", "crit": ["x"], "x": 1 }), &claims(), pair),
        ),
        ("RS512", signed(&json!({ "alg": "RS512", "kid": "a" }), &claims(), pair)),
        ("none", unsigned("none")),
        ("None", unsigned("None")),
        ("RS256 without a signature", unsigned("RS256")),
        ("HS256 by the PEM", by_hmac(pair.pem().as_bytes())),
        ("HS256 by the modulus", by_hmac(pair.jwk("a")["n"].as_str().unwrap().as_bytes())),
        ("HS256 by the client secret", by_hmac(b"client secret")),
        ("no signature", message.to_owned()),
        ("nothing", String::new()),
        ("too long", format!("{good}{}", "A".repeat(1_000_000))),
    ]
}

#[tokio::test]
async fn a_provider_whose_keys_cannot_be_had_is_not_the_users_fault() {
    let (pair, keys) = (RsaPair::generate(), KeyServer::start());
    let stage = Stage::embedded();
    let token = signed(&header(), &claims(), &pair);
    for (status, body) in [(500, ""), (200, "no keys")] {
        keys.answer(status, body);
        let users = users(&stage, &keys, provider(&keys));
        let error = users.log_in(&google(&token), FROM).await.err().unwrap();
        assert_eq!(error.kind, AuthErrorKind::Unavailable, "{status}");
    }
    // Nor may a server be called that the operator has not allowed.
    keys.publish(&[pair.jwk("a")]);
    let before = keys.requests();
    let (client, budget) = KeyServer::client_of_public_addresses();
    let users = stage.users_in(stage.directory().with_client(client, budget), |config| {
        config.providers.oauth = BTreeMap::from([(OAuthKind::Google, provider(&keys))]);
    });
    let error = users.log_in(&google(&token), FROM).await.err().unwrap();
    assert_eq!((error.kind, keys.requests()), (AuthErrorKind::Unavailable, before));
}

#[tokio::test]
async fn metadata_of_google_comes_by_its_names_and_a_required_one_must_be_there() {
    let (keys, tokens, user) = (KeyServer::start(), KeyServer::start(), KeyServer::start());
    tokens.answer(200, r#"{"access_token":"t"}"#);
    let field =
        |name: &str, required| MetadataField { name: name.to_owned(), field_name: None, required };
    let mut google = provider(&keys);
    google.open_id = false;
    google.metadata_fields = vec![field("first_name", true), field("picture", false)];
    google.server.token_url = tokens.uri();
    google.server.user_info_url = user.uri();
    let stage = Stage::embedded();
    let urls = [&keys, &tokens, &user].map(KeyServer::uri);
    let (client, budget) = KeyServer::client_of_all(&urls);
    let users = stage.users_in(stage.directory().with_client(client, budget), |config| {
        config.providers.oauth = BTreeMap::from([(OAuthKind::Google, google)]);
    });
    let code = || Credentials::OAuth(OAuthKind::Google, OAuthProof::Code("c".to_owned()));
    user.answer(200, r#"{"sub":"1","given_name":"Ada","picture":"https://a.example/p"}"#);
    let data = users.log_in(&code(), FROM).await.unwrap().user.data.clone();
    assert_eq!(data, doc! { "first_name": "Ada", "picture": "https://a.example/p" });
    // It follows what the provider says at each log-in.
    user.answer(200, r#"{"sub":"1","given_name":"Augusta"}"#);
    let data = users.log_in(&code(), FROM).await.unwrap().user.data.clone();
    assert_eq!(data, doc! { "first_name": "Augusta" });
    user.answer(200, r#"{"sub":"2","picture":"https://a.example/p"}"#);
    let error = users.log_in(&code(), FROM).await.err().unwrap();
    assert_eq!(error.kind, AuthErrorKind::AuthError);
}
