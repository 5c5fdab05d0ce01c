//! Registration and confirmation (docs/behaviour/users.md#email-and-password).

use std::{net::IpAddr, time::Duration};

use bson::{Bson, DateTime, Document, doc, oid::ObjectId};

use super::{
    Users,
    password::{check_name, check_password},
    sessions::later,
};
use crate::{
    AuthError, AuthErrorKind, ExtendedJson,
    collection::Insertion,
    digest, random,
    records::{ASKED_UNTIL, IdentityRecord, Status, provider},
    shares::Whose,
};

/// How long a link is valid.
const LINK_TIME: Duration = Duration::from_mins(30);
/// How many links of one kind are valid for one user at the same time.
const LINKS_MAX: i32 = 10;
/// How long a name is taken by a registration of which the app's function has said nothing.
const ASKED_TIME: Duration = Duration::from_mins(10);

/// What a link carries. There is no `Debug`: whoever has it is taken to be the user.
pub struct Link {
    /// What the link calls `tokenId`.
    pub token_id: String,
    /// What the link calls `token`.
    pub token: String,
}

/// A new user with an email address.
pub struct Registration {
    /// Whether the user may log in.
    pub is_confirmed: bool,
    /// What is to be sent to the address, where a page of the app confirms users.
    pub link: Option<Link>,
}

/// What a link is for: the field that holds the hashes of the tokens.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    Confirmation,
    Reset,
}

/// What the app's function decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Success,
    Pending,
}

impl Purpose {
    pub(super) fn field(self) -> &'static str {
        match self {
            Self::Confirmation => "confirmations",
            Self::Reset => "resets",
        }
    }
}

impl Users {
    /// Registers an email address with a password.
    ///
    /// # Errors
    /// An address that is taken, a password that is too short or too long, a function of the app
    /// that refuses.
    pub async fn register(
        &self,
        email: &str,
        password: &str,
        from: IpAddr,
    ) -> Result<Registration, AuthError> {
        let provider = self.email_password()?;
        let whose = self.directory.throttle.new_user(from).await?;
        let function = provider.confirmation_function.as_ref();
        let is_automatic = provider.auto_confirm && function.is_none();
        // Who registers may leave before the function has answered: nobody keeps a name by that.
        let asked_until = function.map(|_| later(self.directory.now(), ASKED_TIME));
        let prepare = |identity: &mut IdentityRecord| {
            identity.status = if is_automatic { Status::Confirmed } else { Status::Pending };
            identity.asked_until = asked_until;
        };
        let identity = self.reserve(email, password, whose, prepare).await?;
        if is_automatic {
            return Ok(Registration { is_confirmed: true, link: None });
        }
        let link = self.new_link(identity.key, Purpose::Confirmation).await?;
        let Some(function) = function else {
            return Ok(Registration { is_confirmed: false, link: Some(link) });
        };
        let own = doc! { "_id": identity.key, "user": identity.user };
        match self.ask_to_confirm(function, email, link).await {
            Ok(Decision::Success) => {
                self.confirm_identity(own).await?;
                Ok(Registration { is_confirmed: true, link: None })
            }
            Ok(Decision::Pending) => {
                let unset = doc! { "$unset": { ASKED_UNTIL: "" } };
                self.directory.identities.update(own, unset).await?;
                Ok(Registration { is_confirmed: false, link: None })
            }
            Err(error) => {
                // The address may be used again, unless somebody has confirmed it meanwhile.
                let mut filter = own;
                filter.insert("status", Status::Pending.name());
                self.directory.identities.delete(filter, false).await?;
                Err(error)
            }
        }
    }

    /// Makes a user with an email address, as operators do: confirmed, whatever the app says.
    /// Answers the id.
    ///
    /// # Errors
    /// An address that is taken, a password that is too short or too long.
    pub async fn create(&self, email: &str, password: &str) -> Result<String, AuthError> {
        let identity = self.reserve(email, password, Whose::OF_NOBODY, |_| ()).await?;
        match self.user_of(&identity, true).await {
            Ok(Some(record)) => Ok(record.id.to_hex()),
            Ok(None) => Err(AuthError::internal("the user was deleted at once")),
            Err(error) => {
                let filter =
                    doc! { "_id": identity.key, "user": identity.user, "user_exists": false };
                self.directory.identities.delete(filter, false).await?;
                Err(error)
            }
        }
    }

