//! `cargo xtask tidy`: the rules of the house that compilers do not know.

mod arrows;
mod behaviour;
mod changelog;
mod circles;
mod citations;
mod dead;
mod docs;
mod headings;
mod length;
mod licences;
mod picture;
mod prerequisites;
mod tokens;
mod words;

use std::fmt;

use crate::repo::Repo;

/// Something that breaks a rule.
pub(crate) struct Finding {
    file: String,
    /// From 1; 0 where the whole file is meant.
    line: usize,
    message: String,
}

impl Finding {
    fn new(file: &str, line: usize, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.message),
            line => write!(f, "{}:{line}: {}", self.file, self.message),
        }
    }
}

type Check = fn(&Repo, &mut Vec<Finding>) -> anyhow::Result<()>;

const CHECKS: &[Check] = &[
    arrows::check,
    behaviour::check,
    changelog::check,
    circles::check,
    citations::check,
    dead::check,
    docs::check,
    length::check,
    licences::check,
    picture::check,
    prerequisites::check,
    tokens::check,
    words::check,
];

/// Prints what breaks a rule, and tells whether nothing does.
pub(crate) fn run(repo: &Repo) -> anyhow::Result<bool> {
    let findings = findings(repo)?;
    for finding in &findings {
        eprintln!("{finding}");
    }
    match findings.len() {
        0 => println!("tidy: {} files, nothing to mend", repo.files().count()),
        number => eprintln!("tidy: {number} to mend"),
    }
    Ok(findings.is_empty())
}

fn findings(repo: &Repo) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for check in CHECKS {
        check(repo, &mut findings)?;
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::{Repo, findings};

    #[test]
    fn the_house_is_tidy() {
        let findings = findings(&Repo::open().unwrap()).unwrap();
        let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
    }
}
