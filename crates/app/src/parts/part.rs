//! A part of an export that is not served, and what is said of it.

use serde::Serialize;

use super::kind::PartKind;
use crate::{Problem, Severity};

/// Longer names and facts are cut.
const TEXT_BYTES_MAX: usize = 120;

/// More functions of a part are not told.
const FUNCTIONS_MAX: usize = 20;

/// A part of an export that is not served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// What it is.
    pub kind: PartKind,
    /// Its name; empty where an export has one of its kind at most.
    pub name: String,
    /// Whether it was in use: something is lost with it.
    pub active: bool,
    /// The file or folder that declares it.
    pub file: String,
    /// What is known about it, each with the name of the fact.
    pub facts: Vec<Fact>,
    /// The functions that it calls.
    pub functions: Vec<String>,
}

/// Something that is known about a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What is known, such as `schedule`.
    pub name: &'static str,
    /// What it is, such as `0 3 * * *`.
    pub value: String,
}

impl Part {
    /// A part that was in use, about which nothing else is known.
    pub fn new(kind: PartKind, name: &str, file: &str) -> Self {
        Self {
            kind,
            name: clipped(name),
            active: true,
            file: file.to_owned(),
            facts: Vec::new(),
            functions: Vec::new(),
        }
    }

    /// What it is and what is known about it, such as
    /// ``trigger `nightly`: scheduled, schedule `0 3 * * *`, function `clean` ``.
    pub fn description(&self) -> String {
        let mut text = self.kind.noun().to_owned();
        if !self.name.is_empty() {
            text.push_str(&format!(" `{}`", self.name));
        }
        let facts = self.facts.iter().map(|fact| match fact.name {
            "" | "type" => fact.value.clone(),
            name => format!("{name} `{}`", fact.value),
        });
        let functions = self.functions.iter().map(|name| format!("function `{name}`"));
        let all: Vec<String> = facts.chain(functions).collect();
        if all.is_empty() { text } else { format!("{text}: {}", all.join(", ")) }
    }

    /// What is lost with it; nothing where it was switched off.
    pub fn problem(&self) -> Option<Problem> {
        self.active.then(|| Problem {
            severity: Severity::Loss,
            code: self.kind.code(),
            file: self.file.clone(),
            line: None,
            column: None,
            excerpt: None,
            field: None,
            message: format!("{} ({})", self.description(), self.kind.loss()),
            remedy: self.kind.remedy().to_owned(),
        })
    }

    pub(super) fn with_fact(mut self, name: &'static str, value: &str) -> Self {
        if !value.is_empty() {
            self.facts.push(Fact { name, value: clipped(value) });
        }
        self
    }

    pub(super) fn with_function(mut self, name: &str) -> Self {
        let name = clipped(name);
        let has_room = self.functions.len() < FUNCTIONS_MAX;
        if has_room && !name.is_empty() && !self.functions.contains(&name) {
            self.functions.push(name);
        }
        self
    }

    pub(super) fn active(self, active: bool) -> Self {
        Self { active, ..self }
    }
}

/// A text without what is too long to be told.
pub(super) fn clipped(text: &str) -> String {
    match text.floor_char_boundary(TEXT_BYTES_MAX) {
        end if end < text.len() => format!("{}…", &text[..end]),
        _ => text.to_owned(),
    }
}
