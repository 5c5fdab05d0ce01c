//! What Google says of a user (docs/behaviour/users.md#metadata-of-google-and-facebook).

use serde_json::{Map, Value as Json, json};

use super::Profile;

/// Names of metadata fields, and the claims of Google that have the values.
const NAMES: [(&str, &str); 2] = [("first_name", "given_name"), ("last_name", "family_name")];

/// The request for what Google knows of the user of an access token.
pub(crate) fn user_request(user_info_url: &str, access_token: &str) -> Json {
    json!({
        "method": "GET",
        "url": user_info_url,
        "headers": [["Authorization", format!("Bearer {access_token}")]],
    })
}

/// What Google says of a user. An OpenID Connect token has named the user before, where there was
/// one: the answer must be about the same.
pub(crate) fn profile_of(body: &[u8], known: Option<&str>) -> Result<Profile, String> {
    let claims: Map<String, Json> =
        serde_json::from_slice(body).map_err(|_| "the answer about the user is no object")?;
    let subject = claims.get("sub").and_then(Json::as_str).filter(|subject| !subject.is_empty());
    let subject = subject.ok_or("the answer about the user has no sub")?.to_owned();
    if known.is_some_and(|known| known != subject) {
        return Err("the answer is about another user".to_owned());
    }
    Ok(Profile { subject, claims: with_names(claims) })
}

/// The claims, also by the names that metadata fields have.
fn with_names(mut claims: Map<String, Json>) -> Map<String, Json> {
    for (name, claim) in NAMES {
        if !claims.contains_key(name)
            && let Some(value) = claims.get(claim).cloned()
        {
            claims.insert(name.to_owned(), value);
        }
    }
    claims
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_about_the_user_of_the_token() {
        let body = br#"{"sub":"1","given_name":"Ada","email":"ada@a.example"}"#;
        for known in [None, Some("1")] {
            let profile = profile_of(body, known).ok().unwrap();
            assert_eq!(
                (profile.subject.as_str(), &profile.claims["first_name"]),
                ("1", &"Ada".into())
            );
        }
        for (body, known) in [
            (&body[..], Some("2")),
            (br#"{"sub":1}"#, None),
            (br#"{"sub":""}"#, None),
            (b"{}", None),
            (b"[]", None),
            (b"<html>", None),
        ] {
            assert!(profile_of(body, known).is_err(), "{body:?}");
        }
    }
}
