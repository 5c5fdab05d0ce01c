//! Reading a projection.

use bson::{RawBsonRef, RawDocument, RawDocumentBuf, raw::CStr};

use super::{Field, Node, Positional, Projection, slice::Slice};
use crate::{
    Expression, Filter, MongoCode, Parameters, QueryError,
    bson_types::type_name,
    depth::{check_names, check_stack, malformed, validate},
    describe::{describe, describe_field},
    field_path,
    number::Number,
    path::fields,
    trail::Trail,
};

/// What has been read so far.
struct Reader<'a> {
    parameters: &'a Parameters,
    /// Whether it is an inclusion, once that is clear.
    is_inclusion: Option<bool>,
    /// What was said of the whole `_id`.
    id: Option<bool>,
    has_slice: bool,
    has_element: bool,
    positional: Option<Positional>,
}

pub(super) fn parse(
    specification: &RawDocument,
    parameters: &Parameters,
) -> Result<Projection, QueryError> {
    validate(specification)?;
    let mut root = Node::default();
    let mut reader = Reader {
        parameters,
        is_inclusion: None,
        id: None,
        has_slice: false,
        has_element: false,
        positional: None,
    };
    for field in fields(specification) {
        let (name, value) = field?;
        reader.element(Spot { node: Some(&mut root), trail: &Trail::ROOT }, name, value)?;
    }
    root.settle();
    Ok(reader.finish(root))
}

/// The fields of the specification that something is added to.
struct Spot<'s, 'n> {
    /// Nothing where the way here goes through a field that was given as a whole.
    node: Option<&'n mut Node>,
    trail: &'s Trail<'s>,
}

