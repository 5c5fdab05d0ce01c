//! Users: logging in over HTTP, and what endpoints and webhooks make of tokens and credentials.

mod hostile;
mod mails;

use serde_json::{Value as Json, json};

use crate::harness::{APP, Answer, App, Running, webhook};

type Headers<'a> = &'a [(&'a str, &'a str)];

/// What a function sees of the user and of its rights.
const WHO: &str = "exports = () => [context.runningAsSystem(), context.user.type,
  context.user.identities?.map((one) => one.provider_type), context.user.custom_data]";

const EMAIL: &str = "Ada@example.com";
const PASSWORD: &str = "correct horse";
/// The key of the documentation's own suite.
const KEY: &str = "7A4VvateM9s86tbkfisoLoChjGBjuJnZ";

fn path(call: &str) -> String {
    format!("/api/client/v2.0/app/{APP}/auth/providers/{call}")
}

/// An app whose callers are users; every function is called by its own rights.
pub(crate) fn app() -> App {
    let token = json!({
        "config": { "signingAlgorithm": "HS256", "useJWKURI": false },
        "secret_config": { "signingKeys": ["jwt"] },
    });
    App::new()
        .secret("jwt", KEY)
        .provider("anon-user", json!({}))
        .provider("local-userpass", json!({ "config": { "autoConfirm": true } }))
        .provider("api-key", json!({}))
        .provider("custom-token", token)
        .provider("custom-function", json!({ "config": { "authFunctionName": "who" } }))
        .function("who", "exports = ({ name }) => ({ id: name, name })", json!({}))
        .endpoint(
            "GET",
            "/sign",
            &format!(
                "exports = ({{ query }}) => utils.jwt.encode('HS256', {{
            aud: '{APP}', exp: 2145916800, sub: query.sub }}, '{KEY}')"
            ),
        )
}

pub(crate) fn of_callers() -> Json {
    json!({ "run_as_system": null })
}

impl Running {
    pub(crate) async fn json(
        &self,
        method: &str,
        path: &str,
        headers: Headers<'_>,
        body: Json,
    ) -> Answer {
        self.call(method, path, headers, body.to_string()).await
    }

    pub(crate) async fn register(&self, email: &str) {
        let body = json!({ "email": email, "password": PASSWORD });
        let answer = self.json("POST", &path("local-userpass/register"), &[], body).await;
        assert_eq!((answer.status, answer.text.as_str()), (201, "{}"));
    }

    pub(crate) async fn log_in(&self, provider: &str, body: Json) -> Answer {
        self.json("POST", &path(&format!("{provider}/login")), &[], body).await
    }

