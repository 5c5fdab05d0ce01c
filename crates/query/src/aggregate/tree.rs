//! What happens to the fields of a document, as a tree of their names.
//!
//! `{"a.b": 1, "a.c": "$x", d: 0}` becomes a tree in which `a` leads to `b` and `c`. One walk over
//! the document and the tree makes the new document; what no name in the tree leads to is copied or
//! left out in one piece, as the [`Mode`] says. The tree reaches into every element of an array.

use bson::{RawBson, RawDocument, RawDocumentBuf};

use super::{
    computed::Computed,
    raw::{Element, elements},
    write::{ArrayBuffer, Indexes, Writer},
};
use crate::{QueryError, named::Named};

/// What happens to the fields that no name in a tree leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// They stay, and so do plain values where the tree expects documents, unless something is
    /// computed there: `$addFields`.
    Add,
    /// They go: `$project` with the fields that stay.
    Include,
    /// They stay: `$project` with the fields that go.
    Exclude,
}

/// Names, each with what happens there, in the order in which they were written.
#[derive(Debug, Default)]
pub(super) struct Tree {
    branches: Named<Branch>,
    computes: bool,
}

/// What happens to a field.
#[derive(Debug)]
pub(super) enum Branch {
    /// It stays as it is.
    Keep,
    /// It goes.
    Drop,
    /// It becomes something else.
    Compute(Computed),
    /// It becomes what the caller has computed.
    Slot(usize),
    /// Something happens to its fields.
    Within(Tree),
}

impl Tree {
    /// Adds a branch at the end of a path. Gives the text of a refusal if another one is there, or
    /// on the way.
    pub(super) fn insert(&mut self, path: &[String], branch: Branch) -> Result<(), Collision> {
        let Some((last, before)) = path.split_last() else { return Ok(()) };
        let tree = self
            .within(before)
            .map_err(|taken| Collision::Way(path.get(taken..).unwrap_or_default().join(".")))?;
        if tree.branches.get(last).is_some() {
            return Err(Collision::End);
        }
        tree.branches.push(last, branch);
        Ok(())
    }

    /// What happens to the fields at the end of a path. An error is how many names of the path lead
    /// to something else.
    pub(super) fn within(&mut self, path: &[String]) -> Result<&mut Self, usize> {
        let mut tree = self;
        for (name, number) in path.iter().zip(1..) {
            let place = match tree.branches.position(name.as_bytes()) {
                Some(place) => place,
                None => tree.branches.push(name, Branch::Within(Self::default())),
            };
            match tree.branches.at_mut(place) {
                Some(Branch::Within(inner)) => tree = inner,
                _ => return Err(number),
            }
        }
        Ok(tree)
    }

    /// Notes for all trees within whether anything in them is computed; answers whether. To be
    /// called when all branches are there.
    pub(super) fn settle(&mut self) -> bool {
        let mut computes = false;
        for branch in self.branches.values_mut() {
            computes |= match branch {
                Branch::Compute(_) | Branch::Slot(_) => true,
                Branch::Within(tree) => tree.settle(),
                Branch::Keep | Branch::Drop => false,
            };
        }
        self.computes = computes;
        computes
    }

    /// Whether nothing happens.
    pub(super) fn is_empty(&self) -> bool {
        self.branches.is_empty()
    }

    /// The new document.
    pub(super) fn apply(
        &self,
        mode: Mode,
        document: &RawDocument,
    ) -> Result<RawDocumentBuf, QueryError> {
        self.apply_with(mode, document, &[])
    }

    /// The new document, with the values of slots.
    pub(super) fn apply_with(
        &self,
        mode: Mode,
        document: &RawDocument,
        slots: &[Slot],
    ) -> Result<RawDocumentBuf, QueryError> {
        let mut writer = Writer::with_capacity(document.as_bytes().len());
        Walk { mode, root: document, slots, writer: &mut writer }.document(self, document)?;
        writer.finish()
    }
}

/// A value that the caller has computed.
#[derive(Debug)]
pub(super) enum Slot {
    /// The field goes.
    Missing,
    /// A value.
    Value(RawBson),
    /// An array.
    Array(ArrayBuffer),
}

impl Slot {
    /// A value, or what is missing.
    pub(super) fn from_option(value: Option<RawBson>) -> Self {
        value.map_or(Self::Missing, Self::Value)
    }

    fn append_to(&self, writer: &mut Writer, name: &str) -> Result<(), QueryError> {
        match self {
            Self::Missing => Ok(()),
            Self::Value(value) => writer.append(name, value.as_raw_bson_ref()),
            Self::Array(array) => writer.append_array(name, array),
        }
    }
}

/// Why a path cannot be added to a tree.
pub(super) enum Collision {
    /// The path, or one that goes on from it, is there.
    End,
    /// A path that ends before this one does; what is left of this one.
    Way(String),
}

