//! `$densify`: documents in the gaps of a sequence of numbers or dates.

mod parse;
mod steps;

use std::collections::{HashMap, VecDeque};

use bson::{RawBson, RawBsonRef, RawDocument, RawDocumentBuf};

use self::steps::Step;
use crate::{
    MongoCode, QueryError, Sort,
    aggregate::{
        budget::Budget,
        documents::{Collections, Documents, deferred},
        path::Path,
        stage::Operation,
        write::Writer,
    },
    append_key, compare,
    expression::type_name,
    interrupt::sort_by,
    number::Number,
};

pub(in crate::aggregate) use self::parse::parse;

/// So many documents a stage makes at most; as many as a MongoDB server does.
const MADE_MAX: usize = 500_000;

struct Densify {
    field: Path,
    partition_by: Vec<Path>,
    sort: Sort,
    step: Step,
    bounds: Bounds,
    bytes_max: usize,
}

/// From where to where there are to be no gaps.
enum Bounds {
    /// From the least to the greatest value of all documents.
    Full,
    /// From the least to the greatest value of each partition.
    Partition,
    /// From one value to just before another, in each partition.
    Explicit(RawBson, RawBson),
}

/// A document in its place.
struct Entry {
    key: Box<[u8]>,
    partition: Box<[u8]>,
    document: RawDocumentBuf,
    /// The value of the field; none where that is null or missing, which takes no part.
    value: Option<RawBson>,
}

impl Operation for Densify {
    fn run<'a>(&'a self, source: Documents<'a>, _: &'a dyn Collections) -> Documents<'a> {
        deferred(move || {
            let mut budget = Budget::new("$densify", self.bytes_max);
            let mut entries = Vec::new();
            for document in source {
                let entry = self.entry(document?)?;
                let keys_bytes = entry.key.len() + entry.partition.len();
                budget.take(keys_bytes + entry.document.as_bytes().len() + size_of::<Entry>())?;
                entries.push(entry);
            }
            sort_by(&mut entries, |one, other| one.key.cmp(&other.key))?;
            let range = self.range(&entries)?;
            Ok(Box::new(Filling::new(self, entries, range, budget)))
        })
    }
}

impl Densify {
    fn entry(&self, document: RawDocumentBuf) -> Result<Entry, QueryError> {
        let mut key = Vec::new();
        self.sort.append_key(&document, &mut key)?;
        let mut partition = Vec::new();
        for path in &self.partition_by {
            match path.find(&document)? {
                Some(found) => append_key(found.value()?, &mut partition),
                // Before all values, as no key begins so.
                None => partition.push(0),
            }
        }
        let value = match self.field.find(&document)? {
            None => None,
            Some(found) => self.check(found.value()?)?,
        };
        Ok(Entry { key: key.into(), partition: partition.into(), document, value })
    }

    fn check(&self, value: RawBsonRef<'_>) -> Result<Option<RawBson>, QueryError> {
        match (value, self.step.is_of_dates()) {
            (RawBsonRef::Null | RawBsonRef::Undefined, _) => Ok(None),
            (RawBsonRef::DateTime(_), true) => Ok(Some(value.into())),
            (RawBsonRef::DateTime(_), false) => {
                let text = "Encountered date densify value when step does not have a date unit.";
                Err(QueryError::new(MongoCode::DENSIFIED_DATE_WITHOUT_UNIT, text))
            }
            (number, false) if Number::of(number).is_some() => Ok(Some(value.into())),
            (number, true) if Number::of(number).is_some() => {
                let text = "Encountered numeric densify value in collection when step has a date \
                            unit.";
                Err(QueryError::new(MongoCode::DENSIFIED_NUMBER_WITH_UNIT, text))
            }
            _ => {
                let found = type_name(Some(value));
                let text = format!("Densify field type must be numeric or a date, found {found}");
                Err(QueryError::new(MongoCode::DENSIFIED_VALUE_NOT_NUMBER_OR_DATE, text))
            }
        }
    }

    /// From the least to the greatest value, if there is any.
    fn range(&self, entries: &[Entry]) -> Result<Option<(RawBson, RawBson)>, QueryError> {
        let mut values = entries.iter().filter_map(|entry| entry.value.as_ref());
        match &self.bounds {
            Bounds::Explicit(least, end) => Ok(Some((least.clone(), end.clone()))),
            Bounds::Partition => Ok(None),
            Bounds::Full => {
                let Some(first) = values.next() else { return Ok(None) };
                let last = values.next_back().unwrap_or(first);
                Ok(Some((first.clone(), last.clone())))
            }
        }
    }

    /// A document in a gap: its partition and its value.
    fn document(
        &self,
        like: Option<&RawDocument>,
        value: &RawBson,
    ) -> Result<RawDocumentBuf, QueryError> {
        let mut made = RawDocumentBuf::new();
        for path in &self.partition_by {
            let Some(found) = like.map(|like| path.find(like)).transpose()?.flatten() else {
                continue;
            };
            let mut writer = Writer::with_capacity(64);
            path.replace(&made, &mut writer, &mut |writer, name| writer.copy_as(name, found))?;
            made = writer.finish()?;
        }
        let mut writer = Writer::with_capacity(64);
        self.field.replace(&made, &mut writer, &mut |writer, name| {
            writer.append(name, value.as_raw_bson_ref())
        })?;
        writer.finish()
    }
}

/// How far the sequence of a partition has come.
struct Progress {
    /// The next value that there is to be; none if there is no more.
    next: Option<RawBson>,
    /// A document of the partition, by its place.
    like: usize,
}

