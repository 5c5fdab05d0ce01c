//! The users of an app: checking who somebody is.

mod api_keys;
mod browser;
mod custom_data;
mod custom_token;
mod email_password;
mod external;
mod first_log_in;
mod link;
mod oauth;
mod operator;
mod password;
mod proofs;
mod reset;
mod sessions;
mod transfer;

use std::{collections::BTreeMap, net::IpAddr, sync::Arc, time::Duration};

use aws_lc_rs::hmac;
use bson::{Document, oid::ObjectId};

use crate::{
    AppFunctions, AuthError, Credentials, Directory, OAuthKind, User, UserType, UsersConfig,
    custom_token::{Jwks, Kind},
    oauth::Shown,
    records::{UserRecord, provider},
    throttle::Asker,
};

pub use api_keys::{ApiKey, NewApiKey};
pub use browser::{Admitted, Arrival, Departure, Return, Way};
pub use email_password::{Link, Registration};
pub use link::Linked;
pub use transfer::{ImportReport, ListedUser};

use proofs::Proofs;
use sessions::AccessTokens;

/// The users of an app.
pub struct Users {
    config: UsersConfig,
    directory: Arc<Directory>,
    functions: Arc<dyn AppFunctions>,
    proofs: Proofs,
    access_tokens: AccessTokens,
    /// The keys that another server publishes for custom tokens.
    jwks: Option<Arc<Jwks>>,
    /// The keys that Google and Apple publish for OpenID Connect tokens.
    oauth_keys: BTreeMap<OAuthKind, Arc<Jwks>>,
}

/// A new session.
pub struct LogIn {
    /// The user.
    pub user: Arc<User>,
    /// For calls.
    pub access_token: String,
    /// For further access tokens.
    pub refresh_token: String,
    /// 24 hexadecimal digits.
    pub device_id: String,
}

/// Somebody who has proven who they are.
#[derive(Clone)]
struct Proven {
    record: Arc<UserRecord>,
    provider_type: &'static str,
    /// The id of the identity that was proven.
    identity: String,
    user_type: UserType,
    /// The version of the password that was proven.
    password_version: i64,
    api_key: Option<ObjectId>,
    /// When the proof itself expires, in seconds since 1970.
    expires_s: Option<f64>,
}

impl Proven {
    /// Whether what was proven is still true of the user.
    fn still_holds(&self, record: &UserRecord) -> bool {
        let is_password = self.provider_type == provider::EMAIL_PASSWORD;
        !record.disabled
            && (!is_password || record.password_version == self.password_version)
            && self.api_key.is_none_or(|key| record.has_api_key(key))
    }
}

impl Users {
    /// The users of an app, over the directory that lasts.
    pub fn new(
        config: UsersConfig,
        directory: Arc<Directory>,
        functions: Arc<dyn AppFunctions>,
    ) -> Self {
        let (proofs, access_tokens) = (Proofs::new(), AccessTokens::new());
        let keys = config.providers.custom_token.as_ref().and_then(|token| token.keys.as_ref());
        let jwks = match keys.map(|keys| &keys.0) {
            Some(Kind::Jwks(uri)) => Some(Jwks::new(uri)),
            _ => None,
        };
        let keys_of = config.providers.oauth.iter().filter_map(|(kind, provider)| {
            let url = &provider.server.jwks_url;
            (!url.is_empty()).then(|| (*kind, Jwks::new(url)))
        });
        let oauth_keys = keys_of.collect();
        Self { config, directory, functions, proofs, access_tokens, jwks, oauth_keys }
    }

    /// The user whom credentials prove, without a session: for the headers of a request.
    /// `create` says whether a valid token of an unknown user makes a new one.
    ///
    /// # Errors
    /// Credentials that prove nobody, and whatever keeps them from being checked.
    pub async fn by_credentials(
        &self,
        credentials: &Credentials,
        from: IpAddr,
        create: bool,
    ) -> Result<Arc<User>, AuthError> {
        let proven = self.prove(credentials, from, create).await?;
        Ok(Arc::new(proven.record.user(proven.user_type, Document::new())))
    }

    /// The user of this id.
    ///
    /// # Errors
    /// No such user, one who is disabled, or a store that does not answer.
    pub async fn by_id(&self, id: &str) -> Result<Arc<User>, AuthError> {
        let id = ObjectId::parse_str(id).map_err(|_| AuthError::user_not_found())?;
        let record = self.existing(id, self.config.revocation_delay).await?;
        let record = record.ok_or_else(AuthError::user_not_found)?;
        if record.disabled {
            return Err(AuthError::user_disabled());
        }
        Ok(Arc::new(record.user(record.user_type, Document::new())))
    }

    /// Who credentials prove. A disabled user is refused here.
    async fn prove(
        &self,
        credentials: &Credentials,
        from: IpAddr,
        create: bool,
    ) -> Result<Proven, AuthError> {
        let asker = self.asker(credentials, from);
        if let Some(proven) = self.proven_lately(credentials, asker.as_ref()).await? {
            return Ok(proven);
        }
        let anew = self.prove_anew(credentials, asker.as_ref(), from, create);
        match asker.as_ref().and_then(|asker| self.flight(credentials, asker)) {
            Some(flight) => flight.answer(anew).await,
            None => anew.await,
        }
    }

    async fn prove_anew(
        &self,
        credentials: &Credentials,
        asker: Option<&Asker>,
        from: IpAddr,
        create: bool,
    ) -> Result<Proven, AuthError> {
        let proven = match credentials {
            Credentials::Anonymous => self.prove_nobody(from, create).await?,
            Credentials::EmailPassword { email, password } => {
                self.prove_password(email, password, from).await?
            }
            Credentials::ApiKey(key) => self.prove_api_key(key).await?,
            Credentials::CustomToken(token) => self.prove_custom_token(token, create).await?,
            Credentials::CustomFunction(payload) => self.prove_by_function(payload, create).await?,
            Credentials::OAuth(kind, proof) => {
                self.prove_oauth(*kind, Shown::Proof(proof), from, create).await?
            }
        };
        if proven.record.disabled {
            return Err(AuthError::user_disabled());
        }
        self.remember(credentials, asker, &proven);
        Ok(proven)
    }

    /// A user of this app who exists, as the record was so long ago at most.
    async fn existing(
        &self,
        id: ObjectId,
        age_max: Duration,
    ) -> Result<Option<Arc<UserRecord>>, AuthError> {
        let record = self.directory.user(id, age_max).await?;
        let exists =
            |record: &Arc<UserRecord>| record.exists(&self.config.domain_id, self.directory.now());
        Ok(record.filter(exists))
    }

    fn domain(&self) -> &str {
        &self.config.domain_id
    }
}

/// A digest of texts under a key, which says nothing about them without it.
fn keyed_digest(key: &hmac::Key, parts: &[&str]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(&(part.len() as u64).to_le_bytes());
        context.update(part.as_bytes());
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(context.sign().as_ref());
    digest
}