impl Collision {
    /// That of a whole path whose first names end at another one.
    pub(super) fn above(path: &str, names: usize) -> Self {
        Self::Way(path.splitn(names + 1, '.').nth(names).unwrap_or_default().to_owned())
    }
}

struct Walk<'a, 'w> {
    mode: Mode,
    root: &'a RawDocument,
    slots: &'a [Slot],
    writer: &'w mut Writer,
}

impl Walk<'_, '_> {
    fn document(&mut self, tree: &Tree, document: &RawDocument) -> Result<(), QueryError> {
        let mut seen = Seen::new(tree);
        for element in elements(document) {
            let element = element?;
            match seen.find(tree, element.key()) {
                None if self.mode == Mode::Include => {}
                None | Some(Branch::Keep) => self.writer.copy(element),
                Some(Branch::Drop) => {}
                Some(branch @ (Branch::Compute(_) | Branch::Slot(_))) => {
                    // Among the fields that are picked, a computed one comes behind the others.
                    if self.mode == Mode::Include {
                        seen.forget(element.key(), tree);
                        continue;
                    }
                    self.value(branch, element.name()?)?;
                }
                Some(Branch::Within(tree)) => self.within(tree, element, element.name()?)?,
            }
        }
        if tree.computes { self.rest(tree, &seen) } else { Ok(()) }
    }

    /// A field that is computed.
    fn value(&mut self, branch: &Branch, name: &str) -> Result<(), QueryError> {
        match branch {
            Branch::Compute(computed) => computed.append_to(self.root, self.writer, name),
            Branch::Slot(slot) => match self.slots.get(*slot) {
                Some(slot) => slot.append_to(self.writer, name),
                None => Ok(()),
            },
            Branch::Keep | Branch::Drop | Branch::Within(_) => Ok(()),
        }
    }

    /// What the tree computes and the document does not have.
    fn rest(&mut self, tree: &Tree, seen: &Seen) -> Result<(), QueryError> {
        for (index, (name, branch)) in tree.branches.iter().enumerate() {
            match branch {
                _ if seen.is_seen(index) => {}
                Branch::Compute(_) | Branch::Slot(_) => self.value(branch, name)?,
                Branch::Within(tree) if tree.computes => {
                    self.writer.begin_document(name)?;
                    self.rest(tree, &Seen::default())?;
                    self.writer.end();
                }
                Branch::Within(_) | Branch::Keep | Branch::Drop => {}
            }
        }
        Ok(())
    }

    /// A field that the tree goes on within.
    fn within(&mut self, tree: &Tree, element: Element<'_>, name: &str) -> Result<(), QueryError> {
        if let Some(document) = element.document() {
            self.writer.begin_document(name)?;
            self.document(tree, document)?;
            self.writer.end();
        } else if let Some(array) = element.array() {
            self.writer.begin_array(name)?;
            let mut indexes = Indexes::new();
            let mut index = indexes.next().to_owned();
            for item in elements(array) {
                let before = self.writer.len();
                self.within(tree, item?, &index)?;
                if self.writer.len() > before {
                    indexes.next().clone_into(&mut index);
                }
            }
            self.writer.end();
        } else if tree.computes {
            self.writer.begin_document(name)?;
            self.rest(tree, &Seen::default())?;
            self.writer.end();
        } else if self.mode != Mode::Include {
            self.writer.copy_as(name, element)?;
        }
        Ok(())
    }
}

/// Which branches of a tree have been met in a document: a bit for each, as trees are small.
#[derive(Default)]
struct Seen {
    first: u64,
    others: Vec<bool>,
}

impl Seen {
    fn new(tree: &Tree) -> Self {
        // Only what is computed has to be known as missing.
        let others = if tree.computes { tree.branches.len().saturating_sub(64) } else { 0 };
        Self { first: 0, others: vec![false; others] }
    }

    /// The branch of a name, which counts as seen from now on.
    fn find<'t>(&mut self, tree: &'t Tree, name: &[u8]) -> Option<&'t Branch> {
        let index = tree.branches.position(name)?;
        self.set(index, true);
        tree.branches.at(index)
    }

    fn forget(&mut self, name: &[u8], tree: &Tree) {
        if let Some(index) = tree.branches.position(name) {
            self.set(index, false);
        }
    }

    fn set(&mut self, index: usize, to: bool) {
        match index.checked_sub(64) {
            None if to => self.first |= 1 << index,
            None => self.first &= !(1 << index),
            Some(index) => {
                if let Some(other) = self.others.get_mut(index) {
                    *other = to;
                }
            }
        }
    }

    fn is_seen(&self, index: usize) -> bool {
        match index.checked_sub(64) {
            None => self.first & (1 << index) != 0,
            Some(index) => self.others.get(index).copied().unwrap_or_default(),
        }
    }
}
