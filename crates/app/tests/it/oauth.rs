//! Google, Facebook and Apple, as exports declare them.

use hookstead_app::ProviderSetup;
use serde_json::{Value as Json, json};

use crate::auth::provider;

const TYPES: [&str; 3] = ["oauth2-google", "oauth2-facebook", "oauth2-apple"];

/// A whole provider, with some fields of another one in their place.
fn with(changes: Json) -> Json {
    let mut fields = json!({
        "config": { "clientId": "me" },
        "secret_config": { "clientSecret": "theirs" },
        "metadata_fields": [{ "required": true, "name": "email" }, { "name": "first_name" }],
        "redirect_uris": ["https://a.example/in", "myapp://in"],
    });
    for (name, value) in changes.as_object().unwrap() {
        fields[name] = value.clone();
    }
    fields
}

#[test]
fn a_provider_has_its_id_its_secret_its_fields_and_its_addresses() {
    for provider_type in TYPES {
        let (setup, told) = provider(provider_type, with(json!({})));
        assert_eq!(told, Vec::<String>::new(), "{provider_type}");
        let setup = match setup {
            Some(ProviderSetup::Google(setup)) if provider_type == "oauth2-google" => setup,
            Some(ProviderSetup::Facebook(setup)) if provider_type == "oauth2-facebook" => setup,
            Some(ProviderSetup::Apple(setup)) if provider_type == "oauth2-apple" => setup,
            other => panic!("{provider_type}: {other:?}"),
        };
        assert_eq!((&*setup.client_id, setup.client_secret.as_deref()), ("me", Some("theirs")));
        assert_eq!(setup.redirect_uris, ["https://a.example/in", "myapp://in"]);
        let metadata = if provider_type == "oauth2-apple" { 0 } else { 2 };
        assert_eq!((setup.open_id, setup.metadata_fields.len()), (false, metadata));
    }
}

#[test]
fn google_may_speak_open_id_and_do_without_a_secret_then() {
    let fields = json!({
        "config": { "clientId": "me", "openId": true }, "domain_restrictions": ["a.example"],
    });
    let (setup, told) = provider("oauth2-google", fields);
    assert_eq!(told, Vec::<String>::new());
    let Some(ProviderSetup::Google(setup)) = setup else { panic!("no setup") };
    assert_eq!((setup.open_id, setup.client_secret), (true, None));
    assert_eq!(setup.domain_restrictions, ["a.example"]);
    let (apple, told) = provider("oauth2-apple", json!({ "config": { "clientId": "me" } }));
    assert!(matches!(apple, Some(ProviderSetup::Apple(_))), "{told:?}");
}

#[test]
fn what_is_not_understood_refuses_with_its_place_and_a_remedy() {
    let [google, facebook, apple] = TYPES;
    let no_email = json!({ "metadata_fields": [], "domain_restrictions": ["a.example"] });
    let restricted = |domain: &str| json!({ "domain_restrictions": [domain] });
    let redirect = |url: &str| json!({ "redirect_uris": [url] });
    let cases = [
        (google, json!({ "config": {} }), "provider-setting config.clientId"),
        (apple, json!({ "config": { "clientId": "" } }), "provider-setting config.clientId"),
        (
            google,
            json!({ "config": { "clientId": "a", "openId": "true" } }),
            "field-type config.openId",
        ),
        (
            facebook,
            json!({ "config": { "clientId": "a", "openId": true } }),
            "field-unknown config.openId",
        ),
        (google, json!({ "secret_config": {} }), "provider-setting secret_config.clientSecret"),
        (facebook, json!({ "secret_config": {} }), "provider-setting secret_config.clientSecret"),
        (
            apple,
            json!({ "secret_config": { "clientsecret": "s" } }),
            "field-unknown secret_config.clientsecret",
        ),
        (google, json!({ "redirect_uris": [5] }), "field-type redirect_uris"),
        (google, redirect("/in"), "provider-setting redirect_uris"),
        (google, redirect("https://a.example/#in"), "provider-setting redirect_uris"),
        (google, redirect("javascript://a.example/%0aalert(1)"), "provider-setting redirect_uris"),
        (google, redirect("https://a.example/in out"), "provider-setting redirect_uris"),
        (google, no_email, "provider-setting domain_restrictions"),
        (google, restricted("@a.example"), "provider-setting domain_restrictions"),
        (google, restricted("*.a.example"), "provider-setting domain_restrictions"),
        (google, restricted(""), "provider-setting domain_restrictions"),
        (facebook, restricted("a.example"), "provider-setting domain_restrictions"),
        (
            google,
            json!({ "metadata_fields": [{ "name": "email", "required": "true" }] }),
            "field-type metadata_fields[0].required",
        ),
    ];
    for (provider_type, changes, expected) in cases {
        let (setup, told) = provider(provider_type, with(changes.clone()));
        assert!(setup.is_none(), "{provider_type} {changes}");
        let (code, field) = expected.split_once(' ').unwrap();
        assert_eq!(told, [format!("error {code} {provider_type}.{field}")], "{changes}");
    }
}

#[test]
fn what_can_do_no_harm_is_a_warning() {
    let cases = [
        (
            "oauth2-google",
            json!({ "metadata_fields": [{ "name": "gender" }] }),
            "metadata_fields[0].name",
        ),
        (
            "oauth2-facebook",
            json!({ "metadata_fields": [{ "name": "hd" }] }),
            "metadata_fields[0].name",
        ),
        ("oauth2-google", json!({ "redirect_uris": ["http://a.example/in"] }), "redirect_uris"),
    ];
    for (provider_type, changes, field) in cases {
        let (setup, told) = provider(provider_type, with(changes));
        assert!(setup.is_some(), "{provider_type}");
        assert_eq!(told, [format!("warning provider-setting {provider_type}.{field}")]);
    }
    for local in ["http://localhost:3000/in", "http://127.0.0.1:3000", "http://[::1]:3000/"] {
        let (_, told) = provider("oauth2-google", with(json!({ "redirect_uris": [local] })));
        assert_eq!(told, Vec::<String>::new(), "{local}");
    }
}
