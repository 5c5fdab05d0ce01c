//! Authentication providers and custom user data.

use serde_json::json;

use crate::{META, STITCH, loaded, sound};

const KEYS: &str = r#"{"name":"api-key","type":"api-key","disabled":true}"#;

#[test]
fn providers_are_read_in_both_layouts() {
    let newer = format!(r#"{{"api-key":{KEYS}}}"#);
    let app = sound(&[META, ("auth/providers.json", &newer)]);
    assert_eq!(app.auth_providers["api-key"]["disabled"], json!(true));
    let app = sound(&[STITCH, ("auth_providers/keys.json", KEYS)]);
    assert_eq!(app.auth_providers["api-key"]["disabled"], json!(true));
}

#[test]
fn only_the_place_of_the_version_counts() {
    let newer = format!(r#"{{"api-key":{KEYS}}}"#);
    let anon = r#"{"name":"anon-user","type":"anon-user","disabled":false}"#;
    let both = |root| {
        let app = sound(&[
            root,
            ("auth/providers.json", &newer),
            ("auth_providers/anon-user.json", anon),
        ]);
        app.auth_providers.keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(both(META), ["api-key"]);
    assert_eq!(both(STITCH), ["anon-user"]);
}

#[test]
fn a_provider_that_cannot_be_understood_is_left_out() {
    for provider in ["5", r#"{"disabled":"true"}"#, r#"{"disabled":null}"#] {
        let file = format!(r#"{{"a":{provider},"api-key":{KEYS}}}"#);
        let loaded = loaded(&[META, ("auth/providers.json", &file)]);
        let names: Vec<_> = loaded.app.auth_providers.keys().collect();
        assert_eq!(names, ["api-key"], "{provider}");
        assert_eq!(loaded.problems.len(), 1, "{provider}");
    }
}

#[test]
fn custom_user_data_is_read_from_its_places() {
    let config = r#"{"enabled":true,"mongo_service_name":"mongodb-atlas"}"#;
    let app = sound(&[META, ("auth/custom_user_data.json", config)]);
    assert_eq!(app.custom_user_data.unwrap()["enabled"], json!(true));
    let root =
        format!(r#"{{"config_version":20200603,"app_id":"a","custom_user_data_config":{config}}}"#);
    let app = sound(&[("config.json", &root)]);
    assert_eq!(app.custom_user_data.unwrap()["mongo_service_name"], json!("mongodb-atlas"));
    assert!(sound(&[META]).custom_user_data.is_none());
}
