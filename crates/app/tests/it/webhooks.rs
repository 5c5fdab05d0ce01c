//! Incoming webhooks: what is stated, and what is refused.

use hookstead_app::{Method, RunAs, Webhook};

use crate::{META, REALM, STITCH, loaded, sound, told, word};

/// The webhook of a service of this type with this configuration, and the codes of its problems.
fn check(kind: &str, config: &str) -> (Webhook, Vec<&'static str>) {
    let service = format!(r#"{{"name":"svc","type":"{kind}","config":{{}},"version":1}}"#);
    let loaded = loaded(&[
        STITCH,
        ("services/svc/config.json", &service),
        ("services/svc/incoming_webhooks/hook/config.json", config),
        ("services/svc/incoming_webhooks/hook/source.js", "exports = 1"),
    ]);
    let codes = loaded.problems.iter().map(|problem| problem.code.as_str()).collect();
    (loaded.app.services["svc"].webhooks["hook"].clone(), codes)
}

#[test]
fn every_field_is_read() {
    let (webhook, codes) = check(
        "http",
        r#"{"id":"5a","name":"hook","run_as_authed_user":true,"run_as_user_id":"",
            "run_as_user_id_script_source":"","can_evaluate":{"%%user.id":"u"},
            "options":{"httpMethod":"PUT","validationMethod":"VERIFY_PAYLOAD","secret":"s"},
            "respond_result":true,"disable_arg_logs":true,"fetch_custom_user_data":true,
            "create_user_on_auth":true}"#,
    );
    assert_eq!(codes, Vec::<&str>::new());
    assert_eq!((webhook.method, &webhook.run_as), (Method::Put, &RunAs::Application));
    assert_eq!(word(&webhook.protection), "payload, literal s");
    assert!(webhook.respond_result && webhook.disable_arg_logs && webhook.can_evaluate.is_some());
    assert!(webhook.fetch_custom_user_data && webhook.create_user_on_auth);
    let file = "services/svc/incoming_webhooks/hook/source.js";
    assert_eq!((webhook.file.as_deref(), webhook.source.as_str()), (Some(file), "exports = 1"));
}

