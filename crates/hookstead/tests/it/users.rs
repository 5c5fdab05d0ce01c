//! `hookstead users`: the operator creates, disables and deletes users, and moves them in.

use std::fs;

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::program::{Outcome, Served, app_of, eventually, run, run_with_input};

const PASSWORD: &str = "correct horse battery";

/// An app with an endpoint that tells who called it.
fn app() -> TempDir {
    app_of(&[
        ("functions/who.js", "exports = () => context.user"),
        ("functions/config.json", r#"[{"name":"who"}]"#),
        (
            "auth/providers.json",
            r#"{"local-userpass":{"type":"local-userpass","config":{
                    "emailConfirmationUrl":"https://a.example/confirm",
                    "resetPasswordUrl":"https://a.example/reset"}},
                "api-key":{"type":"api-key"},
                "anon-user":{"type":"anon-user"}}"#,
        ),
    ])
}

/// The app, and the data folder that a server and commands share.
struct Home {
    app: TempDir,
    data: TempDir,
}

impl Home {
    fn new() -> Self {
        Self { app: app(), data: tempfile::tempdir().unwrap() }
    }

    fn serve(&self) -> Served {
        Served::start_in(self.app.path(), &["--data-dir", self.data.path().to_str().unwrap()])
    }

    fn places(&self) -> [&str; 4] {
        let (app, data) = (self.app.path().to_str().unwrap(), self.data.path().to_str().unwrap());
        ["--app", app, "--data-dir", data]
    }

    fn users(&self, arguments: &[&str]) -> Outcome {
        run(&[&["users"], arguments, &self.places()].concat())
    }

    /// The JSON that a command prints; it must succeed.
    fn json(&self, arguments: &[&str]) -> Json {
        let outcome = self.users(arguments);
        assert_eq!(outcome.status, 0, "{arguments:?}: {}", outcome.stderr);
        serde_json::from_str(&outcome.stdout).unwrap()
    }

    /// Creates a user; answers the id.
    fn create(&self, email: &str) -> String {
        let arguments = ["users", "create", email, "--password-stdin"];
        let outcome = run_with_input(&[&arguments[..], &self.places()].concat(), PASSWORD);
        assert_eq!(outcome.status, 0, "{}", outcome.stderr);
        let created: Json = serde_json::from_str(&outcome.stdout).unwrap();
        created["_id"].as_str().unwrap().to_owned()
    }
}

/// Logs in; answers the status and the JSON.
fn log_in(served: &Served, provider: &str, credentials: &Json) -> (u16, Json) {
    let path = format!("/api/client/v2.0/app/made-abcde/auth/providers/{provider}/login");
    let headers = [("Content-Type", "application/json")];
    let response = served.call("POST", &path, &headers, &credentials.to_string());
    (response.status, serde_json::from_str(response.text()).unwrap_or_default())
}

fn with_password(served: &Served, email: &str, password: &str) -> (u16, Json) {
    log_in(served, "local-userpass", &json!({ "username": email, "password": password }))
}

/// Who the endpoint says that an access token belongs to.
fn who(served: &Served, token: &str) -> (u16, Json) {
    let headers = [("Authorization", &*format!("Bearer {token}"))];
    let response = served.call("GET", "/app/made-abcde/endpoint/who", &headers, "");
    (response.status, serde_json::from_str(response.text()).unwrap_or_default())
}

#[test]
fn a_running_server_learns_of_users_who_are_created_disabled_enabled_and_deleted() {
    let home = Home::new();
    let served = home.serve();
    let id = home.create("ada@a.example");
    let (status, session) = with_password(&served, "ada@a.example", PASSWORD);
    assert_eq!((status, &session["user_id"]), (200, &json!(id)), "{session}");
    let token = session["access_token"].as_str().unwrap();
    let (status, user) = who(&served, token);
    assert_eq!((status, &user["id"], &user["type"]), (200, &json!(id), &json!("normal")));
    assert_eq!(user["data"], json!({ "email": "ada@a.example" }));

    let disabled = home.json(&["disable", &id, "--json"]);
    assert_eq!(disabled, json!({ "_id": id, "disabled": true }));
    eventually("the token of a disabled user is refused", || who(&served, token).0 == 401);
    let (status, refusal) = with_password(&served, "ada@a.example", PASSWORD);
    assert_eq!((status, &refusal["error_code"]), (401, &json!("UserDisabled")), "{refusal}");
    assert_eq!(home.users(&["enable", &id]).status, 0);
    eventually("a user who is enabled logs in", || {
        with_password(&served, "ada@a.example", PASSWORD).0 == 200
    });

    let deleted = home.users(&["delete", &id]);
    assert_eq!((deleted.status, deleted.stdout.as_str()), (0, ""), "{}", deleted.stderr);
    eventually("the token of a deleted user is refused", || who(&served, token).0 == 401);
    eventually("a deleted user is not known", || {
        with_password(&served, "ada@a.example", PASSWORD).1["error_code"] == "InvalidPassword"
    });
    assert!(!served.told().contains(PASSWORD));
}

