//! Documents by the values that a path leads to in them, as an equality in a query sees them.

use std::collections::HashMap;

use bson::{RawBson, RawBsonRef, RawDocument, RawDocumentBuf};

use crate::{
    QueryError,
    aggregate::{
        budget::Budget,
        documents::Documents,
        stages::values::{Values, key_of},
    },
    interrupt::charge,
    path::{Leaf, Path},
};

/// What an entry takes besides its key.
const ENTRY_BYTES: usize = 64;

/// Documents that can be found by values.
pub(in crate::aggregate) struct Table {
    documents: Vec<RawDocumentBuf>,
    places: HashMap<Box<[u8]>, Vec<u32>>,
    bytes: usize,
}

impl Table {
    /// Reads documents.
    pub(in crate::aggregate) fn read(
        documents: Documents<'_>,
        path: &Path,
        budget: &mut Budget,
    ) -> Result<Self, QueryError> {
        let mut table = Self { documents: Vec::new(), places: HashMap::new(), bytes: 0 };
        for document in documents {
            let before = table.bytes;
            let added = document.and_then(|document| table.add(document, path));
            let taken = added.and_then(|()| budget.take(table.bytes - before));
            if let Err(error) = taken {
                budget.give_back(table.bytes);
                return Err(error);
            }
        }
        Ok(table)
    }

    /// How much memory it takes.
    pub(in crate::aggregate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The documents that have one of the values that a document has, in their order.
    pub(in crate::aggregate) fn find(
        &self,
        document: &RawDocument,
        values: &Values,
    ) -> Result<Vec<&RawDocumentBuf>, QueryError> {
        let mut places = Vec::new();
        values.visit(document, &mut |value| {
            self.add_places(value, &mut places);
            Ok(())
        })?;
        Ok(self.at(places))
    }

    /// The documents that have one of some values, in their order.
    pub(in crate::aggregate) fn find_any(&self, values: &[RawBson]) -> Vec<&RawDocumentBuf> {
        let mut places = Vec::new();
        for value in values {
            self.add_places(value.as_raw_bson_ref(), &mut places);
        }
        self.at(places)
    }

    fn add_places(&self, value: RawBsonRef<'_>, places: &mut Vec<u32>) {
        if matches!(value, RawBsonRef::Undefined) {
            // No query can ask for it.
            return;
        }
        if let Some(found) = self.places.get(key_of(value).as_slice()) {
            charge(found.len());
            places.extend_from_slice(found);
        }
    }

    fn at(&self, mut places: Vec<u32>) -> Vec<&RawDocumentBuf> {
        places.sort_unstable();
        places.dedup();
        let document = |place: u32| self.documents.get(usize::try_from(place).ok()?);
        places.into_iter().filter_map(document).collect()
    }

    fn add(&mut self, document: RawDocumentBuf, path: &Path) -> Result<(), QueryError> {
        let place = u32::try_from(self.documents.len()).unwrap_or(u32::MAX);
        let Self { places, bytes, .. } = self;
        path.visit(&document, Leaf::Items, &mut |value, _| {
            // A query for null finds what is missing, too, and the old type "undefined".
            let key = match value {
                None | Some(RawBsonRef::Undefined) => key_of(RawBsonRef::Null),
                Some(value) => key_of(value),
            };
            *bytes += key.len() + ENTRY_BYTES;
            let found = places.entry(key.into()).or_default();
            if found.last() != Some(&place) {
                found.push(place);
            }
            Ok(false)
        })?;
        self.bytes += document.as_bytes().len() + size_of::<RawDocumentBuf>();
        self.documents.push(document);
        Ok(())
    }
}
