//! What every command has in common.

use std::{fs, process::Stdio};

use crate::program::{example, program, run};

#[test]
fn wrong_calls_and_wrong_settings_exit_with_two() {
    assert_eq!(run(&["frobnicate"]).status, 2);
    assert_eq!(run(&["serve", "--nothing"]).status, 2);
    let app = example("quickstart");
    let outcome = run(&["serve", app.to_str().unwrap(), "--listen", "here"]);
    assert_eq!(outcome.status, 2);
    assert!(outcome.stderr.contains("--listen: [server] listen"), "{outcome:?}");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("hookstead.toml"), "[limits]\nrun_time = 1\n").unwrap();
    let outcome = run(&["check", folder.path().to_str().unwrap()]);
    assert_eq!(outcome.status, 2);
    assert!(outcome.stderr.contains("did you mean run_time_s?"), "{outcome:?}");
}

#[test]
fn every_command_explains_itself() {
    let commands: [&[&str]; 10] = [
        &[],
        &["serve"],
        &["check"],
        &["function", "run"],
        &["secrets", "set"],
        &["secrets", "list"],
        &["secrets", "remove"],
        &["secrets", "generate"],
        &["sign"],
        &["completions"],
    ];
    for command in commands {
        let outcome = run(&[command, &["--help"]].concat());
        assert_eq!(outcome.status, 0, "{command:?}");
        assert!(outcome.stdout.contains("Usage: hookstead"), "{command:?}");
    }
}

#[test]
fn completions_exist_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let outcome = run(&["completions", shell]);
        assert_eq!(outcome.status, 0);
        assert!(outcome.stdout.contains("hookstead"), "{shell}");
    }
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    let app = example("quickstart");
    for arguments in [
        &["completions", "bash"][..],
        &["check", app.to_str().unwrap()],
        &["check", "--json", app.to_str().unwrap()],
        &["sign", "--secret", "a", "--data", "b"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = program(arguments);
        let output = command.stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
