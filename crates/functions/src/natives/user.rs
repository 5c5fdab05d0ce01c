//! The user of a run, for `context.user`.

use std::sync::Arc;

use bson::{Bson, Document, RawDocumentBuf, doc};
use hookstead_identity::User as KnownUser;
use hookstead_isolate::{Answer, PackedWriter, Value};

use super::cost::LONG_BYTES;
use crate::{User, documents::append_document, host::RunHost};

/// The user as an object. One about whom much is known is written down on another thread.
pub(super) fn user(host: &mut RunHost, _: &mut [Value]) -> Answer {
    let User::Known(user) = &host.invocation.user else {
        return Answer::Now(Ok(packed(&doc! { "type": "system", "data": {} })));
    };
    if has_room(user) {
        return Answer::Now(Ok(packed(&user.document())));
    }
    let user = Arc::clone(user);
    Answer::Later(Box::pin(async move { Ok(packed(&user.document())) }))
}

fn packed(document: &Document) -> Value {
    let mut writer = PackedWriter::default();
    // What cannot be a document again, such as a key that holds a zero byte, is nothing.
    let raw = RawDocumentBuf::try_from(document).unwrap_or_default();
    append_document(&raw, &mut writer);
    writer.finish()
}

/// Whether what is known of a user is written down in no time.
fn has_room(user: &KnownUser) -> bool {
    let mut left = LONG_BYTES;
    let identities = user.identities.iter().map(|one| &one.data);
    [&user.data, &user.custom_data].into_iter().chain(identities).all(|one| fits(one, &mut left))
}

/// Takes what a document needs from what is left; false where that is not enough.
fn fits(document: &Document, left: &mut usize) -> bool {
    document.iter().all(|(key, value)| take(key.len(), left) && value_fits(value, left))
}

fn value_fits(value: &Bson, left: &mut usize) -> bool {
    match value {
        Bson::Document(document) => take(FIELD_BYTES, left) && fits(document, left),
        Bson::Array(list) => {
            take(FIELD_BYTES, left) && list.iter().all(|one| value_fits(one, left))
        }
        Bson::String(text) => take(FIELD_BYTES + text.len(), left),
        Bson::Binary(binary) => take(FIELD_BYTES + binary.bytes.len(), left),
        _ => take(FIELD_BYTES, left),
    }
}

/// What a value takes beside its text.
const FIELD_BYTES: usize = 16;

fn take(bytes: usize, left: &mut usize) -> bool {
    let rest = left.checked_sub(bytes);
    *left = rest.unwrap_or_default();
    rest.is_some()
}
