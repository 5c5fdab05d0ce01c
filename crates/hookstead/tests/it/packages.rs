//! npm packages of an app, from its folder to an answer, and `hookstead deps install`.

use std::fs;

use crate::program::{Outcome, Served, app_of, run};

const MANIFEST: &str = r#"{"name":"a","version":"1.2.3","main":"main.js"}"#;
const TWICE: &str = "exports = () => require('a').twice(21)";

/// A package.json, the files beside it, and what is told of them.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

fn with(app: &tempfile::TempDir, arguments: &[&str]) -> Outcome {
    run(&[arguments, &[app.path().to_str().unwrap()]].concat())
}

/// A tar archive with one file for each path.
fn tar_of(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (path, text) in files {
        let mut head = [0; 512];
        head[..path.len()].copy_from_slice(path.as_bytes());
        head[124..135].copy_from_slice(format!("{:011o}", text.len()).as_bytes());
        head[156] = b'0';
        head[257..265].copy_from_slice(b"ustar\x0000");
        head[148..156].fill(b' ');
        let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
        head[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        archive.extend(head);
        archive.extend(text.as_bytes());
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}

#[test]
fn a_function_uses_packages_of_its_folder_and_of_an_archive() {
    let module = "exports.twice = (n) => String(n * 2)";
    let in_folder = app_of(&[
        ("functions/f.js", TWICE),
        ("functions/node_modules/a/package.json", MANIFEST),
        ("functions/node_modules/a/main.js", module),
    ]);
    let at_root = app_of(&[
        ("functions/f.js", TWICE),
        ("node_modules/a/package.json", MANIFEST),
        ("node_modules/a/main.js", module),
    ]);
    let in_archive = app_of(&[("functions/f.js", TWICE)]);
    let tar =
        tar_of(&[("node_modules/a/package.json", MANIFEST), ("node_modules/a/main.js", module)]);
    fs::write(in_archive.path().join("functions/node_modules.tar"), tar).unwrap();
    for app in [in_folder, at_root, in_archive] {
        let outcome = with(&app, &["function", "run", "f", "--app"]);
        assert_eq!((outcome.status, outcome.stdout.trim()), (0, "\"42\""), "{outcome:?}");
        let outcome = with(&app, &["check"]);
        assert_eq!(outcome.status, 0, "{outcome:?}");
    }
}

#[test]
fn check_tells_what_cannot_be_required_and_what_to_do() {
    let app = app_of(&[
        ("functions/package.json", r#"{"dependencies":{"a":"^2.0.0"}}"#),
        ("functions/f.js", TWICE),
        ("functions/g.js", "exports = () => require('axios').get('https://example.com')"),
        ("functions/h.js", "exports = () => require('bcrypt').hash('a', 1)"),
        ("functions/node_modules/a/package.json", MANIFEST),
        ("functions/node_modules/a/main.js", "exports.twice = (n) => n * 2"),
    ]);
    let outcome = with(&app, &["check"]);
    assert_eq!(outcome.status, 1, "{outcome:?}");
    let told: String = outcome.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "the package `axios` is not installed",
        "hookstead deps install",
        "the package `bcrypt` is a native addon",
        "use the package `bcryptjs`",
        "the app declares `a` ^2.0.0, and 1.2.3 is installed",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn an_archive_that_leads_out_of_its_folder_is_told_and_not_used() {
    let app = app_of(&[("functions/f.js", TWICE)]);
    let tar = tar_of(&[("../../evil.js", "1"), ("node_modules/a/index.js", "1")]);
    fs::write(app.path().join("functions/node_modules.tar"), tar).unwrap();
    let outcome = with(&app, &["check"]);
    assert_eq!(outcome.status, 1, "{outcome:?}");
    assert!(outcome.stdout.contains("dependencies-archive"), "{outcome:?}");
    assert!(!app.path().join("../evil.js").exists());
}

#[test]
fn packages_are_not_installed_unless_somebody_agrees() {
    let app = app_of(&[
        ("functions/package.json", r#"{"dependencies":{"a":"1.0.0","b":"file:../x"}}"#),
        (
            "functions/f.js",
            "exports = () => [require('c@2.1.0'), require('-g'), require('bcrypt')]",
        ),
    ]);
    let outcome = with(&app, &["deps", "install", "--app"]);
    assert_eq!(outcome.status, 2, "{outcome:?}");
    for line in ["a 1.0.0  (declared in functions/package.json)", "c 2.1.0  (required by"] {
        assert!(outcome.stdout.contains(line), "{line}: {outcome:?}");
    }
    for part in ["file:../x", "\"-g\"", "bcryptjs", "--yes"] {
        assert!(outcome.stderr.contains(part), "{part}: {outcome:?}");
    }
    let text = fs::read_to_string(app.path().join("functions/package.json")).unwrap();
    assert!(!text.contains("2.1.0"), "{text}");
    assert!(!app.path().join("functions/node_modules").exists());
    let app = app_of(&[("functions/f.js", "exports = () => require('crypto').randomUUID()")]);
    let outcome = with(&app, &["deps", "install", "--app"]);
    assert_eq!(outcome.status, 0, "{outcome:?}");
}

#[test]
fn nothing_in_an_export_leads_npm_elsewhere() {
    let manifest = r#"{"dependencies":{"a":"1.0.0"}}"#;
    let foreign = r#"{"dependencies":{"a":"1.0.0","b":"github:c/d"}}"#;
    let cases: [Case<'_>; 3] = [
        (manifest, &[("functions/.npmrc", "git=./evil")], "functions/.npmrc"),
        (
            manifest,
            &[("functions/package-lock.json", r#"{"packages":{"a":{"resolved":"../x"}}}"#)],
            "takes a package from",
        ),
        (foreign, &[], "no range of versions"),
    ];
    for (manifest, files, expected) in cases {
        let mut all = vec![("functions/package.json", manifest), ("functions/f.js", TWICE)];
        all.extend(files);
        let app = app_of(&all);
        let outcome = with(&app, &["deps", "install", "--yes", "--app"]);
        assert_ne!(outcome.status, 0, "{outcome:?}");
        assert!(outcome.stderr.contains(expected), "{expected}: {outcome:?}");
        assert!(!app.path().join("functions/node_modules").exists());
        let text = fs::read_to_string(app.path().join("functions/package.json")).unwrap();
        assert_eq!(text, manifest);
    }
}

#[test]
fn serve_answers_with_what_a_package_computes() {
    let app = app_of(&[
        ("functions/f.js", TWICE),
        ("functions/helped.js", "exports = () => require('./helper').thrice(14)"),
        ("functions/helper.js", "exports.thrice = (n) => String(n * 3)"),
        ("functions/node_modules/a/package.json", MANIFEST),
        ("functions/node_modules/a/main.js", "exports.twice = (n) => String(n * 2)"),
    ]);
    let served = Served::start(app.path(), &[]);
    for (path, expected) in [("f", "\"42\""), ("helped", "\"42\""), ("f", "\"42\"")] {
        let answer = served.call("GET", &format!("/app/made-abcde/endpoint/{path}"), &[], "");
        assert_eq!((answer.status, answer.text()), (200, expected), "{path}");
    }
    served.stop();
}

#[test]
fn a_file_that_others_require_is_no_function_that_is_lost() {
    let functions = r#"[{"name":"f"},{"name":"helper"},{"name":"alone"}]"#;
    let endpoints = r#"[{"route":"/f","http_method":"GET","function_name":"f",
        "validation_method":"NO_VALIDATION"}]"#;
    let app = app_of(&[
        ("functions/config.json", functions),
        ("http_endpoints/config.json", endpoints),
        ("functions/f.js", "exports = () => require('./helper').x"),
        ("functions/helper.js", "exports.x = 1"),
        ("functions/alone.js", "exports = () => 1"),
    ]);
    let told = with(&app, &["check", "--json"]).stdout;
    let report: serde_json::Value = serde_json::from_str(&told).unwrap();
    let lost: Vec<_> =
        report["parts"].as_array().unwrap().iter().map(|part| &part["name"]).collect();
    assert_eq!(lost, ["alone"], "{told}");
}
