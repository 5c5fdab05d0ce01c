//! Documents into a collection.

use std::{collections::HashSet, io::Read};

use bson::{RawBsonRef, RawDocument, RawDocumentBuf, oid::ObjectId, raw::cstr, rawdoc};

use super::{
    TransferError,
    existing::{self, key_of},
    extended::{DocumentError, document_of_json},
    scan::Scan,
};
use crate::{
    Command, DataError, ErrorKind, InsertMany, Modification, Namespace, Target, Update,
    WriteOperation, Writes,
};

/// Documents that go to the store together.
const BATCH_DOCUMENTS_MAX: usize = 1_000;
const BATCH_BYTES_MAX: usize = 8 << 20;

/// What becomes of a document whose `_id` is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportMode {
    /// The one that is there stays as it is.
    Insert,
    /// The new one takes its place.
    Upsert,
}

/// What came of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// Documents that are new.
    pub inserted: u64,
    /// Documents that took the place of others.
    pub replaced: u64,
    /// Documents whose `_id` was there already, and that changed nothing.
    pub present: u64,
    /// Documents that the store does not take, such as those that a unique index keeps out.
    pub refused: u64,
    /// Documents that are stored with an `_id` that they were given: they would come again.
    pub without_id: u64,
    /// Bytes of text that have been read.
    pub bytes: u64,
}

impl Imported {
    fn count_inserted(&mut self, is_id_new: bool) {
        self.inserted += 1;
        self.without_id += u64::from(is_id_new);
    }
}

/// A document that the store does not take.
#[derive(Debug)]
pub struct Refused {
    /// The line where it begins, from 1.
    pub line: u64,
    /// Why.
    pub error: DataError,
}

/// An import.
pub struct Import<'a> {
    /// Where the documents go.
    pub target: &'a dyn Target,
    /// To which collection.
    pub name: Namespace,
    /// What becomes of those that are there.
    pub mode: ImportMode,
    /// Is told after every batch.
    pub progress: &'a mut dyn FnMut(&Imported),
    /// Is told what the store does not take.
    pub refused: &'a mut dyn FnMut(Refused),
}

/// A document of the text.
struct Numbered {
    /// The line where it begins, from 1.
    line: u64,
    document: RawDocumentBuf,
    /// Whether it had no `_id` and was given one.
    is_id_new: bool,
}

