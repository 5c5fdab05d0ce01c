//! Reading stays inside the folder of the app.

#![cfg(unix)]

use std::os::unix::fs::symlink;

use hookstead_app::{LoadOptions, Loaded, load};
use tempfile::TempDir;

use crate::{HELLO, META, told, write};

fn read(dir: &TempDir) -> Loaded {
    load(dir.path(), &LoadOptions::default()).unwrap()
}

#[test]
fn links_that_lead_out_are_not_followed() {
    let outside = write(&[("secret.js", "exports = 'secret'"), ("folder/x.js", "exports = 2")]);
    let dir = write(&[META, HELLO, ("values/a.json", r#"{"name":"a","value":1}"#)]);
    symlink(outside.path().join("secret.js"), dir.path().join("functions/stolen.js")).unwrap();
    symlink(outside.path().join("folder"), dir.path().join("functions/folder")).unwrap();
    symlink("/nowhere/at/all.js", dir.path().join("functions/dangling.js")).unwrap();
    symlink(outside.path(), dir.path().join("services")).unwrap();
    let loaded = read(&dir);
    let names: Vec<_> = loaded.app.functions.keys().map(String::as_str).collect();
    assert_eq!(names, ["hello"]);
    assert_eq!(
        told(&loaded),
        [
            "error file-unusable functions/dangling.js",
            "error file-unusable functions/folder",
            "error file-unusable functions/stolen.js",
            "error file-unusable services",
        ]
    );
}

#[test]
fn links_to_files_inside_are_followed() {
    let dir = write(&[META, HELLO]);
    symlink("hello.js", dir.path().join("functions/again.js")).unwrap();
    assert_eq!(read(&dir).app.functions["again"].source, HELLO.1);
}

#[test]
fn links_that_lead_in_circles_end() {
    let dir = write(&[META, HELLO]);
    symlink("..", dir.path().join("functions/loop")).unwrap();
    symlink("self.js", dir.path().join("functions/self.js")).unwrap();
    let loaded = read(&dir);
    assert_eq!(loaded.app.functions.len(), 1);
    assert_eq!(loaded.problems.len(), 2);
}

#[test]
fn an_app_behind_a_link_is_read() {
    let dir = write(&[("app/functions/hello.js", "exports = 1"), ("app/.mdb/meta.json", META.1)]);
    symlink("app", dir.path().join("current")).unwrap();
    let loaded = load(&dir.path().join("current"), &LoadOptions::default()).unwrap();
    assert!(loaded.app.functions.contains_key("hello"));
}

#[test]
fn what_is_no_file_is_not_opened() {
    let dir = write(&[META, HELLO]);
    let socket = std::os::unix::net::UnixListener::bind(dir.path().join("functions/s.js")).unwrap();
    let loaded = read(&dir);
    drop(socket);
    assert_eq!(told(&loaded), ["error file-unusable functions/s.js"]);
}
