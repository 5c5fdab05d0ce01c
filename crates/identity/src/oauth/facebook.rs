//! What Facebook says of an access token and of its user
//! (docs/behaviour/users.md#metadata-of-google-and-facebook).

use aws_lc_rs::hmac;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::{ClientSecret, OAuthProvider, Profile};

/// Names of metadata fields, and the fields of Facebook that have the values.
const FIELDS: [(&str, &str); 9] = [
    ("name", "name"),
    ("first_name", "first_name"),
    ("last_name", "last_name"),
    ("email", "email"),
    ("picture", "picture"),
    ("gender", "gender"),
    ("birthday", "birthday"),
    ("min_age", "age_range"),
    ("max_age", "age_range"),
];

#[derive(Deserialize)]
struct TokenAnswer {
    data: TokenData,
}

/// What Facebook says of an access token.
#[derive(Deserialize)]
struct TokenData {
    #[serde(default)]
    is_valid: bool,
    #[serde(default)]
    app_id: Json,
    #[serde(default)]
    user_id: Json,
    /// `USER`, or what else the token is of, such as `PAGE`.
    #[serde(default, rename = "type")]
    token_type: Option<String>,
    /// In seconds since 1970; 0 where it never expires.
    #[serde(default)]
    expires_at: i64,
}

/// The request for what Facebook knows of an access token: that of any other app is as valid, and
/// everybody who runs one has tokens of its users.
pub(crate) fn token_request(provider: &OAuthProvider, secret: &ClientSecret, token: &str) -> Json {
    let app_token = format!("{}|{}", provider.client_id, secret.expose());
    json!({
        "method": "GET",
        "url": provider.server.debug_token_url,
        "query": [["input_token", token], ["access_token", app_token]],
    })
}

/// The id of the user of an access token, where it is valid and of this app.
pub(crate) fn user_of_token(body: &[u8], client_id: &str, now_s: f64) -> Result<String, String> {
    let TokenAnswer { data } = serde_json::from_slice(body)
        .map_err(|_| "the answer about the access token cannot be read")?;
    if !data.is_valid {
        return Err("the access token is not valid".to_owned());
    }
    if id(&data.app_id).as_deref() != Some(client_id) {
        return Err("the access token is of another app".to_owned());
    }
    if data.token_type.is_some_and(|token_type| token_type != "USER") {
        return Err("the access token is not that of a user".to_owned());
    }
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit")]
    if data.expires_at != 0 && data.expires_at as f64 <= now_s {
        return Err("the access token has expired".to_owned());
    }
    id(&data.user_id).ok_or_else(|| "the access token names no user".to_owned())
}

/// The request for what Facebook knows of the user of an access token.
pub(crate) fn user_request(provider: &OAuthProvider, secret: &ClientSecret, token: &str) -> Json {
    let mut fields = vec!["id"];
    for field in &provider.metadata_fields {
        let known = FIELDS.iter().find(|(name, _)| *name == field.name);
        // A field that Facebook does not know would fail the whole request.
        fields.extend(known.map(|(_, field)| *field));
    }
    fields.sort_unstable();
    fields.dedup();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let proof = hex::encode(hmac::sign(&key, token.as_bytes()));
    json!({
        "method": "GET",
        "url": provider.server.user_info_url,
        "query": [
            ["fields", fields.join(",")],
            ["access_token", token],
            ["appsecret_proof", proof],
        ],
    })
}

/// What Facebook says of the user whom the access token names.
pub(crate) fn profile_of(body: &[u8], user: String) -> Result<Profile, String> {
    let mut claims: Map<String, Json> =
        serde_json::from_slice(body).map_err(|_| "the answer about the user is no object")?;
    if claims.get("id").and_then(id).as_ref() != Some(&user) {
        return Err("the answer is about another user".to_owned());
    }
    // Facebook says of no address that it is verified.
    claims.remove("email_verified");
    if let Some(url) = claims.get("picture").and_then(|picture| picture.pointer("/data/url")) {
        let url = url.clone();
        claims.insert("picture".to_owned(), url);
    }
    for (name, bound) in [("min_age", "min"), ("max_age", "max")] {
        if let Some(age) = claims.get("age_range").and_then(|range| range.get(bound)).cloned() {
            claims.insert(name.to_owned(), age);
        }
    }
    Ok(Profile { subject: user, claims })
}

/// An id, which Facebook writes as a text or as a number.
fn id(json: &Json) -> Option<String> {
    match json {
        Json::String(text) if !text.is_empty() => Some(text.clone()),
        Json::Number(number) => number.as_u64().map(|number| number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_of_a_user_of_this_app() {
        let good = json!({
            "app_id": "12", "user_id": "7", "is_valid": true, "expires_at": 200, "type": "USER",
        });
        let cases = [
            ("type", json!("USER"), None),
            ("app_id", json!(12), None),
            ("user_id", json!(7), None),
            ("expires_at", json!(0), None),
            ("is_valid", json!(false), Some("the access token is not valid")),
            ("is_valid", json!("true"), Some("the answer about the access token cannot be read")),
            ("app_id", json!("13"), Some("the access token is of another app")),
            ("app_id", json!(null), Some("the access token is of another app")),
            ("type", json!("PAGE"), Some("the access token is not that of a user")),
            ("expires_at", json!(100), Some("the access token has expired")),
            ("user_id", json!(null), Some("the access token names no user")),
            ("user_id", json!(""), Some("the access token names no user")),
        ];
        for (name, value, why) in cases {
            let mut data = good.clone();
            data[name] = value;
            let body = json!({ "data": data }).to_string();
            let user = user_of_token(body.as_bytes(), "12", 100.0);
            match why {
                None => assert_eq!(user.as_deref(), Ok("7"), "{body}"),
                Some(_) => assert_eq!(user.err().as_deref(), why, "{body}"),
            }
        }
        for body in [r#"{"error":{"code":190}}"#, "{}", "[]", ""] {
            assert!(user_of_token(body.as_bytes(), "12", 100.0).is_err(), "{body}");
        }
    }

    #[test]
    fn the_answer_is_about_the_user_of_the_token_and_no_address_is_verified() {
        let body = json!({
            "id": "7", "email": "ada@a.example", "email_verified": true,
            "picture": { "data": { "url": "https://a.example/p" } }, "age_range": { "min": 21 },
        });
        let body = body.to_string();
        let profile = profile_of(body.as_bytes(), "7".to_owned()).ok().unwrap();
        assert_eq!(profile.claims["picture"], "https://a.example/p");
        assert_eq!((&profile.claims["min_age"], profile.claims.get("max_age")), (&21.into(), None));
        assert!(!profile.is_email_verified());
        assert!(profile_of(body.as_bytes(), "8".to_owned()).is_err());
    }
}
