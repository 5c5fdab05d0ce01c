//! Requests that are refused and functions that misbehave: each gets its answer, and the next
//! request is served.

use std::{fs, process::Command, thread, time::Duration};

use serde_json::Value as Json;

use crate::program::{Response, Served, app_of, copy_of_example, example, run};

const MADE: &str = "/app/made-abcde/endpoint";
const HELLO: &str = "/app/quickstart-abcde/endpoint/hello";

/// The code and the message of an error.
fn error(response: &Response) -> (u16, String, String) {
    let body: Json = serde_json::from_slice(&response.body).unwrap();
    assert!(body["link"].as_str().unwrap().contains("co_id="), "{body}");
    let text = |key: &str| body[key].as_str().unwrap().to_owned();
    (response.status, text("error_code"), text("error"))
}

#[test]
fn what_is_not_there_is_refused_and_the_rest_is_served() {
    let folder = copy_of_example("quickstart");
    let config = folder.path().join("https_endpoints/config.json");
    let mut endpoints: Json = serde_json::from_slice(&fs::read(&config).unwrap()).unwrap();
    let badge = endpoints.as_array_mut().unwrap().iter_mut().find(|one| one["route"] == "/badge");
    badge.unwrap()["disabled"] = true.into();
    fs::write(&config, endpoints.to_string()).unwrap();
    let served = Served::start(folder.path(), &[]);
    let shop = "/api/client/v2.0/app/quickstart-abcde/service/shop/incoming_webhook";
    let cases = [
        ("POST", HELLO.to_owned(), 404, "EndpointNotFound"),
        ("GET", format!("{HELLO}/"), 404, "EndpointNotFound"),
        ("GET", HELLO.replace("hello", "Hello"), 404, "EndpointNotFound"),
        ("GET", HELLO.replace("hello", "badge"), 404, "EndpointNotFound"),
        ("GET", format!("{shop}/signed"), 405, "MethodNotAllowed"),
        ("POST", format!("{shop}/nothing"), 404, "IncomingWebhookNotFound"),
        ("POST", shop.replace("shop", "Shop") + "/signed", 404, "ServiceNotFound"),
        ("POST", format!("{shop}/signed"), 400, "InvalidParameter"),
    ];
    for (method, path, status, code) in cases {
        let (found, found_code, message) = error(&served.call(method, &path, &[], ""));
        assert_eq!((found, found_code.as_str()), (status, code), "{method} {path}: {message}");
    }
    let unknown = served.call("GET", "/app/nobody/endpoint/hello", &[], "");
    let text = r#"{"error":"cannot find app using Client App ID 'nobody'"}"#;
    assert_eq!((unknown.status, unknown.text()), (404, text));
    assert_eq!(served.call("GET", HELLO, &[], "").status, 200);
}

#[test]
fn a_body_over_the_limit_is_refused_and_the_limit_is_a_setting() {
    let folder = copy_of_example("quickstart");
    fs::write(folder.path().join("hookstead.toml"), "[limits]\nbody_mib = 1\n").unwrap();
    let served = Served::start(folder.path(), &[]);
    let path = "/app/quickstart-abcde/endpoint/orders/total";
    let order = |size: usize| format!("{{\"items\":[],\"note\":\"{}\"}}", "x".repeat(size));
    assert_eq!(served.call("POST", path, &[], &order((1 << 20) - 100)).status, 200);
    assert_eq!(served.call("POST", path, &[], &order(1 << 20)).status, 413);
    assert_eq!(served.call("POST", path, &[], &order(1)).status, 200);
}

#[test]
fn a_function_that_misbehaves_harms_its_own_request_only() {
    let folder = app_of(&[
        ("functions/good.js", "exports = () => typeof leaked"),
        ("functions/throws.js", "exports = () => { leaked = 1; throw new Error('no tea left') }"),
        ("functions/rejects.js", "exports = async () => { await null; undefined.x }"),
        ("functions/loops.js", "exports = () => { for (;;) leaked = 1; }"),
        ("functions/promises.js", "exports = async () => { for (;;) await null; }"),
        (
            "functions/allocates.js",
            "exports = () => { for (const all = [];;) all.push('x'.repeat(9999) + all.length); }",
        ),
        ("functions/recurses.js", "exports = function f() { return [f()]; }"),
        ("hookstead.toml", "[limits]\nrun_time_s = 3\nrun_memory_mib = 16\n"),
    ]);
    let served = Served::start(folder.path(), &[]);
    let cases = [
        ("throws", "FunctionExecutionError", "no tea left"),
        ("rejects", "FunctionExecutionError", "TypeError: "),
        ("loops", "ExecutionTimeLimitExceeded", "execution time limit exceeded"),
        ("promises", "ExecutionTimeLimitExceeded", "execution time limit exceeded"),
        ("allocates", "", "memory"),
        ("recurses", "FunctionExecutionError", "RangeError: Maximum call stack size exceeded"),
    ];
    for (function, code, message) in cases {
        let (status, found, text) =
            error(&served.call("POST", &format!("{MADE}/{function}"), &[], "{}"));
        assert_eq!(status, 400, "{function}: {found} {text}");
        assert!(found.contains(code) && text.contains(message), "{function}: {found} {text}");
        let next = served.call("GET", &format!("{MADE}/good"), &[], "");
        assert_eq!((next.status, next.text()), (200, "\"undefined\""), "after {function}");
    }
}

