//! One line per request for people, with the console's lines indented below it.

use std::{
    borrow::Cow,
    fmt::Write as _,
    time::{Duration, SystemTime},
};

use crate::{
    ConsoleLevel, ConsoleLine, Entry, Level, Notice, Outcome, json,
    sampling::{Label, Rest},
    sanitize,
    time::Rfc3339,
};

/// A path or a message longer than this is cut: a stranger chose its length.
const TEXT_CHARS_MAX: usize = 1024;

/// How entries are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON object per line, for machines.
    Json,
}

/// How entries look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Style {
    /// Their format.
    pub format: LogFormat,
    /// Whether people see colours. The journal never finds out by itself what it writes to.
    pub colors: bool,
}

impl Style {
    pub(crate) fn entry(self, entry: &Entry<'_>, out: &mut String) {
        match self.format {
            LogFormat::Human => human(entry, self.colors, out),
            LogFormat::Json => json::entry(entry, out),
        }
    }

    pub(crate) fn notice(self, notice: &Notice<'_>, out: &mut String) {
        match self.format {
            LogFormat::Human => {
                let _ = writeln!(out, "{}", sanitize(notice.text));
            }
            LogFormat::Json => out.push_str(&notice.json(SystemTime::now())),
        }
    }

    /// The number of refusals that got no line of their own.
    pub(crate) fn rest(self, rest: &Rest<'_>, out: &mut String) {
        let number = rest.number;
        let (of, fields) = match rest.label {
            None => ("refused".to_owned(), vec![("more", number.into())]),
            Some(Label { kind, status, code, name }) => {
                let kind = serde_json::to_value(kind).unwrap_or_default();
                let code_value = (!code.is_empty()).then_some(*code);
                let of = match (*code, &**name) {
                    ("", "") => format!("answered with {status}"),
                    (code, "") => format!("answered with {status} {code}"),
                    (code, name) => format!("answered with {status} {code} at {name}"),
                };
                let fields = vec![
                    ("type", kind),
                    ("name", (&**name).into()),
                    ("status", (*status).into()),
                    ("error_code", code_value.into()),
                    ("more", number.into()),
                ];
                (of, fields)
            }
        };
        let requests = if number == 1 { "request was" } else { "requests were" };
        let text = format!("{number} more {requests} {of} ([log] refusals_per_second_max)");
        let notice = Notice { level: Level::Info, text: &text, fields: &fields };
        if self.format == LogFormat::Human {
            let _ = write!(out, "{} ", Rfc3339(SystemTime::now()));
        }
        self.notice(&notice, out);
    }
}

// Writing to a string cannot fail, hence `let _` throughout.
fn human(entry: &Entry<'_>, colors: bool, out: &mut String) {
    let paint = |color| if colors { color } else { "" };
    let status_color = match entry.status {
        0..400 => "\x1b[32m",
        400..500 => "\x1b[33m",
        _ => "\x1b[31m",
    };
    let _ = write!(out, "{} {}{}", Rfc3339(entry.started), paint(status_color), entry.status);
    for text in [paint("\x1b[0m"), " ", &clean(entry.method), " ", &clean(entry.path)] {
        out.push_str(text);
    }
    let _ = write!(out, " {}", Elapsed(entry.elapsed));
    let mut below = None;
    if let Outcome::Failed { code, message, detail } = &entry.outcome {
        let told = detail.unwrap_or(message);
        let end = told.bytes().position(|byte| byte == b'\n');
        let (first, rest) = told.split_at(end.unwrap_or(told.len()));
        let (on, off) = (paint("\x1b[31m"), paint("\x1b[0m"));
        for text in [" ", on, code, off, " — ", &clean(first), " (co_id "] {
            out.push_str(text);
        }
        let _ = write!(out, "{})", entry.id);
        below = Some(rest.get(1..).unwrap_or_default());
    }
    out.push('\n');
    for line in below.into_iter().flat_map(str::lines) {
        let _ = writeln!(out, "    {}", clean(line));
    }
    for line in entry.console {
        console(line, colors, out);
    }
}

