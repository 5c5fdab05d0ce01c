//! `can_evaluate`: whom it lets in, and that nothing lets anybody in by mistake.

use serde_json::{Value as Json, json};

use crate::harness::{Answer, App, webhook};

const HELLO: &str = "exports = () => 'in'";

/// Functions that conditions call.
fn with_functions(app: App) -> App {
    let environment = json!({ "values": { "plan": "big" } }).to_string();
    app.file("environments/no-environment.json", &environment)
        .file(
            "values/editors.json",
            r#"{"name":"editors","value":["127.0.0.1"],"from_secret":false}"#,
        )
        .file("values/key.json", r#"{"name":"key","value":"k","from_secret":true}"#)
        .secret("k", "s3cret")
        .function("is", "exports = (a, b) => a === b", json!({}))
        .function("rights", "exports = () => context.runningAsSystem()", json!({}))
        .function(
            "method",
            "exports = async () => { await new Promise((r) => setTimeout(r, 1));
             return context.request.httpMethod }",
            json!({}),
        )
        .function("throws", "exports = () => { throw new Error('no') }", json!({}))
        .function("strict", "exports = () => true", json!({ "can_evaluate": false }))
        .function(
            "circle",
            "exports = () => true",
            json!({ "can_evaluate": calls("circle", json!([])) }),
        )
}

fn calls(name: &str, arguments: Json) -> Json {
    json!({ "%%true": { "%function": { "name": name, "arguments": arguments } } })
}

async fn ask(app: App) -> Answer {
    app.start()
        .await
        .post("/x?a=1", &[("X-Key", "s3cret"), ("Referer", "https://a.b/")], "{}")
        .await
}

/// A condition of a function, as the caller of its endpoint meets it.
async fn function_with(condition: &Json) -> Answer {
    let function = json!({ "can_evaluate": condition });
    ask(with_functions(App::new().endpoint_with("POST", "/x", HELLO, json!({}), function))).await
}

#[tokio::test]
async fn conditions_see_the_request_the_user_the_values_and_functions() {
    for (condition, holds) in [
        (json!({}), true),
        (json!({ "%%user.type": "system" }), true),
        (json!({ "%%user.id": { "%exists": true } }), false),
        (json!({ "%%user.custom_data.isEditor": true }), false),
        (json!({ "%%request.remoteIPAddress": { "$nin": ["192.0.2.1"] } }), true),
        (json!({ "%%request.remoteIPAddress": { "$nin": ["127.0.0.1"] } }), false),
        (json!({ "%%request.httpReferrer": { "$in": ["https://a.b/"] } }), true),
        (json!({ "%%request.httpReferrer": { "$in": ["https://a.b.c/"] } }), false),
        (json!({ "%%request.requestHeaders.X-KEY": "%%values.key" }), true),
        (json!({ "%%request.requestHeaders.X-Other": "%%values.key" }), false),
        (json!({ "%%request.httpMethod": "POST", "%%request.rawQueryString": "a=1" }), true),
        (json!({ "%%request.webhookUrl": "/x" }), true),
        (json!({ "%%request.remoteIPAddress": "%%values.editors" }), true),
        (json!({ "%%values.none": { "%exists": false } }), false),
        (json!({ "%%environment.tag": "" }), true),
        (json!({ "%%environment.values.plan": "big" }), true),
        (calls("is", json!([1, 1])), true),
        (calls("is", json!(["%%request.httpMethod", "POST"])), true),
        (calls("is", json!([1, 2])), false),
        (calls("rights", json!([])), true),
        (json!({ "%%request.httpMethod": { "%function": { "name": "method" } } }), true),
        (calls("throws", json!([])), false),
        (json!({ "%not": calls("throws", json!([])) }), false),
        (calls("nobody", json!([])), false),
        (calls("strict", json!([])), false),
        (calls("circle", json!([])), false),
        (json!({ "%or": [calls("throws", json!([])), { "%%user.type": "system" }] }), true),
    ] {
        let answer = function_with(&condition).await;
        if holds {
            assert_eq!((answer.status, answer.json()), (200, json!("in")), "{condition}");
        } else {
            assert_eq!(answer.error(), (403, "NoMatchingRuleFound".into()), "{condition}");
            assert_eq!(answer.message(), "no rule matched", "{condition}");
        }
    }
}

#[tokio::test]
async fn what_is_not_understood_refuses_every_request() {
    for condition in [
        json!({ "%%usr.id": { "%exists": false } }),
        json!({ "%not": { "%%usr.id": 1 } }),
        json!({ "%nor": [{ "%%user.id": { "%foo": 1 } }] }),
        json!({ "%or": [{ "%%true": true }, { "%foo": 1 }] }),
        json!({ "%%root.a": { "%exists": false } }),
        json!({ "dirty": false, "input": "{}", "error": null }),
    ] {
        let answer = function_with(&condition).await;
        assert_eq!(answer.error(), (403, "NoMatchingRuleFound".into()), "{condition}");
    }
}

