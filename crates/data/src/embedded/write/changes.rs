//! Writes, done one after the other to one collection.

use bson::{Bson, RawDocument, RawDocumentBuf, oid::ObjectId};
use hookstead_query::{Filter, HeldBytes, Parameters, Projection, Sort, Update as Change};

use crate::{
    Answer, ChangeKind, DataError, Delete, FindAndModify, Modification, MongoCode, Update,
    UpdateSpec, Updated, check,
    embedded::{
        collection::{DocumentsMut, Step, validate},
        failure::Outcome,
        plan::{
            access::{Access, Position},
            sorting::Sorter,
        },
    },
};

/// So many matching documents are read before they are changed.
const CHUNK_BYTES_MAX: usize = 1 << 20;

/// So many rows are remembered while an index changes under its reader; with more, the whole
/// collection is gone through.
const ROWS_MAX: usize = 1 << 20;

/// Which document, and as it is.
type Found = (i64, RawDocumentBuf);

/// One of these, and its memory.
type First = (i64, RawDocumentBuf, HeldBytes);

/// An update, ready to be done.
pub(crate) struct UpdateWork {
    filter: Filter,
    change: Modified,
    many: bool,
    upsert: bool,
}

/// A modification, ready to be done.
struct Modified {
    change: Change,
    kind: ChangeKind,
}

/// A removal, ready to be done.
pub(crate) struct DeleteWork {
    filter: Filter,
    is_all: bool,
    many: bool,
}

/// A change of one document that is given back, ready to be done.
pub(crate) struct ModifyWork {
    filter: Filter,
    change: Option<Modified>,
    sort: Option<Sort>,
    projection: Option<Projection>,
    upsert: bool,
    return_new: bool,
}

impl UpdateWork {
    pub(crate) fn parse(update: &Update, parameters: &Parameters) -> Result<Self, DataError> {
        let Update { filter, modification, many, upsert } = update;
        if *many && matches!(modification, Modification::Replacement(_)) {
            let text = "multi update is not supported for replacement-style update";
            return Err(hookstead_query::QueryError::new(MongoCode::FAILED_TO_PARSE, text).into());
        }
        Ok(Self {
            filter: Filter::parse(filter, parameters)?,
            change: parse_change(modification, parameters)?,
            many: *many,
            upsert: *upsert,
        })
    }

    pub(crate) fn may_insert(&self) -> bool {
        self.upsert
    }

    pub(crate) fn run(&self, documents: &mut dyn DocumentsMut) -> Outcome<Updated> {
        let mut updated = Updated::default();
        if self.many {
            for_each(&self.filter, documents, &mut |documents, (row, before)| {
                updated.matched += 1;
                let after = apply(&self.filter, &self.change, documents, row, before)?;
                updated.modified += u64::from(after.is_some());
                Ok(())
            })?;
        } else if let Some((row, before, _held)) = first(&self.filter, None, documents)? {
            updated.matched = 1;
            let after = apply(&self.filter, &self.change, documents, row, &before)?;
            updated.modified = u64::from(after.is_some());
        }
        if updated.matched == 0 && self.upsert {
            let document = upsert(&self.filter, &self.change, documents)?;
            updated.upserted_id = id_of(&document);
        }
        Ok(updated)
    }
}

impl DeleteWork {
    pub(crate) fn parse(delete: &Delete, parameters: &Parameters) -> Result<Self, DataError> {
        let Delete { filter, many } = delete;
        let is_all = filter.is_empty();
        Ok(Self { filter: Filter::parse(filter, parameters)?, is_all, many: *many })
    }

    pub(crate) fn run(&self, documents: &mut dyn DocumentsMut) -> Outcome<u64> {
        if !self.many {
            let Some((row, document, _held)) = first(&self.filter, None, documents)? else {
                return Ok(0);
            };
            documents.remove(row, &document)?;
            return Ok(1);
        }
        if self.is_all
            && let Some(count) = documents.clear()?
        {
            return Ok(count);
        }
        let mut count = 0;
        for_each(&self.filter, documents, &mut |documents, (row, document)| {
            count += 1;
            documents.remove(row, document)
        })?;
        Ok(count)
    }
}

