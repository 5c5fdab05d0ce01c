//! What a running server takes up: changes of the app, of settings and of secrets.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use crate::program::{Served, app_of, copy_of_example, eventually, program, run, run_with_input};

const SAYS: &str = "/app/made-abcde/endpoint/says";

fn source(word: &str) -> String {
    format!("exports = () => '{word}'")
}

fn app(word: &str) -> tempfile::TempDir {
    app_of(&[("functions/says.js", &source(word))])
}

fn says(served: &Served, word: &str) -> bool {
    served.call("GET", SAYS, &[], "").text() == format!("\"{word}\"")
}

/// A data folder outside of the app, and the flags that name it.
fn kept() -> (tempfile::TempDir, [String; 2]) {
    let data = tempfile::tempdir().unwrap();
    let flags = ["--data-dir".to_owned(), data.path().to_str().unwrap().to_owned()];
    (data, flags)
}

fn start(app: &Path, flags: &[String], more: &[&str]) -> Served {
    let flags: Vec<&str> = flags.iter().map(String::as_str).chain(more.iter().copied()).collect();
    Served::start_in(app, &flags)
}

/// The change is made in the moment of the first line; none may be lost.
#[test]
fn a_change_while_the_server_starts_is_not_lost() {
    for round in 0..4 {
        let app = app("old");
        let (_data, flags) = kept();
        let served = start(app.path(), &flags, &["--watch"]);
        // Every second time something that was open is protected.
        if round % 2 == 0 {
            fs::write(app.path().join("functions/says.js"), source("new")).unwrap();
            eventually("the change", || says(&served, "new"));
        } else {
            let config = app.path().join("http_endpoints/config.json");
            let open = fs::read_to_string(&config).unwrap();
            let closed = open.replace("NO_VALIDATION\"", "VERIFY_PAYLOAD\",\"secret_name\":\"x\"");
            assert_ne!(open, closed);
            fs::write(&config, closed).unwrap();
            eventually("the closing", || served.call("GET", SAYS, &[], "").status >= 400);
        }
    }
}

