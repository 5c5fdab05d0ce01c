//! Tokens that others have signed.

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bson::doc;
use hookstead_identity::{
    AuthErrorKind, Credentials, CustomToken, MetadataField, TokenKeyError, TokenKeys, Users,
};
use serde_json::{Value as Json, json};

use crate::{
    key_server::{KeyServer, RsaPair},
    stage::{FROM, Stage, on_both_stores, refusal, refused},
};

on_both_stores! {
    a_token_logs_in_and_its_data_follows,
    a_header_makes_a_user_only_where_it_may,
}

const SECRET: &str = "7A4VvateM9s86tbkfisoLoChjGBjuJnZ";
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

fn message(header: &str, claims: &Json) -> String {
    let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
    format!("{}.{claims}", URL_SAFE_NO_PAD.encode(header))
}

fn by_hmac(header: &str, claims: &Json, secret: &str) -> String {
    let message = message(header, claims);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes()));
    format!("{message}.{tag}")
}

fn by_rsa(header: &str, claims: &Json, pair: &RsaPair) -> String {
    let message = message(header, claims);
    let signature = URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes()));
    format!("{message}.{signature}")
}

fn claims() -> Json {
    json!({ "aud": "shop-abcde", "sub": "24601", "exp": 2_145_916_800 })
}

fn field(name: &str, field_name: Option<&str>, required: bool) -> MetadataField {
    let field_name = field_name.map(str::to_owned);
    MetadataField { name: name.to_owned(), field_name, required }
}

fn with_keys(stage: &Stage, keys: TokenKeys) -> Users {
    let provider = CustomToken { keys: Some(keys), ..CustomToken::default() };
    stage.users_with(|config| config.providers.custom_token = Some(provider))
}

fn token(text: impl Into<String>) -> Credentials {
    Credentials::CustomToken(text.into())
}

async fn a_token_logs_in_and_its_data_follows(stage: Stage) {
    let provider = CustomToken {
        keys: Some(TokenKeys::hs256([SECRET]).unwrap()),
        metadata_fields: vec![
            field("user_data.name", Some("name"), true),
            field("http://example\\.com/id", None, false),
        ],
        ..CustomToken::default()
    };
    let users = stage.users_with(|config| config.providers.custom_token = Some(provider));
    let mut claims = claims();
    let missing = users.log_in(&token(by_hmac(HEADER, &claims, SECRET)), FROM).await;
    assert_eq!(refusal(missing), refused(AuthErrorKind::AuthError, "invalid custom token"));

    claims["user_data"] = json!({ "name": "Jean Valjean" });
    claims["http://example.com/id"] = "x".into();
    let log_in = users.log_in(&token(by_hmac(HEADER, &claims, SECRET)), FROM).await.unwrap();
    let identity = &log_in.user.identities[0];
    assert_eq!((&*identity.id, &*identity.provider_type), ("24601", "custom-token"));
    assert_eq!(identity.data, doc! { "name": "Jean Valjean", "http://example.com/id": "x" });
    assert_eq!(log_in.user.data, identity.data);

    // What the token says is taken over at each log-in.
    claims["user_data"] = json!({ "name": "M. Madeleine" });
    claims.as_object_mut().unwrap().remove("http://example.com/id");
    let again = token(by_hmac(HEADER, &claims, SECRET));
    let user = users.by_credentials(&again, FROM, false).await.unwrap();
    assert_eq!((&user.id, &user.data), (&log_in.user.id, &doc! { "name": "M. Madeleine" }));
    let user = users.by_access_token(&log_in.access_token).await.unwrap();
    assert_eq!(user.data, doc! { "name": "M. Madeleine" });
    assert_eq!(stage.documents("users").await.len(), 1);

    users.set_enabled(&user.id, false).await.unwrap();
    let disabled = refused(AuthErrorKind::UserDisabled, "user disabled");
    assert_eq!(refusal(users.by_credentials(&again, FROM, true).await), disabled);
}

async fn a_header_makes_a_user_only_where_it_may(stage: Stage) {
    let users = with_keys(&stage, TokenKeys::hs256([SECRET]).unwrap());
    let credentials = token(by_hmac(HEADER, &claims(), SECRET));
    let unknown = refused(AuthErrorKind::InvalidSession, "invalid session");
    assert_eq!(refusal(users.by_credentials(&credentials, FROM, false).await), unknown);
    for collection in ["users", "identities"] {
        assert_eq!(stage.documents(collection).await, []);
    }
    let user = users.by_credentials(&credentials, FROM, true).await.unwrap();
    for _ in 0..2 {
        let again = users.by_credentials(&credentials, FROM, false).await.unwrap();
        assert_eq!(again.id, user.id);
    }
    // A proof that is remembered does not outlive the token.
    stage.pass(std::time::Duration::from_hours(24 * 365 * 30));
    assert!(users.by_credentials(&credentials, FROM, false).await.is_err());
}

