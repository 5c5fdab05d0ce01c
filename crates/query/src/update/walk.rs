//! One walk through a document, along the tree of an update.
//!
//! A value that is there is handed to the leaf above it. Where the document ends before the tree,
//! what is left of the tree creates documents, if one of its leaves has a value to create.

use std::collections::{HashMap, hash_map::Entry};

use bson::{RawArray, RawBson, RawBsonRef, RawDocument, RawDocumentBuf, raw::CStr};

use super::{
    array_filters::ArrayFilters,
    leaf::{Change, Leaf, Place, is_identical, not_viable},
    path::position,
    replace::check_name,
    splice::{Span, Splice, broken, elements, value},
    tree::{Branches, Fields, Node},
    wide::Wide,
};
use crate::{MongoCode, QueryError, describe::describe_field, trail::Trail as Here};

/// An array grows by at most that many nulls before a new element.
const PADDING_MAX: usize = 1_500_000;

/// What a walk knows.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    /// The document, as it is before.
    pub document: &'a RawDocument,
    /// Which element of an array the filter matched.
    pub matched_index: Option<usize>,
    /// Whether the document is about to be inserted.
    pub inserting: bool,
    /// For `$[identifier]`.
    pub array_filters: &'a ArrayFilters,
    /// Fields of the document, for those who look for many.
    pub wide: Wide<'a>,
}

/// The place of a field or an element within another one.
fn below<'h>(here: &'h Here<'h>, name: &'h str) -> Here<'h> {
    here.below_unchecked(name, 1)
}

/// Whether this is the `_id` of a document, or a part of it.
fn is_id(here: &Here<'_>) -> bool {
    here.first() == "_id"
}

impl<'a> Walk<'a> {
    /// The document as it is afterwards; none if it stays the same.
    pub(super) fn run(&self, update: &Fields) -> Result<Option<RawDocumentBuf>, QueryError> {
        self.document(update, self.document, &Here::ROOT)
    }

    fn existing(
        &self,
        node: &Node,
        value: RawBsonRef<'_>,
        here: &Here<'_>,
    ) -> Result<Change, QueryError> {
        match (node, value) {
            (Node::Leaf(leaf), _) => self.leaf(leaf, value, here),
            (Node::Fields(fields), RawBsonRef::Document(document)) => {
                let changed = self.document(fields, document, here)?;
                Ok(changed.map_or(Change::Keep, |new| Change::Set(RawBson::Document(new))))
            }
            (Node::Fields(fields), RawBsonRef::Array(array)) => self.array(fields, array, here),
            (Node::Fields(fields), _) => {
                let branches = fields.resolve(self.matched_index, here)?;
                for (name, node) in branches.iter() {
                    self.blocked(name, node, value, here)?;
                }
                Ok(Change::Keep)
            }
            (Node::Elements(branches), RawBsonRef::Array(array)) => {
                self.filtered(branches, array, here)
            }
            (Node::Elements(_), _) => Err(QueryError::bad_value(format!(
                "Cannot apply array updates to non-array element {}",
                describe_field(here.name(), value)
            ))),
        }
    }

    fn leaf(
        &self,
        leaf: &Leaf,
        value: RawBsonRef<'_>,
        here: &Here<'_>,
    ) -> Result<Change, QueryError> {
        let change = leaf.existing(self.place(here), value)?;
        let keeps = match &change {
            Change::Keep => true,
            Change::Remove => false,
            Change::Set(new) => is_identical(value, new.as_raw_bson_ref()),
        };
        if keeps {
            return Ok(Change::Keep);
        }
        if is_id(here) {
            return Err(QueryError::new(
                MongoCode::IMMUTABLE_FIELD,
                format!(
                    "Performing an update on the path '{}' would modify the immutable field '_id'",
                    here.text()
                ),
            ));
        }
        if let Change::Set(new) = &change {
            leaf.check_depth(new, here.count())?;
        }
        Ok(change)
    }

    fn document(
        &self,
        fields: &Fields,
        document: &RawDocument,
        here: &Here<'_>,
    ) -> Result<Option<RawDocumentBuf>, QueryError> {
        let branches = fields.resolve(self.matched_index, here)?;
        let branches: Vec<(&str, &Node)> = branches.iter().collect();
        let mut found = vec![None; branches.len()];
        for element in elements(document) {
            let (span, element) = element?;
            let index = Branches::index_of(&branches, element.key().as_str());
            if let Some(slot @ None) = index.and_then(|index| found.get_mut(index)) {
                *slot = Some((span, element.key(), value(&element)?));
            }
        }
        // Branch by branch, so that of several errors the same one comes as from a server.
        let mut changes = Vec::new();
        let mut new_fields = Vec::new();
        for ((name, node), element) in branches.into_iter().zip(found) {
            let here = below(here, name);
            match element {
                Some((span, key, value)) => match self.existing(node, value, &here)? {
                    Change::Keep => {}
                    Change::Remove => changes.push((span, key, None)),
                    Change::Set(new) => {
                        self.check_name(&here)?;
                        changes.push((span, key, Some(new)));
                    }
                },
                None => {
                    if let Some(new) = self.missing(node, &here)? {
                        self.check_name(&here)?;
                        new_fields.push((name, new));
                    }
                }
            }
        }
        let has_grown = !new_fields.is_empty();
        let new = splice(document, changes, new_fields)?;
        match &new {
            Some(id) if has_grown && is_id(here) => Err(id_grows(here, RawBsonRef::Document(id))),
            _ => Ok(new),
        }
    }