    /// The access token, the refresh token and the id of a user with this email address.
    pub(crate) async fn session(&self, email: &str) -> [String; 3] {
        let body = json!({ "username": email, "password": PASSWORD });
        let answer = self.log_in("local-userpass", body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let text = |name: &str| answer.json()[name].as_str().unwrap().to_owned();
        [text("access_token"), text("refresh_token"), text("user_id")]
    }

    /// A token that somebody else has signed.
    async fn signed(&self, sub: &str) -> String {
        self.get(&format!("/sign?sub={sub}")).await.json().as_str().unwrap().to_owned()
    }

    async fn api_key(&self) -> String {
        let users = self.handle().site().users().unwrap().clone();
        users.create_server_key("machine").await.unwrap().key
    }
}

/// The provider of the user whom a request proves, or status and code of its refusal.
type Expected<'a> = Result<&'a str, (u16, &'a str)>;

async fn check_proof(
    server: &Running,
    path: &str,
    headers: Headers<'_>,
    body: &str,
    expected: Expected<'_>,
) {
    let answer = server.call("POST", path, headers, body).await;
    match expected {
        Err((status, code)) => {
            assert_eq!(answer.error(), (status, code.to_owned()), "{path} {headers:?} {body}");
        }
        Ok(provider) => {
            let kind = if provider == "api-key" { "server" } else { "normal" };
            assert_eq!(answer.status, 200, "{path} {headers:?} {body}: {answer:?}");
            let seen = json!([false, kind, [provider], {}]);
            assert_eq!(answer.json(), seen, "{path} {headers:?} {body}");
        }
    }
}

pub(crate) fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

#[tokio::test]
async fn a_user_registers_logs_in_calls_and_logs_out() {
    let server = app().endpoint_with("GET", "/who", WHO, json!({}), of_callers()).start().await;
    server.register(EMAIL).await;
    let again = json!({ "email": EMAIL, "password": PASSWORD });
    let answer = server.json("POST", &path("local-userpass/register"), &[], again).await;
    assert_eq!(answer.error(), (409, "AccountNameInUse".to_owned()));
    assert_eq!(answer.message(), "name already in use");
    let body = json!({ "username": EMAIL, "password": "wrong horse" });
    let answer = server.log_in("local-userpass", body).await;
    assert_eq!(answer.error(), (401, "InvalidPassword".to_owned()));
    assert_eq!(answer.message(), "invalid username/password");

    let [access, refresh, id] = server.session(EMAIL).await;
    let (access, refresh) = (bearer(&access), bearer(&refresh));
    let profile = "/api/client/v2.0/auth/profile";
    let answer = server.call("GET", profile, &[("authorization", &access)], "").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    let profile = answer.json();
    assert_eq!(profile["user_id"], json!(id));
    assert_eq!((&profile["type"], &profile["data"]), (&json!("normal"), &json!({"email": EMAIL})));
    assert_eq!(profile["identities"][0]["provider_type"], "local-userpass");

    let call = |token: String| {
        let server = &server;
        async move {
            let headers = [("authorization", token.as_str())];
            server.call("GET", &crate::harness::endpoint("/who"), &headers, "").await
        }
    };
    let seen = json!([false, "normal", ["local-userpass"], {}]);
    assert_eq!(call(access.clone()).await.json(), seen);
    assert_eq!(call(access.replacen("Bearer", "bEARER", 1)).await.json(), seen);
    // Each token is for one thing.
    assert_eq!(call(refresh.clone()).await.error(), (401, "InvalidSession".to_owned()));
    let session = "/api/client/v2.0/auth/session";
    let answer = server.call("POST", session, &[("authorization", &access)], "").await;
    assert_eq!(answer.error(), (401, "InvalidSession".to_owned()));
    let answer = server.call("POST", session, &[], "").await;
    assert_eq!(answer.error(), (401, "MissingAuthReq".to_owned()));

    let answer = server.call("POST", session, &[("authorization", &refresh)], "").await;
    assert_eq!(answer.status, 201);
    let fresh = bearer(answer.json()["access_token"].as_str().unwrap());
    assert_eq!(call(fresh).await.json(), seen);
    let answer = server.call("DELETE", session, &[("authorization", &refresh)], "").await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    for method in ["POST", "DELETE"] {
        let answer = server.call(method, session, &[("authorization", &refresh)], "").await;
        assert_eq!(answer.status, 401, "{method}");
    }
    assert_eq!(call(access).await.json(), seen, "an access token lives until it expires");

    let log = server.stop().await;
    for secret in [PASSWORD, "wrong horse", refresh.trim_start_matches("Bearer ")] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[tokio::test]
async fn every_provider_logs_in_and_what_is_not_enabled_does_not() {
    let server = app().provider("api-key", json!({ "disabled": true })).start().await;
    server.register(EMAIL).await;
    let jwt = server.signed("24601").await;
    let cases = [
        ("anon-user", "", 200, ""),
        ("anon-user", r#"{"options":{"device":{}}}"#, 200, ""),
        ("custom-function", r#"{"name":"ada","options":{"n":{"$numberInt":"1"}}}"#, 200, ""),
        ("custom-function", "{}", 401, "AuthError"),
        ("custom-token", &json!({ "token": jwt }).to_string(), 200, ""),
        ("custom-token", r#"{"token":"a.b.c"}"#, 401, "AuthError"),
        ("custom-token", r#"{"token":1}"#, 400, "MissingParameter"),
        ("local-userpass", r#"{"username":"x"}"#, 400, "MissingParameter"),
        ("local-userpass", r#"{"username":{"$ne":1},"password":"p"}"#, 400, "MissingParameter"),
        ("local-userpass", "[]", 400, "BadRequest"),
        ("local-userpass", "{", 400, "BadRequest"),
        ("api-key", r#"{"key":"k"}"#, 404, "AuthProviderNotFound"),
        ("oauth2-google", r#"{"id_token":"t"}"#, 404, "AuthProviderNotFound"),
        ("x%2F..%2Fy", "{}", 404, "AuthProviderNotFound"),
    ];
    for (provider, body, status, code) in cases {
        let answer = server.call("POST", &path(&format!("{provider}/login")), &[], body).await;
        assert_eq!(answer.status, status, "{provider} {body}: {answer:?}");
        match status {
            200 => {
                let json = answer.json();
                let keys: Vec<_> = json.as_object().unwrap().keys().collect();
                assert_eq!(keys, ["access_token", "refresh_token", "user_id", "device_id"]);
                assert_eq!(answer.header("cache-control"), "no-store");
            }
            _ => assert_eq!(answer.error(), (status, code.to_owned()), "{provider} {body}"),
        }
    }
    let long = format!(r#"{{"username":"{}"}}"#, "x".repeat(3 << 20));
    let answer = server.call("POST", &path("local-userpass/login"), &[], long).await;
    assert_eq!(answer.error(), (413, "RequestTooLarge".to_owned()));
}

#[tokio::test]
async fn an_app_without_providers_has_no_log_in() {
    let server = App::new().endpoint("GET", "/x", WHO).start().await;
    for path in [path("anon-user/login"), "/api/client/v2.0/auth/session".to_owned()] {
        let answer = server.call("POST", &path, &[], "{}").await;
        assert_eq!(answer.error(), (404, "NotFound".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn endpoints_and_webhooks_take_tokens_and_credentials() {
    let webhook_of_callers = json!({ "run_as_authed_user": true });
    let server = app()
        .endpoint_with("POST", "/who", WHO, json!({}), of_callers())
        .webhook(("http", "http"), "who", WHO, webhook_of_callers)
        .start()
        .await;
    server.register(EMAIL).await;
    let [access, refresh, _] = server.session(EMAIL).await;
    let (access, refresh) = (bearer(&access), bearer(&refresh));
    let (key, jwt) = (server.api_key().await, server.signed("24601").await);
    server.log_in("custom-token", json!({ "token": jwt })).await;
    let by_password = json!({ "email": EMAIL, "password": PASSWORD }).to_string();
    let by_key = json!({ "api-key": key }).to_string();
    let by_token = json!({ "jwtTokenString": jwt }).to_string();
    let of_array = json!([null, null, null, jwt]).to_string();
    let twice = format!(r#"{{"jwtTokenString":"x","jwtTokenString":"{jwt}"}}"#);
    let other_case = json!({ "email": EMAIL.to_lowercase(), "password": PASSWORD }).to_string();
    let user = "local-userpass";
    let (wrong, session) = (Err((401, "InvalidSession")), ("authorization", access.as_str()));
    let two = Err((400, "InvalidParameter"));
    // Headers, the body, and what comes of them on a webhook.
    let cases: [(Headers<'_>, &str, Expected<'_>); 22] = [
        (&[session], "", Ok(user)),
        (&[session, ("api-key", "wrong")], "", Ok(user)),
        (&[session], &by_key, Ok(user)),
        (&[("authorization", &refresh)], "", wrong),
        (&[("authorization", "Bearer x"), ("apiKey", &key)], "", wrong),
        (&[("authorization", "Basic x"), ("apiKey", &key)], "", Ok("api-key")),
        (&[("email", EMAIL), ("password", PASSWORD)], "", Ok(user)),
        (&[("Email", EMAIL), ("PASSWORD", PASSWORD)], "", Ok(user)),
        (&[("email", EMAIL), ("password", "wrong horse")], "", wrong),
        (&[("email", "nobody@example.com"), ("password", PASSWORD)], "", wrong),
        (&[("apiKey", &key)], "", Ok("api-key")),
        (&[("api-key", &key)], "", Ok("api-key")),
        (&[("api-key", "wrong")], "", wrong),
        (&[("jwtTokenString", &jwt)], "", Ok("custom-token")),
        (&[("jwtTokenString", "a.b.c")], "", wrong),
        (&[], &by_password, Ok(user)),
        (&[], &other_case, wrong),
        (&[], &by_key, Ok("api-key")),
        (&[], &by_token, Ok("custom-token")),
        (&[], &of_array, two),
        (&[], &twice, two),
        (&[("api-key", &key)], &by_key, two),
    ];
    for (headers, body, expected) in cases {
        check_proof(&server, &webhook("http", "who"), headers, body, expected).await;
        // The body of an endpoint is the function's alone.
        let of_endpoint = match (headers.is_empty(), expected) {
            (true, _) => two,
            (false, Err((400, _))) => Ok("api-key"),
            (false, expected) => expected,
        };
        check_proof(&server, &crate::harness::endpoint("/who"), headers, body, of_endpoint).await;
    }
    let log = server.stop().await;
    for secret in [PASSWORD, "wrong horse", &key, &jwt, access.trim_start_matches("Bearer ")] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[tokio::test]
async fn a_token_of_an_unknown_user_makes_one_where_the_endpoint_says_so() {
    let creates = json!({ "create_user_on_auth": true });
    let server = app()
        .endpoint_with("GET", "/strict", WHO, json!({}), of_callers())
        .endpoint_with("GET", "/creates", WHO, creates, of_callers())
        .start()
        .await;
    let jwt = server.signed("24601").await;
    let call = async |route: &str| {
        let path = crate::harness::endpoint(route);
        server.call("GET", &path, &[("jwtTokenString", &jwt)], "").await
    };
    let answer = call("/strict").await;
    assert_eq!(answer.error(), (401, "InvalidSession".to_owned()));
    assert_eq!(answer.message(), "invalid session: error finding user for endpoint");
    let seen = json!([false, "normal", ["custom-token"], {}]);
    assert_eq!(call("/creates").await.json(), seen);
    assert_eq!(call("/strict").await.json(), seen, "now there is one");
}

#[tokio::test]
async fn custom_data_comes_with_the_token_or_where_the_endpoint_fetches_it() {
    let insert = "exports = ({ query }) => context.services.get('mongodb-atlas').db('d')
      .collection('people').insertOne({ user: query.id, rank: 1 })";
    let server = app()
        .data()
        .custom_user_data(json!({
            "enabled": true, "mongo_service_name": "mongodb-atlas", "database_name": "d",
            "collection_name": "people", "user_id_field": "user",
        }))
        .endpoint("GET", "/insert", insert)
        .endpoint_with("GET", "/plain", WHO, json!({}), of_callers())
        .endpoint_with("GET", "/fetch", WHO, json!({"fetch_custom_user_data": true}), of_callers())
        .start()
        .await;
    server.register(EMAIL).await;
    let [before, _, id] = server.session(EMAIL).await;
    server.get(&format!("/insert?id={id}")).await;
    let [after, ..] = server.session(EMAIL).await;
    let (before, after) = (bearer(&before), bearer(&after));
    let password: Headers<'_> = &[("email", EMAIL), ("password", PASSWORD)];
    let cases: [(&str, Headers<'_>, bool); 6] = [
        ("/plain", password, false),
        ("/fetch", password, true),
        ("/plain", &[("authorization", &before)], false),
        ("/fetch", &[("authorization", &before)], true),
        ("/plain", &[("authorization", &after)], true),
        ("/fetch", &[("authorization", &after)], true),
    ];
    for (route, headers, has_data) in cases {
        let answer = server.call("GET", &crate::harness::endpoint(route), headers, "").await;
        let rank = answer.json()[3]["rank"].clone();
        assert_eq!(rank, if has_data { json!(1) } else { Json::Null }, "{route} {headers:?}");
    }
}

#[tokio::test]
async fn settings_and_scripts_name_users_who_must_be_there() {
    let id = "5a3db0b88b1f2cabd68ed4d9";
    let fixed = json!({ "run_as_system": null, "run_as_user_id": id });
    let script = json!({
        "run_as_system": null,
        "run_as_user_id_script_source": "exports = ({ query }) => query.id",
    });
    let server = app()
        .endpoint_with("GET", "/fixed", WHO, json!({}), fixed)
        .endpoint_with("GET", "/script", WHO, json!({}), script)
        .start()
        .await;
    server.register(EMAIL).await;
    let [_, _, known] = server.session(EMAIL).await;
    assert_eq!(server.get("/fixed").await.error(), (401, "InvalidSession".to_owned()));
    let seen = json!([false, "normal", ["local-userpass"], {}]);
    let named = async |id: &str| server.get(&format!("/script?id={id}")).await;
    assert_eq!(named(&known).await.json(), seen);
    for id in [id, "x", "", "%00"] {
        assert_eq!(named(id).await.error(), (401, "InvalidSession".to_owned()), "{id:?}");
    }
    let users = server.handle().site().users().unwrap().clone();
    users.set_enabled(&known, false).await.unwrap();
    assert_eq!(named(&known).await.error(), (401, "InvalidSession".to_owned()));
    let log = server.stop().await;
    assert!(log.contains("run_as_user_id: user not found"), "{log}");
}

#[tokio::test]
async fn a_disabled_user_is_refused_with_every_proof() {
    let server = app().endpoint_with("GET", "/who", WHO, json!({}), of_callers()).start().await;
    server.register(EMAIL).await;
    let [access, refresh, id] = server.session(EMAIL).await;
    let users = server.handle().site().users().unwrap().clone();
    users.set_enabled(&id, false).await.unwrap();
    let (access, refresh) = (bearer(&access), bearer(&refresh));
    let password: Headers<'_> = &[("email", EMAIL), ("password", PASSWORD)];
    for headers in [password, &[("authorization", &access)]] {
        let answer = server.call("GET", &crate::harness::endpoint("/who"), headers, "").await;
        assert_eq!(answer.error(), (401, "InvalidSession".to_owned()), "{headers:?}");
    }
    let headers = [("authorization", refresh.as_str())];
    let answer = server.call("POST", "/api/client/v2.0/auth/session", &headers, "").await;
    assert_eq!(answer.error(), (401, "InvalidSession".to_owned()));
    let body = json!({ "username": EMAIL, "password": PASSWORD });
    let answer = server.log_in("local-userpass", body).await;
    assert_eq!(answer.error(), (401, "UserDisabled".to_owned()));
}

#[tokio::test]
async fn rights_are_those_of_each_function_and_the_user_is_the_same_in_all() {
    let who = "exports = async () => { await null;
      return [context.runningAsSystem(), context.user.id] }";
    let calls = "exports = async () => [
      await context.functions.execute('system'), context.runningAsSystem(),
      await context.functions.execute('plain')]";
    let server = app()
        .function("system", who, json!({}))
        .function("plain", who, of_callers())
        .endpoint_with("GET", "/calls", calls, json!({}), of_callers())
        .start()
        .await;
    server.register(EMAIL).await;
    let [access, _, id] = server.session(EMAIL).await;
    let access = bearer(&access);
    let headers = [("authorization", access.as_str())];
    let answer = server.call("GET", &crate::harness::endpoint("/calls"), &headers, "").await;
    assert_eq!(answer.json(), json!([[true, id], false, [false, id]]));
}

#[tokio::test]
async fn confirmation_and_new_passwords_go_through_the_functions_of_the_app() {
    let confirms = "exports = ({ username }) => ({ status: username.startsWith('bad') ? 'fail' :
      username.startsWith('later') ? 'pending' : 'success' })";
    let resets = "exports = ({ username, password }, ...rest) => ({ status:
      rest[0] === 'let me' && rest[1] instanceof BSON.ObjectId ? 'success' : 'fail' })";
    let config = json!({ "config": {
        "runConfirmationFunction": true, "confirmationFunctionName": "confirms",
        "runResetFunction": true, "resetFunctionName": "resets",
    }});
    let server = app()
        .provider("local-userpass", config)
        .function("confirms", confirms, json!({}))
        .function("resets", resets, json!({}))
        .start()
        .await;
    let call = async |action: &str, body: Json| {
        server.json("POST", &path(&format!("local-userpass/{action}")), &[], body).await
    };
    let register =
        async |email: &str| call("register", json!({ "email": email, "password": PASSWORD })).await;
    assert_eq!(register(EMAIL).await.status, 201);
    assert_eq!(register("later@example.com").await.status, 201);
    let refused = register("bad@example.com").await;
    assert_eq!(refused.error(), (400, "BadRequest".to_owned()));
    assert_eq!(refused.message(), "failed to confirm user \"bad@example.com\"");
    let later = json!({ "username": "later@example.com", "password": PASSWORD });
    let answer = server.log_in("local-userpass", later).await;
    assert_eq!(answer.error(), (401, "AuthError".to_owned()));
    assert_eq!(answer.message(), "confirmation required");
    let wrong = json!({ "token": "t", "tokenId": "i" });
    assert_eq!(call("confirm", wrong).await.error().0, 400);
    let mut reset = json!({ "email": EMAIL, "password": "another horse", "arguments": ["no"] });
    assert_eq!(call("reset/call", reset.clone()).await.error().0, 400);
    reset["arguments"] = json!(["let me", { "$oid": "5a3db0b88b1f2cabd68ed4d9" }]);
    assert_eq!(call("reset/call", reset).await.status, 204);
    let body = |password: &str| json!({ "username": EMAIL, "password": password });
    assert_eq!(server.log_in("local-userpass", body("another horse")).await.status, 200);
    assert_eq!(server.log_in("local-userpass", body(PASSWORD)).await.status, 401);
    assert_eq!(call("nowhere", json!({})).await.error(), (404, "NotFound".to_owned()));
}

#[tokio::test]
async fn an_anonymous_user_links_an_identity_and_stays_the_same() {
    let server = app().endpoint_with("GET", "/who", WHO, json!({}), of_callers()).start().await;
    server.register(EMAIL).await;
    let anonymous = server.log_in("anon-user", json!({})).await.json();
    let token = bearer(anonymous["access_token"].as_str().unwrap());
    let body = json!({ "name": "ada" }).to_string();
    let link = path("custom-function/login?link=true");
    let answer = server.call("POST", &link, &[("authorization", &token)], &body).await;
    assert_eq!((answer.status, &answer.json()["user_id"]), (200, &anonymous["user_id"]));
    let headers = [("authorization", token.as_str()), ("origin", "https://page.example")];
    let answer = server.call("POST", &link, &headers, &body).await;
    assert_eq!(answer.error(), (403, "DomainNotAllowed".to_owned()));
    assert_eq!(server.call("POST", &link, &[], &body).await.error().0, 401);
}

#[tokio::test]
async fn tokens_in_urls_reach_no_log() {
    let server = app().start().await;
    let answer = server.log_in("anon-user", json!({})).await.json();
    let token = answer["access_token"].as_str().unwrap();
    for name in ["baas_at", "stitch_at"] {
        let path = format!("/api/client/v2.0/auth/profile?{name}={token}");
        assert_eq!(server.call("GET", &path, &[], "").await.error().0, 401);
    }
    let log = server.stop().await;
    assert!(log.contains("/api/client/v2.0/auth/profile") && !log.contains(token), "{log}");
}
