//! Which documents may be kept.

use bson::{
    RawBsonRef, RawDocument, RawDocumentBuf,
    oid::ObjectId,
    raw::{CStr, cstr},
};

use crate::{
    MongoCode, check,
    embedded::failure::{Failure, Outcome},
};

/// How deep its documents and arrays may be nested.
const DEPTH_MAX: usize = 180;

/// A document as it is kept: with its `_id`, which comes first.
pub(crate) fn to_insert(document: RawDocumentBuf) -> Outcome<RawDocumentBuf> {
    check::size(&document)?;
    check_depth(&document, 0)?;
    let is_id = |field: &Result<(&CStr, RawBsonRef<'_>), _>| {
        field.as_ref().is_ok_and(|(name, _)| *name == "_id")
    };
    let mut ids = document.iter().filter(is_id).flatten();
    let (id, another) = (ids.next(), ids.next());
    if another.is_some() {
        return Err(Failure::refused(
            MongoCode::BAD_VALUE,
            "can't have multiple _id fields in one document",
        ));
    }
    let Some((_, id)) = id else {
        return Ok(with_id(RawBsonRef::ObjectId(ObjectId::new()), &document));
    };
    check_id(id)?;
    if document.iter().next().as_ref().is_some_and(is_id) {
        return Ok(document);
    }
    Ok(with_id(id, &document))
}

fn with_id(id: RawBsonRef<'_>, document: &RawDocument) -> RawDocumentBuf {
    let mut whole = RawDocumentBuf::new();
    whole.append(cstr!("_id"), id);
    for (name, value) in document.iter().flatten().filter(|(name, _)| *name != "_id") {
        whole.append(name, value);
    }
    whole
}

fn check_id(id: RawBsonRef<'_>) -> Outcome<()> {
    let kind = match id {
        RawBsonRef::Array(_) => "array",
        RawBsonRef::RegularExpression(_) => "regex",
        RawBsonRef::Undefined => "undefined",
        RawBsonRef::Document(inner) => return check_names(inner),
        _ => return Ok(()),
    };
    Err(Failure::refused(
        MongoCode::INVALID_ID_FIELD,
        format!("The '_id' value cannot be of type {kind}"),
    ))
}

/// An `_id` that is a document must not look like a condition.
fn check_names(id: &RawDocument) -> Outcome<()> {
    match id.iter().flatten().find(|(name, _)| name.as_str().starts_with('$')) {
        None => Ok(()),
        Some((name, _)) => {
            let name = name.as_str();
            let message = format!(
                "_id fields may not contain '$'-prefixed fields: {name} is not valid for storage."
            );
            Err(Failure::refused(MongoCode::DOLLAR_PREFIXED_FIELD_NAME, message))
        }
    }
}

/// Also finds bytes that are no BSON.
fn check_depth(document: &RawDocument, depth: usize) -> Outcome<()> {
    if depth >= DEPTH_MAX {
        let message =
            format!("cannot insert document because it exceeds {DEPTH_MAX} levels of nesting");
        return Err(Failure::refused(MongoCode::OVERFLOW, message));
    }
    for field in document {
        match field.map_err(broken)?.1 {
            RawBsonRef::Document(inner) => check_depth(inner, depth + 1)?,
            RawBsonRef::Array(items) => {
                let items = RawDocument::from_bytes(items.as_bytes()).map_err(broken)?;
                check_depth(items, depth + 1)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn broken(error: impl std::fmt::Display) -> Failure {
    Failure::refused(MongoCode::INVALID_BSON, format!("the document is no BSON: {error}"))
}
