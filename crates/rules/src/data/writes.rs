//! Writing: each document is judged as it is, and as it will be
//! (docs/behaviour/collection-rules.md#writing).
//!
//! A document is written on the condition that it is still what was judged: the query of the write
//! holds the whole of it. Where another write has come between, it is judged anew.

use std::sync::Arc;

use bson::{RawArrayBuf, RawBsonRef, RawDocument, RawDocumentBuf, raw::cstr};
use hookstead_data::{
    Answer, Command, DataError, Delete, FindAndModify, InsertMany, Modification, Target, Update,
    Updated,
};
use hookstead_query::{Projection, Sort};

use super::{
    bound::{Bound, parameters},
    pipeline::check_projection,
    refusal::{malformed, not_permitted, too_much, unexpected_answer, write_conflict},
    stream::{Open, Stream},
    update::Change,
    visible::Found,
};
use crate::DocumentQuery;

/// A document that others keep changing is judged so often.
const ATTEMPTS_MAX: u32 = 16;

/// The ids of the documents of one write take no more than this.
const IDS_BYTES_MAX: usize = 16 << 20;

/// Writes of one caller to one collection.
pub(super) struct Writer {
    pub(super) bound: Arc<Bound>,
    pub(super) target: Arc<dyn Target>,
}

/// A document that was written.
struct Written {
    before: Found,
    /// As it is stored now; nothing where it stays as it is, or is gone.
    after: Option<RawDocumentBuf>,
}

impl Writer {
    pub(super) async fn insert(&self, insert: InsertMany) -> Result<Answer, DataError> {
        for document in &insert.documents {
            self.bound.permit_insert(document).await?;
        }
        self.run(Command::InsertMany(insert)).await
    }

    pub(super) async fn update(&self, mut update: Update) -> Result<Updated, DataError> {
        let change = Change::new(update.filter.clone(), Some(&update.modification))?;
        if self.permits_every_update(update.upsert) {
            update.filter = self.with_queries(&update.filter)?;
            return match self.run(Command::Update(update)).await? {
                Answer::Updated(updated) => Ok(updated),
                _ => Err(unexpected_answer()),
            };
        }
        if update.many && matches!(update.modification, Modification::Replacement(_)) {
            let reason = "a replacement is for one document";
            return Err(not_permitted(&self.bound.namespace, "update", reason));
        }
        let mut updated = Updated::default();
        if update.many {
            for id in self.judge_all(&change, false).await? {
                let written = self.change_one(&change, None, Some(id)).await?;
                updated.matched += u64::from(written.is_some());
                updated.modified += u64::from(written.is_some_and(|one| one.after.is_some()));
            }
        } else if let Some(written) = self.change_one(&change, None, None).await? {
            updated.matched = 1;
            updated.modified = u64::from(written.after.is_some());
        }
        if updated.matched == 0 && update.upsert {
            let inserted = self.upsert(&change).await?;
            updated.upserted_id = Some(id_of(&inserted)?.try_into().map_err(malformed)?);
        }
        Ok(updated)
    }

    pub(super) async fn delete(&self, mut delete: Delete) -> Result<u64, DataError> {
        let change = Change::new(delete.filter.clone(), None)?;
        if self.permits_every_delete() {
            delete.filter = self.with_queries(&delete.filter)?;
            return match self.run(Command::Delete(delete)).await? {
                Answer::Deleted(count) => Ok(count),
                _ => Err(unexpected_answer()),
            };
        }
        if !delete.many {
            return Ok(u64::from(self.delete_one(&change, None, None).await?.is_some()));
        }
        let mut deleted = 0;
        for id in self.judge_all(&change, true).await? {
            deleted += u64::from(self.delete_one(&change, None, Some(id)).await?.is_some());
        }
        Ok(deleted)
    }

