//! `hookstead secrets`: kept, listed, never shown.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::program::{app_of, copy_of_example, program, run, run_with_input};

#[test]
fn a_secret_is_set_listed_used_and_removed_without_being_shown() {
    let folder = copy_of_example("quickstart");
    let app = folder.path().to_str().unwrap();
    let set = run_with_input(&["secrets", "set", "api_key", "--app", app], "12345\n");
    assert_eq!((set.status, set.stdout.as_str()), (0, ""), "{}", set.stderr);
    assert!(!set.stderr.contains("12345"));
    let list = run(&["secrets", "list", "--app", app]);
    assert!(list.stdout.starts_with("api_key  ") && !list.stdout.contains("12345"));
    let arguments = ["sign", "--app", app, "--secret-name", "api_key"];
    let signed = run_with_input(&arguments, r#"{"message":"MESSAGE"}"#);
    assert!(signed.stdout.contains("828ee180"), "{signed:?}");
    let kept = folder.path().join(".hookstead");
    for entry in fs::read_dir(kept).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{mode:o}");
    }
    assert_eq!(run(&["secrets", "remove", "api_key", "--app", app]).status, 0);
    assert_eq!(run(&["secrets", "remove", "api_key", "--app", app]).status, 1);
    assert_eq!(run(&["secrets", "list", "--app", app]).stdout, "");
}

#[test]
fn a_generated_secret_is_printed_once_and_not_replaced_by_accident() {
    let folder = copy_of_example("quickstart");
    let app = folder.path().to_str().unwrap();
    let first = run(&["secrets", "generate", "token", "--app", app]);
    assert_eq!((first.status, first.stdout.trim().len()), (0, 43), "{first:?}");
    let again = run(&["secrets", "generate", "token", "--app", app]);
    assert_eq!((again.status, again.stdout.as_str()), (2, ""), "{again:?}");
    let replaced = run(&["secrets", "generate", "token", "--replace", "--app", app]);
    assert_ne!(replaced.stdout, first.stdout);
}

#[test]
fn bad_names_and_empty_values_are_refused() {
    let folder = copy_of_example("quickstart");
    let app = folder.path().to_str().unwrap();
    assert_eq!(run_with_input(&["secrets", "set", "../x", "--app", app], "a").status, 1);
    assert_eq!(run_with_input(&["secrets", "set", "x", "--app", app], "\n").status, 1);
}

#[test]
fn a_variable_that_hides_the_store_is_told() {
    let folder = copy_of_example("quickstart");
    let app = folder.path().to_str().unwrap();
    let file = folder.path().join("value");
    fs::write(&file, "stored").unwrap();
    let arguments = ["secrets", "set", "x", "--app", app, "--value-file", file.to_str().unwrap()];
    let output = program(&arguments).env("HOOKSTEAD_SECRET_x", "given").output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("HOOKSTEAD_SECRET_x gives x its value"), "{stderr}");
}

#[test]
fn a_secret_without_end_is_refused() {
    let folder = copy_of_example("quickstart");
    let app = folder.path().to_str().unwrap();
    let told = "/dev/zero holds more than 1 MiB, which is no secret";
    for arguments in [
        &["secrets", "set", "x", "--value-file", "/dev/zero", "--app", app][..],
        &["sign", "--secret-file", "/dev/zero", "--data", "", "--app", app],
    ] {
        let outcome = run(arguments);
        assert_eq!(outcome.status, 1, "{outcome:?}");
        assert!(outcome.stderr.contains(told), "{outcome:?}");
    }
}

#[test]
fn a_list_without_secrets_says_why_it_is_empty() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let outcome = run(&["secrets", "list", "--app", path]);
    assert_eq!(outcome.status, 2, "{outcome:?}");
    assert!(outcome.stderr.contains(&format!("{path} holds no exported app")), "{outcome:?}");
    let app = app_of(&[("functions/none.js", "exports = () => 1;")]);
    let outcome = run(&["secrets", "list", "--app", app.path().to_str().unwrap()]);
    assert_eq!(outcome.status, 0, "{outcome:?}");
    assert!(outcome.stderr.starts_with("there are no secrets in "), "{outcome:?}");
}

#[test]
fn a_secret_of_another_name_is_told_with_the_nearest() {
    let folder = copy_of_example("quickstart");
    let app = folder.path().to_str().unwrap();
    run_with_input(&["secrets", "set", "foo", "--app", app], "12345");
    let outcome = run(&["sign", "--secret-name", "fo", "--data", "", "--app", app]);
    assert_eq!(outcome.status, 2, "{outcome:?}");
    assert!(outcome.stderr.contains("no secret \"fo\"\n  → did you mean foo?"), "{outcome:?}");
}

#[test]
fn a_file_that_a_variable_names_and_that_is_not_there_is_told_with_the_variable() {
    let folder = copy_of_example("quickstart");
    let app = folder.path().to_str().unwrap();
    let mut command = program(&["sign", "--secret-name", "foo", "--data", "", "--app", app]);
    let output = command.env("HOOKSTEAD_SECRET_foo_FILE", "/nofile").output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let told = "HOOKSTEAD_SECRET_foo_FILE names /nofile, which cannot be read: it does not exist";
    assert!(stderr.contains(told), "{stderr}");
}
