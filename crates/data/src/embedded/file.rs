//! The file of documents: how it is opened, who may write to it, and what is known of it.

pub(crate) mod document_file;
pub(crate) mod shared;
pub(crate) mod write_lock;
