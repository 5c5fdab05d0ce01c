//! `$bucket`: groups by the ranges that an expression's values are in.

use bson::{RawBson, RawBsonRef, RawDocument, rawdoc};

use super::{group, sort};
use crate::{
    MongoCode, QueryError,
    aggregate::{
        arguments::object,
        computed::Computed,
        context::Context,
        raw::malformed,
        stage::Stage,
        write::{Indexes, Writer},
    },
    compare,
    describe::describe,
    expression::type_name,
    rank,
};

/// Parses `$bucket`: a `$group` by a `$switch` with a case for each bucket, and a `$sort`.
pub(in crate::aggregate) fn parse(
    value: RawBsonRef<'_>,
    context: Context<'_>,
) -> Result<Vec<Stage>, QueryError> {
    let document = object(value, MongoCode::BUCKET_NOT_OBJECT, |found| {
        format!("Argument to $bucket stage must be an object, but found type: {found}.")
    })?;
    let group = Bucket::parse(document, context)?.group()?;
    let mut stages = group::parse(RawBsonRef::Document(&group.finish()?), context)?;
    let order = rawdoc! { "_id": 1 };
    stages.append(&mut sort::parse(RawBsonRef::Document(&order), context)?);
    Ok(stages)
}

#[derive(Default)]
struct Bucket<'v> {
    group_by: Option<RawBsonRef<'v>>,
    boundaries: Vec<RawBson>,
    default: Option<RawBson>,
    output: Option<&'v RawDocument>,
}

impl<'v> Bucket<'v> {
    fn parse(document: &'v RawDocument, context: Context<'_>) -> Result<Self, QueryError> {
        let mut bucket = Self::default();
        for field in document {
            let (name, value) = field.map_err(|_| malformed())?;
            match (name.as_str(), value) {
                ("groupBy", value) => bucket.group_by = Some(check_group_by(value)?),
                ("boundaries", value) => bucket.boundaries = parse_boundaries(value, context)?,
                ("default", value) => {
                    let text = || {
                        let shown = describe(value);
                        format!(
                            "The $bucket 'default' field must be a constant expression, but \
                             found: {shown}."
                        )
                    };
                    bucket.default = Some(constant(
                        value,
                        context,
                        MongoCode::BUCKET_DEFAULT_NOT_CONSTANT,
                        text,
                    )?);
                }
                ("output", RawBsonRef::Document(output)) => bucket.output = Some(output),
                ("output", other) => {
                    let found = type_name(Some(other));
                    let text = format!(
                        "The $bucket 'output' field must be an object, but found type: {found}."
                    );
                    return Err(QueryError::new(MongoCode::BUCKET_OUTPUT_NOT_OBJECT, text));
                }
                (other, _) => {
                    let text = format!("Unrecognized option to $bucket: {other}.");
                    return Err(QueryError::new(MongoCode::BUCKET_OPTION_UNKNOWN, text));
                }
            }
        }
        bucket.check()?;
        Ok(bucket)
    }

    fn check(&self) -> Result<(), QueryError> {
        let (Some(_), Some(lowest), Some(highest)) =
            (self.group_by, self.boundaries.first(), self.boundaries.last())
        else {
            let text = "$bucket requires 'groupBy' and 'boundaries' to be specified.";
            return Err(QueryError::new(MongoCode::BUCKET_OPTION_MISSING, text));
        };
        let Some(default) = &self.default else { return Ok(()) };
        let (default, lowest) = (default.as_raw_bson_ref(), lowest.as_raw_bson_ref());
        let is_within = rank(default) == rank(lowest)
            && compare(default, lowest).is_ge()
            && compare(default, highest.as_raw_bson_ref()).is_lt();
        if is_within {
            let text = "The $bucket 'default' field must be less than the lowest boundary or \
                        greater than or equal to the highest boundary.";
            return Err(QueryError::new(MongoCode::BUCKET_DEFAULT_WITHIN_BOUNDARIES, text));
        }
        Ok(())
    }

    /// The specification of the `$group`.
    fn group(&self) -> Result<Writer, QueryError> {
        let mut writer = Writer::with_capacity(1024);
        match self.output {
            Some(output) => writer.copy_all(output),
            None => {
                writer.begin_document("count")?;
                writer.append("$sum", RawBsonRef::Int32(1))?;
                writer.end();
            }
        }
        writer.begin_document("_id")?;
        writer.begin_document("$switch")?;
        if let Some(default) = &self.default {
            literal(&mut writer, "default", default.as_raw_bson_ref())?;
        }
        writer.begin_array("branches")?;
        let mut indexes = Indexes::new();
        for pair in self.boundaries.windows(2) {
            let [lower, upper] = pair else { continue };
            writer.begin_document(indexes.next())?;
            writer.begin_document("case")?;
            writer.begin_array("$and")?;
            self.comparison(&mut writer, "0", "$gte", lower.as_raw_bson_ref())?;
            self.comparison(&mut writer, "1", "$lt", upper.as_raw_bson_ref())?;
            writer.end();
            writer.end();
            literal(&mut writer, "then", lower.as_raw_bson_ref())?;
            writer.end();
        }
        Ok(writer)
    }

