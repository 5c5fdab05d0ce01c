//! Which domain the email address of a user is of.

use super::Profile;

/// Checks the domain of a user's email address, which the provider must have verified: anybody
/// could give an address of any domain otherwise. Without restrictions everybody passes.
pub(crate) fn check_domain(profile: &Profile, restrictions: &[String]) -> Result<(), String> {
    if restrictions.is_empty() {
        return Ok(());
    }
    let email = profile.claims.get("email").and_then(serde_json::Value::as_str);
    let domain = email.and_then(|email| email.rsplit_once('@')).map(|(_, domain)| domain);
    let domain = domain.ok_or("the provider tells no email address of the user")?;
    if !profile.is_email_verified() {
        return Err("the provider has not verified the email address of the user".to_owned());
    }
    if restrictions.iter().any(|allowed| allowed.eq_ignore_ascii_case(domain)) {
        return Ok(());
    }
    Err("the email address of the user is of another domain".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_verified_address_of_a_listed_domain_passes() {
        let cases = [
            (json!({ "email": "ada@a.example", "email_verified": true }), true),
            // Apple writes it as text.
            (json!({ "email": "ada@A.Example", "email_verified": "true" }), true),
            (json!({ "email": "ada@b.example", "email_verified": true }), true),
            (json!({ "email": "ada@a.example", "email_verified": false }), false),
            (json!({ "email": "ada@a.example", "email_verified": "false" }), false),
            (json!({ "email": "ada@a.example", "email_verified": 1 }), false),
            (json!({ "email": "ada@a.example" }), false),
            (json!({ "email_verified": true }), false),
            (json!({ "email": "", "email_verified": true }), false),
            (json!({ "email": "a.example", "email_verified": true }), false),
            (json!({ "email": "ada@x.a.example", "email_verified": true }), false),
            (json!({ "email": "ada@a.example.org", "email_verified": true }), false),
            (json!({ "email": "a.example@evil.example", "email_verified": true }), false),
            (json!({ "email": "ada@a.example@evil.example", "email_verified": true }), false),
            (json!({ "email": ["ada@a.example"], "email_verified": true }), false),
        ];
        let restrictions = ["a.example".to_owned(), "b.example".to_owned()];
        for (claims, passes) in cases {
            let claims = claims.as_object().unwrap().clone();
            let profile = Profile { subject: "1".to_owned(), claims };
            let checked = check_domain(&profile, &restrictions);
            assert_eq!(checked.is_ok(), passes, "{:?}", profile.claims);
            assert!(check_domain(&profile, &[]).is_ok());
        }
    }
}