#[test]
fn a_running_request_is_finished_before_the_end() {
    let source = "exports = () => new Promise((done) => setTimeout(() => done('finished'), 1500))";
    let folder = app_of(&[("functions/slow.js", source)]);
    let served = Served::start(folder.path(), &[]);
    thread::scope(|scope| {
        let slow = scope.spawn(|| served.call("GET", &format!("{MADE}/slow"), &[], ""));
        thread::sleep(Duration::from_millis(500));
        served.ask_to_stop();
        let response = slow.join().unwrap();
        assert_eq!((response.status, response.text()), (200, "\"finished\""));
    });
    let (log, status) = served.stop();
    assert_eq!(status, 0, "{log}");
}

#[test]
fn a_broken_file_is_told_with_its_field_and_remedy_and_the_rest_is_served() {
    let folder = app_of(&[
        ("functions/good.js", "exports = () => 'good'"),
        ("functions/bad.js", "exports = () => 'bad'"),
        ("values/broken.json", "{\n  \"name\": \"broken\",\n  \"value\": \n}"),
        (
            "http_endpoints/config.json",
            r#"[
              { "route": "/good", "http_method": "GET", "function_name": "good",
                "respond_result": true, "return_type": "JSON" },
              { "route": "/bad", "http_method": "GET", "function_name": "bad",
                "validation_method": "VERIFY_PAYLAOD", "respond_result": true }
            ]"#,
        ),
    ]);
    let app = folder.path().to_str().unwrap();
    let told = run(&["check", app]);
    assert_eq!(told.status, 1);
    let report: Json = serde_json::from_str(&run(&["check", "--json", app]).stdout).unwrap();
    let problems = report["problems"].as_array().unwrap();
    let of = |file: &str| problems.iter().find(|one| one["file"] == file).unwrap();
    assert_eq!(of("values/broken.json")["line"], 4, "{problems:?}");
    assert_eq!(of("http_endpoints/config.json")["field"], "[1].validation_method");
    assert!(problems.iter().all(|one| one["remedy"] != ""), "{problems:?}");
    let served = Served::start(folder.path(), &[]);
    let good = served.call("GET", &format!("{MADE}/good"), &[], "");
    assert_eq!((good.status, good.text()), (200, "\"good\""));
    assert_eq!(served.call("GET", &format!("{MADE}/bad"), &[], "").status, 500);
}

/// The part of README.md that shows requests, run by a shell as it stands.
#[test]
fn the_requests_of_the_readme_answer_what_it_says() {
    if Command::new("curl").arg("--version").output().is_err() {
        return;
    }
    let readme = example("quickstart").join("../../README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let served = Served::start(&example("quickstart"), &[]);
    let blocks = readme.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let (mut variables, mut compared) = (String::new(), 0);
    let requests = blocks.filter(|block| block.contains("http://127.0.0.1:7080"));
    for block in requests.filter(|block| !block.contains("target/release")) {
        let block = block.replace("\\\n", " ").replace("http://127.0.0.1:7080", &served.base);
        let mut lines = block.lines().peekable();
        while let Some(line) = lines.next() {
            let (command, mut answer) = line.split_once("  # ").unwrap_or((line, ""));
            if !command.starts_with("curl") {
                variables += &format!("{line}\n");
                continue;
            }
            // A long command has its answer on the next line.
            if let Some(next) = lines.next_if(|next| next.trim_start().starts_with("# ")) {
                answer = next.trim_start().trim_start_matches("# ");
            }
            let command = format!("{variables}{}", command.replace("curl", "curl -sS"));
            let output = Command::new("sh").args(["-c", &command]).output().unwrap();
            let body = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{command}: {output:?}");
            if answer.starts_with('{') {
                assert_eq!(body, answer, "{command}");
                compared += 1;
            }
        }
    }
    assert!(compared >= 4, "{compared}");
}

#[test]
fn nothing_that_steers_a_terminal_is_printed_by_a_command() {
    let source = "exports = () => '\\u009b2J\\u202e\\u001b[31m'";
    let folder = app_of(&[("functions/steer.js", source), ("functions/\u{9b}2J.js", source)]);
    let app = folder.path().to_str().unwrap();
    let told = run(&["function", "run", "steer", "--app", app]);
    assert_eq!(told.stdout, "\"\\u009b2J\\u202e\\u001b[31m\"\n");
    for arguments in [&["check", app][..], &["check", "--json", app]] {
        let told = run(arguments);
        let text = format!("{}{}", told.stdout, told.stderr);
        assert!(text.contains("2J"), "{arguments:?} does not tell of the file: {text}");
        assert!(!text.contains(['\u{9b}', '\u{1b}', '\u{202e}']), "{arguments:?}: {text:?}");
    }
}
