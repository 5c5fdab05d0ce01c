//! From BSON to a tree of nodes.

use bson::{
    RawArray, RawBsonRef, RawDocument, RawDocumentBuf,
    raw::{CStr, CString},
};

use super::{
    build::bytes_of,
    node::{Call, Node},
    operator::{Arguments, Form, Names, Operator, Prepared, Words},
    path::{FieldPath, check_name},
    scope::{Scope, Slot},
    value::{fields, items, to_owned, type_name},
};
use crate::{
    MongoCode, Parameters, QueryError,
    depth::{COMMAND_DEPTH_MAX, check_stack},
    named::{Named, Seen},
};

/// Operators are computed beforehand only if their arguments are small: an expression is read where
/// requests are answered, and what is large is computed where documents are read.
const FOLDED_BYTES_MAX: usize = 4096;

/// Arrays and documents without any operator may be large. All of one expression together are put
/// together beforehand up to so many bytes, those within others as often as they are nested.
const LITERAL_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Larger variables are not copied into the expression.
const COPIED_BYTES_MAX: usize = 1024;

/// Operators that make much of little, or take long for it. They are not computed beforehand.
const NOT_FOLDED: [&str; 10] = [
    "$filter",
    "$map",
    "$range",
    "$reduce",
    "$regexFind",
    "$regexFindAll",
    "$regexMatch",
    "$replaceAll",
    "$replaceOne",
    "$zip",
];

/// Operators that a server has and an embedded store cannot have.
const REFUSED: [&str; 18] = [
    "$function",
    "$accumulator",
    "$meta",
    "$toHashedIndexKey",
    "$_internalFindPositional",
    "$encStrContains",
    "$encStrStartsWith",
    "$encStrEndsWith",
    "$encStrNormalizedEq",
    "$createObjectId",
    "$deserializeEJSON",
    "$hash",
    "$hexHash",
    "$serializeEJSON",
    "$similarityCosine",
    "$similarityDotProduct",
    "$similarityEuclidean",
    "$subtype",
];

/// Knows the variables that are set around what it parses.
pub(super) struct Parser<'p> {
    pub(super) parameters: &'p Parameters,
    /// Finds an operator by its name.
    find: fn(&str) -> Option<&'static Operator>,
    /// The variables that are set around what is parsed, each with its place.
    frames: Vec<Named<usize>>,
    depth: usize,
    literal_bytes: usize,
}

impl<'p> Parser<'p> {
    pub(super) fn new(
        parameters: &'p Parameters,
        find: fn(&str) -> Option<&'static Operator>,
    ) -> Self {
        Self { parameters, find, frames: Vec::new(), depth: 0, literal_bytes: 0 }
    }

    /// Parses any value: a path, a variable, an operator, or what stands for itself.
    pub(super) fn parse(&mut self, value: RawBsonRef<'_>) -> Result<Node, QueryError> {
        if self.depth == COMMAND_DEPTH_MAX {
            let text = format!("expressions are nested more than {COMMAND_DEPTH_MAX} levels deep");
            return Err(QueryError::bad_value(text));
        }
        if matches!(value, RawBsonRef::Document(_) | RawBsonRef::Array(_)) {
            check_stack()?;
        }
        self.depth += 1;
        let node = match value {
            RawBsonRef::String(text) if text.starts_with('$') => self.parse_path(text),
            RawBsonRef::Document(document) => self.parse_document(document),
            RawBsonRef::Array(array) => self.parse_array(array),
            other => Ok(Node::constant(to_owned(other))),
        };
        self.depth -= 1;
        node
    }

    /// Parses what may use variables that are set for it alone.
    pub(super) fn parse_within(
        &mut self,
        variables: Vec<String>,
        value: RawBsonRef<'_>,
    ) -> Result<Node, QueryError> {
        let mut frame = Named::default();
        for (place, name) in variables.iter().enumerate() {
            if frame.get(name).is_none() {
                frame.push(name, place);
            }
        }
        self.frames.push(frame);
        let node = self.parse(value);
        self.frames.pop();
        node
    }

