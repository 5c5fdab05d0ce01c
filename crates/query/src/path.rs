//! Dotted paths, and how queries follow them through documents and arrays.
//!
//! On its way, a path goes into every document of an array, and also takes a number for an index
//! of it. At its end, most conditions look at each item of an array and then at the array itself.

use bson::{RawArray, RawBsonRef, RawDocument};

pub(crate) use crate::scan::field;
use crate::{QueryError, depth::malformed, interrupt::step};

/// A path such as `a.b.0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    text: Box<str>,
    parts: Box<[Part]>,
}

/// One name between the dots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) name: Box<str>,
    /// The number that the name is, written as indexes of arrays are.
    pub(crate) index: Option<usize>,
}

/// What a path that ends at an array leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaf {
    /// Each item, and then the array.
    Items,
    /// The array alone.
    Whole,
}

/// What a path leads to: a value, or nothing; with the index in the outermost array that the path
/// went through by itself. The answer is whether to stop.
pub(crate) type See<'s, 'a> =
    dyn FnMut(Option<RawBsonRef<'a>>, Option<usize>) -> Result<bool, QueryError> + 's;

impl Path {
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.into(), parts: text.split('.').map(Part::new).collect() }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Shows everything that the path leads to, until `see` says to stop; whether it did.
    pub(crate) fn visit<'a>(
        &self,
        document: &'a RawDocument,
        leaf: Leaf,
        see: &mut See<'_, 'a>,
    ) -> Result<bool, QueryError> {
        step()?;
        let way = Way { leaf, index: None, forks: 0 };
        visit(document, &self.parts, way, see)
    }
}

impl Part {
    fn new(name: &str) -> Self {
        let index = name.parse().ok().filter(|index: &usize| index.to_string() == name);
        Self { name: name.into(), index }
    }
}

/// The items of an array.
pub(crate) fn items(array: &RawArray) -> impl Iterator<Item = Result<RawBsonRef<'_>, QueryError>> {
    array.into_iter().map(|item| {
        step()?;
        item.map_err(malformed)
    })
}

/// The fields of a document.
pub(crate) fn fields(
    document: &RawDocument,
) -> impl Iterator<Item = Result<(&str, RawBsonRef<'_>), QueryError>> {
    document.iter().map(|field| {
        step()?;
        let (name, value) = field.map_err(malformed)?;
        Ok((name.as_str(), value))
    })
}

/// An array as the document that it is: with indexes for names.
pub(crate) fn as_document(array: &RawArray) -> Result<&RawDocument, QueryError> {
    RawDocument::from_bytes(array.as_bytes()).map_err(malformed)
}

/// How a path has come to where it is.
#[derive(Clone, Copy)]
struct Way {
    leaf: Leaf,
    /// The index in the outermost array that the path went through by itself.
    index: Option<usize>,
    forks: usize,
}

impl Way {
    /// The way from here, where a number is taken both for an index and for a name.
    ///
    /// Behind each fork there is twice as much to look at, so that their number is limited.
    fn fork(self) -> Result<Self, QueryError> {
        check_forks(self.forks + 1)?;
        Ok(Self { forks: self.forks + 1, ..self })
    }
}

/// Refuses a path that a document leads into too many directions.
pub(crate) fn check_forks(count: usize) -> Result<(), QueryError> {
    const FORKS_MAX: usize = 8;
    if count <= FORKS_MAX {
        return Ok(());
    }
    let message = format!(
        "a path may lead at most {FORKS_MAX} times into a document of an array by a number that \
         is both its position and a field name in it"
    );
    Err(QueryError::bad_value(message))
}

fn visit<'a>(
    document: &'a RawDocument,
    parts: &[Part],
    way: Way,
    see: &mut See<'_, 'a>,
) -> Result<bool, QueryError> {
    let mut current = document;
    let mut parts = parts;
    while let Some((part, rest)) = parts.split_first() {
        parts = rest;
        match field(current, &part.name)? {
            Some(RawBsonRef::Document(inner)) if !rest.is_empty() => current = inner,
            Some(RawBsonRef::Array(array)) if !rest.is_empty() => {
                return visit_items(array, rest, way, see);
            }
            Some(RawBsonRef::Array(array)) => return visit_array(array, way, see),
            value => return see(value.filter(|_| rest.is_empty()), way.index),
        }
    }
    Ok(false)
}

