//! The query language: filters, projections, orders, updates and pipelines over documents. Nothing
//! panics or runs out of stack, and what comes out are documents that could be stored and read.
//!
//! The bytes choose among the names of the language, so that most of what is made gets past the
//! first check. Numbers are small: what is made ends soon, as nothing counts the steps here.

#![no_main]

use bson::{
    Bson, DateTime, Decimal128, Document, RawDocumentBuf, Regex,
    oid::ObjectId,
    raw::{CString, cstr},
};
use hookstead_query::{
    Distinct, Filter, NoCollections, Parameters, Pipeline, Projection, Sort, Update, Variables,
    validate,
};
use libfuzzer_sys::fuzz_target;

/// The most fields and items of one input.
const VALUES_MAX: usize = 200;
const DEPTH_MAX: usize = 7;
const DOCUMENTS_MAX: usize = 500;
const MEMORY_BYTES_MAX: usize = 1 << 20;

const NAMES: &str = "a b c _id a.b a.0 a.$ a.$[] a.$[x] x x.a 0 1 vars in input as cond if then \
    else branches case default initialValue groupBy boundaries buckets output sortBy partitionBy \
    partitionByFields field range step bounds unit method value window documents from let pipeline \
    localField foreignField startWith connectFromField connectToField depthField maxDepth path \
    includeArrayIndex preserveNullAndEmptyArrays newRoot n k v granularity by p date format \
    timezone onNull startDate endDate amount find replacement regex options chars to onError \
    bsonType required properties items minimum pattern enum coll";

const OPERATORS: &str = "$eq $ne $gt $gte $lt $lte $in $nin $and $or $nor $not $exists $type $mod \
    $size $all $elemMatch $regex $options $bitsAllSet $expr $jsonSchema $slice $set $unset $inc \
    $mul $min $max $rename $setOnInsert $currentDate $push $addToSet $pull $pullAll $pop $bit \
    $each $position $sort $match $project $addFields $group $bucket $bucketAuto $count $densify \
    $documents $facet $fill $graphLookup $limit $lookup $redact $replaceRoot $replaceWith $sample \
    $setWindowFields $skip $sortByCount $unionWith $unwind $sum $avg $first $last $mergeObjects \
    $stdDevPop $top $bottom $firstN $lastN $maxN $minN $topN $percentile $median $rank $denseRank \
    $documentNumber $shift $derivative $integral $expMovingAvg $linearFill $locf $covariancePop \
    $add $subtract $multiply $divide $abs $ceil $floor $pow $sqrt $exp $ln $log $round $trunc \
    $concat $split $substr $substrCP $toLower $trim $indexOfBytes $indexOfCP $strLenCP $replaceAll \
    $regexFind $regexFindAll $regexMatch $cond $ifNull $switch $let $literal $map $filter $reduce \
    $range $zip $arrayElemAt $concatArrays $indexOfArray $isArray $reverseArray $sortArray \
    $arrayToObject $objectToArray $getField $setField $unsetField $setUnion $setIntersection \
    $setDifference $setIsSubset $setEquals $allElementsTrue $convert $toString $toInt $toDate \
    $toDecimal $dateAdd $dateDiff $dateTrunc $dateToString $dateFromString $dateFromParts \
    $dateToParts $year $isoWeek $bitAnd $cmp $rand $sampleRate";

const TEXTS: &str = "$a $b $a.b $_id $$ROOT $$this $$value $$v $$NOW $$REMOVE $$KEEP $$DESCEND a b \
    aaa ab.c full partition day month year linear locf double string int object array R5 E12 \
    POWERSOF2 approximate ^a (?=a)b \\d+ i %Y-%m-%d Europe/Berlin +01:00 2024-01-02T03:04:05Z";

