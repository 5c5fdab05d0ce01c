//! A further identity for a user (docs/behaviour/users.md#sessions).

use std::{net::IpAddr, sync::Arc};

use bson::{Document, doc, oid::ObjectId};

use super::{Users, sessions::later};
use crate::{
    AuthError, AuthErrorKind, Credentials, User,
    collection::Insertion,
    custom_token::Claims,
    oauth::Shown,
    records::{IdentityRecord, Status, UserRecord, provider},
    tokens::{self, Lifetime},
};

/// A user with a further identity.
pub struct Linked {
    /// The user.
    pub user: Arc<User>,
    /// For calls; it belongs to the session of the former one.
    pub access_token: String,
    /// 24 hexadecimal digits.
    pub device_id: String,
}

impl Users {
    /// Adds the identity that credentials prove to the user of an access token.
    ///
    /// # Errors
    /// A token that is not valid, credentials that prove nobody, an identity that belongs to a
    /// user already, a user who has one of this provider.
    pub async fn link(
        &self,
        access_token: &str,
        credentials: &Credentials,
        from: IpAddr,
    ) -> Result<Linked, AuthError> {
        let (keys, now) = (self.directory.keys()?, self.directory.now());
        let access = tokens::read_access(keys, self.domain(), now, access_token)?;
        let (session, record) = self.open_session(access.session, access.user).await?;
        let provider_type = match credentials {
            Credentials::EmailPassword { .. } => provider::EMAIL_PASSWORD,
            Credentials::CustomToken(_) => provider::CUSTOM_TOKEN,
            Credentials::CustomFunction(_) => provider::CUSTOM_FUNCTION,
            Credentials::OAuth(kind, _) => kind.provider_type(),
            Credentials::Anonymous | Credentials::ApiKey(_) => {
                return Err(AuthError::bad_request("this provider cannot be linked"));
            }
        };
        check_can_link(&record, provider_type)?;
        let identity = self.claim(credentials, from, &record).await?;
        self.add_claimed(session.id, &record, identity).await
    }

    /// Adds an identity that another server has proven to the user of a session.
    pub(super) async fn link_external(
        &self,
        session: ObjectId,
        record: &UserRecord,
        provider_type: &str,
        name: &str,
        data: Document,
    ) -> Result<Linked, AuthError> {
        check_can_link(record, provider_type)?;
        let identity = self.claim_external(provider_type, name, data, record).await?;
        self.add_claimed(session, record, identity).await
    }

    /// Gives a user the identity that was claimed for them.
    async fn add_claimed(
        &self,
        session: ObjectId,
        record: &UserRecord,
        identity: IdentityRecord,
    ) -> Result<Linked, AuthError> {
        let (keys, now) = (self.directory.keys()?, self.directory.now());
        let was_anonymous = record.is_anonymous();
        let change = self.directory.change(record.id);
        let is_added = self.add_identity(record, &identity.of_user()).await?;
        drop(change);
        if !is_added {
            let filter = doc! { "_id": identity.key, "user": record.id };
            self.directory.identities.delete(filter, false).await?;
            return Err(AuthError::invalid_session("the user is gone"));
        }
        if was_anonymous {
            // The session was to end with the anonymous user, who now stays.
            let until = later(now, tokens::ANONYMOUS_REFRESH_TIME);
            let set = doc! { "$set": { "until": until } };
            self.directory.sessions.update(doc! { "_id": session }, set).await?;
        }
        let (_, record) = self.open_session(session, record.id).await?;
        let custom_data = self.custom_data(&record.id.to_hex()).await?;
        let user_type = tokens::user_type(session);
        let user = record.user(user_type, custom_data.clone().unwrap_or_default());
        let lifetime = Lifetime::new(now, self.config.access_token_time);
        let ids = (session, record.id);
        let access_token = tokens::access_token(keys, self.domain(), ids, lifetime, custom_data)?;
        let device_id = tokens::NO_DEVICE.to_owned();
        Ok(Linked { user: Arc::new(user), access_token, device_id })
    }

    /// Makes what credentials prove an identity of this user. Of several who try at once, one
    /// succeeds. A crash before the user has it is made good by the next log-in with it.
    async fn claim(
        &self,
        credentials: &Credentials,
        from: IpAddr,
        record: &UserRecord,
    ) -> Result<IdentityRecord, AuthError> {
        let (provider_type, name, data) = match credentials {
            Credentials::EmailPassword { email, password } => {
                return self.claim_email(email, password, from, record).await;
            }
            Credentials::CustomToken(token) => {
                let Claims { subject, data, .. } = self.custom_claims(token).await?;
                (provider::CUSTOM_TOKEN, subject, data)
            }
            Credentials::CustomFunction(payload) => {
                let name = self.name_by_function(payload).await?;
                (provider::CUSTOM_FUNCTION, name, Document::new())
            }
            Credentials::OAuth(kind, proof) => {
                let (name, data) = self.identify(*kind, Shown::Proof(proof), from).await?;
                (kind.provider_type(), name, data)
            }
            Credentials::Anonymous | Credentials::ApiKey(_) => return Err(taken()),
        };
        self.claim_external(provider_type, &name, data, record).await
    }

    async fn claim_external(
        &self,
        provider_type: &str,
        name: &str,
        data: Document,
        record: &UserRecord,
    ) -> Result<IdentityRecord, AuthError> {
        super::external::check_external_name(name)?;
        let now = self.directory.now();
        let mut identity = IdentityRecord::new(self.domain(), provider_type, name, record.id, now);
        identity.data = data;
        identity.user_exists = true;
        match self.directory.identities.insert(&identity.document()).await? {
            Insertion::Done => Ok(identity),
            Insertion::Exists => match self.identity(provider_type, name).await? {
                Some(held) => self.take_over(&held, record).await,
                None => Err(taken()),
            },
        }
    }

    async fn claim_email(
        &self,
        email: &str,
        password: &str,
        from: IpAddr,
        record: &UserRecord,
    ) -> Result<IdentityRecord, AuthError> {
        self.check_log_in(email, password)?;
        let held = self.right_password(email, password, from).await?;
        let held = held.ok_or_else(AuthError::invalid_password)?;
        if held.status == Status::Pending {
            return Err(AuthError::new(AuthErrorKind::AuthError, "confirmation required"));
        }
        self.take_over(&held, record).await
    }

    /// Gives an identity to a user whose own user was never made: nobody has logged in with it.
    async fn take_over(
        &self,
        held: &IdentityRecord,
        record: &UserRecord,
    ) -> Result<IdentityRecord, AuthError> {
        let filter = doc! {
            "_id": held.key,
            "user": held.user,
            "user_exists": false,
        };
        let set = doc! { "$set": { "user": record.id, "user_exists": true } };
        let taken_over = self.directory.identities.modify(filter, set).await?;
        let identity = taken_over.map(IdentityRecord::read).transpose()?;
        identity.ok_or_else(taken)
    }
}

/// Refuses a further identity of a provider, and any for those who come with an API key.
pub(super) fn check_can_link(record: &UserRecord, provider_type: &str) -> Result<(), AuthError> {
    let has_it = record.identities.iter().any(|own| own.provider_type == provider_type);
    if has_it || record.user_type == crate::UserType::Server {
        return Err(AuthError::bad_request("the user has an identity of this provider"));
    }
    Ok(())
}

fn taken() -> AuthError {
    AuthError::bad_request("the identity belongs to a user already")
}
