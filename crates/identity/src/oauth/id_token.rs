//! What an OpenID Connect token must say.

use serde_json::{Map, Value as Json};

use crate::custom_token::check_times;

/// How far the clock of the provider may be ahead.
const CLOCK_SKEW_S: f64 = 60.0;

/// What an OpenID Connect token must say.
pub(crate) struct Demands<'a> {
    /// One of these has made it.
    pub(crate) issuers: &'a [String],
    /// For this app it was made.
    pub(crate) client_id: &'a str,
    /// The log-in of this browser it was made for, where it comes from one.
    pub(crate) nonce: Option<&'a str>,
}

/// The claims of a token whose signature is right, with its subject.
pub(crate) fn claims_of(
    claims: &[u8],
    demands: &Demands<'_>,
    now_s: f64,
) -> Result<(String, Map<String, Json>), String> {
    let claims: Map<String, Json> =
        serde_json::from_slice(claims).map_err(|_| "the claims are no JSON object")?;
    check_times(&claims, now_s)?;
    let is_of_future = |time: &Json| time.as_f64().is_none_or(|time| time > now_s + CLOCK_SKEW_S);
    if claims.get("iat").is_some_and(is_of_future) {
        return Err("the token was made in the future".to_owned());
    }
    let text = |name: &str| claims.get(name).and_then(Json::as_str);
    if !text("iss").is_some_and(|issuer| demands.issuers.iter().any(|known| known == issuer)) {
        return Err("the token is of another issuer".to_owned());
    }
    if !is_for(&claims, demands.client_id) {
        return Err("the token is for another app".to_owned());
    }
    if demands.nonce.is_some_and(|nonce| text("nonce") != Some(nonce)) {
        return Err("the token is of another log-in".to_owned());
    }
    let subject = text("sub").filter(|subject| !subject.is_empty());
    let subject = subject.ok_or("the claim sub is missing or not a text")?.to_owned();
    Ok((subject, claims))
}

/// Whether a token was made for this app. One for several names the one that asked for it.
fn is_for(claims: &Map<String, Json>, client_id: &str) -> bool {
    match claims.get("aud") {
        Some(Json::String(one)) => one == client_id,
        Some(Json::Array(several)) => {
            let is_only = several.len() == 1;
            let is_asker = claims.get("azp").and_then(Json::as_str) == Some(client_id);
            several.iter().any(|one| one == client_id) && (is_only || is_asker)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_is_for_this_app_and_this_log_in_alone() {
        let good = json!({
            "iss": "https://a.example", "aud": "me", "sub": "1", "exp": 200, "iat": 90,
            "nonce": "n",
        });
        let changed = |name: &str, value: Json| {
            let mut claims = good.clone();
            claims[name] = value;
            claims
        };
        let mut both = changed("aud", json!(["me", "you"]));
        both["azp"] = json!("me");
        let cases = [
            (good.clone(), None),
            (changed("aud", json!(["me"])), None),
            (changed("aud", json!(["me", "you"])), Some("the token is for another app")),
            (both, None),
            (changed("aud", json!("you")), Some("the token is for another app")),
            (changed("aud", json!("me ")), Some("the token is for another app")),
            (changed("aud", json!({ "0": "me" })), Some("the token is for another app")),
            (changed("aud", json!(null)), Some("the token is for another app")),
            (changed("iss", json!("https://b.example")), Some("the token is of another issuer")),
            (changed("iss", json!("https://a.example/")), Some("the token is of another issuer")),
            (changed("iss", json!(["https://a.example"])), Some("the token is of another issuer")),
            (changed("exp", json!(100)), Some("the token has expired")),
            (changed("exp", json!("200")), Some("the claim exp is not a number")),
            (changed("exp", json!(null)), Some("the claim exp is not a number")),
            (changed("nbf", json!(161)), Some("the token is not valid yet")),
            (changed("iat", json!(161)), Some("the token was made in the future")),
            (changed("iat", json!("90")), Some("the token was made in the future")),
            (changed("nonce", json!("m")), Some("the token is of another log-in")),
            (changed("nonce", json!(null)), Some("the token is of another log-in")),
            (changed("sub", json!("")), Some("the claim sub is missing or not a text")),
            (changed("sub", json!(1)), Some("the claim sub is missing or not a text")),
        ];
        let issuers = ["https://a.example".to_owned()];
        let demands = Demands { issuers: &issuers, client_id: "me", nonce: Some("n") };
        for (claims, why) in cases {
            let read = claims_of(claims.to_string().as_bytes(), &demands, 100.0);
            assert_eq!(read.err().as_deref(), why, "{claims}");
        }
    }
}