    /// A call with arguments that are parsed; its value, where that is the same for all documents.
    pub(super) fn call(&self, operator: &'static Operator, arguments: Vec<Node>) -> Node {
        let prepared = (operator.prepare)(&arguments);
        self.prepared_call(operator, arguments, prepared)
    }

    /// The same, with what is made of constant arguments beforehand.
    pub(super) fn prepared_call(
        &self,
        operator: &'static Operator,
        arguments: Vec<Node>,
        prepared: Prepared,
    ) -> Node {
        let call = Call { operator, arguments, prepared };
        if operator.pure && !NOT_FOLDED.contains(&operator.name) && are_small(&call.arguments) {
            let nothing = RawDocumentBuf::new();
            let scope = Scope::new(&nothing);
            // What fails may stand in a branch that is never taken, so it fails when it is met.
            if let Ok(value) = (operator.run)(&Arguments::new(&call, &scope)) {
                return Node::Constant(value.map(super::Value::into_raw));
            }
        }
        Node::Call(Box::new(call))
    }

    /// The arguments of an operator that takes a document, in the order of their names.
    pub(super) fn parse_named(
        &mut self,
        operator: &Operator,
        names: &Names,
        value: RawBsonRef<'_>,
    ) -> Result<Vec<Node>, QueryError> {
        let given = pick_named(operator.name, names, value)?;
        let parse =
            |value: Option<RawBsonRef<'_>>| value.map_or(Ok(Node::Absent), |v| self.parse(v));
        given.into_iter().map(parse).collect()
    }

    fn parse_path(&self, text: &str) -> Result<Node, QueryError> {
        let Some(variable) = text.strip_prefix("$$") else {
            return self.parse_field(&text[1..]);
        };
        let (name, path) = match variable.split_once('.') {
            Some((name, path)) => (name, Some(FieldPath::parse(path)?)),
            None => (variable, None),
        };
        check_variable(name, Use::Read)?;
        let path = path.unwrap_or_default();
        if let Some(slot) = self.slot(name) {
            return Ok(Node::Variable(slot, path));
        }
        Ok(Node::Constant(match name {
            "ROOT" | "CURRENT" => return Ok(Node::Path(path)),
            "REMOVE" => None,
            "NOW" => {
                path.of(RawBsonRef::DateTime(self.parameters.now))?.map(super::Value::into_raw)
            }
            "CLUSTER_TIME" | "SEARCH_META" | "USER_ROLES" => {
                return Err(QueryError::not_supported(&format!("$${name}")));
            }
            _ => return self.outer_variable(name, path),
        }))
    }

    fn parse_field(&self, path: &str) -> Result<Node, QueryError> {
        if path.is_empty() {
            return Err(QueryError::new(
                MongoCode::DOLLAR_ALONE,
                "'$' by itself is not a valid FieldPath",
            ));
        }
        let parsed = FieldPath::parse(path)?;
        Ok(match self.slot("CURRENT") {
            Some(slot) => Node::Variable(slot, parsed),
            None if path.contains('.') => Node::Path(parsed),
            None => Node::Field(path.to_owned()),
        })
    }

    fn slot(&self, name: &str) -> Option<Slot> {
        self.frames.iter().rev().enumerate().find_map(|(frames, variables)| {
            let index = *variables.get(name)?;
            Some(Slot { frames, index })
        })
    }

    /// A path in a variable that is set for the whole command.
    fn outer_variable(&self, name: &str, path: FieldPath) -> Result<Node, QueryError> {
        match self.parameters.variables.get(name) {
            Some(None) => Ok(Node::Constant(None)),
            Some(Some(value)) if bytes_of(value) > COPIED_BYTES_MAX => {
                Ok(Node::Outer(value.clone(), path))
            }
            Some(Some(value)) => {
                let found = path.of(value.as_raw_bson_ref())?;
                Ok(Node::Constant(found.map(super::Value::into_raw)))
            }
            None => Err(QueryError::new(
                MongoCode::VARIABLE_UNDEFINED,
                format!("Use of undefined variable: {name}"),
            )),
        }
    }

