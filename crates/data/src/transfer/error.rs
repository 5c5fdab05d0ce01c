//! Why an import or an export ended early.

use std::io;

use crate::DataError;

/// What ended it. What was done until then stays done.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The text cannot be read.
    #[error("the documents cannot be read")]
    Read(#[source] io::Error),
    /// The text cannot be written.
    #[error("the documents cannot be written")]
    Write(#[source] io::Error),
    /// The text is not what it should be.
    #[error("line {line}: {why}")]
    Text {
        /// Where the document begins, from 1.
        line: u64,
        /// In words.
        why: String,
        /// What to do about this fault, beyond correcting the line.
        remedy: Option<&'static str>,
    },
    /// A file that is to be gone on with was not written by an export.
    #[error("line {line} is not a whole document; nothing was changed")]
    NotExported {
        /// From 1.
        line: u64,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] DataError),
}
