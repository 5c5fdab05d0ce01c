//! Who may call an endpoint: a protected one never becomes an open one.

use crate::{HELLO, META, loaded, word};

/// The protection of an endpoint with these further fields, and the codes of its problems.
fn check(fields: &str) -> (String, Vec<&'static str>) {
    let entry = format!(
        r#"[{{"route":"/a","http_method":"POST","function_name":"hello"{}{fields}}}]"#,
        if fields.is_empty() { "" } else { "," }
    );
    let loaded = loaded(&[META, HELLO, ("https_endpoints/config.json", &entry)]);
    let codes = loaded.problems.iter().map(|problem| problem.code.as_str()).collect();
    (word(&loaded.app.endpoints[0].protection), codes)
}

#[test]
fn what_is_stated_is_what_is_checked() {
    for (fields, expected) in [
        ("", "open"),
        (r#""validation_method":"NO_VALIDATION""#, "open"),
        (r#""validation_method":"""#, "open"),
        (r#""validation_method":"NO_VALIDATION","secret_name":"""#, "open"),
        (r#""validation_method":"NO_VALIDATION","secret_name":"key""#, "open"),
        (r#""verification_method":"NO_VALIDATION""#, "open"),
        (r#""validation_method":"VERIFY_PAYLOAD","secret_name":"key""#, "payload, named key"),
        (r#""verification_method":"VERIFY_PAYLOAD","secret_name":"key""#, "payload, named key"),
        (
            r#""validation_method":"SECRET_AS_QUERY_PARAM","secret_name":"k_1-a""#,
            "query, named k_1-a",
        ),
        (
            r#""validation_method":"SECRET_AS_QUERY_PARAM","secret_name":"__svc_key""#,
            "query, named __svc_key",
        ),
        (
            r#""validation_method":"VERIFY_PAYLOAD","verification_method":"NO_VALIDATION",
            "secret_name":"key""#,
            "payload, named key",
        ),
        (
            r#""validation_method":"VERIFY_PAYLOAD","verification_method":"SECRET_AS_QUERY_PARAM",
            "secret_name":"key""#,
            "payload, named key",
        ),
    ] {
        assert_eq!(check(fields), (expected.to_owned(), vec![]), "{fields}");
    }
}

#[test]
fn a_provider_is_one_word() {
    for (fields, expected) in [
        (r#""validation_method":"STRIPE","secret_name":"key""#, "stripe, named key"),
        (r#""validation_method":"HUBSPOT_V3","secret_name":"key""#, "hubspot-v3, named key"),
        (r#""validation_method":"GITHUB","secret_name":"key""#, "github, named key"),
        (
            r#""validation_method":"SLACK","secret_names":["new","old"]"#,
            "slack, named new or named old",
        ),
        (
            r#""validation_method":"NO_VALIDATION","verification_method":"STRIPE",
            "secret_name":"key""#,
            "stripe, named key",
        ),
    ] {
        assert_eq!(check(fields).0, expected, "{fields}");
    }
    for (fields, code) in [
        (r#""validation_method":"stripe","secret_name":"key""#, "validation-unknown"),
        (r#""validation_method":"HUBSPOT-V3","secret_name":"key""#, "validation-unknown"),
        (r#""validation_method":"STRIPE""#, "secret-missing"),
        (r#""validation_method":"STRIPE","secret_names":[]"#, "secret-missing"),
        (r#""validation_method":"STRIPE","secret_names":"a b""#, "secret-name"),
        (r#""validation_method":"STRIPE","secret_names":[1]"#, "field-type"),
        (
            r#""validation_method":"STRIPE","secret_name":"a","secret_names":["b"]"#,
            "validation-conflict",
        ),
        (
            r#""validation_method":"STRIPE","secret_names":["1","2","3","4","5","6","7","8","9"]"#,
            "validation-conflict",
        ),
        (
            r#""validation_method":"STRIPE","verification_method":"SLACK","secret_name":"a""#,
            "validation-conflict",
        ),
        (
            r#""validation_method":"STRIPE","verification_method":"VERIFY_PAYLOAD",
            "secret_name":"a""#,
            "validation-conflict",
        ),
    ] {
        let (protection, codes) = check(fields);
        assert_eq!(protection, "refused", "{fields}");
        assert!(codes.contains(&code), "{fields}: {codes:?}");
    }
}

#[test]
fn what_cannot_be_understood_is_refused() {
    for (fields, code) in [
        (r#""validation_method":"VERIFY_PAYLOADS","secret_name":"key""#, "validation-unknown"),
        (r#""validation_method":"verify_payload","secret_name":"key""#, "validation-unknown"),
        (r#""validation_method":"no_validation""#, "validation-unknown"),
        (r#""validation_method":" ""#, "validation-unknown"),
        (r#""validation_method":null"#, "validation-unknown"),
        (r#""validation_method":false"#, "validation-unknown"),
        (r#""validation_method":["NO_VALIDATION"]"#, "validation-unknown"),
        (r#""verification_method":1"#, "validation-unknown"),
        (r#""validation_method":"NO_VALIDATION","verification_method":1"#, "validation-unknown"),
        (r#""validation_method":"VERIFY_PAYLOAD""#, "secret-missing"),
        (r#""validation_method":"VERIFY_PAYLOAD","secret_name":"""#, "secret-missing"),
        (r#""validation_method":"SECRET_AS_QUERY_PARAM""#, "secret-missing"),
        (r#""validation_method":"VERIFY_PAYLOAD","secret_id":"65c0""#, "secret-missing"),
        (r#""validation_method":"VERIFY_PAYLOAD","secret_name":"a b""#, "secret-name"),
        (r#""validation_method":"VERIFY_PAYLOAD","secret_name":7"#, "field-type"),
        (r#""validation_method":"NO_VALIDATION","secret_name":7"#, "field-type"),
        (r#""secret_name":"key""#, "validation-missing"),
        (r#""validation_method":"","secret_name":"key""#, "validation-missing"),
        (r#""secret_id":"65c0""#, "validation-missing"),
        (
            r#""validation_method":"VERIFY_PAYLOAD","secret_name":"key",
            "validation_method":"NO_VALIDATION""#,
            "field-duplicate",
        ),
        (r#""validation_method":"NO_VALIDATION","can_evaluate":{"a":1,"a":2}"#, "field-duplicate"),
        (r#""validation_method":"%(%%environment.values.gone)""#, "template-unresolved"),
        (r#""disabled":"false""#, "field-type"),
        (r#""disabled":0"#, "field-type"),
        (r#""disabled":null"#, "field-type"),
        (r#""can_evaluate":true"#, "field-type"),
        (r#""can_evaluate":"user is admin""#, "field-type"),
        (r#""can_evaluate":[]"#, "field-type"),
        (r#""can_evaluate":null"#, "field-type"),
        (r#""run_as_system":"true""#, "field-type"),
        (r#""run_as_user_id":12"#, "field-type"),
        (r#""run_as_user_id_script_source":{}"#, "field-type"),
        (r#""run_as_user_id":"u","run_as_user_id_script_source":"s""#, "run-as-conflict"),
        (r#""validationMethod":"VERIFY_PAYLOAD""#, "field-unknown"),
        (r#""Validation_Method":"VERIFY_PAYLOAD""#, "field-unknown"),
        (r#""secret":"key""#, "field-unknown"),
        (r#""require_authentication":true"#, "field-unknown"),
        (
            r#""validation_method":"VERIFY_PAYLOAD","secret_name":"key","max_age_s":5"#,
            "field-unknown",
        ),
    ] {
        let (protection, codes) = check(fields);
        assert_eq!(protection, "refused", "{fields}");
        assert!(codes.contains(&code), "{fields}: {codes:?}");
    }
}

#[test]
fn of_two_spellings_of_the_method_the_stricter_one_counts() {
    for (documented, misspelt, expected) in [
        ("NO_VALIDATION", "VERIFY_PAYLOAD", "payload, named key"),
        ("NO_VALIDATION", "SECRET_AS_QUERY_PARAM", "query, named key"),
        ("SECRET_AS_QUERY_PARAM", "VERIFY_PAYLOAD", "payload, named key"),
    ] {
        let fields = format!(
            r#""validation_method":"{documented}","verification_method":"{misspelt}",
            "secret_name":"key""#
        );
        assert_eq!(check(&fields), (expected.to_owned(), vec!["validation-conflict"]), "{fields}");
    }
}

#[test]
fn a_refusal_names_the_endpoint_the_file_and_the_line() {
    let entry = r#"[
        {"route": "/a", "http_method": "POST", "function_name": "hello",
         "validation_method": "NONE"}
    ]"#;
    let loaded = loaded(&[META, HELLO, ("https_endpoints/config.json", entry)]);
    let problem = &loaded.problems[0];
    assert_eq!(problem.file, "https_endpoints/config.json");
    assert_eq!(problem.line, Some(3));
    assert_eq!(problem.field.as_deref(), Some("[0].validation_method"));
    assert!(problem.message.contains("POST /a"), "{}", problem.message);
    assert!(!problem.remedy.is_empty());
}
