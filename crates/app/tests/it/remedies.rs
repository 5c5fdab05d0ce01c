//! No remedy weakens a protection.

use crate::{HELLO, META, STITCH, loaded};

/// Words of advice that opens something.
const WEAKENING: [&str; 8] =
    ["remove", "NO_VALIDATION", "system", "false", "disable", "leave out", "take it away", "drop"];

/// Remedies that have such a word all the same, each with the reason.
const ALLOWED: [(&str, &str, &str); 3] = [
    ("json-trailing-comma", "remove", "a comma protects nothing"),
    ("secrets-file", "remove", "the file is not read, and holds secrets in plain text"),
    (
        "validation-unknown",
        "NO_VALIDATION",
        "comes last, with what it means, where it is the nearest name",
    ),
];

const ENDPOINTS: &[&str] = &[
    r#""validation_method":"VERIFY_PAYLOADS","secret_name":"key""#,
    r#""validation_method":"no_validation""#,
    r#""validation_method":5"#,
    r#""validation_method":"VERIFY_PAYLOAD""#,
    r#""validation_method":"VERIFY_PAYLOAD","secret_name":"a b""#,
    r#""validation_method":"NO_VALIDATION","verification_method":"VERIFY_PAYLOAD",
        "secret_name":"k""#,
    r#""secret_name":"key""#,
    r#""secret_id":"5a""#,
    r#""disabled":"false""#,
    r#""disable":true"#,
    r#""hmac":"key""#,
    r#""can_evaluate":[]"#,
    r#""can_evaluate":{"a":1,"a":2}"#,
    r#""run_as_system":true,"run_as_authed_user":true"#,
    r#""run_as_system":true,"run_as_user_id":"u""#,
    r#""run_as_system":"yes""#,
    r#""respond_result":"yes""#,
    r#""return_type":"XML""#,
    r#""validation_method":"%(%%environment.values.gone)""#,
    r#""function_name":"gone""#,
    r#""function_name":"unclear""#,
    r#""http_method":"FETCH""#,
    r#""route":"""#,
];

const WEBHOOKS: &[(&str, &str)] = &[
    ("http", r#","options":{"validationMethod":"VERIFY_PAYLOAD"}"#),
    ("http", r#","options":{"validationMethod":"SIGNED","secret":"s"}"#),
    ("http", r#","options":{"secret":"s"}"#),
    ("http", r#","options":{"secretAsQueryParam":true}"#),
    ("http", r#","options":{"validationMethod":"NO_VALIDATION","secretAsQueryParam":true}"#),
    ("http", r#","options":{"validationMethod":"VERIFY_PAYLOAD","secret":"s","ttl":1}"#),
    ("http", r#","options":{"httpMethod":"BREW"}"#),
    ("http", r#","options":null"#),
    ("http", r#","opts":{}"#),
    ("http", r#","validationMethod":"VERIFY_PAYLOAD""#),
    ("http", r#","private":true"#),
    ("http", r#","run_as_user_id":"u","run_as_user_id_script_source":"s""#),
    ("github", r#","options":{}"#),
    ("github", ""),
    ("githb", r#","options":{"validationMethod":"NO_VALIDATION","secret":"s"}"#),
];

/// Whole files, all in one export.
const FILES: &[(&str, &str)] = &[
    ("secrets.json", "{}"),
    ("root_config.json", r#"{"allowed_request_orgins":[],"environment":"qa"}"#),
    ("https_endpoints/config.json", r#"[3,{"route":"/a","http_method":"GET",},]"#),
    ("http_endpoints/config.json", r#"[{"endpoint":"/x","sql_file":"x.sql"}]"#),
    (
        "functions/config.json",
        r#"[{"name":"f"},{"name":"f"},{"x":1},{"name":"g","private":1},{"name":"h"}]"#,
    ),
    ("functions/f.js", ""),
    ("functions/k/config.json", "{"),
    ("functions/k/source.js", ""),
    ("values/a.json", r#"{"name":"a","from_secret":true,"value":5}"#),
    ("values/b.json", r#"{"name":"c","value":5}"#),
    ("values/c.json", r#"{"name":"c","value":5}"#),
    ("services/lost/incoming_webhooks/w/source.js", ""),
    ("services/untyped/config.json", "{}"),
    ("services/svc/config.json", r#"{"name":"svc","type":"http","secret_config":{"a":1}}"#),
    ("services/svc/rules/r.json", r#"{"name":"r","actions":["get"],"wehn":{}}"#),
    ("services/svc/incoming_webhooks/v/source.js", ""),
    ("services/svc/incoming_webhooks/w/config.json", r#"{"name":"w"}"#),
    ("services/svc/incoming_webhooks/x/config.json", r#"{"name":"w"}"#),
    ("auth/providers.json", r#"{"api-key":{"disabled":"yes"},"anon-user":1}"#),
];

#[test]
fn no_remedy_weakens_a_protection() {
    let manifest = ("functions/config.json", r#"[{"name":"unclear","run_as_system":"yes"}]"#);
    let mut told = Vec::new();
    for fields in ENDPOINTS {
        let mut entry = r#"{"route":"/a","http_method":"POST","function_name":"hello","#.to_owned();
        for key in ["route", "http_method", "function_name"] {
            if fields.starts_with(&format!("\"{key}\"")) {
                entry = entry.replace(&format!("\"{key}\""), "\"id\"");
            }
        }
        // Alone, beside an open twin, and beside one that asks something else.
        let entry = format!("{entry}{fields}}}");
        let twin = r#"{"route":"/a","http_method":"POST","function_name":"hello"}"#;
        let user = r#"{"route":"/a","http_method":"*","function_name":"hello",
            "run_as_user_id":"u","can_evaluate":{"a":1}}"#;
        for text in [
            format!("[{entry}]"),
            format!("[{entry},{twin}]"),
            format!("[{user},{entry},{twin},{user}]"),
        ] {
            let files = [META, HELLO, manifest, ("https_endpoints/config.json", &*text)];
            told.extend(loaded(&files).problems);
            let other = format!("[{twin},{user}]");
            told.extend(
                loaded(&[&files[..], &[("http_endpoints/config.json", &*other)]].concat()).problems,
            );
        }
    }
    for (kind, fields) in WEBHOOKS {
        told.extend(
            loaded(&[
                STITCH,
                ("services/svc/config.json", &format!(r#"{{"name":"svc","type":"{kind}"}}"#)),
                (
                    "services/svc/incoming_webhooks/w/config.json",
                    &format!(r#"{{"name":"w"{fields}}}"#),
                ),
            ])
            .problems,
        );
    }
    told.extend(loaded(FILES).problems);
    assert!(told.len() > 100, "{}", told.len());
    for problem in told {
        assert!(!problem.file.is_empty() && !problem.remedy.is_empty(), "{problem:?}");
        // The hosted service is gone, and nobody can export anything again.
        assert!(!problem.remedy.contains("export the app again"), "{problem:?}");
        for word in WEAKENING.iter().filter(|word| problem.remedy.contains(**word)) {
            // Names of fields are no advice.
            let is_field =
                problem.remedy.contains("the fields are") || problem.remedy.starts_with("write `");
            let is_allowed =
                ALLOWED.iter().any(|(code, one, _)| *code == problem.code.as_str() && one == word);
            assert!(is_field || is_allowed, "{}: {word}: {}", problem.code, problem.remedy);
        }
        if problem.code == "validation-unknown" {
            assert!(
                problem.remedy.starts_with("write VERIFY")
                    || problem.remedy.starts_with("write SECRET")
            );
        }
    }
}
