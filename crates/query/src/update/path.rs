//! The paths of an update: names, the positional `$`, `$[]` and `$[identifier]`.

use crate::{MongoCode, QueryError};

/// Where an update changes something.
#[derive(Debug, Clone)]
pub(super) struct Path {
    /// As it was written.
    pub text: String,
    /// Its components, at least one.
    pub parts: Vec<Part>,
}

/// A component of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// A field of a document, or a position in an array.
    Name(String),
    /// `$`: the element that the filter matched.
    Matched,
    /// `$[identifier]`: the elements that an array filter matches. Without a name, all of them.
    Elements(String),
}

impl Path {
    /// Reads the path of an operator.
    pub(super) fn parse(text: &str) -> Result<Self, QueryError> {
        if text.is_empty() {
            let message = "An empty update path is not valid.";
            return Err(QueryError::new(MongoCode::EMPTY_FIELD_NAME, message));
        }
        if text.split('.').any(str::is_empty) {
            let message = format!(
                "The update path '{text}' contains an empty field name, which is not allowed."
            );
            return Err(QueryError::new(MongoCode::EMPTY_FIELD_NAME, message));
        }
        let path =
            Self { text: text.to_owned(), parts: text.split('.').map(Part::parse).collect() };
        path.check_positions()?;
        Ok(path)
    }

    /// A path whose components are names, whatever they look like.
    pub(super) fn of_names(text: &str) -> Self {
        let parts = text.split('.').map(|name| Part::Name(name.to_owned())).collect();
        Self { text: text.to_owned(), parts }
    }

    /// Whether it leads to what only a document shows.
    pub(super) fn is_dynamic(&self) -> bool {
        self.parts.iter().any(|part| !matches!(part, Part::Name(_)))
    }

    /// Whether one of the two leads through the other, or to the same place.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.parts.iter().zip(&other.parts).all(|(one, another)| one == another)
    }

    /// The first components, as text.
    pub(super) fn prefix(&self, parts: usize) -> &str {
        let end = self.text.match_indices('.').nth(parts.saturating_sub(1));
        end.map_or(&self.text, |(end, _)| &self.text[..end])
    }

    fn check_positions(&self) -> Result<(), QueryError> {
        let text = &self.text;
        if self.parts.iter().filter(|part| **part == Part::Matched).count() > 1 {
            return Err(QueryError::bad_value(format!(
                "Too many positional (i.e. '$') elements found in path '{text}'"
            )));
        }
        match self.parts.first() {
            Some(Part::Matched) => Err(QueryError::bad_value(format!(
                "Cannot have positional (i.e. '$') element in the first position in path '{text}'"
            ))),
            Some(Part::Elements(_)) => Err(QueryError::bad_value(format!(
                "Cannot have array filter identifier (i.e. '$[<id>]') element in the first \
                 position in path '{text}'"
            ))),
            Some(Part::Name(_)) | None => Ok(()),
        }
    }
}

impl Part {
    fn parse(text: &str) -> Self {
        if text == "$" {
            return Self::Matched;
        }
        match text.strip_prefix("$[").and_then(|rest| rest.strip_suffix(']')) {
            Some(identifier) => Self::Elements(identifier.to_owned()),
            None => Self::Name(text.to_owned()),
        }
    }
}

/// The position in an array that a component names.
pub(super) fn position(name: &str) -> Option<usize> {
    let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
    if is_number {
        name.parse::<u32>().ok().and_then(|number| number.try_into().ok())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::Path;

    #[test]
    fn a_prefix_counts_components() {
        let path = Path::of_names("a.b.c");
        assert_eq!([1, 2, 3, 4].map(|parts| path.prefix(parts)), ["a", "a.b", "a.b.c", "a.b.c"]);
    }

    #[test]
    fn paths_overlap_when_one_leads_through_the_other() {
        let overlap = |one, another| Path::of_names(one).overlaps(&Path::of_names(another));
        assert!(overlap("a.b", "a"));
        assert!(overlap("a", "a"));
        assert!(!overlap("a.b", "a.c"));
        assert!(!overlap("ab", "a"));
    }
}
