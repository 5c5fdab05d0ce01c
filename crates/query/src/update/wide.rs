//! Fields of documents that are looked for by name, many of them in one document.
//!
//! Looking for one field takes a walk through the document. For many there is an index, which is
//! made when it pays.

use std::{cell::RefCell, collections::HashMap};

use bson::{RawBsonRef, RawDocument};

use super::splice::broken;
use crate::QueryError;

/// A shorter document is walked through every time.
const BYTES_MIN: usize = 1024;

/// So many fields are looked for before there is an index.
const WALKS_MAX: usize = 8;

/// Documents, by where their bytes are.
#[derive(Debug, Default)]
pub(super) struct Wide<'d>(RefCell<HashMap<usize, Fields<'d>>>);

#[derive(Debug, Default)]
struct Fields<'d> {
    walks: usize,
    index: HashMap<&'d str, RawBsonRef<'d>>,
}

impl<'d> Wide<'d> {
    /// The first field of a name.
    pub(super) fn field(
        &self,
        document: &'d RawDocument,
        name: &str,
    ) -> Result<Option<RawBsonRef<'d>>, QueryError> {
        let walk = || document.get(name).map_err(|error| broken(&error));
        if document.as_bytes().len() < BYTES_MIN {
            return walk();
        }
        let mut documents = self.0.borrow_mut();
        let fields = documents.entry(document.as_bytes().as_ptr().addr()).or_default();
        if fields.walks < WALKS_MAX {
            fields.walks += 1;
            return walk();
        }
        if fields.index.is_empty() {
            for field in document {
                let (name, value) = field.map_err(|error| broken(&error))?;
                fields.index.entry(name.as_str()).or_insert(value);
            }
        }
        Ok(fields.index.get(name).copied())
    }
}