    pub(super) async fn find_and_modify(
        &self,
        mut modify: FindAndModify,
    ) -> Result<Answer, DataError> {
        check_projection(modify.projection.as_ref())?;
        let change = Change::new(modify.filter.clone(), modify.modification.as_ref())?;
        let is_delete = modify.modification.is_none();
        let permits_all = match is_delete {
            true => self.permits_every_delete(),
            false => self.permits_every_update(modify.upsert),
        };
        if permits_all {
            modify.filter = self.with_queries(&modify.filter)?;
            return self.run(Command::FindAndModify(modify)).await;
        }
        let sort = modify.sort.as_ref();
        let written = match is_delete {
            true => self.delete_one(&change, sort, None).await?,
            false => self.change_one(&change, sort, None).await?,
        };
        let document = match written {
            Some(Written { before, after: Some(after) }) if modify.return_new => {
                drop(before);
                self.bound.visible(after).await?.map(Found::into_shown)
            }
            Some(Written { before, .. }) => Some(before.into_shown()),
            None if modify.upsert && !is_delete => {
                let inserted = self.upsert(&change).await?;
                match modify.return_new {
                    true => self.bound.visible(inserted).await?.map(Found::into_shown),
                    false => None,
                }
            }
            None => None,
        };
        let projection = modify.projection.as_ref().filter(|projection| !projection.is_empty());
        let document = match (document, projection) {
            (Some(document), Some(projection)) => {
                let projection = Projection::parse(projection, &parameters())?;
                Some(projection.apply(&document, Some(&change.filter))?)
            }
            (document, _) => document,
        };
        Ok(Answer::Document(document))
    }

    /// Whether the store can be asked for every update, or upsert, as it is.
    fn permits_every_update(&self, upsert: bool) -> bool {
        let Bound { roles, schema, projections, .. } = &*self.bound;
        let permits = matches!(&roles[..], [role] if role.permits_every_update()
            && (!upsert || role.insert.constant() == Some(true)));
        permits && schema.is_none() && projections.is_empty()
    }

    fn permits_every_delete(&self) -> bool {
        let Bound { roles, projections, .. } = &*self.bound;
        let permits = matches!(&roles[..], [role] if role.permits_every_update()
            && role.delete.constant() == Some(true));
        permits && projections.is_empty()
    }

    fn with_queries(&self, query: &RawDocument) -> Result<RawDocumentBuf, DataError> {
        self.bound.with_queries(query, &DocumentQuery::All)
    }

    async fn run(&self, command: Command) -> Result<Answer, DataError> {
        self.target.run(self.bound.namespace.clone(), command).await
    }

    /// Judges all documents before any is written; answers conditions with their ids.
    async fn judge_all(
        &self,
        change: &Change,
        is_delete: bool,
    ) -> Result<Vec<RawDocumentBuf>, DataError> {
        let mut stream = self.open(change, Open::default()).await?;
        let (mut ids, mut bytes) = (Vec::new(), 0);
        while let Some(found) = stream.next().await? {
            match is_delete {
                true => self.bound.permit_delete(&found.stored).await?,
                false => drop(self.judged(change, &found).await?),
            }
            let id = id_condition(&found.stored)?;
            bytes += id.as_bytes().len() + size_of::<RawDocumentBuf>();
            if bytes > IDS_BYTES_MAX {
                return Err(too_much("a write of so many documents", IDS_BYTES_MAX));
            }
            ids.push(id);
        }
        Ok(ids)
    }

    /// The document as it will be, where that is permitted and differs.
    async fn judged(
        &self,
        change: &Change,
        found: &Found,
    ) -> Result<Option<RawDocumentBuf>, DataError> {
        let Some(after) = change.apply(found, &self.bound)? else { return Ok(None) };
        self.bound.permit_update(&found.stored, &after).await?;
        Ok(Some(after))
    }