    fn array(
        &self,
        fields: &Fields,
        array: &RawArray,
        here: &Here<'_>,
    ) -> Result<Change, QueryError> {
        let branches = fields.resolve(self.matched_index, here)?;
        let mut positions: Vec<(usize, &str, &Node)> = Vec::new();
        let mut others = Vec::new();
        for (name, node) in branches.iter() {
            match position(name) {
                Some(index) => positions.push((index, name, node)),
                None => others.push((name, node)),
            }
        }
        positions.sort_by_key(|(index, ..)| *index);
        if let Some(twice) = positions.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(QueryError::new(
                MongoCode::CONFLICTING_UPDATE_OPERATORS,
                format!("Update created a conflict at '{}'", here.text_with(twice[1].1)),
            ));
        }
        let mut positions = positions.into_iter().peekable();
        let source = array_document(array)?;
        let mut splice = Splice::new(source);
        let mut count = 0;
        let mut has_grown = false;
        for element in elements(source) {
            let (span, element) = element?;
            if let Some((_, _, node)) = positions.next_if(|(index, ..)| *index == count) {
                let name = count.to_string();
                let here = below(here, &name);
                if let Some(new) = self.element(node, value(&element)?, &here)? {
                    splice.replace(span, element.key(), new.as_raw_bson_ref())?;
                }
            }
            count += 1;
        }
        for (index, name, node) in positions {
            let Some(new) = self.missing(node, &below(here, name))? else { continue };
            pad(&mut splice, &mut count, index)?;
            splice.append(key(&index.to_string())?, new.as_raw_bson_ref())?;
            count = index + 1;
            has_grown = true;
        }
        for (name, node) in others {
            self.blocked(name, node, RawBsonRef::Array(array), here)?;
        }
        let Some(new) = splice.finish()?.map(|new| into_array(&new)).transpose()? else {
            return Ok(Change::Keep);
        };
        if has_grown && is_id(here) {
            return Err(id_grows(here, new.as_raw_bson_ref()));
        }
        Ok(Change::Set(new))
    }

    fn filtered(
        &self,
        branches: &Branches,
        array: &RawArray,
        here: &Here<'_>,
    ) -> Result<Change, QueryError> {
        let source = array_document(array)?;
        let mut splice = Splice::new(source);
        let branches: Vec<(&str, &Node)> = branches.iter().collect();
        let mut merged: HashMap<Vec<usize>, Node> = HashMap::new();
        for (index, element) in elements(source).enumerate() {
            let (span, element) = element?;
            let value = value(&element)?;
            let matching = self.matching(&branches, value)?;
            let mut nodes = matching.iter().filter_map(|index| branches.get(*index));
            let Some((_, first)) = nodes.next() else { continue };
            let name = index.to_string();
            let here = below(here, &name);
            let node = match matching.len() {
                1 => first,
                _ => match merged.entry(matching.clone()) {
                    Entry::Occupied(known) => &*known.into_mut(),
                    Entry::Vacant(free) => {
                        let node = nodes.try_fold((*first).clone(), |node, (_, other)| {
                            node.merge(other, &here)
                        })?;
                        &*free.insert(node)
                    }
                },
            };
            if let Some(new) = self.element(node, value, &here)? {
                splice.replace(span, element.key(), new.as_raw_bson_ref())?;
            }
        }
        splice.finish()?.map_or(Ok(Change::Keep), |new| into_array(&new).map(Change::Set))
    }

    /// What becomes of an element of an array. None ever goes: others would move up.
    fn element(
        &self,
        node: &Node,
        value: RawBsonRef<'_>,
        here: &Here<'_>,
    ) -> Result<Option<RawBson>, QueryError> {
        Ok(match self.existing(node, value, here)? {
            Change::Keep => None,
            Change::Remove => Some(RawBson::Null),
            Change::Set(new) => Some(new),
        })
    }

    /// Which branches are about an element, by the array filters.
    fn matching(
        &self,
        branches: &[(&str, &Node)],
        value: RawBsonRef<'_>,
    ) -> Result<Vec<usize>, QueryError> {
        let mut matching = Vec::new();
        for (index, (identifier, _)) in branches.iter().enumerate() {
            let matches = match self.array_filters.get(identifier) {
                Some(filter) => filter.matches(value)?,
                None => identifier.is_empty(),
            };
            if matches {
                matching.push(index);
            }
        }
        Ok(matching)
    }

    /// What the tree creates where the document has nothing.
    fn missing(&self, node: &Node, here: &Here<'_>) -> Result<Option<RawBson>, QueryError> {
        match node {
            Node::Leaf(leaf) => {
                let new = leaf.missing(self.place(here))?;
                if let Some(new) = &new {
                    leaf.check_depth(new, here.count())?;
                }
                Ok(new)
            }
            Node::Fields(fields) => {
                let branches = fields.resolve(self.matched_index, here)?;
                let mut document: Option<RawDocumentBuf> = None;
                for (name, node) in branches.iter() {
                    if let Some(new) = self.missing(node, &below(here, name))? {
                        document.get_or_insert_default().append(key(name)?, new);
                    }
                }
                Ok(document.map(RawBson::Document))
            }
            Node::Elements(_) => Err(QueryError::bad_value(format!(
                "The path '{}' must exist in the document in order to apply array updates.",
                here.text()
            ))),
        }
    }

    /// What the tree does below a value that has no such field.
    fn blocked(
        &self,
        name: &str,
        node: &Node,
        value: RawBsonRef<'_>,
        here: &Here<'_>,
    ) -> Result<(), QueryError> {
        let element = || describe_field(here.name(), value);
        if self.missing(node, &below(here, name))?.is_some() {
            let message = format!("Cannot create field '{name}' in element {{{}}}", element());
            return Err(not_viable(message));
        }
        match self.first_demanding(node, &below(here, name))? {
            Some(path) => Err(not_viable(format!(
                "Cannot use the part ({name}) of ({path}) to traverse the element ({{{}}})",
                element()
            ))),
            None => Ok(()),
        }
    }

    /// The path of the first leaf that creates nothing and still wants a path to be viable.
    fn first_demanding(&self, node: &Node, here: &Here<'_>) -> Result<Option<String>, QueryError> {
        match node {
            Node::Leaf(leaf) => Ok(leaf.wants_a_viable_path().then(|| here.text().into_owned())),
            Node::Fields(fields) => {
                let branches = fields.resolve(self.matched_index, here)?;
                for (name, node) in branches.iter() {
                    let found = self.first_demanding(node, &below(here, name))?;
                    if found.is_some() {
                        return Ok(found);
                    }
                }
                Ok(None)
            }
            Node::Elements(_) => Ok(None),
        }
    }

    /// Refuses a field of the document itself that looks like an operator.
    fn check_name(&self, here: &Here<'_>) -> Result<(), QueryError> {
        if here.count() == 1 && !self.inserting { check_name(here.name()) } else { Ok(()) }
    }

    fn place<'h>(&'h self, here: &'h Here<'h>) -> Place<'h, 'a> {
        Place { document: self.document, inserting: self.inserting, here, wide: &self.wide }
    }
}

