//! Documents in and out of a store as extended JSON: one object a line, as mongoexport writes them
//! and mongoimport reads them.
//!
//! Both ways can be gone again after an interruption, because documents are known by their `_id`:
//! an import leaves alone what is there already, and an export goes on behind the last `_id` of
//! its file.

mod batches;
mod error;
mod existing;
mod export;
mod extended;
mod import;
mod scan;

pub use error::TransferError;
pub use export::{Export, ExportFormat, Resumed, resume};
pub use extended::{DocumentError, document_of_json};
pub use import::{Import, ImportMode, Imported, Refused};
