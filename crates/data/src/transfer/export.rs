//! Documents out of a collection.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Seek as _, SeekFrom, Write},
};

use bson::{Bson, Document, RawDocument, RawDocumentBuf, doc, rawdoc};

use super::{TransferError, batches::each_batch, extended::document_of_json};
use crate::{Answer, Batch, Command, Count, DataError, ErrorKind, Find, Namespace, Target};

/// How documents are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// Every type exactly.
    Canonical,
    /// Numbers and dates as people write them; what kind of integer it was is forgotten.
    Relaxed,
}

/// An export, in the order of `_id`.
pub struct Export<'a> {
    /// Where the documents are.
    pub target: &'a dyn Target,
    /// In which collection.
    pub name: Namespace,
    /// Which of them.
    pub filter: RawDocumentBuf,
    /// How they are written.
    pub format: ExportFormat,
    /// Only those behind this `_id`.
    pub after: Option<Bson>,
    /// Is told how many documents have been written, after every batch.
    pub progress: &'a mut dyn FnMut(u64),
}

impl Export<'_> {
    /// How many documents there are to write.
    ///
    /// # Errors
    /// The store fails.
    pub async fn count(&self) -> Result<u64, TransferError> {
        let count = Count { filter: self.complete_filter()?, ..Count::default() };
        match self.target.run(self.name.clone(), Command::Count(count)).await? {
            Answer::Count(count) => Ok(count),
            _ => Ok(0),
        }
    }

    /// Finds out whether the store understands the query; no document is read for that.
    ///
    /// # Errors
    /// The store refuses the query, or fails.
    pub async fn check_query(&self) -> Result<(), DataError> {
        let both = || {
            let filter = Document::try_from(&*self.filter)?;
            RawDocumentBuf::try_from(&doc! {"$and": [{"_id": {"$in": []}}, filter]})
        };
        let filter = both().map_err(|error: bson::error::Error| {
            DataError::new(ErrorKind::Refused, "the query holds a value that cannot be sent")
                .caused_by(error)
        })?;
        let find = Find { filter, limit: 1, ..Find::default() };
        self.target.run(self.name.clone(), Command::Find(find)).await.map(drop)
    }

    /// Writes the documents, one a line; answers how many they were. Writing holds the thread up.
    ///
    /// # Errors
    /// The store fails, or writing to `out`.
    pub async fn run(mut self, out: &mut dyn Write) -> Result<u64, TransferError> {
        let find = Find {
            filter: self.complete_filter()?,
            sort: Some(rawdoc! {"_id": 1}),
            ..Find::default()
        };
        let mut written = 0;
        let (target, name) = (self.target, self.name.clone());
        each_batch(target, &name, find, |batch| self.write(batch, &mut written, out)).await?;
        out.flush().map_err(TransferError::Write)?;
        Ok(written)
    }

    /// A comparison by an operator of queries would see values of one type only.
    fn complete_filter(&self) -> Result<RawDocumentBuf, TransferError> {
        let Some(after) = &self.after else { return Ok(self.filter.clone()) };
        let behind = doc! {"$expr": {"$gt": ["$_id", {"$literal": after.clone()}]}};
        let both = || {
            let filter = Document::try_from(&*self.filter)?;
            RawDocumentBuf::try_from(&doc! {"$and": [filter, behind]})
        };
        both().map_err(|error: bson::error::Error| unwritable(&error))
    }

    fn write(
        &mut self,
        batch: &Batch,
        written: &mut u64,
        out: &mut dyn Write,
    ) -> Result<(), TransferError> {
        for document in batch.iter() {
            let line = line(document, self.format)?;
            out.write_all(&line).map_err(TransferError::Write)?;
            *written += 1;
        }
        (self.progress)(*written);
        Ok(())
    }
}

/// A document as a line.
fn line(document: &RawDocument, format: ExportFormat) -> Result<Vec<u8>, TransferError> {
    let document = Document::try_from(document).map_err(|error| unwritable(&error))?;
    let bson = Bson::Document(document);
    let json = match format {
        ExportFormat::Canonical => bson.into_canonical_extjson(),
        ExportFormat::Relaxed => bson.into_relaxed_extjson(),
    };
    let mut line =
        serde_json::to_vec(&json).map_err(|error| TransferError::Write(io::Error::other(error)))?;
    line.push(b'\n');
    Ok(line)
}

fn unwritable(error: &bson::error::Error) -> TransferError {
    let why = format!("a document cannot be written: {error}");
    TransferError::Write(io::Error::new(io::ErrorKind::InvalidData, why))
}

/// The first line of an export begins with this.
const LINE_START: &[u8] = b"{\"_id\":";

/// Where an export that was interrupted goes on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Resumed {
    /// Lines that are there.
    pub lines: u64,
    /// The `_id` of the last one.
    pub after: Option<Bson>,
}

/// Finds the last document of an export, and takes away what an interruption left half written.
///
/// # Errors
/// The file was not written by an export, which is then left as it is; or it cannot be read or
/// changed.
pub fn resume(file: &mut File) -> Result<Resumed, TransferError> {
    file.seek(SeekFrom::Start(0)).map_err(TransferError::Read)?;
    let mut reader = BufReader::new(&*file);
    let (mut whole_bytes, mut lines) = (0, 0);
    let (mut line, mut last) = (Vec::new(), Vec::new());
    loop {
        line.clear();
        let bytes = reader.read_until(b'\n', &mut line).map_err(TransferError::Read)?;
        if !line.ends_with(b"\n") {
            break;
        }
        whole_bytes += bytes as u64;
        lines += 1;
        if lines == 1 && (!line.starts_with(LINE_START) || id_of_line(&line).is_none()) {
            return Err(TransferError::NotExported { line: lines });
        }
        std::mem::swap(&mut line, &mut last);
    }
    // Nothing says that an export began this line.
    if lines == 0 && !line.is_empty() {
        return Err(TransferError::NotExported { line: 1 });
    }
    let after = match lines {
        0 => None,
        _ => Some(id_of_line(&last).ok_or(TransferError::NotExported { line: lines })?),
    };
    file.set_len(whole_bytes).map_err(TransferError::Write)?;
    file.seek(SeekFrom::End(0)).map_err(TransferError::Write)?;
    Ok(Resumed { lines, after })
}

fn id_of_line(line: &[u8]) -> Option<Bson> {
    Document::try_from(document_of_json(line).ok()?).ok()?.remove("_id")
}