    /// Takes an email address for a new user. Of several who try at once, one succeeds.
    async fn reserve(
        &self,
        email: &str,
        password: &str,
        whose: Whose,
        prepare: impl FnOnce(&mut IdentityRecord),
    ) -> Result<IdentityRecord, AuthError> {
        check_name(email)?;
        check_password(password)?;
        self.check_free(email).await?;
        let hash = self.directory.passwords.hash(password, whose).await?;
        let ids = (random::object_id()?, random::object_id()?);
        let now = self.directory.now();
        let mut identity =
            IdentityRecord::with_password(self.domain(), email, ids, Some(hash), now);
        prepare(&mut identity);
        match self.directory.identities.insert(&identity.document()).await? {
            Insertion::Done => Ok(identity),
            Insertion::Exists => Err(name_in_use()),
        }
    }

    /// Refuses an address that somebody has.
    async fn check_free(&self, email: &str) -> Result<(), AuthError> {
        let Some(identity) = self.identity(provider::EMAIL_PASSWORD, email).await? else {
            return Ok(());
        };
        // What a deletion has left behind is removed here, and the address is free.
        if identity.user_exists && self.user_of(&identity, false).await?.is_none() {
            return Ok(());
        }
        if identity.is_left(self.directory.now()) {
            let filter = doc! {
                "_id": identity.key,
                "user": identity.user,
                "status": Status::Pending.name(),
            };
            self.directory.identities.delete(filter, false).await?;
            return Ok(());
        }
        Err(name_in_use())
    }

    /// Confirms the user who got a link.
    ///
    /// # Errors
    /// A token that is wrong, used or too old.
    pub async fn confirm(&self, token_id: &str, token: &str) -> Result<(), AuthError> {
        self.email_password()?;
        let filter = self.of_link(token_id, token, Purpose::Confirmation)?;
        match self.confirm_identity(filter).await? {
            true => Ok(()),
            false => Err(invalid_link()),
        }
    }

    /// Confirms a user by the word of the operator.
    ///
    /// # Errors
    /// No such user, one who is confirmed already.
    pub async fn confirm_by_operator(&self, email: &str) -> Result<(), AuthError> {
        let identity = self.pending(email).await?;
        self.confirm_identity(doc! { "_id": identity.key }).await?;
        Ok(())
    }

    /// What is to be sent to a user once more, so that they can confirm their address.
    ///
    /// # Errors
    /// No such user, one who is confirmed already, a provider that confirms otherwise.
    pub async fn new_confirmation_link(&self, email: &str) -> Result<Link, AuthError> {
        let provider = self.email_password()?;
        if provider.confirmation_function.is_some() {
            return Err(AuthError::bad_request("please use confirmation via function"));
        }
        if provider.auto_confirm {
            return Err(automatic(email));
        }
        let identity = self.pending(email).await?;
        self.new_link_for_anybody(identity.key, Purpose::Confirmation).await
    }

    /// Runs the app's function for a user who waits for confirmation.
    ///
    /// # Errors
    /// No such user, one who is confirmed already, a function that refuses or that there is not.
    pub async fn run_confirmation(&self, email: &str) -> Result<(), AuthError> {
        let provider = self.email_password()?;
        let Some(function) = &provider.confirmation_function else {
            return Err(match provider.auto_confirm {
                true => automatic(email),
                false => AuthError::bad_request(format!(
                    "cannot run confirmation for {email}: no confirmation function is set"
                )),
            });
        };
        let identity = self.pending(email).await?;
        let link = self.new_link_for_anybody(identity.key, Purpose::Confirmation).await?;
        if self.ask_to_confirm(function, email, link).await? == Decision::Success {
            self.confirm_identity(doc! { "_id": identity.key }).await?;
        }
        Ok(())
    }

    /// What the app's function says of a new user.
    async fn ask_to_confirm(
        &self,
        function: &str,
        email: &str,
        link: Link,
    ) -> Result<Decision, AuthError> {
        let Link { token_id, token } = link;
        let argument = doc! { "token": token, "tokenId": token_id, "username": email };
        let message = format!("failed to confirm user {email:?}");
        self.decision(function, ExtendedJson::from(argument).into_array(), message).await
    }

