//! `$fill`: values for fields that are null or missing, as a `$setWindowFields` and a `$set`.

use bson::{RawBsonRef, RawDocument};

use super::{add_fields, window};
use crate::{
    MongoCode, QueryError,
    aggregate::{
        arguments::{Arguments, object, stage_options},
        context::Context,
        path::Path,
        raw::malformed,
        stage::Stage,
        write::{Indexes, Writer},
    },
};

/// Parses `$fill`.
pub(in crate::aggregate) fn parse(
    value: RawBsonRef<'_>,
    context: Context<'_>,
) -> Result<Vec<Stage>, QueryError> {
    let document = object(value, MongoCode::FAILED_TO_PARSE, |found| {
        format!("The $fill stage specification must be an object, found {found}")
    })?;
    let known = stage_options("$fill", &["partitionBy", "partitionByFields", "sortBy", "output"]);
    let arguments = Arguments::parse(document, &known)?;
    arguments.required("output")?;
    let output = arguments.document("output")?.filter(|output| !output.is_empty());
    let Some(output) = output else {
        let text = "The output field in '$fill' must contain an object with at least one element";
        return Err(QueryError::new(MongoCode::FILL_OUTPUT_EMPTY, text));
    };
    let mut functions = Writer::with_capacity(128);
    let mut values = Writer::with_capacity(128);
    let (mut has_functions, mut has_values) = (false, false);
    for field in output {
        let (name, value) = field.map_err(|_| malformed())?;
        Path::parse(name.as_str())?;
        match parse_field(value)? {
            Filling::Function(function) => {
                has_functions = true;
                functions.begin_document(name.as_str())?;
                functions.append(function, RawBsonRef::String(&format!("${name}")))?;
                functions.end();
            }
            Filling::Value(value) => {
                has_values = true;
                values.begin_document(name.as_str())?;
                values.begin_array("$ifNull")?;
                values.append("0", RawBsonRef::String(&format!("${name}")))?;
                values.append("1", value)?;
                values.end();
                values.end();
            }
        }
    }
    let mut stages = Vec::new();
    if has_functions {
        let specification = window_fields(&arguments, &functions.finish()?)?.finish()?;
        let specification = RawBsonRef::Document(&specification);
        stages.append(&mut window::parse(specification, context)?);
    }
    if has_values {
        let specification = values.finish()?;
        stages.append(&mut add_fields::parse(RawBsonRef::Document(&specification), context)?);
    }
    Ok(stages)
}

/// How a field is filled.
enum Filling<'v> {
    Function(&'static str),
    Value(RawBsonRef<'v>),
}

fn parse_field(value: RawBsonRef<'_>) -> Result<Filling<'_>, QueryError> {
    let RawBsonRef::Document(document) = value else {
        let text = "Each fill output specification must be an object with exactly one field";
        return Err(QueryError::new(MongoCode::FILL_OUTPUT_NOT_OBJECT, text));
    };
    let known = stage_options("$fill.output", &["method", "value"]);
    let arguments = Arguments::parse(document, &known)?;
    match (arguments.text("method")?, arguments.get("value")) {
        (Some(_), Some(_)) | (None, None) => {
            let text = "Each fill output specification must have exactly one of 'method' or \
                        'value' fields, not both";
            Err(QueryError::new(MongoCode::FILL_OUTPUT_NOT_ONE_OF_BOTH, text))
        }
        (Some("linear"), None) => Ok(Filling::Function("$linearFill")),
        (Some("locf"), None) => Ok(Filling::Function("$locf")),
        (Some(_), None) => Err(QueryError::new(
            MongoCode::FILL_METHOD_UNKNOWN,
            "Method must be either locf or linear",
        )),
        (None, Some(value)) => Ok(Filling::Value(value)),
    }
}

fn window_fields(arguments: &Arguments<'_>, functions: &RawDocument) -> Result<Writer, QueryError> {
    let mut writer = Writer::with_capacity(256);
    let fields = arguments.texts("partitionByFields")?;
    match (arguments.get("partitionBy"), fields) {
        (Some(_), Some(_)) => {
            let text = "$fill takes 'partitionBy' or 'partitionByFields', and not both";
            return Err(QueryError::new(MongoCode::FILL_PARTITION_BY_TWICE, text));
        }
        (Some(partition_by @ (RawBsonRef::String(_) | RawBsonRef::Document(_))), None) => {
            writer.append("partitionBy", partition_by)?;
        }
        (Some(other), None) => return Err(arguments.wrong_type("partitionBy", other, "object")),
        (None, Some(fields)) => {
            writer.begin_document("partitionBy")?;
            let mut indexes = Indexes::new();
            for field in fields {
                Path::parse(field)?;
                writer.append(indexes.next(), RawBsonRef::String(&format!("${field}")))?;
            }
            writer.end();
        }
        (None, None) => {}
    }
    if let Some(sort) = arguments.document("sortBy")? {
        writer.append("sortBy", RawBsonRef::Document(sort))?;
    }
    writer.append("output", RawBsonRef::Document(functions))?;
    Ok(writer)
}
