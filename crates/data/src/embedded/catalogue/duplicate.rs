//! What a unique index refuses, in the words of a server.

use bson::{RawBsonRef, RawDocument};
use hookstead_query::value_text;

use crate::{
    DataError, ErrorKind, MongoCode, Namespace,
    embedded::catalogue::{Collection, Index, index_keys::values_of},
};

/// A document whose `_id` another one has.
pub(crate) fn of_id(namespace: &Namespace, document: &RawDocument) -> DataError {
    let id = document.get("_id").ok().flatten().unwrap_or(RawBsonRef::Null);
    error(namespace, "_id_", &format!("_id: {}", value_text(id)))
}

/// A document with a key of a unique index that another one has.
pub(crate) fn of_index(
    collection: &Collection,
    index: &Index,
    document: &RawDocument,
    key: &[u8],
) -> DataError {
    error(&collection.namespace, &index.name, &key_text(index, document, key))
}

/// A key of an index with the names of its fields, such as `email: "a"`.
pub(crate) fn key_text(index: &Index, document: &RawDocument, key: &[u8]) -> String {
    let values = values_of(index, document, key);
    let fields = index.fields.iter().zip(values);
    let fields = fields.map(|(field, value)| format!("{}: {}", field.path, value_text(value)));
    fields.collect::<Vec<_>>().join(", ")
}

fn error(namespace: &Namespace, index: &str, key: &str) -> DataError {
    let Namespace { database, collection } = namespace;
    let message = format!(
        "E11000 duplicate key error collection: {database}.{collection} index: {index} \
         dup key: {{ {key} }}"
    );
    DataError::new(ErrorKind::DuplicateKey, message).with_code(MongoCode::DUPLICATE_KEY)
}
