//! `$project`: which fields stay, which go, which are computed. `$unset` says which go.

use bson::{RawBsonRef, RawDocument, RawDocumentBuf};

use crate::{
    Parameters, QueryError,
    aggregate::{
        computed::Computed,
        path::Path,
        raw::malformed,
        stage::{Context, Stage, Transform},
        tree::{Branch, Collision, Mode, Tree},
    },
    expression::is_true,
};

const INVALID_PIPELINE_OPERATOR: i32 = 168;

/// Parses `$project`.
pub(in crate::aggregate) fn parse(
    value: RawBsonRef<'_>,
    context: Context<'_>,
) -> Result<Vec<Stage>, QueryError> {
    let RawBsonRef::Document(document) = value else {
        return Err(QueryError::new(15969, "$project specification must be an object"));
    };
    let project = Parser::new(context.parameters)
        .parse(document)
        .map_err(|error| caused_by("$project", error))?;
    Ok(vec![Stage::Transform(Box::new(project))])
}

/// Parses `$unset`.
pub(in crate::aggregate) fn parse_unset(
    value: RawBsonRef<'_>,
    _context: Context<'_>,
) -> Result<Vec<Stage>, QueryError> {
    let paths = match value {
        RawBsonRef::String(path) => vec![path],
        RawBsonRef::Array(array) => array
            .into_iter()
            .map(|item| match item {
                Ok(RawBsonRef::String(path)) => Ok(path),
                _ => {
                    let text = "$unset specification must be a string or an array containing \
                                only string values";
                    Err(QueryError::new(31120, text))
                }
            })
            .collect::<Result<_, _>>()?,
        _ => {
            let text = "$unset specification must be a string or an array";
            return Err(QueryError::new(31002, text));
        }
    };
    if paths.is_empty() {
        let text = "$unset specification must be a string or an array with at least one field";
        return Err(QueryError::new(31119, text));
    }
    let mut tree = Tree::default();
    for path in paths {
        let path = Path::parse(path).map_err(|error| caused_by("$unset", error))?;
        tree.insert(path.names(), Branch::Drop)
            .map_err(|found| caused_by("$unset", collision(path.names(), found)))?;
    }
    Ok(vec![Stage::Transform(Box::new(Project { tree, mode: Mode::Exclude }))])
}

/// The error of a stage, with the name of the stage.
pub(super) fn caused_by(stage: &str, error: QueryError) -> QueryError {
    let text = format!("Invalid {stage} :: caused by :: {}", error.message);
    QueryError::new(error.code, text)
}

/// The error about a path that meets another one.
pub(super) fn collision(path: &[String], found: Collision) -> QueryError {
    let path = path.join(".");
    match found {
        Collision::End => QueryError::new(31250, format!("Path collision at {path}")),
        Collision::Way(rest) => {
            let text = format!("Path collision at {path} remaining portion {rest}");
            QueryError::new(31249, text)
        }
    }
}

/// Fields that stay or go.
struct Project {
    tree: Tree,
    mode: Mode,
}

impl Transform for Project {
    fn apply(&self, document: &RawDocument) -> Result<RawDocumentBuf, QueryError> {
        self.tree.apply(self.mode, document)
    }
}

/// The error about an operator that nobody knows, as this stage words it.
fn unknown(operator: &str, error: QueryError) -> QueryError {
    let is_it = error.code == INVALID_PIPELINE_OPERATOR
        && error.message == format!("Unrecognized expression '{operator}'");
    if is_it { QueryError::new(31325, format!("Unknown expression {operator}")) } else { error }
}

struct Parser<'p> {
    parameters: &'p Parameters,
    tree: Tree,
    /// Known from the first field on that says it.
    mode: Option<Mode>,
    /// What is said about `_id`.
    id: Option<Id>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Id {
    Kept,
    Dropped,
    Other,
}

impl<'p> Parser<'p> {
    fn new(parameters: &'p Parameters) -> Self {
        Self { parameters, tree: Tree::default(), mode: None, id: None }
    }

