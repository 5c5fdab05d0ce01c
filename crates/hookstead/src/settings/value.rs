//! How the text of a setting becomes a value, and what a person is told when it does not.

use std::{fmt::Display, ops::RangeInclusive};

use toml::Value;

/// A type that a setting can have.
///
/// Errors complete the sentence "`key` is …, but …", and name what to write instead.
pub(super) trait SettingValue: Sized {
    /// The value in a file.
    fn read(value: &Value) -> Result<Self, String>;

    /// The value in a variable or a flag, as it would be in a file.
    fn from_text(text: &str) -> Value {
        Value::String(text.to_owned())
    }

    /// The value as it would be in a file.
    fn show(&self) -> Value;
}

impl SettingValue for u64 {
    fn read(value: &Value) -> Result<Self, String> {
        let number = value.as_integer().ok_or("must be a whole number, without quotes")?;
        Self::try_from(number).map_err(|_| "must not be negative".to_owned())
    }

    fn from_text(text: &str) -> Value {
        let digits = text.trim().replace('_', "");
        digits.parse().map_or_else(|_| Value::String(text.to_owned()), Value::Integer)
    }

    fn show(&self) -> Value {
        Value::Integer(i64::try_from(*self).unwrap_or(i64::MAX))
    }
}

impl SettingValue for bool {
    fn read(value: &Value) -> Result<Self, String> {
        value.as_bool().ok_or_else(|| "must be true or false, without quotes".to_owned())
    }

    fn from_text(text: &str) -> Value {
        text.trim().parse().map_or_else(|_| Value::String(text.to_owned()), Value::Boolean)
    }

    fn show(&self) -> Value {
        Value::Boolean(*self)
    }
}

/// The text of a string.
pub(super) fn string(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| "must be a text in quotes".to_owned())
}

/// The texts of a list of strings.
pub(super) fn strings(value: &Value) -> Result<Vec<String>, String> {
    let wanted = || "must be a list of texts, such as [\"10.0.0.0/8\"]".to_owned();
    let items = value.as_array().ok_or_else(wanted)?;
    items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(wanted)).collect()
}

/// A list as a variable spells it: items between commas.
pub(super) fn list_of_text(text: &str) -> Value {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    Value::Array(items.map(|item| Value::String(item.to_owned())).collect())
}

/// Refuses what lies outside a range.
pub(super) fn check_range<T: PartialOrd + Display>(
    value: &T,
    range: &RangeInclusive<T>,
) -> Result<(), String> {
    if range.contains(value) {
        return Ok(());
    }
    Err(format!("must lie between {} and {}", range.start(), range.end()))
}
