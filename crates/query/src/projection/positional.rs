//! `a.$`: the item of an array at which the filter matched.

use bson::{RawArrayBuf, RawBson, RawBsonRef, RawDocument, RawDocumentBuf};

use crate::{
    Filter, MongoCode, QueryError,
    depth::malformed,
    path::{Part, Path, items},
};

/// The path before the `$`.
#[derive(Debug)]
pub(super) struct Positional {
    path: Path,
}

impl Positional {
    pub(super) fn new(path: &str) -> Self {
        Self { path: Path::new(path) }
    }

    /// Cuts the first array on the path down to one item.
    pub(super) fn apply(
        &self,
        document: &RawDocument,
        projected: RawDocumentBuf,
        filter: Option<&Filter>,
    ) -> Result<RawDocumentBuf, QueryError> {
        let first = self.path.parts().first().map_or("", |part| &part.name);
        let Some(filter) = filter.filter(|filter| filter.asks_about(first)) else {
            let path = self.path.as_str();
            let message =
                format!("Positional projection '{path}.$' does not match the query document.");
            return Err(QueryError::new(MongoCode::POSITIONAL_NOT_IN_QUERY, message));
        };
        let Some(index) = filter.matched_index(document)? else {
            let message = "the positional operator '.$' found no item of the array that matches";
            return Err(QueryError::new(MongoCode::POSITIONAL_NOT_FOUND, message));
        };
        cut(&projected, self.path.parts(), index)
    }
}

fn cut(document: &RawDocument, parts: &[Part], index: usize) -> Result<RawDocumentBuf, QueryError> {
    let mut output = RawDocumentBuf::new();
    for field in document {
        let (name, value) = field.map_err(malformed)?;
        match (parts.split_first(), value) {
            (Some((part, _)), RawBsonRef::Array(array)) if *part.name == *name.as_str() => {
                let item = items(array).nth(index).transpose()?.ok_or_else(|| {
                    let message = "the positional operator '.$' found no such item in the array";
                    QueryError::new(MongoCode::POSITIONAL_OUT_OF_RANGE, message)
                })?;
                output.append(name, RawBson::Array(RawArrayBuf::from_iter([item])));
            }
            (Some((part, rest)), RawBsonRef::Document(inner)) if *part.name == *name.as_str() => {
                output.append(name, cut(inner, rest, index)?);
            }
            _ => output.append(name, value),
        }
    }
    Ok(output)
}
