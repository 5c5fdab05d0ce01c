//! Custom user data, and the function for new users.

use hookstead_app::{CustomUserDataSource, Severity};
use serde_json::{Value as Json, json};

use crate::{HELLO, META, loaded, sound, told};

const SOURCE: (&str, &str) =
    ("data_sources/m/config.json", r#"{"name":"m","type":"mongodb-atlas","config":{}}"#);
const CUSTOM_DATA: &str = r#"{"enabled":true,"mongo_service_name":"m","database_name":"d",
    "collection_name":"c","user_id_field":"_id","on_user_creation_function_name":"hello"}"#;

#[test]
fn custom_user_data_is_read_from_its_places() {
    let expected = CustomUserDataSource::Collection {
        data_source: "m".to_owned(),
        database: "d".to_owned(),
        collection: "c".to_owned(),
        user_id_field: "_id".to_owned(),
    };
    let root = format!(
        r#"{{"config_version":20200603,"app_id":"a","custom_user_data_config":{CUSTOM_DATA}}}"#
    );
    for place in [("auth/custom_user_data.json", CUSTOM_DATA), ("config.json", &root)] {
        let mut files = vec![SOURCE, HELLO, place];
        files.extend((place.0 != "config.json").then_some(META));
        let data = sound(&files).custom_user_data;
        assert_eq!(data.source, expected, "{}", place.0);
        assert_eq!(data.on_user_creation_function.as_deref(), Some("hello"));
        assert_eq!(data.declared_in.unwrap().file, place.0);
    }
    let none = sound(&[META]).custom_user_data;
    assert!(none.declared_in.is_none() && none.source == CustomUserDataSource::Off);
    let own = ("auth/custom_user_data.json", r#"{"enabled":false}"#);
    let off = sound(&[SOURCE, HELLO, own, ("config.json", &root)]).custom_user_data;
    assert_eq!(off.source, CustomUserDataSource::Off);
}

#[test]
fn custom_user_data_that_cannot_be_understood_is_not_the_same_as_none() {
    let with = |key: &str, value: Json| {
        let mut data: Json = serde_json::from_str(CUSTOM_DATA).unwrap();
        data[key] = value;
        data.to_string()
    };
    for text in [
        "{".to_owned(),
        "[]".to_owned(),
        with("enabled", json!("true")),
        with("enabld", json!(false)),
        with("mongo_service_name", json!("n")),
        with("mongo_service_name", json!("")),
        with("database_name", json!("")),
        with("collection_name", json!(5)),
        with("user_id_field", json!("")),
        with("on_user_creation_function_name", json!(5)),
        r#"{"enabled":true}"#.to_owned(),
        r#"{"enabled":false,"enabled":true}"#.to_owned(),
    ] {
        let loaded = loaded(&[META, SOURCE, HELLO, ("auth/custom_user_data.json", &text)]);
        let source = &loaded.app.custom_user_data.source;
        assert!(matches!(source, CustomUserDataSource::Refused(_)), "{text}");
        assert!(loaded.problems.iter().any(|one| one.severity == Severity::Error), "{text}");
    }
    let root = r#"{"config_version":20200603,"app_id":"a","custom_user_data_config":5}"#;
    let loaded = loaded(&[HELLO, ("config.json", root)]);
    let source = loaded.app.custom_user_data.source;
    assert!(matches!(source, CustomUserDataSource::Refused(_)));
}

#[test]
fn a_function_for_new_users_that_is_not_there_is_told() {
    let data = CUSTOM_DATA.replace("hello", "gone");
    let loaded = loaded(&[META, SOURCE, HELLO, ("auth/custom_user_data.json", &data)]);
    let field = "on_user_creation_function_name";
    assert_eq!(
        told(&loaded),
        [format!("error auth-function-missing auth/custom_user_data.json:2 {field}")]
    );
    let data = loaded.app.custom_user_data;
    assert_eq!(data.on_user_creation_function.as_deref(), Some("gone"));
}
