//! What a query says about single fields, for indexes and for upserts.

use bson::{RawBson, RawBsonRef};

use super::{
    comparison::{Comparison, Relation},
    condition::Condition,
    node::Node,
    test::Test,
};

/// What a path has to lead to in every matching document.
///
/// Null also stands for what is missing or undefined.
#[derive(Debug, Clone, PartialEq)]
pub enum Bound<'a> {
    /// One value.
    Equal(RawBsonRef<'a>),
    /// One of some values, which are in order.
    In(&'a [RawBson]),
    /// A value of the same type on one side of this one.
    Range {
        /// Which side.
        side: Side,
        /// Whether the value itself will do.
        inclusive: bool,
        /// Where the range ends. `MinKey` and `MaxKey` stand for every type.
        value: RawBsonRef<'a>,
    },
}

/// A side of a value in the order of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Values before it.
    Below,
    /// Values after it.
    Above,
}

/// What all matching documents have in common.
pub(super) fn bounds(root: &Node) -> Vec<(&str, Bound<'_>)> {
    let mut found = Vec::new();
    collect(root, &mut |path, test| {
        let bound = match test {
            Test::Comparison(comparison) => of_comparison(comparison),
            Test::In(list) => match list.values() {
                Some([only]) => Bound::Equal(only.as_raw_bson_ref()),
                Some(values) => Bound::In(values),
                None => return,
            },
            _ => return,
        };
        found.push((path, bound));
    });
    found
}

/// What all matching documents have to be equal to.
pub(super) fn equalities(root: &Node) -> Vec<(&str, RawBsonRef<'_>)> {
    let equal = |(path, bound)| match bound {
        Bound::Equal(value) => Some((path, value)),
        _ => None,
    };
    bounds(root).into_iter().filter_map(equal).collect()
}

fn of_comparison(comparison: &Comparison) -> Bound<'_> {
    let value = comparison.value.as_raw_bson_ref();
    let range = |side, inclusive| Bound::Range { side, inclusive, value };
    match comparison.relation {
        Relation::Equal => Bound::Equal(value),
        Relation::Less => range(Side::Below, false),
        Relation::LessOrEqual => range(Side::Below, true),
        Relation::Greater => range(Side::Above, false),
        Relation::GreaterOrEqual => range(Side::Above, true),
    }
}

/// Shows every test that has to hold.
fn collect<'a>(node: &'a Node, see: &mut dyn FnMut(&'a str, &'a Test)) {
    match node {
        Node::All(nodes) => nodes.iter().for_each(|node| collect(node, see)),
        Node::Any(nodes) => {
            if let [only] = nodes.as_slice() {
                collect(only, see);
            }
        }
        Node::Field(path, condition) => collect_condition(path.as_str(), condition, see),
        _ => {}
    }
}

fn collect_condition<'a>(
    path: &'a str,
    condition: &'a Condition,
    see: &mut dyn FnMut(&'a str, &'a Test),
) {
    match condition {
        Condition::All(conditions) => {
            conditions.iter().for_each(|condition| collect_condition(path, condition, see));
        }
        Condition::Test(test) => see(path, test),
        Condition::Not(_) => {}
    }
}
