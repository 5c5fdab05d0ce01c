//! What no store is asked to do, in the same words for all of them.

use bson::RawDocument;

use crate::{DataError, ErrorKind, Modification, MongoCode, UpdateSpec};

/// The longest document of a collection.
pub(crate) const DOCUMENT_BYTES_MAX: usize = 16 << 20;

/// Refuses to write nothing.
pub(crate) fn count(writes: usize) -> Result<(), DataError> {
    if writes > 0 {
        return Ok(());
    }
    let message = "Write batch sizes must be between 1 and 100000. Got 0 operations.";
    Err(DataError::new(ErrorKind::Refused, message).with_code(MongoCode::INVALID_LENGTH))
}

/// An update without operators would replace the whole document, and one with them has no place in
/// a replacement. To a server both look the same.
pub(crate) fn modification(modification: &Modification) -> Result<(), DataError> {
    let refused = |message: &str| {
        Err(DataError::new(ErrorKind::Refused, message).with_code(MongoCode::FAILED_TO_PARSE))
    };
    match modification {
        Modification::Replacement(document) if has_operator(document) => {
            refused("replacement document cannot contain keys beginning with '$'")
        }
        Modification::Replacement(document) => size(document),
        Modification::Update(UpdateSpec::Operators(document, _)) if document.is_empty() => {
            refused("update document must have at least one element")
        }
        Modification::Update(UpdateSpec::Operators(document, _)) if !has_operator(document) => {
            refused("update document must contain key beginning with '$'")
        }
        _ => Ok(()),
    }
}

/// Refuses a document that is too long.
pub(crate) fn size(document: &RawDocument) -> Result<(), DataError> {
    let bytes = document.as_bytes().len();
    if bytes <= DOCUMENT_BYTES_MAX {
        return Ok(());
    }
    let message = format!(
        "object to insert too large. size in bytes: {bytes}, max size: {DOCUMENT_BYTES_MAX}"
    );
    Err(DataError::new(ErrorKind::Refused, message).with_code(MongoCode::BAD_VALUE))
}

fn has_operator(document: &RawDocument) -> bool {
    let mut fields = document.iter();
    matches!(fields.next(), Some(Ok((name, _))) if name.as_str().starts_with('$'))
}
