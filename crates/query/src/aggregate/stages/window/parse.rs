//! From BSON to `$setWindowFields`.

use std::sync::Arc;

use bson::{Decimal128, RawBson, RawBsonRef, RawDocument, RawDocumentBuf};

use super::{
    Window,
    bounds::Bounds,
    change::{area, as_decimal, slope},
    ends::Pick,
    fill::between,
    function::{Along, Function, Kind},
    rank::Place,
    tally::Wanted,
};
use crate::{
    MongoCode, Parameters, QueryError, Sort,
    aggregate::{
        accumulators::{Accumulator, Settings},
        arguments::{Arguments, object, stage_options},
        computed::Computed,
        context::Context,
        dates::Unit,
        formula::Formula,
        path::Path,
        raw::malformed,
        stage::Stage,
        stages::project::collision,
        tree::{Branch, Tree},
    },
    decimal_math,
    describe::describe,
    expression::type_name,
    number::Number,
};

/// Parses `$setWindowFields`.
pub(in crate::aggregate) fn parse(
    value: RawBsonRef<'_>,
    context: Context<'_>,
) -> Result<Vec<Stage>, QueryError> {
    let document = object(value, MongoCode::FAILED_TO_PARSE, |found| {
        format!("the $setWindowFields stage specification must be an object, found {found}")
    })?;
    let known = stage_options("$setWindowFields", &["partitionBy", "sortBy", "output"]);
    let arguments = Arguments::parse(document, &known)?;
    arguments.required("output")?;
    let parameters = context.parameters;
    let partition_by = arguments.get("partitionBy");
    let partition_by = partition_by.map(|value| Computed::parse(value, parameters)).transpose()?;
    let sort = match arguments.document("sortBy")? {
        Some(keys) if !keys.is_empty() => Some(Sort::parse(keys)?),
        Some(_) => {
            return Err(QueryError::new(
                MongoCode::SORT_EMPTY,
                "$sort stage must have at least one sort key",
            ));
        }
        None => None,
    };
    let mut functions = Vec::new();
    let mut tree = Tree::default();
    let parser = Parser { sort: sort.as_ref(), parameters };
    for field in arguments.document("output")?.into_iter().flat_map(RawDocument::iter) {
        let (name, value) = field.map_err(|_| malformed())?;
        let path = Path::parse(name.as_str())?;
        let function = object(value, MongoCode::FAILED_TO_PARSE, |found| {
            format!("The field '{name}' must be an object, but found type {found}")
        })?;
        tree.insert(path.names(), Branch::Slot(functions.len()))
            .map_err(|found| collision(name.as_str(), found))?;
        functions.push(parser.function(function)?);
    }
    tree.settle();
    let bytes_max = parameters.memory_bytes_max;
    let window = Window { partition_by, sort, functions, tree, bytes_max };
    Ok(vec![Stage::Other(Box::new(window))])
}

struct Parser<'p> {
    sort: Option<&'p Sort>,
    parameters: &'p Parameters,
}