impl Reader<'_> {
    fn finish(self, mut root: Node) -> Projection {
        let is_inclusion = self.is_inclusion.unwrap_or(match (self.has_slice, self.has_element) {
            (true, _) | (_, false) => self.id == Some(true),
            (false, true) => true,
        });
        if is_inclusion && root.fields.get("_id").is_none() {
            root.fields.push("_id", Field::Keep);
        }
        Projection { root, is_inclusion, positional: self.positional }
    }

    /// One field of the specification.
    fn element(
        &mut self,
        spot: Spot<'_, '_>,
        name: &str,
        value: RawBsonRef<'_>,
    ) -> Result<(), QueryError> {
        let refuse = |code, message: &str| Err(QueryError::new(code, message));
        if name.contains(".$.") {
            let message = format!(
                "a projection must have its $ at the end of a path, as in a.b.$: remove what \
                 follows the $ in {name}"
            );
            return refuse(MongoCode::POSITIONAL_NOT_AT_END, &message);
        }
        let is_positional = name.ends_with(".$");
        match value {
            RawBsonRef::Document(_) if is_positional => {
                let message =
                    "positional projection cannot be used with an expression or sub object";
                refuse(MongoCode::POSITIONAL_WITH_OBJECT, message)
            }
            RawBsonRef::Document(document) => self.object(spot, name, document),
            value => match truth(value) {
                Some(true) if is_positional => self.positional(spot, name),
                Some(true) => self.inclusion(spot, name),
                Some(false) if is_positional => {
                    let message = "positional projection cannot be used with exclusion";
                    refuse(MongoCode::POSITIONAL_IN_EXCLUSION, message)
                }
                Some(false) => self.exclusion(spot, name),
                None if is_positional => {
                    let message = "positional projection cannot be used with a literal";
                    refuse(MongoCode::POSITIONAL_WITH_LITERAL, message)
                }
                None => self.literal(spot, name, value),
            },
        }
    }

    fn inclusion(&mut self, spot: Spot<'_, '_>, name: &str) -> Result<(), QueryError> {
        let is_id = spot.trail.is_root() && name == "_id";
        add(spot, name, Field::Keep)?;
        if is_id {
            self.id = Some(true);
            return Ok(());
        }
        self.settle(true, || {
            let message = format!("Cannot do inclusion on field {name} in exclusion projection");
            QueryError::new(MongoCode::INCLUSION_IN_EXCLUSION, message)
        })
    }

    fn exclusion(&mut self, spot: Spot<'_, '_>, name: &str) -> Result<(), QueryError> {
        let is_id = spot.trail.is_root() && name == "_id";
        add(spot, name, Field::Drop)?;
        if is_id {
            self.id = Some(false);
            return Ok(());
        }
        self.settle(false, || {
            let message = format!("Cannot do exclusion on field {name} in inclusion projection");
            QueryError::new(MongoCode::EXCLUSION_IN_INCLUSION, message)
        })
    }

    fn positional(&mut self, spot: Spot<'_, '_>, name: &str) -> Result<(), QueryError> {
        if self.positional.is_some() {
            let message = "Cannot specify more than one positional projection per query.";
            return Err(QueryError::new(MongoCode::POSITIONAL_TWICE, message));
        }
        if self.has_element {
            let message = "Cannot specify positional operator and $elemMatch.";
            return Err(QueryError::new(MongoCode::ELEM_MATCH_BEFORE_POSITIONAL, message));
        }
        let array = name.strip_suffix(".$").unwrap_or(name);
        if array.is_empty() && spot.trail.is_root() {
            let message = format!("Projection on field {name} is invalid");
            return Err(QueryError::new(MongoCode::POSITIONAL_ALONE, message));
        }
        let trail = spot.trail;
        add(spot, array, Field::Keep)?;
        self.positional = Some(Positional::new(&trail.text_with(array)));
        self.settle(true, || {
            let path = trail.text_with(name);
            let message = format!("Cannot do inclusion on field {path} in exclusion projection");
            QueryError::new(MongoCode::INCLUSION_IN_EXCLUSION, message)
        })
    }

    /// A value that stands for itself, or a path of an expression.
    fn literal(
        &mut self,
        spot: Spot<'_, '_>,
        name: &str,
        value: RawBsonRef<'_>,
    ) -> Result<(), QueryError> {
        let expression = Expression::parse(value, self.parameters)?;
        add(spot, name, Field::Computed(expression))?;
        self.settle(true, || {
            let shown = describe_field(name, value);
            let message = format!("Cannot use an expression {shown} in an exclusion projection");
            QueryError::new(MongoCode::LITERAL_IN_EXCLUSION, message)
        })
    }

    /// An operator, or fields of a nested document.
    fn object(
        &mut self,
        mut spot: Spot<'_, '_>,
        name: &str,
        document: &RawDocument,
    ) -> Result<(), QueryError> {
        let mut inner = fields(document);
        let Some((first, value)) = inner.next().transpose()? else {
            let message = format!(
                "An empty sub-projection is not a valid value. Found empty object at path {}",
                spot.trail.text_with(name)
            );
            return Err(QueryError::new(MongoCode::PROJECTED_OBJECT_EMPTY, message));
        };
        if first.starts_with('$') && inner.next().is_none() {
            return self.operator(spot, name, (first, value), document);
        }
        check_stack()?;
        field_path::check_part(name)?;
        let trail = spot.trail.below(name)?;
        let mut node = spot.node.as_deref_mut();
        for name in name.split('.') {
            node = node.and_then(|node| inner_node(node, name));
        }
        for field in fields(document) {
            let (name, value) = field?;
            self.element(Spot { node: node.as_deref_mut(), trail: &trail }, name, value)?;
        }
        Ok(())
    }

    fn operator(
        &mut self,
        spot: Spot<'_, '_>,
        field: &str,
        (name, value): (&str, RawBsonRef<'_>),
        document: &RawDocument,
    ) -> Result<(), QueryError> {
        match name {
            "$meta" => Err(QueryError::not_supported(name)),
            "$slice" => match Slice::parse(value) {
                Ok(slice) => {
                    self.has_slice = true;
                    add(spot, field, Field::Slice(slice))
                }
                Err(refused) => self.expression(spot, field, document).map_err(|error| {
                    let shown = describe(RawBsonRef::Document(document));
                    let message = format!(
                        "{shown} is neither the $slice of a projection ({refused}) nor that of an \
                         expression ({error})"
                    );
                    QueryError::new(error.code, message)
                }),
            },
            "$elemMatch" => self.element_match(spot, field, value, document),
            _ => self.expression(spot, field, document).map_err(|error| {
                let is_own = error.message.contains(&format!("'{name}'"));
                match error.code {
                    MongoCode::INVALID_PIPELINE_OPERATOR if is_own => QueryError::new(
                        MongoCode::PROJECTED_EXPRESSION_UNKNOWN,
                        format!("Unknown expression {name}"),
                    ),
                    _ => error,
                }
            }),
        }
    }

    fn expression(
        &mut self,
        spot: Spot<'_, '_>,
        field: &str,
        document: &RawDocument,
    ) -> Result<(), QueryError> {
        self.settle(true, || {
            let message = "Cannot use expression other than $meta in exclusion projection";
            QueryError::new(MongoCode::EXPRESSION_IN_EXCLUSION, message)
        })?;
        let expression = Expression::parse(RawBsonRef::Document(document), self.parameters)?;
        add(spot, field, Field::Computed(expression))
    }

    fn element_match(
        &mut self,
        spot: Spot<'_, '_>,
        field: &str,
        value: RawBsonRef<'_>,
        document: &RawDocument,
    ) -> Result<(), QueryError> {
        if !matches!(value, RawBsonRef::Document(_)) {
            let kind = type_name(value);
            let message = format!("elemMatch: Invalid argument, object required, but got {kind}");
            return Err(QueryError::new(MongoCode::ELEM_MATCH_NOT_OBJECT, message));
        }
        if self.positional.is_some() {
            let message = "Cannot specify positional operator and $elemMatch.";
            return Err(QueryError::new(MongoCode::POSITIONAL_BEFORE_ELEM_MATCH, message));
        }
        if field.contains('.') || !spot.trail.is_root() {
            let message = "Cannot use $elemMatch projection on a nested field.";
            return Err(QueryError::new(MongoCode::ELEM_MATCH_ON_NESTED_FIELD, message));
        }
        let mut query = RawDocumentBuf::new();
        query.append(name_of(field)?, document);
        let filter = Filter::parse(&query, self.parameters)?;
        self.has_element = true;
        add(spot, field, Field::Element(filter))
    }

    /// Says that it is an inclusion or an exclusion, unless it is the other already.
    fn settle(
        &mut self,
        is_inclusion: bool,
        refusal: impl FnOnce() -> QueryError,
    ) -> Result<(), QueryError> {
        match self.is_inclusion {
            Some(known) if known != is_inclusion => Err(refusal()),
            _ => {
                self.is_inclusion = Some(is_inclusion);
                Ok(())
            }
        }
    }
}