/// An array at the end of a path.
fn visit_array<'a>(
    array: &'a RawArray,
    way: Way,
    see: &mut See<'_, 'a>,
) -> Result<bool, QueryError> {
    if way.leaf == Leaf::Items {
        for (place, item) in items(array).enumerate() {
            if see(Some(item?), way.index.or(Some(place)))? {
                return Ok(true);
            }
        }
    }
    see(Some(RawBsonRef::Array(array)), way.index)
}

/// An array on the way, with what is left of the path.
fn visit_items<'a>(
    array: &'a RawArray,
    parts: &[Part],
    way: Way,
    see: &mut See<'_, 'a>,
) -> Result<bool, QueryError> {
    let Some((part, rest)) = parts.split_first() else { return Ok(false) };
    for (place, item) in items(array).enumerate() {
        let item = item?;
        let here = way.index.or(Some(place));
        let is_named = part.index == Some(place);
        let is_fork = is_named && matches!(item, RawBsonRef::Document(_)) && !rest.is_empty();
        let way = if is_fork { way.fork()? } else { way };
        if let RawBsonRef::Document(inner) = item
            && visit(inner, parts, Way { index: here, ..way }, see)?
        {
            return Ok(true);
        }
        if !is_named {
            continue;
        }
        // The path named this index, so that it is not one found on the way.
        let stop = match item {
            item if rest.is_empty() => see(Some(item), here)?,
            RawBsonRef::Document(inner) => visit(inner, rest, way, see)?,
            RawBsonRef::Array(inner) => visit_items(inner, rest, way, see)?,
            _ => false,
        };
        if stop {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use bson::{Bson, RawDocumentBuf, bson, doc};

    use super::*;

    /// What a path leads to, with `"-"` for nothing.
    #[track_caller]
    fn check(document: bson::Document, path: &str, expected: Bson) {
        let document = RawDocumentBuf::try_from(&document).unwrap();
        let mut seen = Vec::new();
        let stopped = Path::new(path).visit(&document, Leaf::Items, &mut |value, index| {
            let value = value.map_or(bson!("-"), |value| value.try_into().unwrap());
            seen.push(bson!([value, index.map(|index| index as i32)]));
            Ok(false)
        });
        assert!(!stopped.unwrap());
        assert_eq!(Bson::Array(seen), expected, "{path}");
    }

    #[test]
    fn paths_go_through_documents() {
        check(doc! {"a": {"b": 1}}, "a.b", bson!([[1, null]]));
        check(doc! {"a": {"b": 1}}, "a.c", bson!([["-", null]]));
        check(doc! {"a": 5}, "a.b", bson!([["-", null]]));
        check(doc! {}, "a", bson!([["-", null]]));
        check(doc! {"a": {"0": 1}}, "a.0", bson!([[1, null]]));
    }

    #[test]
    fn paths_end_at_the_items_and_the_array() {
        check(doc! {"a": [1, [2]]}, "a", bson!([[1, 0], [[2], 1], [[1, [2]], null]]));
        check(doc! {"a": []}, "a", bson!([[[], null]]));
    }

    #[test]
    fn paths_go_into_the_documents_of_arrays() {
        let document = doc! {"a": [{"b": 5}, 3, {}, {"b": [9]}, [{"b": 7}]]};
        check(document, "a.b", bson!([[5, 0], ["-", 2], [9, 3], [[9], 3]]));
        check(doc! {"a": []}, "a.b", bson!([]));
        check(doc! {"a": [{"b": [{"c": 1}, {"c": 2}]}]}, "a.b.c", bson!([[1, 0], [2, 0]]));
    }

    #[test]
    fn numbers_are_indexes_and_names() {
        check(doc! {"a": [5, [2, 4]]}, "a.1", bson!([[[2, 4], 1]]));
        check(doc! {"a": [5, {"1": 4}]}, "a.1", bson!([[4, 1], [{"1": 4}, 1]]));
        check(doc! {"a": [5, {"b": 4}]}, "a.1.b", bson!([["-", 1], [4, null]]));
        check(doc! {"a": [[5]]}, "a.0.0", bson!([[5, 0]]));
        check(doc! {"a": [[{"b": 1}]]}, "a.0.b", bson!([[1, 0]]));
        check(doc! {"a": [5]}, "a.00", bson!([]));
    }
}
