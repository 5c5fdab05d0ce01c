//! Sessions: their begin, their tokens and their end (docs/behaviour/users.md#sessions).

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bson::{DateTime, Document, doc, oid::ObjectId};

use super::{LogIn, Proven, Users};
use crate::{
    AuthError, Credentials, User, UserType, digest,
    recent::Recent,
    records::{IdentityRecord, SessionRecord, UserIdentity, UserRecord, provider},
    throttle::network_of,
    tokens::{self, Access, Lifetime},
};

/// How much memory is spent on tokens that were checked, and how much of it one needs at least.
const TOKENS_BYTES_MAX: usize = 16 << 20;
const TOKEN_BYTES_MIN: usize = 1 << 10;

/// Access tokens that were valid when they were checked, by their digests. What is in them cannot
/// change; whether they have expired and what has become of the user is looked at every time.
pub(super) struct AccessTokens {
    recent: Recent<[u8; 32], Arc<Checked>>,
}

struct Checked {
    access: Access,
    user_type: UserType,
    /// The user, made of the record and what the token says.
    user: Mutex<Option<(Arc<UserRecord>, Arc<User>)>>,
}

impl AccessTokens {
    pub(super) fn new() -> Self {
        Self { recent: Recent::new(TOKENS_BYTES_MAX) }
    }
}

impl Checked {
    /// The user as of this record; the same one as before where the record is the same.
    fn user(&self, record: Arc<UserRecord>) -> Arc<User> {
        let mut held = self.user.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((former, user)) = &*held
            && Arc::ptr_eq(former, &record)
        {
            return Arc::clone(user);
        }
        let custom_data = self.access.custom_data.clone().unwrap_or_default();
        let user = Arc::new(record.user(self.user_type, custom_data));
        *held = Some((record, Arc::clone(&user)));
        user
    }
}

impl Users {
    /// The user whom an access token names, with the custom data that the token holds.
    ///
    /// # Errors
    /// A token that is not valid, a user who is disabled or gone, a store that does not answer.
    pub async fn by_access_token(&self, token: &str) -> Result<Arc<User>, AuthError> {
        let checked = self.checked(token)?;
        let record = self.existing(checked.access.user, self.config.revocation_delay).await?;
        let record = record.ok_or_else(|| AuthError::invalid_session("the user is gone"))?;
        if record.disabled {
            return Err(AuthError::invalid_session("the user is disabled"));
        }
        Ok(checked.user(record))
    }

    /// The access token, checked now or lately.
    fn checked(&self, token: &str) -> Result<Arc<Checked>, AuthError> {
        if token.len() > crate::jwt::TOKEN_BYTES_MAX {
            return Err(AuthError::invalid_session("the token is too long"));
        }
        let (digest, now) = (digest::sha256(token.as_bytes()), self.directory.now());
        if let Some(checked) = self.access_tokens.recent.get(&digest) {
            if checked.access.expires_s > tokens::seconds(now) {
                return Ok(checked);
            }
            self.access_tokens.recent.remove(&digest);
            return Err(AuthError::invalid_session("the token has expired"));
        }
        let access = tokens::read_access(self.directory.keys()?, self.domain(), now, token)?;
        let user_type = tokens::user_type(access.session);
        let checked = Arc::new(Checked { access, user_type, user: Mutex::new(None) });
        let weight = TOKEN_BYTES_MIN + 4 * token.len();
        self.access_tokens.recent.insert(digest, Arc::clone(&checked), weight);
        Ok(checked)
    }

    /// Logs somebody in: a new session.
    ///
    /// # Errors
    /// Credentials that prove nobody, and whatever keeps them from being checked; too many
    /// sessions from the same address.
    pub async fn log_in(
        &self,
        credentials: &Credentials,
        from: IpAddr,
    ) -> Result<LogIn, AuthError> {
        self.check_room_for_session(from)?;
        let proven = self.prove(credentials, from, true).await?;
        self.begin_session(&proven, from).await
    }

    /// Refuses a log-in where too many sessions have begun lately. To be called before anything
    /// is made of it, such as a user.
    pub(super) fn check_room_for_session(&self, from: IpAddr) -> Result<(), AuthError> {
        self.directory.new_sessions.check(network_of(from), Instant::now())
    }

    pub(super) async fn begin_session(
        &self,
        proven: &Proven,
        from: IpAddr,
    ) -> Result<LogIn, AuthError> {
        self.directory.new_sessions.count(network_of(from), Instant::now());
        let (keys, now) = (self.directory.keys()?, self.directory.now());
        let record = &proven.record;
        let custom_data = self.custom_data(&record.id.to_hex()).await?;
        let refresh_time = self.refresh_time(record);
        let is_password = proven.provider_type == provider::EMAIL_PASSWORD;
        let session = SessionRecord {
            id: tokens::session_id(proven.user_type)?,
            domain: self.domain().to_owned(),
            user: record.id,
            created: now,
            until: record.end().unwrap_or_else(|| later(now, refresh_time)),
            password_version: is_password.then_some(proven.password_version),
            api_key: proven.api_key,
        };
        let ids = (session.id, record.id);
        let user = record.user(proven.user_type, custom_data.clone().unwrap_or_default());
        let access = Lifetime::new(now, self.config.access_token_time);
        let access_token = tokens::access_token(keys, self.domain(), ids, access, custom_data)?;
        let identity = (proven.provider_type, proven.identity.as_str());
        let refresh = Lifetime::new(now, refresh_time);
        let refresh_token = tokens::refresh_token(keys, self.domain(), ids, refresh, identity)?;
        self.directory.sessions.insert(&session.document()).await?;
        // The state of the user does not depend on it, so that nobody has to read it anew.
        let set = doc! { "$max": { "last_log_in": now } };
        self.directory.users.update(doc! { "_id": record.id }, set).await?;
        let device_id = tokens::NO_DEVICE.to_owned();
        Ok(LogIn { user: Arc::new(user), access_token, refresh_token, device_id })
    }

