//! What is wrong with a text that is no document, in words.

use std::fmt;

use bson::Bson;
use serde_json::{Map, Value, error::Category};

/// More characters of a value are not shown.
const SHOWN_CHARS_MAX: usize = 40;

/// How the types of extended JSON are written.
const FORMS: [(&str, &str); 9] = [
    ("$binary", r#"write {"$binary": {"base64": "…", "subType": "00"}}"#),
    ("$date", r#"write {"$date": "2026-01-31T12:00:00Z"}"#),
    ("$numberDecimal", r#"write {"$numberDecimal": "1.50"}"#),
    ("$numberDouble", r#"write {"$numberDouble": "1.5"}"#),
    ("$numberInt", r#"write {"$numberInt": "12"}"#),
    ("$numberLong", r#"write {"$numberLong": "12"}"#),
    ("$regularExpression", r#"write {"$regularExpression": {"pattern": "^a", "options": ""}}"#),
    ("$timestamp", r#"write {"$timestamp": {"t": 1700000000, "i": 1}}"#),
    ("$uuid", r#"write {"$uuid": "c8edabc3-f738-4ca3-b68d-ab92a91478a3"}"#),
];

/// What the JSON parser says, and what that means.
const SYNTAX: [(&str, &str); 12] = [
    ("key must be a string", "the name of a field must stand in double quotes"),
    ("expected value", "a value is missing here"),
    ("expected ident", "only true, false and null stand without double quotes"),
    ("trailing comma", "a comma stands behind the last item"),
    ("expected `,` or `}`", "a comma or } is missing here"),
    ("expected `,` or `]`", "a comma or ] is missing here"),
    ("expected `:`", "a colon is missing here"),
    ("invalid escape", "JSON has no such escape behind a backslash"),
    ("invalid number", "a number is not written as in JSON"),
    ("number out of range", "a number is too large"),
    ("trailing characters", "something follows behind the end"),
    ("control character", "a text holds a control character; write it as an escape such as \\n"),
];

/// Why a text is no document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentError {
    /// It is not JSON.
    Syntax {
        /// The line in the text, from 1.
        line: usize,
        /// The column in the line, from 1.
        column: usize,
        /// In words.
        why: String,
    },
    /// It is JSON, but not an object.
    Shape,
    /// It is an object that cannot be stored.
    Value {
        /// In words, with the field.
        why: String,
        /// What to do about it.
        remedy: Option<&'static str>,
    },
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { column, why, .. } => write!(f, "column {column} is not JSON: {why}"),
            Self::Shape => f.write_str("this is not a JSON object"),
            Self::Value { why, .. } => f.write_str(why),
        }
    }
}

impl std::error::Error for DocumentError {}

impl DocumentError {
    fn value(why: impl Into<String>) -> Self {
        Self::Value { why: why.into(), remedy: None }
    }

    /// The remedy of this fault alone.
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::Value { remedy, .. } => *remedy,
            _ => None,
        }
    }

    pub(super) fn of_syntax(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        if text.starts_with("recursion limit") {
            return Self::value("the document is nested too deep");
        }
        let why = match error.classify() {
            Category::Eof => "it ends too early",
            _ => {
                let known = SYNTAX.iter().find(|(start, _)| text.starts_with(start));
                let own = text.split(" at line ").next().unwrap_or_default();
                known.map_or(own, |(_, why)| why)
            }
        };
        Self::Syntax { line: error.line(), column: error.column(), why: why.to_owned() }
    }

    /// What is wrong with the fields of a document that bson does not take.
    pub(super) fn of_fields(fields: &Map<String, Value>) -> Self {
        in_fields(fields, "")
            .unwrap_or_else(|| Self::value("the document holds a value that cannot be stored"))
    }
}

fn in_fields(fields: &Map<String, Value>, path: &str) -> Option<DocumentError> {
    fields.iter().find_map(|(name, value)| {
        if name.contains('\0') {
            return Some(DocumentError::value("the name of a field holds a zero byte"));
        }
        in_value(value, &if path.is_empty() { name.clone() } else { format!("{path}.{name}") })
    })
}

fn in_value(value: &Value, path: &str) -> Option<DocumentError> {
    match value {
        Value::Array(items) => {
            let mut numbered = items.iter().enumerate();
            numbered.find_map(|(place, item)| in_value(item, &format!("{path}.{place}")))
        }
        Value::Object(fields) => {
            let own = fields.iter().find(|(name, _)| name.starts_with('$'));
            let own = own.filter(|_| Bson::try_from(value.clone()).is_err());
            let fault = own.map(|(name, inner)| {
                let (why, remedy) = of_type(name, inner);
                let path = shown(path);
                DocumentError::Value { why: format!("the field {path}: {why}"), remedy }
            });
            match own {
                Some((name, _)) if is_type(name) => fault,
                // An operator of a query is no value: what is wrong lies in it.
                _ => in_fields(fields, path).or(fault),
            }
        }
        _ => None,
    }
}

fn is_type(name: &str) -> bool {
    name == "$oid" || FORMS.iter().any(|(other, _)| *other == name)
}

/// What is wrong with a value of extended JSON, such as `{"$oid": "xyz"}`.
fn of_type(name: &str, value: &Value) -> (String, Option<&'static str>) {
    let form = FORMS.iter().find(|(other, _)| *other == name).map(|(_, form)| *form);
    let text = value.as_str();
    let is_integer = |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    match (name, text) {
        ("$oid", Some(text)) => {
            (format!("an $oid has 24 hexadecimal digits, and {:?} has not", shown(text)), None)
        }
        ("$numberInt", Some(text)) if is_integer(text) => {
            (format!("{:?} does not fit into 32 bits; use $numberLong", shown(text)), None)
        }
        ("$numberLong", Some(text)) if is_integer(text) => {
            (format!("{:?} does not fit into 64 bits; use $numberDecimal", shown(text)), None)
        }
        _ => (format!("{} is not right", shown(name)), form),
    }
}

fn shown(text: &str) -> String {
    let mut cut: String = text.chars().take(SHOWN_CHARS_MAX).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}
