//! Questions about one value.

use bson::{RawArray, RawBsonRef};

use super::{
    bits::Bits,
    comparison::Comparison,
    condition::Condition,
    list::List,
    modulo::Modulo,
    node::{Node, Place},
    types::TypeSet,
};
use crate::{
    QueryError,
    path::{Leaf, as_document, items},
    pattern::Pattern,
};

/// A question about a value, or about its absence.
#[derive(Debug)]
pub(super) enum Test {
    Comparison(Comparison),
    In(List),
    Pattern(Box<Pattern>),
    Exists,
    Type(TypeSet),
    Modulo(Modulo),
    Bits(Bits),
    Size(usize),
    /// An item of an array that is a document and matches.
    ElementDocument(Box<Node>),
    /// An item of an array that meets a condition.
    ElementValue(Box<Condition>),
    Never,
}

impl Test {
    /// Whether the items of an array are asked one by one.
    pub(super) fn leaf(&self) -> Leaf {
        match self {
            Self::Size(_) | Self::ElementDocument(_) | Self::ElementValue(_) => Leaf::Whole,
            _ => Leaf::Items,
        }
    }

    pub(super) fn matches(
        &self,
        value: Option<RawBsonRef<'_>>,
        place: Place<'_>,
    ) -> Result<bool, QueryError> {
        match (self, value) {
            (Self::Comparison(comparison), value) => Ok(comparison.matches(value)),
            (Self::In(list), value) => list.matches(value),
            (Self::Exists, value) => Ok(value.is_some()),
            (_, None) | (Self::Never, _) => Ok(false),
            (Self::Pattern(pattern), Some(value)) => pattern.matches(value),
            (Self::Type(types), Some(value)) => Ok(types.contains(value)),
            (Self::Modulo(modulo), Some(value)) => Ok(modulo.matches(value)),
            (Self::Bits(bits), Some(value)) => Ok(bits.matches(value)),
            (Self::Size(size), Some(value)) => {
                Ok(value.as_array().is_some_and(|array| array.into_iter().count() == *size))
            }
            (Self::ElementDocument(node), Some(value)) => {
                any_item(value.as_array(), place, |item| match item {
                    RawBsonRef::Document(document) => node.matches(document, None),
                    RawBsonRef::Array(array) => node.matches(as_document(array)?, None),
                    _ => Ok(false),
                })
            }
            (Self::ElementValue(condition), Some(value)) => {
                any_item(value.as_array(), place, |item| condition.matches_value(item))
            }
        }
    }
}

fn any_item<'a>(
    array: Option<&'a RawArray>,
    place: Place<'_>,
    mut matches: impl FnMut(RawBsonRef<'a>) -> Result<bool, QueryError>,
) -> Result<bool, QueryError> {
    let Some(array) = array else { return Ok(false) };
    for (index, item) in items(array).enumerate() {
        if matches(item?)? {
            if let Some(place) = place {
                *place = Some(index);
            }
            return Ok(true);
        }
    }
    Ok(false)
}