/// Puts a field into the tree.
fn add(spot: Spot<'_, '_>, path: &str, field: Field) -> Result<(), QueryError> {
    field_path::check(path)?;
    check_names(spot.trail.count() + path.split('.').count())?;
    let (before, last) = path.rsplit_once('.').unwrap_or(("", path));
    let mut node = spot.node;
    for name in before.split('.').filter(|name| !name.is_empty()) {
        node = node.and_then(|node| inner_node(node, name));
    }
    let Some(node) = node else {
        let path = spot.trail.text_with(path);
        let rest = path.split_once('.').map_or(path.as_str(), |(_, rest)| rest);
        let message = format!("Path collision at {path} remaining portion {rest}");
        return Err(QueryError::new(MongoCode::PATH_COLLISION_WITH_REST, message));
    };
    if node.fields.get(last).is_some() {
        let message = format!("Path collision at {}", spot.trail.text_with(path));
        return Err(QueryError::new(MongoCode::PATH_COLLISION, message));
    }
    node.fields.push(last, field);
    Ok(())
}

/// The nested fields under a name, which are added if they are missing; nothing if the name has
/// been given as a whole.
fn inner_node<'n>(node: &'n mut Node, name: &str) -> Option<&'n mut Node> {
    let place = match node.fields.position(name.as_bytes()) {
        Some(place) => place,
        None => node.fields.push(name, Field::Nested(Node::default())),
    };
    match node.fields.at_mut(place) {
        Some(Field::Nested(inner)) => Some(inner),
        _ => None,
    }
}

/// What a value says about a field; nothing if it is no number and no boolean.
fn truth(value: RawBsonRef<'_>) -> Option<bool> {
    match value {
        RawBsonRef::Boolean(truth) => Some(truth),
        value => Number::of(value).map(|number| !number.is_zero()),
    }
}

fn name_of(name: &str) -> Result<&CStr, QueryError> {
    name.try_into().map_err(malformed)
}