impl Import<'_> {
    /// Reads a text to its end and stores what it holds. Reading holds the thread up.
    ///
    /// # Errors
    /// The text cannot be read, holds something else than documents, or the store fails. What
    /// came before is stored, and may come again.
    pub async fn run(mut self, text: impl Read) -> Result<Imported, TransferError> {
        let mut scan = Scan::new(text);
        let mut done = Imported::default();
        loop {
            let (batch, end) = self.read(&mut scan, &mut done);
            // What could be read counts, whatever is wrong with the rest.
            self.store(batch, &mut done).await?;
            done.bytes = scan.bytes();
            (self.progress)(&done);
            match end {
                None => {}
                Some(Ok(())) => return Ok(done),
                Some(Err(error)) => return Err(error),
            }
        }
    }

    /// A batch, and whether it is the last one.
    fn read(
        &mut self,
        scan: &mut Scan<impl Read>,
        done: &mut Imported,
    ) -> (Vec<Numbered>, Option<Result<(), TransferError>>) {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < BATCH_DOCUMENTS_MAX && bytes < BATCH_BYTES_MAX {
            let text = match scan.next() {
                Ok(Some(text)) => text,
                Ok(None) => return (batch, Some(Ok(()))),
                Err(error) => return (batch, Some(Err(error))),
            };
            let line = text.line;
            match document_of_json(&text.bytes) {
                Ok(document) => {
                    // The search for what is there already would fail for all of the batch.
                    if let Some(name) = operator_in_id(&document) {
                        let why = format!(
                            "the _id holds the field {name}, and no field inside an _id may begin \
                             with $"
                        );
                        done.refused += 1;
                        let error = DataError::new(ErrorKind::Refused, why);
                        (self.refused)(Refused { line, error });
                        continue;
                    }
                    let one = with_id(line, document);
                    bytes += one.document.as_bytes().len();
                    batch.push(one);
                }
                Err(error) => return (batch, Some(Err(text_error(line, &error)))),
            }
        }
        (batch, None)
    }

    async fn store(
        &mut self,
        batch: Vec<Numbered>,
        done: &mut Imported,
    ) -> Result<(), TransferError> {
        if batch.is_empty() {
            return Ok(());
        }
        let there = self.existing(&batch).await?;
        match self.mode {
            ImportMode::Insert => self.insert(batch, there, done).await,
            ImportMode::Upsert => self.upsert(batch, there, done).await,
        }
    }

    async fn existing(&self, batch: &[Numbered]) -> Result<HashSet<Vec<u8>>, TransferError> {
        let documents = batch.iter().map(|one| -> &RawDocument { &one.document });
        existing::keys(self.target, &self.name, documents).await
    }

    /// All new documents at once; one by one where that fails, to find out which is at fault.
    async fn insert(
        &mut self,
        batch: Vec<Numbered>,
        mut there: HashSet<Vec<u8>>,
        done: &mut Imported,
    ) -> Result<(), TransferError> {
        let before = batch.len();
        // The second of two with the same _id finds the first.
        let new = |one: &Numbered| key_of(&one.document).is_none_or(|key| there.insert(key));
        let batch: Vec<Numbered> = batch.into_iter().filter(new).collect();
        done.present += (before - batch.len()) as u64;
        let documents = batch.iter().map(|one| one.document.clone()).collect();
        match self.send_inserts(documents).await {
            Ok(()) => batch.iter().for_each(|one| done.count_inserted(one.is_id_new)),
            Err(error) if is_of_document(&error) => {
                let stored = self.existing(&batch).await?;
                for Numbered { line, document, is_id_new } in batch {
                    let is_there = key_of(&document).is_some_and(|key| stored.contains(&key));
                    let is_stored = is_there || {
                        let outcome = self.send_inserts(vec![document]).await;
                        self.judge(line, outcome, done)?
                    };
                    if is_stored {
                        done.count_inserted(is_id_new);
                    }
                }
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    async fn send_inserts(&self, documents: Vec<RawDocumentBuf>) -> Result<(), DataError> {
        if documents.is_empty() {
            return Ok(());
        }
        let insert = InsertMany { documents, ordered: true };
        self.target.run(self.name.clone(), Command::InsertMany(insert)).await.map(drop)
    }

    async fn upsert(
        &mut self,
        batch: Vec<Numbered>,
        mut there: HashSet<Vec<u8>>,
        done: &mut Imported,
    ) -> Result<(), TransferError> {
        let mut is_new =
            |document: &RawDocument| key_of(document).is_none_or(|key| there.insert(key));
        let kinds: Vec<bool> = batch.iter().map(|one| is_new(&one.document)).collect();
        let all = batch.iter().map(|one| replacement(&one.document)).collect();
        let outcome = self.send_writes(all).await;
        let together = match outcome {
            Err(error) if is_of_document(&error) => false,
            outcome => outcome.map(|()| true)?,
        };
        for (Numbered { line, document, is_id_new }, is_new) in batch.into_iter().zip(kinds) {
            // A replacement that is done again changes nothing.
            let stored = together || {
                let outcome = self.send_writes(vec![replacement(&document)]).await;
                self.judge(line, outcome, done)?
            };
            match (stored, is_new) {
                (true, true) => done.count_inserted(is_id_new),
                (true, false) => done.replaced += 1,
                (false, _) => {}
            }
        }
        Ok(())
    }

    async fn send_writes(&self, operations: Vec<WriteOperation>) -> Result<(), DataError> {
        let writes = Writes { operations, ordered: true };
        self.target.run(self.name.clone(), Command::BulkWrite(writes)).await.map(drop)
    }

    /// Whether a document is stored. One that is at fault itself does not keep others out.
    fn judge(
        &mut self,
        line: u64,
        outcome: Result<(), DataError>,
        done: &mut Imported,
    ) -> Result<bool, TransferError> {
        match outcome {
            Ok(()) => Ok(true),
            Err(error) if is_of_document(&error) => {
                done.refused += 1;
                (self.refused)(Refused { line, error });
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether another document might be stored.
fn is_of_document(error: &DataError) -> bool {
    matches!(error.kind, ErrorKind::Refused | ErrorKind::DuplicateKey)
}

fn replacement(document: &RawDocument) -> WriteOperation {
    let mut filter = RawDocumentBuf::new();
    if let Ok(Some(id)) = document.get(cstr!("_id")) {
        let mut is_equal = RawDocumentBuf::new();
        is_equal.append(cstr!("$eq"), id);
        filter.append(cstr!("_id"), is_equal);
    }
    WriteOperation::Update(Update {
        filter,
        modification: Modification::Replacement(document.to_owned()),
        many: false,
        upsert: true,
    })
}

fn with_id(line: u64, document: RawDocumentBuf) -> Numbered {
    if matches!(document.get(cstr!("_id")), Ok(Some(_))) {
        return Numbered { line, document, is_id_new: false };
    }
    let mut complete = rawdoc! {"_id": ObjectId::new()};
    for (name, value) in document.iter().map_while(Result::ok) {
        complete.append(name, value);
    }
    Numbered { line, document: complete, is_id_new: true }
}

/// The first field of an `_id` that begins as operators do, which no store takes.
fn operator_in_id(document: &RawDocument) -> Option<String> {
    let Ok(Some(RawBsonRef::Document(id))) = document.get(cstr!("_id")) else { return None };
    let mut names = id.iter().map_while(Result::ok).map(|(name, _)| name.as_str());
    names.find(|name| name.starts_with('$')).map(str::to_owned)
}

/// What is wrong with a document that begins on a line of the text.
fn text_error(line: u64, error: &DocumentError) -> TransferError {
    let line = match error {
        DocumentError::Syntax { line: of_document, .. } => {
            (line + *of_document as u64).saturating_sub(1)
        }
        _ => line,
    };
    TransferError::Text { line, why: error.to_string(), remedy: error.remedy() }
}
