//! Ways in which an export is damaged or half written: none of them opens what is protected.

use std::fs;

use hookstead_app::{App, LoadOptions, Protection, load};

use crate::{HELLO, META, write};

const ENDPOINT: &str = r#"[{"route":"/a","http_method":"POST","function_name":"hello",
    "validation_method":"VERIFY_PAYLOAD","secret_name":"key"}]"#;
const WEBHOOK: &str = r#"{"name":"w","options":{"validationMethod":"VERIFY_PAYLOAD",
    "secret":"s"}}"#;

const AT_ENDPOINT: &str = "https_endpoints/config.json";
const AT_WEBHOOK: &str = "https_endpoints/svc/incoming_webhooks/w/config.json";

fn app(endpoint: &[u8], webhook: &[u8]) -> App {
    let dir = write(&[
        META,
        HELLO,
        (AT_ENDPOINT, ""),
        ("https_endpoints/svc/config.json", r#"{"name":"svc","type":"http"}"#),
        (AT_WEBHOOK, ""),
        ("https_endpoints/svc/incoming_webhooks/w/source.js", ""),
        // What is outdated is open.
        (
            "http_endpoints/config.json",
            r#"[{"route":"/a","http_method":"POST","function_name":"hello"},
                {"route":"/a","http_method":"*","function_name":"hello"}]"#,
        ),
        ("services/svc/config.json", r#"{"name":"svc","type":"http"}"#),
        ("services/svc/incoming_webhooks/w/config.json", r#"{"name":"w"}"#),
        ("services/svc/incoming_webhooks/w/source.js", ""),
    ]);
    fs::write(dir.path().join(AT_ENDPOINT), endpoint).unwrap();
    fs::write(dir.path().join(AT_WEBHOOK), webhook).unwrap();
    load(dir.path(), &LoadOptions::default()).unwrap().app
}

/// Whether a request with POST for `/a`, or a call of the webhook, needs nothing.
fn is_open(app: &App) -> (bool, bool) {
    use hookstead_app::Method::{Any, Post};
    let of = |method| app.endpoints.iter().find(move |one| one.method == method);
    let endpoint = of(Post).or_else(|| of(Any)).filter(|one| !one.disabled);
    let webhook = app.services.get("svc").and_then(|service| service.webhooks.get("w"));
    let is_open = |protection: &Protection| matches!(protection, Protection::None);
    (
        endpoint.is_some_and(|one| is_open(&one.protection)),
        webhook.is_some_and(|one| is_open(&one.protection)),
    )
}

#[test]
fn what_is_half_written_opens_nothing() {
    assert_eq!(is_open(&app(ENDPOINT.as_bytes(), WEBHOOK.as_bytes())), (false, false));
    for length in 0..ENDPOINT.len() {
        let half = &ENDPOINT.as_bytes()[..length];
        assert!(!is_open(&app(half, WEBHOOK.as_bytes())).0, "{}", &ENDPOINT[..length]);
    }
    for length in 0..WEBHOOK.len() {
        let half = &WEBHOOK.as_bytes()[..length];
        assert!(!is_open(&app(ENDPOINT.as_bytes(), half)).1, "{}", &WEBHOOK[..length]);
    }
}

/// A text in a configuration, and what stands in its place.
const DAMAGE: &[(&str, &str)] = &[
    ("{", "\u{feff}{"),
    ("{", "// protected\n{"),
    ("{", "/* { */{"),
    ("{", "[{"),
    ("{", "{,"),
    ("}", ",}"),
    ("}", ",,}"),
    ("}", "}}"),
    (":", "="),
    ("\"", "'"),
    ("\"VERIFY_PAYLOAD\"", "null"),
    ("\"VERIFY_PAYLOAD\"", "2"),
    ("\"VERIFY_PAYLOAD\"", "true"),
    ("\"VERIFY_PAYLOAD\"", "[\"VERIFY_PAYLOAD\"]"),
    ("\"VERIFY_PAYLOAD\"", "{\"NO_VALIDATION\":1}"),
    ("\"VERIFY_PAYLOAD\"", "\"\""),
    ("\"VERIFY_PAYLOAD\"", "\" VERIFY_PAYLOAD\""),
    ("\"VERIFY_PAYLOAD\"", "\"VERIFY_PAYLOAD\\u0000\""),
    ("\"VERIFY_PAYLOAD\"", "\"%(%%environment.values.method)\""),
    ("\"VERIFY_PAYLOAD\"", "\"NO_VALIDATION\",\"verification_method\":\"VERIFY_PAYLOAD\""),
    ("\"s\"", "\"\""),
    ("\"s\"", "null"),
    ("\"s\"", "5"),
    ("\"s\"", "[]"),
    ("\"key\"", "\"\""),
    ("\"key\"", "null"),
    ("\"key\"", "{}"),
    ("\"key\"", "\"\\u200b\""),
    ("\"validation", "\"\\u200bvalidation"),
    ("\"validation", "\"validation_method\":\"NO_VALIDATION\",\"validation"),
    ("\"validation", "\"v\\u0061lidation_method\":\"NO_VALIDATION\",\"validation"),
    ("\"validation", "\"validationMethod\":\"NO_VALIDATION\",\"validation"),
    ("\"options\":{", "\"options\":null,\"o\":{"),
    ("\"options\":{", "\"options\":[],\"o\":{"),
    ("\"options\":{", "\"options\":\"\",\"o\":{"),
    ("\"options\":{", "\"options\":{},\"options\":{"),
    ("\"options\":{", "\"options\":{\"options\":{"),
    ("\"options\":{\"validationMethod\":\"VERIFY_PAYLOAD\",", "\"options\":null}"),
    ("\"POST\"", "\"POTS\""),
    ("\"POST\"", "null"),
    ("\"POST\"", "[\"POST\"]"),
    ("\"/a\"", "[\"/a\"]"),
    ("\"/a\"", "null"),
    ("\"/a\"", "\"a\""),
    ("\"route\"", "\"rout\""),
    ("\"w\"", "7"),
    ("\"w\"", "null"),
    ("\"w\"", "\"\""),
];

#[test]
fn no_damage_opens_what_is_protected() {
    for (text, damaged) in DAMAGE {
        let [endpoint, webhook] = [ENDPOINT, WEBHOOK].map(|good| good.replacen(text, damaged, 1));
        let app = app(endpoint.as_bytes(), webhook.as_bytes());
        assert_eq!(is_open(&app), (false, false), "{text} {damaged}");
    }
    for bytes in [&b"\xff\xfe"[..], b"\x00", b"[{\"route\":\"/a\xff\"}]"] {
        assert_eq!(is_open(&app(bytes, bytes)), (false, false), "{bytes:?}");
    }
}

#[cfg(unix)]
#[test]
fn no_link_opens_what_is_protected() {
    use std::os::unix::fs::symlink;

    let open = r#"[{"route":"/a","http_method":"POST","function_name":"hello"}]"#;
    let service = r#"{"name":"svc","type":"http"}"#;
    for lost in ["https_endpoints", AT_ENDPOINT, "https_endpoints/svc", AT_WEBHOOK] {
        for target in ["/nowhere/at/all", "/", "/etc/passwd"] {
            let dir = write(&[
                META,
                HELLO,
                ("http_endpoints/config.json", open),
                ("services/svc/config.json", service),
                ("services/svc/incoming_webhooks/w/config.json", r#"{"name":"w"}"#),
                ("services/svc/incoming_webhooks/w/source.js", ""),
                ("https_endpoints/config.json", ENDPOINT),
                ("https_endpoints/svc/config.json", service),
                (AT_WEBHOOK, WEBHOOK),
            ]);
            let path = dir.path().join(lost);
            let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
            symlink(target, &path).unwrap();
            let app = load(dir.path(), &LoadOptions::default()).unwrap().app;
            let (endpoint, webhook) = is_open(&app);
            assert!(!endpoint || lost.contains("svc"), "{lost} {target}");
            assert!(!webhook || lost == AT_ENDPOINT, "{lost} {target}");
        }
    }
}