/// A document with some fields changed or removed, and new ones behind all others.
fn splice(
    document: &RawDocument,
    mut changes: Vec<(Span, &CStr, Option<RawBson>)>,
    new_fields: Vec<(&str, RawBson)>,
) -> Result<Option<RawDocumentBuf>, QueryError> {
    changes.sort_unstable_by_key(|(span, ..)| *span);
    let mut splice = Splice::new(document);
    for (span, key, new) in changes {
        match new {
            Some(new) => splice.replace(span, key, new.as_raw_bson_ref())?,
            None => splice.remove(span),
        }
    }
    for (name, new) in new_fields {
        splice.append(key(name)?, new.as_raw_bson_ref())?;
    }
    splice.finish()
}

fn key(name: &str) -> Result<&CStr, QueryError> {
    name.try_into().map_err(|error: bson::error::Error| broken(&error))
}

/// Fills an array with nulls up to a position.
fn pad(splice: &mut Splice<'_>, count: &mut usize, index: usize) -> Result<(), QueryError> {
    if index.saturating_sub(*count) > PADDING_MAX {
        let message = format!("can't backfill more than {PADDING_MAX} elements");
        return Err(QueryError::new(MongoCode::CANNOT_BACKFILL_ARRAY, message));
    }
    for empty in *count..index {
        splice.append(key(&empty.to_string())?, RawBsonRef::Null)?;
    }
    Ok(())
}

/// An array as the document that it is in bytes.
fn array_document(array: &RawArray) -> Result<&RawDocument, QueryError> {
    RawDocument::from_bytes(array.as_bytes()).map_err(|error| broken(&error))
}

/// The reverse of [`array_document`].
fn into_array(elements: &RawDocument) -> Result<RawBson, QueryError> {
    const ARRAY: u8 = 4;
    let elements = elements.as_bytes();
    let mut bytes = Vec::with_capacity(elements.len() + 8);
    let length = i32::try_from(elements.len() + 8).map_err(|error| broken(&error))?;
    bytes.extend(length.to_le_bytes());
    bytes.extend([ARRAY, b'a', 0]);
    bytes.extend_from_slice(elements);
    bytes.push(0);
    let document = RawDocumentBuf::from_bytes(bytes).map_err(|error| broken(&error))?;
    let array = document.get_array("a").map_err(|error| broken(&error))?;
    Ok(RawBson::Array(array.to_owned()))
}

fn id_grows(here: &Here<'_>, id: RawBsonRef<'_>) -> QueryError {
    QueryError::new(
        MongoCode::IMMUTABLE_FIELD,
        format!(
            "Updating the path '{}' to {} would modify the immutable field '_id'",
            here.text(),
            describe_field(here.name(), id)
        ),
    )
}