/// Every line is indented, so that no text of a function can pass for an entry.
fn console(line: &ConsoleLine, colors: bool, out: &mut String) {
    let color = match line.level {
        ConsoleLevel::Debug | ConsoleLevel::Info | ConsoleLevel::Log => "",
        ConsoleLevel::Warn => "\x1b[33m",
        ConsoleLevel::Error => "\x1b[31m",
    };
    let painted = colors && !color.is_empty();
    let (on, off) = if painted { (color, "\x1b[0m") } else { ("", "") };
    for (index, text) in line.text.split('\n').enumerate() {
        let level = if index == 0 { line.level.to_string() } else { String::new() };
        let _ = writeln!(out, "    {on}{level:<5}{off} {}", sanitize(text));
    }
}

fn clean(text: &str) -> Cow<'_, str> {
    match cut(text) {
        Cow::Borrowed(text) => sanitize(text),
        Cow::Owned(text) => Cow::Owned(sanitize(&text).into_owned()),
    }
}

/// A text without what is beyond its first thousand characters.
pub(crate) fn cut(text: &str) -> Cow<'_, str> {
    if text.len() <= TEXT_CHARS_MAX {
        return Cow::Borrowed(text);
    }
    match text.char_indices().nth(TEXT_CHARS_MAX) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

struct Elapsed(Duration);

impl std::fmt::Display for Elapsed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let micros = self.0.as_micros();
        match micros {
            0..1_000 => write!(f, "{micros}µs"),
            1_000..1_000_000 => write!(f, "{:.1}ms", self.0.as_secs_f64() * 1e3),
            _ => write!(f, "{:.2}s", self.0.as_secs_f64()),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::{CorrelationId, Kind};

    pub(crate) fn example() -> Entry<'static> {
        Entry {
            id: CorrelationId::new(),
            kind: Kind::Endpoint,
            app: "myapp-abcde",
            name: "/hello",
            method: "POST",
            path: "/app/myapp-abcde/endpoint/hello",
            status: 200,
            outcome: Outcome::Ok,
            run_by: Some(crate::RunBy::System),
            remote_ip: None,
            started: UNIX_EPOCH + Duration::from_millis(1_683_248_523_456),
            elapsed: Duration::from_micros(1234),
            console: &[],
        }
    }

    fn written(entry: &Entry<'_>, colors: bool) -> String {
        let mut out = String::new();
        Style { format: LogFormat::Human, colors }.entry(entry, &mut out);
        out
    }

    #[test]
    fn a_request_is_one_line() {
        let line = "2023-05-05T01:02:03.456Z 200 POST /app/myapp-abcde/endpoint/hello 1.2ms\n";
        assert_eq!(written(&example(), false), line);
    }

    #[test]
    fn a_failure_shows_its_code_and_what_only_the_operator_is_told() {
        let outcome = Outcome::Failed {
            code: "FunctionExecutionError",
            message: "boom",
            detail: Some("Error: boom\n    at exports (hello.js:3)"),
        };
        let entry = Entry { status: 400, outcome, ..example() };
        let text = written(&entry, false);
        let mut lines = text.lines();
        let first = lines.next().unwrap();
        assert!(first.contains(" 400 POST "), "{first}");
        let expected = format!("FunctionExecutionError — Error: boom (co_id {})", entry.id);
        assert!(first.ends_with(&expected), "{first}");
        assert_eq!(lines.next(), Some("        at exports (hello.js:3)"));
    }

    #[test]
    fn strangers_can_neither_forge_lines_nor_drive_the_terminal() {
        let text = "x\n2023-05-05T01:02:03.456Z 200 GET / 1ms\r\x1b[2J".into();
        let entry = Entry {
            path: "/a\x1b[2J\nb",
            console: &[ConsoleLine { level: ConsoleLevel::Log, text }],
            ..example()
        };
        let text = written(&entry, false);
        assert_eq!(text.lines().count(), 3);
        assert!(!text.contains('\x1b') && !text.contains('\r'), "{text}");
        assert!(text.lines().skip(1).all(|line| line.starts_with("    ")), "{text}");
    }

    #[test]
    fn colors_appear_only_when_asked_for() {
        assert!(written(&example(), true).contains("\x1b[32m200\x1b[0m"));
        assert!(!written(&example(), false).contains('\x1b'));
    }

    #[test]
    fn long_paths_are_cut() {
        let entry = Entry { path: &"/".repeat(100_000), ..example() };
        assert!(written(&entry, false).len() < 2000);
    }
}
