//! The lines of the fields of an export, for whoever finds something wrong with one later.

use std::{collections::BTreeMap, sync::Arc};

/// The lines of the values in a JSON file, from 1, by their paths.
pub(crate) type FileLines = Arc<BTreeMap<String, usize>>;

/// The lines of the fields of an export.
#[derive(Default, Clone)]
pub struct Lines {
    files: BTreeMap<String, FileLines>,
}

impl Lines {
    /// Remembers the lines of a file.
    pub(crate) fn insert(&mut self, file: &str, lines: FileLines) {
        self.files.insert(file.to_owned(), lines);
    }

    /// The line of a field such as `[3].can_evaluate.%%user.id`, or of what it stands in.
    pub fn of(&self, file: &str, field: &str) -> Option<usize> {
        let lines = self.files.get(file)?;
        let mut field = field;
        loop {
            if let Some(line) = lines.get(field) {
                return Some(*line);
            }
            field = &field[..field.rfind(['.', '['])?];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_without_a_line_has_that_of_what_it_stands_in() {
        let mut lines = Lines::default();
        let known = [("[0]", 2), ("[0].when", 3), ("[0].when.%%user.id", 4)];
        let known = known.map(|(field, line)| (field.to_owned(), line));
        lines.insert("a.json", Arc::new(known.into()));
        for (field, expected) in [
            ("[0].when.%%user.id", Some(4)),
            ("[0].when.%%user.id.%in[1]", Some(4)),
            ("[0].when.%or", Some(3)),
            ("[0].name", Some(2)),
            ("[1].name", None),
            ("", None),
        ] {
            assert_eq!(lines.of("a.json", field), expected, "{field}");
        }
        assert_eq!(lines.of("b.json", "[0]"), None);
    }
}
