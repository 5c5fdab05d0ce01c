//! What is read from an export, and what is refused. Every case is a folder written on the spot.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod attacks;
mod auth;
mod broken;
mod custom_user_data;
mod data_rules;
mod endpoints;
mod folder;
mod functions;
mod layouts;
mod near_names;
mod needs;
mod oauth;
mod parts;
mod protection;
mod remedies;
mod secret_store;
mod services;
mod strictness;
mod typos;
mod values;
mod webhooks;

use std::{fs, path::Path};

use hookstead_app::{App, LoadOptions, Loaded, Protection, SecretSource, Severity, load, schemes};
use tempfile::TempDir;

/// Enough of an export for the newest layout.
pub(crate) const META: (&str, &str) = (
    ".mdb/meta.json",
    r#"{"config_version":20230101,"app_id":"65a0","group_id":"65b0","client_app_id":"shop-abcde"}"#,
);

/// Enough of an export for the layout before.
pub(crate) const REALM: (&str, &str) =
    ("realm_config.json", r#"{"app_id":"shop-abcde","config_version":20210101,"name":"shop"}"#);

/// Enough of an export for the oldest layout.
pub(crate) const STITCH: (&str, &str) = (
    "stitch.json",
    r#"{"app_id":"shop-abcde","config_version":20180301,"name":"shop","security":{}}"#,
);

/// A function that endpoints may name.
pub(crate) const HELLO: (&str, &str) = ("functions/hello.js", "exports = () => 1");

/// Files of an export.
pub(crate) type Files<'a> = &'a [(&'a str, &'a str)];

pub(crate) fn write(files: Files<'_>) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        write_one(dir.path(), path, text.as_bytes());
    }
    dir
}

pub(crate) fn write_one(dir: &Path, path: &str, bytes: &[u8]) {
    let path = dir.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

pub(crate) fn loaded(files: Files<'_>) -> Loaded {
    load(write(files).path(), &LoadOptions::default()).unwrap()
}

/// The app in an export with which nothing is wrong.
pub(crate) fn sound(files: Files<'_>) -> App {
    let loaded = loaded(files);
    assert_eq!(told(&loaded), Vec::<String>::new());
    loaded.app
}

/// The problems as `error code file:line field`, as far as each is known.
pub(crate) fn told(loaded: &Loaded) -> Vec<String> {
    let told = loaded.problems.iter().map(|problem| {
        let severity = match problem.severity {
            Severity::Warning => "warning",
            Severity::Loss => "loss",
            Severity::Error => "error",
        };
        let line = problem.line.map(|line| format!(":{line}")).unwrap_or_default();
        let field = problem.field.as_deref().unwrap_or_default();
        format!("{severity} {} {}{line} {field}", problem.code, problem.file).trim().to_owned()
    });
    told.collect()
}

/// A protection in one word, with the secret.
pub(crate) fn word(protection: &Protection) -> String {
    let secret = |source: &SecretSource| match source {
        SecretSource::Named(name) => format!("named {name}"),
        SecretSource::Literal(secret) => format!("literal {}", secret.expose()),
    };
    match protection {
        Protection::None => "open".to_owned(),
        Protection::Signed { scheme, secrets, .. } => {
            let word = match *scheme {
                schemes::SECRET => "query",
                schemes::ENDPOINT | schemes::WEBHOOK => "payload",
                schemes::GITHUB => "github",
                other => other,
            };
            let secrets: Vec<_> = secrets.iter().map(secret).collect();
            format!("{word}, {}", secrets.join(" or "))
        }
        Protection::Refused(_) => "refused".to_owned(),
    }
}
