//! What people read: colours where a terminal shows them, and nothing that could steer it.
//!
//! `anstream` takes the colours away where the output is no terminal or `NO_COLOR` is set.

use std::{
    borrow::Cow,
    io::{self, IsTerminal as _, Write as _},
    panic,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::SystemTime,
};

use anstyle::{AnsiColor, Style};
use console::Term;
use hookstead_app::{Problem, Severity};
use hookstead_journal::{Level, Notice};
use serde_json::Value as Json;

use crate::wrap::wrap;

/// How many columns lines have where no terminal says so.
const COLUMNS: usize = 80;

/// Narrower terminals break lines by themselves.
const COLUMNS_MIN: usize = 40;

/// Whether what is told is a part of a log.
static IS_LOG: AtomicBool = AtomicBool::new(false);

/// Whether everything that is told is a line with a JSON object, as the log then is.
static IS_JSON: AtomicBool = AtomicBool::new(false);

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const GREEN: Style = AnsiColor::Green.on_default();
pub(crate) const RED: Style = AnsiColor::Red.on_default().bold();
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default();

/// A text in a style.
pub(crate) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// How many columns a line of the standard output has.
pub(crate) fn columns() -> usize {
    columns_of(io::stdout().is_terminal(), &Term::stdout()).unwrap_or(COLUMNS)
}

/// How many columns a line of the standard error has. Without a terminal it goes into a log,
/// whose lines are not broken.
fn columns_of_errors() -> usize {
    columns_of(io::stderr().is_terminal(), &Term::stderr()).unwrap_or(usize::MAX)
}

fn columns_of(is_terminal: bool, terminal: &Term) -> Option<usize> {
    let (_, columns) = terminal.size_checked().filter(|_| is_terminal)?;
    Some(usize::from(columns).max(COLUMNS_MIN))
}

/// A stranger's text without the characters that could steer a terminal.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    hookstead_journal::sanitize(text)
}

/// What is told belongs to the log of a server, and has its form.
pub(crate) fn belongs_to_log() {
    IS_LOG.store(true, Ordering::Relaxed);
}

/// The log is one of JSON.
pub(crate) fn log_is_json() {
    if IS_LOG.load(Ordering::Relaxed) {
        speak_json();
    }
}

/// From here on everything is told as JSON, one object in each line, panics included.
fn speak_json() {
    if IS_JSON.swap(true, Ordering::Relaxed) {
        return;
    }
    panic::set_hook(Box::new(|panic| {
        let thread = thread::current();
        let name = thread.name().unwrap_or("without a name").to_owned();
        let place = panic.location().map(ToString::to_string);
        let what = panic.payload_as_str().unwrap_or("no message");
        let fields = [("thread", name.into()), ("place", place.into())];
        tell_json(Level::Error, &format!("panicked: {what}"), &fields);
    }));
}

/// Whether everything is told as JSON.
pub(crate) fn speaks_json() -> bool {
    IS_JSON.load(Ordering::Relaxed)
}

/// Tells an error. Nothing can be done where even that fails.
pub(crate) fn error(message: &str) {
    say(RED, Level::Error, message);
}

/// Tells a warning.
pub(crate) fn warning(message: &str) {
    say(YELLOW, Level::Warning, message);
}

/// Tells something by the way.
pub(crate) fn note(message: &str) {
    if speaks_json() {
        return tell_json(Level::Info, message, &[]);
    }
    let _ = writeln!(anstream::stderr(), "{}", clean_lines(message));
}

/// Tells a problem of an export.
pub(crate) fn tell_problem(problem: &Problem) {
    if !speaks_json() {
        let text = self::problem(problem, columns_of_errors());
        let _ = writeln!(anstream::stderr(), "{text}");
        return;
    }
    let level = match problem.severity {
        Severity::Error => Level::Error,
        Severity::Warning | Severity::Loss => Level::Warning,
    };
    let fields = [
        ("code", problem.code.as_str().into()),
        ("file", problem.file.as_str().into()),
        ("line", problem.line.into()),
        ("field", problem.field.as_deref().into()),
        ("remedy", problem.remedy.as_str().into()),
    ];
    tell_json(level, &problem.message, &fields);
}

/// A problem of an export: what is wrong, its code, and what to do about it.
pub(crate) fn problem(problem: &Problem, columns: usize) -> String {
    let (style, word) = match problem.severity {
        Severity::Error => (RED, "error"),
        Severity::Loss => (YELLOW, "lost"),
        Severity::Warning => (YELLOW, "warning"),
    };
    let numbers = [problem.line, problem.line.and(problem.column)];
    let line: String = numbers.iter().flatten().map(|number| format!(":{number}")).collect();
    let excerpt = problem.excerpt.as_deref().map(clean_lines);
    let excerpt = excerpt.map(|text| format!("\n{text}")).unwrap_or_default();
    let field =
        problem.field.as_deref().map(|field| format!(" {}", clean(field))).unwrap_or_default();
    let place = format!("{}{line}{field}", clean(&problem.file));
    let place = if place.is_empty() { place } else { format!("{place}: ") };
    let what = format!(
        "{}: {place}{} {}",
        paint(style, word),
        clean(&problem.message),
        paint(DIM, &format!("[{}]", problem.code))
    );
    let remedy = format!("  → {}", clean(&problem.remedy));
    format!("{}{excerpt}\n{}", wrap(&what, columns, 2), wrap(&remedy, columns, 4))
}

fn say(style: Style, level: Level, message: &str) {
    if speaks_json() {
        return tell_json(level, message, &[]);
    }
    let word = match level {
        Level::Error => "error",
        Level::Warning | Level::Info => "warning",
    };
    let text = format!("{}: {}", paint(style, word), clean_lines(message));
    let columns = columns_of_errors();
    for line in text.lines() {
        let _ = writeln!(anstream::stderr(), "{}", wrap(line, columns, 4));
    }
}

fn tell_json(level: Level, text: &str, fields: &[(&'static str, Json)]) {
    let line = Notice { level, text, fields }.json(SystemTime::now());
    // In one piece, so that lines of several threads do not mix.
    let _ = io::stderr().write_all(line.as_bytes());
}

fn clean_lines(text: &str) -> String {
    text.lines().map(clean).collect::<Vec<_>>().join("\n")
}
