//! What tokens look like, and tokens that somebody else has made.

use std::sync::Arc;

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hookstead_identity::{AuthErrorKind, Credentials, LogIn, Users, provider_id};
use serde_json::{Value as Json, json};

use crate::stage::{DOMAIN, FROM, KEY, Stage, email, refusal, refused};

const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
const NO_DEVICE: &str = "000000000000000000000000";

fn encoded(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

fn part(token: &str, index: usize) -> String {
    let part = token.split('.').nth(index).unwrap();
    String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn claims(token: &str) -> Json {
    serde_json::from_str(&part(token, 1)).unwrap()
}

fn signed(header: &str, claims: &str, key: &str) -> String {
    let message = format!("{}.{}", encoded(header), encoded(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    let tag = URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes()));
    format!("{message}.{tag}")
}

async fn logged_in(stage: &Stage) -> (Users, LogIn) {
    let users = stage.users();
    let log_in = users.log_in(&Credentials::Anonymous, FROM).await.unwrap();
    (users, log_in)
}

#[tokio::test]
async fn an_access_token_has_the_documented_claims_in_their_order() {
    let (_, log_in) = logged_in(&Stage::embedded()).await;
    assert_eq!(part(&log_in.access_token, 0), HEADER);
    let (access, refresh) = (claims(&log_in.access_token), claims(&log_in.refresh_token));
    let issued = access["iat"].as_i64().unwrap();
    let expected = format!(
        "{{\"baas_device_id\":\"{NO_DEVICE}\",\"baas_domain_id\":\"{DOMAIN}\",\"exp\":{},\
         \"iat\":{issued},\"iss\":{},\"stitch_devId\":\"{NO_DEVICE}\",\
         \"stitch_domainId\":\"{DOMAIN}\",\"sub\":\"{}\",\"typ\":\"access\"}}",
        issued + 1800,
        refresh["baas_id"],
        log_in.user.id,
    );
    assert_eq!(part(&log_in.access_token, 1), expected);
    assert_eq!(log_in.device_id, NO_DEVICE);
}

#[tokio::test]
async fn a_refresh_token_has_the_documented_claims_in_their_order() {
    let stage = Stage::embedded();
    let (users, anonymous) = logged_in(&stage).await;
    users.register("a@b.c", "correct horse", FROM).await.unwrap();
    let known = users.log_in(&email("a@b.c", "correct horse"), FROM).await.unwrap();
    for (log_in, provider, time_s) in
        [(anonymous, "anon-user", 1_576_800_000), (known, "local-userpass", 60 * 24 * 3600)]
    {
        let refresh = claims(&log_in.refresh_token);
        let (issued, id) = (refresh["iat"].as_i64().unwrap(), &refresh["baas_id"]);
        let identity = json!({
            "id": log_in.user.identities[0].id,
            "provider_type": provider,
            "provider_id": provider_id(DOMAIN, provider),
        });
        let expected = format!(
            "{{\"baas_data\":null,\"baas_device_id\":\"{NO_DEVICE}\",\
             \"baas_domain_id\":\"{DOMAIN}\",\"baas_id\":{id},\"baas_identity\":{identity},\
             \"exp\":{},\"iat\":{issued},\"stitch_data\":null,\"stitch_devId\":\"{NO_DEVICE}\",\
             \"stitch_domainId\":\"{DOMAIN}\",\"stitch_id\":{id},\"stitch_ident\":{identity},\
             \"sub\":\"{}\",\"typ\":\"refresh\"}}",
            issued + time_s,
            log_in.user.id,
        );
        assert_eq!(part(&log_in.refresh_token, 1), expected);
    }
}

/// Changes to a valid token, each of which makes it invalid.
fn forgeries(token: &str, other_kind: &str) -> Vec<(&'static str, String)> {
    let [header, payload, signature] = [0, 1, 2].map(|at| token.split('.').nth(at).unwrap());
    let claims = claims(token);
    let with = |name: &str, value: Json| {
        let mut claims = claims.clone();
        claims[name] = value;
        signed(HEADER, &claims.to_string(), KEY)
    };
    let without = |name: &str| {
        let mut claims = claims.clone();
        claims.as_object_mut().unwrap().remove(name);
        signed(HEADER, &claims.to_string(), KEY)
    };
    let none = |header: &str| format!("{}.{payload}", encoded(header));
    let text = claims.to_string();
    vec![
        ("empty", String::new()),
        ("dots", "..".to_owned()),
        ("no algorithm", format!("{}.", none(r#"{"alg":"none","typ":"JWT"}"#))),
        ("no algorithm, two parts", none(r#"{"alg":"none"}"#)),
        ("no algorithm, signed", signed(r#"{"alg":"none","typ":"JWT"}"#, &text, KEY)),
        ("RS256, signed by HS256", signed(r#"{"alg":"RS256","typ":"JWT"}"#, &text, KEY)),
        ("HS512", signed(r#"{"alg":"HS512","typ":"JWT"}"#, &text, KEY)),
        ("another order of the header", signed(r#"{"typ":"JWT","alg":"HS256"}"#, &text, KEY)),
        ("a header with a key", signed(r#"{"alg":"HS256","typ":"JWT","jwk":{}}"#, &text, KEY)),
        ("another key", signed(HEADER, &text, "another key that has 32 bytes too")),
        ("an empty key", signed(HEADER, &text, "")),
        ("the other kind of token", other_kind.to_owned()),
        ("another app", with("baas_domain_id", "0".repeat(24).into())),
        ("another type", with("typ", "admin".into())),
        ("the type in capitals", with("typ", "ACCESS".into())),
        ("expired", with("exp", 1.into())),
        ("expired long ago", with("exp", (-1).into())),
        ("expires as a text", with("exp", "9999999999".into())),
        ("expires as a fraction", with("exp", 9_999_999_999.5.into())),
        ("never expires", without("exp")),
        ("expires at null", with("exp", Json::Null)),
        ("no app", without("baas_domain_id")),
        ("no type", without("typ")),
        ("no user", without("sub")),
        ("another user", with("sub", "0".repeat(24).into())),
        ("no id for a user", with("sub", "admin".into())),
        ("an object for a user", with("sub", json!({ "$ne": null }))),
        ("claims that are no object", signed(HEADER, "[]", KEY)),
        ("claims that are no JSON", signed(HEADER, "{", KEY)),
        ("claims twice", signed(HEADER, &text.replacen('{', r#"{"typ":"admin","#, 1), KEY)),
        ("truncated", token[..token.len() - 1].to_owned()),
        ("no signature", format!("{header}.{payload}.")),
        ("two parts", format!("{header}.{payload}")),
        ("four parts", format!("{token}.{signature}")),
        ("an empty part in front", format!(".{token}")),
        ("padding", format!("{token}=")),
        ("a space", format!("{token} ")),
        ("a line break", format!("{token}\n")),
        ("base64 of the other alphabet", format!("{header}.{payload}.{}", "+/".repeat(21) + "A")),
        ("bits behind the end", format!("{}{}", &token[..token.len() - 1], other_last(token))),
        ("another payload", format!("{header}.{}.{signature}", encoded("{}"))),
        ("huge", format!("{header}.{}.{signature}", "A".repeat(10 << 20))),
        ("huge and signed", with("user_data", json!({ "x": "x".repeat(1 << 20) }))),
        ("not ASCII", format!("{token}ä")),
    ]
}

/// Another last letter that stands for the same bytes.
fn other_last(token: &str) -> char {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = token.as_bytes()[token.len() - 1];
    let index = ALPHABET.iter().position(|letter| *letter == last).unwrap();
    char::from(ALPHABET[index ^ 1])
}

#[tokio::test]
async fn forged_tokens_are_refused() {
    let stage = Stage::embedded();
    let (users, log_in) = logged_in(&stage).await;
    let invalid = refused(AuthErrorKind::InvalidSession, "invalid session");
    let (access, refresh) = (&log_in.access_token, &log_in.refresh_token);
    // What is signed here is what the program signs.
    assert_eq!(signed(HEADER, &part(access, 1), KEY), *access);
    for (name, forged) in forgeries(access, refresh) {
        assert_eq!(refusal(users.by_access_token(&forged).await), invalid, "{name}");
    }
    for (name, forged) in forgeries(refresh, access) {
        assert_eq!(refusal(users.refresh(&forged).await), invalid, "{name}");
        let unknown = refused(AuthErrorKind::InvalidSession, "failed to find refresh token");
        assert_eq!(refusal(users.log_out(&forged).await), unknown, "{name}");
    }
    for token in [access, refresh] {
        let mut claims = claims(token);
        claims["iss"] = "x".into();
        claims["baas_id"] = "x".into();
        let forged = signed(HEADER, &claims.to_string(), KEY);
        assert_eq!(refusal(users.by_access_token(&forged).await), invalid);
        assert_eq!(refusal(users.refresh(&forged).await), invalid);
    }
    users.by_access_token(access).await.unwrap();
    users.refresh(refresh).await.unwrap();
}

#[tokio::test]
async fn a_token_of_another_app_with_the_same_key_is_refused() {
    let stage = Stage::embedded();
    let (_, log_in) = logged_in(&stage).await;
    let other = stage.users_with(|config| config.domain_id = "0".repeat(24));
    assert!(other.by_access_token(&log_in.access_token).await.is_err());
    assert!(other.refresh(&log_in.refresh_token).await.is_err());
    assert!(other.log_out(&log_in.refresh_token).await.is_err());
}

#[tokio::test]
async fn custom_data_is_a_claim_in_canonical_form() {
    let stage = Stage::embedded();
    let place = hookstead_identity::CustomUserData {
        store: Arc::clone(&stage.store),
        database: stage.database.clone(),
        collection: "people".to_owned(),
        user_id_field: "email".to_owned(),
    };
    let users = stage.users_with(|config| config.custom_user_data = Some(place));
    let log_in = users.log_in(&Credentials::Anonymous, FROM).await.unwrap();
    assert_eq!(claims(&log_in.access_token).get("user_data"), None);
    stage.insert("people", bson::doc! { "_id": 1, "email": &log_in.user.id, "score": 5_i64 }).await;
    let refreshed = users.refresh(&log_in.refresh_token).await.unwrap();
    let expected = json!({
        "_id": { "$numberInt": "1" },
        "email": log_in.user.id,
        "score": { "$numberLong": "5" },
    });
    assert_eq!(claims(&refreshed)["user_data"], expected);
    assert!(part(&refreshed, 1).contains(r#""typ":"access","user_data":{"#));
}
