//! The shape of `CHANGELOG.md`.

use super::Finding;
use crate::repo::Repo;

const FILE: &str = "CHANGELOG.md";
const KINDS: [&str; 6] = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];

pub(super) fn check(repo: &Repo, findings: &mut Vec<Finding>) -> anyhow::Result<()> {
    let text = repo.read(FILE)?;
    if !text.lines().any(|line| line == "## Unreleased") {
        findings.push(Finding::new(FILE, 0, "there is no heading \"## Unreleased\""));
    }
    let mut below_kind = false;
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(message) = fault(line, &mut below_kind) {
            findings.push(Finding::new(FILE, number, message));
        }
    }
    Ok(())
}

fn fault(line: &str, below_kind: &mut bool) -> Option<String> {
    if let Some(kind) = line.strip_prefix("### ") {
        *below_kind = true;
        let known = KINDS.contains(&kind);
        return (!known).then(|| format!("{kind:?} is none of {KINDS:?}"));
    }
    if let Some(version) = line.strip_prefix("## ") {
        *below_kind = false;
        let well_formed = version == "Unreleased" || is_release(version);
        return (!well_formed).then(|| "a release is \"## 1.2.3 (2026-01-31)\"".to_owned());
    }
    if let Some(entry) = line.strip_prefix("- ") {
        if !*below_kind {
            return Some("an entry stands below ### Added, ### Changed and so on".to_owned());
        }
        return (!entry.ends_with('.')).then(|| "an entry is a sentence with a full stop".into());
    }
    None
}

fn is_release(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let Some((version, date)) = text.split_once(" (") else { return false };
    let date: Vec<&str> = date.trim_end_matches(')').split('-').collect();
    let version: Vec<&str> = version.split('.').collect();
    version.len() == 3 && date.len() == 3 && version.into_iter().chain(date).all(digits)
}
