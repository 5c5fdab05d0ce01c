//! `$sample`: some documents by chance, in an order by chance.

use bson::{RawBsonRef, RawDocumentBuf};

use crate::{
    MongoCode, QueryError,
    aggregate::{
        budget::Budget,
        context::Context,
        documents::{Collections, Documents, deferred},
        raw::malformed,
        stage::{Operation, Stage},
    },
    number::Number,
};

/// Parses `$sample`.
pub(in crate::aggregate) fn parse(
    value: RawBsonRef<'_>,
    context: Context<'_>,
) -> Result<Vec<Stage>, QueryError> {
    let RawBsonRef::Document(document) = value else {
        return Err(QueryError::new(
            MongoCode::SAMPLE_NOT_OBJECT,
            "the $sample stage specification must be an object",
        ));
    };
    let mut size = None;
    for field in document {
        let (name, value) = field.map_err(|_| malformed())?;
        if name.as_str() != "size" {
            let text = format!("unrecognized option to $sample: {name}");
            return Err(QueryError::new(MongoCode::SAMPLE_OPTION_UNKNOWN, text));
        }
        let Some(number) = Number::of(value) else {
            return Err(QueryError::new(
                MongoCode::SAMPLE_SIZE_NOT_NUMBER,
                "size argument to $sample must be a number",
            ));
        };
        let count = number.truncated().and_then(|count| usize::try_from(count).ok());
        if count.is_none_or(|count| count == 0) {
            let text = "size argument to $sample must be a positive integer";
            return Err(QueryError::new(MongoCode::SAMPLE_SIZE_NOT_POSITIVE, text));
        }
        size = count;
    }
    let Some(size) = size else {
        return Err(QueryError::new(
            MongoCode::SAMPLE_SIZE_MISSING,
            "$sample stage must specify a size",
        ));
    };
    // Two stages of a pipeline draw differently.
    let seed = context.parameters.random.wrapping_add(context.index as u64);
    let bytes_max = context.parameters.memory_bytes_max;
    Ok(vec![Stage::Other(Box::new(Sample { size, seed, bytes_max }))])
}

struct Sample {
    size: usize,
    seed: u64,
    bytes_max: usize,
}

impl Operation for Sample {
    fn run<'a>(&'a self, source: Documents<'a>, _: &'a dyn Collections) -> Documents<'a> {
        deferred(move || {
            let mut random = Random(self.seed);
            let mut budget = Budget::new("$sample", self.bytes_max);
            let mut drawn: Vec<RawDocumentBuf> = Vec::new();
            for (index, document) in source.enumerate() {
                let document = document?;
                let bytes = document.as_bytes().len() + size_of::<RawDocumentBuf>();
                if drawn.len() < self.size {
                    budget.take(bytes)?;
                    drawn.push(document);
                    continue;
                }
                // Each document is in the sample with the same chance, however many come.
                if let Some(place) = drawn.get_mut(random.below(index + 1)) {
                    budget.give_back(place.as_bytes().len() + size_of::<RawDocumentBuf>());
                    budget.take(bytes)?;
                    *place = document;
                }
            }
            for end in (1..drawn.len()).rev() {
                drawn.swap(end, random.below(end + 1));
            }
            Ok(Box::new(drawn.into_iter().map(move |document| {
                budget.give_back(document.as_bytes().len() + size_of::<RawDocumentBuf>());
                Ok(document)
            })))
        })
    }
}

/// Numbers by chance from a seed: a counter in big steps, mixed until no pattern is left.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to just below an end.
    fn below(&mut self, end: usize) -> usize {
        let wide = u128::from(self.next()) * end as u128;
        usize::try_from(wide >> 64).unwrap_or_default()
    }
}
