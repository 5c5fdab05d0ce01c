//! Which documents a window holds: counted from the current one, or by how far their values are.

use std::cmp::Ordering;

use bson::{RawBson, RawBsonRef};

use super::partition::Partition;
use crate::{
    Direction, MongoCode, Parameters, QueryError, Sort,
    aggregate::{
        accumulators::Sum, budget::Budget, computed::Computed, dates::Unit, raw::malformed,
    },
    compare,
    describe::describe,
    expression::type_name,
    interrupt::step,
    number::Number,
};

/// The bounds of windows.
#[derive(Default)]
pub(super) enum Bounds {
    /// The whole partition.
    #[default]
    All,
    /// From one to another number of documents away; none is without end.
    Documents(Option<i64>, Option<i64>),
    /// From one to another distance away.
    Range { value: Computed, lower: Option<RawBson>, upper: Option<RawBson>, unit: Option<Unit> },
}

impl Bounds {
    /// Parses the argument `window`.
    pub(super) fn parse(
        value: RawBsonRef<'_>,
        sort: Option<&Sort>,
        parameters: &Parameters,
    ) -> Result<Self, QueryError> {
        let RawBsonRef::Document(document) = value else {
            return Err(failed("'window' field must be an object"));
        };
        let (mut documents, mut range, mut unit) = (None, None, None);
        for field in document {
            let (name, value) = field.map_err(|_| malformed())?;
            match name.as_str() {
                "documents" => documents = Some(value),
                "range" => range = Some(value),
                "unit" => unit = Some(value),
                _ => {
                    return Err(failed(
                        "'window' field can only contain 'documents' as the only argument or \
                         'range' with an optional 'unit' field",
                    ));
                }
            }
        }
        match (documents, range, unit) {
            (Some(_), Some(_), _) => {
                Err(failed("Window bounds can specify either 'documents' or 'unit', not both."))
            }
            (_, None, Some(_)) => {
                Err(failed("Window bounds can only specify 'unit' with range-based bounds."))
            }
            (None, None, None) => Ok(Self::All),
            (Some(documents), None, None) => parse_documents(documents, sort, parameters),
            (None, Some(range), unit) => parse_range(range, unit, sort, parameters),
        }
    }

    /// Whether every window is the whole partition.
    pub(super) fn is_all(&self) -> bool {
        match self {
            Self::All | Self::Documents(None, None) => true,
            Self::Range { lower, upper, .. } => lower.is_none() && upper.is_none(),
            Self::Documents(..) => false,
        }
    }

    /// Windows that move along a partition.
    pub(super) fn start(
        &self,
        partition: &Partition<'_>,
        budget: &mut Budget,
    ) -> Result<Frame, QueryError> {
        let len = partition.len();
        let kind = match self {
            _ if self.is_all() => FrameKind::All,
            Self::Documents(lower, upper) => FrameKind::Documents(*lower, *upper),
            Self::Range { value, lower, upper, unit } => FrameKind::Range(Range {
                values: partition.compute(value, budget)?,
                lower: lower.clone(),
                upper: upper.clone(),
                unit: *unit,
                start: 0,
                end: 0,
            }),
            Self::All => FrameKind::All,
        };
        Ok(Frame { len, kind })
    }
}

/// A window that moves along.
pub(super) struct Frame {
    len: usize,
    kind: FrameKind,
}

enum FrameKind {
    All,
    Documents(Option<i64>, Option<i64>),
    Range(Range),
}

struct Range {
    values: Vec<Option<RawBson>>,
    lower: Option<RawBson>,
    upper: Option<RawBson>,
    unit: Option<Unit>,
    /// The window before; neither of its ends ever moves back.
    start: usize,
    end: usize,
}

impl Frame {
    /// The window of a document: from one place to just before another.
    pub(super) fn at(&mut self, index: usize) -> Result<(usize, usize), QueryError> {
        match &mut self.kind {
            FrameKind::All => Ok((0, self.len)),
            FrameKind::Documents(lower, upper) => {
                let start = lower.map_or(0, |lower| place(index, lower, self.len));
                let end =
                    upper.map_or(self.len, |upper| place(index, upper.saturating_add(1), self.len));
                Ok((start, end.max(start)))
            }
            FrameKind::Range(range) => range.at(index),
        }
    }
}

