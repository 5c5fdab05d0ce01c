//! Values for functions of the app, as text.

use bson::{Bson, Document};

/// The text of a value in extended JSON. What a client sends stays text until the function reads
/// it, within the memory of its run. There is no `Debug`: a password may be in it.
#[derive(Clone)]
pub struct ExtendedJson(String);

impl ExtendedJson {
    /// A text that is known to be JSON.
    pub fn of_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// An array of this value.
    pub(crate) fn into_array(self) -> Self {
        Self(format!("[{}]", self.0))
    }

    /// This array with the elements of another one behind its own, of which it has some.
    pub(crate) fn with_elements_of(&self, other: &Self) -> Self {
        let inner = |array: &Self| {
            let text = array.0.trim_ascii();
            text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).map(str::to_owned)
        };
        match (inner(self), inner(other)) {
            (Some(own), Some(more)) if !more.trim_ascii().is_empty() => {
                Self(format!("[{own},{more}]"))
            }
            _ => self.clone(),
        }
    }
}

impl From<Document> for ExtendedJson {
    fn from(document: Document) -> Self {
        Self(Bson::Document(document).into_canonical_extjson().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_joined_as_text() {
        let own = ExtendedJson::from(bson::doc! { "a": 1 }).into_array();
        let cases = [
            ("[]", r#"[{"a":{"$numberInt":"1"}}]"#),
            (" [ ] ", r#"[{"a":{"$numberInt":"1"}}]"#),
            (r#"["]",[2]]"#, r#"[{"a":{"$numberInt":"1"}},"]",[2]]"#),
        ];
        for (more, expected) in cases {
            assert_eq!(own.with_elements_of(&ExtendedJson::of_text(more)).text(), expected);
        }
    }
}
