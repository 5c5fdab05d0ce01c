//! What came of a command, in the shapes of the hosted service
//! (docs/behaviour/databases.md#methods).

use std::sync::{Arc, PoisonError};

use bson::Bson;
use hookstead_data::{Answer, Batch, DataError, Updated};
use hookstead_isolate::{Item, PackedWriter, Value};
use tokio::sync::Mutex;

use super::handles::{Cursors, OpenCursor, OpenDocuments};
use crate::documents::{self, append_bson, append_document};

/// How an answer looks to JavaScript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// As it is.
    Plain,
    /// The first document of a cursor, or `null`.
    First,
    /// `{ insertedId }`
    InsertedOne,
}

/// An answer as JavaScript takes it. A cursor that has more to give is kept.
pub(super) fn value(answer: Answer, shape: Shape, cursors: &Cursors) -> Result<Value, DataError> {
    let mut writer = PackedWriter::default();
    match answer {
        Answer::Cursor(batch, _) if shape == Shape::First => match batch.iter().next() {
            Some(document) => append_document(document, &mut writer),
            None => writer.item(Item::Null),
        },
        Answer::Cursor(batch, more) => {
            let account = cursors.lock().unwrap_or_else(PoisonError::into_inner).account();
            let (first, more) = OpenDocuments::begin(batch, more, &account);
            let id = match more {
                None => 0,
                Some(more) => {
                    let cursor: OpenCursor = Arc::new(Mutex::new(more));
                    cursors.lock().unwrap_or_else(PoisonError::into_inner).keep(cursor)?
                }
            };
            append_batch(&first, id, &mut writer);
        }
        Answer::Document(Some(document)) => append_document(&document, &mut writer),
        Answer::Document(None) | Answer::Written => writer.item(Item::Null),
        Answer::Count(count) => return Ok(Value::Number(count as f64)),
        Answer::Values(values) => append_list(&values, &mut writer),
        Answer::Inserted(ids) => append_ids(&ids, shape, &mut writer),
        Answer::Updated(updated) => append_updated(&updated, &mut writer),
        Answer::Deleted(count) => {
            writer.item(Item::Document);
            append_count("deletedCount", count, &mut writer);
            writer.end_document();
        }
    }
    Ok(writer.finish())
}

/// The next batch of a cursor.
pub(super) async fn next(cursors: Cursors, id: u32) -> Result<Value, DataError> {
    let open = cursors.lock().unwrap_or_else(PoisonError::into_inner).get(id);
    let mut writer = PackedWriter::default();
    let batch = match &open {
        Some(cursor) => cursor.lock().await.next().await?,
        None => Batch::default(),
    };
    if batch.is_empty() {
        cursors.lock().unwrap_or_else(PoisonError::into_inner).close(id);
    }
    append_batch(&batch, if batch.is_empty() { 0 } else { id }, &mut writer);
    Ok(writer.finish())
}

/// Names as a list of texts.
pub(super) fn names(names: Vec<String>) -> Value {
    let mut writer = PackedWriter::default();
    writer.item(Item::List);
    names.iter().for_each(|name| writer.item(Item::Text(name)));
    writer.item(Item::End);
    writer.finish()
}

fn append_batch(batch: &Batch, id: u32, writer: &mut PackedWriter) {
    writer.item(Item::Document);
    writer.key("cursor");
    writer.item(Item::Number(f64::from(id)));
    writer.key("documents");
    writer.item(Item::List);
    batch.iter().for_each(|document| append_document(document, writer));
    writer.item(Item::End);
    writer.end_document();
}

fn append_list(values: &[Bson], writer: &mut PackedWriter) {
    writer.item(Item::List);
    values.iter().for_each(|value| append_bson(value, writer));
    writer.item(Item::End);
}

fn append_ids(ids: &[Bson], shape: Shape, writer: &mut PackedWriter) {
    writer.item(Item::Document);
    match (shape, ids) {
        (Shape::InsertedOne, [id, ..]) => {
            writer.key("insertedId");
            append_bson(id, writer);
        }
        _ => {
            writer.key("insertedIds");
            append_list(ids, writer);
        }
    }
    writer.end_document();
}

fn append_updated(updated: &Updated, writer: &mut PackedWriter) {
    writer.item(Item::Document);
    append_count("matchedCount", updated.matched, writer);
    append_count("modifiedCount", updated.modified, writer);
    if let Some(id) = &updated.upserted_id {
        writer.key("upsertedId");
        append_bson(id, writer);
    }
    writer.end_document();
}

fn append_count(name: &str, count: u64, writer: &mut PackedWriter) {
    writer.key(name);
    documents::append_count(count, writer);
}
