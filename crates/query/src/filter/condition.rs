//! Tests under one path, joined and turned over.

use bson::{RawBsonRef, RawDocument};

use super::{node::Place, test::Test};
use crate::{QueryError, path::Path};

/// What is asked about the values at a path.
///
/// Each test is put to the path by itself: two tests can be met by two items of an array.
#[derive(Debug)]
pub(super) enum Condition {
    All(Vec<Condition>),
    Not(Box<Condition>),
    Test(Test),
}

impl Condition {
    /// The condition that both hold.
    pub(super) fn all(mut conditions: Vec<Self>) -> Self {
        match conditions.pop() {
            Some(only) if conditions.is_empty() => only,
            last => {
                conditions.extend(last);
                Self::All(conditions)
            }
        }
    }

    pub(super) fn not(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// Whether it holds for what a path leads to.
    pub(super) fn matches_field(
        &self,
        document: &RawDocument,
        path: &Path,
        mut place: Place<'_>,
    ) -> Result<bool, QueryError> {
        match self {
            Self::All(conditions) => {
                for condition in conditions {
                    if !condition.matches_field(document, path, place.as_deref_mut())? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Not(condition) => Ok(!condition.matches_field(document, path, None)?),
            Self::Test(test) => path.visit(document, test.leaf(), &mut |value, index| {
                let matches = test.matches(value, place.as_deref_mut())?;
                if let Some(place) = place.as_deref_mut()
                    && matches
                    && index.is_some()
                {
                    *place = index;
                }
                Ok(matches)
            }),
        }
    }

    /// Whether it holds for one value as it stands.
    pub(super) fn matches_value(&self, value: RawBsonRef<'_>) -> Result<bool, QueryError> {
        match self {
            Self::All(conditions) => {
                for condition in conditions {
                    if !condition.matches_value(value)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Not(condition) => Ok(!condition.matches_value(value)?),
            Self::Test(test) => test.matches(Some(value), None),
        }
    }
}
