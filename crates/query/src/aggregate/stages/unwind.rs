//! `$unwind`: a document for each element of an array.

use bson::{RawBsonRef, RawDocument, RawDocumentBuf};

use crate::{
    MongoCode, QueryError,
    aggregate::{
        context::Context,
        documents::{Collections, Documents},
        path::Path,
        raw::{Element, Elements, malformed},
        stage::{Operation, Stage},
        write::Writer,
    },
    expression::type_name,
    memory::HeldBytes,
};

/// Parses `$unwind`.
pub(in crate::aggregate) fn parse(
    value: RawBsonRef<'_>,
    _context: Context<'_>,
) -> Result<Vec<Stage>, QueryError> {
    let unwind = match value {
        RawBsonRef::String(path) => {
            Unwind { path: parse_path(path)?, index: None, preserves_empty: false }
        }
        RawBsonRef::Document(document) => parse_options(document)?,
        other => {
            let text = format!(
                "expected either a string or an object as specification for $unwind stage, got {}",
                type_name(Some(other))
            );
            return Err(QueryError::new(MongoCode::UNWIND_NOT_OBJECT, text));
        }
    };
    Ok(vec![Stage::Other(Box::new(unwind))])
}

struct Unwind {
    path: Path,
    /// Where the position of the element goes.
    index: Option<Path>,
    preserves_empty: bool,
}

impl Operation for Unwind {
    fn run<'a>(&'a self, source: Documents<'a>, _: &'a dyn Collections) -> Documents<'a> {
        Box::new(Unwinding { unwind: self, source, current: None, held: HeldBytes::default() })
    }
}

struct Unwinding<'a> {
    unwind: &'a Unwind,
    source: Documents<'a>,
    current: Option<Current>,
    /// The memory of that document.
    held: HeldBytes,
}

/// A document whose array is being taken apart.
struct Current {
    document: RawDocumentBuf,
    /// Where the next element of the array begins.
    offset: usize,
    index: i64,
}

/// What is at the end of the path.
enum Found {
    /// Nothing to take apart.
    Nothing,
    /// An array without elements.
    Empty,
    /// A plain value, which counts as an array of itself.
    Single,
    /// An array.
    Array,
}

impl Iterator for Unwinding<'_> {
    type Item = Result<RawDocumentBuf, QueryError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(current) = &mut self.current {
                match self.unwind.element(current) {
                    Ok(Some(document)) => return Some(Ok(document)),
                    Ok(None) => {
                        self.current = None;
                        self.held = HeldBytes::default();
                    }
                    Err(error) => {
                        self.current = None;
                        return Some(Err(error));
                    }
                }
            }
            let document = match self.source.next()? {
                Ok(document) => document,
                Err(error) => return Some(Err(error)),
            };
            let found = match self.unwind.find(&document) {
                Ok(found) => found,
                Err(error) => return Some(Err(error)),
            };
            match found {
                Found::Array => {
                    match HeldBytes::of_document(document.as_bytes().len()) {
                        Ok(held) => self.held = held,
                        Err(error) => return Some(Err(error)),
                    }
                    self.current = Some(Current { document, offset: 4, index: 0 });
                }
                Found::Single => return Some(self.unwind.with_index(document, None)),
                Found::Nothing if self.unwind.preserves_empty => {
                    return Some(self.unwind.with_index(document, None));
                }
                Found::Empty if self.unwind.preserves_empty => {
                    return Some(self.unwind.without_field(&document));
                }
                Found::Nothing | Found::Empty => {}
            }
        }
    }
}

impl Unwind {
    fn find(&self, document: &RawDocument) -> Result<Found, QueryError> {
        let Some(element) = self.path.find(document)? else { return Ok(Found::Nothing) };
        if let Some(array) = element.array() {
            return Ok(if array.is_empty() { Found::Empty } else { Found::Array });
        }
        Ok(match element.value()? {
            RawBsonRef::Null | RawBsonRef::Undefined => Found::Nothing,
            _ => Found::Single,
        })
    }