impl Parser<'_> {
    fn function(&self, document: &RawDocument) -> Result<Function, QueryError> {
        let (mut operator, mut window) = (None, None);
        for field in document {
            let (name, value) = field.map_err(|_| malformed())?;
            match name.as_str() {
                "window" if window.is_none() => window = Some(value),
                "window" => {
                    return Err(failed("saw multiple 'window' fields in a window function"));
                }
                name if name.starts_with('$') && operator.is_none() => {
                    operator = Some((name, value));
                }
                name => {
                    return Err(match operator {
                        Some((operator, _)) => {
                            failed(&format!("{operator} got unexpected argument: {name}"))
                        }
                        None => failed(&format!("Expected a $-prefixed window function, {name}")),
                    });
                }
            }
        }
        let Some((operator, value)) = operator else {
            return Err(failed("Expected a $-prefixed window function"));
        };
        let bounds = match window {
            Some(window) => Some(Bounds::parse(window, self.sort, self.parameters)?),
            None => None,
        };
        let (kind, input) = self.kind(operator, value, bounds.as_ref())?;
        Ok(Function { kind, input, bounds: bounds.unwrap_or_default() })
    }

    fn kind(
        &self,
        operator: &str,
        value: RawBsonRef<'_>,
        bounds: Option<&Bounds>,
    ) -> Result<(Kind, Computed), QueryError> {
        let no_window = |text: &str| bounds.map_or(Ok(()), |_| Err(failed(text)));
        let place = match operator {
            "$documentNumber" => Some(Place::Number),
            "$rank" => Some(Place::Rank),
            "$denseRank" => Some(Place::DenseRank),
            _ => None,
        };
        if let Some(place) = place {
            no_window("Rank style window functions take no other arguments")?;
            return Ok((self.place(operator, place, value)?, self.nothing()?));
        }
        match operator {
            "$shift" => {
                no_window("'window' field is not allowed in $shift")?;
                self.shift(value)
            }
            "$derivative" | "$integral" => self.change(operator, value, bounds),
            "$expMovingAvg" => {
                no_window("$expMovingAvg must have exactly one argument that is an object")?;
                self.exp_moving_avg(value)
            }
            "$linearFill" => {
                no_window("'window' field is not allowed in $linearFill")?;
                let along = self.along("$linearFill", None)?;
                let formula = Arc::new(Formula::parse(&between(), self.parameters)?);
                Ok((Kind::LinearFill(along, formula), self.computed(value)?))
            }
            "$locf" => {
                no_window("'window' field is not allowed in $locf")?;
                Ok((Kind::Locf, self.computed(value)?))
            }
            "$covariancePop" | "$covarianceSamp" => {
                let of_sample = operator == "$covarianceSamp";
                let kind = Kind::Covariance { of_sample, is_deviation: false };
                Ok((kind, self.computed(value)?))
            }
            _ => self.accumulator(operator, value),
        }
    }

    fn accumulator(
        &self,
        operator: &str,
        value: RawBsonRef<'_>,
    ) -> Result<(Kind, Computed), QueryError> {
        let unknown = || failed(&format!("Unrecognized window function, {operator}"));
        let accumulator = match operator {
            "$minMaxScaler" => return Err(QueryError::not_supported(operator)),
            "$mergeObjects" => None,
            // A list is an array here, and no list of arguments.
            "$sum" | "$avg" | "$min" | "$max" | "$first" | "$last" | "$push" | "$addToSet"
            | "$stdDevPop" | "$stdDevSamp" => {
                Some(Accumulator::parse_with(operator, self.computed(value)?))
            }
            _ => Some(Accumulator::parse(operator, value, self.parameters)?),
        };
        let accumulator = accumulator.flatten().ok_or_else(unknown)?;
        let nothing = RawDocumentBuf::new();
        let (settings, number, input) = accumulator.into_parts(&nothing)?;
        let kind = match (settings, number) {
            (Settings::Sum, _) => Kind::Sum { is_mean: false },
            (Settings::Average, _) => Kind::Sum { is_mean: true },
            (Settings::Count, _) => Kind::Count,
            (Settings::Deviation { of_sample }, _) => {
                Kind::Covariance { of_sample, is_deviation: true }
            }
            (Settings::Extreme { greatest: false }, None) => Kind::Extreme(Wanted::First),
            (Settings::Extreme { greatest: true }, None) => Kind::Extreme(Wanted::Last),
            (Settings::Extreme { greatest: false }, Some(n)) => Kind::Extreme(Wanted::FirstN(n)),
            (Settings::Extreme { greatest: true }, Some(n)) => Kind::Extreme(Wanted::GreatestN(n)),
            (Settings::End { last: false }, None) => Kind::Pick(Pick::First),
            (Settings::End { last: true }, None) => Kind::Pick(Pick::Last),
            (Settings::End { last: false }, Some(n)) => Kind::Pick(Pick::FirstN(n)),
            (Settings::End { last: true }, Some(n)) => Kind::Pick(Pick::LastN(n)),
            (Settings::Top { sort, bottom: false }, None) => Kind::Top(Wanted::First, sort),
            (Settings::Top { sort, bottom: true }, None) => Kind::Top(Wanted::Last, sort),
            (Settings::Top { sort, bottom: false }, Some(n)) => Kind::Top(Wanted::FirstN(n), sort),
            (Settings::Top { sort, bottom: true }, Some(n)) => Kind::Top(Wanted::LastN(n), sort),
            (Settings::Push, _) => Kind::Pick(Pick::All),
            (Settings::AddToSet, _) => Kind::AddToSet,
            (Settings::Percentile { single: true, .. }, _) => Kind::Percentile(Wanted::Median),
            (Settings::Percentile { ranks, single: false }, _) => {
                Kind::Percentile(Wanted::Percentiles(ranks))
            }
            (Settings::MergeObjects, _) => return Err(unknown()),
        };
        Ok((kind, input))
    }

    fn place(
        &self,
        operator: &str,
        place: Place,
        value: RawBsonRef<'_>,
    ) -> Result<Kind, QueryError> {
        match value {
            RawBsonRef::Document(document) if document.is_empty() => {}
            _ => {
                let text = format!("{operator} must be specified with '{{}}' as the value");
                return Err(QueryError::new(MongoCode::RANK_WITH_ARGUMENTS, text));
            }
        }
        let Some(sort) = self.sort else {
            let text = format!(
                "{operator} must be specified with a top level sortBy expression with exactly one \
                 element"
            );
            return Err(QueryError::new(MongoCode::RANK_NOT_SORTED_BY_ONE_FIELD, text));
        };
        if place != Place::Number && sort.fields().count() != 1 {
            let text = format!(
                "{operator} must be specified with a top level sortBy expression with exactly one \
                 element"
            );
            return Err(QueryError::new(MongoCode::RANK_NOT_SORTED_BY_ONE_FIELD, text));
        }
        Ok(Kind::Place(place))
    }

    fn shift(&self, value: RawBsonRef<'_>) -> Result<(Kind, Computed), QueryError> {
        let document = object(value, MongoCode::FAILED_TO_PARSE, |found| {
            format!("Argument to $shift must be an object, found {found}")
        })?;
        let known = stage_options("$shift", &["output", "by", "default"]);
        let arguments = Arguments::parse(document, &known)?;
        if self.sort.is_none() {
            return Err(failed("'$shift' requires a sortBy"));
        }
        let output = arguments
            .get("output")
            .ok_or_else(|| failed("$shift requires an 'output' expression."))?;
        let by = arguments
            .get("by")
            .ok_or_else(|| failed("$shift requires 'by' as an integer value."))?;
        let by = Number::of(by).and_then(Number::whole).ok_or_else(|| {
            failed(&format!("'$shift:by' field must be an integer, but found {}", describe(by)))
        })?;
        let default = match arguments.get("default") {
            None => RawBson::Null,
            Some(default) => match self.computed(default)?.as_constant() {
                Some(constant) => constant.unwrap_or(RawBsonRef::Null).into(),
                None => {
                    return Err(failed("'$shift:default' expression must yield a constant value."));
                }
            },
        };
        Ok((Kind::Shift { by, default }, self.computed(output)?))
    }

    fn change(
        &self,
        operator: &str,
        value: RawBsonRef<'_>,
        bounds: Option<&Bounds>,
    ) -> Result<(Kind, Computed), QueryError> {
        let RawBsonRef::Document(document) = value else {
            return Err(failed(&format!("{operator} expects an object")));
        };
        let known = stage_options(operator, &["input", "unit"]);
        let arguments = Arguments::parse(document, &known)?;
        let input = arguments
            .get("input")
            .ok_or_else(|| failed(&format!("{operator} requires an 'input' expression")))?;
        let unit_ms = match arguments.get("unit") {
            None => None,
            Some(RawBsonRef::String(name)) => match Unit::parse(name)? {
                Unit::Fixed(unit_ms) => Some(unit_ms),
                Unit::Months(_) => {
                    let text = "unit must be 'week' or smaller";
                    return Err(QueryError::new(MongoCode::WINDOW_UNIT_TOO_LARGE, text));
                }
            },
            Some(_) => return Err(failed(&format!("{operator} 'unit' must be a string"))),
        };
        let along = self.along(operator, unit_ms)?;
        let input = self.computed(input)?;
        if operator == "$integral" {
            let formula = Arc::new(Formula::parse(&area(), self.parameters)?);
            return Ok((Kind::Integral(along, formula), input));
        }
        if bounds.is_none() {
            return Err(failed("$derivative requires explicit window bounds"));
        }
        let formula = Arc::new(Formula::parse(&slope(), self.parameters)?);
        Ok((Kind::Derivative(along, formula), input))
    }

    fn along(&self, operator: &str, unit_ms: Option<i64>) -> Result<Along, QueryError> {
        let fields: Vec<_> = self.sort.into_iter().flat_map(Sort::fields).collect();
        let [(path, _)] = fields.as_slice() else {
            let text = match self.sort {
                None => format!("{operator} requires a sortBy"),
                Some(_) => format!("{operator} requires a non-compound sortBy"),
            };
            return Err(failed(&text));
        };
        let x = self.computed(RawBsonRef::String(&format!("${path}")))?;
        Ok(Along { x, unit_ms })
    }

    fn exp_moving_avg(&self, value: RawBsonRef<'_>) -> Result<(Kind, Computed), QueryError> {
        let text = "$expMovingAvg must have exactly one argument that is an object";
        let RawBsonRef::Document(document) = value else { return Err(failed(text)) };
        let fields = "$expMovingAvg sub object must have exactly two fields: An 'input' field, \
                      and either an 'N' field or an 'alpha' field";
        let (mut input, mut number, mut alpha) = (None, None, None);
        for field in document {
            let (name, value) = field.map_err(|_| malformed())?;
            match name.as_str() {
                "input" => input = Some(value),
                "N" => number = Some(value),
                "alpha" => alpha = Some(value),
                _ => return Err(failed(fields)),
            }
        }
        let input = input.ok_or_else(|| failed(fields))?;
        if self.sort.is_none() {
            return Err(failed("$expMovingAvg requires an explicit 'sortBy'"));
        }
        let alpha = match (number, alpha) {
            (Some(number), None) => alpha_of_number(number)?,
            (None, Some(alpha)) => check_alpha(alpha)?,
            _ => return Err(failed(fields)),
        };
        Ok((Kind::ExpMovingAvg(alpha), self.computed(input)?))
    }

    fn computed(&self, value: RawBsonRef<'_>) -> Result<Computed, QueryError> {
        Computed::parse(value, self.parameters)
    }

    fn nothing(&self) -> Result<Computed, QueryError> {
        self.computed(RawBsonRef::Null)
    }
}