impl ModifyWork {
    pub(crate) fn parse(
        modify: &FindAndModify,
        parameters: &Parameters,
    ) -> Result<Self, DataError> {
        let change = modify.modification.as_ref();
        let projection = modify.projection.as_ref().filter(|projection| !projection.is_empty());
        Ok(Self {
            filter: Filter::parse(&modify.filter, parameters)?,
            change: change.map(|change| parse_change(change, parameters)).transpose()?,
            sort: modify.sort.as_ref().map(|sort| Sort::parse(sort)).transpose()?,
            projection: projection
                .map(|projection| Projection::parse(projection, parameters))
                .transpose()?,
            upsert: modify.upsert,
            return_new: modify.return_new,
        })
    }

    pub(crate) fn may_insert(&self) -> bool {
        self.upsert
    }

    pub(crate) fn run(&self, documents: &mut dyn DocumentsMut) -> Outcome<Answer> {
        let found = first(&self.filter, self.sort.as_ref(), documents)?;
        let document = match (found, &self.change) {
            (None, Some(change)) if self.upsert => {
                let document = upsert(&self.filter, change, documents)?;
                self.return_new.then_some(document)
            }
            (None, _) => None,
            (Some((row, document, _held)), None) => {
                documents.remove(row, &document)?;
                Some(document)
            }
            (Some((row, before, _held)), Some(change)) => {
                let after = apply(&self.filter, change, documents, row, &before)?;
                Some(after.filter(|_| self.return_new).unwrap_or(before))
            }
        };
        let document = match (document, &self.projection) {
            (Some(document), Some(projection)) => {
                Some(projection.apply(&document, Some(&self.filter))?)
            }
            (document, _) => document,
        };
        Ok(Answer::Document(document))
    }
}

/// The `_id` of a document, decoded.
pub(crate) fn id_of(document: &RawDocument) -> Option<Bson> {
    let id = document.get("_id").ok().flatten()?;
    Bson::try_from(id).ok()
}

fn parse_change(
    modification: &Modification,
    parameters: &Parameters,
) -> Result<Modified, DataError> {
    check::modification(modification)?;
    let change = match modification {
        Modification::Replacement(document) => Change::replacement(document),
        Modification::Update(UpdateSpec::Operators(spec, array_filters)) => {
            Change::operators(spec, array_filters, parameters)
        }
        Modification::Update(UpdateSpec::Pipeline(stages)) => Change::pipeline(stages, parameters),
    };
    let kind = match modification {
        Modification::Replacement(_) => ChangeKind::Replace,
        Modification::Update(_) => ChangeKind::Update,
    };
    Ok(Modified { change: change?, kind })
}

/// The first document that matches, in an order where there is one.
fn first(
    filter: &Filter,
    sort: Option<&Sort>,
    documents: &dyn DocumentsMut,
) -> Outcome<Option<First>> {
    let plan = documents.plan(filter, sort);
    let mut found = None;
    match sort {
        Some(sort) if !plan.is_sorted => {
            let mut sorter = Sorter::new(sort, Some(1));
            documents.visit(&plan.access, None, &mut |row, document| {
                if filter.matches(document)? {
                    sorter.add(row, document)?;
                }
                Ok(Step::Next)
            })?;
            let (mut sorted, held) = sorter.finish()?;
            found = sorted.next().map(|(row, document)| (row, document, held));
        }
        _ => {
            documents.visit(&plan.access, None, &mut |row, document| {
                if !filter.matches(document)? {
                    return Ok(Step::Next);
                }
                let held = HeldBytes::of_document(document.as_bytes().len())?;
                found = Some((row, document.to_owned(), held));
                Ok(Step::Stop)
            })?;
        }
    }
    Ok(found)
}