/// How a new version of an app, of which `app` is the folder, is put into place: by what name,
/// what there is at first, and what is done.
type Deployment = (&'static str, fn(&Path), fn(&Path));

/// The old and the new version of an app, side by side.
fn versions(place: &Path) -> (PathBuf, PathBuf) {
    let copy = |word: &str| {
        let app = app(word).keep();
        let target = place.join(word);
        assert!(Command::new("cp").arg("-r").arg(&app).arg(&target).status().unwrap().success());
        fs::remove_dir_all(app).unwrap();
        target
    };
    (copy("old"), copy("new"))
}
fn switch(link: &Path, target: &Path) {
    let fresh = link.with_extension("fresh");
    symlink(target, &fresh).unwrap();
    fs::rename(fresh, link).unwrap();
}

/// Ways in which tools put a new version into place by a link or a name.
fn switches() -> Vec<Deployment> {
    vec![
        (
            "a link that is switched",
            |place| symlink(versions(place).0, place.join("app")).unwrap(),
            |place| switch(&place.join("app"), &place.join("new")),
        ),
        (
            "a link further up that is switched",
            |place| {
                versions(place);
                fs::create_dir_all(place.join("one")).unwrap();
                fs::create_dir_all(place.join("two")).unwrap();
                fs::rename(place.join("old"), place.join("one/app")).unwrap();
                fs::rename(place.join("new"), place.join("two/app")).unwrap();
                symlink("one", place.join("current")).unwrap();
                symlink("current/app", place.join("app")).unwrap();
            },
            |place| switch(&place.join("current"), Path::new("two")),
        ),
        (
            "a folder that is replaced",
            |place| fs::rename(versions(place).0, place.join("app")).unwrap(),
            |place| {
                fs::rename(place.join("app"), place.join("gone")).unwrap();
                fs::rename(place.join("new"), place.join("app")).unwrap();
            },
        ),
    ]
}

/// Ways in which they do it otherwise.
fn replacements() -> Vec<Deployment> {
    vec![
        (
            "a folder that is deleted and made anew",
            |place| fs::rename(versions(place).0, place.join("app")).unwrap(),
            |place| {
                fs::remove_dir_all(place.join("app")).unwrap();
                thread::sleep(Duration::from_millis(300));
                fs::rename(place.join("new"), place.join("app")).unwrap();
            },
        ),
        (
            "a file that is renamed into place",
            |place| fs::rename(versions(place).0, place.join("app")).unwrap(),
            |place| {
                let new = place.join("new/functions/says.js");
                fs::rename(new, place.join("app/functions/says.js")).unwrap();
            },
        ),
        (
            "a mounted ConfigMap",
            |place| {
                let (old, _) = versions(place);
                let app = place.join("app");
                fs::create_dir(&app).unwrap();
                fs::rename(old, app.join("..1")).unwrap();
                symlink("..1", app.join("..data")).unwrap();
                for name in ["realm_config.json", "functions", "http_endpoints"] {
                    symlink(format!("..data/{name}"), app.join(name)).unwrap();
                }
            },
            |place| {
                let app = place.join("app");
                fs::rename(place.join("new"), app.join("..2")).unwrap();
                symlink("..2", app.join("..data_tmp")).unwrap();
                fs::rename(app.join("..data_tmp"), app.join("..data")).unwrap();
                fs::remove_dir_all(app.join("..1")).unwrap();
            },
        ),
    ]
}

#[test]
fn watching_sees_a_new_version_however_it_is_put_into_place() {
    for (name, make, replace) in switches().into_iter().chain(replacements()) {
        let place = tempfile::tempdir().unwrap();
        make(place.path());
        let (_data, flags) = kept();
        let served = start(&place.path().join("app"), &flags, &["--watch"]);
        assert!(says(&served, "old"), "{name}");
        replace(place.path());
        eventually(name, || says(&served, "new"));
        // And what changes in the new one afterwards.
        let file = place.path().join("app/functions/says.js");
        fs::write(file, source("newest")).unwrap();
        eventually("a change in the new version", || says(&served, "newest"));
        if !name.contains("deleted") {
            let told = served.told();
            assert!(!told.contains("error") && !told.contains("from before"), "{name}: {told}");
        }
    }
}

#[test]
fn a_hangup_reloads_app_settings_and_secrets_and_names_what_needs_a_restart() {
    let app = app("old");
    let (data, flags) = kept();
    let settings = app.path().join("hookstead.toml");
    fs::write(&settings, "[limits]\nrun_time_s = 60\n").unwrap();
    let served = start(app.path(), &flags, &[]);
    fs::write(app.path().join("functions/says.js"), source("new")).unwrap();
    let changed = "[limits]\nrun_time_s = 1\nbody_mib = 3\n[data]\nmongodb_uri = \"mongodb://h\"\n";
    fs::write(&settings, changed).unwrap();
    served.signal("HUP");
    eventually("the reload", || says(&served, "new"));
    let told = served.told();
    assert!(told.contains("restart: [limits] body_mib, [data] mongodb_uri\n"), "{told}");
    assert!(!told.contains("run_time_s"), "{told}");
    // A setting that counts from now on.
    let endless = "exports = () => { for (;;); }";
    fs::write(app.path().join("functions/says.js"), endless).unwrap();
    served.signal("HUP");
    eventually("the new limit", || {
        served.call("GET", SAYS, &[], "").text().contains("ExecutionTimeLimitExceeded")
    });
    assert!(data.path().join("documents.sqlite3").exists());
    assert_eq!(served.stop().1, 0);
}

#[test]
fn what_cannot_be_reloaded_leaves_the_last_good_state() {
    type Break = fn(&Path, &Path);
    let faults: [(&str, Break, &str); 5] = [
        (
            "settings that are no TOML",
            |app, _| fs::write(app.join("hookstead.toml"), "[limits\n").unwrap(),
            "is not TOML",
        ),
        (
            "a setting that does not exist",
            |app, _| fs::write(app.join("hookstead.toml"), "[limits]\nrun = 1\n").unwrap(),
            "no key \"run\"",
        ),
        (
            "a source that does not compile",
            |app, _| fs::write(app.join("functions/says.js"), "exports = () => {{{").unwrap(),
            "does not compile",
        ),
        (
            "secrets that others can read",
            |_, data| {
                fs::write(data.join("secrets.toml"), "x = \"1\"\n").unwrap();
                let file = data.join("secrets.toml");
                let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
                fs::set_permissions(file, mode).unwrap();
            },
            "other users of this machine can read",
        ),
        ("an app that is gone", |app, _| fs::remove_dir_all(app).unwrap(), "cannot be read"),
    ];
    for (name, break_it, wanted) in faults {
        let app = app("old");
        let (data, flags) = kept();
        let served = start(app.path(), &flags, &[]);
        assert!(says(&served, "old"));
        break_it(app.path(), data.path());
        served.signal("HUP");
        eventually(name, || served.told().contains("the version from before is still served"));
        assert!(served.told().contains(wanted), "{name}: {}", served.told());
        assert!(says(&served, "old"), "{name}");
    }
}

/// An app with an open endpoint and one that asks for the secret `key`.
fn app_with_key() -> tempfile::TempDir {
    let slow = "exports = () => new Promise((done) => setTimeout(() => done('finished'), 3000))";
    app_of(&[
        ("functions/slow.js", slow),
        ("functions/says.js", &source("0")),
        (
            "http_endpoints/config.json",
            r#"[
              { "route": "/slow", "http_method": "GET", "function_name": "slow",
                "validation_method": "NO_VALIDATION", "respond_result": true,
                "return_type": "JSON" },
              { "route": "/says", "http_method": "GET", "function_name": "says",
                "validation_method": "SECRET_AS_QUERY_PARAM", "secret_name": "key",
                "respond_result": true, "return_type": "JSON" }
            ]"#,
        ),
    ])
}