/// So many places from another one, but not outside of the partition.
fn place(index: usize, distance: i64, len: usize) -> usize {
    let index = i64::try_from(index).unwrap_or(i64::MAX);
    usize::try_from(index.saturating_add(distance)).unwrap_or_default().min(len)
}

impl Range {
    fn at(&mut self, index: usize) -> Result<(usize, usize), QueryError> {
        let value = self.values.get(index).and_then(Option::as_ref);
        let value = self.check(value.map(RawBson::as_raw_bson_ref))?;
        if let Some(lower) = &self.lower {
            let least = self.distant(value, lower.as_raw_bson_ref())?;
            while self.is(self.start, &least, Ordering::is_lt)? {
                step()?;
                self.start += 1;
            }
        }
        match &self.upper {
            None => self.end = self.values.len(),
            Some(upper) => {
                let greatest = self.distant(value, upper.as_raw_bson_ref())?;
                while self.is(self.end, &greatest, Ordering::is_le)? {
                    step()?;
                    self.end += 1;
                }
            }
        }
        Ok((self.start, self.end.max(self.start)))
    }

    /// Whether there is a value at a place, and it compares so.
    fn is(
        &self,
        place: usize,
        bound: &RawBson,
        holds: fn(Ordering) -> bool,
    ) -> Result<bool, QueryError> {
        let Some(value) = self.values.get(place) else { return Ok(false) };
        let value = self.check(value.as_ref().map(RawBson::as_raw_bson_ref))?;
        Ok(holds(compare(value, bound.as_raw_bson_ref())))
    }

    fn check<'v>(&self, value: Option<RawBsonRef<'v>>) -> Result<RawBsonRef<'v>, QueryError> {
        let found = type_name(value);
        match (value, self.unit) {
            (Some(date @ RawBsonRef::DateTime(_)), Some(_)) => Ok(date),
            (Some(number), None) if Number::of(number).is_some() => Ok(number),
            (_, Some(_)) => {
                let text = format!(
                    "Invalid range: Expected the sortBy field to be a Date, but it was {found}"
                );
                Err(QueryError::new(MongoCode::WINDOW_RANGE_OVER_NO_DATE, text))
            }
            (_, None) => {
                let text = format!(
                    "Invalid range: Expected the sortBy field to be a number, but it was {found}"
                );
                Err(QueryError::new(MongoCode::WINDOW_RANGE_OVER_NO_NUMBER, text))
            }
        }
    }

    fn distant(
        &self,
        value: RawBsonRef<'_>,
        distance: RawBsonRef<'_>,
    ) -> Result<RawBson, QueryError> {
        if let (RawBsonRef::DateTime(date), Some(unit)) = (value, self.unit) {
            let count = Number::of(distance).and_then(Number::whole).unwrap_or_default();
            return unit.add(date, count).map(RawBson::DateTime);
        }
        let mut sum = Sum::default();
        sum.add(value);
        sum.add(distance);
        Ok(sum.total().raw().into())
    }
}

fn parse_documents(
    value: RawBsonRef<'_>,
    sort: Option<&Sort>,
    parameters: &Parameters,
) -> Result<Bounds, QueryError> {
    let bound = |value| match parse_bound(value, parameters)? {
        None => Ok(None),
        Some(number) => match Number::of(number.as_raw_bson_ref()).and_then(Number::whole) {
            Some(number) => Ok(Some(number)),
            None => Err(failed("Numeric document-based bounds must be an integer")),
        },
    };
    let (lower, upper) = parse_pair(value)?;
    let (lower, upper) = (bound(lower)?, bound(upper)?);
    if let (Some(least), Some(greatest)) = (lower, upper)
        && least > greatest
    {
        let text = format!("Lower bound must not exceed upper bound: [{least}, {greatest}]");
        return Err(QueryError::new(MongoCode::WINDOW_BOUNDS_NOT_ASCENDING, text));
    }
    if sort.is_none() && (lower.is_some() || upper.is_some()) {
        return Err(QueryError::new(
            MongoCode::WINDOW_OF_DOCUMENTS_WITHOUT_SORT,
            "Document-based bounds require a sortBy",
        ));
    }
    Ok(Bounds::Documents(lower, upper))
}

