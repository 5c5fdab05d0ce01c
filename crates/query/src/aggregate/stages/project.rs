//! `$project`: which fields stay, which go, which are computed. `$unset` says which go.

use bson::{RawBsonRef, RawDocument, RawDocumentBuf};

use crate::{
    MongoCode, Parameters, QueryError,
    aggregate::{
        computed::Computed,
        context::Context,
        path::Path,
        raw::malformed,
        stage::{Stage, Transform},
        tree::{Branch, Collision, Mode, Tree},
    },
    depth::{check_names, check_stack},
    expression::is_true,
    trail::Trail,
};

/// Parses `$project`.
pub(in crate::aggregate) fn parse(
    value: RawBsonRef<'_>,
    context: Context<'_>,
) -> Result<Vec<Stage>, QueryError> {
    let RawBsonRef::Document(document) = value else {
        return Err(QueryError::new(
            MongoCode::PROJECT_NOT_OBJECT,
            "$project specification must be an object",
        ));
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
                    Err(QueryError::new(MongoCode::UNSET_PATH_NOT_STRING, text))
                }
            })
            .collect::<Result<_, _>>()?,
        _ => {
            let text = "$unset specification must be a string or an array";
            return Err(QueryError::new(MongoCode::UNSET_NOT_STRING_OR_ARRAY, text));
        }
    };
    if paths.is_empty() {
        let text = "$unset specification must be a string or an array with at least one field";
        return Err(QueryError::new(MongoCode::UNSET_EMPTY, text));
    }
    let mut tree = Tree::default();
    for path in paths {
        let path = Path::parse(path).map_err(|error| caused_by("$unset", error))?;
        tree.insert(path.names(), Branch::Drop)
            .map_err(|found| caused_by("$unset", collision(&path.text(), found)))?;
    }
    Ok(vec![Stage::Transform(Box::new(Project { tree, mode: Mode::Exclude }))])
}

/// The error of a stage, with the name of the stage.
pub(super) fn caused_by(stage: &str, error: QueryError) -> QueryError {
    let text = format!("{stage}: {}", error.message);
    QueryError::new(error.code, text)
}

