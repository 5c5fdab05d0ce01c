//! Sites: what they list, and how one takes another's place.

use std::{sync::Arc, time::Duration};

use hookstead_site::{Kind, ProtectionKind};
use serde_json::json;

use crate::harness::{APP, App, webhook};

#[test]
fn a_site_lists_what_it_answers_and_why_it_does_not() {
    let secret = json!({ "validation_method": "SECRET_AS_QUERY_PARAM", "secret_name": "unset" });
    let options = json!({ "options": {
        "httpMethod": "ANY", "validationMethod": "VERIFY_PAYLOAD", "secret": "12345",
    } });
    let (site, _) = App::new()
        .endpoint("GET", "/a b", "exports = () => 1")
        .endpoint_with("POST", "/s", "exports = () => 1", secret, json!({}))
        .endpoint_with("*", "/u", "exports = () => 1", json!({}), json!({ "run_as_system": null }))
        .endpoint_with("GET", "/off", "exports = () => 1", json!({ "disabled": true }), json!({}))
        .endpoint("GET", "/broken", "exports = (")
        .webhook(("my http", "http"), "w", "exports = () => 1", options)
        .site();
    let rows: Vec<_> = site
        .endpoints()
        .iter()
        .map(|row| (row.kind, row.method.as_str(), row.path.as_str(), row.protection))
        .collect();
    let base = format!("/app/{APP}/endpoint");
    let paths = ["/a%20b", "/s", "/u", "/off", "/broken"].map(|route| format!("{base}{route}"));
    let of_webhook = webhook("my%20http", "w");
    let expected = [
        (Kind::Endpoint, "GET", paths[0].as_str(), ProtectionKind::None),
        (Kind::Endpoint, "POST", &paths[1], ProtectionKind::Secret),
        (Kind::Endpoint, "*", &paths[2], ProtectionKind::None),
        (Kind::Endpoint, "GET", &paths[3], ProtectionKind::None),
        (Kind::Endpoint, "GET", &paths[4], ProtectionKind::None),
        (Kind::Webhook, "*", &of_webhook, ProtectionKind::Signature),
    ];
    assert_eq!(rows, expected);
    let refused: Vec<_> =
        site.endpoints().iter().map(|row| row.refused.as_deref().unwrap_or_default()).collect();
    assert_eq!(refused[0], "");
    assert_eq!(refused[1], "the secret `unset` is not set");
    assert!(refused[2].contains("application_authentication"), "{refused:?}");
    assert_eq!(refused[3], "it is disabled");
    assert!(refused[4].starts_with("its function does not compile"), "{refused:?}");
    assert_eq!(refused[5], "");
    let codes: Vec<_> = site.problems().iter().map(|problem| problem.code.as_str()).collect();
    let expected = [
        "function-syntax-error",
        "endpoint-protection-unresolved",
        "endpoint-authentication-unsupported",
    ];
    assert_eq!(codes, expected);
    // Each with the field that is to be looked at: the rights of an endpoint are its function's.
    let fields: Vec<_> = site.problems().iter().map(|problem| problem.field.as_deref()).collect();
    assert_eq!(fields, [None, Some("[1].validation_method"), Some("[2].function_name")]);
    assert!(site.problems()[1].remedy.contains("hookstead secrets set"));
}

/// What is missing is not the setting that opens everything.
#[test]
fn a_function_without_an_entry_is_told_what_entry_it_needs() {
    let endpoint = json!({ "function_name": "silent" });
    let (site, _) = App::new()
        .undeclared("silent", "exports = () => 1")
        .endpoint_with("GET", "/x", "exports = () => 1", endpoint, json!({}))
        .site();
    let refused = site.endpoints()[0].refused.as_deref().unwrap();
    assert!(refused.contains("`functions/config.json`"), "{refused}");
    assert!(refused.contains("`\"run_as_system\": true`"), "{refused}");
    assert!(!refused.contains("application_authentication"), "{refused}");
    let problem = &site.problems()[0];
    assert_eq!(problem.code, "endpoint-authentication-unsupported");
    assert!(problem.remedy.starts_with("give it a secret or a signature"), "{problem:?}");
    assert!(problem.remedy.contains("\"run_as_system\": true"), "{problem:?}");
}

#[tokio::test]
async fn a_site_takes_anothers_place_without_dropping_requests() {
    let slow = "exports = () => new Promise(r => setTimeout(() => r('old'), 300))";
    let server = App::new().endpoint("GET", "/x", slow).start().await;
    let (site, _) = App::new().endpoint("GET", "/x", "exports = () => 'new'").site();
    let (old, new) = tokio::join!(server.get("/x"), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.handle().replace(Arc::new(site));
        server.get("/x").await
    });
    assert_eq!((old.text.as_str(), new.text.as_str()), ("\"old\"", "\"new\""));
}

#[tokio::test]
async fn links_start_with_the_public_url() {
    let url = Some("https://hooks.example/".to_owned());
    let server = App::new().site_config(|config| config.public_base_url = url).start().await;
    let answer = server.get("/nope").await;
    let link = format!("https://hooks.example/logs?co_id={}", answer.header("x-request-id"));
    assert_eq!(answer.json()["link"], link.as_str());
}
