//! One JSON object per line, with the keys of the hosted service's log
//! (docs/behaviour/logs.md#entries).

use std::{fmt::Display, net::IpAddr};

use serde::{Serialize, Serializer};

use crate::{
    ConsoleLevel, CorrelationId, Entry, Kind, Outcome, RunBy, format::cut, sanitize::sanitize_json,
    time::Rfc3339,
};

#[derive(Serialize)]
struct Line<'a> {
    co_id: Shown<CorrelationId>,
    #[serde(rename = "type")]
    kind: Kind,
    client_app_id: &'a str,
    name: &'a str,
    request_method: &'a str,
    request_url: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_ip_address: Option<Shown<IpAddr>>,
    started: Shown<Rfc3339>,
    completed: Shown<Rfc3339>,
    elapsed_ms: f64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<Message<'a>>,
}

/// A string that is made of something else.
struct Shown<T>(T);

impl<T: Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

#[derive(Serialize)]
struct Message<'a> {
    level: ConsoleLevel,
    text: &'a str,
}

pub(crate) fn entry(entry: &Entry<'_>, out: &mut String) {
    let (error_code, error, detail) = match entry.outcome {
        Outcome::Ok => (None, None, None),
        Outcome::Failed { code, message, detail } => (Some(code), Some(message), detail),
    };
    let user_id = match &entry.run_by {
        Some(RunBy::User(id)) => Some(id.as_str()),
        Some(RunBy::System) | None => None,
    };

    let messages =
        entry.console.iter().map(|line| Message { level: line.level, text: &line.text }).collect();
    let line = Line {
        co_id: Shown(entry.id),
        kind: entry.kind,
        client_app_id: entry.app,
        name: entry.name,
        request_method: entry.method,
        request_url: &cut(entry.path),
        status: entry.status,
        error_code,
        error,
        detail,
        user_id,
        remote_ip_address: entry.remote_ip.map(Shown),
        started: Shown(Rfc3339(entry.started)),
        completed: Shown(Rfc3339(entry.started + entry.elapsed)),
        elapsed_ms: (entry.elapsed.as_secs_f64() * 1e6).round() / 1e3,
        messages,
    };
    push(&line, out);
}

fn push(line: &impl Serialize, out: &mut String) {
    // Strings, numbers and enums: nothing in a line can fail to serialise.
    if let Ok(text) = serde_json::to_string(line) {
        out.push_str(&sanitize_json(&text));
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::{ConsoleLine, format::tests::example, sanitize::is_dangerous};

    #[test]
    fn a_line_holds_what_happened_and_nothing_is_lost_in_escaping() {
        let text = "a\x1b\u{202e}\u{9b}\u{e0001}\nb";
        let entry = Entry {
            status: 400,
            outcome: Outcome::Failed { code: "X", message: text, detail: None },
            console: &[ConsoleLine { level: ConsoleLevel::Warn, text: text.into() }],
            ..example()
        };
        let mut out = String::new();
        super::entry(&entry, &mut out);
        assert_eq!(out.lines().count(), 1);
        assert!(!out.trim_end().chars().any(is_dangerous));
        let value: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(value["type"], "ENDPOINT");
        assert_eq!(value["error"], text);
        assert_eq!(value["messages"][0]["text"], text);
        assert_eq!(value["messages"][0]["level"], "warn");
        assert_eq!(value["started"], "2023-05-05T01:02:03.456Z");
        assert_eq!(value["completed"], "2023-05-05T01:02:03.457Z");
        assert!(value.get("user_id").is_none() && value.get("detail").is_none());
    }
}
