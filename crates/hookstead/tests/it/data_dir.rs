//! The data folder: kept out of Git by whoever makes it, and the same one from every folder of the
//! app.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
};

use crate::program::{Outcome, Served, app_of, copy_of_example, program, run, run_with_input};

/// A function that stores a document for each call and tells how many there are.
const COUNT: &str = r#"exports = async () => {
    const c = context.services.get("any").db("d").collection("c");
    await c.insertOne({});
    return c.count();
};"#;

fn app() -> tempfile::TempDir {
    app_of(&[
        ("functions/count.js", COUNT),
        ("functions/inner/x.txt", ""),
        // A server makes the key that signs tokens.
        ("auth/providers.json", r#"{"anon-user":{"type":"anon-user"}}"#),
    ])
}

fn count(served: &Served) -> String {
    served.call("GET", "/app/made-abcde/endpoint/count", &[], "").text().to_owned()
}

fn serve(folder: &Path) -> Served {
    Served::start_in(folder, &[])
}

fn set_secret(folder: &Path) {
    let folder = folder.to_str().unwrap();
    let outcome = run_with_input(&["secrets", "set", "x", "--app", folder], "value");
    assert_eq!(outcome.status, 0, "{outcome:?}");
}

/// What Git would commit of a folder.
fn added_to_git(folder: &Path) -> String {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.current_dir(folder).env("GIT_CONFIG_GLOBAL", "/dev/null");
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    git(&["init", "--quiet"]);
    git(&["add", "--all"]);
    git(&["ls-files"])
}

/// What makes the data folder of an app, and how it is called.
type Maker = (&'static str, fn(&Path));

#[test]
fn git_adds_nothing_of_the_data_folder_whoever_made_it() {
    let makers: [Maker; 5] = [
        ("serve", |folder| drop(serve(folder))),
        ("secrets set", set_secret),
        ("serve, then secrets set", |folder| {
            drop(serve(folder));
            set_secret(folder);
        }),
        ("data list", |folder| {
            run(&["data", "list", "--app", folder.to_str().unwrap()]);
        }),
        ("an older version, then serve", |folder| {
            fs::create_dir(folder.join(".hookstead")).unwrap();
            set_secret(folder);
            fs::remove_file(folder.join(".hookstead/.gitignore")).unwrap();
            drop(serve(folder));
        }),
    ];
    for (name, make) in makers {
        let app = app();
        make(app.path());
        let data = app.path().join(".hookstead");
        assert!(fs::read_dir(&data).unwrap().count() > 1, "{name}");
        // What a killed process leaves behind.
        fs::write(data.join(".secrets.toml.1234"), "x = \"value\"").unwrap();
        let added = added_to_git(app.path());
        assert!(added.contains("functions/count.js"), "{name}: {added}");
        assert!(!added.contains(".hookstead"), "{name}: {added}");
    }
}

#[test]
fn a_folder_with_other_files_keeps_only_ours_out_of_git() {
    let app = app();
    let folder = app.path().join("kept");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("notes.txt"), "").unwrap();
    let data_dir = ["--data-dir", folder.to_str().unwrap()];
    drop(Served::start_in(app.path(), &data_dir));
    let path = app.path().to_str().unwrap();
    let set = [&["secrets", "set", "x", "--app", path], &data_dir[..]].concat();
    assert_eq!(run_with_input(&set, "value").status, 0);
    let added = added_to_git(app.path());
    let kept: Vec<&str> = added.lines().filter(|line| line.starts_with("kept/")).collect();
    assert_eq!(kept, ["kept/notes.txt"]);
}

#[test]
fn a_gitignore_of_somebody_else_stays_and_what_it_lacks_is_told() {
    for (text, is_told) in [("*.log\n", true), ("*\n", false)] {
        let app = app();
        let file = app.path().join(".hookstead/.gitignore");
        fs::create_dir(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        let outcome = run(&["function", "run", "count", "--app", app.path().to_str().unwrap()]);
        assert_eq!(outcome.status, 0, "{outcome:?}");
        let told = outcome.stderr.contains("add a line that holds only * to it");
        assert_eq!(told, is_told, "{text:?}: {outcome:?}");
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
    }
}

#[test]
fn settings_and_data_are_those_of_the_app_whatever_folder_of_it_is_named() {
    let app = app();
    fs::write(app.path().join("hookstead.toml"), "[limits]\nbody_mib = 1\n").unwrap();
    let link = app.path().join("link to functions");
    std::os::unix::fs::symlink(app.path().join("functions"), &link).unwrap();
    let named = [app.path().to_owned(), app.path().join("functions/inner/"), link];
    for (index, folder) in named.iter().enumerate() {
        let path = folder.to_str().unwrap();
        let served = serve(folder);
        assert_eq!(count(&served), (2 * index + 1).to_string(), "{path}");
        let large = "x".repeat((1 << 20) + 1);
        let refused = served.call("POST", "/app/made-abcde/endpoint/count", &[], &large);
        assert_eq!(refused.status, 413, "{path}");
        drop(served);
        let called = run(&["function", "run", "count", "--app", path]);
        let expected = format!("{{\"$numberLong\":\"{}\"}}\n", 2 * index + 2);
        assert_eq!(called.stdout, expected, "{path}");
        assert!(!called.stderr.contains("not used"), "{path}: {}", called.stderr);
        let listed = run(&["data", "list", "--app", path]);
        assert!(listed.stdout.contains("d.c"), "{path}: {listed:?}");
        set_secret(folder);
        assert!(run(&["secrets", "list", "--app", path]).stdout.contains("x  secrets.toml"));
        let signed = run_with_input(&["sign", "--app", path, "--secret-name", "x"], "{}");
        assert_eq!(signed.status, 0, "{signed:?}");
    }
    assert!(!app.path().join("functions/.hookstead").exists());
    assert!(!app.path().join("functions/inner/.hookstead").exists());
}

/// What the program did before, when a folder of the app was named.
fn with_old_data() -> (tempfile::TempDir, PathBuf) {
    let app = app();
    let old = app.path().join("functions/.hookstead");
    let made = ["--data-dir", old.to_str().unwrap()];
    assert_eq!(count(&Served::start_in(app.path(), &made)), "1");
    (app, old)
}

/// Every command; `serve` fails at the end, because its address is taken.
fn commands(folder: &Path) -> Vec<(&'static str, Outcome)> {
    let path = folder.to_str().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    vec![
        ("serve", run(&["serve", path, "--listen", &taken])),
        ("check", run(&["check", path])),
        ("function run", run(&["function", "run", "count", "--app", path])),
        ("secrets set", run_with_input(&["secrets", "set", "y", "--app", path], "value")),
        ("secrets list", run(&["secrets", "list", "--app", path])),
        ("sign", run_with_input(&["sign", "--secret-name", "y", "--app", path], "")),
        ("data list", run(&["data", "list", "--app", path])),
    ]
}

#[test]
fn data_at_the_old_place_and_none_at_the_new_one_stops_every_command() {
    let (app, old) = with_old_data();
    for (command, outcome) in commands(&app.path().join("functions")) {
        assert_eq!(outcome.status, 2, "{command}: {outcome:?}");
        let own = app.path().join(".hookstead");
        for path in [&old, &own] {
            let path = path.canonicalize().unwrap_or_else(|_| path.clone());
            let named = outcome.stderr.contains(&path.display().to_string());
            assert!(named, "{command} names {}: {}", path.display(), outcome.stderr);
        }
        assert!(outcome.stderr.contains("--data-dir"), "{command}: {}", outcome.stderr);
        assert!(!own.exists(), "{command}");
    }
    // Either remedy works.
    let functions = app.path().join("functions");
    let named = ["--data-dir", old.to_str().unwrap()];
    assert_eq!(count(&Served::start_in(&functions, &named)), "2");
    fs::rename(&old, app.path().join(".hookstead")).unwrap();
    assert_eq!(count(&serve(&functions)), "3");
}

#[test]
fn data_at_both_places_and_settings_at_the_old_one_are_warnings() {
    let (app, old) = with_old_data();
    drop(serve(app.path()));
    let file = app.path().join("functions/hookstead.toml");
    fs::write(&file, "[limits]\nbody_mib = 1\n").unwrap();
    for (command, outcome) in commands(&app.path().join("functions")) {
        for told in [old.canonicalize().unwrap(), file.canonicalize().unwrap()] {
            let told = told.display().to_string();
            let is_told = outcome.stderr.contains(&told);
            assert!(is_told, "{command} names {told}: {}", outcome.stderr);
        }
        assert_ne!(outcome.status, 2, "{command}: {outcome:?}");
    }
}

#[test]
fn secrets_are_not_stored_where_there_is_no_app() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    for arguments in [["secrets", "set", "x"], ["secrets", "generate", "x"]] {
        let outcome = run_with_input(&[&arguments[..], &["--app", path]].concat(), "value");
        assert_eq!(outcome.status, 2, "{arguments:?}: {outcome:?}");
        assert!(outcome.stderr.contains("holds no exported app"), "{outcome:?}");
        let mut here = program(&arguments);
        assert_eq!(here.current_dir(path).output().unwrap().status.code(), Some(2));
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    // A data folder that is named by itself needs no app.
    let data = folder.path().join("data");
    let named = ["secrets", "set", "x", "--app", path, "--data-dir", data.to_str().unwrap()];
    assert_eq!(run_with_input(&named, "value").status, 0);
}

#[test]
fn a_relative_data_folder_of_the_command_line_starts_where_the_command_does() {
    let app = copy_of_example("quickstart");
    let elsewhere = tempfile::tempdir().unwrap();
    for (given, expected) in [("kept", "kept"), ("kept two/", "kept two"), ("./größer", "größer")]
    {
        let arguments = ["secrets", "generate", "x", "--app", app.path().to_str().unwrap()];
        let mut command = program(&[&arguments[..], &["--data-dir", given]].concat());
        let output = command.current_dir(elsewhere.path()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(elsewhere.path().join(expected).join("secrets.toml").is_file(), "{given}");
    }
    assert!(!app.path().join("kept").exists());
}

#[test]
fn empty_variables_count_as_absent() {
    let app = app();
    let mut command = program(&["function", "run", "count"]);
    command.current_dir(app.path());
    for name in ["HOOKSTEAD_APP_DIR", "HOOKSTEAD_CONFIG", "HOOKSTEAD_DATA_DIR"] {
        command.env(name, "");
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(app.path().join(".hookstead").is_dir());
    assert_eq!(run(&["secrets", "list", "--data-dir", ""]).status, 2);
}
