//! `$jsonSchema`: what documents look like.
//!
//! The dialect is that of a MongoDB server: draft 4 of JSON Schema without references, formats and
//! defaults, with `bsonType`. A keyword about one type says nothing about values of the others.

mod numbers;
mod parse;
mod unordered;

use std::collections::HashSet;

use bson::{RawArray, RawBson, RawBsonRef, RawDocument};

use super::types::TypeSet;
use crate::{
    QueryError,
    interrupt::step,
    named::Named,
    order::{compare, rank},
    path::{field, fields, items},
    pattern::Pattern,
};

/// Checks that all have to be passed.
#[derive(Debug, Default)]
pub(super) struct Schema {
    checks: Vec<Check>,
}

#[derive(Debug)]
enum Check {
    Type(TypeSet),
    /// The keys of the values, in order.
    Enum(Vec<Vec<u8>>),
    AllOf(Vec<Schema>),
    AnyOf(Vec<Schema>),
    OneOf(Vec<Schema>),
    Not(Schema),
    Minimum {
        value: RawBson,
        exclusive: bool,
    },
    Maximum {
        value: RawBson,
        exclusive: bool,
    },
    MultipleOf(RawBson),
    MinLength(usize),
    MaxLength(usize),
    Pattern(Box<Pattern>),
    MinItems(usize),
    MaxItems(usize),
    UniqueItems,
    Items(Items),
    MinProperties(usize),
    MaxProperties(usize),
    Required(Vec<Box<str>>),
    Properties(Properties),
    /// What has to be there together with a field.
    Dependencies(Vec<(Box<str>, Dependency)>),
}

/// What the items of an array are to be.
#[derive(Debug)]
struct Items {
    /// One for each of the first items.
    first: Vec<Schema>,
    rest: Rest,
}

/// What the fields of a document are to be.
#[derive(Debug)]
struct Properties {
    /// More than one of a name where the specification has the name more than once.
    named: Named<Vec<Schema>>,
    patterns: Vec<(Pattern, Schema)>,
    rest: Rest,
}

/// What everything else is to be.
#[derive(Debug)]
enum Rest {
    Anything,
    Nothing,
    Like(Box<Schema>),
}

/// What has to be there together with a field.
#[derive(Debug)]
enum Dependency {
    Fields(Vec<Box<str>>),
    Schema(Schema),
}

impl Schema {
    pub(super) fn parse(schema: &RawDocument) -> Result<Self, QueryError> {
        parse::parse(schema, 0)
    }

