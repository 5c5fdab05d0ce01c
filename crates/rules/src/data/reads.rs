//! Reading: find, count and distinct (docs/behaviour/collection-rules.md#reading).

use std::{collections::BTreeMap, sync::Arc};

use bson::{Bson, RawDocumentBuf};
use hookstead_data::{
    Answer, Batch, Command, Count, Cursor, DataError, Distinct, Find, Future, Target,
};
use hookstead_query::{self as query, Filter, Projection, Sort, append_value_key};

use super::{
    bound::{Bound, parameters},
    pipeline::check_projection,
    query_check,
    refusal::{malformed, too_much},
    stream::{Open, Stream},
};
use crate::DocumentQuery;

/// What is sorted here takes no more than this.
const SORT_BYTES_MAX: usize = 32 << 20;

/// The values of a field that are gathered here take no more than this.
const DISTINCT_BYTES_MAX: usize = 16 << 20;

/// A batch ends when it has so many bytes.
const BATCH_BYTES_MAX: usize = 256 << 10;

/// A batch ends when it has so many documents.
const BATCH_DOCUMENTS_MAX: usize = 200;

pub(super) async fn find(
    bound: Arc<Bound>,
    target: Arc<dyn Target>,
    mut find: Find,
) -> Result<Answer, DataError> {
    query_check::check(&find.filter)?;
    check_projection(find.projection.as_ref())?;
    let permitted = bound.permitted();
    if permitted.query == DocumentQuery::Nothing {
        return Ok(Answer::Cursor(Batch::default(), None));
    }
    if permitted.is_a_query() {
        find.filter = bound.with_queries(&find.filter, &permitted.query)?;
        return target.run(bound.namespace.clone(), Command::Find(find)).await;
    }
    let mut cursor = Shown::open(bound, target, find).await?;
    let batch = cursor.next_batch().await?;
    let rest: Box<dyn Cursor> = Box::new(cursor);
    Ok(Answer::Cursor(batch, Some(rest)))
}

pub(super) async fn count(
    bound: Arc<Bound>,
    target: Arc<dyn Target>,
    mut count: Count,
) -> Result<Answer, DataError> {
    query_check::check(&count.filter)?;
    let permitted = bound.permitted();
    if permitted.is_a_query() {
        count.filter = bound.with_queries(&count.filter, &permitted.query)?;
        return target.run(bound.namespace.clone(), Command::Count(count)).await;
    }
    let filter = Filter::parse(&count.filter, &parameters())?;
    let mut stream =
        Stream::open(&bound, &target, (&count.filter, &filter), Open::default()).await?;
    let last = match count.limit {
        0 => u64::MAX,
        limit => count.skip.saturating_add(limit),
    };
    let mut found = 0;
    while found < last && stream.next().await?.is_some() {
        found += 1;
    }
    Ok(Answer::Count(found.saturating_sub(count.skip)))
}

pub(super) async fn distinct(
    bound: Arc<Bound>,
    target: Arc<dyn Target>,
    mut distinct: Distinct,
) -> Result<Answer, DataError> {
    query_check::check(&distinct.filter)?;
    let permitted = bound.permitted();
    if permitted.is_a_query() {
        distinct.filter = bound.with_queries(&distinct.filter, &permitted.query)?;
        return target.run(bound.namespace.clone(), Command::Distinct(distinct)).await;
    }
    let filter = Filter::parse(&distinct.filter, &parameters())?;
    let mut stream =
        Stream::open(&bound, &target, (&distinct.filter, &filter), Open::default()).await?;
    let (mut values, mut bytes) = (BTreeMap::new(), 0);
    while let Some(found) = stream.next().await? {
        for value in values_at(&distinct.field, &found.into_shown())? {
            let mut key = Vec::new();
            append_value_key(&value, &mut key);
            bytes += key.len() * 2;
            values.entry(key).or_insert(value);
        }
        if bytes > DISTINCT_BYTES_MAX {
            return Err(too_much("distinct", DISTINCT_BYTES_MAX));
        }
    }
    Ok(Answer::Values(values.into_values().collect()))
}

