//! `$bucketAuto`: as many groups as are wanted, of about as many documents each, in order.

use bson::{RawBson, RawBsonRef, RawDocument, RawDocumentBuf};

use super::{granularity::Series, group::Accumulated};
use crate::{
    MongoCode, QueryError,
    aggregate::{
        accumulators::State,
        arguments::object,
        budget::Budget,
        computed::Computed,
        context::Context,
        documents::{Collections, Documents, deferred},
        raw::malformed,
        stage::{Operation, Stage},
        write::Writer,
    },
    append_key, compare,
    describe::describe,
    expression::type_name,
    interrupt::sort_by,
    number::Number,
};

/// Parses `$bucketAuto`.
pub(in crate::aggregate) fn parse(
    value: RawBsonRef<'_>,
    context: Context<'_>,
) -> Result<Vec<Stage>, QueryError> {
    let document = object(value, MongoCode::BUCKET_AUTO_NOT_OBJECT, |found| {
        format!("The argument to $bucketAuto must be an object, but found type: {found}.")
    })?;
    let (mut group_by, mut count, mut fields, mut series) = (None, None, None, None);
    for field in document {
        let (name, value) = field.map_err(|_| malformed())?;
        match (name.as_str(), value) {
            ("groupBy", value) => group_by = Some(parse_group_by(value, context)?),
            ("buckets", value) => count = Some(parse_count(value)?),
            ("output", RawBsonRef::Document(output)) => {
                fields = Some(parse_output(output, context)?);
            }
            ("output", other) => {
                let found = type_name(Some(other));
                let text = format!(
                    "The $bucketAuto 'output' field must be an object, but found type: {found}."
                );
                return Err(QueryError::new(MongoCode::BUCKET_AUTO_OUTPUT_NOT_OBJECT, text));
            }
            ("granularity", RawBsonRef::String(name)) => series = Some(Series::parse(name)?),
            ("granularity", other) => {
                let found = type_name(Some(other));
                let text = format!(
                    "The $bucketAuto 'granularity' field must be a string, but found type: {found}."
                );
                return Err(QueryError::new(MongoCode::GRANULARITY_NOT_STRING, text));
            }
            (other, _) => {
                let text = format!("Unrecognized option to $bucketAuto: {other}.");
                return Err(QueryError::new(MongoCode::BUCKET_AUTO_OPTION_UNKNOWN, text));
            }
        }
    }
    let (Some(group_by), Some(count)) = (group_by, count) else {
        let text = "$bucketAuto requires 'groupBy' and 'buckets' to be specified.";
        return Err(QueryError::new(MongoCode::BUCKET_AUTO_OPTION_MISSING, text));
    };
    let fields = match fields {
        Some(fields) if !fields.is_empty() => fields,
        _ => default_output(context)?,
    };
    let bytes_max = context.parameters.memory_bytes_max;
    let stage = BucketAuto { group_by, count, fields, series, bytes_max };
    Ok(vec![Stage::Other(Box::new(stage))])
}

struct BucketAuto {
    group_by: Computed,
    count: usize,
    fields: Vec<Accumulated>,
    series: Option<Series>,
    bytes_max: usize,
}

/// A document with the value that it is grouped by.
struct Entry {
    position: usize,
    key: Box<[u8]>,
    value: RawBson,
    document: RawDocumentBuf,
}

struct Bucket {
    least: RawBson,
    greatest: RawBson,
    states: Vec<State>,
}

impl Entry {
    fn bytes(&self) -> usize {
        2 * self.key.len() + self.document.as_bytes().len() + size_of::<Self>()
    }
}

