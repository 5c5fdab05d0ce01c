//! What all operators have in common: a name, a form of their arguments, and a function.

use std::{fmt, sync::atomic::AtomicU64};

use bson::RawBsonRef;

use super::{
    dates::zone::Zone,
    node::{Call, Node},
    parser::Parser,
    scope::Scope,
    value::{Evaluated, Value},
};
use crate::{MongoCode, QueryError, pattern::Compiled};

/// An operator of the language.
pub(super) struct Operator {
    pub(super) name: &'static str,
    pub(super) form: Form,
    pub(super) run: for<'a> fn(&Arguments<'a>) -> Evaluated<'a>,
    /// Whether it gives the same for the same arguments.
    pub(super) pure: bool,
    /// What is made of constant arguments beforehand.
    pub(super) prepare: fn(&[Node]) -> Prepared,
}

/// How arguments are written.
pub(super) enum Form {
    /// A list, or one argument by itself.
    List { least: usize, most: usize },
    /// A document.
    Named(&'static Names),
    /// In a way of its own.
    Own(fn(&'static Operator, RawBsonRef<'_>, &mut Parser<'_>) -> Result<Node, QueryError>),
}

/// The arguments of an operator that takes a document, with the codes of its errors.
pub(super) struct Names {
    /// When it is no document.
    pub(super) not_object: MongoCode,
    /// When there is one that it does not know.
    pub(super) unknown: MongoCode,
    /// How such errors are worded.
    pub(super) words: Words,
    /// Each with the code for when it is left out, where it may not be.
    pub(super) names: &'static [(&'static str, Option<MongoCode>)],
}

/// The wording of errors about named arguments, which is not the same everywhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    /// "Unrecognized parameter to".
    Parameter,
    /// "Unrecognized argument to".
    Argument,
    /// "found an unknown argument".
    Plain,
    /// "requires an 'input' field".
    Field,
}

impl Operator {
    /// One with as many arguments as somebody likes.
    pub(super) const fn any(
        name: &'static str,
        run: for<'a> fn(&Arguments<'a>) -> Evaluated<'a>,
    ) -> Self {
        Self::between(name, 0, usize::MAX, run)
    }

    /// One with a number of arguments.
    pub(super) const fn exactly(
        name: &'static str,
        number: usize,
        run: for<'a> fn(&Arguments<'a>) -> Evaluated<'a>,
    ) -> Self {
        Self::between(name, number, number, run)
    }

    pub(super) const fn between(
        name: &'static str,
        least: usize,
        most: usize,
        run: for<'a> fn(&Arguments<'a>) -> Evaluated<'a>,
    ) -> Self {
        let form = Form::List { least, most };
        Self { name, form, run, pure: true, prepare: |_| Prepared::Nothing }
    }

    /// One with named arguments.
    pub(super) const fn named(
        name: &'static str,
        names: &'static Names,
        run: for<'a> fn(&Arguments<'a>) -> Evaluated<'a>,
    ) -> Self {
        let form = Form::Named(names);
        Self { name, form, run, pure: true, prepare: |_| Prepared::Nothing }
    }

    /// One that reads its arguments itself.
    pub(super) const fn own(
        name: &'static str,
        parse: fn(&'static Self, RawBsonRef<'_>, &mut Parser<'_>) -> Result<Node, QueryError>,
        run: for<'a> fn(&Arguments<'a>) -> Evaluated<'a>,
    ) -> Self {
        let form = Form::Own(parse);
        Self { name, form, run, pure: true, prepare: |_| Prepared::Nothing }
    }

    /// The same, with something made of constant arguments beforehand.
    pub(super) const fn prepared_by(mut self, prepare: fn(&[Node]) -> Prepared) -> Self {
        self.prepare = prepare;
        self
    }

    /// The same, and it may give something else every time.
    pub(super) const fn impure(mut self) -> Self {
        self.pure = false;
        self
    }
}

impl fmt::Debug for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// What an operator makes of constant arguments beforehand.
#[derive(Debug, Default)]
pub(super) enum Prepared {
    #[default]
    Nothing,
    /// The time zone, which is always the same.
    Zone(Zone),
    /// The regular expression, which is always the same.
    Regex(Box<Compiled>),
    /// Where a sequence of numbers by chance is.
    Random(AtomicU64),
}

/// The arguments of a call, evaluated when they are asked for.
pub(super) struct Arguments<'a> {
    pub(super) call: &'a Call,
    pub(super) scope: &'a Scope<'a>,
}

impl<'a> Arguments<'a> {
    pub(super) fn new(call: &'a Call, scope: &'a Scope<'a>) -> Self {
        Self { call, scope }
    }

    /// The name of the operator, for errors.
    pub(super) fn name(&self) -> &'static str {
        self.call.operator.name
    }

    pub(super) fn len(&self) -> usize {
        self.call.arguments.len()
    }

    /// Whether an argument that may be left out is there.
    pub(super) fn is_given(&self, index: usize) -> bool {
        self.node(index).is_some_and(|node| !matches!(node, Node::Absent))
    }

    pub(super) fn node(&self, index: usize) -> Option<&'a Node> {
        self.call.arguments.get(index)
    }

    /// The value of an argument.
    pub(super) fn get(&self, index: usize) -> Evaluated<'a> {
        match self.node(index) {
            Some(node) => node.evaluate(self.scope),
            None => Ok(None),
        }
    }

    /// What `use_value` makes of an argument that is evaluated with more variables.
    pub(super) fn with<'b, T>(
        &self,
        index: usize,
        values: &'b [Option<Value<'b>>],
        use_value: impl FnOnce(Option<Value<'_>>) -> Result<T, QueryError>,
    ) -> Result<T, QueryError>
    where
        'a: 'b,
    {
        let scope: &'b Scope<'b> = self.scope;
        let frame = scope.frame(values);
        let inner = scope.within(&frame);
        let value = match self.node(index) {
            Some(node) => node.evaluate(&inner)?,
            None => None,
        };
        use_value(value)
    }

    /// The value of an argument with more variables.
    pub(super) fn get_with<'b>(
        &self,
        index: usize,
        values: &'b [Option<Value<'b>>],
    ) -> Evaluated<'static>
    where
        'a: 'b,
    {
        self.with(index, values, |value| Ok(value.map(Value::detach)))
    }

    /// The values of all arguments, one after the other.
    pub(super) fn iter(&self) -> impl Iterator<Item = Evaluated<'a>> {
        let scope = self.scope;
        self.call.arguments.iter().map(move |node| node.evaluate(scope))
    }
}
