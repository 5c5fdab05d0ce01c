//! Which parts of a document a find gives back.
//!
//! A projection either names what stays (an inclusion) or what goes (an exclusion). Both are a tree
//! of fields that is laid over a document; where an array is met, it is laid over each item.

mod parse;
mod positional;
mod slice;

use bson::{RawArrayBuf, RawBson, RawBsonRef, RawDocument, RawDocumentBuf, raw::CString};

use self::{positional::Positional, slice::Slice};
use crate::{Expression, Filter, Parameters, QueryError, depth::malformed, path::items};

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
    fields: Vec<(CString, Field)>,
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
    pub fn parse(specification: &RawDocument, parameters: &Parameters) -> Result<Self, QueryError> {
        parse::parse(specification, parameters)
    }

    /// What is left of a document. The positional `$` needs the filter that found it.
    pub fn apply(
        &self,
        document: &RawDocument,
        filter: Option<&Filter>,
    ) -> Result<RawDocumentBuf, QueryError> {
        let layer = Layer { root: document, is_inclusion: self.is_inclusion };
        let projected = layer.document(Some(document), &self.root)?;
        match &self.positional {
            Some(positional) => positional.apply(document, projected, filter),
            None => Ok(projected),
        }
    }
}

impl Node {
    fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|(known, _)| known.as_str() == name).map(|(_, field)| field)
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
        if let Some(document) = document {
            for field in document {
                let (name, value) = field.map_err(malformed)?;
                match node.field(name.as_str()) {
                    None if self.is_inclusion => {}
                    None | Some(Field::Keep) => output.append(name, value),
                    Some(Field::Drop | Field::Computed(_)) => {}
                    Some(Field::Slice(slice)) => output.append(name, slice.apply(value)?),
                    Some(Field::Element(_)) if self.is_inclusion => {}
                    Some(Field::Element(filter)) => {
                        if let Some(item) = self.element(filter, value)? {
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
        }
        if self.is_inclusion && node.computes {
            self.add_computed(document, node, &mut output)?;
        }
        Ok(output)
    }

    /// Adds what does not come from the fields that are there, behind them.
    fn add_computed(
        &self,
        document: Option<&RawDocument>,
        node: &Node,
        output: &mut RawDocumentBuf,
    ) -> Result<(), QueryError> {
        for (name, field) in &node.fields {
            let existing = match document {
                Some(document) => crate::path::field(document, name.as_str())?,
                None => None,
            };
            match (field, existing) {
                (Field::Computed(expression), _) => {
                    if let Some(value) = expression.evaluate_root(self.root)? {
                        output.append(name, RawBson::try_from(value).map_err(malformed)?);
                    }
                }
                (Field::Element(filter), Some(value)) => {
                    if let Some(item) = self.element(filter, value)? {
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

    /// The item of an array that a filter finds in the whole document, in an array of its own.
    fn element(
        &self,
        filter: &Filter,
        value: RawBsonRef<'_>,
    ) -> Result<Option<RawArrayBuf>, QueryError> {
        let RawBsonRef::Array(array) = value else { return Ok(None) };
        let Some(index) = filter.matched_index(self.root)? else { return Ok(None) };
        let found = items(array).nth(index).transpose()?;
        Ok(found.map(|item| RawArrayBuf::from_iter([item])))
    }
}
