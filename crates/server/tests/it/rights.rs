//! Whose rights a function runs with, and what is refused for want of users.

use serde_json::{Value as Json, json};

use crate::harness::{Answer, App, webhook};

type Headers<'a> = &'a [(&'a str, &'a str)];

const RIGHTS: &str = "exports = () => [context.runningAsSystem(), context.user.type]";

fn app(function: Json) -> App {
    App::new().endpoint_with("POST", "/x", RIGHTS, json!({}), function)
}

async fn post(app: App, headers: &[(&str, &str)]) -> Answer {
    app.start().await.post("/x", headers, "{}").await
}

fn application() -> Json {
    json!({ "run_as_system": null })
}

#[tokio::test]
async fn system_functions_run_as_system() {
    let answer = post(app(json!({})), &[]).await;
    assert_eq!((answer.status, answer.json()), (200, json!([true, "system"])));
}

#[tokio::test]
async fn application_authentication_is_refused_in_the_words_of_the_hosted_service() {
    let nobody = "invalid session: error finding user for endpoint";
    let incomplete = "must specify some form of authentication (either email+password, api-key, \
        or jwt) in the request header or body";
    let cases: [(Headers<'_>, &str, &str); 7] = [
        (&[], "InvalidParameter", "no authentication methods were specified"),
        (&[("authorization", "Bearer x")], "InvalidSession", "invalid session"),
        (&[("authorization", "bearer x"), ("api-key", "k")], "InvalidSession", "invalid session"),
        (&[("api-key", "k")], "InvalidSession", nobody),
        (&[("apiKey", "k")], "InvalidSession", nobody),
        (&[("email", "a@b.c"), ("password", "p")], "InvalidSession", nobody),
        (&[("email", "a@b.c")], "MissingParameter", incomplete),
    ];
    for (headers, code, message) in cases {
        let answer = post(app(application()), headers).await;
        assert_eq!(answer.error(), (401, code.to_owned()), "{headers:?}");
        assert_eq!(answer.message(), message, "{headers:?}");
    }
}

#[tokio::test]
async fn the_journal_names_the_setting() {
    let server = app(application()).start().await;
    server.post("/x", &[], "").await;
    let log = server.stop().await;
    assert!(log.contains("`[auth] application_authentication` is \"required\""), "{log}");
}

#[tokio::test]
async fn the_operator_can_let_them_run_as_system() {
    let answer = post(app(application()).application_as_system(), &[]).await;
    assert_eq!((answer.status, answer.json()), (200, json!([true, "system"])));
}

#[tokio::test]
async fn users_scripts_and_conditions_are_refused_whatever_the_operator_says() {
    let condition = json!({ "%%user.custom_data.isEditor": true });
    let cases = [
        (json!({ "run_as_system": null, "run_as_user_id": "5a3db0b88b1f2cabd68ed4d9" }), 401),
        (
            json!({
                "run_as_system": null,
                "run_as_user_id_script_source": "exports = () => ({ runAsSystem: true })",
            }),
            401,
        ),
        (json!({ "can_evaluate": condition }), 403),
    ];
    for (function, status) in cases {
        let field = function.as_object().unwrap().keys().next_back().unwrap().clone();
        let server = app(function.clone()).application_as_system().start().await;
        let answer = server.post("/x", &[], "").await;
        assert_eq!(answer.status, status, "{function}");
        let log = server.stop().await;
        assert!(log.contains(&field), "{log}");
    }
    assert_eq!(post(app(json!({ "can_evaluate": {} })), &[]).await.status, 200);
}

#[tokio::test]
async fn settings_of_the_endpoint_itself_count_too() {
    for endpoint in [
        json!({ "can_evaluate": { "%%user.id": "x" } }),
        json!({ "run_as_user_id": "5a3db0b88b1f2cabd68ed4d9" }),
    ] {
        let app = App::new().endpoint_with("POST", "/x", RIGHTS, endpoint.clone(), json!({}));
        let answer = post(app, &[]).await;
        assert!([401, 403].contains(&answer.status), "{endpoint}: {answer:?}");
    }
}

#[tokio::test]
async fn webhooks_run_as_system_unless_they_ask_for_a_user() {
    let webhook_app = |config: Json| App::new().webhook(("http", "http"), "w", RIGHTS, config);
    let call =
        async |app: App| app.start().await.call("POST", &webhook("http", "w"), &[], "").await;
    let answer = call(webhook_app(json!({}))).await;
    assert_eq!((answer.status, answer.json()), (200, json!([true, "system"])));
    let answer = call(webhook_app(json!({ "run_as_authed_user": true }))).await;
    assert_eq!(answer.error(), (401, "InvalidParameter".to_owned()));
    let answer = call(webhook_app(json!({ "can_evaluate": { "a": 1 } }))).await;
    assert_eq!(answer.error(), (403, "NoMatchingRuleFound".to_owned()));
}

#[tokio::test]
async fn verification_comes_before_authentication() {
    let settings = json!({ "validation_method": "SECRET_AS_QUERY_PARAM", "secret_name": "s" });
    let app = App::new().endpoint_with("POST", "/x", RIGHTS, settings, application());
    let server = app.secret("s", "12345").start().await;
    assert_eq!(server.post("/x", &[], "").await.error().1, "AuthError");
    assert_eq!(server.post("/x?secret=12345", &[], "").await.error().1, "InvalidParameter");
}

#[tokio::test]
async fn functions_called_by_functions_keep_their_conditions() {
    let source = "exports = () => context.functions.execute('inner')";
    let call = async |settings: Json| {
        let app = App::new().endpoint("GET", "/x", source);
        app.function("inner", "exports = () => 'inner'", settings).start().await.get("/x").await
    };
    assert_eq!(call(application()).await.json(), json!("inner"));
    let refused = call(json!({ "can_evaluate": { "a": 1 } })).await;
    assert_eq!(refused.error(), (400, "FunctionExecutionError".to_owned()));
    let user = json!({ "run_as_system": null, "run_as_user_id": "5a3db0b88b1f2cabd68ed4d9" });
    assert_eq!(call(user).await.error(), (400, "FunctionExecutionError".to_owned()));
}