/// How much a new value counts among so many.
fn alpha_of_number(value: RawBsonRef<'_>) -> Result<Decimal128, QueryError> {
    let Some(number) = Number::of(value) else {
        let found = type_name(Some(value));
        return Err(failed(&format!("'N' field must be an integer, but found type {found}")));
    };
    let Some(number) = number.whole() else {
        return Err(failed(&format!(
            "'N' field must be an integer, but found  {}. To use a non-integer, use the 'alpha' \
             argument instead",
            describe(value)
        )));
    };
    if number <= 0 {
        return Err(failed(&format!("'N' must be greater than zero. Got {number}")));
    }
    let two = decimal_math::from_integer(2);
    let below = decimal_math::from_integer(number.saturating_add(1));
    Ok(decimal_math::divide(two, below))
}

fn check_alpha(value: RawBsonRef<'_>) -> Result<Decimal128, QueryError> {
    let (Some(number), Some(alpha)) = (Number::of(value), as_decimal(value)) else {
        return Err(failed("'alpha' must be a number"));
    };
    let double = number.to_double();
    if double > 0.0 && double < 1.0 {
        return Ok(alpha);
    }
    let shown = describe(value);
    Err(failed(&format!("'alpha' must be between 0 and 1 (exclusive), found {shown}")))
}

fn failed(text: &str) -> QueryError {
    QueryError::new(MongoCode::FAILED_TO_PARSE, text)
}
