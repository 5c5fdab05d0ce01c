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
async fn a_rule_with_a_condition_allows_the_calls_for_which_it_holds() {
    let rule = |when: Json| json!({ "name": "r", "actions": ["get"], "when": when });
    for (when, holds) in [
        (json!({ "%%args.url.host": "127.0.0.1" }), true),
        (json!({ "%%args.url.host": { "%in": ["example.com"] } }), false),
        (json!({ "url.host": { "$in": ["127.0.0.1"] }, "url.scheme": "http" }), true),
        (json!({ "%%args.url.path": { "%ne": endpoint("/target") } }), false),
        (json!({ "%%args.url.query.q": { "%exists": false } }), true),
        (json!({ "%%user.type": "system", "%%request.httpMethod": "GET" }), true),
        (json!({ "%%args.method": "GET" }), true),
        (json!({ "%%values.none": { "%exists": false } }), false),
        (json!({ "%not": { "%%values.none": 1 } }), false),
        (json!({ "%%root.a": { "%exists": false } }), false),
        (json!({ "%%arg.url.host": { "%ne": "x" } }), false),
        (json!(r#"{"%%args.url.host":{"%in":["127.0.0.1"]}}"#), true),
    ] {
        let (status, text) = call(Some(rule(when.clone()))).await;
        let expected = if holds { 200 } else { 400 };
        assert_eq!(status, expected, "{when}: {text}");
    }
}

#[tokio::test]
async fn a_condition_judges_the_request_that_goes_out() {
    let open = json!({ "options": { "httpMethod": "ANY", "validationMethod": "NO_VALIDATION" } });
    let source = "exports = async ({ query, body }) => {
      const web = context.services.get('web');
      const url = query.url;
      let asked = 0;
      const all = [
        { url, followRedirects: true },
        { url, authUrl: url },
        // The second look at the URL finds another one.
        { get url() { asked += 1; return asked === 1 ? url : 'http://example.com' } },
        { url, body: { kind: 'good' }, encodeBodyAsJSON: true },
        { url, body: { kind: 'bad' }, encodeBodyAsJSON: true },
        { url, body: 'x'.repeat(2 << 20) },
        { host: url.slice(7).split('/')[0], path: url.slice(7 + url.slice(7).indexOf('/')) },
      ];
      const told = [];
      for (const options of all) {
        const action = options.body === undefined ? 'get' : 'post';
        try { told.push((await web[action](options)).statusCode) }
        catch (error) { told.push(error.code) }
      }
      return told;
    }";
    let when = json!({
        "%%args.url.host": "127.0.0.1",
        "%or": [{ "%%args.method": "GET" }, { "%%args.body.kind": "good" }],
    });
    let mut app = App::new().endpoint("*", "/target", "exports = () => 'reached'");
    app = app.webhook(("web", "http"), "w", source, open);
    app = app.rule("web", json!({ "name": "r", "actions": ["get", "post"], "when": when }));
    app.settings.outbound.allow = vec!["127.0.0.1".into()];
    let server = app.start().await;
    let url = format!("http%3A%2F%2F{}{}", server.address, endpoint("/target"));
    let answer = server.call("GET", &format!("{}?url={url}", webhook("web", "w")), &[], "").await;
    let refused = "NoMatchingRuleFound";
    let told: Vec<Json> = serde_json::from_str(&answer.text).unwrap();
    let statuses = told.iter().map(|one| match one.as_str() {
        Some(text) => text.to_owned(),
        None => one["$numberInt"].as_str().unwrap_or_default().to_owned(),
    });
    let statuses: Vec<_> = statuses.collect();
    assert_eq!(statuses, [refused, refused, "200", "200", refused, refused, "200"], "{answer:?}");
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