    async fn change_one(
        &self,
        change: &Change,
        sort: Option<&RawDocumentBuf>,
        id: Option<RawDocumentBuf>,
    ) -> Result<Option<Written>, DataError> {
        for _ in 0..ATTEMPTS_MAX {
            let Some(before) = self.first(change, sort, id.clone()).await? else {
                return Ok(None);
            };
            let Some(after) = self.judged(change, &before).await? else {
                return Ok(Some(Written { before, after: None }));
            };
            let update = Update {
                filter: unchanged(&before.stored)?,
                modification: Modification::Replacement(after.clone()),
                many: false,
                upsert: false,
            };
            match self.run(Command::Update(update)).await? {
                Answer::Updated(updated) if updated.matched > 0 => {
                    return Ok(Some(Written { before, after: Some(after) }));
                }
                Answer::Updated(_) => {}
                _ => return Err(unexpected_answer()),
            }
        }
        Err(write_conflict())
    }

    async fn delete_one(
        &self,
        change: &Change,
        sort: Option<&RawDocumentBuf>,
        id: Option<RawDocumentBuf>,
    ) -> Result<Option<Written>, DataError> {
        for _ in 0..ATTEMPTS_MAX {
            let Some(before) = self.first(change, sort, id.clone()).await? else {
                return Ok(None);
            };
            self.bound.permit_delete(&before.stored).await?;
            let delete = Delete { filter: unchanged(&before.stored)?, many: false };
            match self.run(Command::Delete(delete)).await? {
                Answer::Deleted(0) => {}
                Answer::Deleted(_) => return Ok(Some(Written { before, after: None })),
                _ => return Err(unexpected_answer()),
            }
        }
        Err(write_conflict())
    }

    async fn upsert(&self, change: &Change) -> Result<RawDocumentBuf, DataError> {
        let document = change.upsert()?.ok_or_else(unexpected_answer)?;
        self.bound.permit_insert(&document).await?;
        let documents = vec![document.clone()];
        self.run(Command::InsertMany(InsertMany { documents, ordered: true })).await?;
        Ok(document)
    }

    /// The first document that matches, in an order.
    async fn first(
        &self,
        change: &Change,
        sort: Option<&RawDocumentBuf>,
        id: Option<RawDocumentBuf>,
    ) -> Result<Option<Found>, DataError> {
        let order = sort.map(|sort| Sort::parse(sort)).transpose()?;
        let shows = |path: &str| self.bound.always_shows(path);
        let hidden = order.filter(|order| order.fields().any(|(path, _)| !shows(path)));
        let Some(order) = hidden else {
            let open = Open { sort: sort.cloned(), id, wants_one: true };
            return self.open(change, open).await?.next().await;
        };
        let mut stream = self.open(change, Open { id, ..Open::default() }).await?;
        let mut first: Option<(Vec<u8>, Found)> = None;
        while let Some(found) = stream.next().await? {
            let mut key = Vec::new();
            order.append_key(found.shown(), &mut key)?;
            if first.as_ref().is_none_or(|(earlier, _)| key < *earlier) {
                first = Some((key, found));
            }
        }
        Ok(first.map(|(_, found)| found))
    }

    async fn open(&self, change: &Change, open: Open) -> Result<Stream, DataError> {
        let query = (&*change.query, &change.filter);
        Stream::open(&self.bound, &self.target, query, open).await
    }
}

/// A query for a document as it was judged: by its id, and by all that it holds.
fn unchanged(document: &RawDocument) -> Result<RawDocumentBuf, DataError> {
    let mut literal = RawDocumentBuf::new();
    literal.append(cstr!("$literal"), document);
    let mut sides = RawArrayBuf::new();
    sides.push("$$ROOT");
    sides.push(literal);
    let mut equal = RawDocumentBuf::new();
    equal.append(cstr!("$eq"), sides);
    let mut query = id_condition(document)?;
    query.append(cstr!("$expr"), equal);
    Ok(query)
}

/// A query for the document with the same id.
fn id_condition(document: &RawDocument) -> Result<RawDocumentBuf, DataError> {
    let mut equal = RawDocumentBuf::new();
    equal.append(cstr!("$eq"), id_of(document)?);
    let mut query = RawDocumentBuf::new();
    query.append(cstr!("_id"), equal);
    Ok(query)
}

fn id_of(document: &RawDocument) -> Result<RawBsonRef<'_>, DataError> {
    document.get("_id").map_err(malformed)?.ok_or_else(unexpected_answer)
}
