//! A name that is not known refuses what it stands on: it may be a misspelt protection.

use hookstead_app::{Loaded, Severity};

use crate::{HELLO, META, STITCH, loaded, word};

fn endpoint(fields: &str) -> Loaded {
    let entry =
        format!(r#"[{{"route":"/a","http_method":"POST","function_name":"hello",{fields}}}]"#);
    loaded(&[META, HELLO, ("https_endpoints/config.json", &entry)])
}

fn webhook(fields: &str) -> Loaded {
    loaded(&[
        STITCH,
        ("services/svc/config.json", r#"{"name":"svc","type":"http"}"#),
        ("services/svc/incoming_webhooks/w/config.json", &format!(r#"{{"name":"w",{fields}}}"#)),
        ("services/svc/incoming_webhooks/w/source.js", ""),
    ])
}

fn check(fields: &str, loaded: &Loaded, protection: &str, remedy: &str) {
    assert_eq!(protection, "refused", "{fields}");
    let told: Vec<_> = loaded.problems.iter().filter(|one| one.code == "field-unknown").collect();
    assert!(told.iter().all(|one| one.severity == Severity::Error), "{fields}");
    let remedies: Vec<_> = told.iter().map(|one| one.remedy.as_str()).collect();
    assert!(remedies.iter().any(|one| one.starts_with(remedy)), "{fields}: {remedies:?}");
}

#[test]
fn an_unknown_field_refuses_an_endpoint_and_the_nearest_one_is_named() {
    for (fields, remedy) in [
        (r#""vaildation_method":"VERIFY_PAYLOAD""#, "write `validation_method`"),
        (r#""Validation_Method":"VERIFY_PAYLOAD""#, "write `validation_method`"),
        (r#""VALIDATION_METHOD":"VERIFY_PAYLOAD""#, "write `validation_method`"),
        (r#""validationMethod":"VERIFY_PAYLOAD""#, "write `validation_method`"),
        (r#""validation_method ":"VERIFY_PAYLOAD""#, "write `validation_method`"),
        (r#""validation_methοd":"VERIFY_PAYLOAD""#, "write `validation_method`"),
        (r#""validation":"VERIFY_PAYLOAD""#, "write `validation_method`"),
        (r#""secretname":"key""#, "write `secret_name`"),
        (r#""secret":"key""#, "write `secret_name`"),
        (r#""disable":true"#, "write `disabled`"),
        (r#""Disabled":true"#, "write `disabled`"),
        (r#""can_evalute":{"%%user.id":"u"}"#, "write `can_evaluate`"),
        (r#""run_as_authd_user":true"#, "write `run_as_authed_user`"),
        (r#""hmac":"key""#, ""),
        (r#""token":"key""#, ""),
        (r#""protection":"VERIFY_PAYLOAD""#, ""),
        (r#""check_payload":true"#, ""),
        (r#""auth":"required""#, ""),
        (r#""":"VERIFY_PAYLOAD""#, ""),
        (r#""options":{"validationMethod":"VERIFY_PAYLOAD","secret":"s"}"#, ""),
        (r#""colour":"red""#, ""),
    ] {
        let loaded = endpoint(fields);
        check(fields, &loaded, &word(&loaded.app.endpoints[0].protection), remedy);
    }
}

#[test]
fn an_unknown_field_refuses_a_webhook_and_the_nearest_one_is_named() {
    let guard = r#"{"validationMethod":"VERIFY_PAYLOAD","secret":"s"}"#;
    let in_options = |text: &str| format!(r#""options":{{{text}}}"#);
    for (fields, remedy) in [
        (format!(r#""option":{guard}"#), "write `options`"),
        (format!(r#""opts":{guard}"#), "write `options`"),
        (format!(r#""Options":{guard}"#), "write `options`"),
        (r#""validationMethod":"VERIFY_PAYLOAD""#.to_owned(), "write `validationMethod`, and put"),
        (r#""secret":"s""#.to_owned(), "write `secret`, and put it into `options`"),
        (r#""hmac":"s""#.to_owned(), ""),
        (in_options(r#""validationmethod":"VERIFY_PAYLOAD""#), "write `validationMethod`"),
        (in_options(r#""validation_method":"VERIFY_PAYLOAD""#), "write `validationMethod`"),
        (in_options(r#""Secret":"s""#), "write `secret`"),
        (in_options(r#""secretAsQuery":true"#), "write `secretAsQueryParam`"),
        (in_options(r#""options":{}"#), ""),
        (in_options(r#""token":"s""#), ""),
        (r#""disabled":true"#.to_owned(), ""),
    ] {
        let loaded = webhook(&fields);
        let protection = word(&loaded.app.services["svc"].webhooks["w"].protection);
        check(&fields, &loaded, &protection, remedy);
    }
}

#[test]
fn names_that_the_hosted_service_wrote_are_harmless() {
    let loaded = endpoint(r#""_id":"5a","id":"5b","function_id":"5c","secret_id":"""#);
    assert_eq!(
        (word(&loaded.app.endpoints[0].protection).as_str(), loaded.problems.len()),
        ("open", 0)
    );
    let loaded = webhook(r#""_id":"5a","id":"5b","options":{"_id":"5c","id":"5d"}"#);
    let webhook = &loaded.app.services["svc"].webhooks["w"];
    assert_eq!((word(&webhook.protection).as_str(), loaded.problems.len()), ("open", 0));
}

#[test]
fn an_unknown_field_leaves_out_a_function_a_rule_and_a_value() {
    for entry in [r#""can_evalute":{}"#, r#""privte":true"#, r#""note":1"#] {
        let manifest = format!(r#"[{{"name":"hello","run_as_system":true,{entry}}}]"#);
        let loaded = loaded(&[META, HELLO, ("functions/config.json", &manifest)]);
        assert!(loaded.app.functions.is_empty(), "{entry}");
    }
    let rule = r#"{"name":"r","actions":["get"],"wehn":{"%%args.url.host":"a.b"}}"#;
    let value = r#"{"name":"v","value":"key","from_secrt":true}"#;
    let loaded = loaded(&[
        META,
        ("services/svc/config.json", r#"{"name":"svc","type":"http"}"#),
        ("services/svc/rules/r.json", rule),
        ("values/v.json", value),
    ]);
    assert!(loaded.app.services["svc"].rules.is_empty() && loaded.app.values.is_empty());
}

#[test]
fn an_unknown_method_is_one_error_that_names_the_nearest() {
    let prove = "write VERIFY_PAYLOAD if callers sign the body, or SECRET_AS_QUERY_PARAM if they \
                 send the secret in the URL";
    for (method, remedy) in [
        ("VERIFY_PAYLOADS", "write VERIFY_PAYLOAD"),
        ("verify_payload", "write VERIFY_PAYLOAD"),
        ("SECRET_AS_QUERY", "write SECRET_AS_QUERY_PARAM"),
        ("SECRET_QUERY_PARAM", "write SECRET_AS_QUERY_PARAM"),
        ("STRIP", "write STRIPE"),
        ("stripe", "write STRIPE"),
        ("HUBSPOT-V3", "write HUBSPOT_V3"),
        ("hmac", prove),
        ("NONE", prove),
    ] {
        let field = format!(r#""validation_method":"{method}","secret_name":"key""#);
        let misspelt = field.replace("validation", "verification");
        let options = format!(
            r#""options":{{"validationMethod":"{method}","secret":"s","httpMethod":"GET"}}"#
        );
        for loaded in [endpoint(&field), endpoint(&misspelt), webhook(&options)] {
            let told: Vec<_> =
                loaded.problems.iter().map(|one| (one.code.as_str(), &*one.remedy)).collect();
            assert_eq!(told, [("validation-unknown", remedy)], "{method}");
        }
    }
    for method in ["no_validation", "NO_VALIDATIONS"] {
        let loaded = endpoint(&format!(r#""validation_method":"{method}","secret_name":"key""#));
        assert!(loaded.problems[0].remedy.starts_with(prove), "{}", loaded.problems[0].remedy);
        assert_eq!(loaded.problems.len(), 1);
    }
}

#[test]
fn misspelt_origins_let_nobody_in() {
    for root in [
        r#"{"config_version":20230101,"allowed_request_orgins":["https://a.example"]}"#,
        r#"{"config_version":20230101,"Allowed_Request_Origins":["https://a.example"]}"#,
        r#"{"config_version":20180301,"security":{"allowedRequestOrigins":["https://a.b"]}}"#,
    ] {
        let loaded = loaded(&[META, ("root_config.json", root)]);
        assert!(!loaded.app.allowed_request_origins.is_empty(), "{root}");
    }
}
