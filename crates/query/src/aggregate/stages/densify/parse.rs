//! From BSON to `$densify`.

use bson::{RawArray, RawBson, RawBsonRef, RawDocument};

use super::{Bounds, Densify, Step};
use crate::{
    MongoCode, QueryError, Sort,
    aggregate::{
        arguments::{Arguments, object, stage_options},
        context::Context,
        dates::Unit,
        path::Path,
        raw::malformed,
        stage::Stage,
        write::Writer,
    },
    compare,
    depth::check_sort_fields,
    number::Number,
};

/// Parses `$densify`.
pub(in crate::aggregate) fn parse(
    value: RawBsonRef<'_>,
    context: Context<'_>,
) -> Result<Vec<Stage>, QueryError> {
    let document = object(value, MongoCode::FAILED_TO_PARSE, |found| {
        format!("The $densify stage specification must be an object, found {found}")
    })?;
    let known = stage_options("$densify", &["field", "partitionByFields", "range"]);
    let arguments = Arguments::parse(document, &known)?;
    arguments.required("field")?;
    arguments.required("range")?;
    let field = Path::parse(arguments.text("field")?.unwrap_or_default())?;
    let partition_by: Vec<Path> = arguments
        .texts("partitionByFields")?
        .unwrap_or_default()
        .into_iter()
        .map(Path::parse)
        .collect::<Result<_, _>>()?;
    // Documents are put in the order of all these fields.
    check_sort_fields(partition_by.len() + 1)?;
    let nothing = RawDocument::from_bytes(&[5, 0, 0, 0, 0]).map_err(|_| malformed())?;
    let (step, bounds) = parse_range(arguments.document("range")?.unwrap_or(nothing))?;
    if matches!(bounds, Bounds::Partition) && partition_by.is_empty() {
        let text = "One cannot specify the bounds as 'partition' without specifying a non-empty \
                    array of partitionByFields. You may have meant to specify 'full' bounds.";
        return Err(QueryError::new(MongoCode::DENSIFY_PARTITION_WITHOUT_FIELDS, text));
    }
    let sort = sort(&field, &partition_by, &bounds)?;
    let bytes_max = context.parameters.memory_bytes_max;
    let densify = Densify { field, partition_by, sort, step, bounds, bytes_max };
    Ok(vec![Stage::Other(Box::new(densify))])
}

/// By partition and value; by value alone if all partitions have the same range.
fn sort(field: &Path, partition_by: &[Path], bounds: &Bounds) -> Result<Sort, QueryError> {
    let mut keys = Writer::with_capacity(64);
    if !matches!(bounds, Bounds::Full) {
        for path in partition_by {
            keys.append(&path.text(), RawBsonRef::Int32(1))?;
        }
    }
    keys.append(&field.text(), RawBsonRef::Int32(1))?;
    Sort::parse(&keys.finish()?)
}

fn parse_range(document: &RawDocument) -> Result<(Step, Bounds), QueryError> {
    let known = stage_options("$densify.range", &["step", "unit", "bounds"]);
    let arguments = Arguments::parse(document, &known)?;
    let value = arguments.required("step")?;
    let Some(number) = Number::of(value) else {
        return Err(arguments.wrong_type("step", value, "number"));
    };
    // Not a number is not above zero.
    if number.is_nan() || number.to_double() <= 0.0 {
        let text = "The step parameter in a range statement must be a strictly positive numeric \
                    value";
        return Err(QueryError::new(MongoCode::DENSIFY_STEP_NOT_POSITIVE, text));
    }
    let step = match arguments.text("unit")? {
        None => Step::Number(value.into()),
        Some(unit) => match number.whole() {
            Some(count) => Step::Time(count, Unit::parse(unit)?),
            None => {
                let text = "The step parameter in a range statement must be a whole number when \
                            densifying a date range";
                return Err(QueryError::new(MongoCode::DENSIFY_DATE_STEP_NOT_WHOLE, text));
            }
        },
    };
    let bounds = match arguments.required("bounds")? {
        RawBsonRef::String("full") => Bounds::Full,
        RawBsonRef::String("partition") => Bounds::Partition,
        RawBsonRef::String(_) => {
            let text = "Bounds string must either be 'full' or 'partition'";
            return Err(QueryError::new(MongoCode::DENSIFY_BOUNDS_STRING_UNKNOWN, text));
        }
        RawBsonRef::Array(array) => parse_bounds(array, value, &step)?,
        _ => {
            let text = "The bounds in a range statement must be the string 'full', 'partition', \
                        or an ascending array of two numbers or two dates";
            return Err(QueryError::new(MongoCode::DENSIFY_BOUNDS_NOT_STRING_OR_ARRAY, text));
        }
    };
    Ok((step, bounds))
}

fn parse_bounds(
    array: &RawArray,
    step_value: RawBsonRef<'_>,
    step: &Step,
) -> Result<Bounds, QueryError> {
    let refused = |code, text: &str| Err(QueryError::new(code, text));
    let mut items = array.into_iter();
    let (Some(Ok(lower)), Some(Ok(upper)), None) = (items.next(), items.next(), items.next())
    else {
        let text = "A bounding array in a range statement must have exactly two elements";
        return refused(MongoCode::DENSIFY_BOUNDS_NOT_TWO, text);
    };
    if compare(lower, upper).is_gt() {
        let text = "A bounding array must be an ascending array of either two dates or two numbers";
        return refused(MongoCode::DENSIFY_BOUNDS_NOT_ASCENDING, text);
    }
    let both = "A bounding array must contain either both dates or both numeric types";
    let is_number = |value| Number::of(value).is_some();
    match (lower, upper) {
        (lower, _) if is_number(lower) && step.is_of_dates() => refused(
            MongoCode::DENSIFY_NUMBERS_WITH_UNIT,
            "Numeric bounds may not have unit parameter",
        ),
        (lower, upper) if is_number(lower) && !is_number(upper) => {
            refused(MongoCode::DENSIFY_NUMBER_BOUND_ALONE, both)
        }
        (lower, upper) if is_number(lower) => {
            let kinds = [lower, upper, step_value].map(|value| value.element_type());
            if kinds[0] != kinds[1] || kinds[0] != kinds[2] {
                let text = "Upper bound, lower bound, and step must all have the same type";
                return refused(MongoCode::DENSIFY_BOUNDS_OF_TWO_TYPES, text);
            }
            Ok(Bounds::Explicit(RawBson::from(lower), RawBson::from(upper)))
        }
        (RawBsonRef::DateTime(_), RawBsonRef::DateTime(_)) if step.is_of_dates() => {
            Ok(Bounds::Explicit(RawBson::from(lower), RawBson::from(upper)))
        }
        (RawBsonRef::DateTime(_), RawBsonRef::DateTime(_)) => refused(
            MongoCode::DENSIFY_DATES_WITHOUT_UNIT,
            "A bounding array of dates must specify a unit",
        ),
        (RawBsonRef::DateTime(_), _) => refused(MongoCode::DENSIFY_DATE_BOUND_ALONE, both),
        _ => refused(
            MongoCode::DENSIFY_BOUNDS_NOT_NUMBERS_OR_DATES,
            "Explicit bounds must be numeric or dates",
        ),
    }
}
