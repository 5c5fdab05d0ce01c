//! Documents that name what does not exist: files, crates, commands, settings, anchors.

use toml::Table;

use super::{Finding, headings};
use crate::repo::Repo;

const DEFAULT_FILE: &str = "docs/hookstead.default.toml";
const COMMANDS: &str = "crates/hookstead/src/commands/";

/// Folders of this repository: what starts like one of them in backticks is a path.
const FOLDERS: [&str; 11] = [
    ".cargo/",
    ".ci/",
    ".github/",
    "bench/",
    "crates/",
    "docs/",
    "examples/",
    "fuzz/",
    "js/",
    "packaging/",
    "xtask/",
];

pub(super) fn check(repo: &Repo, findings: &mut Vec<Finding>) -> anyhow::Result<()> {
    let settings: Table = toml::from_str(&repo.read(DEFAULT_FILE)?)?;
    let known = Known { repo, settings };
    for file in repo.files_with("md") {
        let text = repo.read(file)?;
        for (number, line) in (1..).zip(text.lines()) {
            for message in known.faults_of_line(file, line) {
                findings.push(Finding::new(file, number, message));
            }
        }
    }
    Ok(())
}

struct Known<'a> {
    repo: &'a Repo,
    settings: Table,
}

impl Known<'_> {
    fn faults_of_line(&self, file: &str, line: &str) -> Vec<String> {
        let quoted = line.split('`').skip(1).step_by(2).filter_map(|word| self.quoted(word));
        let links = targets(line).filter_map(|target| self.link(file, target));
        quoted.chain(links).chain(self.command(line.trim_start_matches("$ "))).collect()
    }

    /// A word in backticks.
    fn quoted(&self, word: &str) -> Option<String> {
        let place = word.split([' ', ':']).next().unwrap_or_default();
        let (path, anchor) = place.split_once('#').unwrap_or((place, ""));
        let is_path = FOLDERS.iter().any(|folder| path.starts_with(folder));
        let is_pattern = path.contains(['*', '<', '{', '…']);
        if is_path && !is_pattern && headings::missing(self.repo, path, anchor) {
            return Some(format!("there is no {place}"));
        }
        if let Some(name) = word.strip_prefix("hookstead-") {
            let is_name = name.bytes().all(|byte| byte.is_ascii_lowercase());
            let folder = format!("crates/{name}");
            return (is_name && !self.repo.has(&folder)).then(|| format!("there is no {folder}"));
        }
        self.setting(word).or_else(|| self.command(word))
    }

    /// `[section] key`, with or without a value, or `[section]` alone.
    fn setting(&self, word: &str) -> Option<String> {
        let (section, rest) = word.strip_prefix('[')?.split_once(']')?;
        if !section.bytes().all(|byte| byte.is_ascii_lowercase() || b"._".contains(&byte)) {
            return None;
        }
        let mut table = Some(&self.settings);
        for part in section.split('.') {
            table = table.and_then(|table| table.get(part)?.as_table());
        }
        let Some(table) = table else { return Some(format!("there is no setting [{section}]")) };
        let key = rest.split('=').next().unwrap_or_default().trim();
        let is_open = key.is_empty() || key.starts_with('"') || table.contains_key(key);
        (!is_open).then(|| format!("there is no setting [{section}] {key}"))
    }

    /// `hookstead COMMAND …`, in backticks or at the start of a line of code.
    fn command(&self, text: &str) -> Option<String> {
        let name = text.strip_prefix("hookstead ")?.split_whitespace().next()?;
        let is_name = name.bytes().all(|byte| byte.is_ascii_lowercase());
        let exists = name == "help"
            || self.repo.has(&format!("{COMMANDS}{name}.rs"))
            || self.repo.has(&format!("{COMMANDS}{name}"));
        (is_name && !exists).then(|| format!("there is no command {name}"))
    }

    /// A link of Markdown to a file of the repository.
    fn link(&self, file: &str, target: &str) -> Option<String> {
        if target.contains("://") || target.starts_with("mailto:") {
            return None;
        }
        let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
        let path = if path.is_empty() { file.to_owned() } else { resolve(file, path) };
        let leads_nowhere = headings::missing(self.repo, &path, anchor);
        leads_nowhere.then(|| format!("the link to {target} leads nowhere"))
    }
}

/// The targets of `[text](target)`.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next())
}

/// A path as seen from the folder of a file.
pub(super) fn resolve(file: &str, path: &str) -> String {
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::{resolve, targets};

    #[test]
    fn links_are_found_and_followed() {
        let line = "see [one](a/b.md#c) and [two](../d.md \"title\")";
        assert_eq!(targets(line).collect::<Vec<_>>(), ["a/b.md#c", "../d.md"]);
        assert_eq!(resolve("a/b.md", "../d.md"), "d.md");
        assert_eq!(resolve("d.md", "./a/b.md"), "a/b.md");
    }
}
