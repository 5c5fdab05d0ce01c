//! Keys of values in which the order of fields does not count.

use bson::RawBsonRef;

use crate::{interrupt::charge, key::append_key, order::rank};

/// Equal for equal values, and for documents with the same fields in another order.
pub(super) fn key(value: RawBsonRef<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    append(value, &mut bytes);
    bytes
}

fn append(value: RawBsonRef<'_>, bytes: &mut Vec<u8>) {
    charge(1);
    match value {
        RawBsonRef::Document(document) => {
            let mut fields: Vec<_> = document
                .iter()
                .flatten()
                .map(|(name, value)| (name.as_str(), key(value)))
                .collect();
            fields.sort_unstable();
            bytes.push(rank(value));
            for (name, value) in fields {
                // No key starts with 255, so that the end of the name is clear.
                bytes.extend(name.as_bytes());
                bytes.push(0xff);
                bytes.extend(value);
            }
            bytes.push(0);
        }
        RawBsonRef::Array(array) => {
            bytes.push(rank(value));
            array.into_iter().flatten().for_each(|item| append(item, bytes));
            bytes.push(0);
        }
        scalar => append_key(scalar, bytes),
    }
}
