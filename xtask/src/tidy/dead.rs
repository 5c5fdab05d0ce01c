//! Rust files that no `mod` leads to: the compiler never sees them, and nobody notices.

use std::collections::BTreeSet;

use anyhow::Context as _;
use syn::{Item, ItemMod};
use toml::{Table, Value};

use super::Finding;
use crate::repo::Repo;

pub(super) fn check(repo: &Repo, findings: &mut Vec<Finding>) -> anyhow::Result<()> {
    let files: BTreeSet<&str> = repo.files_with("rs").collect();
    let mut alive = BTreeSet::new();
    let named = targets(repo)?;
    for root in files.iter().filter(|file| is_root(file) || named.contains(**file)) {
        visit(repo, &files, root, &mut alive)?;
    }
    for file in files.iter().filter(|file| !alive.contains(**file)) {
        findings.push(Finding::new(file, 0, "no `mod` leads to this file"));
    }
    Ok(())
}

/// The files that manifests name.
fn targets(repo: &Repo) -> anyhow::Result<BTreeSet<String>> {
    let mut named = BTreeSet::new();
    for manifest in repo.files_with("toml").filter(|file| file.ends_with("/Cargo.toml")) {
        let table: Table = toml::from_str(&repo.read(manifest)?)?;
        let folder = manifest.trim_end_matches("Cargo.toml");
        let lists = ["bin", "test", "bench", "example"].iter().filter_map(|kind| table.get(*kind));
        let entries = lists.filter_map(Value::as_array).flatten().chain(table.get("lib"));
        let script = table.get("package").and_then(|package| package.get("build"));
        let paths = entries.filter_map(|entry| entry.get("path")).chain(script);
        let paths = paths.filter_map(Value::as_str);
        named.extend(paths.map(|path| format!("{folder}{path}")));
    }
    Ok(named)
}

/// Whether cargo starts to compile at a file.
fn is_root(file: &str) -> bool {
    let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
    let ends = |part: &str| folder == part || folder.ends_with(&format!("/{part}"));
    let in_src = ends("src") && matches!(name, "lib.rs" | "main.rs");
    let in_folder = ["src/bin", "tests", "benches", "examples", "fuzz_targets"];
    let is_target = !folder.contains("/src/tests") && in_folder.into_iter().any(ends);
    let is_target_folder = name == "main.rs"
        && folder.rsplit_once('/').is_some_and(|(parent, _)| {
            in_folder.iter().any(|part| parent.ends_with(&format!("/{part}")))
        });
    in_src || name == "build.rs" || (is_target && !ends("src/tests")) || is_target_folder
}

fn visit<'a>(
    repo: &Repo,
    files: &BTreeSet<&'a str>,
    file: &'a str,
    alive: &mut BTreeSet<&'a str>,
) -> anyhow::Result<()> {
    if !alive.insert(file) {
        return Ok(());
    }
    let source =
        syn::parse_file(&repo.read(file)?).with_context(|| format!("{file} is no Rust"))?;
    let mut children = Vec::new();
    collect(&source.items, file, &folder_of_children(file), &mut children);
    for child in children {
        if let Some(child) = files.get(child.as_str()) {
            visit(repo, files, child, alive)?;
        }
    }
    Ok(())
}

/// Where the modules of a file lie: beside a root or a `mod.rs`, else in a folder of its name.
fn folder_of_children(file: &str) -> String {
    let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
    if is_root(file) || matches!(name, "mod.rs" | "main.rs") {
        return folder.to_owned();
    }
    file.trim_end_matches(".rs").to_owned()
}

/// The paths at which the modules of some items may lie.
fn collect(items: &[Item], file: &str, folder: &str, children: &mut Vec<String>) {
    for item in items {
        let Item::Mod(module) = item else { continue };
        let inner = format!("{folder}/{}", module.ident);
        match (&module.content, path_attribute(module)) {
            (Some((_, items)), _) => collect(items, file, &inner, children),
            (None, Some(path)) => {
                let beside = file.rsplit_once('/').map_or("", |(folder, _)| folder);
                children.push(format!("{beside}/{path}"));
            }
            (None, None) => {
                children.extend([format!("{inner}.rs"), format!("{inner}/mod.rs")]);
            }
        }
    }
}

fn path_attribute(module: &ItemMod) -> Option<String> {
    let attribute = module.attrs.iter().find(|attribute| attribute.path().is_ident("path"))?;
    let syn::Meta::NameValue(pair) = &attribute.meta else { return None };
    match &pair.value {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(path), .. }) => Some(path.value()),
        _ => None,
    }
}
