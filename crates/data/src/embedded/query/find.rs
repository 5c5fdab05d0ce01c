//! `find`: documents in batches.
//!
//! Between two batches nothing is held but the position of the last document. A batch is one state
//! of the file; the next one may be a later state, so a document that is inserted or changed
//! meanwhile may or may not be seen as it is then. Each row is seen once at most, except that a
//! document may come again whose place in the index in use has moved ahead. Documents that had to
//! be sorted are those of the first batch's state.

use std::{collections::VecDeque, sync::Arc};

use bson::{RawDocument, RawDocumentBuf};
use hookstead_query::{Filter, HeldBytes, Parameters, Projection, Sort, step_bytes};

use crate::{
    Answer, Batch, Cursor, DataError, ErrorKind, Find, Future, MongoCode, Namespace,
    embedded::{
        catalogue::Collection,
        collection::{Documents, Step},
        failure::Outcome,
        plan::{Plan, access::Position, plan, sorting::Sorter},
        query::origin::Origin,
        threads::cancel::Cancel,
    },
    store::failed,
};

/// The first batch is for those who want a few documents only.
pub(crate) const FIRST_DOCUMENTS_MAX: usize = 101;

/// Any other batch ends with the document that exceeds this.
pub(crate) const BATCH_BYTES_MAX: usize = 1 << 20;

/// What holds more is not dropped by whoever has a cursor.
pub(crate) const DROPPED_BYTES_MAX: usize = 256 << 10;

/// A query, ready to be put to a collection.
#[derive(Debug)]
pub(crate) struct Query {
    filter: Filter,
    projection: Option<Projection>,
    sort: Option<Sort>,
    skip: u64,
    limit: Option<u64>,
}

/// How far a query has come.
#[derive(Debug)]
pub(crate) struct Progress {
    stage: Stage,
    skip: u64,
    left: Option<u64>,
    documents_max: usize,
    /// The memory of the batch that is made.
    held: HeldBytes,
}

#[derive(Debug)]
enum Stage {
    New,
    At(Plan, Position),
    /// Documents, and how many bytes they take.
    Sorted(VecDeque<RawDocumentBuf>, usize),
    Over,
}

impl Query {
    pub(crate) fn parse(find: &Find, parameters: &Parameters) -> Result<Self, DataError> {
        let filter = Filter::parse(&find.filter, parameters)?;
        let sort = find.sort.as_ref().map(|sort| Sort::parse(sort)).transpose()?;
        let projection = match &find.projection {
            Some(projection) if !projection.is_empty() => {
                Some(Projection::parse(projection, parameters)?)
            }
            _ => None,
        };
        let limit = Some(find.limit).filter(|limit| *limit > 0);
        Ok(Self { filter, projection, sort, skip: find.skip, limit })
    }

    /// How to go through a collection where few documents need to be looked at.
    pub(crate) fn short_plan(&self, collection: &Collection) -> Option<Plan> {
        let plan = plan(Some(collection), &self.filter, self.sort.as_ref());
        let is_short = plan.is_sorted && plan.access.is_short(collection);
        is_short.then_some(plan)
    }

    /// All documents, where these are few.
    pub(crate) fn at_once(&self, plan: Plan, documents: &dyn Documents) -> Outcome<Batch> {
        let mut progress = Progress::of(self);
        let mut batch = Batch::default();
        let cancel = Cancel::default();
        self.scan(plan, None, &mut progress, &mut batch, documents, &cancel)?;
        Ok(batch)
    }

    /// The next batch. Without a next stage, it is the last.
    pub(crate) fn next_batch(
        &self,
        progress: &mut Progress,
        documents: &dyn Documents,
        cancel: &Cancel,
    ) -> Outcome<Batch> {
        let mut batch = Batch::default();
        let stage = std::mem::replace(&mut progress.stage, Stage::Over);
        progress.stage = match stage {
            Stage::New => {
                let plan = documents.plan(&self.filter, self.sort.as_ref());
                if plan.is_sorted {
                    self.scan(plan, None, progress, &mut batch, documents, cancel)?
                } else {
                    let sorted = self.sorted(&plan, documents, cancel)?;
                    (progress.skip, progress.left) = (0, None);
                    let bytes = sorted.iter().map(bytes_of).sum();
                    self.deal(sorted, bytes, progress, &mut batch)?
                }
            }
            Stage::At(plan, position) => {
                self.scan(plan, Some(position), progress, &mut batch, documents, cancel)?
            }
            Stage::Sorted(sorted, bytes) => self.deal(sorted, bytes, progress, &mut batch)?,
            Stage::Over => Stage::Over,
        };
        std::mem::take(&mut progress.held).keep();
        progress.documents_max = usize::MAX;
        if progress.left == Some(0) {
            progress.stage = Stage::Over;
        }
        Ok(batch)
    }

    fn scan(
        &self,
        plan: Plan,
        behind: Option<Position>,
        progress: &mut Progress,
        batch: &mut Batch,
        documents: &dyn Documents,
        cancel: &Cancel,
    ) -> Outcome<Stage> {
        let position = documents.visit(&plan.access, behind.as_ref(), &mut |_, document| {
            cancel.check()?;
            match self.filter.matches(document)? {
                true => self.take(document, progress, batch),
                false => Ok(Step::Next),
            }
        })?;
        Ok(position.map_or(Stage::Over, |position| Stage::At(plan, position)))
    }

