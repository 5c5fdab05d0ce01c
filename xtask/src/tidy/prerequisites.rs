//! What building and testing need: three places say it in the same words, with the versions that
//! the manifest, the container image and the tests name.

use anyhow::Context as _;

use super::Finding;
use crate::repo::Repo;

const PLACES: [&str; 3] = ["README.md", "CONTRIBUTING.md", ".ci/run"];

/// Where versions stand: a file, and what is before and behind the version.
const RUST: (&str, &str, &str) = ("Cargo.toml", "rust-version = \"", "\"");
const RUST_IMAGE: (&str, &str, &str) = ("Dockerfile", "FROM rust:", "-");
const NODE_IMAGE: (&str, &str, &str) = ("Dockerfile", "FROM node:", "-");
const PYTHON: (&str, &str, &str) = ("crates/testing/src/python.rs", "need python3 (", " ");

pub(super) fn check(repo: &Repo, findings: &mut Vec<Finding>) -> anyhow::Result<()> {
    let rust = version(repo, RUST)?;
    if version(repo, RUST_IMAGE)? != rust {
        findings.push(Finding::new(RUST_IMAGE.0, 0, format!("the image is not of Rust {rust}")));
    }
    let words = words(&rust, &version(repo, NODE_IMAGE)?, &version(repo, PYTHON)?);
    for place in PLACES {
        if !repo.read(place)?.contains(&words) {
            findings.push(Finding::new(place, 0, format!("write {words:?}")));
        }
    }
    Ok(())
}

fn words(rust: &str, node: &str, python: &str) -> String {
    format!("Rust {rust}, Node.js {node} with npm, Python {python} with pip, a C compiler and git")
}

fn version(repo: &Repo, (file, start, end): (&str, &str, &str)) -> anyhow::Result<String> {
    let text = repo.read(file)?;
    let found = between(&text, start, end);
    found.map(str::to_owned).with_context(|| format!("{file} names no version: {start}…"))
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    Some(text.split_once(start)?.1.split_once(end)?.0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_version_is_what_stands_between() {
        assert_eq!(super::between("a\nFROM rust:1.95-slim AS b", "FROM rust:", "-"), Some("1.95"));
        assert_eq!(super::between("FROM node", "FROM node:", "-"), None);
    }
}
