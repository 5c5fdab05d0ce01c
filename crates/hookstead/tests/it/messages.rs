//! What commands say when something is wrong: the file or the field, and what to do about it.

use std::{
    fs::{self, OpenOptions},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::Stdio,
};

use crate::program::{
    Outcome, Served, app_of, copy_of_example, eventually, example, program, run, run_with_input,
};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Arguments, what stands on standard error, and the status.
type Case<'a> = (&'a [&'a str], &'a [&'a str], i32);

fn check(cases: &[Case<'_>]) {
    for (arguments, told, status) in cases {
        let outcome = run(arguments);
        assert_eq!(outcome.status, *status, "{arguments:?}: {outcome:?}");
        for text in *told {
            assert!(outcome.stderr.contains(text), "{arguments:?}: {text:?}: {}", outcome.stderr);
        }
    }
}

#[test]
fn what_does_not_exist_is_told_with_the_nearest_name_and_with_what_there_is() {
    let folder = copy_of_example("quickstart");
    let app = text(folder.path());
    run_with_input(&["secrets", "set", "api_key", "--app", app], "12345");
    run_with_input(&["data", "import", "shop.orders", "--app", app], "{\"_id\":1}");
    check(&[
        (
            &["function", "run", "nope", "--app", app],
            &["no function and no webhook \"nope\"", "→ it has badge, ", "hello", "shop/signed"],
            1,
        ),
        (&["function", "run", "helo", "--app", app], &["→ did you mean hello?"], 1),
        (&["function", "run", "shop/sined", "--app", app], &["→ did you mean shop/signed?"], 1),
        (
            &["data", "export", "shop.order", "--app", app],
            &["there is no collection shop.order\n", "did you mean shop.orders?", "data list"],
            1,
        ),
        (
            &["data", "export", "shoop.orders", "--app", app],
            &["there is no collection shoop.orders\n", "did you mean shop.orders?"],
            1,
        ),
        (&["data", "export", "x.y", "--app", app], &["there is no collection x.y\n"], 1),
        (
            &["secrets", "remove", "api_ky", "--app", app],
            &["holds no secret \"api_ky\"", "→ did you mean api_key?"],
            1,
        ),
        (&["secrets", "remove", "x", "--app", app], &["→ it holds api_key"], 1),
        (&["check", app, "--environment", "prod"], &["--environment", "\"production\""], 2),
    ]);
    // A file is not begun for a collection that does not exist.
    let file = folder.path().join("out.jsonl");
    run(&["data", "export", "shop.order", text(&file), "--app", app]);
    assert!(!file.exists());
}

#[test]
fn an_empty_collection_is_exported_without_an_error() {
    let folder = copy_of_example("quickstart");
    let app = text(folder.path());
    run_with_input(&["data", "import", "shop.orders", "--app", app], "{\"_id\":1}");
    let none = ["data", "export", "shop.orders", "--query", "{\"_id\":2}", "--app", app];
    let outcome = run(&none);
    assert_eq!((outcome.status, outcome.stdout.as_str()), (0, ""), "{outcome:?}");
}

#[test]
fn an_address_that_cannot_be_had_is_told_with_what_to_do() {
    let app = example("quickstart");
    let data = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let port = taken.local_addr().unwrap().port().to_string();
    let localhost = format!("localhost:{port}");
    let call = |listen: &str| {
        run(&["serve", text(&app), "--data-dir", text(data.path()), "--listen", listen])
    };
    // A name that means two addresses does not go past another program.
    for listen in [&address, &port, &localhost] {
        let outcome = call(listen);
        assert_eq!(outcome.status, 1, "{outcome:?}");
        let told = &outcome.stderr;
        assert!(told.contains(&format!("cannot listen on {address}: ")), "{told}");
        assert!(told.contains("→ another program listens there: end it, or choose"), "{told}");
        assert!(told.contains("--listen 127.0.0.1:"), "{told}");
    }
    let outcome = call("192.0.2.1:7080");
    assert!(outcome.stderr.contains("→ this machine has no such address"), "{outcome:?}");
    let outcome = call("127.0.0.1");
    assert_eq!(outcome.status, 2);
    assert!(outcome.stderr.contains("→ it must have a port behind"), "{outcome:?}");
}

#[test]
fn ports_alone_and_localhost_listen_on_this_machine_only() {
    for listen in [":0", "0", "localhost:0", "LOCALHOST:0"] {
        let data = tempfile::tempdir().unwrap();
        let app = example("quickstart");
        let mut command = program(&["serve", text(&app), "--data-dir", text(data.path())]);
        command.args(["--listen", listen]);
        let served = Served::start_as(command);
        assert!(served.base.starts_with("http://127.0.0.1:"), "{listen}: {}", served.base);
        let address = served.base.strip_prefix("http://").unwrap();
        assert!(TcpStream::connect(address).is_ok(), "{listen}");
    }
}

#[test]
fn a_standard_output_that_is_full_is_named() {
    let folder = copy_of_example("quickstart");
    let app = text(folder.path());
    run_with_input(&["secrets", "set", "api_key", "--app", app], "12345");
    run_with_input(&["data", "import", "shop.orders", "--app", app], "{\"_id\":1}");
    let request = ["function", "run", "hello", "--request", "/hello", "--app", app];
    let commands: [&[&str]; 10] = [
        &["check", app],
        &["check", "--json", app],
        &["function", "run", "money/format", "1", "--app", app],
        &request,
        &["data", "list", "--app", app],
        &["data", "export", "shop.orders", "--app", app],
        &["secrets", "list", "--app", app],
        &["secrets", "generate", "token", "--app", app],
        &["sign", "--secret", "a", "--data", "b"],
        &["completions", "bash"],
    ];
    for arguments in commands {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = program(arguments).stdout(full).stderr(Stdio::piped()).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {told}");
        assert!(told.contains("standard output"), "{arguments:?}: {told}");
        assert_eq!(told.matches("the disk is full").count(), 1, "{arguments:?}: {told}");
        assert!(told.contains("→ "), "{arguments:?}: {told}");
    }
}

#[test]
fn a_server_whose_log_is_full_says_so_once_and_where_it_listens() {
    let data = tempfile::tempdir().unwrap();
    let app = example("quickstart");
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let errors = data.path().join("stderr");
    let mut command = program(&["serve", text(&app), "--listen", "0", "--data-dir"]);
    command.arg(data.path().join("data")).stdout(full);
    let mut child = command.stderr(fs::File::create(&errors).unwrap()).spawn().unwrap();
    let told = || fs::read_to_string(&errors).unwrap();
    eventually("the warning", || told().contains("the server runs at 127.0.0.1:"));
    child.kill().unwrap();
    child.wait().unwrap();
    let told = told();
    assert!(told.starts_with("warning: standard output cannot be written: "), "{told}");
    assert_eq!(told.matches("standard output").count(), 2, "{told}");
}

#[test]
fn what_may_not_be_read_or_written_is_named_once() {
    // Root may read everything.
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("app");
    fs::create_dir(&folder).unwrap();
    let closed = folder.join("file");
    fs::write(&closed, "{}").unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&closed).is_ok() {
        return;
    }
    let closed = text(&closed);
    for arguments in [
        &["serve", ".", "--config", closed][..],
        &["check", ".", "--config", closed],
        &["sign", "--secret-file", closed, "--data", ""],
        &["sign", "--secret", "a", closed],
        &["secrets", "set", "a", "--value-file", closed, "--data-dir", text(root.path())],
    ] {
        let outcome = run(arguments);
        assert_ne!(outcome.status, 0, "{outcome:?}");
        assert_eq!(outcome.stderr.matches("this user is not allowed to").count(), 1, "{outcome:?}");
        assert!(outcome.stderr.contains(closed) && outcome.stderr.contains("→ "), "{outcome:?}");
    }
}

#[test]
fn a_folder_that_may_not_be_read_is_told_itself() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("app");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o000)).unwrap();
    // Root may read everything.
    if fs::read_dir(&folder).is_err() {
        let told = format!(
            "the folder {} cannot be read: this user is not allowed to\n  → let",
            folder.display()
        );
        check(&[(&["check", text(&folder)], &[&told], 2)]);
    }
}

