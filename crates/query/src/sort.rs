//! The order that documents are asked for in.
//!
//! A document has one [key](crate::append_key) for a sort. Where a path goes through an array, the
//! document has a key for each item, and the one that comes first stands for it: the least
//! value in an ascending order, the greatest in a descending one.

use bson::{RawArray, RawBsonRef, RawDocument};

use crate::{
    MongoCode, QueryError,
    depth::check_sort_fields,
    describe::describe_field,
    field_path,
    key::append_key,
    key::turn_over,
    number::Number,
    path::{Part, Path, field, fields, items},
};

/// `BadValue`: two paths through two arrays.
const PARALLEL_ARRAYS: &str = "cannot sort with keys that are parallel arrays";

/// Paths with directions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sort {
    fields: Vec<SortField>,
    natural: Option<Direction>,
}

/// Which way values go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Least first.
    Ascending,
    /// Greatest first.
    Descending,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct SortField {
    path: Path,
    direction: Direction,
}

/// How far a field's way through a document has come.
#[derive(Clone, Copy)]
enum Way<'p, 'a> {
    Ahead(&'p [Part]),
    AtArray(&'a RawArray, &'p [Part]),
    Done(RawBsonRef<'a>),
}

impl Sort {
    /// Reads a specification such as `{a: 1, "b.c": -1}`, or `{$natural: 1}`.
    ///
    /// # Errors
    /// What a MongoDB server refuses, or what the embedded store does not have.
    pub fn parse(specification: &RawDocument) -> Result<Self, QueryError> {
        let mut sort = Self::default();
        for field in fields(specification) {
            let (name, value) = field?;
            if matches!(value, RawBsonRef::Document(_)) {
                return Err(QueryError::not_supported("a sort by $meta"));
            }
            let direction = Direction::parse(name, value)?;
            if name == "$natural" {
                sort.natural = Some(direction);
                continue;
            }
            field_path::check(name)?;
            if sort.fields.iter().any(|known| known.path.as_str() == name) {
                continue;
            }
            sort.fields.push(SortField { path: Path::new(name), direction });
            check_sort_fields(sort.fields.len())?;
        }
        if sort.natural.is_some() && !sort.fields.is_empty() {
            let message = "Cannot include '$natural' in compound sort";
            return Err(QueryError::bad_value(message));
        }
        Ok(sort)
    }

    /// Whether documents may come in any order.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The direction of `$natural`: as documents are stored, or the other way round.
    pub fn natural(&self) -> Option<Direction> {
        self.natural
    }

    /// The paths with their directions.
    pub fn fields(&self) -> impl Iterator<Item = (&str, Direction)> {
        self.fields.iter().map(|field| (field.path.as_str(), field.direction))
    }

    /// Appends the key of a document: keys sort as the documents are to come.
    ///
    /// # Errors
    /// The document cannot be sorted by these fields, or the computation was interrupted.
    pub fn append_key(&self, document: &RawDocument, key: &mut Vec<u8>) -> Result<(), QueryError> {
        let start = key.len();
        for field in &self.fields {
            match walk(document, field.path.parts())? {
                Way::Done(value) => field.direction.append(value, key),
                _ => {
                    key.truncate(start);
                    return self.append_first_key(document, key);
                }
            }
        }
        Ok(())
    }

    /// The same where a path goes through an array.
    fn append_first_key(
        &self,
        document: &RawDocument,
        key: &mut Vec<u8>,
    ) -> Result<(), QueryError> {
        let ways = self.fields.iter().map(|field| Way::Ahead(field.path.parts())).collect();
        let mut first = None;
        self.expand(Some(document), ways, &mut first)?;
        key.extend(first.unwrap_or_default());
        Ok(())
    }

    /// Finds the key that comes first of all that a document has.
    fn expand<'a>(
        &self,
        document: Option<&'a RawDocument>,
        mut ways: Vec<Way<'_, 'a>>,
        first: &mut Option<Vec<u8>>,
    ) -> Result<(), QueryError> {
        let mut array: Option<&'a RawArray> = None;
        for way in &mut ways {
            if let Way::Ahead(parts) = *way {
                *way = match document {
                    Some(document) => walk(document, parts)?,
                    None => Way::Done(RawBsonRef::Null),
                };
            }
            if let Way::AtArray(found, _) = *way {
                // The same array is the same bytes at the same place.
                if array.is_some_and(|known| known.as_bytes().as_ptr() != found.as_bytes().as_ptr())
                {
                    return Err(QueryError::bad_value(PARALLEL_ARRAYS));
                }
                array = Some(found);
            }
        }
        let Some(array) = array else {
            self.keep_first(&ways, first);
            return Ok(());
        };
        let mut is_empty = true;
        for item in items(array) {
            is_empty = false;
            self.expand_item(&ways, item?, first)?;
        }
        if is_empty {
            self.expand_item(&ways, RawBsonRef::Undefined, first)?;
        }
        Ok(())
    }

    /// Goes on from one item of the array that some of the ways have come to.
    fn expand_item<'a>(
        &self,
        ways: &[Way<'_, 'a>],
        item: RawBsonRef<'a>,
        first: &mut Option<Vec<u8>>,
    ) -> Result<(), QueryError> {
        let ways = ways
            .iter()
            .map(|way| match *way {
                Way::AtArray(_, []) => Way::Done(item),
                Way::AtArray(_, rest) => Way::Ahead(rest),
                other => other,
            })
            .collect();
        self.expand(item.as_document(), ways, first)
    }

