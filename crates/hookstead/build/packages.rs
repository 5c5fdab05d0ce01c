//! The packages that are linked into the program, as Cargo knows them.

use std::{
    collections::BTreeMap,
    env,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value as Json;

use crate::Outcome;

/// A package of others.
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// An expression of SPDX, such as `MIT OR Apache-2.0`.
    pub(crate) license: String,
    pub(crate) authors: Vec<String>,
    /// The address of its sources; empty where it names none.
    pub(crate) repository: String,
    /// Its sources on this machine.
    pub(crate) folder: PathBuf,
}

/// The packages that this one is linked with on a target, without those of its workspace, by name
/// and version.
pub(crate) fn linked(manifest: &Path, target: &str) -> Outcome<Vec<Package>> {
    let tree = offline(
        &[
            "tree",
            "--edges",
            "normal,no-proc-macro",
            "--prefix",
            "none",
            "--target",
            target,
            "--format",
            "{p}",
        ],
        manifest,
    )?;
    let arguments = ["metadata", "--format-version", "1", "--filter-platform", target];
    // Metadata is of every package of the workspace, the tests' as well. A first build has fetched
    // only what is linked, and the registry has to be asked for the others.
    let metadata = offline(&arguments, manifest).or_else(|_| cargo(&arguments, manifest))?;
    let metadata: Json = serde_json::from_str(&metadata)?;
    let mut known = BTreeMap::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let key = format!("{} v{}", text(&package["name"]), text(&package["version"]));
        known.insert(key, package);
    }
    // A line is `NAME vVERSION`, and where it is from if that is not the registry.
    let mut linked = BTreeMap::new();
    for line in tree.lines() {
        let key = line.split(' ').take(2).collect::<Vec<_>>().join(" ");
        let package = known.get(&key).ok_or_else(|| format!("Cargo does not know {key}"))?;
        if !package["source"].is_null() {
            linked.insert(key, of_metadata(package)?);
        }
    }
    Ok(linked.into_values().collect())
}

fn of_metadata(package: &Json) -> Outcome<Package> {
    let manifest = PathBuf::from(text(&package["manifest_path"]));
    let folder = manifest.parent().ok_or("a manifest has no folder")?.to_owned();
    let authors = package["authors"].as_array().into_iter().flatten();
    Ok(Package {
        name: text(&package["name"]),
        version: text(&package["version"]),
        license: text(&package["license"]),
        authors: authors.map(text).collect(),
        repository: text(&package["repository"]),
        folder,
    })
}

fn text(value: &Json) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What Cargo says without asking a registry.
fn offline(arguments: &[&str], manifest: &Path) -> Outcome<String> {
    cargo(&[arguments, &["--offline"]].concat(), manifest)
}

/// What Cargo says.
fn cargo(arguments: &[&str], manifest: &Path) -> Outcome<String> {
    let mut command = Command::new(env::var_os("CARGO").ok_or("CARGO is not set")?);
    command.args(arguments).args(["--locked", "--manifest-path"]).arg(manifest);
    let output = command.output()?;
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr);
        return Err(format!("cargo {} failed: {error}", arguments[0]).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