    pub(super) fn matches(&self, value: RawBsonRef<'_>) -> Result<bool, QueryError> {
        for check in &self.checks {
            if !check.passes(value)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Check {
    fn passes(&self, value: RawBsonRef<'_>) -> Result<bool, QueryError> {
        match self {
            Self::Type(types) => Ok(types.contains(value)),
            Self::Enum(keys) => Ok(keys.binary_search(&unordered::key(value)).is_ok()),
            Self::AllOf(schemas) => Ok(count(schemas, value)? == schemas.len()),
            Self::AnyOf(schemas) => Ok(count(schemas, value)? > 0),
            Self::OneOf(schemas) => Ok(count(schemas, value)? == 1),
            Self::Not(schema) => Ok(!schema.matches(value)?),
            Self::Minimum { value: least, exclusive } => Ok(in_order(least, value, *exclusive)),
            Self::Maximum { value: most, exclusive } => {
                let most = most.as_raw_bson_ref();
                Ok(rank(most) != rank(value) || in_order(&value.into(), most, *exclusive))
            }
            Self::MultipleOf(divisor) => {
                Ok(numbers::is_multiple(value, divisor.as_raw_bson_ref()).unwrap_or(true))
            }
            Self::MinLength(least) => Ok(text(value).is_none_or(|text| length(text) >= *least)),
            Self::MaxLength(most) => Ok(text(value).is_none_or(|text| length(text) <= *most)),
            Self::Pattern(pattern) => text(value).map_or(Ok(true), |text| pattern.is_match(text)),
            Self::MinItems(_) | Self::MaxItems(_) | Self::UniqueItems | Self::Items(_) => {
                value.as_array().map_or(Ok(true), |array| self.array_passes(array))
            }
            Self::MinProperties(_)
            | Self::MaxProperties(_)
            | Self::Required(_)
            | Self::Properties(_)
            | Self::Dependencies(_) => {
                value.as_document().map_or(Ok(true), |document| self.document_passes(document))
            }
        }
    }

    fn array_passes(&self, array: &RawArray) -> Result<bool, QueryError> {
        match self {
            Self::MinItems(least) => Ok(items(array).count() >= *least),
            Self::MaxItems(most) => Ok(items(array).count() <= *most),
            Self::UniqueItems => {
                let mut keys =
                    items(array)
                        .map(|item| item.map(unordered::key))
                        .collect::<Result<Vec<_>, _>>()?;
                keys.sort_unstable();
                Ok(keys.windows(2).all(|pair| pair.first() != pair.last()))
            }
            Self::Items(schemas) => {
                for (index, item) in items(array).enumerate() {
                    let fits = match schemas.first.get(index) {
                        Some(schema) => schema.matches(item?)?,
                        None => schemas.rest.matches(item?)?,
                    };
                    if !fits {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            _ => Ok(true),
        }
    }

    fn document_passes(&self, document: &RawDocument) -> Result<bool, QueryError> {
        match self {
            Self::MinProperties(least) => Ok(fields(document).count() >= *least),
            Self::MaxProperties(most) => Ok(fields(document).count() <= *most),
            Self::Required(names) => Names::of(document, names.len())?.have_all(names),
            Self::Properties(properties) => properties.match_all(document),
            Self::Dependencies(dependencies) => {
                let wanted = dependencies.iter().map(|(_, needs)| match needs {
                    Dependency::Fields(others) => 1 + others.len(),
                    Dependency::Schema(_) => 1,
                });
                let names = Names::of(document, wanted.sum())?;
                for (name, needs) in dependencies {
                    if !names.have(name)? {
                        continue;
                    }
                    let is_met = match needs {
                        Dependency::Fields(others) => names.have_all(others)?,
                        Dependency::Schema(schema) => {
                            schema.matches(RawBsonRef::Document(document))?
                        }
                    };
                    if !is_met {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            _ => Ok(true),
        }
    }
}

impl Properties {
    fn match_all(&self, document: &RawDocument) -> Result<bool, QueryError> {
        for field in fields(document) {
            let (name, value) = field?;
            if !self.matches(name, value)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn matches(&self, name: &str, value: RawBsonRef<'_>) -> Result<bool, QueryError> {
        let mut is_known = false;
        for schema in self.named.get(name).into_iter().flatten() {
            is_known = true;
            if !schema.matches(value)? {
                return Ok(false);
            }
        }
        for (pattern, schema) in &self.patterns {
            if pattern.is_match(name)? {
                is_known = true;
                if !schema.matches(value)? {
                    return Ok(false);
                }
            }
        }
        if is_known { Ok(true) } else { self.rest.matches(value) }
    }
}

impl Rest {
    fn matches(&self, value: RawBsonRef<'_>) -> Result<bool, QueryError> {
        match self {
            Self::Anything => Ok(true),
            Self::Nothing => Ok(false),
            Self::Like(schema) => schema.matches(value),
        }
    }
}

/// How many schemas a value matches.
fn count(schemas: &[Schema], value: RawBsonRef<'_>) -> Result<usize, QueryError> {
    let mut count = 0;
    for schema in schemas {
        step()?;
        count += usize::from(schema.matches(value)?);
    }
    Ok(count)
}

/// Whether a value comes after a lesser one of its type; true for another type.
fn in_order(lesser: &RawBson, value: RawBsonRef<'_>, exclusive: bool) -> bool {
    let lesser = lesser.as_raw_bson_ref();
    let compared = compare(lesser, value);
    rank(lesser) != rank(value) || compared.is_lt() || (compared.is_eq() && !exclusive)
}

/// The names of a document's fields.
enum Names<'d> {
    /// To look for a few of them.
    Walk(&'d RawDocument),
    /// To look for many.
    Index(HashSet<&'d str>),
}

impl<'d> Names<'d> {
    /// The names, of which about so many will be looked for.
    fn of(document: &'d RawDocument, wanted: usize) -> Result<Self, QueryError> {
        const WALKS_MAX: usize = 16;
        if wanted <= WALKS_MAX {
            return Ok(Self::Walk(document));
        }
        let names = fields(document).map(|field| field.map(|(name, _)| name));
        names.collect::<Result<_, _>>().map(Self::Index)
    }

    fn have(&self, name: &str) -> Result<bool, QueryError> {
        match self {
            Self::Walk(document) => Ok(field(document, name)?.is_some()),
            Self::Index(names) => Ok(names.contains(name)),
        }
    }

    fn have_all(&self, names: &[Box<str>]) -> Result<bool, QueryError> {
        for name in names {
            step()?;
            if !self.have(name)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn text(value: RawBsonRef<'_>) -> Option<&str> {
    match value {
        RawBsonRef::String(text) => Some(text),
        _ => None,
    }
}

fn length(text: &str) -> usize {
    text.chars().count()
}