    fn parse_array(&mut self, array: &RawArray) -> Result<Node, QueryError> {
        let nodes: Vec<Node> =
            items(array).map(|item| self.parse(item?)).collect::<Result<_, _>>()?;
        let bytes = literal_bytes(nodes.iter());
        Ok(self.fold(Node::Array(nodes), bytes))
    }

    fn parse_document(&mut self, document: &RawDocument) -> Result<Node, QueryError> {
        let mut parsed: Vec<(CString, Node)> = Vec::new();
        let mut seen = Seen::default();
        for (index, field) in fields(document).enumerate() {
            let (name, value) = field?;
            if index == 0 && name.as_str().starts_with('$') {
                check_single(document)?;
                return self.parse_operator(name.as_str(), value);
            }
            check_name(name.as_str())?;
            if !seen.insert(name.as_str()) {
                let text = format!("duplicate field name specified in object literal: {name}");
                return Err(QueryError::new(MongoCode::FIELD_TWICE_IN_OBJECT, text));
            }
            parsed.push((name.to_owned(), self.parse(value)?));
        }
        let bytes = literal_bytes(parsed.iter().map(|(_, node)| node));
        Ok(self.fold(Node::Object(parsed), bytes))
    }

    /// The value of an array or a document, where that is the same for all documents and not too
    /// much has been put together already.
    fn fold(&mut self, node: Node, bytes: Option<usize>) -> Node {
        let Some(bytes) = bytes else { return node };
        self.literal_bytes = self.literal_bytes.saturating_add(bytes);
        if self.literal_bytes > LITERAL_BYTES_MAX {
            return node;
        }
        let nothing = RawDocumentBuf::new();
        let scope = Scope::new(&nothing);
        let value = node.evaluate(&scope).ok().map(|value| value.map(super::Value::into_raw));
        match value {
            Some(value) => Node::Constant(value),
            None => node,
        }
    }

    fn parse_operator(&mut self, name: &str, value: RawBsonRef<'_>) -> Result<Node, QueryError> {
        let Some(operator) = (self.find)(name) else {
            return Err(match REFUSED.contains(&name) {
                true => QueryError::not_supported(name),
                false => QueryError::new(
                    MongoCode::INVALID_PIPELINE_OPERATOR,
                    format!("Unrecognized expression '{name}'"),
                ),
            });
        };
        match &operator.form {
            Form::Own(parse) => parse(operator, value, self),
            Form::Named(names) => {
                let arguments = self.parse_named(operator, names, value)?;
                Ok(self.call(operator, arguments))
            }
            Form::List { least, most } => {
                let arguments = self.parse_list(value)?;
                check_number(operator.name, arguments.len(), *least, *most)?;
                Ok(self.call(operator, arguments))
            }
        }
    }

    /// Arguments in a list, or one by itself.
    pub(super) fn parse_list(&mut self, value: RawBsonRef<'_>) -> Result<Vec<Node>, QueryError> {
        match value {
            RawBsonRef::Array(array) => items(array).map(|item| self.parse(item?)).collect(),
            value => Ok(vec![self.parse(value)?]),
        }
    }
}

/// What a name is wanted for.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Use {
    Read,
    Write,
}

/// Checks the name of a variable that somebody wants to set.
pub(crate) fn check_user_variable(name: &str) -> Result<(), QueryError> {
    check_variable(name, Use::Write)
}

/// Checks the name of a variable, without its `$$`.
pub(super) fn check_variable(name: &str, used: Use) -> Result<(), QueryError> {
    let failed = |text: String| Err(QueryError::new(MongoCode::FAILED_TO_PARSE, text));
    let Some(first) = name.chars().next() else {
        return failed("empty variable names are not allowed".to_owned());
    };
    if used == Use::Write && name == "CURRENT" {
        return Ok(());
    }
    let is_system = first.is_ascii_uppercase() && used == Use::Read;
    if !is_system && !first.is_ascii_lowercase() && first.is_ascii() {
        let kind = if used == Use::Write { "user variable" } else { "variable" };
        return failed(format!("'{name}' starts with an invalid character for a {kind} name"));
    }
    let is_valid = |c: &char| c.is_ascii_alphanumeric() || *c == '_' || !c.is_ascii();
    match name.chars().find(|c| !is_valid(c)) {
        None => Ok(()),
        Some(c) => {
            failed(format!("'{name}' contains an invalid character for a variable name: '{c}'"))
        }
    }
}

