//! Users of an app that the program serves: where they are kept, and what the journal says.

use std::{fs, os::unix::fs::PermissionsExt as _};

use serde_json::{Value as Json, json};

use crate::program::{Response, Served, app_of, copy_of_example};

const PROVIDERS: &str = r#"{
    "local-userpass": {"name": "local-userpass", "type": "local-userpass",
                       "config": {"autoConfirm": true}},
    "anon-user": {"name": "anon-user", "type": "anon-user", "disabled": true}
}"#;

/// An app with one endpoint, `who`, for users.
fn app() -> tempfile::TempDir {
    app_of(&[
        ("functions/config.json", r#"[{"name": "who"}]"#),
        ("functions/who.js", "exports = () => context.user.id"),
        ("auth/providers.json", PROVIDERS),
    ])
}

fn call(served: &Served, call: &str, body: &Json) -> Response {
    let path = format!("/api/client/v2.0/app/made-abcde/auth/providers/local-userpass/{call}");
    served.call("POST", &path, &[("content-type", "application/json")], &body.to_string())
}

fn log_in(served: &Served) -> Json {
    let body = json!({ "username": "ada@example.com", "password": "correct horse" });
    let response = call(served, "login", &body);
    assert_eq!(response.status, 200, "{}", response.text());
    serde_json::from_str(response.text()).unwrap()
}

fn who(served: &Served, log_in: &Json) -> Response {
    let token = format!("Bearer {}", log_in["access_token"].as_str().unwrap());
    served.call("GET", "/app/made-abcde/endpoint/who", &[("authorization", &token)], "")
}

#[test]
fn users_and_sessions_outlast_the_program_and_the_journal_names_them() {
    let folder = app();
    let flags = ["--log-format", "json"];
    let served = Served::start_in(folder.path(), &flags);
    let body = json!({ "email": "ada@example.com", "password": "correct horse" });
    assert_eq!(call(&served, "register", &body).status, 201);
    let first = log_in(&served);
    let key = folder.path().join(".hookstead/signing-key");
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let (log, _) = served.stop();

    let served = Served::start_in(folder.path(), &flags);
    assert_eq!(log_in(&served)["user_id"], first["user_id"]);
    let response = who(&served, &first);
    assert_eq!((response.status, response.text()), (200, &*first["user_id"].to_string()));
    let (second_log, _) = served.stop();
    let entries = second_log.lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
    let runs: Vec<_> = entries.filter(|entry| entry["name"] == "/who").collect();
    assert_eq!(runs.len(), 1, "{second_log}");
    assert!(runs[0].to_string().contains(first["user_id"].as_str().unwrap()), "{}", runs[0]);
    let secrets = ["correct horse", fs::read_to_string(&key).unwrap().trim()].map(str::to_owned);
    let tokens = ["access_token", "refresh_token"].map(|name| first[name].as_str().unwrap());
    for secret in secrets.iter().map(String::as_str).chain(tokens) {
        assert!(!log.contains(secret) && !second_log.contains(secret), "{log}{second_log}");
        let kept = fs::read(folder.path().join(".hookstead/documents.sqlite3")).unwrap();
        let is_kept = kept.windows(secret.len()).any(|bytes| bytes == secret.as_bytes());
        assert!(!is_kept, "the store holds a secret in clear");
    }
}

#[test]
fn an_app_that_is_read_again_keeps_its_users() {
    let folder = app();
    let served = Served::start_in(folder.path(), &["--watch"]);
    let body = json!({ "email": "ada@example.com", "password": "correct horse" });
    assert_eq!(call(&served, "register", &body).status, 201);
    let first = log_in(&served);
    let source = folder.path().join("functions/who.js");
    fs::write(&source, "exports = () => 'changed'").unwrap();
    crate::program::eventually("the change", || who(&served, &first).text() == "\"changed\"");
    let providers = folder.path().join("auth/providers.json");
    fs::write(&providers, PROVIDERS.replace("\"config\"", "\"disabled\": true, \"config\""))
        .unwrap();
    crate::program::eventually("the provider to be disabled", || {
        who(&served, &first).status == 401
    });
}

#[test]
fn an_app_without_providers_keeps_nothing_of_users() {
    let folder = copy_of_example("quickstart");
    let served = Served::start_in(folder.path(), &[]);
    served.call("GET", "/app/quickstart-abcde/endpoint/hello", &[], "");
    served.stop();
    assert!(!folder.path().join(".hookstead/signing-key").exists());
}

#[test]
fn a_signing_key_from_a_secret_must_be_there_and_long_enough() {
    let folder = app();
    let setting = "[auth]\nsigning_key_secret = \"token_key\"\n";
    fs::write(folder.path().join("hookstead.toml"), setting).unwrap();
    let app = folder.path().to_str().unwrap();
    let run = |value: Option<&str>| {
        let mut command = crate::program::program(&["serve", app, "--listen", "127.0.0.1:0"]);
        if let Some(value) = value {
            command.env("HOOKSTEAD_SECRET_token_key", value);
        }
        String::from_utf8(command.output().unwrap().stderr).unwrap()
    };
    let missing = run(None);
    assert!(missing.contains("`hookstead secrets set token_key`"), "{missing}");
    let short = run(Some("too short"));
    assert!(short.contains("at least 32") && !short.contains("too short"), "{short}");
}