    /// The document with the next element in the place of its array.
    fn element(&self, current: &mut Current) -> Result<Option<RawDocumentBuf>, QueryError> {
        let found = self.path.find(&current.document)?;
        let Some(array) = found.and_then(|element| element.array()) else { return Ok(None) };
        let Some(element) = Elements::from(array, current.offset).next() else { return Ok(None) };
        let element = element?;
        let document = self.replaced(&current.document, Some(element))?;
        let index = current.index;
        current.offset += element.whole().len();
        current.index += 1;
        self.with_index(document, Some(index)).map(Some)
    }

    fn without_field(&self, document: &RawDocument) -> Result<RawDocumentBuf, QueryError> {
        self.with_index(self.replaced(document, None)?, None)
    }

    fn replaced(
        &self,
        document: &RawDocument,
        element: Option<Element<'_>>,
    ) -> Result<RawDocumentBuf, QueryError> {
        let mut writer = Writer::with_capacity(document.as_bytes().len());
        self.path.replace(document, &mut writer, &mut |writer, name| {
            if let Some(element) = element {
                writer.copy_as(name, element)?;
            }
            Ok(())
        })?;
        writer.finish()
    }

    fn with_index(
        &self,
        document: RawDocumentBuf,
        index: Option<i64>,
    ) -> Result<RawDocumentBuf, QueryError> {
        let Some(path) = &self.index else { return Ok(document) };
        let mut writer = Writer::with_capacity(document.as_bytes().len() + 32);
        path.replace(&document, &mut writer, &mut |writer, name| {
            writer.append(name, index.map_or(RawBsonRef::Null, RawBsonRef::Int64))
        })?;
        writer.finish()
    }
}

fn parse_options(document: &RawDocument) -> Result<Unwind, QueryError> {
    let (mut path, mut index, mut preserves_empty) = (None, None, false);
    for field in document {
        let (name, value) = field.map_err(|_| malformed())?;
        let found = type_name(Some(value));
        match (name.as_str(), value) {
            ("path", RawBsonRef::String(text)) => path = Some(parse_path(text)?),
            ("path", _) => {
                let text = format!("expected a string as the path for $unwind stage, got {found}");
                return Err(QueryError::new(MongoCode::UNWIND_PATH_NOT_STRING, text));
            }
            ("preserveNullAndEmptyArrays", RawBsonRef::Boolean(is)) => preserves_empty = is,
            ("preserveNullAndEmptyArrays", _) => {
                let text = format!(
                    "expected a boolean for the preserveNullAndEmptyArrays option to $unwind \
                     stage, got {found}"
                );
                return Err(QueryError::new(MongoCode::UNWIND_PRESERVE_NOT_BOOL, text));
            }
            ("includeArrayIndex", RawBsonRef::String(text)) if !text.is_empty() => {
                if text.starts_with('$') {
                    let text = format!(
                        "includeArrayIndex option to $unwind stage should not be prefixed with a \
                         '$': {text}"
                    );
                    return Err(QueryError::new(MongoCode::UNWIND_INDEX_STARTS_WITH_DOLLAR, text));
                }
                index = Some(Path::parse(text)?);
            }
            ("includeArrayIndex", _) => {
                let text = format!(
                    "expected a non-empty string for the includeArrayIndex  option to $unwind \
                     stage, got {found}"
                );
                return Err(QueryError::new(MongoCode::UNWIND_INDEX_NOT_STRING, text));
            }
            (other, _) => {
                let text = format!("unrecognized option to $unwind stage: {other}");
                return Err(QueryError::new(MongoCode::UNWIND_OPTION_UNKNOWN, text));
            }
        }
    }
    let path = path.ok_or_else(|| {
        QueryError::new(MongoCode::UNWIND_PATH_MISSING, "no path specified to $unwind stage")
    })?;
    Ok(Unwind { path, index, preserves_empty })
}

fn parse_path(text: &str) -> Result<Path, QueryError> {
    if text.is_empty() {
        return Err(QueryError::new(
            MongoCode::UNWIND_PATH_MISSING,
            "no path specified to $unwind stage",
        ));
    }
    let Some(path) = text.strip_prefix('$') else {
        let text = format!("path option to $unwind stage should be prefixed with a '$': {text}");
        return Err(QueryError::new(MongoCode::UNWIND_PATH_WITHOUT_DOLLAR, text));
    };
    Path::parse(path)
}