/// Picks the named arguments out of a document, in the order of their names.
pub(super) fn pick_named<'v>(
    operator: &str,
    names: &Names,
    value: RawBsonRef<'v>,
) -> Result<Vec<Option<RawBsonRef<'v>>>, QueryError> {
    let RawBsonRef::Document(document) = value else {
        let text = match names.words {
            Words::Plain => {
                let found = type_name(Some(value));
                format!("{operator} requires an object as an argument, found: {found}")
            }
            Words::Field => {
                let found = type_name(Some(value));
                format!("{operator} only supports an object as an argument, found {found}")
            }
            _ => format!("{operator} only supports an object as its argument"),
        };
        return Err(QueryError::new(names.not_object, text));
    };
    let mut given = vec![None; names.names.len()];
    for field in fields(document) {
        let (name, value) = field?;
        let index = names.names.iter().position(|(known, _)| *known == name.as_str());
        let Some(slot) = index.and_then(|index| given.get_mut(index)) else {
            let text = match names.words {
                Words::Parameter => format!("Unrecognized parameter to {operator}: {name}"),
                Words::Argument => format!("Unrecognized argument to {operator}: {name}"),
                Words::Plain | Words::Field => {
                    format!("{operator} found an unknown argument: {name}")
                }
            };
            return Err(QueryError::new(names.unknown, text));
        };
        *slot = Some(value);
    }
    for ((name, code), given) in names.names.iter().zip(&given) {
        if let (Some(code), None) = (code, given) {
            let text = match names.words {
                Words::Plain => format!("{operator} requires '{name}' to be specified"),
                Words::Field => format!("{operator} requires an '{name}' field"),
                _ => format!("Missing '{name}' parameter to {operator}"),
            };
            return Err(QueryError::new(*code, text));
        }
    }
    Ok(given)
}

/// Checks how many arguments there are.
pub(super) fn check_number(
    operator: &str,
    given: usize,
    least: usize,
    most: usize,
) -> Result<(), QueryError> {
    if least == most && given != least {
        let text = format!(
            "Expression {operator} takes exactly {least} arguments. {given} were passed in."
        );
        return Err(QueryError::new(MongoCode::ARGUMENTS_NOT_SO_MANY, text));
    }
    if given < least || given > most {
        let text = format!(
            "Expression {operator} takes at least {least} arguments, and at most {most}, \
             but {given} were passed in."
        );
        return Err(QueryError::new(MongoCode::ARGUMENTS_OUT_OF_RANGE, text));
    }
    Ok(())
}

fn check_single(document: &RawDocument) -> Result<(), QueryError> {
    if document.iter_elements().nth(1).is_none() {
        return Ok(());
    }
    let names: Result<Vec<String>, QueryError> =
        fields(document).map(|field| field.map(|(name, _): (&CStr, _)| name.to_string())).collect();
    let text = format!(
        "an expression specification must contain exactly one field, the name of the expression. \
         Found {} fields: {}",
        names.as_ref().map_or(0, Vec::len),
        names.unwrap_or_default().join(", ")
    );
    Err(QueryError::new(MongoCode::EXPRESSION_NOT_ONE_FIELD, text))
}

/// How many bytes the parts of an array or a document have, if all are constant.
fn literal_bytes<'n>(mut nodes: impl Iterator<Item = &'n Node>) -> Option<usize> {
    nodes.try_fold(0_usize, |bytes, node| match node {
        Node::Absent => Some(bytes),
        Node::Constant(value) => Some(bytes.saturating_add(value.as_ref().map_or(0, bytes_of))),
        _ => None,
    })
}

/// Whether arguments are constant and small.
fn are_small(arguments: &[Node]) -> bool {
    literal_bytes(arguments.iter())
        .is_some_and(|bytes| bytes.saturating_add(16 * arguments.len()) <= FOLDED_BYTES_MAX)
}
