//! HTTP services: what their rules allow reaches the network, and nothing else does.

use serde_json::{Value as Json, json};

use crate::harness::{App, endpoint, webhook};

const CALLS: &str = "exports = async ({ query }) => {
    const response = await context.services.get('web').get({ url: query.url });
    return response.body.text();
}";

/// What a webhook answers whose function calls this very server through a service with a rule.
async fn call(rule: Option<Json>) -> (u16, String) {
    let open = json!({ "options": { "httpMethod": "ANY", "validationMethod": "NO_VALIDATION" } });
    let mut app = App::new().endpoint("GET", "/target", "exports = () => 'reached'").webhook(
        ("web", "http"),
        "w",
        CALLS,
        open,
    );
    if let Some(rule) = rule {
        app = app.rule("web", rule);
    }
    app.settings.outbound.allow = vec!["127.0.0.1".into()];
    let server = app.start().await;
    let url = format!("http%3A%2F%2F{}{}", server.address, endpoint("/target"));
    let answer = server.call("GET", &format!("{}?url={url}", webhook("web", "w")), &[], "").await;
    (answer.status, answer.text)
}

#[tokio::test]
async fn an_action_that_a_rule_allows_is_done() {
    for rule in [
        json!({ "name": "r", "actions": ["get"] }),
        json!({ "name": "r", "actions": ["post", "get"], "when": {} }),
    ] {
        let expected = (200, r#""\"reached\"""#.to_owned());
        assert_eq!(call(Some(rule.clone())).await, expected, "{rule}");
    }
}

#[tokio::test]
async fn an_action_that_no_rule_allows_is_refused() {
    let condition = json!({ "%%args.url.host": "example.com" });
    for (rule, reason) in [
        (None, "no rule allows it"),
        (Some(json!({ "name": "r" })), "no rule allows it"),
        (Some(json!({ "name": "r", "actions": ["post"] })), "no rule allows it"),
        (Some(json!({ "name": "r", "actions": ["get"], "when": condition })), "condition"),
    ] {
        let (status, text) = call(rule.clone()).await;
        assert_eq!(status, 400, "{rule:?}: {text}");
        assert!(text.contains("action 'get'") && text.contains(reason), "{rule:?}: {text}");
    }
}