/// A gap that is being filled.
struct Gap {
    partition: Box<[u8]>,
    /// Where it ends, and whether that is part of it.
    end: RawBson,
    inclusive: bool,
}

struct Filling<'a> {
    densify: &'a Densify,
    entries: Vec<Entry>,
    range: Option<(RawBson, RawBson)>,
    /// The document that comes next.
    index: usize,
    partitions: HashMap<Box<[u8]>, Progress>,
    /// Partitions in the order in which they were met, those that are done left out.
    order: VecDeque<Box<[u8]>>,
    gap: Option<Gap>,
    /// Whether the gap before the next document has been looked at.
    is_before_filled: bool,
    made_count: usize,
    /// It counts the documents as long as they are here.
    _budget: Budget,
}

impl<'a> Filling<'a> {
    fn new(
        densify: &'a Densify,
        entries: Vec<Entry>,
        range: Option<(RawBson, RawBson)>,
        budget: Budget,
    ) -> Self {
        let mut filling = Self {
            densify,
            entries,
            range,
            index: 0,
            partitions: HashMap::new(),
            order: VecDeque::new(),
            gap: None,
            is_before_filled: false,
            made_count: 0,
            _budget: budget,
        };
        // Without documents there are no partitions, but a range may be there all the same.
        let has_range = matches!(densify.bounds, Bounds::Explicit(..));
        if has_range && densify.partition_by.is_empty() {
            filling.meet(Box::default(), usize::MAX, None);
        }
        filling
    }

    /// Begins the sequence of a partition.
    fn meet(&mut self, partition: Box<[u8]>, like: usize, value: Option<&RawBson>) {
        let first = self.range.as_ref().map(|(first, _)| first).or(value);
        let progress = Progress { next: first.cloned(), like };
        self.partitions.insert(partition.clone(), progress);
        self.order.push_back(partition);
    }

    fn step(&mut self) -> Result<Option<RawDocumentBuf>, QueryError> {
        loop {
            if let Some(document) = self.fill()? {
                return Ok(Some(document));
            }
            if self.index >= self.entries.len() {
                if !self.finish_next() {
                    return Ok(None);
                }
                continue;
            }
            if !self.is_before_filled {
                self.is_before_filled = true;
                self.look_before();
                continue;
            }
            self.is_before_filled = false;
            let index = self.index;
            self.index += 1;
            self.pass(index)?;
            return Ok(self.entries.get(index).map(|entry| entry.document.clone()));
        }
    }

    /// The next document of the gap that is being filled.
    fn fill(&mut self) -> Result<Option<RawDocumentBuf>, QueryError> {
        let Some(gap) = &self.gap else { return Ok(None) };
        let Some(progress) = self.partitions.get_mut(&gap.partition) else { return Ok(None) };
        let Some(next) = &progress.next else { return Ok(None) };
        let compared = compare(next.as_raw_bson_ref(), gap.end.as_raw_bson_ref());
        if compared.is_gt() || (compared.is_eq() && !gap.inclusive) {
            self.gap = None;
            return Ok(None);
        }
        self.made_count += 1;
        if self.made_count > MADE_MAX {
            let text = format!(
                "$densify made {} documents, and {MADE_MAX} is the limit: use a larger step or \
                 narrower bounds",
                self.made_count
            );
            return Err(QueryError::new(MongoCode::DENSIFY_MAKES_TOO_MANY, text));
        }
        let like = self.entries.get(progress.like).map(|entry| &*entry.document);
        let document = self.densify.document(like, next)?;
        progress.next = Some(self.densify.step.after(next)?);
        Ok(Some(document))
    }

    /// Opens the gap between what was in the partition of the next document and that document.
    fn look_before(&mut self) {
        let Some(entry) = self.entries.get(self.index) else { return };
        let Some(value) = entry.value.clone() else { return };
        let partition = entry.partition.clone();
        if !self.partitions.contains_key(&partition) {
            self.meet(partition.clone(), self.index, Some(&value));
        } else if let Some(progress) = self.partitions.get_mut(&partition)
            && progress.like == usize::MAX
        {
            progress.like = self.index;
        }
        // Nothing is made from the end of the range on.
        let (end, inclusive) = match (&self.densify.bounds, &self.range) {
            (Bounds::Explicit(..), Some((_, end)))
                if compare(value.as_raw_bson_ref(), end.as_raw_bson_ref()).is_gt() =>
            {
                (end.clone(), false)
            }
            _ => (value, false),
        };
        self.gap = Some(Gap { partition, end, inclusive });
    }

    /// A document stands where one might have been made.
    fn pass(&mut self, index: usize) -> Result<(), QueryError> {
        self.gap = None;
        let Some(entry) = self.entries.get(index) else { return Ok(()) };
        let Some(value) = &entry.value else { return Ok(()) };
        let Some(progress) = self.partitions.get_mut(&entry.partition) else { return Ok(()) };
        if let Some(next) = &progress.next
            && compare(next.as_raw_bson_ref(), value.as_raw_bson_ref()).is_eq()
        {
            progress.next = Some(self.densify.step.after(next)?);
        }
        Ok(())
    }

    /// Opens the gap between the last document of a partition and the end of the range; tells
    /// whether there is one.
    fn finish_next(&mut self) -> bool {
        let Some(partition) = self.order.pop_front() else { return false };
        if let Some((_, end)) = &self.range {
            let inclusive = matches!(self.densify.bounds, Bounds::Full);
            self.gap = Some(Gap { partition, end: end.clone(), inclusive });
        }
        true
    }
}

impl Iterator for Filling<'_> {
    type Item = Result<RawDocumentBuf, QueryError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}
