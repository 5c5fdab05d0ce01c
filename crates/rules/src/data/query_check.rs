//! What users may put into queries (docs/behaviour/collection-rules.md#queries).

use bson::{RawBsonRef, RawDocument, RawDocumentBuf};
use hookstead_data::DataError;

use super::{
    bound::Bound,
    refusal::{malformed, not_for_users},
};

/// Operators whose value is a list of queries.
const LISTS: [&str; 3] = ["$and", "$or", "$nor"];

/// Operators that compare with a value, which is no query.
const VALUES: [&str; 13] = [
    "$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists", "$type", "$mod", "$size",
    "$all",
];

/// Queries in queries, deeper than any store reads them.
const DEPTH_MAX: usize = 100;

/// Refuses operators that users do not have.
pub(super) fn check(query: &RawDocument) -> Result<(), DataError> {
    walk(query, 0, &mut |_| {})
}

/// The conditions of a query that ask only about what the caller always sees: the store can be
/// asked about them first. All others are asked about what the caller sees of a document.
pub(super) fn visible_conditions(
    query: &RawDocument,
    bound: &Bound,
) -> Result<RawDocumentBuf, DataError> {
    let mut conditions = RawDocumentBuf::new();
    for element in query {
        let (name, value) = element.map_err(malformed)?;
        let mut alone = RawDocumentBuf::new();
        alone.append(name, value);
        let mut is_visible = true;
        walk(&alone, 0, &mut |path| is_visible &= bound.always_shows(path))?;
        if is_visible {
            conditions.append(name, value);
        }
    }
    Ok(conditions)
}

/// Goes through a query, and names each path that it asks about.
fn walk(query: &RawDocument, depth: usize, see: &mut dyn FnMut(&str)) -> Result<(), DataError> {
    if depth > DEPTH_MAX {
        return Err(not_for_users("a query that deep"));
    }
    for element in query {
        let (name, value) = element.map_err(malformed)?;
        match (name.as_str(), value) {
            ("$comment", _) => {}
            (list, RawBsonRef::Array(queries)) if LISTS.contains(&list) => {
                for query in queries {
                    if let RawBsonRef::Document(query) = query.map_err(malformed)? {
                        walk(query, depth + 1, see)?;
                    }
                }
            }
            (operator, _) if operator.starts_with('$') => {
                return Err(not_for_users(&format!("the operator `{}` of queries", cut(operator))));
            }
            (path, value) => {
                see(path);
                operators(value, depth)?;
            }
        }
    }
    Ok(())
}

/// Goes through the operators at a path.
fn operators(value: RawBsonRef<'_>, depth: usize) -> Result<(), DataError> {
    let RawBsonRef::Document(document) = value else { return Ok(()) };
    for element in document {
        let (name, value) = element.map_err(malformed)?;
        match (name.as_str(), value) {
            (plain, _) if !plain.starts_with('$') => {}
            (known, _) if VALUES.contains(&known) => {}
            ("$not", value) => operators(value, depth)?,
            // What it asks about lies below the path, which is seen as a whole or not at all.
            ("$elemMatch", RawBsonRef::Document(inner)) => {
                let is_query = |name: &str| !name.starts_with('$') || LISTS.contains(&name);
                let first = inner.iter().flatten().next();
                if first.is_some_and(|(name, _)| is_query(name.as_str())) {
                    walk(inner, depth + 1, &mut |_| {})?;
                } else {
                    operators(RawBsonRef::Document(inner), depth + 1)?;
                }
            }
            (operator, _) => {
                return Err(not_for_users(&format!("the operator `{}` of queries", cut(operator))));
            }
        }
    }
    Ok(())
}

/// A name as messages show it.
pub(super) fn cut(name: &str) -> &str {
    const SHOWN_BYTES_MAX: usize = 40;
    &name[..name.floor_char_boundary(SHOWN_BYTES_MAX)]
}
