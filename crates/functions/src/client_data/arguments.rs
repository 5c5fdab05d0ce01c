//! The argument of a method, as clients send it (docs/behaviour/client-api.md#arguments).

use bson::{RawBsonRef, RawDocument, RawDocumentBuf, raw::cstr};
use hookstead_data::{Command, Modification, UpdateSpec};

use super::error::DataCallError;
use crate::{
    LogLevel, LogLine,
    data::{self, Request, Spec},
    extended_json::read_array,
};

/// A call that is ready to be carried out.
pub(super) struct Prepared {
    pub(super) request: Request,
    /// How many bytes the argument takes.
    pub(super) bytes: usize,
    /// What the log is told.
    pub(super) warning: Option<LogLine>,
}

/// What a field of the argument holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Document,
    Documents,
    Number,
    Flag,
    /// A document, or the stages of a pipeline.
    Update,
    Text,
}

/// A field of the argument.
struct Field {
    /// Its names: the libraries differ.
    names: &'static [&'static str],
    /// What commands call it.
    own: &'static str,
    shape: Shape,
    is_required: bool,
}

const fn field(names: &'static [&'static str], own: &'static str, shape: Shape) -> Field {
    Field { names, own, shape, is_required: false }
}

const fn required(names: &'static [&'static str], own: &'static str, shape: Shape) -> Field {
    Field { names, own, shape, is_required: true }
}

const QUERY: &[&str] = &["query", "filter"];
const PROJECTION: Field = field(&["project", "projection"], "projection", Shape::Document);
const SORT: Field = field(&["sort"], "sort", Shape::Document);
const LIMIT: Field = field(&["limit"], "limit", Shape::Number);
const SKIP: Field = field(&["skip"], "skip", Shape::Number);
const UPSERT: Field = field(&["upsert"], "upsert", Shape::Flag);
const RETURN_NEW: Field = field(&["returnNewDocument"], "returnNew", Shape::Flag);
const ARRAY_FILTERS: Field = field(&["arrayFilters"], "arrayFilters", Shape::Documents);
const UPDATE: Field = required(&["update"], "update", Shape::Update);
const REPLACEMENT: Field = required(&["update"], "replacement", Shape::Document);
/// Reads find everything without a filter.
const OF_READ: Field = field(QUERY, "filter", Shape::Document);
/// Writes want one: that it is missing by mistake must not find every document.
const OF_WRITE: Field = required(QUERY, "filter", Shape::Document);

/// The fields that every method has.
const TARGET: [Field; 2] = [
    required(&["database"], "database", Shape::Text),
    required(&["collection"], "collection", Shape::Text),
];

const FIND_ONE_AND_REPLACE: &str = "findOneAndReplace";
const FIND_ONE_AND_DELETE: &str = "findOneAndDelete";

/// The methods, each with its fields.
const METHODS: &[(&str, &[Field])] = &[
    ("find", &[OF_READ, PROJECTION, SORT, LIMIT, SKIP]),
    ("findOne", &[OF_READ, PROJECTION, SORT, SKIP]),
    ("count", &[OF_READ, LIMIT, SKIP]),
    ("aggregate", &[required(&["pipeline"], "pipeline", Shape::Documents)]),
    ("insertOne", &[required(&["document"], "document", Shape::Document)]),
    ("insertMany", &[required(&["documents"], "documents", Shape::Documents)]),
    ("updateOne", &[OF_WRITE, UPDATE, UPSERT, ARRAY_FILTERS]),
    ("updateMany", &[OF_WRITE, UPDATE, UPSERT, ARRAY_FILTERS]),
    ("deleteOne", &[OF_WRITE]),
    ("deleteMany", &[OF_WRITE]),
    ("findOneAndUpdate", &[OF_WRITE, UPDATE, SORT, PROJECTION, UPSERT, RETURN_NEW, ARRAY_FILTERS]),
    (FIND_ONE_AND_REPLACE, &[OF_WRITE, REPLACEMENT, SORT, PROJECTION, UPSERT, RETURN_NEW]),
    (FIND_ONE_AND_DELETE, &[OF_WRITE, SORT, PROJECTION]),
];

/// Refuses a method that clients do not have.
pub(super) fn check_method(method: &str) -> Result<(), DataCallError> {
    match METHODS.iter().any(|(own, _)| *own == method) {
        true => Ok(()),
        false => Err(DataCallError::no_method(method)),
    }
}