    /// What a function of the app decides: only what it says clearly is not a refusal.
    pub(super) async fn decision(
        &self,
        function: &str,
        arguments: ExtendedJson,
        refusal: String,
    ) -> Result<Decision, AuthError> {
        let refused = AuthError::bad_request(refusal);
        let result = match self.functions.call(function, arguments).await {
            Ok(result) => result,
            Err(failure) => {
                return Err(AuthError::of_function(function, failure, |message| {
                    refused.with_detail(format!("{function}: {message}"))
                }));
            }
        };
        let status = result.as_ref().and_then(Bson::as_document);
        match status.and_then(|result| result.get_str("status").ok()) {
            Some("success") => Ok(Decision::Success),
            Some("pending") => Ok(Decision::Pending),
            _ => Err(refused.with_detail(format!("{function} did not return a success"))),
        }
    }

    async fn confirm_identity(&self, mut filter: Document) -> Result<bool, AuthError> {
        filter.insert("domain", self.domain());
        filter.insert("status", Status::Pending.name());
        let update = doc! {
            "$set": { "status": Status::Confirmed.name() },
            "$unset": { Purpose::Confirmation.field(): "", ASKED_UNTIL: "" },
        };
        Ok(self.directory.identities.update(filter, update).await?)
    }

    /// The identity of a user who waits for confirmation.
    async fn pending(&self, email: &str) -> Result<IdentityRecord, AuthError> {
        let identity = self.identity(provider::EMAIL_PASSWORD, email).await?;
        // Nobody has registered as long as the app's function has not said so.
        let identity = identity.filter(|identity| identity.asked_until.is_none());
        let identity = identity.ok_or_else(AuthError::user_not_found)?;
        match identity.status {
            Status::Pending => Ok(identity),
            Status::Confirmed => {
                Err(AuthError::new(AuthErrorKind::UserAlreadyConfirmed, "already confirmed"))
            }
        }
    }

    /// Makes a link for an identity that anybody may ask for, until as many are valid as there may
    /// be: nobody can have mails sent to others without end.
    pub(super) async fn new_link_for_anybody(
        &self,
        key: ObjectId,
        purpose: Purpose,
    ) -> Result<Link, AuthError> {
        let field = purpose.field();
        let (identities, now) = (&self.directory.identities, self.directory.now());
        let pull = doc! { "$pull": { field: { "until": { "$lte": now } } } };
        identities.update(doc! { "_id": key }, pull).await?;
        let last = format!("{field}.{}", LINKS_MAX - 1);
        let has_room = doc! { "_id": key, last: { "$exists": false } };
        match self.push_link(has_room, key, purpose).await? {
            Some(link) => Ok(link),
            None => Err(AuthError::too_many_requests("too many links are valid for this user")),
        }
    }

    /// Makes a link for an identity. The oldest of too many gives way.
    pub(super) async fn new_link(
        &self,
        key: ObjectId,
        purpose: Purpose,
    ) -> Result<Link, AuthError> {
        let link = self.push_link(doc! { "_id": key }, key, purpose).await?;
        link.ok_or_else(AuthError::user_not_found)
    }

    /// Makes a link where the filter matches the identity. What is kept of it is a hash.
    async fn push_link(
        &self,
        filter: Document,
        key: ObjectId,
        purpose: Purpose,
    ) -> Result<Option<Link>, AuthError> {
        let token = random::link_token()?;
        let until: DateTime = later(self.directory.now(), LINK_TIME);
        let entry = doc! { "hash": digest::stored(&token), "until": until };
        let push = doc! { "$push": { purpose.field(): {
            "$each": [entry],
            "$slice": -LINKS_MAX,
        } } };
        let is_added = self.directory.identities.update(filter, push).await?;
        Ok(is_added.then(|| Link { token_id: key.to_hex(), token }))
    }

    /// The filter that finds the identity of a link, as long as the link is valid.
    pub(super) fn of_link(
        &self,
        token_id: &str,
        token: &str,
        purpose: Purpose,
    ) -> Result<Document, AuthError> {
        let key = ObjectId::parse_str(token_id).map_err(|_| invalid_link())?;
        let valid = doc! {
            "hash": digest::stored(token),
            "until": { "$gt": self.directory.now() },
        };
        Ok(doc! {
            "_id": key,
            "domain": self.domain(),
            purpose.field(): { "$elemMatch": valid },
        })
    }
}

fn name_in_use() -> AuthError {
    AuthError::new(AuthErrorKind::AccountNameInUse, "name already in use")
}

pub(super) fn invalid_link() -> AuthError {
    AuthError::new(AuthErrorKind::UserpassTokenInvalid, "invalid token data")
}

fn automatic(email: &str) -> AuthError {
    AuthError::bad_request(format!(
        "cannot run confirmation for {email}: automatic confirmation is enabled"
    ))
}
