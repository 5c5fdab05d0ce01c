//! `$in`: a list of values and patterns.

use bson::{RawArray, RawBson, RawBsonRef};

use crate::{
    QueryError,
    order::compare,
    path::{fields, items},
    pattern::Pattern,
};

/// Values and patterns, of which one has to match.
#[derive(Debug)]
pub(super) struct List {
    /// In order, each once.
    values: Vec<RawBson>,
    patterns: Vec<Pattern>,
    /// Whether null is among them, and with it what is missing.
    has_null: bool,
}

impl List {
    pub(super) fn parse(array: &RawArray) -> Result<Self, QueryError> {
        let mut list = Self { values: Vec::new(), patterns: Vec::new(), has_null: false };
        for item in items(array) {
            match item? {
                RawBsonRef::RegularExpression(regex) => {
                    let (source, options) = (regex.pattern.as_str(), regex.options.as_str());
                    list.patterns.push(Pattern::new(source, options)?);
                }
                RawBsonRef::Undefined => {
                    return Err(QueryError::bad_value("$in: a value must not be undefined"));
                }
                RawBsonRef::Document(document)
                    if fields(document)
                        .next()
                        .transpose()?
                        .is_some_and(|(name, _)| is_operator(name)) =>
                {
                    return Err(QueryError::bad_value("$in: an item must not be an operator"));
                }
                value => list.values.push(value.into()),
            }
        }
        list.values.sort_by(|a, b| compare(a.as_raw_bson_ref(), b.as_raw_bson_ref()));
        list.values.dedup_by(|a, b| compare(a.as_raw_bson_ref(), b.as_raw_bson_ref()).is_eq());
        list.has_null = list.values.contains(&RawBson::Null);
        Ok(list)
    }

    /// The values, if there are no patterns beside them.
    pub(super) fn values(&self) -> Option<&[RawBson]> {
        self.patterns.is_empty().then_some(&self.values)
    }

    pub(super) fn matches(&self, value: Option<RawBsonRef<'_>>) -> Result<bool, QueryError> {
        let Some(value) = value.filter(|value| !matches!(value, RawBsonRef::Undefined)) else {
            return Ok(self.has_null);
        };
        let place = self.values.binary_search_by(|one| compare(one.as_raw_bson_ref(), value));
        if place.is_ok() {
            return Ok(true);
        }
        for pattern in &self.patterns {
            if pattern.matches(value)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Whether a name is that of an operator; references to documents have names that look alike.
fn is_operator(name: &str) -> bool {
    name.starts_with('$') && !matches!(name, "$ref" | "$id" | "$db")
}
