//! What people read: colours where a terminal shows them, and nothing that could steer it.
//!
//! `anstream` takes the colours away where the output is no terminal or `NO_COLOR` is set.

use std::{borrow::Cow, io::Write as _};

use anstyle::{AnsiColor, Style};
use hookstead_app::{Problem, Severity};

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const GREEN: Style = AnsiColor::Green.on_default();
pub(crate) const RED: Style = AnsiColor::Red.on_default().bold();
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default();

/// A text in a style.
pub(crate) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// A stranger's text without the characters that could steer a terminal.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    hookstead_journal::sanitize(text)
}

/// Tells an error. Nothing can be done where even that fails.
pub(crate) fn error(message: &str) {
    say(RED, "error", message);
}

/// Tells a warning.
pub(crate) fn warning(message: &str) {
    say(YELLOW, "warning", message);
}

/// Tells something by the way.
pub(crate) fn note(message: &str) {
    let _ = writeln!(anstream::stderr(), "{}", clean_lines(message));
}

/// Tells a problem of an export in two lines.
pub(crate) fn problem(problem: &Problem) -> String {
    let (style, word) = match problem.severity {
        Severity::Error => (RED, "error"),
        Severity::Warning => (YELLOW, "warning"),
    };
    let line = problem.line.map(|line| format!(":{line}")).unwrap_or_default();
    let field =
        problem.field.as_deref().map(|field| format!(" {}", clean(field))).unwrap_or_default();
    format!(
        "{}: {}{line}{field}: {}\n  → {}",
        paint(style, word),
        clean(&problem.file),
        clean(&problem.message),
        clean(&problem.remedy)
    )
}

fn say(style: Style, word: &str, message: &str) {
    let line = format!("{}: {}", paint(style, word), clean_lines(message));
    let _ = writeln!(anstream::stderr(), "{line}");
}

fn clean_lines(text: &str) -> String {
    text.lines().map(clean).collect::<Vec<_>>().join("\n")
}