#[test]
fn a_file_where_the_data_folder_should_be_is_told() {
    let app = example("quickstart");
    check(&[(
        &["check", text(&app), "--data-dir", "/etc/passwd"],
        &["--data-dir: /etc/passwd is a file, not a folder\n  → name a folder; it is made"],
        2,
    )]);
}

#[test]
fn an_unknown_flag_is_not_offered_as_a_value() {
    let outcome = run(&["serve", "--prt", "1"]);
    assert_eq!(outcome.status, 2);
    assert!(outcome.stderr.contains("unexpected argument '--prt'"), "{outcome:?}");
    assert!(!outcome.stderr.contains("as a value"), "{outcome:?}");
}

#[test]
fn a_function_that_fails_without_words_is_told_with_what_is_wrong() {
    let app = app_of(&[
        ("functions/silent.js", "exports = () => { throw new Error(\"\") }"),
        ("functions/hello.js", "exports = () => 1"),
    ]);
    let run_it = |name: &str| run(&["function", "run", name, "--app", text(app.path())]);
    let outcome = run_it("silent");
    assert_eq!(outcome.status, 1, "{outcome:?}");
    assert!(
        outcome.stderr.contains("the function threw an Error without a message"),
        "{outcome:?}"
    );
    fs::write(app.path().join("hookstead.toml"), "[limits]\nmemory_mib = 1\nmemory_wait_s = 1\n")
        .unwrap();
    let outcome = run_it("hello");
    assert_eq!(outcome.status, 1, "{outcome:?}");
    let told = "there is not enough memory to run a function: [limits] memory_mib is 1\n  → raise";
    assert!(outcome.stderr.contains(told), "{outcome:?}");
}

