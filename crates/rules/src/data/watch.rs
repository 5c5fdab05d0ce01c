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
    UpdateDescription, Watch, key_of_id,
};
use hookstead_query::Filter;

use super::{
    bound::{Bound, parameters},
    caller::Caller,
    compile::Rules,
    query_check,
    seen::Seen,
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
    Ok(Box::new(RuledChanges { changes, judge, condition, seen, unjudged: None }))
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

    /// What the caller sees of the description of an update. Values are those of the document that
    /// is shown: a store may tell the document as it was later than the update.
    async fn description(
        &self,
        change: &Change,
        description: &UpdateDescription,
        shown: &RawDocument,
    ) -> Result<UpdateDescription, DataError> {
        let mut seen = UpdateDescription::default();
        for (path, _) in description.updated.iter().flatten() {
            if let Some(value) = at_path(shown, path.as_str()) {
                seen.updated.append(path, value);
            }
        }
        for (path, _) in &description.truncated {
            if let Some(RawBsonRef::Array(array)) = at_path(shown, path) {
                let length = i32::try_from(array.into_iter().count()).unwrap_or(i32::MAX);
                seen.truncated.push((path.clone(), length));
            }
        }
        if description.removed.is_empty() {
            return Ok(seen);
        }
        let before = match &change.before {
            Some(before) => Some(self.shown(before).await?),
            None => None,
        };
        let was_shown = |path: &&String| match &before {
            Some(Some(before)) => at_path(&before.document, path).is_some(),
            Some(None) => false,
            None => self.bound.always_shows(path),
        };
        seen.removed = description.removed.iter().filter(was_shown).cloned().collect();
        Ok(seen)
    }
}

/// What a caller sees of a document.
struct Shown {
    document: RawDocumentBuf,
    is_whole: bool,
}

impl RuledChanges {
    async fn next_change(&mut self) -> Result<Arc<Change>, DataError> {
        loop {
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
        let description = match &change.description {
            Some(all) => Some(self.judge.description(change, all, &shown.document).await?),
            None => None,
        };
        let is_same = match (&change.description, &description) {
            (Some(all), Some(part)) => {
                all.updated == part.updated
                    && all.removed == part.removed
                    && all.truncated == part.truncated
            }
            _ => true,
        };
        if shown.is_whole && is_same {
            return Ok(Some(Arc::clone(change)));
        }
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
