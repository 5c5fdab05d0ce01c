//! The collections that a pipeline reads, document by document.
//!
//! A pipeline is pulled, and outlives each single look at the file. So its sources remember where
//! they are, and read a little ahead whenever they are asked, from what was lent to them for the
//! time of a batch: a connection, or a transaction.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bson::{DateTime, RawDocumentBuf};
use hookstead_query::{
    Collections, Documents as Pulled, Filter, HeldBytes, Leading, Parameters, QueryError, Sort,
};

use crate::{
    MongoCode, Namespace,
    embedded::{
        catalogue::Collection,
        collection::{Documents, Nothing, Step, table::Table},
        failure::{Failure, Outcome, gone},
        plan::{Plan, access::Position},
        query::origin::Lent,
        threads::cancel::Cancel,
    },
};

/// How far a source reads ahead: little at first, because much may not be wanted.
const AHEAD_FIRST: usize = 16;
const AHEAD_BYTES_MAX: usize = 256 << 10;

/// The collections of a pipeline.
pub(crate) struct Sources {
    source: Arc<str>,
    database: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    lent: Option<Lent>,
    cancel: Cancel,
    /// What went wrong, which pipelines know only the text of.
    failure: Option<Failure>,
}

impl Sources {
    pub(crate) fn new(source: &Arc<str>, database: &str) -> Self {
        let (source, database) = (Arc::clone(source), database.to_owned());
        Self { source, database, state: Mutex::default() }
    }

    /// Lends what is read from.
    pub(crate) fn lend(&self, lent: Lent, cancel: &Cancel) {
        let mut state = self.state();
        state.lent = Some(lent);
        state.cancel = cancel.clone();
    }

    /// Takes it back.
    pub(crate) fn take_back(&self) -> Option<Lent> {
        self.state().lent.take()
    }

    /// What a pipeline failed with: what a source knows of it, or the pipeline's own words.
    pub(crate) fn failure(&self, error: QueryError) -> Failure {
        self.state().failure.take().unwrap_or_else(|| error.into())
    }

    /// The documents of the pipeline's own collection, as far as it wants them. Without a plan for
    /// the wanted order, that is left to the pipeline, as is the limit.
    pub(crate) fn leading<'a>(
        &'a self,
        collection: &str,
        leading: Leading<'a>,
    ) -> Outcome<Option<Pulled<'a>>> {
        let (Some(sort), Some(limit)) = (leading.sort, leading.limit) else { return Ok(None) };
        let mut scan = self.scan_of(None, collection, leading.filter);
        let name = scan.name.clone();
        let plan = self.with(&name, |documents, _| plan(documents, leading.filter, Some(sort)))?;
        if !plan.is_sorted {
            return Ok(None);
        }
        (scan.plan, scan.left) = (Some(plan), limit);
        Ok(Some(Box::new(scan)))
    }

    fn scan_of<'a>(
        &'a self,
        database: Option<&str>,
        collection: &str,
        filter: Option<&'a Filter>,
    ) -> Scan<'a> {
        let name = Namespace {
            database: database.unwrap_or(&self.database).to_owned(),
            collection: collection.to_owned(),
        };
        Scan {
            sources: self,
            name,
            filter,
            plan: None,
            position: None,
            ahead: VecDeque::new(),
            ahead_max: AHEAD_FIRST,
            held: HeldBytes::default(),
            left: u64::MAX,
            is_over: false,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at a collection.
    fn with<T>(
        &self,
        name: &Namespace,
        work: impl FnOnce(&dyn Documents, &Cancel) -> Outcome<T>,
    ) -> Outcome<T> {
        let mut state = self.state();
        let cancel = state.cancel.clone();
        match &mut state.lent {
            None => Err(gone().into()),
            Some(Lent::Transaction(transaction)) => {
                transaction.read(name, |documents| work(documents, &cancel))
            }
            Some(Lent::File(connection, catalogue)) => {
                match catalogue.collection(&self.source, name) {
                    Some(collection) => work(&Table::new(connection, collection), &cancel),
                    None => work(&Nothing, &cancel),
                }
            }
        }
    }
}

impl Collections for Sources {
    fn scan<'a>(
        &'a self,
        database: Option<&str>,
        collection: &str,
        filter: Option<&'a Filter>,
    ) -> Pulled<'a> {
        Box::new(self.scan_of(database, collection, filter))
    }

    fn has_index(&self, database: Option<&str>, collection: &str, path: &str) -> bool {
        let begins = |collection: &Collection| {
            let mut first = collection.indexes.iter().filter_map(|index| index.fields.first());
            first.any(|field| field.path == path)
        };
        let name = self.scan_of(database, collection, None).name;
        path == "_id"
            || self
                .with(&name, |documents, _| Ok(documents.collection().is_some_and(begins)))
                .unwrap_or_default()
    }
}

/// A collection that is gone through.
struct Scan<'a> {
    sources: &'a Sources,
    name: Namespace,
    filter: Option<&'a Filter>,
    plan: Option<Plan>,
    position: Option<Position>,
    ahead: VecDeque<RawDocumentBuf>,
    ahead_max: usize,
    /// The memory of what was read ahead.
    held: HeldBytes,
    left: u64,
    is_over: bool,
}

impl Scan<'_> {
    fn read_ahead(&mut self) -> Outcome<()> {
        let (filter, ahead, held) = (self.filter, &mut self.ahead, &mut self.held);
        let (mut bytes, ahead_max, left) = (0, self.ahead_max, &mut self.left);
        let (known, behind) = (self.plan.take(), self.position.take());
        let (plan, position) = self.sources.with(&self.name, |documents, cancel| {
            let plan = known.map_or_else(|| plan(documents, filter, None), Ok)?;
            let position = documents.visit(&plan.access, behind.as_ref(), &mut |_, document| {
                cancel.check()?;
                if filter.map_or(Ok(true), |filter| filter.matches(document))? {
                    bytes += document.as_bytes().len();
                    held.set(bytes)?;
                    *left -= 1;
                    ahead.push_back(document.to_owned());
                }
                let is_full = ahead.len() >= ahead_max || bytes >= AHEAD_BYTES_MAX || *left == 0;
                Ok(if is_full { Step::Stop } else { Step::Next })
            })?;
            Ok((plan, position))
        })?;
        self.is_over = position.is_none() || self.left == 0;
        self.ahead_max = self.ahead_max.saturating_mul(4);
        (self.plan, self.position) = (Some(plan), position);
        Ok(())
    }
}

impl Iterator for Scan<'_> {
    type Item = Result<RawDocumentBuf, QueryError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(document) = self.ahead.pop_front() {
                self.held.give_back(document.as_bytes().len());
                return Some(Ok(document));
            }
            if self.is_over {
                return None;
            }
            if let Err(failure) = self.read_ahead() {
                self.is_over = true;
                let error =
                    QueryError::new(MongoCode::INTERNAL_ERROR, "the documents could not be read");
                self.sources.state().failure = Some(failure);
                return Some(Err(error));
            }
        }
    }
}

fn plan(documents: &dyn Documents, filter: Option<&Filter>, sort: Option<&Sort>) -> Outcome<Plan> {
    match filter {
        Some(filter) => Ok(documents.plan(filter, sort)),
        None => {
            let parameters = Parameters::new(DateTime::MIN, 0);
            Ok(documents.plan(&Filter::parse(&RawDocumentBuf::new(), &parameters)?, sort))
        }
    }
}