/// Changes a document; answers what came of it, if it is another one now.
fn apply(
    filter: &Filter,
    Modified { change, kind }: &Modified,
    documents: &mut dyn DocumentsMut,
    row: i64,
    before: &RawDocument,
) -> Outcome<Option<RawDocumentBuf>> {
    let place = filter.matched_index(before)?;
    let Some(after) = change.apply(before, place)? else { return Ok(None) };
    let _held = HeldBytes::of_document(after.as_bytes().len())?;
    documents.replace(row, before, &after, *kind)?;
    Ok(Some(after))
}

/// Inserts what a filter and an update give.
fn upsert(
    filter: &Filter,
    modified: &Modified,
    documents: &mut dyn DocumentsMut,
) -> Outcome<RawDocumentBuf> {
    let document = modified.change.upsert(filter, || Bson::ObjectId(ObjectId::new()))?;
    let document = validate::to_insert(document)?;
    documents.insert(&document)?;
    Ok(document)
}

type ForEach<'f> = dyn FnMut(&mut dyn DocumentsMut, (i64, &RawDocument)) -> Outcome<()> + 'f;

/// Does something to every document that matches, and to all of them or none. What it does never
/// moves a row, but may move its place in an index.
fn for_each(
    filter: &Filter,
    documents: &mut dyn DocumentsMut,
    work: &mut ForEach<'_>,
) -> Outcome<()> {
    documents.atomically(&mut |documents| {
        let access = documents.plan(filter, None).access;
        match rows_of_index(filter, &access, documents)? {
            Some((rows, _held)) => {
                for row in rows {
                    if let Some(document) = documents.at_row(row)? {
                        work(documents, (row, &document))?;
                    }
                }
                Ok(())
            }
            None if by_rows(&access) => in_chunks(filter, &access, documents, work),
            None => in_chunks(filter, &Access::Rows, documents, work),
        }
    })
}

/// Whether a document that is changed stays where it is found.
fn by_rows(access: &Access) -> bool {
    matches!(access, Access::Rows | Access::RowsBackwards | Access::Id(_))
}

/// The rows that match, where an index leads to them and there are not too many.
fn rows_of_index(
    filter: &Filter,
    access: &Access,
    documents: &dyn DocumentsMut,
) -> Outcome<Option<(Vec<i64>, HeldBytes)>> {
    if by_rows(access) {
        return Ok(None);
    }
    let mut rows = Vec::new();
    let mut held = HeldBytes::default();
    let end = documents.visit(access, None, &mut |row, document| {
        if filter.matches(document)? {
            rows.push(row);
            held.set(rows.capacity() * size_of::<i64>())?;
        }
        Ok(if rows.len() > ROWS_MAX { Step::Stop } else { Step::Next })
    })?;
    rows.sort_unstable();
    rows.dedup();
    Ok(end.is_none().then_some((rows, held)))
}

fn in_chunks(
    filter: &Filter,
    access: &Access,
    documents: &mut dyn DocumentsMut,
    work: &mut ForEach<'_>,
) -> Outcome<()> {
    let mut behind: Option<Position> = None;
    loop {
        let mut chunk: Vec<Found> = Vec::new();
        let mut bytes = 0;
        let mut held = HeldBytes::default();
        behind = documents.visit(access, behind.as_ref(), &mut |row, document| {
            if filter.matches(document)? {
                bytes += document.as_bytes().len() + size_of::<Found>();
                held.set(bytes)?;
                chunk.push((row, document.to_owned()));
            }
            Ok(if bytes > CHUNK_BYTES_MAX { Step::Stop } else { Step::Next })
        })?;
        for (row, document) in &chunk {
            work(documents, (*row, document))?;
        }
        if behind.is_none() {
            return Ok(());
        }
    }
}