impl Operation for BucketAuto {
    fn run<'a>(&'a self, source: Documents<'a>, _: &'a dyn Collections) -> Documents<'a> {
        deferred(move || {
            let mut budget = Budget::new("$bucketAuto", self.bytes_max);
            let mut entries = Vec::new();
            for (position, document) in source.enumerate() {
                let entry = self.entry(position, document?)?;
                budget.take(entry.bytes())?;
                entries.push(entry);
            }
            // Those with equal values stay in their order.
            sort_by(&mut entries, |one, other| one.key.cmp(&other.key))?;
            let buckets = self.buckets(&entries, &mut budget)?;
            let entries_bytes = entries.iter().map(Entry::bytes).sum();
            drop(entries);
            budget.give_back(entries_bytes);
            Ok(Box::new(buckets.into_iter().map(move |bucket| {
                let _all_until_the_end = &budget;
                self.document(&bucket)
            })))
        })
    }
}

impl BucketAuto {
    fn entry(&self, position: usize, document: RawDocumentBuf) -> Result<Entry, QueryError> {
        let (key, value) = self.group_by.with(&document, |value| {
            if self.series.is_some() {
                check_granular(value)?;
            }
            let value = value.unwrap_or(RawBsonRef::Null);
            let mut key = Vec::new();
            append_key(value, &mut key);
            Ok((key.into(), value.into()))
        })?;
        Ok(Entry { position, key, value, document })
    }

    fn buckets(&self, entries: &[Entry], budget: &mut Budget) -> Result<Vec<Bucket>, QueryError> {
        // As many documents as there would be in each, rounded, and at least one.
        let size = ((2 * entries.len() + self.count) / (2 * self.count)).max(1);
        let mut buckets: Vec<Bucket> = Vec::new();
        let mut rest = entries;
        while let [first, ..] = rest {
            if buckets.len() == self.count {
                break;
            }
            let is_last = buckets.len() + 1 == self.count;
            let len = if is_last { rest.len() } else { size.min(rest.len()) };
            let mut least = first.value.clone();
            if let Some(series) = &self.series {
                least = match buckets.last() {
                    Some(before) => before.greatest.clone(),
                    None => series.round_down(&first.value),
                };
            }
            let (len, greatest) = self.end(rest, len);
            let mut states = self.start()?;
            let (inside, after) = rest.split_at(len);
            // What depends on an order, such as `$first`, goes by that of the documents.
            let mut inside: Vec<&Entry> = inside.iter().collect();
            sort_by(&mut inside, |one, other| one.position.cmp(&other.position))?;
            for entry in inside {
                self.add(&mut states, &entry.document, budget)?;
            }
            buckets.push(Bucket { least, greatest, states });
            rest = after;
        }
        Ok(buckets)
    }

    /// Where a bucket ends that has at least so many documents, and its upper bound.
    fn end(&self, entries: &[Entry], mut len: usize) -> (usize, RawBson) {
        let Some(last) = entries.get(len - 1) else { return (len, RawBson::Null) };
        let Some(series) = &self.series else {
            while entries.get(len).is_some_and(|next| next.key == last.key) {
                len += 1;
            }
            let bound = entries.get(len).unwrap_or(last);
            return (len, bound.value.clone());
        };
        let bound = series.round_up(&last.value);
        while let Some(next) = entries.get(len) {
            let is_below = compare(bound.as_raw_bson_ref(), next.value.as_raw_bson_ref()).is_gt();
            if !is_below && next.key != last.key {
                break;
            }
            len += 1;
        }
        let is_zero = Number::of(bound.as_raw_bson_ref()).is_some_and(Number::is_zero);
        match entries.get(len) {
            Some(next) if is_zero => (len, series.round_down(&next.value)),
            _ => (len, bound),
        }
    }

    fn start(&self) -> Result<Vec<State>, QueryError> {
        let nothing = RawDocumentBuf::new();
        self.fields.iter().map(|field| field.accumulator.start(&nothing)).collect()
    }

    fn add(
        &self,
        states: &mut [State],
        document: &RawDocument,
        budget: &mut Budget,
    ) -> Result<(), QueryError> {
        for (field, state) in self.fields.iter().zip(states) {
            field.accumulator.add(state, document, budget)?;
        }
        Ok(())
    }

