//! What npm reads in `functions/`, looked at before it is started: an export may come from anybody.

use std::{fs, io, path::Path};

use anyhow::{Context as _, bail};
use hookstead_functions::satisfies;
use serde_json::Value as Json;

use super::plan::is_name;
use crate::exit::REMEDY;

/// What npm or this command writes: none of it may be a link, which could lead anywhere.
const WRITTEN: [&str; 3] = ["package.json", "package-lock.json", "node_modules"];
/// Lists of exact versions, with the places that they come from.
const LOCKS: [&str; 2] = ["package-lock.json", "npm-shrinkwrap.json"];
/// Fields of a `package.json` from which npm takes packages.
const DEPENDENCIES: [&str; 4] =
    ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];
/// Fields that bring packages from elsewhere, or others than those that are asked for.
const REFUSED: [&str; 2] = ["overrides", "workspaces"];

/// Refuses a folder in which npm would write elsewhere, start a program that somebody else chooses,
/// or fetch from where they choose.
pub(super) fn check(folder: &Path) -> anyhow::Result<()> {
    if folder.is_symlink() || WRITTEN.iter().any(|name| folder.join(name).is_symlink()) {
        bail!(
            "functions/ or a file of npm in it is a link{REMEDY}put the file or folder itself in \
             its place"
        );
    }
    if folder.join(".npmrc").symlink_metadata().is_ok() {
        bail!(
            "functions/.npmrc tells npm which programs to start and whom to ask{REMEDY}remove it, \
             or run npm yourself"
        );
    }
    for name in LOCKS {
        let text = match fs::read(folder.join(name)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                return Err(error).with_context(|| format!("functions/{name} cannot be read"));
            }
        };
        let lock: Json = serde_json::from_slice(&text)
            .with_context(|| format!("functions/{name} is no JSON"))?;
        if let Some(place) = elsewhere(&lock) {
            bail!(
                "functions/{name} takes a package from {place:?}, which is no registry{REMEDY}\
                 remove the file, or run npm yourself"
            );
        }
    }
    Ok(())
}

/// Refuses a `package.json` that asks npm for more than ranges of versions of packages.
pub(super) fn check_manifest(manifest: &Json) -> anyhow::Result<()> {
    if let Some(key) = REFUSED.into_iter().find(|key| manifest.get(key).is_some()) {
        bail!(
            "functions/package.json has {key:?}, which this command does not look into{REMEDY}\
             remove it, or run npm yourself"
        );
    }
    for key in DEPENDENCIES {
        let all = manifest.get(key).and_then(Json::as_object);
        for (name, range) in all.into_iter().flatten() {
            let is_range = range.as_str().and_then(|range| satisfies("0.0.0", range)).is_some();
            if !is_name(name) || !is_range {
                bail!(
                    "functions/package.json asks for {name:?} as {range}, which is no range of \
                     versions{REMEDY}declare a version, or run npm yourself"
                );
            }
        }
    }
    Ok(())
}

/// The first place in a lock file that is no address of a registry.
fn elsewhere(lock: &Json) -> Option<String> {
    let of_key = |(key, value): (&String, &Json)| {
        let text = value.as_str().unwrap_or_default();
        let is_foreign = match key.as_str() {
            "resolved" => value.is_string() && !is_web(text),
            // Of the first form of these files: an address in the place of a version.
            "version" => text.contains([':', '/']),
            "link" => *value == Json::Bool(true),
            _ => false,
        };
        if is_foreign { Some(value.to_string()) } else { elsewhere(value) }
    };
    lock.as_object()?.iter().find_map(of_key)
}

/// What npm fetches without starting a program.
fn is_web(address: &str) -> bool {
    address.starts_with("https://") || address.starts_with("http://")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use serde_json::json;

    use super::*;

    #[test]
    fn a_folder_that_leads_npm_elsewhere_is_refused() {
        let lock = |about: Json| json!({ "packages": { "": {}, "node_modules/a": about } });
        let cases = [
            ("package-lock.json", lock(json!({ "resolved": "https://r/a.tgz" })), true),
            ("package-lock.json", lock(json!({ "version": "1.0.0" })), true),
            ("package-lock.json", lock(json!({ "resolved": "git+ssh://git@h/a" })), false),
            ("npm-shrinkwrap.json", lock(json!({ "resolved": "../b", "link": true })), false),
            (
                "package-lock.json",
                json!({ "dependencies": { "a": { "version": "file:../a" } } }),
                false,
            ),
            (".npmrc", json!("git=./evil"), false),
        ];
        for (name, content, is_good) in cases {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(name), content.to_string()).unwrap();
            assert_eq!(check(folder.path()).is_ok(), is_good, "{name} {content}");
        }
        for name in WRITTEN {
            let folder = tempfile::tempdir().unwrap();
            symlink("/nowhere", folder.path().join(name)).unwrap();
            assert!(check(folder.path()).is_err(), "{name}");
        }
    }

    #[test]
    fn a_manifest_that_asks_for_more_than_versions_is_refused() {
        let cases = [
            (json!({ "dependencies": { "a": "^1" }, "name": "x" }), true),
            (json!({ "dependencies": { "a": "github:b/c" } }), false),
            (json!({ "dependencies": { "a": "1-b/c" } }), false),
            (json!({ "devDependencies": { "a": "https://h/a.tgz" } }), false),
            (json!({ "peerDependencies": { "../a": "1" } }), false),
            (json!({ "optionalDependencies": { "a": 1 } }), false),
            (json!({ "overrides": { "a": "git+https://h/a" } }), false),
            (json!({ "workspaces": ["../../x"] }), false),
        ];
        for (manifest, is_good) in cases {
            assert_eq!(check_manifest(&manifest).is_ok(), is_good, "{manifest}");
        }
    }
}
