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
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] DataError),
}