#[test]
fn the_key_of_the_app_is_printed_once_and_logs_in() {
    let home = Home::new();
    let served = home.serve();
    let created = home.json(&["create-api-key", "cron"]);
    let key = created["key"].as_str().unwrap();
    assert_eq!((key.len(), &created["name"]), (64, &json!("cron")));
    assert_eq!(created["_id"].as_str().unwrap().len(), 24);
    let response = served.call("GET", "/app/made-abcde/endpoint/who", &[("api-key", key)], "");
    assert_eq!(response.status, 200, "{}", response.text());
    let user: Json = serde_json::from_str(response.text()).unwrap();
    assert_eq!((&user["type"], &user["data"]), (&json!("server"), &json!({ "name": "cron" })));
    let again = home.users(&["create-api-key", "cron"]);
    assert_eq!((again.status, again.stdout.as_str()), (1, ""), "{again:?}");
    assert!(!served.told().contains(key));
    assert!(!home.users(&["list", "--json"]).stdout.contains(key));
}

#[test]
fn who_registered_is_confirmed_by_the_operator() {
    let home = Home::new();
    let served = home.serve();
    let path = "/api/client/v2.0/app/made-abcde/auth/providers/local-userpass/register";
    let body = json!({ "email": "eve@a.example", "password": PASSWORD }).to_string();
    let headers = [("Content-Type", "application/json")];
    assert_eq!(served.call("POST", path, &headers, &body).status, 201);
    let (status, refusal) = with_password(&served, "eve@a.example", PASSWORD);
    assert_eq!((status, &refusal["error"]), (401, &json!("confirmation required")));
    assert_eq!(home.users(&["confirm", "eve@a.example"]).status, 0);
    assert_eq!(with_password(&served, "eve@a.example", PASSWORD).0, 200);
    let again = home.users(&["confirm", "eve@a.example"]);
    assert_eq!(again.status, 1, "{again:?}");
    assert!(again.stderr.contains("hookstead users list"), "{again:?}");
}

/// Users as the Admin API lists them.
const OF_ADMIN_API: &str = r#"[
    {"_id":"636aba021728b6c1c03db7f9","type":"normal","disabled":false,
        "creation_date":1667938818,"last_authentication_date":1667938818,
        "data":{"email":"Ada@a.example"},
        "identities":[{"id":"636aba021728b6c1c03db7f8","provider_type":"local-userpass",
            "provider_id":"624de7bb8ec6c939626f5425"}]},
    {"_id":"636aba021728b6c1c03db7fa","type":"normal","disabled":true,"data":{},
        "identities":[{"id":"636aba021728b6c1c03db7fb-nhwswazdycmvrpendwddtcdt",
            "provider_type":"anon-user"}]}
]"#;

/// Users as Flowerbase's exporter writes them, all with the hash of one password.
const OF_FLOWERBASE: &str = r#"[
    {"_id":"636aba021728b6c1c03db7f9","email":"Ada@a.example","password":"c0ffee.5a17",
        "status":"confirmed",
        "identities":[{"id":"636aba021728b6c1c03db7f8","provider_type":"local-userpass",
            "provider_id":"624de7bb8ec6c939626f5425"}]}
]"#;