/// The bytes that decide what is made.
struct Choices<'d> {
    bytes: &'d [u8],
    left: usize,
}

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        *first
    }

    fn word(&mut self, words: &str) -> String {
        let words: Vec<&str> = words.split_ascii_whitespace().collect();
        let number = usize::from(self.byte()) % words.len();
        words.get(number).copied().unwrap_or_default().to_owned()
    }

    fn document(&mut self, depth: usize) -> Document {
        let mut document = Document::new();
        let kind = self.byte();
        let count = if kind >= 96 { 1 } else { usize::from(kind % 5) };
        for _ in 0..count {
            let name = if kind >= 96 { self.word(OPERATORS) } else { self.word(NAMES) };
            let value = self.value(depth + 1);
            document.insert(name, value);
        }
        document
    }

    fn value(&mut self, depth: usize) -> Bson {
        self.left = self.left.saturating_sub(1);
        let kind = self.byte();
        if depth < DEPTH_MAX && self.left > 0 {
            match kind % 16 {
                0..=4 => return Bson::Document(self.document(depth)),
                5..=7 => {
                    let count = usize::from(kind >> 4) % 5;
                    return Bson::Array((0..count).map(|_| self.value(depth + 1)).collect());
                }
                _ => {}
            }
        }
        match kind % 16 {
            8..=10 => Bson::String(self.word(TEXTS)),
            11 => self.rare(),
            _ => Bson::Int32(i32::from(self.byte() % 16) - 3),
        }
    }

    fn rare(&mut self) -> Bson {
        let regex = |pattern: String| Regex {
            pattern: CString::try_from(pattern).unwrap_or_else(|_| cstr!("a").into()),
            options: cstr!("i").into(),
        };
        match self.byte() % 14 {
            0 => Bson::Null,
            1 => Bson::Boolean(true),
            2 => Bson::Double(f64::NAN),
            3 => Bson::Double(1e308),
            4 => Bson::Double(0.5),
            5 => Bson::Int64(i64::MIN),
            6 => Bson::Decimal128(Decimal128::from_bytes([self.byte(); 16])),
            7 => Bson::DateTime(DateTime::from_millis(i64::from(self.byte()) << 33)),
            8 => Bson::DateTime(DateTime::MAX),
            9 => Bson::ObjectId(ObjectId::from_bytes([7; 12])),
            10 => Bson::RegularExpression(regex(self.word(TEXTS))),
            11 => Bson::Timestamp(bson::Timestamp { time: 1, increment: 2 }),
            12 => Bson::Undefined,
            _ => Bson::String("ä".repeat(usize::from(self.byte()))),
        }
    }

    fn raw(&mut self) -> RawDocumentBuf {
        RawDocumentBuf::try_from(&self.document(0)).unwrap_or_default()
    }

    fn list(&mut self) -> Vec<RawDocumentBuf> {
        let count = self.byte() % 5;
        (0..count).map(|_| self.raw()).collect()
    }
}

/// What comes out could be stored: it is whole, and not nested too deep.
fn check(document: &RawDocumentBuf) {
    if let Err(error) = validate(document) {
        panic!("{error}: {document:?}");
    }
}

fuzz_target!(|data: &[u8]| {
    let mut choices = Choices { bytes: data, left: VALUES_MAX };
    let mut parameters = Parameters::new(DateTime::from_millis(1_700_000_000_000), 1);
    parameters.memory_bytes_max = MEMORY_BYTES_MAX;
    if let Ok(variables) = Variables::of(bson::doc! {"v": {"a": [1, 2]}}) {
        parameters.variables = variables;
    }
    let what = choices.byte();
    let command = choices.list();
    let query = choices.raw();
    let mut documents = choices.list();
    documents.push(choices.raw());
    let filter = Filter::parse(&query, &parameters);
    match (what % 4, command.as_slice()) {
        (0, [first, others @ ..]) => {
            let projection = Projection::parse(first, &parameters);
            let sort = others.first().map(|sort| Sort::parse(sort));
            for document in &documents {
                if let Ok(filter) = &filter {
                    let _ = (filter.matches(document), filter.matched_index(document));
                }
                if let Ok(projection) = &projection
                    && let Ok(left) = projection.apply(document, filter.as_ref().ok())
                {
                    check(&left);
                }
                if let Some(Ok(sort)) = &sort {
                    let _ = sort.append_key(document, &mut Vec::new());
                }
                if let Ok(mut distinct) = Distinct::new("a.b") {
                    let _ = distinct.add(document);
                }
            }
        }
        (1, [operators, filters @ ..]) => {
            let Ok(update) = Update::operators(operators, filters, &parameters) else { return };
            for document in &documents {
                if let Ok(Some(new)) = update.apply(document, Some(0)) {
                    check(&new);
                }
            }
            if let Ok(filter) = &filter
                && let Ok(new) = update.upsert(filter, || Bson::Int32(1))
            {
                check(&new);
            }
        }
        (2, stages) => {
            let Ok(update) = Update::pipeline(stages, &parameters) else { return };
            for document in &documents {
                if let Ok(Some(new)) = update.apply(document, None) {
                    check(&new);
                }
            }
        }
        (_, stages) => {
            let Ok(pipeline) = Pipeline::parse(stages, &parameters) else { return };
            let source = Box::new(documents.into_iter().map(Ok));
            for document in pipeline.run(source, &NoCollections).take(DOCUMENTS_MAX).flatten() {
                check(&document);
            }
        }
    }
});
