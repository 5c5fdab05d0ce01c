//! The result of a call as canonical extended JSON, in the shapes that functions get
//! (docs/behaviour/databases.md#methods).

use std::{mem, sync::Arc};

use bson::{Bson, RawDocument};
use bytes::Bytes;
use hookstead_data::{Answer, Batch, Updated};
use hookstead_memory::{Account, Held, Share};

use super::error::DataCallError;
use crate::{
    data::Shape,
    extended_json::{write_bson, write_document},
};

/// A result that is being written.
pub(super) struct Output {
    text: Vec<u8>,
    held: Held,
    bytes_max: usize,
    /// How many documents the list has.
    count: usize,
}

impl Output {
    pub(super) fn new(account: &Arc<Account>, bytes_max: usize) -> Self {
        Self { text: Vec::new(), held: account.nothing(), bytes_max, count: 0 }
    }

    /// The result so far, for another thread; what stays is empty until it is put back.
    pub(super) fn lend(&mut self) -> Self {
        let held = self.held.account().nothing();
        let empty = Self { text: Vec::new(), held, bytes_max: self.bytes_max, count: 0 };
        mem::replace(self, empty)
    }

    pub(super) fn begin_list(&mut self) {
        self.text.push(b'[');
    }

    pub(super) fn end_list(&mut self) -> Result<(), DataCallError> {
        self.text.push(b']');
        self.check()
    }

    pub(super) fn add_batch(&mut self, batch: &Batch) -> Result<(), DataCallError> {
        let _batch = self.held.account().take(batch.bytes_len())?;
        batch.iter().try_for_each(|document| self.add_document(document))
    }

    /// Writes the first document, or `null`.
    pub(super) fn first_of(&mut self, batch: &Batch) -> Result<(), DataCallError> {
        match batch.iter().next() {
            Some(document) => write_document(document, &mut self.text)?,
            None => self.null(),
        }
        self.check()
    }

    /// Writes an answer that is no cursor.
    pub(super) fn write(&mut self, answer: &Answer, shape: Shape) -> Result<(), DataCallError> {
        match answer {
            Answer::Document(Some(document)) => write_document(document, &mut self.text)?,
            Answer::Document(None) | Answer::Written | Answer::Cursor(..) => self.null(),
            Answer::Count(count) => {
                let count = Bson::Int64(i64::try_from(*count).unwrap_or(i64::MAX));
                write_bson(&count, &mut self.text)?;
            }
            Answer::Values(values) => self.list(values)?,
            Answer::Inserted(ids) => self.inserted(ids, shape)?,
            Answer::Updated(updated) => self.updated(updated)?,
            Answer::Deleted(count) => {
                self.field("deletedCount", &small(*count), true)?;
                self.text.push(b'}');
            }
        }
        self.check()
    }

    /// The whole result, and what it takes of the budget.
    pub(super) fn finish(mut self) -> Result<(Bytes, Share), DataCallError> {
        self.text.shrink_to_fit();
        self.check()?;
        Ok((Bytes::from(self.text), self.held.into_share()))
    }

    fn add_document(&mut self, document: &RawDocument) -> Result<(), DataCallError> {
        if self.count > 0 {
            self.text.push(b',');
        }
        self.count += 1;
        write_document(document, &mut self.text)?;
        self.check()
    }

    /// Counts what has been written, within the limits.
    fn check(&mut self) -> Result<(), DataCallError> {
        if self.text.len() > self.bytes_max {
            return Err(DataCallError::too_large(self.bytes_max));
        }
        let (held, taken) = (self.held.bytes(), self.text.capacity());
        match taken.checked_sub(held) {
            Some(more) => Ok(self.held.grow(more)?),
            None => {
                self.held.shrink_to(taken);
                Ok(())
            }
        }
    }

    fn null(&mut self) {
        self.text.extend_from_slice(b"null");
    }

    fn list(&mut self, values: &[Bson]) -> Result<(), DataCallError> {
        self.text.push(b'[');
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                self.text.push(b',');
            }
            write_bson(value, &mut self.text)?;
        }
        self.text.push(b']');
        Ok(())
    }

    fn field(&mut self, name: &str, value: &Bson, is_first: bool) -> Result<(), DataCallError> {
        self.text.extend_from_slice(if is_first { b"{\"" } else { b",\"" });
        self.text.extend_from_slice(name.as_bytes());
        self.text.extend_from_slice(b"\":");
        Ok(write_bson(value, &mut self.text)?)
    }

    fn inserted(&mut self, ids: &[Bson], shape: Shape) -> Result<(), DataCallError> {
        if let (Shape::InsertedOne, [id, ..]) = (shape, ids) {
            self.field("insertedId", id, true)?;
        } else {
            self.text.extend_from_slice(b"{\"insertedIds\":");
            self.list(ids)?;
        }
        self.text.push(b'}');
        Ok(())
    }

    fn updated(&mut self, updated: &Updated) -> Result<(), DataCallError> {
        self.field("matchedCount", &small(updated.matched), true)?;
        self.field("modifiedCount", &small(updated.modified), false)?;
        if let Some(id) = &updated.upserted_id {
            self.field("upsertedId", id, false)?;
        }
        self.text.push(b'}');
        Ok(())
    }
}

/// A count: a 32-bit integer where it fits, as in the answers of servers.
fn small(count: u64) -> Bson {
    match i32::try_from(count) {
        Ok(small) => Bson::Int32(small),
        Err(_) => Bson::Int64(i64::try_from(count).unwrap_or(i64::MAX)),
    }
}
