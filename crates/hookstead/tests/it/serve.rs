//! `hookstead serve`: what it prints, how it ends, how it loads anew.

use std::{fs, net::TcpListener, process::Command};

use crate::program::{Served, copy_of_example, eventually, example, run};

const HELLO: &str = "/app/quickstart-abcde/endpoint/hello";

#[test]
fn urls_with_commands_follow_the_first_line_and_the_log_follows_them() {
    let served = Served::start(&example("quickstart"), &[]);
    let base = served.base.clone();
    served.call("GET", HELLO, &[], "");
    let (log, status) = served.stop();
    assert_eq!(status, 0);
    assert!(log.contains(&format!("GET    {base}{HELLO}\n       curl {base}{HELLO}\n")), "{log}");
    assert!(log.contains("incoming_webhook/secret?secret=$SECRET\""), "{log}");
    assert!(log.contains(" 200 GET /app/quickstart-abcde/endpoint/hello "), "{log}");
    assert!(!log.contains("12345") && !log.contains('\x1b'), "{log}");
}

#[test]
fn the_printed_command_for_a_signed_webhook_runs_as_it_is() {
    if Command::new("curl").arg("--version").output().is_err() {
        return;
    }
    let served = Served::start(&example("quickstart"), &[]);
    let url = format!(
        "{}/api/client/v2.0/app/quickstart-abcde/service/shop/incoming_webhook/signed",
        served.base
    );
    let app = example("quickstart");
    let arguments = ["sign", "--app", app.to_str().unwrap(), "--data", r#"{"message":"it's"}"#];
    let signed = run(&[&arguments[..], &["--curl", &url]].concat());
    assert_eq!(signed.status, 0, "{}", signed.stderr);
    let output = Command::new("sh").args(["-c", &signed.stdout]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), r#"{"received":"it's"}"#);
}

#[test]
fn a_log_of_json_has_one_object_in_each_line() {
    let served = Served::start(&example("quickstart"), &["--log-format", "json"]);
    served.call("GET", HELLO, &[], "");
    let (log, _) = served.stop();
    let entries: Vec<serde_json::Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(entries.iter().any(|entry| entry["status"] == 200), "{log}");
}

#[test]
fn watching_loads_anew_and_keeps_the_last_good_app() {
    let folder = copy_of_example("quickstart");
    let served = Served::start(folder.path(), &["--watch"]);
    let hello = || served.call("GET", HELLO, &[], "").text().to_owned();
    let source = folder.path().join("functions/hello.js");
    assert!(hello().contains("Hello, stranger!"));
    fs::write(&source, "exports = () => 'changed';").unwrap();
    eventually("the change", || hello() == "\"changed\"");
    // Broken sources and broken configuration leave the last good app in place.
    fs::write(&source, "exports = () => {{{").unwrap();
    std::thread::sleep(std::time::Duration::from_millis(700));
    assert_eq!(hello(), "\"changed\"");
    let config = folder.path().join("https_endpoints/config.json");
    let good = fs::read_to_string(&config).unwrap();
    fs::write(&source, "exports = () => 'mended';").unwrap();
    eventually("the mending", || hello() == "\"mended\"");
    fs::write(&config, "[{").unwrap();
    std::thread::sleep(std::time::Duration::from_millis(700));
    assert_eq!(hello(), "\"mended\"");
    // What is well formed and closes a route counts at once.
    fs::write(&config, good.replace("NO_VALIDATION", "VERIFY_PAYLOAD")).unwrap();
    eventually("the closing", || served.call("GET", HELLO, &[], "").status >= 400);
}

#[test]
fn watching_closes_at_once_even_when_something_else_is_broken() {
    let folder = copy_of_example("quickstart");
    let served = Served::start(folder.path(), &["--watch"]);
    let status = || served.call("GET", HELLO, &[], "").status;
    assert_eq!(status(), 200);
    let config = folder.path().join("https_endpoints/config.json");
    let closed = r#""VERIFY_PAYLOAD", "secret_name": "key""#;
    let closed = fs::read_to_string(&config).unwrap().replace("\"NO_VALIDATION\"", closed);
    let other = folder.path().join("functions/signPayload.js");
    assert!(other.exists());
    fs::write(other, "exports = () => {{{").unwrap();
    fs::write(&config, closed).unwrap();
    eventually("the closing", || status() >= 400);
}

#[test]
fn watching_is_not_held_up_by_a_file_that_never_rests() {
    let folder = copy_of_example("quickstart");
    let served = Served::start(folder.path(), &["--watch"]);
    let source = folder.path().join("functions/hello.js");
    fs::write(&source, "exports = () => 'changed';").unwrap();
    let log = folder.path().join("busy.log");
    eventually("the change", || {
        fs::write(&log, "busy").unwrap();
        served.call("GET", HELLO, &[], "").text() == "\"changed\""
    });
}

/// A typing error counts at once, and a file that is away for a moment opens nothing.
#[test]
fn watching_never_opens_what_is_protected() {
    let folder = copy_of_example("quickstart");
    let config = folder.path().join("https_endpoints/config.json");
    let open = fs::read_to_string(&config).unwrap();
    let outdated = folder.path().join("http_endpoints");
    fs::create_dir(&outdated).unwrap();
    fs::write(outdated.join("config.json"), &open).unwrap();
    let closed = r#""VERIFY_PAYLOAD", "secret_name": "key""#;
    let closed = open.replace("\"NO_VALIDATION\"", closed);
    fs::write(&config, &closed).unwrap();
    let served = Served::start(folder.path(), &["--watch"]);
    let status = || served.call("GET", HELLO, &[], "").status;
    assert!(status() >= 400);
    for _ in 0..3 {
        fs::remove_file(&config).unwrap();
        for _ in 0..2 {
            assert!(status() >= 400);
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        fs::write(&config, &closed).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(300));
        assert!(status() >= 400);
    }
    // Once it is meant, it counts.
    fs::write(&config, &open).unwrap();
    eventually("the opening", || status() == 200);
    fs::write(&config, open.replace("\"disabled\"", "\"diasbled\"")).unwrap();
    eventually("the typing error", || status() == 500);
}

#[test]
fn an_address_in_use_and_a_folder_without_an_app_are_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let app = example("quickstart");
    let outcome = run(&["serve", app.to_str().unwrap(), "--listen", &address]);
    assert_eq!(outcome.status, 1);
    assert!(outcome.stderr.contains(&format!("cannot listen on {address}")), "{outcome:?}");
    let folder = tempfile::tempdir().unwrap();
    let outcome = run(&["serve", folder.path().to_str().unwrap()]);
    assert_eq!(outcome.status, 1);
    assert!(outcome.stderr.contains("holds no exported app"), "{outcome:?}");
}