/// Reads the arguments of a method.
///
/// # Errors
/// They make no sense, or hold what cannot be stored.
pub(super) fn prepare(method: &str, arguments: &str) -> Result<Prepared, DataCallError> {
    let arguments = read_array(arguments)?;
    let [argument] = &arguments[..] else {
        return Err(DataCallError::invalid(format!("{method}: there must be one argument")));
    };
    let method = replaced_or_deleted(method, argument);
    let known = METHODS.iter().find(|(own, _)| *own == method);
    let (method, fields) = known.ok_or_else(|| DataCallError::no_method(method))?;
    let mut spec = vec![("method", RawBsonRef::String(method))];
    for field in TARGET.iter().chain(*fields) {
        if let Some(value) = read(method, field, argument)? {
            spec.push((field.own, value));
        }
    }
    let mut request = data::parse(&Spec::of_fields(spec))?;
    let is_set = set_plain_fields(&mut request);
    let warning = is_set.then(|| LogLine {
        level: LogLevel::Warn,
        text: format!(
            "{method}: the update has no operators, so its fields are set, as with {{ $set: … }}"
        ),
    });
    Ok(Prepared { request, bytes: argument.as_bytes().len(), warning })
}

/// A library sends `findOneAndDelete` as `findOneAndReplace` without a replacement.
fn replaced_or_deleted<'m>(method: &'m str, argument: &RawDocument) -> &'m str {
    let has_update = || argument.iter().any(|field| field.is_ok_and(|(name, _)| name == "update"));
    if method == FIND_ONE_AND_REPLACE && !has_update() { FIND_ONE_AND_DELETE } else { method }
}

/// The value of a field; `None` where it is not there.
fn read<'a>(
    method: &str,
    field: &Field,
    argument: &'a RawDocument,
) -> Result<Option<RawBsonRef<'a>>, DataCallError> {
    let given = argument.iter().filter_map(Result::ok);
    let mut given = given.filter(|(name, _)| field.names.contains(&name.as_str()));
    let (value, other) = (given.next(), given.next());
    if other.is_some() {
        let names = field.names.join("' and '");
        return Err(DataCallError::invalid(format!("{method}: '{names}' are the same field")));
    }
    let value = value.map(|(_, value)| value);
    match value.filter(|value| !matches!(value, RawBsonRef::Null | RawBsonRef::Undefined)) {
        None if !field.is_required => Ok(None),
        Some(value) if has_shape(value, field.shape) => Ok(Some(value)),
        _ => {
            let (name, shape) = (field.names[0], in_words(field.shape));
            Err(DataCallError::invalid(format!("{method}: '{name}' must be {shape}")))
        }
    }
}

fn has_shape(value: RawBsonRef<'_>, shape: Shape) -> bool {
    match (shape, value) {
        (Shape::Document | Shape::Update, RawBsonRef::Document(_))
        | (Shape::Flag, RawBsonRef::Boolean(_))
        | (Shape::Number, RawBsonRef::Int32(_) | RawBsonRef::Int64(_)) => true,
        (Shape::Number, RawBsonRef::Double(number)) => number.fract() == 0.0,
        (Shape::Text, RawBsonRef::String(text)) => !text.is_empty(),
        (Shape::Documents | Shape::Update, RawBsonRef::Array(items)) => {
            items.into_iter().all(|item| item.is_ok_and(|item| item.as_document().is_some()))
        }
        _ => false,
    }
}

fn in_words(shape: Shape) -> &'static str {
    match shape {
        Shape::Document => "a document",
        Shape::Documents => "an array of documents",
        Shape::Number => "a whole number",
        Shape::Flag => "true or false",
        Shape::Update => "a document or an array of stages",
        Shape::Text => "a string that is not empty",
    }
}

/// Gives an update without operators the one that it acted as; answers whether it did
/// (docs/behaviour/databases.md#taken-for-something-else).
fn set_plain_fields(request: &mut Request) -> bool {
    let modification = match request {
        Request::Run(_, Command::Update(update), _) => Some(&mut update.modification),
        Request::Run(_, Command::FindAndModify(modify), _) => modify.modification.as_mut(),
        _ => None,
    };
    let Some(Modification::Update(UpdateSpec::Operators(update, _))) = modification else {
        return false;
    };
    let has_operator = |update: &RawDocument| {
        update.iter().filter_map(Result::ok).any(|(name, _)| name.as_str().starts_with('$'))
    };
    if update.is_empty() || has_operator(update) {
        return false;
    }
    let mut set = RawDocumentBuf::new();
    set.append(cstr!("$set"), std::mem::take(update));
    *update = set;
    true
}
