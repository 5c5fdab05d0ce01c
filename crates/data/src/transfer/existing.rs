//! Which of some documents a collection has already.

use std::collections::HashSet;

use bson::{RawArrayBuf, RawBsonRef, RawDocument, RawDocumentBuf, raw::cstr, rawdoc};
use hookstead_query::append_key;

use super::{TransferError, batches::each_batch};
use crate::{Find, Namespace, Target};

/// The `_id` of a document in a form in which equal ones are the same.
pub(super) fn key_of(document: &RawDocument) -> Option<Vec<u8>> {
    let id = document.get(cstr!("_id")).ok().flatten()?;
    let mut key = Vec::new();
    append_key(id, &mut key);
    Some(key)
}

/// The keys of those that are there.
pub(super) async fn keys(
    target: &dyn Target,
    name: &Namespace,
    documents: impl Iterator<Item = &RawDocument>,
) -> Result<HashSet<Vec<u8>>, TransferError> {
    let mut ids = RawArrayBuf::new();
    for document in documents {
        match document.get(cstr!("_id")) {
            // In a list, it would find what it matches.
            Ok(Some(RawBsonRef::RegularExpression(_))) | Ok(None) | Err(_) => {}
            Ok(Some(id)) => ids.push(id),
        }
    }
    let mut list = RawDocumentBuf::new();
    list.append(cstr!("$in"), ids);
    let find = Find {
        filter: rawdoc! {"_id": list},
        projection: Some(rawdoc! {"_id": 1}),
        ..Find::default()
    };
    let mut found = HashSet::new();
    each_batch(target, name, find, |batch| {
        found.extend(batch.iter().filter_map(key_of));
        Ok(())
    })
    .await?;
    Ok(found)
}
