//! Values, environments and templates.

use hookstead_app::{AppValue, LoadOptions, Loaded, load};
use serde_json::json;

use crate::{Files, HELLO, META, loaded, sound, told, word, write};

fn in_environment(files: Files<'_>, environment: &str) -> Loaded {
    let options =
        LoadOptions { environment: Some(environment.to_owned()), ..LoadOptions::default() };
    load(write(files).path(), &options).unwrap()
}

#[test]
fn values_are_plain_or_come_from_secrets() {
    let app = sound(&[
        META,
        ("values/a.json", r#"{"id":"5","name":"limits","value":{"max":5},"from_secret":false}"#),
        ("values/b.json", r#"{"name":"token","value":"token_secret","from_secret":true}"#),
        ("values/c.json", r#"{"name":"old","value":"x","private":false}"#),
        ("values/d.json", r#"{"value":[1]}"#),
    ]);
    let names: Vec<_> = app.values.keys().map(String::as_str).collect();
    assert_eq!(names, ["d", "limits", "old", "token"]);
    assert!(matches!(&app.values["limits"], AppValue::Plain(v) if *v == json!({"max": 5})));
    assert!(matches!(&app.values["token"], AppValue::FromSecret(s) if s == "token_secret"));
}

#[test]
fn a_value_that_cannot_be_understood_is_left_out() {
    for value in [
        r#"{"name":"a","value":"x","from_secret":"true"}"#,
        r#"{"name":"a","value":5,"from_secret":true}"#,
        r#"{"name":"a","from_secret":true}"#,
        r#"{"name":"a","value":"x","fromSecret":true}"#,
        "[]",
    ] {
        let loaded = loaded(&[META, ("values/a.json", value)]);
        assert!(loaded.app.values.is_empty(), "{value}");
        assert_eq!(loaded.problems.len(), 1, "{value}");
    }
}

#[test]
fn the_first_of_two_values_of_one_name_counts() {
    let loaded = loaded(&[
        META,
        ("values/a.json", r#"{"name":"a","value":1}"#),
        ("values/b.json", r#"{"name":"a","value":2}"#),
    ]);
    assert!(matches!(&loaded.app.values["a"], AppValue::Plain(v) if *v == json!(1)));
    assert_eq!(told(&loaded), ["error value-duplicate values/b.json"]);
}

const QA: (&str, &str) =
    ("environments/qa.json", r#"{"values":{"host":"qa.example","n":{"m":7}}}"#);
const NONE: (&str, &str) = ("environments/no-environment.json", r#"{"values":{"host":"none"}}"#);

#[test]
fn the_environment_is_the_exports_or_the_operators() {
    let root = ("root_config.json", r#"{"name":"shop","environment":"qa"}"#);
    let plain = ("root_config.json", r#"{"name":"shop","environment":""}"#);
    let app = sound(&[META, root, QA, NONE]);
    assert_eq!(
        (app.environment.tag.as_str(), &app.environment.values["host"]),
        ("qa", &json!("qa.example"))
    );
    let app = sound(&[META, plain, QA, NONE]);
    assert_eq!(
        (app.environment.tag.as_str(), &app.environment.values["host"]),
        ("", &json!("none"))
    );
    assert_eq!(in_environment(&[META, plain, QA], "qa").app.environment.tag, "qa");
    let chosen = in_environment(&[META, root, QA, NONE], "no-environment").app.environment;
    assert_eq!((chosen.tag.as_str(), &chosen.values["host"]), ("", &json!("none")));
}

#[test]
fn an_environment_without_a_file_is_told() {
    for name in ["prod", "../secrets", "a\\b"] {
        let loaded = in_environment(&[META], name);
        assert_eq!(loaded.problems[0].code, "environment-missing", "{name}");
    }
}

#[test]
fn templates_are_replaced_in_strings() {
    let root = ("root_config.json", r#"{"name":"shop-%(%%environment.tag)","environment":"qa"}"#);
    let app = sound(&[
        META,
        root,
        QA,
        (
            "values/a.json",
            r#"{"name":"a","value":["https://%(%%environment.values.host)/x","100%(y)",
                "%(%%environment.values.n.m)","%%environment.values.host"]}"#,
        ),
    ]);
    assert_eq!(app.name, "shop-qa");
    let expected = json!(["https://qa.example/x", "100%(y)", "7", "%%environment.values.host"]);
    assert!(matches!(&app.values["a"], AppValue::Plain(value) if *value == expected));
}

#[test]
fn a_template_may_decide_who_may_call() {
    let file = r#"[{"route":"/a","http_method":"GET","function_name":"hello",
        "validation_method":"%(%%environment.values.check)","secret_name":"key"}]"#;
    for (values, expected) in [
        (r#"{"values":{"check":"VERIFY_PAYLOAD"}}"#, "payload, named key"),
        (r#"{"values":{"check":"NO_VALIDATION"}}"#, "open"),
        (r#"{"values":{"check":"SOMETHING"}}"#, "refused"),
        (r#"{"values":{}}"#, "refused"),
        (r#"{"values":"#, "refused"),
        (r#"{}"#, "refused"),
    ] {
        let loaded = loaded(&[
            META,
            HELLO,
            ("environments/no-environment.json", values),
            ("https_endpoints/config.json", file),
        ]);
        assert_eq!(word(&loaded.app.endpoints[0].protection), expected, "{values}");
    }
}
