//! The licences of packages as one text, in which each licence's text stands once.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use spdx::{Expression, LicenseItem, ParseMode};

use crate::{Outcome, packages::Package};

/// How the names of files with licences begin, in capitals.
const FILES: [&str; 5] = ["LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE"];
/// How many folders deep such files are looked for: the C library of a package lies in one.
const DEPTH_MAX: usize = 3;
/// What is taken of a package without such a file that leaves the choice.
const PREFERRED: [&str; 3] = ["Apache-2.0", "MIT", "Zlib"];

/// All of them: a line for each package, then the texts.
pub(crate) fn text(packages: &[Package]) -> Outcome<String> {
    let mut text = String::new();
    let mut by_text: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in packages {
        let name = format!("{} {}", package.name, package.version);
        writeln!(text, "{name}: {} {}", package.license, package.repository)?;
        for one in texts_of(package)? {
            by_text.entry(one).or_default().push(name.clone());
        }
    }
    let mut by_name: Vec<(Vec<String>, String)> =
        by_text.into_iter().map(|(text, names)| (names, text)).collect();
    by_name.sort();
    for (names, licence) in by_name {
        writeln!(text, "\n---- {}\n\n{licence}", names.join(", "))?;
    }
    Ok(text)
}

fn texts_of(package: &Package) -> Outcome<Vec<String>> {
    let mut files = Vec::new();
    collect(&package.folder, DEPTH_MAX, &mut files)?;
    files.sort();
    if files.is_empty() {
        return of_expression(package);
    }
    files.iter().map(|file| Ok(tidied(&String::from_utf8_lossy(&fs::read(file)?)))).collect()
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Outcome<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_uppercase();
        let kind = entry.file_type()?;
        if kind.is_dir() && depth > 1 {
            collect(&entry.path(), depth - 1, files)?;
        } else if kind.is_file() && FILES.iter().any(|begin| name.starts_with(begin)) {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// The texts that SPDX has for the licences of a package that comes without any.
fn of_expression(package: &Package) -> Outcome<Vec<String>> {
    let name = &package.name;
    let expression = Expression::parse_mode(&package.license, ParseMode::LAX)
        .map_err(|error| format!("the licence of {name} cannot be read: {error}"))?;
    let is = |item: &LicenseItem, name: &str| item.id().is_some_and(|id| id.name == name);
    let sole = PREFERRED
        .into_iter()
        .find(|name| expression.evaluate(|requirement| is(&requirement.license, name)))
        .ok_or_else(|| format!("{name} has no file with its licence, {}", package.license))?;
    let id = spdx::license_id(sole).ok_or_else(|| format!("SPDX does not know {sole}"))?;
    let holders = match &package.authors[..] {
        [] => format!("the authors of {name}"),
        authors => authors.join(", "),
    };
    Ok(vec![format!("Copyright: {holders}\n\n{}", tidied(id.text()))])
}

/// The same text has other line ends and blanks in some packages.
fn tidied(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}
