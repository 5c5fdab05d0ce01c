//! Folders, links that lead nowhere and pipes where a file is expected: an error, at once.

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::program::{app_of, program};

/// What may lie where a file is expected.
const KINDS: [&str; 4] = ["folder", "link that leads nowhere", "link to a folder", "pipe"];

fn put(kind: &str, path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    match kind {
        "folder" => fs::create_dir(path).unwrap(),
        "link that leads nowhere" => symlink("nowhere", path).unwrap(),
        "link to a folder" => symlink(".", path).unwrap(),
        _ => assert!(Command::new("mkfifo").arg(path).status().unwrap().success()),
    }
}

/// Runs the program, which must come to its end by itself.
fn run(what: &str, arguments: &[&str], variables: &[(&str, &Path)]) -> Output {
    let mut command = program(arguments);
    command.envs(variables.iter().copied());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            panic!("{what}: {arguments:?} does not end");
        }
        thread::sleep(Duration::from_millis(10));
    }
    child.wait_with_output().unwrap()
}

#[test]
fn settings_that_are_no_file_are_an_error_for_every_command() {
    for kind in KINDS {
        let app = app_of(&[("functions/hello.js", "exports = () => 1")]);
        let file = app.path().join("hookstead.toml");
        put(kind, &file);
        let (folder, file) = (app.path().to_str().unwrap(), file.to_str().unwrap());
        let elsewhere = app_of(&[]);
        let other = elsewhere.path().to_str().unwrap();
        let calls: [&[&str]; 5] = [
            &["serve", folder],
            &["check", folder],
            &["check", "--json", folder],
            &["serve", other, "--config", file],
            &["secrets", "list", "--app", folder],
        ];
        for arguments in calls {
            let output = run(kind, arguments, &[]);
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(2), "{kind} {arguments:?}: {told}");
            assert!(told.contains(file) && told.contains("cannot be read"), "{kind}: {told}");
            assert!(told.contains("→ put a readable file in its place"), "{kind}: {told}");
        }
    }
}

#[test]
fn files_of_an_app_that_are_no_files_are_told_by_name() {
    let files = [
        "realm_config.json",
        "functions/config.json",
        "functions/hello.js",
        "http_endpoints/config.json",
        "values/a.json",
    ];
    for kind in KINDS {
        for file in files {
            let app = app_of(&[("functions/hello.js", "exports = () => 1")]);
            let path = app.path().join(file);
            let _ = fs::remove_file(&path);
            put(kind, &path);
            let output = run(kind, &["check", app.path().to_str().unwrap()], &[]);
            let told = String::from_utf8_lossy(&output.stdout).into_owned();
            assert_ne!(output.status.code(), Some(0), "{kind} {file}: {told}");
            // A folder may be anything; what is missed then is the source of a function.
            let name = if file.ends_with(".js") { "function `hello`" } else { file };
            assert!(told.contains(name), "{kind} {file}: {told}");
        }
    }
}

#[test]
fn secrets_that_are_no_files_are_an_error() {
    for kind in KINDS {
        let app = app_of(&[("functions/hello.js", "exports = () => 1")]);
        put(kind, &app.path().join(".hookstead/secrets.toml"));
        let folder = app.path().to_str().unwrap();
        let output = run(kind, &["secrets", "list", "--app", folder], &[]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_ne!(output.status.code(), Some(0), "{kind}: {told}");
        assert!(told.contains("secrets.toml"), "{kind}: {told}");
        // Files that variables name.
        let named = app.path().join("named");
        put(kind, &named);
        let endpoint = serde_json::json!([{
            "route": "/hello", "http_method": "GET", "function_name": "hello",
            "secret_name": "a", "validation_method": "SECRET_AS_QUERY_PARAM",
            "respond_result": true,
        }]);
        fs::write(app.path().join("http_endpoints/config.json"), endpoint.to_string()).unwrap();
        fs::remove_dir_all(app.path().join(".hookstead")).unwrap();
        let output = run(kind, &["check", folder], &[("HOOKSTEAD_SECRET_a_FILE", &named)]);
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        let told = told + &String::from_utf8_lossy(&output.stderr);
        assert_ne!(output.status.code(), Some(0), "{kind}: {told}");
        assert!(told.contains("named"), "{kind}: {told}");
    }
}

#[test]
fn a_gitignore_that_is_no_file_is_told_and_holds_nobody() {
    for kind in KINDS {
        let app = app_of(&[("functions/hello.js", "exports = () => 1")]);
        put(kind, &app.path().join(".hookstead/.gitignore"));
        let folder = app.path().to_str().unwrap();
        let output = run(kind, &["secrets", "generate", "a", "--app", folder], &[]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains(".gitignore"), "{kind}: {told}");
    }
}
