//! `$addFields`, which is `$set` as well: new fields, and new values for old ones.

use bson::{RawBsonRef, RawDocument, RawDocumentBuf};

use super::project::caused_by;
use crate::{
    MongoCode, Parameters, QueryError,
    aggregate::{
        arguments::object,
        computed::Computed,
        context::Context,
        path::Path,
        raw::malformed,
        stage::{Stage, Transform},
        tree::{Branch, Collision, Mode, Tree},
    },
    depth::{check_names, check_stack},
    trail::Trail,
};

/// Parses `$addFields`.
pub(in crate::aggregate) fn parse(
    value: RawBsonRef<'_>,
    context: Context<'_>,
) -> Result<Vec<Stage>, QueryError> {
    parse_as("$addFields", value, context)
}

/// Parses `$set`.
pub(in crate::aggregate) fn parse_set(
    value: RawBsonRef<'_>,
    context: Context<'_>,
) -> Result<Vec<Stage>, QueryError> {
    parse_as("$set", value, context)
}

/// Fields with the values that they get.
pub(in crate::aggregate) struct AddFields {
    tree: Tree,
}

impl Transform for AddFields {
    fn apply(&self, document: &RawDocument) -> Result<RawDocumentBuf, QueryError> {
        self.tree.apply(Mode::Add, document)
    }
}

fn parse_as(
    name: &str,
    value: RawBsonRef<'_>,
    context: Context<'_>,
) -> Result<Vec<Stage>, QueryError> {
    let document = object(value, MongoCode::ADD_FIELDS_NOT_OBJECT, |found| {
        format!("{name} specification stage must be an object, got {found}")
    })?;
    let mut tree = Tree::default();
    insert_all(Ok(&mut tree), &Trail::ROOT, document, context.parameters)
        .map_err(|error| caused_by(name, error))?;
    tree.settle();
    if tree.is_empty() {
        let text = "specification must have at least one field";
        return Err(caused_by(name, QueryError::new(MongoCode::ADD_FIELDS_EMPTY, text)));
    }
    Ok(vec![Stage::Transform(Box::new(AddFields { tree }))])
}

/// Adds fields to a tree. In the place of a tree there may be the number of names that lead to what
/// was given as a whole: whatever is added there collides with that.
fn insert_all(
    mut tree: Result<&mut Tree, usize>,
    trail: &Trail<'_>,
    document: &RawDocument,
    parameters: &Parameters,
) -> Result<(), QueryError> {
    check_stack()?;
    for field in document {
        let (name, value) = field.map_err(|_| malformed())?;
        let name = name.as_str();
        let path = Path::parse(name)?;
        if !trail.is_root() && path.names().len() > 1 {
            let text = format!("cannot use dotted field name '{name}' in a sub object");
            return Err(QueryError::new(MongoCode::ADD_FIELDS_DOT_IN_SUB_OBJECT, text));
        }
        check_names(trail.count() + path.names().len())?;
        match value {
            RawBsonRef::Document(inner) if inner.is_empty() => {
                let text = format!(
                    "an empty object is not a valid value. Found empty object at path {}",
                    trail.text_with(name)
                );
                return Err(QueryError::new(MongoCode::ADD_FIELDS_OBJECT_EMPTY, text));
            }
            RawBsonRef::Document(inner) if is_nested(inner) => {
                let within = match &mut tree {
                    Ok(tree) => tree.within(path.names()).map_err(|taken| trail.count() + taken),
                    Err(taken) => Err(*taken),
                };
                insert_all(within, &trail.below(name)?, inner, parameters)?;
            }
            value => {
                let branch = Branch::Compute(Computed::parse(value, parameters)?);
                let inserted = match &mut tree {
                    Ok(tree) => tree.insert(path.names(), branch),
                    Err(taken) => Err(Collision::above(&trail.text_with(name), *taken)),
                };
                inserted.map_err(|found| collision(trail.text_with(name), found))?;
            }
        }
    }
    Ok(())
}

/// Whether a document holds fields instead of an operator.
fn is_nested(document: &RawDocument) -> bool {
    let first = document.iter().next().and_then(Result::ok);
    first.is_some_and(|(name, _)| !name.as_str().starts_with('$'))
}

/// The error about a path that meets another one.
fn collision(path: String, found: Collision) -> QueryError {
    let other = match found {
        Collision::End => path.clone(),
        Collision::Way(rest) => path[..path.len() - rest.len() - 1].to_owned(),
    };
    let text = format!(
        "specification contains two conflicting paths. Cannot specify both '{path}' and '{other}'"
    );
    QueryError::new(MongoCode::ADD_FIELDS_PATHS_CONFLICT, text)
}
