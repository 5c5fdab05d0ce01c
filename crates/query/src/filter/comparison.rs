//! `$eq`, `$gt` and the like.
//!
//! Values compare with values of their own type only. What is missing is like null.

use std::cmp::Ordering;

use bson::{RawBson, RawBsonRef};

use crate::{
    number::Number,
    order::{compare, rank},
};

/// How a value is to stand to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A relation to a given value.
#[derive(Debug)]
pub(super) struct Comparison {
    pub(super) relation: Relation,
    pub(super) value: RawBson,
}

impl Comparison {
    pub(super) fn equal(value: RawBsonRef<'_>) -> Self {
        Self { relation: Relation::Equal, value: value.into() }
    }

    pub(super) fn matches(&self, value: Option<RawBsonRef<'_>>) -> bool {
        let given = self.value.as_raw_bson_ref();
        let Some(value) = value.filter(|value| !matches!(value, RawBsonRef::Undefined)) else {
            return match given {
                RawBsonRef::Null => self.relation.holds_for(Ordering::Equal),
                _ => self.relation.holds_to_ends(given),
            };
        };
        if rank(value) != rank(given) {
            return self.relation.holds_to_ends(given);
        }
        if is_nan(value) || is_nan(given) {
            return is_nan(value) && is_nan(given) && self.relation.holds_for(Ordering::Equal);
        }
        self.relation.holds_for(compare(value, given))
    }
}

impl Relation {
    fn holds_for(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }

    /// Whether any other value stands so to one of the ends of the order.
    fn holds_to_ends(self, given: RawBsonRef<'_>) -> bool {
        match given {
            RawBsonRef::MinKey => matches!(self, Self::Greater | Self::GreaterOrEqual),
            RawBsonRef::MaxKey => matches!(self, Self::Less | Self::LessOrEqual),
            _ => false,
        }
    }
}

fn is_nan(value: RawBsonRef<'_>) -> bool {
    match value {
        RawBsonRef::Double(number) => number.is_nan(),
        RawBsonRef::Decimal128(_) => Number::of(value).is_some_and(Number::is_nan),
        _ => false,
    }
}