fn secret(command: &str, app: &Path, flags: &[String; 2], value: &str) {
    let path = app.to_str().unwrap();
    let arguments = ["secrets", command, "key", "--app", path, &flags[0], &flags[1]];
    let outcome = run_with_input(&arguments, value);
    assert_eq!(outcome.status, 0, "{outcome:?}");
}

#[test]
fn a_secret_takes_effect_without_a_restart() {
    for more in [&[][..], &["--watch"]] {
        let app = app_with_key();
        let (_data, flags) = kept();
        let served = start(app.path(), &flags, more);
        let status =
            |value: &str| served.call("GET", &format!("{SAYS}?secret={value}"), &[], "").status;
        assert_eq!(status("first"), 500);
        for value in ["first", "second"] {
            secret("set", app.path(), &flags, &format!("{value}\n"));
            eventually("the secret", || status(value) == 200);
        }
        assert_eq!(status("first"), 401);
        secret("remove", app.path(), &flags, "");
        eventually("the closing", || status("second") == 500);
    }
}

/// A mounted secret is a file behind links that are switched.
#[test]
fn a_file_that_a_variable_names_is_noticed() {
    let app = app_of(&[
        ("functions/tells.js", "exports = () => context.values.get('v')"),
        ("secrets.json", "{}"),
        ("values/v.json", r#"{"name": "v", "value": "token", "from_secret": true}"#),
    ]);
    let mounted = tempfile::tempdir().unwrap();
    let value = mounted.path().join("token");
    fs::write(mounted.path().join("1"), "first\n").unwrap();
    symlink("1", &value).unwrap();
    let (_data, flags) = kept();
    let path = app.path().to_str().unwrap();
    let mut command = program(&["serve", path, "--listen", "127.0.0.1:0", &flags[0], &flags[1]]);
    command.env("HOOKSTEAD_SECRET_token_FILE", &value);
    let served = Served::start_as(command);
    let tells = || served.call("GET", "/app/made-abcde/endpoint/tells", &[], "").text().to_owned();
    assert_eq!(tells(), "\"first\"");
    fs::write(mounted.path().join("2"), "second\n").unwrap();
    symlink("2", mounted.path().join("fresh")).unwrap();
    fs::rename(mounted.path().join("fresh"), &value).unwrap();
    eventually("the new value", || tells() == "\"second\"");
}

#[test]
fn reloading_neither_drops_a_request_nor_opens_what_is_protected() {
    let app = app_with_key();
    let (_data, flags) = kept();
    let set = |value: &str| secret("set", app.path(), &flags, value);
    set("0");
    let served = start(app.path(), &flags, &["--watch"]);
    let ends = AtomicBool::new(false);
    thread::scope(|scope| {
        let slow = scope.spawn(|| served.call("GET", "/app/made-abcde/endpoint/slow", &[], ""));
        let strangers = scope.spawn(|| {
            let mut calls = 0;
            while !ends.load(Ordering::Relaxed) {
                let status = served.call("GET", SAYS, &[], "").status;
                assert!(matches!(status, 401 | 500), "{status}");
                calls += 1;
            }
            calls
        });
        for round in 1..6 {
            served.signal("HUP");
            set(&round.to_string());
            let file = app.path().join("functions/says.js");
            fs::write(file, source(&round.to_string())).unwrap();
            thread::sleep(Duration::from_millis(300));
        }
        let slow = slow.join().unwrap();
        assert_eq!((slow.status, slow.text()), (200, "\"finished\""));
        ends.store(true, Ordering::Relaxed);
        assert!(strangers.join().unwrap() > 0);
    });
    eventually("the last secret", || {
        served.call("GET", &format!("{SAYS}?secret=5"), &[], "").text() == "\"5\""
    });
}

/// With `--watch` this is told by a test of that.
#[test]
fn a_reload_does_not_open_what_a_file_protects_that_is_away_for_a_moment() {
    const HELLO: &str = "/app/quickstart-abcde/endpoint/hello";
    let app = copy_of_example("quickstart");
    let config = app.path().join("https_endpoints/config.json");
    let open = fs::read_to_string(&config).unwrap();
    let closed = r#""SECRET_AS_QUERY_PARAM", "secret_name": "key""#;
    let closed = open.replace("\"NO_VALIDATION\"", closed);
    assert_ne!(open, closed);
    // The same endpoint without protection, as an old export leaves it behind.
    fs::create_dir(app.path().join("http_endpoints")).unwrap();
    fs::write(app.path().join("http_endpoints/config.json"), &open).unwrap();
    fs::write(&config, &closed).unwrap();
    let (_data, flags) = kept();
    let served = start(app.path(), &flags, &[]);
    let status = || served.call("GET", HELLO, &[], "").status;
    let told = |text: &str| served.told().matches(text).count();
    let hang_up = || served.signal("HUP");
    let set_secret = || secret("set", app.path(), &flags, "value\n");
    let causes: [(&str, &dyn Fn()); 2] = [("SIGHUP", &hang_up), ("a secret", &set_secret)];
    for (round, (name, cause)) in causes.into_iter().enumerate() {
        assert!(status() >= 400, "{name}");
        fs::remove_file(&config).unwrap();
        cause();
        eventually(name, || told("will be open to everybody") > round);
        fs::write(&config, &closed).unwrap();
        assert!(status() >= 400, "{name}");
        eventually(name, || told("the app was read again") > round);
        assert!(status() >= 400, "{name}");
    }
    // Once it is meant, it counts.
    fs::write(&config, &open).unwrap();
    hang_up();
    eventually("the opening", || status() == 200);
}

#[test]
fn a_data_folder_that_goes_with_the_version_stays_where_it_was_and_is_told() {
    let place = tempfile::tempdir().unwrap();
    let (_, make, replace) = switches().remove(0);
    make(place.path());
    let served = Served::start_in(&place.path().join("app"), &["--watch"]);
    assert!(says(&served, "old"));
    assert!(
        run(&["data", "list", "--app", place.path().join("new").to_str().unwrap()]).status == 0
    );
    replace(place.path());
    eventually("the change", || says(&served, "new"));
    let told = served.told();
    assert!(told.contains("documents and secrets stay in"), "{told}");
}