#[tokio::test]
async fn forged_tokens_are_refused() {
    let stage = Stage::embedded();
    let pair = RsaPair::generate();
    let other = RsaPair::generate();
    let (valid, pem) = (claims(), pair.pem());
    let rs256 = r#"{"alg":"RS256","typ":"JWT"}"#;
    let none = r#"{"alg":"none"}"#;
    let unsigned = format!("{}.", message(none, &valid));
    let by_secret = by_hmac(HEADER, &valid, SECRET);
    let expired = json!({ "aud": "shop-abcde", "sub": "24601", "exp": 1 });
    let of_secret = [
        ("no algorithm", unsigned.clone()),
        ("no algorithm, signed", by_hmac(none, &valid, SECRET)),
        ("another algorithm", by_hmac(r#"{"alg":"HS512"}"#, &valid, SECRET)),
        ("the algorithm in lower case", by_hmac(r#"{"alg":"hs256"}"#, &valid, SECRET)),
        ("the algorithm twice", by_hmac(r#"{"alg":"HS256","alg":"HS256"}"#, &valid, SECRET)),
        ("an extension", by_hmac(r#"{"alg":"HS256","crit":["exp"]}"#, &valid, SECRET)),
        ("signed by RS256", by_rsa(rs256, &valid, &pair)),
        ("another secret", by_hmac(HEADER, &valid, &SECRET.to_lowercase())),
        ("expired", by_hmac(HEADER, &expired, SECRET)),
        ("no claims", by_hmac(HEADER, &json!([]), SECRET)),
        ("truncated", by_secret[..by_secret.len() - 1].to_owned()),
        ("one part more", format!("{by_secret}.x")),
        ("two parts", message(HEADER, &valid)),
        ("nothing", String::new()),
        ("padding", format!("{by_secret}==")),
        ("huge", format!("{by_secret}{}", "A".repeat(1_000_000))),
    ];
    let of_key = [
        ("no algorithm", unsigned),
        ("the public key as a secret", by_hmac(HEADER, &valid, &pem)),
        ("the public key as a secret, trimmed", by_hmac(HEADER, &valid, pem.trim())),
        ("the public key as a secret, as RS256", by_hmac(rs256, &valid, &pem)),
        ("another key", by_rsa(rs256, &valid, &other)),
        ("a key of the token's own", {
            let header = json!({ "alg": "RS256", "jwk": other.jwk("a") }).to_string();
            by_rsa(&header, &valid, &other)
        }),
        ("expired", by_rsa(rs256, &expired, &pair)),
    ];
    let by_secrets =
        with_keys(&stage, TokenKeys::hs256(["x".repeat(32).as_str(), SECRET]).unwrap());
    let by_keys = with_keys(&stage, TokenKeys::rs256([other.pem().as_str(), &pem]).unwrap());
    let by_one_key = with_keys(&stage, TokenKeys::rs256([pem.as_str()]).unwrap());
    by_secrets.log_in(&token(by_secret.clone()), FROM).await.unwrap();
    by_keys.log_in(&token(by_rsa(rs256, &valid, &pair)), FROM).await.unwrap();
    let invalid = refused(AuthErrorKind::AuthError, "invalid custom token");
    for (name, forged) in of_secret {
        assert_eq!(refusal(by_secrets.log_in(&token(forged), FROM).await), invalid, "{name}");
    }
    for (name, forged) in of_key {
        assert_eq!(refusal(by_one_key.log_in(&token(forged), FROM).await), invalid, "{name}");
    }
    let none = stage.users_with(|config| {
        config.providers.custom_token = Some(CustomToken::default());
    });
    assert_eq!(refusal(none.log_in(&token(by_secret), FROM).await), invalid);
}

#[tokio::test]
async fn keys_that_another_server_publishes_are_used_by_their_ids() {
    let stage = Stage::embedded();
    let (pair, other) = (RsaPair::generate(), RsaPair::generate());
    let server = KeyServer::start();
    server.publish(&[other.jwk("other"), pair.jwk("own")]);
    let (client, budget) = server.client();
    let keys = TokenKeys::jwks(server.uri());
    let provider = CustomToken { keys: Some(keys.clone()), ..CustomToken::default() };
    let users = stage.users_in(stage.directory().with_client(client, budget), |config| {
        config.providers.custom_token = Some(provider);
    });
    let signed = |header: Json| token(by_rsa(&header.to_string(), &claims(), &pair));
    users.log_in(&signed(json!({ "alg": "RS256", "kid": "own" })), FROM).await.unwrap();
    let invalid = refused(AuthErrorKind::AuthError, "invalid custom token");
    for header in [
        json!({ "alg": "RS256", "kid": "other" }),
        json!({ "alg": "RS256", "kid": "unknown" }),
        json!({ "alg": "RS256", "kid": 5 }),
        json!({ "alg": "RS256" }),
        json!({ "alg": "HS256", "kid": "own" }),
        json!({ "kid": "own" }),
    ] {
        assert_eq!(refusal(users.log_in(&signed(header), FROM).await), invalid);
    }
    assert_eq!(server.requests(), 1);
    // Without a client nothing can be fetched.
    let without = with_keys(&stage, keys);
    let credentials = signed(json!({ "alg": "RS256", "kid": "own" }));
    assert_eq!(refusal(without.log_in(&credentials, FROM).await), invalid);
}

#[test]
fn keys_that_are_not_fit_are_refused() {
    let (short, long) = ("x".repeat(31), "x".repeat(513));
    let pem = RsaPair::generate().pem();
    for (secrets, error) in [
        (vec![], TokenKeyError::Count(0)),
        (vec![SECRET; 4], TokenKeyError::Count(4)),
        (vec![SECRET, &short], TokenKeyError::Length { number: 2, bytes: 31 }),
        (vec![&long], TokenKeyError::Length { number: 1, bytes: 513 }),
        (vec![&pem], TokenKeyError::PublicSecret { number: 1 }),
    ] {
        assert_eq!(TokenKeys::hs256(secrets).err(), Some(error));
    }
    let one_line = pem.trim().replace('\n', "\\n");
    assert!(TokenKeys::rs256([&*pem, &one_line]).is_ok());
    let truncated = pem.replace("MII", "MI");
    let private = pem.replace("PUBLIC", "PRIVATE");
    for pem in ["", SECRET, &truncated, &private] {
        assert_eq!(TokenKeys::rs256([pem]).err(), Some(TokenKeyError::PublicKey { number: 1 }));
    }
    let keys = TokenKeys::hs256([SECRET]).unwrap();
    assert_eq!(format!("{keys:?}"), "HS256");
}