#[test]
fn users_who_move_in_keep_their_ids_and_set_a_password_by_a_link() {
    for list in [OF_ADMIN_API, OF_FLOWERBASE] {
        let home = Home::new();
        let file = home.app.path().join("list.json");
        fs::write(&file, list).unwrap();
        let count = serde_json::from_str::<Json>(list).unwrap().as_array().unwrap().len();
        for (run, imported) in [(1, count), (2, 0)] {
            let told = home.json(&["import", file.to_str().unwrap(), "--json"]);
            assert_eq!(told["imported"], imported, "import {run}: {told}");
        }
        let served = home.serve();
        assert_eq!(with_password(&served, "Ada@a.example", PASSWORD).0, 401);
        let link = home.users(&["reset-link", "Ada@a.example"]).stdout;
        assert!(link.starts_with("https://a.example/reset?token="), "{link}");
        let token = home.json(&["reset-link", "Ada@a.example", "--json"]);
        let body = json!({ "token": token["token"], "tokenId": token["tokenId"],
            "password": PASSWORD });
        let path = "/api/client/v2.0/app/made-abcde/auth/providers/local-userpass/reset";
        let headers = [("Content-Type", "application/json")];
        let answer = served.call("POST", path, &headers, &body.to_string());
        assert!(answer.status < 300, "{}: {}", answer.status, answer.text());
        let again = served.call("POST", path, &headers, &body.to_string());
        assert_eq!(again.status, 400, "a link is good once");
        let (status, session) = with_password(&served, "Ada@a.example", PASSWORD);
        assert_eq!(status, 200, "{session}");
        assert_eq!(session["user_id"], "636aba021728b6c1c03db7f9");
        let (_, user) = who(&served, session["access_token"].as_str().unwrap());
        assert_eq!(user["identities"][0]["id"], "636aba021728b6c1c03db7f8");
        assert_eq!(with_password(&served, "ada@a.example", PASSWORD).0, 401);
    }
}

#[test]
fn an_export_is_what_another_import_reads() {
    let home = Home::new();
    let file = home.app.path().join("list.json");
    fs::write(&file, OF_ADMIN_API).unwrap();
    home.json(&["import", file.to_str().unwrap(), "--json"]);
    home.create("eve@a.example");
    let exported = home.json(&["export"]);
    assert_eq!(exported.as_array().unwrap().len(), 3);
    let ada = exported.as_array().unwrap().iter();
    let ada = ada.clone().find(|one| one["_id"] == "636aba021728b6c1c03db7f9").unwrap();
    assert_eq!(ada["creation_date"], 1_667_938_818);
    assert!(!exported.to_string().contains("password"), "{exported}");
    let other = Home::new();
    fs::write(&file, exported.to_string()).unwrap();
    let told = other.json(&["import", file.to_str().unwrap(), "--json"]);
    assert_eq!(told["imported"], 3, "{told}");
    assert_eq!(other.json(&["export"]), exported);
}

#[test]
fn what_cannot_be_done_is_told_with_what_helps() {
    let home = Home::new();
    let nobody = "0123456789abcdef01234567";
    for (arguments, status, told) in [
        (&["disable", "ada"][..], 2, "24 hexadecimal digits"),
        (&["disable", nobody], 1, "hookstead users list"),
        (&["delete", nobody], 1, "hookstead users list"),
        (&["confirm", "eve@a.example"], 1, "hookstead users list"),
        (&["reset-link", "eve@a.example"], 1, "hookstead users list"),
        (&["create", "eve@a.example"], 2, "--password-stdin"),
        (&["import", "nothing.json"], 1, "nothing.json"),
    ] {
        let outcome = home.users(arguments);
        assert_eq!((outcome.status, outcome.stdout.as_str()), (status, ""), "{outcome:?}");
        assert!(outcome.stderr.contains(told), "{arguments:?}: {}", outcome.stderr);
    }
    let create = ["users", "create", "eve@a.example", "--password-stdin"];
    for password in ["short", &"x".repeat(129)] {
        let outcome = run_with_input(&[&create[..], &home.places()].concat(), password);
        assert_eq!((outcome.status, outcome.stdout.as_str()), (1, ""), "{outcome:?}");
        assert!(!outcome.stderr.contains(password), "{outcome:?}");
    }
    home.create("eve@a.example");
    let outcome = run_with_input(&[&create[..], &home.places()].concat(), PASSWORD);
    assert_eq!(outcome.status, 1, "{outcome:?}");
    let without = app_of(&[("functions/hello.js", "exports = () => 1")]);
    let outcome = run(&["users", "list", "--app", without.path().to_str().unwrap()]);
    assert_eq!(outcome.status, 2, "{outcome:?}");
    assert!(outcome.stderr.contains("auth/providers.json"), "{outcome:?}");
}

