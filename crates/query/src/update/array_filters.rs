//! The conditions for `$[identifier]`.

use std::collections::{BTreeSet, HashMap};

use bson::{RawBsonRef, RawDocument, RawDocumentBuf, raw::CString};

use super::splice::broken;
use crate::{Filter, MongoCode, Parameters, QueryError};

/// A condition for elements of arrays.
#[derive(Debug)]
pub(super) struct ArrayFilter {
    /// Its name in paths.
    pub identifier: String,
    key: CString,
    filter: Filter,
}

/// The array filters of an update.
#[derive(Debug, Default)]
pub(super) struct ArrayFilters {
    filters: Vec<ArrayFilter>,
    /// Where each is, by its name in paths.
    places: HashMap<String, usize>,
}

impl ArrayFilters {
    /// Reads the array filters of an update.
    pub(super) fn parse(
        documents: &[RawDocumentBuf],
        parameters: &Parameters,
    ) -> Result<Self, QueryError> {
        let mut all = Self::default();
        for document in documents {
            let filter = ArrayFilter::parse(document, parameters).map_err(in_array_filter)?;
            let filter = filter.ok_or_else(|| {
                QueryError::new(
                    MongoCode::FAILED_TO_PARSE,
                    "Cannot use an expression without a top-level field name in arrayFilters",
                )
            })?;
            let place = all.filters.len();
            if all.places.insert(filter.identifier.clone(), place).is_some() {
                return Err(QueryError::new(
                    MongoCode::FAILED_TO_PARSE,
                    format!(
                        "Found multiple array filters with the same top-level field name {}",
                        filter.identifier
                    ),
                ));
            }
            all.filters.push(filter);
        }
        Ok(all)
    }

    /// The one with a name.
    pub(super) fn get(&self, identifier: &str) -> Option<&ArrayFilter> {
        self.places.get(identifier).and_then(|place| self.filters.get(*place))
    }

    /// All of them, in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &ArrayFilter> {
        self.filters.iter()
    }
}

impl ArrayFilter {
    /// Whether the condition holds for an element.
    pub(super) fn matches(&self, element: RawBsonRef<'_>) -> Result<bool, QueryError> {
        let mut document = RawDocumentBuf::new();
        document.append(&self.key, element);
        self.filter.matches(&document)
    }

    fn parse(document: &RawDocument, parameters: &Parameters) -> Result<Option<Self>, QueryError> {
        let filter = Filter::parse(document, parameters)?;
        let mut names = Vec::new();
        find_names(document, &mut names)?;
        let mut different: BTreeSet<&str> = BTreeSet::new();
        names.retain(|name| different.insert(name));
        let identifier = match names[..] {
            [] => return Ok(None),
            [identifier] => identifier.to_owned(),
            [first, second, ..] => {
                return Err(QueryError::new(
                    MongoCode::FAILED_TO_PARSE,
                    format!(
                        "Expected a single top-level field name, found '{first}' and '{second}'"
                    ),
                ));
            }
        };
        let is_plain = identifier.starts_with(|first: char| first.is_ascii_lowercase())
            && identifier.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_plain {
            return Err(QueryError::bad_value(format!(
                "The top-level field name must be an alphanumeric string beginning with a \
                 lowercase letter, found '{identifier}'"
            )));
        }
        let key = CString::try_from(identifier.as_str()).map_err(|error| broken(&error))?;
        Ok(Some(Self { identifier, key, filter }))
    }
}

/// The first components of all paths in a filter.
fn find_names<'a>(document: &'a RawDocument, names: &mut Vec<&'a str>) -> Result<(), QueryError> {
    for field in document {
        let (name, value) = field.map_err(|error| broken(&error))?;
        match (name.as_str(), value) {
            ("$and" | "$or" | "$nor", RawBsonRef::Array(filters)) => {
                for filter in filters {
                    if let RawBsonRef::Document(filter) = filter.map_err(|error| broken(&error))? {
                        find_names(filter, names)?;
                    }
                }
            }
            ("$expr", _) => {
                let message = "$expr is not allowed in this context";
                return Err(QueryError::new(MongoCode::QUERY_FEATURE_NOT_ALLOWED, message));
            }
            (operator, _) if operator.starts_with('$') => {}
            (path, _) => names.push(path.split('.').next().unwrap_or(path)),
        }
    }
    Ok(())
}

fn in_array_filter(error: QueryError) -> QueryError {
    let message = format!("arrayFilters: {}", error.message);
    QueryError::new(error.code, message)
}
