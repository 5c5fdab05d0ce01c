//! Whose rights a function runs with, and what is refused in an app that has no users.

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
    let nothing = "no authentication methods were specified";
    let several = "more than one authentication method was specified";
    let session = |message| (401, "InvalidSession", message);
    let parameter = |message| (400, "InvalidParameter", message);
    let cases: [(Headers<'_>, (u16, &str, &str)); 18] = [
        (&[], parameter(nothing)),
        (&[("authorization", "Basic YTpi")], parameter(nothing)),
        (&[("authorization", "Bearer x")], session("invalid session")),
        (&[("authorization", "BEARER")], session("invalid session")),
        (&[("authorization", "bearer x"), ("api-key", "k")], session("invalid session")),
        (&[("authorization", "bearer x"), ("email", "a@b.c")], session("invalid session")),
        (&[("authorization", "Basic YTpi"), ("api-key", "k")], session(nobody)),
        (&[("api-key", "k")], session(nobody)),
        (&[("apiKey", "k")], session(nobody)),
        (&[("JWTTOKENSTRING", "a.b.c")], session(nobody)),
        (&[("email", "a@b.c"), ("password", "p")], session(nobody)),
        (&[("email", ""), ("password", "")], session(nobody)),
        (&[("email", "a@b.c")], (400, "MissingParameter", incomplete)),
        (&[("password", "p")], (400, "MissingParameter", incomplete)),
        (&[("api-key", "k"), ("apiKey", "k")], parameter(several)),
        (&[("api-key", "k"), ("email", "a@b.c"), ("password", "p")], parameter(several)),
        (
            &[("api-key", "k"), ("api-key", "l")],
            parameter("there is more than one header 'api-key'"),
        ),
        (
            &[("authorization", "Bearer x"), ("authorization", "Bearer y")],
            parameter("there is more than one Authorization header"),
        ),
    ];
    let server = app(application()).start().await;
    for (headers, (status, code, message)) in cases {
        let answer = server.post("/x", headers, r#"{"api-key":"k"}"#).await;
        assert_eq!(answer.error(), (status, code.to_owned()), "{headers:?}");
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
async fn fixed_users_and_conditions_are_refused_whatever_the_operator_says() {
    let condition = json!({ "%%user.custom_data.isEditor": true });
    let cases = [
        (json!({ "run_as_system": null, "run_as_user_id": "5a3db0b88b1f2cabd68ed4d9" }), 401),
        (
            json!({
                "run_as_system": null,
                "run_as_user_id_script_source": "exports = () => '5a3db0b88b1f2cabd68ed4d9'",
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
    assert_eq!(answer.error(), (400, "InvalidParameter".to_owned()));
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

#[tokio::test]
async fn the_body_of_a_webhook_may_hold_credentials() {
    let nobody = (401, "InvalidSession");
    let (incomplete, ambiguous) = ((400, "MissingParameter"), (400, "InvalidParameter"));
    let key: Headers<'_> = &[("api-key", "k")];
    let cases: [(Headers<'_>, &str, (u16, &str)); 14] = [
        (&[], r#"{"email":"a@b.c","password":"p","more":{"email":1}}"#, nobody),
        (&[], r#"{"api-key":"k"}"#, nobody),
        (&[], r#"{"jwtTokenString":"a.b.c"}"#, nobody),
        (&[], r#"{"email":"a@b.c"}"#, incomplete),
        (&[], r#"{"email":"a@b.c","password":{"$gt":""}}"#, incomplete),
        (&[], r#"{"email":{"$gt":""},"password":{"$gt":""}}"#, ambiguous),
        (&[], r#"{"api-key":"k","api-key":"l"}"#, ambiguous),
        (&[], r#"{"api-key":"k","jwtTokenString":"a.b.c"}"#, ambiguous),
        (&[], r#"[{"api-key":"k"}]"#, ambiguous),
        (&[], r#"{"api-key":"k""#, ambiguous),
        (&[], "api-key=k", ambiguous),
        (key, r#"{"api-key":"k"}"#, ambiguous),
        (key, r#"{"other":"k"}"#, nobody),
        (&[("authorization", "Bearer x")], r#"{"email":"a@b.c"}"#, nobody),
    ];
    let config = json!({ "run_as_authed_user": true });
    let server = App::new().webhook(("http", "http"), "w", RIGHTS, config).start().await;
    for (headers, body, (status, code)) in cases {
        let answer = server.call("POST", &webhook("http", "w"), headers, body).await;
        assert_eq!(answer.error(), (status, code.to_owned()), "{headers:?} {body}");
    }
}

#[tokio::test]
async fn a_script_runs_with_the_request_and_may_let_the_function_run_as_system() {
    let app = |script: &str| {
        app(json!({ "run_as_system": null, "run_as_user_id_script_source": script }))
    };
    let script = "exports = ({ query, headers, body }) => {
      const asks = context.request.httpMethod === 'POST' && headers['X-Who'][0] === 'me' &&
        query.token === 't' && body.text() === '{}' && context.runningAsSystem();
      console.log('asked');
      return asks ? { runAsSystem: true } : undefined;
    }";
    let server = app(script).start().await;
    let answer = server.post("/x?token=t", &[("x-who", "me")], "{}").await;
    assert_eq!((answer.status, answer.json()), (200, json!([true, "system"])));
    let answer = server.post("/x?token=u", &[("x-who", "me")], "{}").await;
    assert_eq!(answer.error(), (401, "InvalidSession".to_owned()));
    assert_eq!(answer.message(), "invalid session");
    let log = server.stop().await;
    assert_eq!(log.matches("asked").count(), 2, "{log}");
    assert!(log.contains("run_as_user_id_script_source: it names no user"), "{log}");
    for script in ["exports = () => { throw new Error('no') }", "exports = (", "exports = 1"] {
        let server = app(script).start().await;
        let answer = server.post("/x", &[], "").await;
        assert_eq!(answer.error(), (401, "InvalidSession".to_owned()), "{script}");
    }
    // What it says of the response is not the answer.
    let response = "exports = (request, response) => {
      response.setStatusCode(299); return { runAsSystem: true };
    }";
    assert_eq!(post(app(response), &[]).await.json(), json!([true, "system"]));
}