    /// All documents that are wanted, in their order.
    fn sorted(
        &self,
        plan: &Plan,
        documents: &dyn Documents,
        cancel: &Cancel,
    ) -> Outcome<VecDeque<RawDocumentBuf>> {
        let Some(sort) = &self.sort else { return Ok(VecDeque::new()) };
        let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let wanted = self.limit.map(|limit| number(limit.saturating_add(self.skip)));
        let mut sorter = Sorter::new(sort, wanted);
        documents.visit(&plan.access, None, &mut |row, document| {
            cancel.check()?;
            if self.filter.matches(document)? {
                sorter.add(row, document)?;
            }
            Ok(Step::Next)
        })?;
        let (sorted, held) = sorter.finish()?;
        // It is part of what comes of this.
        held.keep();
        Ok(sorted.skip(number(self.skip)).map(|(_, document)| document).collect())
    }

    /// A batch of sorted documents.
    fn deal(
        &self,
        mut sorted: VecDeque<RawDocumentBuf>,
        mut bytes: usize,
        progress: &mut Progress,
        batch: &mut Batch,
    ) -> Outcome<Stage> {
        while let Some(document) = sorted.pop_front() {
            bytes -= bytes_of(&document);
            if self.take(&document, progress, batch)? == Step::Stop {
                break;
            }
        }
        Ok(if sorted.is_empty() { Stage::Over } else { Stage::Sorted(sorted, bytes) })
    }

    fn take(
        &self,
        document: &RawDocument,
        progress: &mut Progress,
        batch: &mut Batch,
    ) -> Outcome<Step> {
        if progress.skip > 0 {
            progress.skip -= 1;
            return Ok(Step::Next);
        }
        step_bytes(document.as_bytes().len())?;
        match &self.projection {
            Some(projection) => batch.push(&projection.apply(document, Some(&self.filter))?),
            None => batch.push(document),
        }
        progress.held.set(batch.bytes_len())?;
        if let Some(left) = &mut progress.left {
            *left -= 1;
        }
        let is_full = batch.len() >= progress.documents_max
            || batch.bytes_len() >= BATCH_BYTES_MAX
            || progress.left == Some(0);
        Ok(if is_full { Step::Stop } else { Step::Next })
    }
}

impl Progress {
    pub(crate) fn of(query: &Query) -> Self {
        Self {
            stage: Stage::New,
            skip: query.skip,
            left: query.limit,
            documents_max: FIRST_DOCUMENTS_MAX,
            held: HeldBytes::default(),
        }
    }

    /// How many bytes the documents take that had to be sorted and are yet to be given.
    fn held_bytes(&self) -> usize {
        if let Stage::Sorted(_, bytes) = &self.stage { *bytes } else { 0 }
    }

    /// Whether all documents have been given.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }
}

fn bytes_of(document: &RawDocumentBuf) -> usize {
    size_of_val(document) + document.as_bytes().len()
}

/// Runs a query. The first batch is asked for at once.
pub(crate) fn run(origin: Origin, name: Namespace, query: Arc<Query>) -> Future<'static, Answer> {
    let progress = Some(Progress::of(&query));
    let mut cursor = FindCursor { origin, name, query, progress };
    let first = cursor.ask();
    Box::pin(async move {
        let (batch, progress) = first.await?;
        let rest: Option<Box<dyn Cursor>> = match progress.is_over() {
            true => None,
            false => {
                cursor.progress = Some(progress);
                Some(Box::new(cursor))
            }
        };
        Ok(Answer::Cursor(batch, rest))
    })
}

struct FindCursor {
    origin: Origin,
    name: Namespace,
    query: Arc<Query>,
    /// With whom asks for a batch; it is lost if that is given up.
    progress: Option<Progress>,
}

impl FindCursor {
    fn ask(&mut self) -> Future<'static, (Batch, Progress)> {
        let Some(mut progress) = self.progress.take() else { return failed(given_up()) };
        let query = Arc::clone(&self.query);
        self.origin.read(&self.name, move |documents, cancel| {
            let batch = query.next_batch(&mut progress, documents, cancel)?;
            Ok((batch, progress))
        })
    }
}

impl Drop for FindCursor {
    /// Many sorted documents take long to be dropped; that is for a thread of the store.
    fn drop(&mut self) {
        if self.held_bytes() > DROPPED_BYTES_MAX
            && let Some(progress) = self.progress.take()
        {
            self.origin.readers().push(Box::new(move |_| drop(progress)));
        }
    }
}

impl Cursor for FindCursor {
    fn held_bytes(&self) -> usize {
        self.progress.as_ref().map_or(0, Progress::held_bytes)
    }

    fn next_batch(&mut self) -> Future<'_, Batch> {
        Box::pin(async {
            // A batch may end up empty before the documents do.
            loop {
                let (batch, progress) = self.ask().await?;
                let is_over = progress.is_over();
                self.progress = Some(progress);
                if !batch.is_empty() || is_over {
                    return Ok(batch);
                }
            }
        })
    }
}

/// What a cursor answers when a batch of it was not waited for, or has failed.
pub(crate) fn given_up() -> DataError {
    DataError::new(ErrorKind::Refused, "cursor was closed before its end")
        .with_code(MongoCode::CURSOR_NOT_FOUND)
}