/// The error about a path that meets another one.
pub(super) fn collision(path: &str, found: Collision) -> QueryError {
    match found {
        Collision::End => {
            QueryError::new(MongoCode::PATH_COLLISION, format!("Path collision at {path}"))
        }
        Collision::Way(rest) => {
            let text = format!("Path collision at {path} remaining portion {rest}");
            QueryError::new(MongoCode::PATH_COLLISION_WITH_REST, text)
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
    let is_it = error.code == MongoCode::INVALID_PIPELINE_OPERATOR
        && error.message == format!("Unrecognized expression '{operator}'");
    if is_it {
        QueryError::new(
            MongoCode::PROJECTED_EXPRESSION_UNKNOWN,
            format!("Unknown expression {operator}"),
        )
    } else {
        error
    }
}

struct Parser<'p> {
    parameters: &'p Parameters,
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

/// The fields that something is added to.
struct Spot<'s, 't> {
    /// Or the number of names that lead to what was given as a whole, and has no fields.
    tree: Result<&'t mut Tree, usize>,
    trail: &'s Trail<'s>,
}

impl<'s> Spot<'s, '_> {
    fn again(&mut self) -> Spot<'s, '_> {
        let tree = match &mut self.tree {
            Ok(tree) => Ok(&mut **tree),
            Err(taken) => Err(*taken),
        };
        Spot { tree, trail: self.trail }
    }

    /// Whether a path from here leads to `_id`, or into it.
    fn is_of_id(&self, path: &Path) -> bool {
        match self.trail.is_root() {
            true => path.names().first().is_some_and(|name| name == "_id"),
            false => self.trail.first() == "_id",
        }
    }
}

impl<'p> Parser<'p> {
    fn new(parameters: &'p Parameters) -> Self {
        Self { parameters, mode: None, id: None }
    }

    fn parse(mut self, document: &RawDocument) -> Result<Project, QueryError> {
        if document.is_empty() {
            let text = "projection specification must have at least one field";
            return Err(QueryError::new(MongoCode::PROJECT_EMPTY, text));
        }
        let mut tree = Tree::default();
        self.fields(Spot { tree: Ok(&mut tree), trail: &Trail::ROOT }, document)?;
        let alone = if self.id == Some(Id::Kept) { Mode::Include } else { Mode::Exclude };
        let mode = self.mode.unwrap_or(alone);
        let id = match (mode, self.id) {
            (Mode::Include, None | Some(Id::Kept)) => Some(Branch::Keep),
            (Mode::Exclude, Some(Id::Dropped)) => Some(Branch::Drop),
            _ => None,
        };
        if let Some(branch) = id {
            let path = ["_id".to_owned()];
            tree.insert(&path, branch).map_err(|found| collision("_id", found))?;
        }
        tree.settle();
        Ok(Project { tree, mode })
    }

    fn fields(&mut self, mut spot: Spot<'_, '_>, document: &RawDocument) -> Result<(), QueryError> {
        check_stack()?;
        for field in document {
            let (name, value) = field.map_err(|_| malformed())?;
            let path = Path::parse(name.as_str())?;
            check_names(spot.trail.count() + path.names().len())?;
            self.field(spot.again(), name.as_str(), &path, value)?;
        }
        Ok(())
    }

    fn field(
        &mut self,
        spot: Spot<'_, '_>,
        name: &str,
        path: &Path,
        value: RawBsonRef<'_>,
    ) -> Result<(), QueryError> {
        let is_id = spot.trail.is_root() && name == "_id";
        if !is_id && spot.is_of_id(path) {
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
                    return Err(collision(name, Collision::End));
                }
                self.id = Some(if is_true(value) { Id::Kept } else { Id::Dropped });
                Ok(())
            }
            RawBsonRef::Boolean(_)
            | RawBsonRef::Int32(_)
            | RawBsonRef::Int64(_)
            | RawBsonRef::Double(_)
            | RawBsonRef::Decimal128(_) => match is_true(value) {
                true => self.insert(spot, name, path, (Mode::Include, Branch::Keep)),
                false => self.insert(spot, name, path, (Mode::Exclude, Branch::Drop)),
            },
            RawBsonRef::Document(document) => self.document(spot, name, path, document),
            value => {
                if is_id {
                    self.id = Some(Id::Other);
                }
                let computed = Computed::parse(value, self.parameters)?;
                self.insert(spot, name, path, (Mode::Include, Branch::Compute(computed)))
            }
        }
    }

    fn document(
        &mut self,
        spot: Spot<'_, '_>,
        name: &str,
        path: &Path,
        document: &RawDocument,
    ) -> Result<(), QueryError> {
        let Some(Ok((first, _))) = document.iter().next() else {
            let text = format!(
                "An empty sub-projection is not a valid value. Found empty object at path {}",
                spot.trail.text_with(name)
            );
            return Err(QueryError::new(MongoCode::PROJECTED_OBJECT_EMPTY, text));
        };
        if spot.is_of_id(path) {
            self.id = Some(Id::Other);
        }
        if !first.as_str().starts_with('$') {
            let trail = spot.trail.below(name)?;
            let outside = spot.trail.count();
            let tree = spot
                .tree
                .and_then(|tree| tree.within(path.names()).map_err(|taken| outside + taken));
            return self.fields(Spot { tree, trail: &trail }, document);
        }
        if first.as_str() == "$elemMatch" {
            let text = "Cannot use $elemMatch in this context";
            return Err(QueryError::new(MongoCode::INVALID_PIPELINE_OPERATOR, text));
        }
        if self.mode == Some(Mode::Exclude) {
            let text = "Cannot use expression other than $meta in exclusion projection";
            return Err(QueryError::new(MongoCode::EXPRESSION_IN_EXCLUSION, text));
        }
        let computed = Computed::parse(RawBsonRef::Document(document), self.parameters)
            .map_err(|error| unknown(first.as_str(), error))?;
        self.insert(spot, name, path, (Mode::Include, Branch::Compute(computed)))
    }

    fn insert(
        &mut self,
        spot: Spot<'_, '_>,
        name: &str,
        path: &Path,
        (mode, branch): (Mode, Branch),
    ) -> Result<(), QueryError> {
        let text = || spot.trail.text_with(name);
        match (self.mode, mode, &branch) {
            (Some(Mode::Exclude), Mode::Include, Branch::Compute(_)) => {
                let text = "Cannot use an expression in an exclusion projection";
                return Err(QueryError::new(MongoCode::LITERAL_IN_EXCLUSION, text));
            }
            (Some(Mode::Exclude), Mode::Include, _) => {
                let text =
                    format!("Cannot do inclusion on field {} in exclusion projection", text());
                return Err(QueryError::new(MongoCode::INCLUSION_IN_EXCLUSION, text));
            }
            (Some(Mode::Include), Mode::Exclude, _) => {
                let text =
                    format!("Cannot do exclusion on field {} in inclusion projection", text());
                return Err(QueryError::new(MongoCode::EXCLUSION_IN_INCLUSION, text));
            }
            _ => self.mode = Some(mode),
        }
        let inserted = match spot.tree {
            Ok(tree) => tree.insert(path.names(), branch),
            Err(taken) => Err(Collision::above(&text(), taken)),
        };
        inserted.map_err(|found| collision(&text(), found))
    }
}
