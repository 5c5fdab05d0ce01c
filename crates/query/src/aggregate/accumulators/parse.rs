//! From BSON to accumulators.

use bson::{RawBsonRef, RawDocument};

use super::{Accumulator, Settings};
use crate::{
    MongoCode, Parameters, QueryError, Sort,
    aggregate::{computed::Computed, raw::malformed},
    describe::describe,
    number::Number,
};

impl Accumulator {
    /// Parses an accumulator with its arguments; none if there is none of such a name.
    pub(in crate::aggregate) fn parse(
        name: &str,
        value: RawBsonRef<'_>,
        parameters: &Parameters,
    ) -> Result<Option<Self>, QueryError> {
        match name {
            "$count" => return count(value, parameters).map(Some),
            "$minN" | "$maxN" => {
                let kind = Settings::Extreme { greatest: name == "$maxN" };
                return several(kind, MongoCode::MIN_N_NOT_OBJECT, value, parameters).map(Some);
            }
            "$firstN" | "$lastN" => {
                let kind = Settings::End { last: name == "$lastN" };
                return several(kind, MongoCode::FIRST_N_NOT_OBJECT, value, parameters).map(Some);
            }
            "$top" | "$bottom" | "$topN" | "$bottomN" => {
                return top(name, value, parameters).map(Some);
            }
            "$median" | "$percentile" => return percentile(name, value, parameters).map(Some),
            "$accumulator" | "$concatArrays" | "$setUnion" => {
                let what = format!("{name} as an accumulator");
                return Err(QueryError::not_supported(&what));
            }
            _ => {}
        }
        if simple(name).is_none() {
            return Ok(None);
        }
        if let RawBsonRef::Array(_) = value {
            let text = format!("The {name} accumulator is a unary operator");
            return Err(QueryError::new(MongoCode::ACCUMULATOR_NOT_UNARY, text));
        }
        Ok(Self::parse_with(name, Computed::parse(value, parameters)?))
    }

    /// An accumulator that takes an expression and nothing else.
    pub(in crate::aggregate) fn parse_with(name: &str, input: Computed) -> Option<Self> {
        simple(name).map(|kind| Self { kind, input, number: None })
    }
}

/// How many values are wanted.
pub(super) fn number_of_values(value: Option<RawBsonRef<'_>>) -> Result<usize, QueryError> {
    let refused = |code| {
        let shown = value.map_or_else(|| "missing".to_owned(), describe);
        let text = format!("Value for 'n' must be of integral type, but found {shown}");
        Err(QueryError::new(code, text))
    };
    let Some(number) = value.and_then(Number::of) else { return refused(MongoCode::N_NOT_NUMBER) };
    let Some(number) = number.whole() else { return refused(MongoCode::N_NOT_WHOLE) };
    if number <= 0 {
        let text = format!("'n' must be greater than 0, found {number}");
        return Err(QueryError::new(MongoCode::N_NOT_POSITIVE, text));
    }
    Ok(usize::try_from(number).unwrap_or(usize::MAX))
}

fn simple(name: &str) -> Option<Settings> {
    Some(match name {
        "$sum" => Settings::Sum,
        "$avg" => Settings::Average,
        "$stdDevPop" => Settings::Deviation { of_sample: false },
        "$stdDevSamp" => Settings::Deviation { of_sample: true },
        "$min" | "$max" => Settings::Extreme { greatest: name == "$max" },
        "$first" | "$last" => Settings::End { last: name == "$last" },
        "$push" => Settings::Push,
        "$addToSet" => Settings::AddToSet,
        "$mergeObjects" => Settings::MergeObjects,
        _ => return None,
    })
}

fn count(value: RawBsonRef<'_>, parameters: &Parameters) -> Result<Accumulator, QueryError> {
    match value {
        RawBsonRef::Document(document) if document.is_empty() => {}
        _ => {
            let text = "$count takes no arguments, i.e. $count:{}";
            return Err(QueryError::new(MongoCode::TYPE_MISMATCH, text));
        }
    }
    let input = Computed::parse(RawBsonRef::Null, parameters)?;
    Ok(Accumulator { kind: Settings::Count, input, number: None })
}

fn several(
    kind: Settings,
    code: MongoCode,
    value: RawBsonRef<'_>,
    parameters: &Parameters,
) -> Result<Accumulator, QueryError> {
    let document = specification(code, value)?;
    let (mut number, mut input) = (None, None);
    for field in document {
        let (name, value) = field.map_err(|_| malformed())?;
        match name.as_str() {
            "n" => number = Some(Computed::parse(value, parameters)?),
            "input" => input = Some(Computed::parse(value, parameters)?),
            other => {
                let text = format!("Unknown argument for 'n' operator: {other}");
                return Err(QueryError::new(MongoCode::N_ARGUMENT_UNKNOWN, text));
            }
        }
    }
    let number = Some(number.ok_or_else(|| missing(MongoCode::N_MISSING, "n"))?);
    let input = input.ok_or_else(|| missing(MongoCode::N_INPUT_MISSING, "input"))?;
    Ok(Accumulator { kind, input, number })
}

