//! The different values that documents have at a path.

use std::collections::HashSet;

use bson::{RawBson, RawBsonRef, RawDocument};

use crate::{
    QueryError,
    depth::check_path,
    interrupt::sort_by,
    key::append_key,
    memory::HeldBytes,
    path::{as_document, field, items},
};

/// What a value takes besides its bytes, in a list and in a table.
const VALUE_BYTES: usize = 160;

/// What a value of the document at hand takes that is looked at where it stands, with its key.
const FOUND_BYTES: usize = 128;

/// Values as they are found, each once. Equal values of two types are one.
#[derive(Debug)]
pub struct Distinct {
    path: Box<str>,
    seen: HashSet<Vec<u8>>,
    values: Vec<RawBson>,
    bytes: usize,
    held: HeldBytes,
}

impl Distinct {
    /// Looks for the values of a path.
    ///
    /// # Errors
    /// The path has too many names.
    pub fn new(path: &str) -> Result<Self, QueryError> {
        check_path(path)?;
        Ok(Self {
            path: path.into(),
            seen: HashSet::new(),
            values: Vec::new(),
            bytes: 0,
            held: HeldBytes::default(),
        })
    }

    /// Adds what a document has at the path; of an array, its items.
    ///
    /// # Errors
    /// The document is not BSON, or the computation was interrupted.
    pub fn add(&mut self, document: &RawDocument) -> Result<(), QueryError> {
        let mut found = Vec::new();
        collect(document, &self.path, &mut found)?;
        let mut held = HeldBytes::default();
        held.set(found.len() * FOUND_BYTES)?;
        let mut keyed: Vec<(Vec<u8>, RawBsonRef<'_>)> = found
            .into_iter()
            .map(|value| {
                let mut key = Vec::new();
                append_key(value, &mut key);
                (key, value)
            })
            .collect();
        // Within a document, values come in order.
        sort_by(&mut keyed, |(a, _), (b, _)| a.cmp(b))?;
        for (key, value) in keyed {
            let bytes = key.len();
            if self.seen.insert(key) {
                self.bytes += bytes;
                self.held.add(2 * bytes + VALUE_BYTES)?;
                self.values.push(value.into());
            }
        }
        Ok(())
    }

    /// How many bytes the values take, about.
    pub fn bytes_len(&self) -> usize {
        self.bytes
    }

    /// What was found, and the memory that it takes.
    pub fn into_values(self) -> (Vec<RawBson>, HeldBytes) {
        (self.values, self.held)
    }
}

fn collect<'a>(
    document: &'a RawDocument,
    path: &str,
    found: &mut Vec<RawBsonRef<'a>>,
) -> Result<(), QueryError> {
    // The whole path may be the name of a field.
    match field(document, path)? {
        Some(RawBsonRef::Array(array)) => {
            for item in items(array) {
                found.push(item?);
            }
            return Ok(());
        }
        Some(value) => {
            found.push(value);
            return Ok(());
        }
        None => {}
    }
    let Some((name, rest)) = path.split_once('.') else { return Ok(()) };
    match field(document, name)? {
        Some(RawBsonRef::Document(inner)) => collect(inner, rest, found)?,
        Some(RawBsonRef::Array(array)) if starts_with_index(rest) => {
            collect(as_document(array)?, rest, found)?;
        }
        Some(RawBsonRef::Array(array)) => {
            for item in items(array) {
                match item? {
                    RawBsonRef::Document(inner) => collect(inner, rest, found)?,
                    RawBsonRef::Array(inner) => collect(as_document(inner)?, rest, found)?,
                    _ => {}
                }
            }
        }
        _ => {}
    }
    Ok(())
}

fn starts_with_index(path: &str) -> bool {
    let name = path.split('.').next().unwrap_or_default();
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit())
}
