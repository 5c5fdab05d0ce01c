//! Aggregation expressions: what `$project`, `$expr`, accumulators and updates with pipelines
//! compute of a document.
//!
//! An expression is parsed once into a tree of nodes, and what is the same for all documents is
//! computed then. It is evaluated over raw BSON: a value is a part of the document for as long as
//! possible, so that `{$multiply: ["$a", "$b"]}` reads two numbers and allocates nothing.

mod arithmetic;
mod arrays;
mod bitwise;
mod boolean;
mod build;
mod comparison;
mod conditional;
mod convert;
mod dates;
mod iteration;
mod node;
mod numeric;
mod objects;
mod operator;
mod operators;
mod parser;
mod path;
mod percentile;
mod powers;
mod regex;
mod scope;
mod search;
mod selection;
mod sets;
mod statistics;
mod strings;
mod text;
mod trigonometry;
mod types;
mod value;
mod zip;

use bson::{Bson, RawBson, RawBsonRef, RawDocument};

use self::{node::Node, parser::Parser};
use crate::{Parameters, QueryError};

pub(crate) use self::{
    build::check_bytes,
    numeric::{Numeric, Pair, integer},
    parser::check_user_variable,
    value::{is_true, type_name},
};
pub use self::{
    scope::Scope,
    value::{Evaluated, Value},
};

/// A parsed expression.
#[derive(Debug)]
pub struct Expression {
    node: Node,
}

impl Expression {
    /// Parses an expression.
    ///
    /// # Errors
    /// What a MongoDB server refuses, or what the embedded store does not have.
    pub fn parse(value: RawBsonRef<'_>, parameters: &Parameters) -> Result<Self, QueryError> {
        Ok(Self { node: Parser::new(parameters, operators::find).parse(value)? })
    }

    /// Parses a decoded expression.
    ///
    /// # Errors
    /// As for [`Expression::parse`].
    pub fn parse_value(value: &Bson, parameters: &Parameters) -> Result<Self, QueryError> {
        let raw = RawBson::try_from(value.clone()).map_err(|error| value::broken(&error))?;
        Self::parse(raw.as_raw_bson_ref(), parameters)
    }

    /// The value for a document; none is "missing".
    ///
    /// # Errors
    /// The expression fails on this document.
    pub fn evaluate_root(&self, root: &RawDocument) -> Result<Option<Bson>, QueryError> {
        match self.evaluate(&Scope::new(root))? {
            Some(value) => value.to_bson().map(Some),
            None => Ok(None),
        }
    }

    /// The value in a scope; none is "missing".
    ///
    /// # Errors
    /// The expression fails on the document of the scope.
    #[inline]
    pub fn evaluate<'a>(&'a self, scope: &'a Scope<'a>) -> Evaluated<'a> {
        self.node.evaluate(scope)
    }

    /// Whether it counts as true in a scope.
    ///
    /// # Errors
    /// The expression fails on this document.
    pub fn is_true(&self, scope: &Scope<'_>) -> Result<bool, QueryError> {
        Ok(self.evaluate(scope)?.is_some_and(|value| value.is_true()))
    }

    /// Parses an expression whose paths begin at another document than `$$ROOT`, which is
    /// `$$CURRENT`.
    pub(crate) fn parse_for_parts(
        value: RawBsonRef<'_>,
        parameters: &Parameters,
    ) -> Result<Self, QueryError> {
        let variables = vec!["CURRENT".to_owned()];
        Ok(Self { node: Parser::new(parameters, operators::find).parse_within(variables, value)? })
    }

    /// What `use_value` makes of the value for a part of a document.
    pub(crate) fn with_part<T>(
        &self,
        root: &RawDocument,
        part: &RawDocument,
        use_value: impl FnOnce(Option<RawBsonRef<'_>>) -> Result<T, QueryError>,
    ) -> Result<T, QueryError> {
        let values = [Some(Value::Borrowed(RawBsonRef::Document(part)))];
        let scope = Scope::new(root);
        let frame = scope.frame(&values);
        let inner = scope.within(&frame);
        let value = self.node.evaluate(&inner)?;
        use_value(value.as_ref().map(Value::raw))
    }

    /// The value, where it is the same for all documents.
    pub fn as_constant(&self) -> Option<Option<RawBsonRef<'_>>> {
        self.node.as_constant().map(|value| value.map(RawBson::as_raw_bson_ref))
    }
}