#[test]
fn the_least_configuration_runs_as_system_for_any_method() {
    let (webhook, codes) = check("http", r#"{"name":"hook"}"#);
    assert_eq!((webhook.method, &webhook.run_as), (Method::Any, &RunAs::System));
    assert_eq!((word(&webhook.protection).as_str(), codes), ("open", vec![]));
}

#[test]
fn whose_rights_are_read() {
    for (fields, run_as) in [
        (r#""run_as_user_id":"u""#, RunAs::User("u".to_owned())),
        (r#""run_as_user_id_script_source":"s""#, RunAs::Script("s".to_owned())),
        (r#""run_as_system":true"#, RunAs::System),
        (r#""run_as_authed_user":true"#, RunAs::Application),
    ] {
        let (webhook, codes) = check("http", &format!(r#"{{"name":"hook",{fields}}}"#));
        assert_eq!((webhook.run_as, codes), (run_as, vec![]), "{fields}");
    }
}

#[test]
fn what_is_stated_is_what_is_checked() {
    for (kind, options, expected) in [
        ("http", r#"{}"#, "open"),
        ("http", r#"{"httpMethod":"GET","validationMethod":"NO_VALIDATION"}"#, "open"),
        ("http", r#"{"validationMethod":"","secret":""}"#, "open"),
        (
            "http",
            r#"{"validationMethod":"SECRET_AS_QUERY_PARAM","secret":"s"}"#,
            "query, literal s",
        ),
        ("http", r#"{"secretAsQueryParam":true,"secret":"s"}"#, "query, literal s"),
        ("http", r#"{"secretAsQueryParam":false}"#, "open"),
        ("http", r#"{"validationMethod":"VERIFY_PAYLOAD","secret":"s"}"#, "payload, literal s"),
        ("github", r#"{"secret":"s"}"#, "github, literal s"),
        ("github", r#"{"validationMethod":"VERIFY_PAYLOAD","secret":"s"}"#, "github, literal s"),
        ("github", r#"{"validationMethod":"NO_VALIDATION","secret":"s"}"#, "github, literal s"),
        ("github", r#"{"validationMethod":"NO_VALIDATION"}"#, "open"),
        ("twilio", r#"{}"#, "open"),
        ("other", r#"{"validationMethod":"NO_VALIDATION"}"#, "open"),
        ("other", r#"{"validationMethod":"VERIFY_PAYLOAD","secret":"s"}"#, "payload, literal s"),
        (
            "twilio",
            r#"{"validationMethod":"SECRET_AS_QUERY_PARAM","secret":"s"}"#,
            "query, literal s",
        ),
    ] {
        let (webhook, codes) = check(kind, &format!(r#"{{"name":"hook","options":{options}}}"#));
        assert_eq!((word(&webhook.protection).as_str(), codes), (expected, vec![]), "{options}");
    }
}

/// Kind of service, fields of the webhook, and the problem that must be told.
const NOT_UNDERSTOOD: &[(&str, &str, &str)] = &[
    ("http", r#""options":{"validationMethod":"VERIFY_PAYLOAD"}"#, "secret-missing"),
    ("http", r#""options":{"validationMethod":"VERIFY_PAYLOAD","secret":""}"#, "secret-missing"),
    (
        "http",
        r#""options":{"validationMethod":"SECRET_AS_QUERY_PARAM","secret":""}"#,
        "secret-missing",
    ),
    ("http", r#""options":{"secretAsQueryParam":true}"#, "secret-missing"),
    ("http", r#""options":{"validationMethod":"VERIFY_PAYLOAD","secret":5}"#, "field-type"),
    ("http", r#""options":{"validationMethod":"SIGNED","secret":"s"}"#, "validation-unknown"),
    ("http", r#""options":{"validationMethod":3}"#, "validation-unknown"),
    ("http", r#""options":{"validationMethod":null}"#, "validation-unknown"),
    ("http", r#""options":{"secret":"s"}"#, "validation-missing"),
    ("http", r#""options":{"secret":"s","secretAsQueryParam":false}"#, "validation-missing"),
    ("http", r#""options":{"secret":"s","secretAsQueryParam":"true"}"#, "field-type"),
    (
        "http",
        r#""options":{"validationMethod":"NO_VALIDATION","secretAsQueryParam":true,
            "secret":"s"}"#,
        "validation-conflict",
    ),
    (
        "http",
        r#""options":{"validationMethod":"VERIFY_PAYLOAD","secretAsQueryParam":true,
            "secret":"s"}"#,
        "validation-conflict",
    ),
    ("http", r#""options":{"validation_method":"VERIFY_PAYLOAD"}"#, "field-unknown"),
    (
        "http",
        r#""options":{"validationMethod":"VERIFY_PAYLOAD","secret":"s","ttl":1}"#,
        "field-unknown",
    ),
    (
        "http",
        r#""options":{"validationMethod":"VERIFY_PAYLOAD","secret":"s"},"ttl":1"#,
        "field-unknown",
    ),
    (
        "http",
        r#""options":{"validationMethod":"VERIFY_PAYLOAD",
            "secret":"%(%%environment.values.gone)"}"#,
        "template-unresolved",
    ),
    (
        "http",
        r#""options":{"validationMethod":"VERIFY_PAYLOAD","secret":"s",
            "validationMethod":"NO_VALIDATION"}"#,
        "field-duplicate",
    ),
    ("http", r#""options":{"httpMethod":"BREW"}"#, "webhook-method"),
    ("http", r#""options":{"httpMethod":1}"#, "field-type"),
    ("http", r#""options":"NO_VALIDATION""#, "field-type"),
    ("http", r#""options":[]"#, "field-type"),
    ("http", r#""run_as_authed_user":"true""#, "field-type"),
    ("http", r#""run_as_authed_user":true,"run_as_user_id":"u""#, "run-as-conflict"),
    ("http", r#""run_as_authed_user":true,"run_as_user_id_script_source":"s""#, "run-as-conflict"),
    ("http", r#""run_as_authed_user":true,"run_as_system":true"#, "run-as-conflict"),
    ("http", r#""run_as_user_id":"u","run_as_user_id_script_source":"s""#, "run-as-conflict"),
    ("http", r#""can_evaluate":"no json""#, "field-type"),
    ("http", r#""private":true"#, "webhook-private"),
    ("http", r#""disabled":true"#, "field-unknown"),
    ("github", r#""options":{}"#, "secret-missing"),
    ("github", r#""options":{"secret":""}"#, "secret-missing"),
    ("github", r#""options":{"validationMethod":"VERIFY_PAYLOAD"}"#, "secret-missing"),
    ("github", r#""options":{"validationMethod":"NO_VALIDATION","secret":9}"#, "field-type"),
    ("github", r#""options":null"#, "secret-missing"),
    ("github", r#""respond_result":true"#, "secret-missing"),
    ("twilio", r#""options":{"validationMethod":"SIGNED"}"#, "validation-unknown"),
    // A misspelt `github`, perhaps, that has lost its secret.
    ("Github", r#""options":{"secret":""}"#, "service-type"),
    ("GITHUB", r#""options":{}"#, "service-type"),
    ("githb", r#""respond_result":true"#, "service-type"),
    ("HTTP", r#""options":{"validationMethod":""}"#, "service-type"),
    ("", r#""options":null"#, "service-type"),
    (
        "githb",
        r#""options":{"validationMethod":"NO_VALIDATION","secret":"s"}"#,
        "validation-conflict",
    ),
    ("githb", r#""options":{"secret":"s"}"#, "validation-missing"),
];

#[test]
fn what_cannot_be_understood_is_refused() {
    for (kind, fields, code) in NOT_UNDERSTOOD {
        let (webhook, codes) = check(kind, &format!(r#"{{"name":"hook",{fields}}}"#));
        assert_eq!(word(&webhook.protection), "refused", "{kind} {fields}");
        assert!(codes.contains(code), "{kind} {fields}: {codes:?}");
    }
}

#[test]
fn names_come_from_the_configuration() {
    let app = sound(&[
        STITCH,
        ("services/service_a/config.json", r#"{"name":"service a","type":"http"}"#),
        ("services/service_a/incoming_webhooks/hook_b/config.json", r#"{"name":"hook b"}"#),
        ("services/service_a/incoming_webhooks/hook_b/source.js", ""),
    ]);
    assert!(app.services["service a"].webhooks.contains_key("hook b"));
}

#[test]
fn webhooks_are_found_wherever_their_service_is() {
    for (root, folder) in
        [(STITCH, "services"), (REALM, "http_endpoints"), (META, "https_endpoints")]
    {
        let app = sound(&[
            root,
            (&format!("{folder}/svc/config.json"), r#"{"name":"svc","type":"http"}"#),
            (&format!("{folder}/svc/incoming_webhooks/a/config.json"), r#"{"name":"a"}"#),
            (&format!("{folder}/svc/incoming_webhooks/a/source.js"), ""),
            (&format!("{folder}/config.json"), "[]"),
        ]);
        assert!(app.services["svc"].webhooks.contains_key("a"), "{folder}");
    }
}

#[test]
fn a_service_in_two_folders_has_the_webhooks_of_both() {
    let closed = r#"{"name":"a","options":{"validationMethod":"VERIFY_PAYLOAD","secret":"s"}}"#;
    let app = sound(&[
        REALM,
        ("http_endpoints/svc/config.json", r#"{"name":"svc","type":"http"}"#),
        ("http_endpoints/svc/incoming_webhooks/a/config.json", closed),
        ("http_endpoints/svc/incoming_webhooks/a/source.js", ""),
        ("services/svc/config.json", r#"{"name":"svc","type":"http"}"#),
        ("services/svc/incoming_webhooks/a/config.json", r#"{"name":"a"}"#),
        ("services/svc/incoming_webhooks/a/source.js", ""),
        ("services/svc/incoming_webhooks/b/config.json", r#"{"name":"b"}"#),
        ("services/svc/incoming_webhooks/b/source.js", ""),
    ]);
    let webhooks = &app.services["svc"].webhooks;
    assert_eq!(word(&webhooks["a"].protection), "payload, literal s");
    assert!(webhooks.contains_key("b"));
}

#[test]
fn an_outdated_twin_does_not_stand_in_for_a_broken_webhook() {
    let loaded = loaded(&[
        REALM,
        ("http_endpoints/svc/config.json", r#"{"name":"svc","type":"http"}"#),
        ("http_endpoints/svc/incoming_webhooks/a/config.json", "{"),
        ("http_endpoints/broken/config.json", "{"),
        ("services/svc/config.json", r#"{"name":"svc","type":"http"}"#),
        ("services/svc/incoming_webhooks/a/config.json", r#"{"name":"a"}"#),
        ("services/broken/config.json", r#"{"name":"broken","type":"http"}"#),
    ]);
    assert_eq!(word(&loaded.app.services["svc"].webhooks["a"].protection), "refused");
    assert!(!loaded.app.services.contains_key("broken"));
}

#[test]
fn two_webhooks_of_one_name_are_refused() {
    let loaded = loaded(&[
        STITCH,
        ("services/svc/config.json", r#"{"name":"svc","type":"http"}"#),
        ("services/svc/incoming_webhooks/a/config.json", r#"{"name":"a"}"#),
        ("services/svc/incoming_webhooks/a/source.js", ""),
        ("services/svc/incoming_webhooks/b/config.json", r#"{"name":"a"}"#),
        ("services/svc/incoming_webhooks/b/source.js", ""),
    ]);
    assert_eq!(word(&loaded.app.services["svc"].webhooks["a"].protection), "refused");
    assert_eq!(
        told(&loaded),
        ["error webhook-duplicate services/svc/incoming_webhooks/b/config.json"]
    );
}

#[test]
fn missing_files_are_told() {
    let loaded = loaded(&[
        STITCH,
        ("services/svc/config.json", r#"{"name":"svc","type":"http"}"#),
        ("services/svc/incoming_webhooks/a/config.json", r#"{"name":"a"}"#),
        ("services/svc/incoming_webhooks/b/source.js", ""),
        ("services/lost/incoming_webhooks/b/source.js", ""),
    ]);
    assert_eq!(loaded.app.services["svc"].webhooks["a"].file, None);
    assert_eq!(
        told(&loaded),
        [
            "error service-unreadable services/lost",
            "error webhook-file-missing services/svc/incoming_webhooks/a/source.js",
            "error webhook-config-missing services/svc/incoming_webhooks/b",
        ]
    );
}

#[test]
fn a_twin_does_not_stand_in_for_a_webhook_that_lost_its_configuration() {
    let open = r#"{"name":"a","options":{"httpMethod":"POST","validationMethod":"NO_VALIDATION"}}"#;
    let service = r#"{"name":"svc","type":"http"}"#;
    let loaded = loaded(&[
        REALM,
        ("http_endpoints/svc/config.json", service),
        ("http_endpoints/svc/incoming_webhooks/a/source.js", ""),
        ("http_endpoints/lost/incoming_webhooks/a/source.js", ""),
        ("services/svc/config.json", service),
        ("services/svc/incoming_webhooks/a/config.json", open),
        ("services/svc/incoming_webhooks/a/source.js", ""),
        ("services/lost/config.json", r#"{"name":"lost","type":"http"}"#),
        ("services/lost/incoming_webhooks/a/config.json", open),
        ("services/lost/incoming_webhooks/a/source.js", ""),
    ]);
    assert_eq!(word(&loaded.app.services["svc"].webhooks["a"].protection), "refused");
    assert!(!loaded.app.services.contains_key("lost"));
}
