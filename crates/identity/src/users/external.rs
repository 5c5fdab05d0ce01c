//! Users whom others know: the app's own function, the signer of a token, nobody at all.

use std::net::IpAddr;

use bson::{Bson, Document};

use super::{Proven, Users, password::check_name};
use crate::{
    AuthError, AuthErrorKind, ExtendedJson, UserType, random,
    records::{IdentityRecord, UserIdentity, UserRecord, provider},
};

/// How often a log-in begins anew that meets the removal of the same user.
const ATTEMPTS_MAX: usize = 4;

impl Users {
    /// A new anonymous user.
    pub(super) async fn prove_nobody(
        &self,
        from: IpAddr,
        create: bool,
    ) -> Result<Proven, AuthError> {
        if !self.config.providers.anonymous {
            return Err(AuthError::provider_not_found(provider::ANONYMOUS));
        }
        if !create {
            return Err(AuthError::invalid_session("an anonymous user has to log in"));
        }
        self.directory.throttle.new_user(from).await?;
        let identity = UserIdentity {
            key: None,
            id: random::anonymous_identity()?,
            provider_type: provider::ANONYMOUS.to_owned(),
            data: Document::new(),
        };
        let (id, now) = (random::object_id()?, self.directory.now());
        let record = UserRecord::new(id, self.domain(), identity.clone(), now);
        self.insert(&record).await?;
        Ok(Proven {
            record: record.into(),
            provider_type: provider::ANONYMOUS,
            identity: identity.id,
            user_type: UserType::Normal,
            password_version: 0,
            api_key: None,
            expires_s: None,
        })
    }

    /// Who the app's own function says that it is (docs/behaviour/users.md#custom-functions).
    pub(super) async fn prove_by_function(
        &self,
        payload: &ExtendedJson,
        create: bool,
    ) -> Result<Proven, AuthError> {
        let name = self.name_by_function(payload).await?;
        self.prove_external(provider::CUSTOM_FUNCTION, &name, Document::new(), create).await
    }

    /// What the app's own function calls the user.
    pub(super) async fn name_by_function(
        &self,
        payload: &ExtendedJson,
    ) -> Result<String, AuthError> {
        let function = self.config.providers.custom_function.as_ref();
        let function =
            function.ok_or_else(|| AuthError::provider_not_found(provider::CUSTOM_FUNCTION))?;
        let call = self.functions.call(function, payload.clone().into_array());
        let result = call
            .await
            .map_err(|failure| AuthError::of_function(function, failure, AuthError::thrown))?;
        external_id(result).ok_or_else(|| {
            AuthError::new(AuthErrorKind::AuthError, "authentication failed").with_detail(format!(
                "the function {function} returned neither a string nor an object with an id"
            ))
        })
    }

    /// The user whom a provider knows by a name, with what it knows of them now.
    pub(super) async fn prove_external(
        &self,
        provider_type: &'static str,
        name: &str,
        data: Document,
        create: bool,
    ) -> Result<Proven, AuthError> {
        check_external_name(name)?;
        for _ in 0..ATTEMPTS_MAX {
            let Some(mut identity) = self.known(provider_type, name, &data, create).await? else {
                break;
            };
            identity.data.clone_from(&data);
            if let Some(record) = self.user_of(&identity, create).await? {
                return Ok(Proven {
                    record,
                    provider_type,
                    identity: identity.id,
                    user_type: UserType::Normal,
                    password_version: 0,
                    api_key: None,
                    expires_s: None,
                });
            }
        }
        Err(AuthError::invalid_session("there is no such user"))
    }

    /// What is kept of a name; where nothing is, it is made if `create` says so.
    async fn known(
        &self,
        provider_type: &str,
        name: &str,
        data: &Document,
        create: bool,
    ) -> Result<Option<IdentityRecord>, AuthError> {
        if let Some(identity) = self.identity(provider_type, name).await? {
            return Ok(Some(identity));
        }
        if !create {
            return Ok(None);
        }
        let (user, now) = (random::object_id()?, self.directory.now());
        let mut identity = IdentityRecord::new(self.domain(), provider_type, name, user, now);
        identity.data.clone_from(data);
        self.directory.identities.insert(&identity.document()).await?;
        // Another log-in may have been faster.
        self.identity(provider_type, name).await
    }
}

/// Refuses a name of a provider that is empty or too long.
pub(super) fn check_external_name(name: &str) -> Result<(), AuthError> {
    check_name(name).map_err(|_| {
        AuthError::new(AuthErrorKind::AuthError, "authentication failed")
            .with_detail("the id of the user is empty or too long")
    })
}

/// The id in what the app's function returned: the string itself, or that of an object.
fn external_id(result: Option<Bson>) -> Option<String> {
    match result? {
        Bson::String(id) => Some(id),
        Bson::ObjectId(id) => Some(id.to_hex()),
        Bson::Document(mut document) => match document.remove("id")? {
            Bson::String(id) => Some(id),
            Bson::ObjectId(id) => Some(id.to_hex()),
            _ => None,
        },
        _ => None,
    }
}