    fn comparison(
        &self,
        writer: &mut Writer,
        index: &str,
        operator: &str,
        boundary: RawBsonRef<'_>,
    ) -> Result<(), QueryError> {
        writer.begin_document(index)?;
        writer.begin_array(operator)?;
        writer.append("0", self.group_by.unwrap_or(RawBsonRef::Null))?;
        literal(writer, "1", boundary)?;
        writer.end();
        writer.end();
        Ok(())
    }
}

fn literal(writer: &mut Writer, name: &str, value: RawBsonRef<'_>) -> Result<(), QueryError> {
    writer.begin_document(name)?;
    writer.append("$literal", value)?;
    writer.end();
    Ok(())
}

fn check_group_by(value: RawBsonRef<'_>) -> Result<RawBsonRef<'_>, QueryError> {
    let is_expression = match value {
        RawBsonRef::String(path) => path.starts_with('$'),
        RawBsonRef::Document(document) => {
            let first = document.iter().next().and_then(Result::ok);
            first.is_some_and(|(name, _)| name.as_str().starts_with('$'))
        }
        _ => false,
    };
    if is_expression {
        return Ok(value);
    }
    let shown = describe(value);
    let text = format!(
        "The $bucket 'groupBy' field must be defined as a $-prefixed path or an expression, but \
         found: {shown}."
    );
    Err(QueryError::new(MongoCode::BUCKET_GROUP_BY_NOT_EXPRESSION, text))
}

fn parse_boundaries(
    value: RawBsonRef<'_>,
    context: Context<'_>,
) -> Result<Vec<RawBson>, QueryError> {
    let RawBsonRef::Array(array) = value else {
        let found = type_name(Some(value));
        let text =
            format!("The $bucket 'boundaries' field must be an array, but found type: {found}.");
        return Err(QueryError::new(MongoCode::BUCKET_BOUNDARIES_NOT_ARRAY, text));
    };
    let mut boundaries: Vec<RawBson> = Vec::new();
    for item in array {
        let item = item.map_err(|_| malformed())?;
        let text = || {
            let shown = describe(item);
            format!(
                "The $bucket 'boundaries' field must be an array of constant values, but found \
                 value: {shown}."
            )
        };
        boundaries.push(constant(item, context, MongoCode::BUCKET_BOUNDARY_NOT_CONSTANT, text)?);
    }
    if boundaries.len() < 2 {
        let text = format!(
            "The $bucket 'boundaries' field must have at least 2 values, but found {} value(s).",
            boundaries.len()
        );
        return Err(QueryError::new(MongoCode::BUCKET_BOUNDARIES_TOO_FEW, text));
    }
    for (index, pair) in boundaries.windows(2).enumerate() {
        let [lower, upper] = pair else { continue };
        check_pair(index, lower.as_raw_bson_ref(), upper.as_raw_bson_ref())?;
    }
    Ok(boundaries)
}

fn check_pair(
    index: usize,
    lower: RawBsonRef<'_>,
    upper: RawBsonRef<'_>,
) -> Result<(), QueryError> {
    if rank(lower) != rank(upper) {
        let text = format!(
            "the 'boundaries' of $bucket must all have the same type, and have the conflicting \
             types {} and {}",
            type_name(Some(lower)),
            type_name(Some(upper))
        );
        return Err(QueryError::new(MongoCode::BUCKET_BOUNDARIES_OF_TWO_TYPES, text));
    }
    if compare(lower, upper).is_lt() {
        return Ok(());
    }
    let text = format!(
        "The 'boundaries' option to $bucket must be sorted, but elements {index} and {} are not \
         in ascending order ({} is not less than {}).",
        index + 1,
        describe(lower),
        describe(upper)
    );
    Err(QueryError::new(MongoCode::BUCKET_BOUNDARIES_NOT_ASCENDING, text))
}

fn constant(
    value: RawBsonRef<'_>,
    context: Context<'_>,
    code: MongoCode,
    text: impl Fn() -> String,
) -> Result<RawBson, QueryError> {
    let computed = Computed::parse(value, context.parameters)?;
    match computed.as_constant() {
        Some(constant) => Ok(constant.unwrap_or(RawBsonRef::Null).into()),
        None => Err(QueryError::new(code, text())),
    }
}
