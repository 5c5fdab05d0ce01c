//! What belongs to no request: that the server listens, what is wrong with an export.

use std::time::SystemTime;

use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::Value;

use crate::{sanitize::sanitize_json, time::Rfc3339};

/// How much an operator should care.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Level {
    Info,
    Warning,
    Error,
}

/// Something to tell the operator.
#[derive(Debug, Clone, Copy)]
pub struct Notice<'a> {
    /// How much it matters.
    pub level: Level,
    /// What there is to tell.
    pub text: &'a str,
    /// More about it, for machines.
    pub fields: &'a [(&'static str, Value)],
}

impl<'a> Notice<'a> {
    /// A notice without fields.
    pub fn new(level: Level, text: &'a str) -> Self {
        Self { level, text, fields: &[] }
    }

    /// One line with a JSON object, its end included.
    pub fn json(&self, moment: SystemTime) -> String {
        // Nothing in a notice can fail to serialise.
        let line = serde_json::to_string(&Line { notice: self, moment }).unwrap_or_default();
        format!("{}\n", sanitize_json(&line))
    }
}

struct Line<'a> {
    notice: &'a Notice<'a>,
    moment: SystemTime,
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("time", &Rfc3339(self.moment).to_string())?;
        map.serialize_entry("level", &self.notice.level)?;
        map.serialize_entry("notice", self.notice.text)?;
        for (name, value) in self.notice.fields.iter().filter(|(_, value)| !value.is_null()) {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn a_notice_is_one_object_in_one_line() {
        let fields = [("line", Value::from(7)), ("field", Value::Null)];
        let notice = Notice { level: Level::Warning, text: "a\n\"b\"\x1b", fields: &fields };
        let line = notice.json(UNIX_EPOCH);
        let expected = "{\"time\":\"1970-01-01T00:00:00.000Z\",\"level\":\"warning\",\
                        \"notice\":\"a\\n\\\"b\\\"\\u001b\",\"line\":7}\n";
        assert_eq!(line, expected);
    }
}
