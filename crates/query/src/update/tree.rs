//! The paths of an update as a tree, so that one walk through a document meets all of them.
//!
//! Two operators on one path, or on a path and a part of it, meet in the tree: that is a conflict.
//! The order of the branches is the order in which new fields come to a document.

use std::{
    borrow::Cow,
    cmp::Ordering,
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use super::{
    leaf::Leaf,
    limits,
    path::{Part, Path},
};
use crate::{MongoCode, QueryError, trail::Trail};

/// What an update does at a place.
#[derive(Debug, Clone)]
pub(super) enum Node {
    /// Something to fields of a document, or to positions of an array.
    Fields(Fields),
    /// Something to those elements of an array that filters match, by the identifier of the filter.
    Elements(Branches),
    /// Something to the value itself.
    Leaf(Arc<Leaf>),
}

/// What an update does to fields or positions.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields {
    named: Branches,
    matched: Option<Box<Node>>,
}

/// Names and what an update does at each of them, in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Branches(BTreeMap<Name, Node>);

/// A name among others: numbers by their size and before all other names, which go by their bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Name(String);

impl Fields {
    /// Adds what an operator does at a path.
    pub(super) fn insert(&mut self, path: &Path, leaf: Leaf) -> Result<(), QueryError> {
        limits::check_path(path.parts.len())?;
        let leaf = Node::Leaf(Arc::new(leaf));
        let Some((first, rest)) = path.parts.split_first() else { return Ok(()) };
        let mut node = self.place(first, &fresh(rest, &leaf), || conflict(path, 1, rest))?;
        for (number, part) in (2..).zip(rest) {
            let rest = &path.parts[number..];
            let fresh = fresh(rest, &leaf);
            let conflict = || conflict(path, number, rest);
            node = match node {
                Node::Fields(fields) => fields.place(part, &fresh, conflict)?,
                Node::Elements(elements) => match part {
                    Part::Elements(identifier) => elements.place(identifier, &fresh, conflict)?,
                    Part::Name(_) | Part::Matched => return Err(conflict()),
                },
                Node::Leaf(_) => return Err(conflict()),
            };
        }
        Ok(())
    }

    /// The branches for a document, or array, of which the filter matched a certain element.
    pub(super) fn resolve(
        &self,
        matched_index: Option<usize>,
        path: &Trail<'_>,
    ) -> Result<Cow<'_, Branches>, QueryError> {
        let Some(matched) = &self.matched else { return Ok(Cow::Borrowed(&self.named)) };
        let index = matched_index.ok_or_else(|| {
            QueryError::bad_value(
                "The positional operator did not find the match needed from the query.",
            )
        })?;
        let name = index.to_string();
        let mut branches = self.named.clone();
        branches.merge(&name, matched, path)?;
        Ok(Cow::Owned(branches))
    }

    fn place(
        &mut self,
        part: &Part,
        fresh: &Node,
        conflict: impl Fn() -> QueryError,
    ) -> Result<&mut Node, QueryError> {
        match part {
            Part::Name(name) => self.named.place(name, fresh, conflict),
            Part::Matched => match &mut self.matched {
                Some(node) if !node.takes(fresh) => Err(conflict()),
                node => Ok(node.get_or_insert_with(|| Box::new(fresh.clone()))),
            },
            Part::Elements(_) => Err(conflict()),
        }
    }
}

impl Branches {
    /// Every name with what an update does there, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.0.iter().map(|(name, node)| (name.0.as_str(), node))
    }

    /// Which of the names, as [`Branches::iter`] has them, is this one.
    pub(super) fn index_of(branches: &[(&str, &Node)], name: &str) -> Option<usize> {
        branches.binary_search_by(|(other, _)| order(other, name)).ok()
    }

    fn place(
        &mut self,
        name: &str,
        fresh: &Node,
        conflict: impl Fn() -> QueryError,
    ) -> Result<&mut Node, QueryError> {
        match self.0.entry(Name(name.to_owned())) {
            Entry::Occupied(taken) if !taken.get().takes(fresh) => Err(conflict()),
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(free) => Ok(free.insert(fresh.clone())),
        }
    }

    fn merge(&mut self, name: &str, node: &Node, path: &Trail<'_>) -> Result<(), QueryError> {
        match self.0.entry(Name(name.to_owned())) {
            Entry::Occupied(mut known) => {
                let merged = known.get().merge(node, &path.below_unchecked(name, 1))?;
                known.insert(merged);
            }
            Entry::Vacant(free) => {
                free.insert(node.clone());
            }
        }
        Ok(())
    }

    fn merge_all(&self, other: &Self, path: &Trail<'_>) -> Result<Self, QueryError> {
        let mut merged = self.clone();
        for (name, node) in other.iter() {
            merged.merge(name, node, path)?;
        }
        Ok(merged)
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        order(&self.0, &other.0)
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Node {
    /// What this node and another one do, when a document leads both to the same place.
    pub(super) fn merge(&self, other: &Self, path: &Trail<'_>) -> Result<Self, QueryError> {
        match (self, other) {
            (Self::Fields(one), Self::Fields(another)) => {
                let named = one.named.merge_all(&another.named, path)?;
                let matched = match (&one.matched, &another.matched) {
                    (Some(one), Some(another)) => {
                        Some(Box::new(one.merge(another, &path.below_unchecked("$", 1))?))
                    }
                    (one, another) => one.clone().or_else(|| another.clone()),
                };
                Ok(Self::Fields(Fields { named, matched }))
            }
            (Self::Elements(one), Self::Elements(another)) => {
                Ok(Self::Elements(one.merge_all(another, path)?))
            }
            _ => Err(QueryError::new(
                MongoCode::CONFLICTING_UPDATE_OPERATORS,
                format!("Update created a conflict at '{}'", path.text()),
            )),
        }
    }

    /// Whether a path that needs such a node can go on through this one.
    fn takes(&self, fresh: &Self) -> bool {
        matches!(
            (self, fresh),
            (Self::Fields(_), Self::Fields(_)) | (Self::Elements(_), Self::Elements(_))
        )
    }
}

/// The node for a component, by what comes behind it.
fn fresh(rest: &[Part], leaf: &Node) -> Node {
    match rest.first() {
        None => leaf.clone(),
        Some(Part::Elements(_)) => Node::Elements(Branches::default()),
        Some(Part::Name(_) | Part::Matched) => Node::Fields(Fields::default()),
    }
}

fn conflict(path: &Path, number: usize, rest: &[Part]) -> QueryError {
    let at = if rest.is_empty() { &path.text } else { path.prefix(number) };
    QueryError::new(
        MongoCode::CONFLICTING_UPDATE_OPERATORS,
        format!("Updating the path '{}' would create a conflict at '{at}'", path.text),
    )
}

/// Numbers by their size and before all other names, which go by their bytes.
fn order(one: &str, another: &str) -> Ordering {
    match (is_number(one), is_number(another)) {
        (true, true) => one.len().cmp(&another.len()).then_with(|| one.cmp(another)),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => one.cmp(another),
    }
}

/// Whether a name is a number without zeros before it.
fn is_number(name: &str) -> bool {
    name == "0"
        || (!name.starts_with('0')
            && !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_digit()))
}
