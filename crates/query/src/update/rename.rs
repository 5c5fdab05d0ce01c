//! `$rename`: a value goes from one path to another one.
//!
//! In the tree of the update it is two leaves: the target takes the value of the source from the
//! document as it was, and the source goes. Nothing else can change the source, because that would
//! be a conflict.

use bson::RawBsonRef;

use super::{
    leaf::{Place, id_text, not_viable},
    path::{Path, position},
    splice::broken,
    wide::Wide,
};
use crate::{MongoCode, QueryError, describe::describe_field};

/// The target of a `$rename`.
#[derive(Debug)]
pub(super) struct Rename {
    source: Path,
}

impl Rename {
    /// Reads the target of `source: target`; answers its path, too.
    pub(super) fn parse(source: Path, target: RawBsonRef<'_>) -> Result<(Path, Self), QueryError> {
        let name = target_name(&source.text, target)?;
        let target = Path::parse(name)?;
        if name.contains('\0') {
            let message = "The 'to' field for $rename cannot contain an embedded null byte";
            return Err(QueryError::bad_value(message));
        }
        let pair = || describe_field(&source.text, RawBsonRef::String(name));
        if source.text == target.text {
            return Err(QueryError::bad_value(format!(
                "The source and target field for $rename must differ: {}",
                pair()
            )));
        }
        if source.overlaps(&target) {
            return Err(QueryError::bad_value(format!(
                "The source and target field for $rename must not be on the same path: {}",
                pair()
            )));
        }
        for (path, end) in [(&source, "source"), (&target, "destination")] {
            if path.is_dynamic() {
                return Err(QueryError::bad_value(format!(
                    "The {end} field for $rename may not be dynamic: {}",
                    path.text
                )));
            }
        }
        Ok((target, Self { source }))
    }

    /// The value that gets the new name, if there is one.
    pub(super) fn source<'a>(
        &self,
        place: Place<'_, 'a>,
    ) -> Result<Option<RawBsonRef<'a>>, QueryError> {
        let Some(source) = self.find(place)? else { return Ok(None) };
        if let Some(array) = array_on_the_way(place, &self.source.text)? {
            return Err(through_an_array(place, "source", &self.source.text, &array));
        }
        let target = place.here.text();
        if let Some(array) = array_on_the_way(place, &target)? {
            return Err(through_an_array(place, "destination", &target, &array));
        }
        Ok(Some(source))
    }

    fn find<'a>(&self, place: Place<'_, 'a>) -> Result<Option<RawBsonRef<'a>>, QueryError> {
        let path = &self.source.text;
        let mut value = RawBsonRef::Document(place.document);
        let mut above = "";
        for name in path.split('.') {
            let next = match value {
                RawBsonRef::Array(_) if position(name).is_none() => None,
                RawBsonRef::Document(_) | RawBsonRef::Array(_) => {
                    Some(child(place.wide, value, name)?)
                }
                _ => None,
            };
            match next {
                Some(Some(next)) => value = next,
                Some(None) => return Ok(None),
                None => {
                    return Err(not_viable(format!(
                        "cannot use the part ({above} of {path}) to traverse the element ({{{}}})",
                        describe_field(above, value)
                    )));
                }
            }
            above = name;
        }
        Ok(Some(value))
    }
}

/// The new name of a `$rename`.
pub(super) fn target_name<'a>(source: &str, target: RawBsonRef<'a>) -> Result<&'a str, QueryError> {
    target.as_str().ok_or_else(|| {
        QueryError::bad_value(format!(
            "The 'to' field for $rename must be a string: {}",
            describe_field(source, target)
        ))
    })
}

/// A field of a document or an element of an array.
fn child<'a>(
    wide: &Wide<'a>,
    value: RawBsonRef<'a>,
    name: &str,
) -> Result<Option<RawBsonRef<'a>>, QueryError> {
    match value {
        RawBsonRef::Document(document) => wide.field(document, name),
        RawBsonRef::Array(array) => match position(name) {
            Some(index) => array.get(index).map_err(|error| broken(&error)),
            None => Ok(None),
        },
        _ => Ok(None),
    }
}

/// The name of the first array that a path leads through.
fn array_on_the_way(place: Place<'_, '_>, path: &str) -> Result<Option<String>, QueryError> {
    let mut value = RawBsonRef::Document(place.document);
    let mut names = path.split('.').peekable();
    while let Some(name) = names.next() {
        let Some(next) = child(place.wide, value, name)? else { return Ok(None) };
        if matches!(next, RawBsonRef::Array(_)) && names.peek().is_some() {
            return Ok(Some(name.to_owned()));
        }
        value = next;
    }
    Ok(None)
}

fn through_an_array(place: Place<'_, '_>, end: &str, path: &str, array: &str) -> QueryError {
    QueryError::new(
        MongoCode::BAD_VALUE,
        format!(
            "The {end} field cannot be an array element, '{path}' in doc with {} has an array \
             field called '{array}'",
            id_text(place.document)
        ),
    )
}
