//! The difference between two versions of a document, by paths.

use bson::{
    RawArray,
    RawBsonRef::{self, Array, Document},
    RawDocument,
    raw::CString,
};

use super::UpdateDescription;

/// What is different in `after`. An array that has become longer or shorter counts as one value of
/// which the items are compared, as MongoDB does it.
pub fn difference(before: &RawDocument, after: &RawDocument) -> UpdateDescription {
    let mut description = UpdateDescription::default();
    let mut found = Found { path: String::new(), description: &mut description };
    found.of_documents(before, after);
    description
}

struct Found<'d> {
    /// The path of what is compared.
    path: String,
    description: &'d mut UpdateDescription,
}

impl Found<'_> {
    fn of_documents(&mut self, before: &RawDocument, after: &RawDocument) {
        for (name, value) in after.iter().flatten() {
            let former = before.get(name).ok().flatten();
            self.within(name.as_str(), |found| match former {
                Some(former) => found.of_values(former, value),
                None => found.update(value),
            });
        }
        for (name, _) in before.iter().flatten() {
            if after.get(name).ok().flatten().is_none() {
                self.within(name.as_str(), |found| {
                    found.description.removed.push(found.path.clone());
                });
            }
        }
    }

    fn of_arrays(&mut self, before: &RawArray, after: &RawArray) {
        let mut former = before.into_iter().flatten();
        let mut length = 0_i32;
        for value in after.into_iter().flatten() {
            let former = former.next();
            self.within(&length.to_string(), |found| match former {
                Some(former) => found.of_values(former, value),
                None => found.update(value),
            });
            length = length.saturating_add(1);
        }
        if former.next().is_some() {
            self.description.truncated.push((self.path.clone(), length));
        }
    }

    fn of_values(&mut self, before: RawBsonRef<'_>, after: RawBsonRef<'_>) {
        if before == after {
            return;
        }
        match (before, after) {
            (Document(before), Document(after)) if has_own_paths(before, after) => {
                self.of_documents(before, after);
            }
            (Array(before), Array(after)) => self.of_arrays(before, after),
            _ => self.update(after),
        }
    }

    fn update(&mut self, value: RawBsonRef<'_>) {
        // The names come out of documents, in which none has a zero byte.
        if let Ok(path) = CString::try_from(self.path.as_str()) {
            self.description.updated.append(path, value);
        }
    }

    fn within(&mut self, name: &str, work: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(name);
        work(self);
        self.path.truncate(length);
    }
}

/// Whether a path leads to each field. Fields whose order alone is different have none: then the
/// whole document is the difference.
fn has_own_paths(before: &RawDocument, after: &RawDocument) -> bool {
    let is_plain = |document: &RawDocument| {
        document.iter().flatten().all(|(name, _)| !name.as_str().is_empty())
    };
    let names = |document: &RawDocument, other: &RawDocument| -> Vec<String> {
        let has = |name: &bson::raw::CStr| other.get(name).ok().flatten().is_some();
        let shared = document.iter().flatten().filter(|(name, _)| has(name));
        shared.map(|(name, _)| name.as_str().to_owned()).collect()
    };
    is_plain(before) && is_plain(after) && names(before, after) == names(after, before)
}

#[cfg(test)]
mod tests {
    use bson::{Document, RawDocumentBuf, doc};

    use super::difference;

    fn told(before: Document, after: Document) -> (Document, Vec<String>, Vec<(String, i32)>) {
        let raw = |document: &Document| RawDocumentBuf::try_from(document).unwrap();
        let found = difference(&raw(&before), &raw(&after));
        (Document::try_from(found.updated).unwrap(), found.removed, found.truncated)
    }

    #[test]
    fn fields_are_told_by_their_paths() {
        let cases = [
            (doc! {"a": 1}, doc! {"a": 2}, doc! {"a": 2}, vec![]),
            (doc! {"a": 1}, doc! {"a": 1_i64}, doc! {"a": 1_i64}, vec![]),
            (doc! {"a": 1}, doc! {"b": 1}, doc! {"b": 1}, vec!["a"]),
            (doc! {"a": {"b": 1, "c": 2}}, doc! {"a": {"b": 3}}, doc! {"a.b": 3}, vec!["a.c"]),
            (doc! {"a": [1, 2]}, doc! {"a": [1, 3, 4]}, doc! {"a.1": 3, "a.2": 4}, vec![]),
            (doc! {"a": [{"b": 1}]}, doc! {"a": [{"b": 2}]}, doc! {"a.0.b": 2}, vec![]),
            (doc! {"a": {}}, doc! {"a": []}, doc! {"a": []}, vec![]),
            (
                doc! {"a": {"b": 1, "c": 2}},
                doc! {"a": {"c": 2, "b": 1}},
                doc! {"a": {"c": 2, "b": 1}},
                vec![],
            ),
        ];
        for (before, after, updated, removed) in cases {
            let text = format!("{before} to {after}");
            let (found, gone, truncated) = told(before, after);
            assert_eq!((found, truncated), (updated, vec![]), "{text}");
            assert_eq!(gone, removed, "{text}");
        }
    }

    #[test]
    fn a_shorter_array_is_told_with_its_length() {
        let (updated, removed, truncated) = told(doc! {"a": [1, 2, 3]}, doc! {"a": [7]});
        assert_eq!((updated, removed), (doc! {"a.0": 7}, vec![]));
        assert_eq!(truncated, [("a".to_owned(), 1)]);
    }
}