    fn keep_first(&self, ways: &[Way<'_, '_>], first: &mut Option<Vec<u8>>) {
        let mut key = Vec::new();
        for (field, way) in self.fields.iter().zip(ways) {
            if let Way::Done(value) = way {
                field.direction.append(*value, &mut key);
            }
        }
        if first.as_ref().is_none_or(|known| key < *known) {
            *first = Some(key);
        }
    }
}

impl Direction {
    fn parse(name: &str, value: RawBsonRef<'_>) -> Result<Self, QueryError> {
        let Some(number) = Number::of(value) else {
            let shown = describe_field(name, value);
            let message = format!("Illegal key in $sort specification: {shown}");
            return Err(QueryError::new(MongoCode::SORT_KEY_ILLEGAL, message));
        };
        match number.whole() {
            Some(1) => Ok(Self::Ascending),
            Some(-1) => Ok(Self::Descending),
            _ => {
                let message = "$sort key ordering must be 1 (for ascending) or -1 (for descending)";
                Err(QueryError::new(MongoCode::SORT_ORDER_ILLEGAL, message))
            }
        }
    }

    /// Appends the key of a value.
    fn append(self, value: RawBsonRef<'_>, key: &mut Vec<u8>) {
        let start = key.len();
        append_key(value, key);
        if self == Self::Descending {
            turn_over(key, start);
        }
    }
}

/// Follows a path until it ends or meets an array.
fn walk<'p, 'a>(
    document: &'a RawDocument,
    mut parts: &'p [Part],
) -> Result<Way<'p, 'a>, QueryError> {
    let mut value = RawBsonRef::Document(document);
    loop {
        let rest = match (value, parts) {
            (RawBsonRef::Array(array), [part, rest @ ..]) => match indexed(array, part)? {
                Some(item) => {
                    value = item;
                    rest
                }
                None => return Ok(Way::AtArray(array, parts)),
            },
            (RawBsonRef::Array(array), []) => return Ok(Way::AtArray(array, parts)),
            (value, []) => return Ok(Way::Done(value)),
            (RawBsonRef::Document(inner), [part, rest @ ..]) => match field(inner, &part.name)? {
                Some(found) => {
                    value = found;
                    rest
                }
                None => return Ok(Way::Done(RawBsonRef::Null)),
            },
            _ => return Ok(Way::Done(RawBsonRef::Null)),
        };
        parts = rest;
    }
}

/// The item that a number in a path means; nothing if it has to be a name.
fn indexed<'a>(array: &'a RawArray, part: &Part) -> Result<Option<RawBsonRef<'a>>, QueryError> {
    let Some(index) = part.index else { return Ok(None) };
    let mut found = None;
    let mut is_name = false;
    for (place, item) in items(array).enumerate() {
        let item = item?;
        if place == index {
            found = Some(item);
        }
        if let RawBsonRef::Document(inner) = item {
            is_name |= field(inner, &part.name)?.is_some();
        }
    }
    match (found, is_name) {
        (Some(_), true) => {
            let message = format!(
                "Ambiguous field name found in array (do not use numeric field names in embedded \
                 elements in an array), field: '{}'",
                part.name
            );
            Err(QueryError::new(MongoCode::AMBIGUOUS_FIELD_NAME, message))
        }
        (None, true) => Ok(None),
        (found, false) => Ok(Some(found.unwrap_or(RawBsonRef::Null))),
    }
}
