//! Settings that cannot be used, all of them at once.

use std::fmt;

/// One setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SettingError {
    /// The file with its line, the variable or the flag.
    pub(super) origin: String,
    /// What is wrong, naming the key.
    pub(super) problem: String,
    /// What to do about it.
    pub(super) remedy: String,
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n  → {}", self.origin, self.problem, self.remedy)
    }
}

/// Every setting that cannot be used; never empty.
#[derive(Debug)]
pub(crate) struct SettingErrors(pub(super) Vec<SettingError>);

impl fmt::Display for SettingErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(SettingError::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for SettingErrors {}