fn top(
    name: &str,
    value: RawBsonRef<'_>,
    parameters: &Parameters,
) -> Result<Accumulator, QueryError> {
    let document = specification(MongoCode::TOP_NOT_OBJECT, value)?;
    let is_single = !name.ends_with('N');
    let (mut number, mut output, mut sort) = (None, None, None);
    for field in document {
        let (argument, value) = field.map_err(|_| malformed())?;
        match (argument.as_str(), value) {
            ("n", value) if !is_single => number = Some(Computed::parse(value, parameters)?),
            ("output", value) => output = Some(Computed::parse(value, parameters)?),
            ("sortBy", RawBsonRef::Document(keys)) => sort = Some(Sort::parse(keys)?),
            ("sortBy", _) => {
                let text = format!("expected 'sortBy' of {name} to be an object");
                return Err(QueryError::new(MongoCode::PARAMETER_NOT_OBJECT, text));
            }
            (other, _) => {
                let text = format!("Unknown argument to {name} '{other}'");
                return Err(QueryError::new(MongoCode::TOP_ARGUMENT_UNKNOWN, text));
            }
        }
    }
    if !is_single && number.is_none() {
        return Err(missing(MongoCode::TOP_N_MISSING, "n"));
    }
    let input = output.ok_or_else(|| missing(MongoCode::TOP_OUTPUT_MISSING, "output"))?;
    let sort = sort.ok_or_else(|| missing(MongoCode::TOP_SORT_BY_MISSING, "sortBy"))?;
    let kind = Settings::Top { sort, bottom: name.starts_with("$bottom") };
    Ok(Accumulator { kind, input, number })
}

fn percentile(
    name: &str,
    value: RawBsonRef<'_>,
    parameters: &Parameters,
) -> Result<Accumulator, QueryError> {
    let document = specification(MongoCode::PERCENTILE_ACCUMULATOR_NOT_OBJECT, value)?;
    let (mut ranks, mut input, mut method) = (None, None, None);
    for field in document {
        let (argument, value) = field.map_err(|_| malformed())?;
        match argument.as_str() {
            "p" if name == "$percentile" => ranks = Some(parse_ranks(value, parameters)?),
            "input" => input = Some(Computed::parse(value, parameters)?),
            "method" => method = Some(value),
            other => return Err(QueryError::unknown_field(name, other)),
        }
    }
    let required = |argument: &str| QueryError::missing_field(name, argument);
    match method.ok_or_else(|| required("method"))? {
        RawBsonRef::String("approximate") => {}
        _ => {
            let text = "Currently only 'approximate' can be used as percentile 'method'.";
            return Err(QueryError::bad_value(text));
        }
    }
    let input = input.ok_or_else(|| required("input"))?;
    let single = name == "$median";
    let ranks = if single { vec![0.5] } else { ranks.ok_or_else(|| required("p"))? };
    Ok(Accumulator { kind: Settings::Percentile { ranks, single }, input, number: None })
}

fn parse_ranks(value: RawBsonRef<'_>, parameters: &Parameters) -> Result<Vec<f64>, QueryError> {
    let refused = |code, text: &str| Err(QueryError::new(code, text));
    let expression = Computed::parse(value, parameters)?;
    let Some(constant) = expression.as_constant() else {
        let text = "The $percentile 'p' field must be a constant expression";
        return refused(MongoCode::PERCENTILE_P_NOT_CONSTANT, text);
    };
    let Some(RawBsonRef::Array(array)) = constant else {
        let text = "The $percentile 'p' field must be an array of numbers from [0.0, 1.0]";
        return refused(MongoCode::PERCENTILE_P_NOT_ARRAY, text);
    };
    let mut ranks = Vec::new();
    for item in array {
        let number = Number::of(item.map_err(|_| malformed())?).map(Number::to_double);
        let Some(number) = number else {
            let text = "The $percentile 'p' field must be an array of numbers from [0.0, 1.0]";
            return refused(MongoCode::PERCENTILE_P_NOT_NUMBER, text);
        };
        if !(0.0..=1.0).contains(&number) {
            let text = "The $percentile 'p' field must be an array of numbers from [0.0, 1.0]";
            return refused(MongoCode::PERCENTILE_P_OUT_OF_RANGE, text);
        }
        ranks.push(number);
    }
    if ranks.is_empty() {
        return refused(
            MongoCode::PERCENTILE_P_NOT_ARRAY,
            "The $percentile 'p' field must not be an empty array",
        );
    }
    Ok(ranks)
}

fn specification(code: MongoCode, value: RawBsonRef<'_>) -> Result<&RawDocument, QueryError> {
    match value {
        RawBsonRef::Document(document) => Ok(document),
        other => {
            let shown = describe(other);
            let text = format!("specification must be an object; found {shown}");
            Err(QueryError::new(code, text))
        }
    }
}

fn missing(code: MongoCode, argument: &str) -> QueryError {
    QueryError::new(code, format!("Missing value for '{argument}'"))
}
