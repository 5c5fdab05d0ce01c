//! Which parts of a document a find gives back.
//!
//! A projection either names what stays (an inclusion) or what goes (an exclusion). Both are a tree
//! of fields that is laid over a document; where an array is met, it is laid over each item.

mod parse;
mod positional;
mod slice;

use bson::{RawArrayBuf, RawBson, RawBsonRef, RawDocument, RawDocumentBuf, raw::CStr};

use self::{positional::Positional, slice::Slice};
use crate::{
    Expression, Filter, Parameters, QueryError,
    depth::{check_value, malformed},
    expression::check_bytes,
    named::Named,
    path::items,
};

/// A projection, ready to be laid over documents.
#[derive(Debug)]
pub struct Projection {
    root: Node,
    /// Whether only what is named stays.
    is_inclusion: bool,
    positional: Option<Positional>,
}

/// What happens to some fields of a document.
#[derive(Debug, Default)]
struct Node {
    /// In the order of the specification.
    fields: Named<Field>,
    /// Whether anything in it is computed, so that it makes fields that are not there.
    computes: bool,
}

/// What happens to one field.
#[derive(Debug)]
enum Field {
    Keep,
    Drop,
    Slice(Slice),
    /// The first item of an array that a filter finds.
    Element(Filter),
    Computed(Expression),
    Nested(Node),
}

impl Projection {
    /// Reads the projection of a find.
    ///
    /// # Errors
    /// What a MongoDB server refuses, or what the embedded store does not have.
    pub fn parse(specification: &RawDocument, parameters: &Parameters) -> Result<Self, QueryError> {
        parse::parse(specification, parameters)
    }

    /// What is left of a document. The positional `$` needs the filter that found it.
    ///
    /// # Errors
    /// An expression of the projection fails on this document.
    pub fn apply(
        &self,
        document: &RawDocument,
        filter: Option<&Filter>,
    ) -> Result<RawDocumentBuf, QueryError> {
        let layer = Layer { root: document, is_inclusion: self.is_inclusion };
        let projected = layer.document(Some(document), &self.root)?;
        if self.root.computes {
            check_value(RawBsonRef::Document(&projected), 0)?;
        }
        match &self.positional {
            Some(positional) => positional.apply(document, projected, filter),
            None => Ok(projected),
        }
    }
}

impl Node {
    /// Notes for all nested fields whether anything in them is computed; answers whether.
    fn settle(&mut self) -> bool {
        let mut computes = false;
        for field in self.fields.values_mut() {
            computes |= match field {
                Field::Computed(_) | Field::Element(_) => true,
                Field::Nested(inner) => inner.settle(),
                Field::Keep | Field::Drop | Field::Slice(_) => false,
            };
        }
        self.computes = computes;
        computes
    }
}

/// A projection on its way through one document.
struct Layer<'a> {
    root: &'a RawDocument,
    is_inclusion: bool,
}

impl Layer<'_> {
    fn document(
        &self,
        document: Option<&RawDocument>,
        node: &Node,
    ) -> Result<RawDocumentBuf, QueryError> {
        let mut output = RawDocumentBuf::new();
        let adds = self.is_inclusion && node.computes;
        // What the document has of each field, for those that are computed behind the others.
        let mut existing = if adds { vec![None; node.fields.len()] } else { Vec::new() };
        for field in document.into_iter().flatten() {
            let (name, value) = field.map_err(malformed)?;
            let place = node.fields.position(name.as_str().as_bytes());
            if let Some(slot @ None) = place.and_then(|place| existing.get_mut(place)) {
                *slot = Some(value);
            }
            match place.and_then(|place| node.fields.at(place)) {
                None if self.is_inclusion => {}
                None | Some(Field::Keep) => output.append(name, value),
                Some(Field::Drop | Field::Computed(_)) => {}
                Some(Field::Slice(slice)) => output.append(name, slice.apply(value)?),
                Some(Field::Element(_)) if self.is_inclusion => {}
                Some(Field::Element(filter)) => {
                    if let Some(item) = element(filter, name, value)? {
                        output.append(name, item);
                    }
                }
                Some(Field::Nested(inner)) => {
                    if let Some(value) = self.value(value, inner)? {
                        output.append(name, value);
                    }
                }
            }
        }
        if adds {
            self.add_computed(node, &existing, &mut output)?;
        }
        Ok(output)
    }

    /// Adds what does not come from the fields that are there, behind them.
    fn add_computed(
        &self,
        node: &Node,
        existing: &[Option<RawBsonRef<'_>>],
        output: &mut RawDocumentBuf,
    ) -> Result<(), QueryError> {
        for ((name, field), existing) in node.fields.iter().zip(existing) {
            let name: &CStr = name.try_into().map_err(malformed)?;
            match (field, existing) {
                (Field::Computed(expression), _) => {
                    if let Some(value) = expression.evaluate_root(self.root)? {
                        output.append(name, RawBson::try_from(value).map_err(malformed)?);
                        // Many fields may be copies of one large value.
                        check_bytes(output.as_bytes().len())?;
                    }
                }
                (Field::Element(filter), Some(value)) => {
                    if let Some(item) = element(filter, name, *value)? {
                        output.append(name, item);
                    }
                }
                (Field::Nested(inner), None) if inner.computes => {
                    output.append(name, self.document(None, inner)?);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What a tree of fields leaves of a value; nothing if it is no document and had to be one.
    fn value(&self, value: RawBsonRef<'_>, node: &Node) -> Result<Option<RawBson>, QueryError> {
        match value {
            RawBsonRef::Document(document) => {
                self.document(Some(document), node).map(|left| Some(RawBson::Document(left)))
            }
            RawBsonRef::Array(array) => {
                let mut left = RawArrayBuf::new();
                for item in items(array) {
                    if let Some(item) = self.value(item?, node)? {
                        left.push(item);
                    }
                }
                Ok(Some(RawBson::Array(left)))
            }
            scalar if !self.is_inclusion => Ok(Some(scalar.into())),
            _ if node.computes => {
                self.document(None, node).map(|made| Some(RawBson::Document(made)))
            }
            _ => Ok(None),
        }
    }
}

/// The item of an array that a filter finds, in an array of its own. The filter asks about the
/// field of this name alone, so that it need not look for the field in the whole document.
fn element(
    filter: &Filter,
    name: &CStr,
    value: RawBsonRef<'_>,
) -> Result<Option<RawArrayBuf>, QueryError> {
    let RawBsonRef::Array(array) = value else { return Ok(None) };
    let mut alone = RawDocumentBuf::new();
    alone.append(name, value);
    let Some(index) = filter.matched_index(&alone)? else { return Ok(None) };
    let found = items(array).nth(index).transpose()?;
    Ok(found.map(|item| RawArrayBuf::from_iter([item])))
}
