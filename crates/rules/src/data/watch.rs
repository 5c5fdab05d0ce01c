//! Watching: the changes of documents that the caller sees
//! (docs/behaviour/watch.md#rules).
//!
//! A change of a document that the caller may not read does not exist for the caller, and what is
//! hidden of a document is in no event. Whatever cannot be judged is not told.

use std::{
    future::pending,
    sync::Arc,
    time::{Duration, Instant},
};

use bson::{RawBsonRef, RawDocument, RawDocumentBuf};
use hookstead_data::{
    Change, ChangeKind, Changes, ConditionOfEvents, DataError, Future, Namespace, Store,
    UpdateDescription, Watch, difference, key_of_id,
};
use hookstead_query::Filter;

use super::{
    bound::{Bound, parameters},
    caller::Caller,
    compile::Rules,
    query_check,
    seen::Seen,
    stream::{DOCUMENTS_AT_ONCE, let_others_run},
};
use crate::DocumentQuery;

/// How long the roles of a caller count before they are found anew.
const ROLES_TIME: Duration = Duration::from_secs(1);

/// Opens a stream of the changes that a caller sees.
pub(super) async fn open(
    (rules, caller): (Arc<Rules>, Arc<Caller>),
    inner: Arc<dyn Store>,
    namespace: Namespace,
    watch: Watch,
) -> Result<Box<dyn Changes>, DataError> {
    query_check::check(&watch.filter)?;
    let condition = ConditionOfEvents::new(&watch.filter)?;
    let judge = Judge::new(rules, caller, &namespace).await?;
    let permitted = judge.bound.permitted();
    if permitted.query == DocumentQuery::Nothing {
        return Ok(Box::new(Silent));
    }
    let documents = judge.bound.with_queries(&RawDocumentBuf::new(), &permitted.query)?;
    let watch = Watch { documents, filter: RawDocumentBuf::new(), ..watch };
    let changes = inner.watch(namespace, watch).await?;
    let seen = (!changes.knows_what_is_deleted()).then(Seen::default);
    Ok(Box::new(RuledChanges { changes, judge, condition, seen, unjudged: None, judged: 0 }))
}

/// The changes that a caller sees.
struct RuledChanges {
    changes: Box<dyn Changes>,
    judge: Judge,
    condition: ConditionOfEvents,
    /// Documents whose last change the caller has seen, where the store does not tell what is
    /// deleted.
    seen: Option<Seen>,
    /// A change that was read and not yet judged: the future that does so may be dropped.
    unjudged: Option<Arc<Change>>,
    /// How many changes were judged since others may have run on the thread.
    judged: u32,
}

/// What a caller sees who sees nothing.
struct Silent;

/// Judges documents by the roles of a caller.
struct Judge {
    rules: Arc<Rules>,
    caller: Arc<Caller>,
    bound: Bound,
    /// The queries of the filters.
    queries: Filter,
    bound_at: Instant,
}

impl Judge {
    async fn new(
        rules: Arc<Rules>,
        caller: Arc<Caller>,
        namespace: &Namespace,
    ) -> Result<Self, DataError> {
        let bound_at = Instant::now();
        let bound = Bound::new(&rules, &caller, namespace).await?;
        let queries = bound.with_queries(&RawDocumentBuf::new(), &DocumentQuery::All)?;
        let queries = Filter::parse(&queries, &parameters())?;
        Ok(Self { rules, caller, bound, queries, bound_at })
    }

    /// Finds the roles anew after a while: a stream may last for long.
    async fn refresh(&mut self) -> Result<(), DataError> {
        if self.bound_at.elapsed() >= ROLES_TIME {
            let (rules, caller) = (Arc::clone(&self.rules), Arc::clone(&self.caller));
            *self = Self::new(rules, caller, &self.bound.namespace).await?;
        }
        Ok(())
    }

    /// What the caller sees of a document, if that includes its `_id`.
    async fn shown(&self, document: &RawDocument) -> Result<Option<Shown>, DataError> {
        if !self.queries.matches(document)? {
            return Ok(None);
        }
        let found = self.bound.visible(document.to_owned()).await?;
        let found = found.filter(|found| found.shown().get("_id").ok().flatten().is_some());
        Ok(found.map(|found| Shown { is_whole: found.is_whole(), document: found.into_shown() }))
    }

    /// Whether the caller sees every document, whatever is in it.
    fn shows_everything(&self) -> bool {
        let permitted = self.bound.permitted();
        permitted.query == DocumentQuery::All
            && permitted.is_a_query()
            && self.bound.queries.is_empty()
    }

    /// What the caller sees of an update of a document that is shown now.
    async fn update(
        &self,
        change: &Change,
        all: &UpdateDescription,
        shown: &Shown,
    ) -> Result<ShownUpdate, DataError> {
        let mut part = shown_paths(all, &shown.document);
        let is_all =
            shown.is_whole && part.updated == all.updated && part.truncated == all.truncated;
        if is_all && all.removed.is_empty() {
            return Ok(ShownUpdate::All);
        }
        let Some(before) = &change.before else {
            let is_shown = |path: &&String| self.bound.always_shows(path);
            part.removed = all.removed.iter().filter(is_shown).cloned().collect();
            return Ok(match part.removed == all.removed && is_all {
                true => ShownUpdate::All,
                false if part.is_empty() => ShownUpdate::Nothing,
                false => ShownUpdate::Part(part),
            });
        };
        // Of a document that comes into reach, nobody is told what it was before.
        let Some(before) = self.shown(before).await? else { return Ok(ShownUpdate::Part(part)) };
        if is_all && before.is_whole {
            return Ok(ShownUpdate::All);
        }
        // Items of arrays may have other places among those that are shown.
        let part = difference(&before.document, &shown.document);
        Ok(if part.is_empty() { ShownUpdate::Nothing } else { ShownUpdate::Part(part) })
    }
}

