//! Packages of others: what their licences are, what they are called and where they come from is
//! held to `deny.toml`, for every lock file of Cargo and of npm.

use std::{path::Path, process::Command};

use anyhow::{Context as _, ensure};
use serde_json::Value as Json;
use spdx::{Expression, ParseMode};
use toml::{Table, Value as Toml};

use super::Finding;
use crate::repo::Repo;

const POLICY: &str = "deny.toml";

/// What may be used.
struct Policy {
    /// Licences, some with an exception, as SPDX writes them.
    licenses: Vec<String>,
    /// Names, and why not.
    banned: Vec<(String, String)>,
    registries: Vec<String>,
}

/// A package, as a lock file or Cargo tells of it.
struct Package<'a> {
    name: &'a str,
    license: &'a str,
    /// Empty for those of the repository itself.
    source: &'a str,
}

pub(super) fn check(repo: &Repo, findings: &mut Vec<Finding>) -> anyhow::Result<()> {
    let policy = Policy::read(&repo.read(POLICY)?)?;
    for lock in repo.files().filter(|file| file.ends_with("Cargo.lock")) {
        let metadata = metadata(&repo.root().join(lock).with_file_name("Cargo.toml"))?;
        let packages = metadata["packages"].as_array().into_iter().flatten();
        for package in packages.map(of_cargo) {
            policy.check(lock, &package, findings);
        }
    }
    for lock in repo.files().filter(|file| file.ends_with("package-lock.json")) {
        let table: Json = serde_json::from_str(&repo.read(lock)?)?;
        for (path, package) in table["packages"].as_object().into_iter().flatten() {
            if let Some((_, name)) = path.rsplit_once("node_modules/") {
                policy.check(lock, &of_npm(name, package), findings);
            }
        }
    }
    Ok(())
}

impl Policy {
    fn read(text: &str) -> anyhow::Result<Self> {
        let table: Table = toml::from_str(text).with_context(|| format!("{POLICY} is no TOML"))?;
        let banned = list(&table, "bans", "deny")?.iter().map(|entry| {
            let text = |key: &str| entry.get(key).and_then(Toml::as_str).map(str::to_owned);
            text("crate").zip(text("reason")).context("a ban has no crate or no reason")
        });
        Ok(Self {
            licenses: texts(&table, "licenses", "allow")?,
            banned: banned.collect::<anyhow::Result<_>>()?,
            registries: texts(&table, "sources", "allow-registry")?,
        })
    }

    fn check(&self, lock: &str, package: &Package<'_>, findings: &mut Vec<Finding>) {
        let Package { name, license, source } = package;
        let mut find = |message: String| findings.push(Finding::new(lock, 0, message));
        if !self.allows_license(license) {
            find(format!("{name} has the licence {license:?}, which {POLICY} does not allow"));
        }
        if let Some((_, reason)) = self.banned.iter().find(|(banned, _)| banned == name) {
            find(format!("{name} is banned by {POLICY}: {reason}"));
        }
        let registry = source.strip_prefix("registry+").unwrap_or(source);
        if !source.is_empty() && !self.registries.iter().any(|one| one == registry) {
            find(format!("{name} comes from {source}, which {POLICY} does not allow"));
        }
    }

    /// What cannot be read is not allowed.
    fn allows_license(&self, license: &str) -> bool {
        let Ok(expression) = Expression::parse_mode(license, ParseMode::LAX) else { return false };
        expression.evaluate(|requirement| {
            let text = requirement.to_string();
            self.licenses.contains(&text)
        })
    }
}

fn list<'t>(table: &'t Table, section: &str, key: &str) -> anyhow::Result<&'t [Toml]> {
    let found = table.get(section).and_then(|section| section.get(key)).and_then(Toml::as_array);
    found.map(Vec::as_slice).with_context(|| format!("{POLICY} has no list {section}.{key}"))
}

fn texts(table: &Table, section: &str, key: &str) -> anyhow::Result<Vec<String>> {
    let found = list(table, section, key)?.iter().map(|one| one.as_str().map(str::to_owned));
    found.collect::<Option<_>>().with_context(|| format!("{section}.{key} holds other than texts"))
}

/// What Cargo knows of a manifest's packages, for all platforms.
fn metadata(manifest: &Path) -> anyhow::Result<Json> {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--locked", "--manifest-path"])
        .arg(manifest)
        .output()
        .context("cargo cannot be run")?;
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "cargo metadata of {}: {error}", manifest.display());
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn of_cargo(package: &Json) -> Package<'_> {
    let text = |key: &str| package[key].as_str().unwrap_or_default();
    Package { name: text("name"), license: text("license"), source: text("source") }
}

fn of_npm<'a>(name: &'a str, package: &'a Json) -> Package<'a> {
    Package { name, license: package["license"].as_str().unwrap_or_default(), source: "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "
        licenses.allow = ['MIT', 'Apache-2.0', 'Apache-2.0 WITH LLVM-exception']
        sources.allow-registry = ['https://registry.example']
        [bans]
        deny = [{ crate = 'bad', reason = 'there is a better one' }]
    ";

    #[test]
    fn a_package_is_held_to_the_policy() {
        let policy = Policy::read(TEXT).unwrap();
        let registry = "registry+https://registry.example";
        for (name, license, source, expected) in [
            ("a", "MIT", registry, None),
            ("a", "MIT OR GPL-2.0-only", "", None),
            ("a", "MIT/Apache-2.0", registry, None),
            ("a", "Apache-2.0 WITH LLVM-exception", registry, None),
            ("a", "MIT AND GPL-2.0-only", registry, Some("has the licence")),
            ("a", "GPL-3.0-or-later", registry, Some("has the licence")),
            ("a", "", registry, Some("has the licence")),
            ("a", "as is", registry, Some("has the licence")),
            ("bad", "MIT", registry, Some("there is a better one")),
            ("a", "MIT", "registry+https://other.example", Some("comes from")),
            ("a", "MIT", "git+https://registry.example", Some("comes from")),
        ] {
            let mut findings = Vec::new();
            policy.check("Cargo.lock", &Package { name, license, source }, &mut findings);
            let told: Vec<String> = findings.iter().map(ToString::to_string).collect();
            assert_eq!(told.len(), usize::from(expected.is_some()), "{name} {license}: {told:?}");
            assert!(told.iter().all(|one| expected.is_some_and(|part| one.contains(part))));
        }
    }

    #[test]
    fn a_policy_without_a_list_is_an_error() {
        assert!(Policy::read("licenses.allow = ['MIT']").is_err());
    }
}