    fn document(&self, bucket: &Bucket) -> Result<RawDocumentBuf, QueryError> {
        let mut writer = Writer::with_capacity(256);
        writer.begin_document("_id")?;
        writer.append("min", bucket.least.as_raw_bson_ref())?;
        writer.append("max", bucket.greatest.as_raw_bson_ref())?;
        writer.end();
        for (field, state) in self.fields.iter().zip(&bucket.states) {
            field.accumulator.write(state, &mut writer, &field.name)?;
        }
        writer.finish()
    }
}

fn check_granular(value: Option<RawBsonRef<'_>>) -> Result<(), QueryError> {
    let refused = |code, text: &str| {
        Err(QueryError::new(code, format!("$bucketAuto can specify a 'granularity' with {text}")))
    };
    let Some(number) = value.and_then(Number::of) else {
        let found = type_name(value);
        let text = format!("numeric boundaries only, but found a value with type: {found}");
        return refused(MongoCode::GRANULARITY_OF_NO_NUMBER, &text);
    };
    if number.is_nan() {
        return refused(MongoCode::GRANULARITY_OF_NAN, "numeric boundaries only, but found a NaN");
    }
    if number.to_double() < 0.0 {
        return refused(
            MongoCode::GRANULARITY_OF_NEGATIVE,
            "non-negative numbers only, but found a negative number",
        );
    }
    Ok(())
}

fn parse_group_by(value: RawBsonRef<'_>, context: Context<'_>) -> Result<Computed, QueryError> {
    let is_expression = match value {
        RawBsonRef::String(path) => path.len() > 1 && path.starts_with('$'),
        RawBsonRef::Document(document) => {
            let first = document.iter().next().and_then(Result::ok);
            first.is_some_and(|(name, _)| name.as_str().starts_with('$'))
        }
        _ => false,
    };
    if !is_expression {
        let shown = describe(value);
        let text = format!(
            "The $bucketAuto 'groupBy' field must be defined as a $-prefixed path or an \
             expression object, but found: {shown}"
        );
        return Err(QueryError::new(MongoCode::BUCKET_AUTO_GROUP_BY_NOT_EXPRESSION, text));
    }
    Computed::parse(value, context.parameters)
}

fn parse_count(value: RawBsonRef<'_>) -> Result<usize, QueryError> {
    let Some(number) = Number::of(value) else {
        let found = type_name(Some(value));
        let text = format!(
            "The $bucketAuto 'buckets' field must be a numeric value, but found type: {found}."
        );
        return Err(QueryError::new(MongoCode::BUCKET_AUTO_BUCKETS_NOT_NUMBER, text));
    };
    let Some(number) = number.whole().and_then(|number| i32::try_from(number).ok()) else {
        let text = format!(
            "The $bucketAuto 'buckets' field must be representable as a 32-bit integer, but found \
             {}.",
            describe(value)
        );
        return Err(QueryError::new(MongoCode::BUCKET_AUTO_BUCKETS_NOT_INT, text));
    };
    match usize::try_from(number) {
        Ok(number) if number > 0 => Ok(number),
        _ => {
            let text = format!(
                "The $bucketAuto 'buckets' field must be greater than 0, but found: {number}"
            );
            Err(QueryError::new(MongoCode::BUCKET_AUTO_BUCKETS_NOT_POSITIVE, text))
        }
    }
}

fn parse_output(
    output: &RawDocument,
    context: Context<'_>,
) -> Result<Vec<Accumulated>, QueryError> {
    let field = |field: Result<(&bson::raw::CStr, RawBsonRef<'_>), _>| {
        let (name, value) = field.map_err(|_| malformed())?;
        Accumulated::parse(name.as_str(), value, context.parameters)
    };
    output.iter().map(field).collect()
}

fn default_output(context: Context<'_>) -> Result<Vec<Accumulated>, QueryError> {
    let one = bson::rawdoc! { "$sum": 1 };
    let count = RawBsonRef::Document(&one);
    Ok(vec![Accumulated::parse("count", count, context.parameters)?])
}