/// The values that a document has at a path.
fn values_at(path: &str, document: &RawDocumentBuf) -> Result<Vec<Bson>, DataError> {
    let mut distinct = query::Distinct::new(path)?;
    distinct.add(document)?;
    let (values, _held) = distinct.into_values();
    let values = values.into_iter().map(|value| Bson::try_from(value).map_err(malformed));
    values.collect()
}

/// The documents of a find, as the caller sees them.
struct Shown {
    source: Source,
    filter: Filter,
    projection: Option<Projection>,
    skip: u64,
    /// How many may still come.
    left: u64,
}

/// Where documents come from, in their order.
enum Source {
    Stream(Stream),
    Sorted(std::vec::IntoIter<RawDocumentBuf>),
}

impl Shown {
    async fn open(
        bound: Arc<Bound>,
        target: Arc<dyn Target>,
        find: Find,
    ) -> Result<Self, DataError> {
        let parameters = parameters();
        let filter = Filter::parse(&find.filter, &parameters)?;
        let projection = find.projection.as_ref().filter(|projection| !projection.is_empty());
        let projection = projection.map(|one| Projection::parse(one, &parameters)).transpose()?;
        let sort = find.sort.as_deref().map(Sort::parse).transpose()?;
        let sorts_here =
            sort.as_ref().filter(|sort| sort.fields().any(|(path, _)| !bound.always_shows(path)));
        let store_sort = find.sort.clone().filter(|_| sorts_here.is_none());
        let query = (&*find.filter, &filter);
        let open = Open { sort: store_sort, ..Open::default() };
        let mut stream = Stream::open(&bound, &target, query, open).await?;
        let source = match sorts_here {
            None => Source::Stream(stream),
            Some(sort) => Source::Sorted(sorted(sort, &mut stream).await?.into_iter()),
        };
        let left = if find.limit == 0 { u64::MAX } else { find.limit };
        Ok(Self { source, filter, projection, skip: find.skip, left })
    }

    async fn next(&mut self) -> Result<Option<RawDocumentBuf>, DataError> {
        while self.left > 0 {
            let next = match &mut self.source {
                Source::Stream(stream) => stream.next().await?.map(|found| found.into_shown()),
                Source::Sorted(documents) => documents.next(),
            };
            let Some(document) = next else { break };
            if self.skip > 0 {
                self.skip -= 1;
                continue;
            }
            self.left -= 1;
            return Ok(Some(match &self.projection {
                Some(projection) => projection.apply(&document, Some(&self.filter))?,
                None => document,
            }));
        }
        Ok(None)
    }

    async fn batch(&mut self) -> Result<Batch, DataError> {
        let mut batch = Batch::default();
        while batch.bytes_len() < BATCH_BYTES_MAX && batch.len() < BATCH_DOCUMENTS_MAX {
            let Some(document) = self.next().await? else { break };
            batch.push(&document);
        }
        Ok(batch)
    }
}

impl Cursor for Shown {
    fn next_batch(&mut self) -> Future<'_, Batch> {
        Box::pin(self.batch())
    }

    fn held_bytes(&self) -> usize {
        match &self.source {
            Source::Stream(stream) => stream.held_bytes(),
            Source::Sorted(documents) => {
                documents.as_slice().iter().map(|document| document.as_bytes().len()).sum()
            }
        }
    }
}

/// All documents, in an order that asks about what may be hidden.
async fn sorted(sort: &Sort, stream: &mut Stream) -> Result<Vec<RawDocumentBuf>, DataError> {
    let (mut keyed, mut bytes) = (Vec::new(), 0);
    while let Some(found) = stream.next().await? {
        let document = found.into_shown();
        let mut key = Vec::new();
        sort.append_key(&document, &mut key)?;
        bytes += key.len() + document.as_bytes().len();
        if bytes > SORT_BYTES_MAX {
            return Err(too_much("a sort", SORT_BYTES_MAX));
        }
        keyed.push((key, document));
    }
    keyed.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(keyed.into_iter().map(|(_, document)| document).collect())
}
