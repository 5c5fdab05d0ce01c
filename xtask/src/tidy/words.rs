//! Words that no file of this repository says.

use super::Finding;
use crate::repo::Repo;

/// Each is put together here, so that this file does not say it either.
const BANNED: [(&str, &str, &str); 3] = [
    ("FIX", "ME(", "say what is wrong, not who should mend it"),
    ("X", "XX", "say what is wrong"),
    ("/work", "/", "paths of a machine do not belong here"),
];

const EXTENSIONS: [&str; 8] = ["rs", "js", "mjs", "md", "toml", "sh", "json", "service"];

pub(super) fn check(repo: &Repo, findings: &mut Vec<Finding>) -> anyhow::Result<()> {
    for extension in EXTENSIONS {
        for file in repo.files_with(extension).filter(|file| !file.ends_with("-lock.json")) {
            let text = repo.read(file)?;
            for (number, line) in (1..).zip(text.lines()) {
                check_line(file, number, line, findings);
            }
        }
    }
    Ok(())
}

fn check_line(file: &str, number: usize, line: &str, findings: &mut Vec<Finding>) {
    for (start, end, message) in BANNED {
        let word = format!("{start}{end}");
        if line.contains(&word) {
            findings.push(Finding::new(file, number, format!("{word:?}: {message}")));
        }
    }
    let is_markdown = file.ends_with(".md");
    if !is_markdown && line.ends_with([' ', '\t']) {
        findings.push(Finding::new(file, number, "blanks at the end of the line"));
    }
}
