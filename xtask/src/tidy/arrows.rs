//! Which crate may know which: the arrows of `ARCHITECTURE.md`. The manifests are held to them.

use anyhow::Context as _;
use toml::Table;

use super::Finding;
use crate::repo::Repo;

/// Each crate with the crates of this house that it may depend on. Nothing points back up.
pub(super) const ARROWS: &[(&str, &[&str])] = &[
    (
        "hookstead",
        &[
            "server",
            "site",
            "app",
            "signature",
            "functions",
            "identity",
            "outbound",
            "mail",
            "journal",
            "data",
            "rules",
            "memory",
        ],
    ),
    ("server", &["site", "app", "signature", "functions", "identity", "journal", "memory"]),
    ("site", &["app", "signature", "functions", "identity", "outbound", "rules", "mail"]),
    ("functions", &["isolate", "data", "identity", "outbound", "rules", "memory"]),
    ("identity", &["data", "outbound", "memory"]),
    ("app", &["signature"]),
    ("signature", &[]),
    ("outbound", &["memory"]),
    ("isolate", &["memory"]),
    ("data", &["query", "memory"]),
    ("journal", &[]),
    ("mail", &[]),
    ("memory", &[]),
    ("query", &[]),
    ("rules", &["app", "data", "query"]),
    // Servers for the tests of others, who know it as a dev-dependency only.
    ("testing", &[]),
];

/// Packages that only one crate may use, by how their names start.
///
/// What touches the engine, a database or a socket stays behind the crate that is made for it.
const OWNED: &[(&str, &[&str])] = &[
    ("rquickjs", &["isolate"]),
    ("corosensei", &["isolate"]),
    ("mongodb", &["data"]),
    ("rusqlite", &["data"]),
    ("hyper-util", &["server", "outbound"]),
    ("hyper", &["server", "outbound"]),
    ("http-body", &["server", "outbound"]),
    // The types of HTTP, such as the names of headers.
    ("http", &["server", "site", "outbound"]),
    (
        "tokio",
        &[
            "hookstead",
            "server",
            "identity",
            "functions",
            "outbound",
            "isolate",
            "data",
            "journal",
            "mail",
            "memory",
        ],
    ),
    ("lettre", &["mail"]),
    ("clap", &["hookstead"]),
];

pub(super) fn check(repo: &Repo, findings: &mut Vec<Finding>) -> anyhow::Result<()> {
    for manifest in repo.files_with("toml") {
        let Some(folder) =
            manifest.strip_prefix("crates/").and_then(|path| path.strip_suffix("/Cargo.toml"))
        else {
            continue;
        };
        let table: Table = toml::from_str(&repo.read(manifest)?)
            .with_context(|| format!("{manifest} is no manifest"))?;
        match ARROWS.iter().find(|(name, _)| *name == folder) {
            Some((name, allowed)) => check_crate(manifest, name, allowed, &table, findings),
            None => findings.push(Finding::new(
                manifest,
                0,
                "this crate is not in the table of xtask/src/tidy/arrows.rs",
            )),
        }
    }
    Ok(())
}

fn check_crate(
    manifest: &str,
    name: &str,
    allowed: &[&str],
    table: &Table,
    findings: &mut Vec<Finding>,
) {
    let packages = dependencies(table);
    for other in allowed {
        if !packages.iter().any(|package| package.strip_prefix("hookstead-") == Some(other)) {
            let message = format!("{name} does not know {other}: take it out of the table");
            findings.push(Finding::new(manifest, 0, message));
        }
    }
    for package in packages {
        let ours = package.strip_prefix("hookstead-");
        if let Some(other) = ours.filter(|other| !allowed.contains(other)) {
            let message = format!("{name} must not know {other}; the arrows go down only");
            findings.push(Finding::new(manifest, 0, message));
        }
        let owners = OWNED.iter().find(|(start, _)| package.starts_with(start));
        if let Some((start, owners)) = owners.filter(|(_, owners)| !owners.contains(&name)) {
            let message = format!("{name} must not use {package}; {start} is for {owners:?} alone");
            findings.push(Finding::new(manifest, 0, message));
        }
    }
}

/// What a crate is built on. What its tests use is its own business.
fn dependencies(table: &Table) -> Vec<&String> {
    let own = table.get("dependencies").and_then(toml::Value::as_table);
    let targets = table.get("target").and_then(toml::Value::as_table);
    let of_targets = targets
        .into_iter()
        .flat_map(Table::values)
        .filter_map(|target| target.get("dependencies")?.as_table());
    let of_builds = table.get("build-dependencies").and_then(toml::Value::as_table);
    own.into_iter().chain(of_builds).chain(of_targets).flat_map(Table::keys).collect()
}