#[tokio::test]
async fn the_conditions_of_the_endpoint_and_of_its_function_both_have_to_hold() {
    let (holds, fails) = (json!({ "%%user.type": "system" }), json!({ "%%user.type": "normal" }));
    for (endpoint, function, status) in
        [(&holds, &holds, 200), (&fails, &holds, 403), (&holds, &fails, 403)]
    {
        let [endpoint, function] = [endpoint, function].map(|one| json!({ "can_evaluate": one }));
        let answer = ask(App::new().endpoint_with("POST", "/x", HELLO, endpoint, function)).await;
        assert_eq!(answer.status, status);
    }
}

#[tokio::test]
async fn webhooks_have_conditions_too() {
    for (condition, status) in [
        (json!({ "%%request.service": "web", "%%request.action": "w" }), 200),
        (json!({ "%%request.action": "v" }), 403),
        (json!({ "a": 1 }), 403),
    ] {
        let config = json!({ "can_evaluate": condition });
        let app = App::new().webhook(("web", "http"), "w", HELLO, config);
        let answer = app.start().await.call("POST", &webhook("web", "w"), &[], "").await;
        assert_eq!(answer.status, status, "{condition}");
    }
}

#[tokio::test]
async fn functions_that_others_execute_have_their_conditions() {
    for (condition, expected) in [
        (json!({}), "inner"),
        (json!({ "%%request.httpMethod": "POST" }), "inner"),
        (calls("is", json!([1, 1])), "inner"),
        (json!({ "%%request.httpMethod": "GET" }), "NoMatchingRuleFound: no rule matched"),
        (calls("is", json!([1, 2])), "NoMatchingRuleFound: no rule matched"),
        (calls("throws", json!([])), "NoMatchingRuleFound: no rule matched"),
        (calls("inner", json!([])), "NoMatchingRuleFound: no rule matched"),
        (json!({ "a": 1 }), "undefined: a part of `can_evaluate` is not understood"),
    ] {
        let source = "exports = () => {
          try { return context.functions.execute('inner') }
          catch (error) { return `${error.code}: ${error.message}` }
        }";
        let settings = json!({ "can_evaluate": condition });
        let app = App::new().endpoint("POST", "/x", source);
        let answer =
            ask(with_functions(app.function("inner", "exports = () => 'inner'", settings)));
        let answer = answer.await;
        assert_eq!((answer.status, answer.json()), (200, json!(expected)), "{condition}");
    }
}

#[tokio::test]
async fn conditions_get_their_functions_run_where_all_places_are_taken_by_those_who_ask() {
    let source = "exports = async () => {
      const all = [1, 2, 3].map(async () => context.functions.execute('inner'));
      return (await Promise.all(all)).length;
    }";
    let condition = json!({ "%%request.httpMethod": { "%function": { "name": "method" } } });
    let settings = json!({ "can_evaluate": condition });
    let mut app = App::new().endpoint_with("POST", "/x", source, json!({}), settings.clone());
    app.settings.limits.isolates_max = 1;
    let app = with_functions(app.function("inner", "exports = () => 1", settings));
    let server = app.start().await;
    let ask = || server.post("/x", &[], "{}");
    let answers = tokio::join!(ask(), ask(), ask(), ask());
    for answer in [answers.0, answers.1, answers.2, answers.3] {
        assert_eq!((answer.status, answer.json()), (200, json!(3)));
    }
}

#[tokio::test]
async fn the_journal_says_why_and_tells_no_secret() {
    for (condition, reason) in [
        (json!({ "%%request.requestHeaders.x-key": { "%ne": "%%values.key" } }), "does not hold"),
        (json!({ "%%values.none": 1 }), "the app has no value `none`"),
        (calls("throws", json!([])), "function `throws`: no"),
        (json!({ "%%usr": 1 }), "is not understood"),
    ] {
        let function = json!({ "can_evaluate": condition });
        let app =
            with_functions(App::new().endpoint_with("POST", "/x", HELLO, json!({}), function));
        let server = app.start().await;
        server.post("/x", &[("x-key", "s3cret")], "{}").await;
        let log = server.stop().await;
        assert!(log.contains(reason) && !log.contains("s3cret"), "{condition}: {log}");
    }
}

#[tokio::test]
async fn the_journal_has_what_functions_of_conditions_write_to_the_console() {
    let says = "exports = (text, holds) => { console.log(text); return holds }";
    let outer = |holds: bool| calls("says", json!(["of the endpoint", holds]));
    let inner = |holds: bool| calls("says", json!(["of the inner one", holds]));
    for (outer, inner, expected) in [
        (outer(true), inner(true), [1, 1]),
        (outer(true), inner(false), [1, 1]),
        (outer(false), inner(true), [1, 0]),
    ] {
        let source = "exports = () => context.functions.execute('inner')";
        let function = json!({ "can_evaluate": outer });
        let app = App::new().endpoint_with("POST", "/x", source, json!({}), function);
        let app = app.function("says", says, json!({}));
        let server = app.function("inner", HELLO, json!({ "can_evaluate": inner })).start().await;
        server.post("/x", &[], "{}").await;
        let log = server.stop().await;
        let lines = ["of the endpoint", "of the inner one"].map(|line| log.matches(line).count());
        assert_eq!(lines, expected, "{inner}: {log}");
    }
}