/// What a caller sees of an update.
enum ShownUpdate {
    /// Everything.
    All,
    /// Some of it.
    Part(UpdateDescription),
    /// What is different is hidden: for the caller, nothing has happened.
    Nothing,
}

/// What a caller sees of a document.
struct Shown {
    document: RawDocumentBuf,
    is_whole: bool,
}

impl RuledChanges {
    async fn next_change(&mut self) -> Result<Arc<Change>, DataError> {
        loop {
            if self.judged >= DOCUMENTS_AT_ONCE {
                self.judged = 0;
                let_others_run().await;
            }
            self.judged += 1;
            let change = match &self.unjudged {
                Some(change) => Arc::clone(change),
                None => Arc::clone(self.unjudged.insert(self.changes.next().await?)),
            };
            let told = self.told(&change).await;
            self.unjudged = None;
            if let Some(told) = told?
                && self.condition.is_met_by(&told)?
            {
                return Ok(told);
            }
        }
    }

    /// What the caller is told of a change.
    async fn told(&mut self, change: &Arc<Change>) -> Result<Option<Arc<Change>>, DataError> {
        self.judge.refresh().await?;
        if change.kind == ChangeKind::Delete {
            let may_know = self.may_know_deleted(change).await?;
            return Ok(may_know.then(|| Arc::new(with_id_only(change))));
        }
        let shown = match &change.document {
            Some(document) => self.judge.shown(document).await?,
            // It is gone by now, and nobody can say what it was.
            None => None,
        };
        if let Some(seen) = &mut self.seen {
            seen.note(&key_of_id(&change.document_key), shown.is_some());
        }
        let Some(shown) = shown else { return Ok(None) };
        let update = match &change.description {
            Some(all) => self.judge.update(change, all, &shown).await?,
            None => ShownUpdate::All,
        };
        let description = match update {
            ShownUpdate::Nothing => return Ok(None),
            ShownUpdate::All if shown.is_whole => return Ok(Some(Arc::clone(change))),
            ShownUpdate::All => None,
            ShownUpdate::Part(part) => Some(part),
        };
        let mut told = with_id_only(change);
        told.document = Some(shown.document);
        told.description = description;
        Ok(Some(Arc::new(told)))
    }

    /// Whether the caller could read a document before it was deleted.
    async fn may_know_deleted(&mut self, change: &Change) -> Result<bool, DataError> {
        let key = key_of_id(&change.document_key);
        let was_seen = self.seen.as_mut().is_some_and(|seen| seen.forget(&key));
        match &change.before {
            Some(before) => Ok(self.judge.shown(before).await?.is_some()),
            None => Ok(was_seen || self.judge.shows_everything()),
        }
    }
}

impl Changes for RuledChanges {
    fn next(&mut self) -> Future<'_, Arc<Change>> {
        Box::pin(self.next_change())
    }
}

impl Changes for Silent {
    fn next(&mut self) -> Future<'_, Arc<Change>> {
        Box::pin(pending())
    }
}

/// A change of which nothing is told but which document it is of.
fn with_id_only(change: &Change) -> Change {
    let mut key = RawDocumentBuf::new();
    if let Ok(Some(id)) = change.document_key.get("_id") {
        key.append(bson::raw::cstr!("_id"), id);
    }
    let (token, namespace) = (change.token.clone(), change.namespace.clone());
    Change::new(change.kind, namespace, token, key, change.cluster_time)
}

/// What is different and stands in the document that is shown, without what is removed. Values are
/// those of that document: a store may tell it as it was later than the update.
fn shown_paths(all: &UpdateDescription, shown: &RawDocument) -> UpdateDescription {
    let mut part = UpdateDescription::default();
    for (path, _) in all.updated.iter().flatten() {
        if let Some(value) = at_path(shown, path.as_str()) {
            part.updated.append(path, value);
        }
    }
    for (path, _) in &all.truncated {
        if let Some(RawBsonRef::Array(array)) = at_path(shown, path) {
            let length = i32::try_from(array.into_iter().count()).unwrap_or(i32::MAX);
            part.truncated.push((path.clone(), length));
        }
    }
    part
}

/// The value at a path, in which numbers name items of arrays.
fn at_path<'d>(document: &'d RawDocument, path: &str) -> Option<RawBsonRef<'d>> {
    let (name, rest) = match path.split_once('.') {
        None => (path, None),
        Some((name, rest)) => (name, Some(rest)),
    };
    let mut value = document.get(name).ok().flatten()?;
    let mut rest = rest;
    while let Some(path) = rest {
        let (name, next) = match path.split_once('.') {
            None => (path, None),
            Some((name, next)) => (name, Some(next)),
        };
        value = match value {
            RawBsonRef::Document(document) => document.get(name).ok().flatten()?,
            RawBsonRef::Array(array) => array.get(name.parse().ok()?).ok().flatten()?,
            _ => return None,
        };
        rest = next;
    }
    Some(value)
}
