//! Protection that `hookstead.toml` adds, and that of providers in an export.

use std::fs;

use crate::program::{Served, app_of, program, run};

const FUNCTION: (&str, &str) = ("functions/a.js", "exports = () => 'ran'");
const ENTRY: &str = "[[endpoints]]\nroute = \"/a\"\nvalidation_method = \"GITHUB\"\n\
                     secret_name = \"hub\"\n";
const BODY: &str = "Hello, World!";
const HEADER: (&str, &str) = (
    "X-Hub-Signature-256",
    "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
);
const PATH: &str = "/app/made-abcde/endpoint/a";

#[test]
fn an_entry_protects_an_endpoint_of_an_export_that_stays_as_it_is() {
    let app = app_of(&[FUNCTION, ("hookstead.toml", ENTRY)]);
    let data = tempfile::tempdir().unwrap();
    let folders = [app.path().to_str().unwrap(), data.path().to_str().unwrap()];
    let mut command =
        program(&["serve", folders[0], "--listen", "127.0.0.1:0", "--data-dir", folders[1]]);
    command.env("HOOKSTEAD_SECRET_hub", "It's a Secret to Everybody");
    let server = Served::start_as(command);
    assert_eq!(server.call("POST", PATH, &[HEADER], BODY).status, 200);
    assert_eq!(server.call("POST", PATH, &[HEADER], "Hello, World").status, 401);
    assert_eq!(server.call("POST", PATH, &[], BODY).status, 400);
    assert_eq!(server.call("GET", PATH, &[], "").status, 400);
}

#[test]
fn a_secret_that_is_not_set_lets_nobody_in() {
    let app = app_of(&[FUNCTION, ("hookstead.toml", ENTRY)]);
    let server = Served::start(app.path(), &[]);
    assert_eq!(server.call("POST", PATH, &[HEADER], BODY).status, 500);
    assert!(server.told().contains("the secret `hub` is not set"), "{}", server.told());
    let checked = run(&["check", app.path().to_str().unwrap()]);
    assert_eq!(checked.status, 1, "{}", checked.stdout);
}

#[test]
fn an_entry_for_nothing_refuses_the_start() {
    for (entry, expected) in [
        (ENTRY.replace("/a\"", "/b\""), "the app has no endpoint \"/b\""),
        (ENTRY.replace("route = \"/a\"", "webhook = \"s/w\""), "the app has no webhook \"s/w\""),
        (ENTRY.replace("GITHUB", "GITHUP"), "did you mean GITHUB?"),
    ] {
        let app = app_of(&[FUNCTION, ("hookstead.toml", &entry)]);
        for command in ["serve", "check"] {
            let outcome = run(&[command, app.path().to_str().unwrap()]);
            assert_eq!(outcome.status, 2, "{}", outcome.stderr);
            assert!(outcome.stderr.contains(expected), "{}", outcome.stderr);
        }
    }
}

#[test]
fn an_entry_that_goes_while_the_server_runs_still_protects() {
    let app = app_of(&[FUNCTION, ("hookstead.toml", ENTRY)]);
    let server = Served::start(app.path(), &["--watch"]);
    fs::write(app.path().join("hookstead.toml"), "").unwrap();
    fs::write(app.path().join("functions/a.js"), "exports = () => 'again'").unwrap();
    crate::program::eventually("the restart is told", || server.told().contains("[[endpoints]]"));
    assert_eq!(server.call("POST", PATH, &[], BODY).status, 500);
}

#[test]
fn a_scheme_that_signs_the_url_needs_the_public_one() {
    let entry = ENTRY.replace("GITHUB", "SQUARE");
    let app = app_of(&[FUNCTION, ("hookstead.toml", &entry)]);
    let checked = run(&["check", "--problems", app.path().to_str().unwrap()]);
    assert!(checked.stdout.contains("public_base_url"), "{}", checked.stdout);
    assert_eq!(checked.status, 1);
}
