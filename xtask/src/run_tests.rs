//! `cargo xtask test`: every test there is, with a summary as the last thing printed.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use anyhow::Context as _;

use crate::repo::Repo;

/// Runs everything, and tells whether all of it passed.
///
/// A later part runs even when an earlier one failed, so that one look shows everything.
pub(crate) fn run(repo: &Repo) -> anyhow::Result<bool> {
    let javascript = javascript(repo)? && packages(repo)?;
    browser(repo)?;
    let documentation = cargo(repo, &["test", "--doc", "--workspace", "--quiet"])?;
    let rust = if has_nextest(repo) {
        cargo(repo, &["nextest", "run", "--workspace", "--no-fail-fast"])?
    } else {
        cargo_test(repo)?
    };
    for (name, passed) in [("JavaScript", javascript), ("documentation", documentation)] {
        if !passed {
            println!("the tests of the {name} FAILED, see above");
        }
    }
    Ok(javascript && documentation && rust)
}

fn javascript(repo: &Repo) -> anyhow::Result<bool> {
    if !repo.has("js/package-lock.json") {
        return Ok(true);
    }
    let folder = repo.root().join("js");
    let installed = step(&folder, "npm", &["ci", "--no-audit", "--no-fund"])?;
    Ok(installed && step(&folder, "node", &["--test"])?)
}

/// Installs the npm packages with which functions are tested, where that has not been done.
fn packages(repo: &Repo) -> anyhow::Result<bool> {
    const FOLDER: &str = "crates/functions/tests/packages";
    let folder = repo.root().join(FOLDER);
    let modified = |file: &str| folder.join(file).metadata().and_then(|about| about.modified());
    let installed = modified("node_modules/.package-lock.json");
    if installed.is_ok_and(|at| modified("package-lock.json").is_ok_and(|lock| lock <= at)) {
        return Ok(true);
    }
    step(&folder, "npm", &["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
}

/// Installs a browser for the test of the page of an example, where there is none and somebody is
/// allowed to. Without one, that test passes without having tested anything.
fn browser(repo: &Repo) -> anyhow::Result<()> {
    let works = |program: &str, argument: &str| {
        let output = Command::new(program).arg(argument).output();
        output.is_ok_and(|output| output.status.success())
    };
    let is_there = ["chromium", "chromium-browser", "google-chrome"];
    if is_there.into_iter().any(|name| works(name, "--version")) || !works("apt-get", "--version") {
        return Ok(());
    }
    let install = "[ \"$(id -u)\" = 0 ] && apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
                   apt-get install -y -qq --no-install-recommends chromium";
    if !step(repo.root(), "sh", &["-c", install])? {
        println!("no browser could be installed: the page of an example is not tested");
    }
    Ok(())
}

fn cargo(repo: &Repo, arguments: &[&str]) -> anyhow::Result<bool> {
    step(repo.root(), "cargo", arguments)
}

fn step(folder: &Path, program: &str, arguments: &[&str]) -> anyhow::Result<bool> {
    println!("$ {program} {}", arguments.join(" "));
    let status = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .status()
        .with_context(|| format!("{program} cannot be run; is it installed?"))?;
    Ok(status.success())
}

fn has_nextest(repo: &Repo) -> bool {
    Command::new("cargo")
        .args(["nextest", "--version"])
        .current_dir(repo.root())
        .output()
        .is_ok_and(|output| output.status.success())
}

/// Cargo's own runner prints a summary for each crate; this adds them up.
fn cargo_test(repo: &Repo) -> anyhow::Result<bool> {
    let arguments = ["test", "--workspace", "--all-targets", "--no-fail-fast"];
    println!("$ cargo {}", arguments.join(" "));
    let mut child = Command::new("cargo")
        .args(arguments)
        .current_dir(repo.root())
        .stdout(Stdio::piped())
        .spawn()
        .context("cargo cannot be run")?;
    let output = child.stdout.take().context("cargo has no output")?;
    let (mut passed, mut failed) = (0, 0);
    for line in BufReader::new(output).lines() {
        let line = line?;
        println!("{line}");
        if let Some(counts) = line.strip_prefix("test result: ") {
            passed += count(counts, "passed");
            failed += count(counts, "failed");
        }
    }
    let success = child.wait()?.success();
    println!("\n{passed} passed, {failed} failed");
    Ok(success)
}

fn count(counts: &str, what: &str) -> u64 {
    let parts = counts.split(['.', ';']).map(str::trim);
    let number = parts.filter_map(|part| part.strip_suffix(what)?.trim().parse().ok()).next();
    number.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn counts_are_read_from_cargos_summary() {
        let line = "ok. 12 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished";
        assert_eq!(super::count(line, "passed"), 12);
        assert_eq!(super::count(line, "failed"), 3);
    }
}