#[test]
fn a_list_tells_every_user_with_state_and_providers() {
    let home = Home::new();
    assert_eq!(home.users(&["list"]).stdout, "");
    let id = home.create("ada@a.example");
    home.json(&["disable", &id, "--json"]);
    let list = home.users(&["list"]);
    assert_eq!(list.stdout.lines().count(), 1, "{list:?}");
    for part in [&*id, "ada@a.example", "local-userpass", "disabled"] {
        assert!(list.stdout.contains(part), "{list:?}");
    }
    let json = home.json(&["list", "--json"]);
    assert_eq!((&json[0]["_id"], &json[0]["disabled"]), (&json!(id), &json!(true)));
}

#[test]
fn no_data_source_of_an_export_is_the_one_of_the_users() {
    let read = "exports = async () => { const db = context.services.get('hookstead users')
      .db('hookstead'); return [await db.collection('users').count(),
      await db.collection('identities').count()] }";
    for (name, is_served) in [("hookstead users", true), ("\\u0000users", false)] {
        let home = Home::new();
        home.create("ada@a.example");
        let source = format!(r#"{{"name":"{name}","type":"mongodb-atlas","config":{{}}}}"#);
        let folder = home.app.path().join("data_sources/own");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("config.json"), source).unwrap();
        fs::write(home.app.path().join("functions/read.js"), read).unwrap();
        let config = r#"[{"name":"who"},{"name":"read","run_as_system":true}]"#;
        fs::write(home.app.path().join("functions/config.json"), config).unwrap();
        let data = ["--data-dir", home.data.path().to_str().unwrap()];
        let app = ["--app", home.app.path().to_str().unwrap()];
        let ran = run(&[&["function", "run", "read"][..], &app, &data].concat());
        let listed = run(&[&["data", "list"][..], &app, &data].concat());
        assert_eq!((ran.status == 0, listed.status == 0), (is_served, is_served), "{ran:?}");
        if is_served {
            assert!(ran.stdout.contains("[0,0]") || ran.stdout.contains("\"0\""), "{ran:?}");
            assert!(!listed.stdout.contains("identities"), "{listed:?}");
        } else {
            assert!(ran.stderr.contains("U+0000"), "{ran:?}");
        }
    }
}

#[test]
fn no_function_reaches_the_database_of_the_users_in_mongodb() {
    let server = hookstead_testing::SecantusDb::start();
    let home = Home::new();
    let settings = format!("[data]\nmongodb_uri = \"{}\"\n", server.uri());
    fs::write(home.app.path().join("hookstead.toml"), settings).unwrap();
    home.create("ada@a.example");
    let config = r#"[{"name":"who"},{"name":"read","run_as_system":true}]"#;
    fs::write(home.app.path().join("functions/config.json"), config).unwrap();
    for (call, is_closed) in [
        ("client.db('hookstead').collection('users').findOne({})", true),
        ("client.db('hookstead').collection('users').insertOne({})", true),
        ("client.db('hookstead').collection('identities').aggregate([]).toArray()", true),
        ("orders.aggregate([{ $out: { db: 'hookstead', coll: 'users' } }]).toArray()", true),
        (
            "orders.aggregate([{ $merge: { into: { db: 'Hookstead', coll: 'x' } } }]).toArray()",
            true,
        ),
        (
            "orders.aggregate([{ $facet: { a: [{ $lookup: { as: 'x', pipeline: [],
            from: { db: 'hookstead', coll: 'users' } } }] } }]).toArray()",
            true,
        ),
        ("orders.insertOne({ db: 'hookstead' })", false),
        ("orders.aggregate([{ $match: { db: 'hookstead' } }]).toArray()", false),
    ] {
        let source = format!(
            "exports = async () => {{ const client = context.services.get('mongodb-atlas');
              const orders = client.db('shop').collection('orders'); return await {call} }}"
        );
        fs::write(home.app.path().join("functions/read.js"), source).unwrap();
        let app = home.app.path().to_str().unwrap();
        let ran = run(&["function", "run", "read", "--app", app]);
        let told = ran.stderr.contains("the database hookstead keeps the users of the app");
        assert_eq!((ran.status != 0, told), (is_closed, is_closed), "{call}: {ran:?}");
    }
}
