//! The page of an example, in a browser.

use std::{path::Path, process::Command};

use crate::program::{Served, example};

const PAGE: &str = "/app/client-web-abcde/endpoint/page";

/// A browser, where there is one; `cargo xtask test` installs it where it can.
fn chromium() -> Option<&'static str> {
    let is_there = |name: &&str| {
        let output = Command::new(name).arg("--version").output();
        output.is_ok_and(|output| output.status.success())
    };
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find(is_there)
}

#[test]
fn two_users_of_the_example_page_watch_their_notes_and_see_no_others() {
    let Some(chromium) = chromium() else {
        eprintln!("there is no Chromium, so that nothing was tested");
        return;
    };
    let served = Served::start(&example("client-web"), &[]);
    let profile = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/client-web.mjs");
    let output = Command::new("node")
        .arg(script)
        .args([chromium, &format!("{}{PAGE}", served.base), profile.path().to_str().unwrap()])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    let (log, _) = served.stop();
    assert!(output.status.success(), "{told}\n{log}");
}
