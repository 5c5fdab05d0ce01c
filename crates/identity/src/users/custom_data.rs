//! What the app knows of a user (docs/behaviour/users.md#custom-user-data).

use std::sync::Arc;

use bson::{Bson, Document, doc, oid::ObjectId};

use super::Users;
use crate::{AuthError, User, collection::Collection};

impl Users {
    /// The same user with the custom data that the app has of them now.
    ///
    /// # Errors
    /// A store that does not answer.
    pub async fn with_custom_data(&self, user: Arc<User>) -> Result<Arc<User>, AuthError> {
        let custom_data = self.custom_data(&user.id).await?.unwrap_or_default();
        if custom_data == user.custom_data {
            return Ok(user);
        }
        Ok(Arc::new(User { custom_data, ..User::clone(&user) }))
    }

    /// The document about a user. One that names the user by text counts before one that does so
    /// by an ObjectId, and an older one before a younger one.
    pub(super) async fn custom_data(&self, user: &str) -> Result<Option<Document>, AuthError> {
        let Some(place) = &self.config.custom_user_data else { return Ok(None) };
        let collection = Collection::new(&place.store, &place.database, &place.collection);
        let by = |id: Bson| collection.find_one(doc! { &place.user_id_field: id });
        if let Some(document) = by(user.into()).await? {
            return Ok(Some(document));
        }
        match ObjectId::parse_str(user) {
            Ok(id) => Ok(by(id.into()).await?),
            Err(_) => Ok(None),
        }
    }
}