fn parse_range(
    value: RawBsonRef<'_>,
    unit: Option<RawBsonRef<'_>>,
    sort: Option<&Sort>,
    parameters: &Parameters,
) -> Result<Bounds, QueryError> {
    let unit = match unit {
        None => None,
        Some(RawBsonRef::String(name)) => Some(Unit::parse(name)?),
        Some(_) => return Err(failed("'unit' must be a string")),
    };
    let bound = |value| {
        let Some(number) = parse_bound(value, parameters)? else { return Ok(None) };
        match Number::of(number.as_raw_bson_ref()) {
            None => Err(failed("Range-based bounds expression must be a number")),
            Some(number) if unit.is_some() && number.whole().is_none() => {
                Err(failed("With 'unit', range-based bounds must be an integer"))
            }
            Some(_) => Ok(Some(number)),
        }
    };
    let (lower, upper) = parse_pair(value)?;
    let (lower, upper) = (bound(lower)?, bound(upper)?);
    if let (Some(least), Some(greatest)) = (&lower, &upper) {
        let (least, greatest) = (least.as_raw_bson_ref(), greatest.as_raw_bson_ref());
        if compare(least, greatest).is_gt() {
            let text = format!(
                "Lower bound must not exceed upper bound: [{}, {}]",
                describe(least),
                describe(greatest)
            );
            return Err(QueryError::new(MongoCode::WINDOW_BOUNDS_NOT_ASCENDING, text));
        }
    }
    let fields: Vec<(&str, Direction)> = sort.into_iter().flat_map(Sort::fields).collect();
    let [(path, direction)] = fields.as_slice() else {
        return Err(QueryError::new(
            MongoCode::WINDOW_RANGE_NOT_SORTED_BY_ONE_FIELD,
            "Range-based bounds require sortBy a single field",
        ));
    };
    if *direction != Direction::Ascending {
        let text = "Range-based bounds require an ascending sortBy";
        return Err(QueryError::new(MongoCode::WINDOW_RANGE_NOT_ASCENDING, text));
    }
    let value = Computed::parse(RawBsonRef::String(&format!("${path}")), parameters)?;
    Ok(Bounds::Range { value, lower, upper, unit })
}

fn parse_pair(value: RawBsonRef<'_>) -> Result<(RawBsonRef<'_>, RawBsonRef<'_>), QueryError> {
    let refused =
        || failed(&format!("Window bounds must be a 2-element array: {}", describe(value)));
    let RawBsonRef::Array(array) = value else { return Err(refused()) };
    let mut items = array.into_iter();
    match (items.next(), items.next(), items.next()) {
        (Some(Ok(lower)), Some(Ok(upper)), None) => Ok((lower, upper)),
        _ => Err(refused()),
    }
}

/// A number, zero for the current document, or none without end.
fn parse_bound(
    value: RawBsonRef<'_>,
    parameters: &Parameters,
) -> Result<Option<RawBson>, QueryError> {
    match value {
        RawBsonRef::String("unbounded") => Ok(None),
        RawBsonRef::String("current") => Ok(Some(RawBson::Int32(0))),
        RawBsonRef::String(_) => {
            Err(failed("Window bounds must be 'unbounded', 'current', or a number."))
        }
        value => {
            let computed = Computed::parse(value, parameters)?;
            match computed.as_constant() {
                Some(constant) => Ok(Some(constant.unwrap_or(RawBsonRef::Null).into())),
                None => Err(failed("Window bounds expression must be a constant.")),
            }
        }
    }
}

fn failed(text: &str) -> QueryError {
    QueryError::new(MongoCode::FAILED_TO_PARSE, text)
}
