//! From BSON to `$lookup`.

use bson::{RawBsonRef, RawDocument};

use super::{Inner, Join, Lookup};
use crate::{
    MongoCode, Parameters, QueryError,
    aggregate::{
        arguments::{Arguments, object, stage_options},
        computed::Computed,
        context::Context,
        path::Path,
        raw::malformed,
        stage::Stage,
        stages::{union_with::parse_stages, values::Values},
    },
    describe::describe,
    expression::{check_user_variable, type_name},
};

const NAMES: [&str; 6] = ["from", "as", "localField", "foreignField", "let", "pipeline"];

/// Parses `$lookup`.
pub(in crate::aggregate) fn parse(
    value: RawBsonRef<'_>,
    context: Context<'_>,
) -> Result<Vec<Stage>, QueryError> {
    let document = object(value, MongoCode::FAILED_TO_PARSE, |found| {
        format!("the $lookup stage specification must be an object, but found {found}")
    })?;
    let lookup = parse_arguments(document, context)?;
    Ok(vec![Stage::Other(Box::new(lookup))])
}

fn parse_arguments(document: &RawDocument, context: Context<'_>) -> Result<Lookup, QueryError> {
    let failed = |text: &str| QueryError::new(MongoCode::FAILED_TO_PARSE, text);
    for field in document {
        let (name, _) = field.map_err(|_| malformed())?;
        if !NAMES.contains(&name.as_str()) {
            return Err(failed(&format!("unknown argument to $lookup: {name}")));
        }
    }
    let arguments = Arguments::parse(document, &stage_options("$lookup", &NAMES))?;
    if let Some(RawBsonRef::Document(_)) = arguments.get("from") {
        return Err(QueryError::not_supported("$lookup from another database"));
    }
    let from = text_of(&arguments, "from")?.map(str::to_owned);
    let local = text_of(&arguments, "localField")?;
    let foreign = text_of(&arguments, "foreignField")?;
    let into = text_of(&arguments, "as")?
        .ok_or_else(|| failed("must specify 'as' field for a $lookup"))?;
    let stages = parse_stages("$lookup", &arguments)?;
    let variables = parse_let(&arguments, context.parameters)?;
    if stages.is_none() && arguments.get("let").is_some() {
        return Err(failed("$lookup with 'let' needs to have a 'pipeline' specified"));
    }
    let join = match (local, foreign) {
        (Some(local), Some(foreign)) => {
            let local = Values::at(&Path::parse(local)?, true);
            Path::parse(foreign)?;
            Some(Join { local, foreign: crate::path::Path::new(foreign) })
        }
        (None, None) if stages.is_some() => None,
        (None, None) => {
            return Err(failed(
                "$lookup requires either 'pipeline' or both 'localField' and 'foreignField' to \
                 be specified",
            ));
        }
        _ => {
            return Err(failed(
                "$lookup requires both or neither of 'localField' and 'foreignField' to be \
                 specified",
            ));
        }
    };
    let inner = match stages {
        Some(stages) => Some(Inner::parse(&stages, variables, context)?),
        None => None,
    };
    match (&from, &inner) {
        (Some(_), Some(inner)) if inner.is_sourceless() => {
            return Err(failed("$documents cannot be used with 'from' in a $lookup"));
        }
        (Some(_), _) => {}
        (None, Some(inner)) if inner.is_sourceless() && join.is_none() => {}
        (None, _) => return Err(failed("must specify 'from' field for a $lookup")),
    }
    let into = Path::parse(into)?;
    Ok(Lookup { from, into, join, inner, parameters: context.parameters.clone() })
}

fn text_of<'a>(arguments: &Arguments<'a>, name: &str) -> Result<Option<&'a str>, QueryError> {
    match arguments.get(name) {
        None => Ok(None),
        Some(RawBsonRef::String(text)) => Ok(Some(text)),
        Some(other) => {
            let (shown, found) = (describe(other), type_name(Some(other)));
            let text =
                format!("$lookup argument '{name}: {shown}' must be a string, is type {found}");
            Err(QueryError::new(MongoCode::FAILED_TO_PARSE, text))
        }
    }
}

fn parse_let(
    arguments: &Arguments<'_>,
    parameters: &Parameters,
) -> Result<Vec<(String, Computed)>, QueryError> {
    let document = match arguments.get("let") {
        None => return Ok(Vec::new()),
        Some(RawBsonRef::Document(document)) => document,
        Some(other) => {
            let (shown, found) = (describe(other), type_name(Some(other)));
            let text =
                format!("$lookup argument 'let: {shown}' must be an object, is type {found}");
            return Err(QueryError::new(MongoCode::FAILED_TO_PARSE, text));
        }
    };
    let variable = |field: Result<(&bson::raw::CStr, RawBsonRef<'_>), _>| {
        let (name, value) = field.map_err(|_| malformed())?;
        check_user_variable(name.as_str())?;
        Ok((name.as_str().to_owned(), Computed::parse(value, parameters)?))
    };
    document.iter().map(variable).collect()
}