    /// A further access token for a session, with the custom data of now.
    ///
    /// # Errors
    /// A token that is not valid, a session that is over, a user who is disabled or gone.
    pub async fn refresh(&self, refresh_token: &str) -> Result<String, AuthError> {
        let (session, record) = self.session(refresh_token).await?;
        let custom_data = self.custom_data(&record.id.to_hex()).await?;
        let (keys, ids) = (self.directory.keys()?, (session.id, record.id));
        let lifetime = Lifetime::new(self.directory.now(), self.config.access_token_time);
        tokens::access_token(keys, self.domain(), ids, lifetime, custom_data)
    }

    /// The user whom a refresh token names: for the routes that take one instead of an access
    /// token. Without custom data.
    ///
    /// # Errors
    /// A token that is not valid, a session that is over, a user who is disabled or gone.
    pub async fn by_refresh_token(&self, refresh_token: &str) -> Result<Arc<User>, AuthError> {
        let (session, record) = self.session(refresh_token).await?;
        Ok(Arc::new(record.user(tokens::user_type(session.id), Document::new())))
    }

    /// The session of a refresh token and its user, as they are now.
    pub(super) async fn session(
        &self,
        refresh_token: &str,
    ) -> Result<(SessionRecord, Arc<UserRecord>), AuthError> {
        let (keys, now) = (self.directory.keys()?, self.directory.now());
        let refresh = tokens::read_refresh(keys, self.domain(), now, refresh_token)?;
        self.open_session(refresh.session, refresh.user).await
    }

    /// A session that is not over, and its user, as they are now.
    pub(super) async fn open_session(
        &self,
        id: ObjectId,
        user: ObjectId,
    ) -> Result<(SessionRecord, Arc<UserRecord>), AuthError> {
        let invalid = |why: &str| AuthError::invalid_session(why);
        let now = self.directory.now();
        let session = self.directory.sessions.find_one(doc! { "_id": id }).await?;
        let session = session.map(SessionRecord::read).transpose()?;
        let is_it = |session: &SessionRecord| {
            session.domain == self.domain() && session.user == user && session.until > now
        };
        let session = session.filter(is_it).ok_or_else(|| invalid("the session is over"))?;
        let record = self.existing(session.user, Duration::ZERO).await?;
        let record = record.ok_or_else(|| invalid("the user is gone"))?;
        if record.disabled {
            return Err(invalid("the user is disabled"));
        }
        if !self.has_password(&record, session.password_version).await? {
            return Err(invalid("the password has changed since the session began"));
        }
        if session.api_key.is_some_and(|key| !record.has_api_key(key)) {
            return Err(invalid("the API key of the session is disabled or gone"));
        }
        Ok((session, record))
    }

    /// Whether a session that began with a password of this version still counts. The identity
    /// decides: what the user's own document knows may be older after a crash.
    async fn has_password(
        &self,
        record: &UserRecord,
        version: Option<i64>,
    ) -> Result<bool, AuthError> {
        let Some(version) = version else { return Ok(true) };
        let is_it = |own: &&UserIdentity| own.provider_type == provider::EMAIL_PASSWORD;
        let Some(key) = record.identities.iter().find(is_it).and_then(|own| own.key) else {
            return Ok(false);
        };
        let identity = self.directory.identities.find_one(doc! { "_id": key }).await?;
        let identity = identity.map(IdentityRecord::read).transpose()?;
        Ok(identity.is_some_and(|identity| {
            identity.user == record.id && identity.password_version == version
        }))
    }

    /// Ends a session. Access tokens of it stay valid until they expire.
    ///
    /// # Errors
    /// A token that is not valid, a session that is over already, a store that does not answer.
    pub async fn log_out(&self, refresh_token: &str) -> Result<(), AuthError> {
        let now = self.directory.now();
        let keys = self.directory.keys()?;
        // Clients look for this text.
        let unknown = |detail: Option<String>| AuthError {
            message: "failed to find refresh token".to_owned(),
            ..AuthError::invalid_session(detail.unwrap_or_else(|| "no such session".to_owned()))
        };
        let refresh = tokens::read_refresh(keys, self.domain(), now, refresh_token)
            .map_err(|error| unknown(error.detail))?;
        let session = doc! {
            "_id": refresh.session,
            "domain": self.domain(),
            "user": refresh.user,
        };
        match self.directory.sessions.delete(session, false).await? {
            0 => Err(unknown(None)),
            _ => Ok(()),
        }
    }

    fn refresh_time(&self, record: &UserRecord) -> Duration {
        if record.is_anonymous() {
            return tokens::ANONYMOUS_REFRESH_TIME;
        }
        self.config.refresh_token_time
    }
}

pub(super) fn later(time: DateTime, by: Duration) -> DateTime {
    let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    DateTime::from_millis(time.timestamp_millis().saturating_add(by))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_id_says_whether_it_began_with_an_api_key() {
        for user_type in [UserType::Normal, UserType::Server] {
            let id: ObjectId = tokens::session_id(user_type).unwrap();
            assert_eq!(tokens::user_type(id), user_type);
        }
    }
}
