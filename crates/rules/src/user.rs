//! `%%user`, as conditions see it.

use bson::{Bson, Document, RawDocumentBuf, doc};

/// Who a provider says that a user is.
#[derive(Clone, Copy)]
pub struct UserIdentity<'a> {
    /// What the provider calls them.
    pub id: &'a str,
    /// Such as `local-userpass`.
    pub provider_type: &'a str,
    /// What the provider knows.
    pub data: &'a Document,
}

/// `%%user`. The system user has no `id` and is of the type `system`.
///
/// Identities have `provider_type` as in functions, and `providerType` as in the manual of
/// expressions.
pub fn user_document<'a>(
    id: Option<&str>,
    user_type: &str,
    data: &Document,
    custom_data: &Document,
    identities: impl IntoIterator<Item = UserIdentity<'a>>,
) -> RawDocumentBuf {
    let identity = |identity: UserIdentity<'_>| {
        Bson::from(doc! {
            "id": identity.id,
            "provider_type": identity.provider_type,
            "providerType": identity.provider_type,
            "data": identity.data.clone(),
        })
    };
    let mut user = Document::new();
    user.extend(id.map(|id| ("id".to_owned(), id.into())));
    user.insert("type", user_type);
    user.insert("data", data.clone());
    user.insert("custom_data", custom_data.clone());
    user.insert("identities", identities.into_iter().map(identity).collect::<Vec<_>>());
    // Only a name with a zero byte fails, which none has that came as BSON or JSON of a store.
    RawDocumentBuf::try_from(&user).unwrap_or_default()
}