    fn parse(mut self, document: &RawDocument) -> Result<Project, QueryError> {
        if document.is_empty() {
            let text = "projection specification must have at least one field";
            return Err(QueryError::new(51272, text));
        }
        self.fields(&[], document)?;
        let alone = if self.id == Some(Id::Kept) { Mode::Include } else { Mode::Exclude };
        let mode = self.mode.unwrap_or(alone);
        let id = match (mode, self.id) {
            (Mode::Include, None | Some(Id::Kept)) => Some(Branch::Keep),
            (Mode::Exclude, Some(Id::Dropped)) => Some(Branch::Drop),
            _ => None,
        };
        if let Some(branch) = id {
            let path = ["_id".to_owned()];
            self.tree.insert(&path, branch).map_err(|found| collision(&path, found))?;
        }
        Ok(Project { tree: self.tree, mode })
    }

    fn fields(&mut self, before: &[String], document: &RawDocument) -> Result<(), QueryError> {
        for field in document {
            let (name, value) = field.map_err(|_| malformed())?;
            let path = Path::parse(name.as_str())?;
            let path = path.after(before)?;
            let names = path.names();
            self.field(names, value)?;
        }
        Ok(())
    }

    fn field(&mut self, path: &[String], value: RawBsonRef<'_>) -> Result<(), QueryError> {
        let is_id = path.len() == 1 && path[0] == "_id";
        let of_id = path[0] == "_id";
        if of_id && !is_id {
            self.id = Some(Id::Other);
        }
        match value {
            RawBsonRef::Boolean(_)
            | RawBsonRef::Int32(_)
            | RawBsonRef::Int64(_)
            | RawBsonRef::Double(_)
            | RawBsonRef::Decimal128(_)
                if is_id =>
            {
                if self.id.is_some() {
                    return Err(collision(path, Collision::End));
                }
                self.id = Some(if is_true(value) { Id::Kept } else { Id::Dropped });
                Ok(())
            }
            RawBsonRef::Boolean(_)
            | RawBsonRef::Int32(_)
            | RawBsonRef::Int64(_)
            | RawBsonRef::Double(_)
            | RawBsonRef::Decimal128(_) => match is_true(value) {
                true => self.insert(path, Mode::Include, Branch::Keep),
                false => self.insert(path, Mode::Exclude, Branch::Drop),
            },
            RawBsonRef::Document(document) => self.document(path, document),
            value => {
                if is_id {
                    self.id = Some(Id::Other);
                }
                let computed = Computed::parse(value, self.parameters)?;
                self.insert(path, Mode::Include, Branch::Compute(computed))
            }
        }
    }

    fn document(&mut self, path: &[String], document: &RawDocument) -> Result<(), QueryError> {
        let Some(Ok((first, _))) = document.iter().next() else {
            let text = format!(
                "An empty sub-projection is not a valid value. Found empty object at path {}",
                path.join(".")
            );
            return Err(QueryError::new(51270, text));
        };
        if path[0] == "_id" {
            self.id = Some(Id::Other);
        }
        if !first.as_str().starts_with('$') {
            return self.fields(path, document);
        }
        if first.as_str() == "$elemMatch" {
            let text = "Cannot use $elemMatch in this context";
            return Err(QueryError::new(INVALID_PIPELINE_OPERATOR, text));
        }
        if self.mode == Some(Mode::Exclude) {
            let text = "Cannot use expression other than $meta in exclusion projection";
            return Err(QueryError::new(31252, text));
        }
        let computed = Computed::parse(RawBsonRef::Document(document), self.parameters)
            .map_err(|error| unknown(first.as_str(), error))?;
        self.insert(path, Mode::Include, Branch::Compute(computed))
    }

    fn insert(&mut self, path: &[String], mode: Mode, branch: Branch) -> Result<(), QueryError> {
        let text = path.join(".");
        match (self.mode, mode, &branch) {
            (Some(Mode::Exclude), Mode::Include, Branch::Compute(_)) => {
                let text = "Cannot use an expression in an exclusion projection";
                return Err(QueryError::new(31310, text));
            }
            (Some(Mode::Exclude), Mode::Include, _) => {
                let text = format!("Cannot do inclusion on field {text} in exclusion projection");
                return Err(QueryError::new(31253, text));
            }
            (Some(Mode::Include), Mode::Exclude, _) => {
                let text = format!("Cannot do exclusion on field {text} in inclusion projection");
                return Err(QueryError::new(31254, text));
            }
            _ => self.mode = Some(mode),
        }
        self.tree.insert(path, branch).map_err(|found| collision(path, found))
    }
}