#[test]
fn a_secret_that_is_replaced_is_told() {
    let folder = copy_of_example("quickstart");
    let app = text(folder.path());
    let set = |value: &str| run_with_input(&["secrets", "set", "token", "--app", app], value);
    let told = |outcome: &Outcome| (outcome.status, outcome.stderr.contains("replaced the secret"));
    let first = set("one");
    assert_eq!(told(&first), (0, false), "{first:?}");
    assert!(first.stderr.contains("stored the secret token in "), "{first:?}");
    let second = set("two");
    assert_eq!(told(&second), (0, true), "{second:?}");
    assert!(second.stderr.starts_with("warning: ") && !second.stderr.contains("two"));
    let generate = run(&["secrets", "generate", "token", "--app", app]);
    assert_eq!(generate.status, 2);
    assert!(generate.stderr.contains("→ add --replace to make a new one"), "{generate:?}");
}

#[test]
fn a_problem_without_a_place_has_no_stray_colon() {
    let app = app_of(&[("functions/hello.js", "exports = () => 1")]);
    fs::remove_file(app.path().join("realm_config.json")).unwrap();
    let outcome = run(&["check", text(app.path())]);
    assert!(outcome.stdout.contains("warning: realm_config.json: the export has no such file"));
    assert!(!outcome.stdout.contains(": : "), "{}", outcome.stdout);
    let name = app.path().file_name().unwrap().to_str().unwrap();
    assert!(outcome.stdout.contains(&format!("\n{name} ({name}), ")), "{}", outcome.stdout);
}

#[test]
fn a_manifest_of_functions_that_is_lost_is_told_with_the_entry_that_is_missing() {
    let app = app_of(&[("functions/hello.js", "exports = () => 1")]);
    fs::remove_file(app.path().join("functions/config.json")).unwrap();
    let outcome = run(&["check", text(app.path())]);
    assert_eq!(outcome.status, 1);
    assert!(outcome.stdout.contains("`functions/config.json`"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("\"run_as_system\": true"), "{}", outcome.stdout);
    assert!(!outcome.stdout.contains("application_authentication"), "{}", outcome.stdout);
}
