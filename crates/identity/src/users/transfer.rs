//! Users out and in, as lists of JSON.
//!
//! Two shapes are read: the list of users of the hosted service's administration API, which is
//! also what is written, and the list that Flowerbase's exporter writes. Passwords are in neither;
//! what the exporter gives instead is the hash of one password for all users, which is not taken.

use bson::{Bson, DateTime, Document, doc, oid::ObjectId};
use serde_json::{Map, Value as Json, json};

use super::{Users, external::check_external_name, password::check_name};
use crate::{
    AuthError, User, UserType,
    collection::Insertion,
    digest,
    records::{IdentityRecord, Status, UserIdentity, UserRecord, provider},
    tokens::seconds,
};

/// How many users one page of a list has at most.
const PAGE_USERS_MAX: u64 = 1000;

/// The sessions of so many users are removed at a time.
const SESSION_USERS_MAX: usize = 1000;

/// A user, as an operator sees one.
pub struct ListedUser {
    /// What functions see, without custom data.
    pub user: User,
    /// In seconds since 1970.
    pub created_s: i64,
    /// In seconds since 1970.
    pub last_log_in_s: Option<i64>,
    /// Whether the user is refused at the moment.
    pub disabled: bool,
}

/// What came of an import.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// How many users are new.
    pub created: usize,
    /// How many were there already.
    pub existing: usize,
    /// What was not taken, each with the id of the user or the place in the list.
    pub refused: Vec<(String, String)>,
}

/// A user in a list that is imported.
struct Imported {
    record: UserRecord,
    names: Vec<IdentityRecord>,
}

impl ListedUser {
    /// The user as the administration API of the hosted service gives one.
    pub fn to_json(&self, domain_id: &str) -> Json {
        let identity = |identity: &crate::Identity| {
            json!({
                "id": identity.id,
                "provider_type": identity.provider_type,
                "provider_id": digest::provider_id(domain_id, &identity.provider_type),
            })
        };
        let identities: Vec<_> = self.user.identities.iter().map(identity).collect();
        json!({
            "_id": self.user.id,
            "identities": identities,
            "type": self.user.user_type.name(),
            "creation_date": self.created_s,
            "last_authentication_date": self.last_log_in_s.unwrap_or_default(),
            "disabled": self.disabled,
            "data": Bson::Document(self.user.data.clone()).into_relaxed_extjson(),
        })
    }
}

impl Users {
    /// Users in the order of their ids: so many, from behind the one of this id.
    ///
    /// # Errors
    /// A store that does not answer.
    pub async fn list(
        &self,
        after: Option<&str>,
        limit: u64,
    ) -> Result<Vec<ListedUser>, AuthError> {
        let mut filter = doc! { "domain": self.domain(), "deleted": { "$ne": true } };
        if let Some(after) = after {
            let after = ObjectId::parse_str(after).map_err(|_| AuthError::user_not_found())?;
            filter.insert("_id", doc! { "$gt": after });
        }
        let limit = limit.clamp(1, PAGE_USERS_MAX);
        let users = &self.directory.users;
        let documents = users.find(filter, Some(doc! { "_id": 1 }), limit).await?;
        let listed = |document| {
            let record = UserRecord::read(document)?;
            Ok(ListedUser {
                user: record.user(record.user_type, Document::new()),
                created_s: seconds(record.created),
                last_log_in_s: record.last_log_in.map(seconds),
                disabled: record.disabled,
            })
        };
        documents.into_iter().map(listed).collect()
    }

    /// The email addresses that wait for confirmation.
    ///
    /// # Errors
    /// A store that does not answer.
    pub async fn list_pending(&self) -> Result<Vec<String>, AuthError> {
        let filter = doc! {
            "domain": self.domain(),
            "provider_type": provider::EMAIL_PASSWORD,
            "status": Status::Pending.name(),
        };
        let identities = &self.directory.identities;
        let documents = identities.find(filter, None, PAGE_USERS_MAX).await?;
        let email = |document| Ok(IdentityRecord::read(document)?.name);
        documents.into_iter().map(email).collect()
    }

    /// Takes users from a list. Ids and identities are kept, and users who are there already stay
    /// as they are, so that an import can be repeated.
    ///
    /// # Errors
    /// What is no list, a store that does not answer.
    pub async fn import(&self, users: &Json) -> Result<ImportReport, AuthError> {
        let list = users.as_array();
        let list = list.ok_or_else(|| AuthError::bad_request("this is no list of users"))?;
        let (begun, mut new) = (self.directory.now(), Vec::new());
        let mut report = ImportReport::default();
        for (index, user) in list.iter().enumerate() {
            let place = || match user.get("_id").and_then(id) {
                Some(id) => id.to_hex(),
                None => format!("entry {}", index + 1),
            };
            let outcome = match self.read_imported(user) {
                Ok(imported) => {
                    let id = imported.record.id;
                    let outcome = self.import_one(imported).await?;
                    new.extend((outcome == Ok(Insertion::Done)).then_some(id));
                    outcome
                }
                Err(why) => Err(why),
            };
            match outcome {
                Ok(Insertion::Done) => report.created += 1,
                Ok(Insertion::Exists) => report.existing += 1,
                Err(why) => report.refused.push((place(), why)),
            }
        }
        // Who was deleted and is imported again has no session of the time before.
        for ids in new.chunks(SESSION_USERS_MAX) {
            let former = doc! { "user": { "$in": ids.to_vec() }, "created": { "$lte": begun } };
            self.directory.sessions.delete(former, true).await?;
        }
        Ok(report)
    }

    /// Writes a user with the names. The user first: what a crash leaves out, the next import
    /// adds.
    async fn import_one(&self, imported: Imported) -> Result<Result<Insertion, String>, AuthError> {
        let Imported { record, names } = imported;
        for name in &names {
            match self.identity(&name.provider_type, &name.name).await? {
                Some(held) if held.user != record.id => {
                    let provider = &name.provider_type;
                    let why = format!("another user has the name {:?} of {provider}", name.name);
                    return Ok(Err(why));
                }
                _ => {}
            }
        }
        let held = self.directory.user(record.id, std::time::Duration::ZERO).await?;
        if held.is_some_and(|held| held.domain != record.domain || held.deleted) {
            return Ok(Err("another app has a user of this id, or it is being deleted".to_owned()));
        }
        let change = self.directory.change(record.id);
        let insertion = self.directory.users.insert(&record.document()).await?;
        drop(change);
        for name in &names {
            self.directory.identities.insert(&name.document()).await?;
        }
        Ok(Ok(insertion))
    }

    /// An entry of a list, in either shape.
    fn read_imported(&self, user: &Json) -> Result<Imported, String> {
        let user = user.as_object().ok_or("it is no object")?;
        let user_id = user.get("_id").and_then(id).ok_or("_id is not an id")?;
        let data = match user.get("data") {
            None | Some(Json::Null) => Document::new(),
            Some(data) => match Bson::try_from(data.clone()) {
                Ok(Bson::Document(data)) => data,
                _ => return Err("data is no document".to_owned()),
            },
        };
        let email = user.get("email").and_then(Json::as_str).or(data.get_str("email").ok());
        let (email, created) = (email.map(str::to_owned), created(user, user_id));
        let user_type = match user.get("type").and_then(Json::as_str) {
            None | Some("normal") => UserType::Normal,
            Some("server") => UserType::Server,
            Some(other) => return Err(format!("the type {other:?} is unknown")),
        };
        let disabled = match user.get("disabled") {
            None | Some(Json::Null | Json::Bool(false)) => false,
            Some(Json::Bool(true)) => true,
            Some(_) => return Err("disabled is neither true nor false".to_owned()),
        };
        let status = match user.get("status").and_then(Json::as_str) {
            None | Some("confirmed") => Status::Confirmed,
            Some("pending") => Status::Pending,
            Some(other) => return Err(format!("the status {other:?} is unknown")),
        };
        let last_log_in = user.get("last_authentication_date").and_then(Json::as_i64);
        let last_log_in = last_log_in.filter(|time| *time > 0).map(of_seconds);
        let mut imported = Imported {
            record: UserRecord {
                user_type,
                data,
                disabled,
                last_log_in,
                ..UserRecord::without_identity(user_id, self.domain(), created)
            },
            names: Vec::new(),
        };
        for identity in self.listed_identities(user, email.as_deref())? {
            let (provider_type, id) = identity;
            imported.add(self.domain(), &provider_type, &id, email.as_deref(), status)?;
        }
        Ok(imported)
    }

    /// The identities of an entry: their providers and ids.
    fn listed_identities(
        &self,
        user: &Map<String, Json>,
        email: Option<&str>,
    ) -> Result<Vec<(String, String)>, String> {
        let list = match user.get("identities") {
            Some(Json::Array(list)) => list.as_slice(),
            None | Some(Json::Null) => &[],
            Some(_) => return Err("identities is no list".to_owned()),
        };
        let text = |identity: &Json, name: &str| match identity.get(name) {
            Some(Json::String(text)) if !text.is_empty() => Ok(text.clone()),
            Some(value) => match id(value) {
                Some(id) => Ok(id.to_hex()),
                None => Err(format!("an identity has no valid {name}")),
            },
            None => Err(format!("an identity has no {name}")),
        };
        let identity =
            |identity: &Json| Ok((text(identity, "provider_type")?, text(identity, "id")?));
        let mut identities: Vec<_> = list.iter().map(identity).collect::<Result<_, String>>()?;
        if let (Some(email), true) = (email, identities.is_empty()) {
            // An id that the same list has again when it is imported again.
            let id = digest::id_of(&["imported", self.domain(), email]).to_hex();
            identities.push((provider::EMAIL_PASSWORD.to_owned(), id));
        }
        if identities.is_empty() {
            return Err("it has neither identities nor an email address".to_owned());
        }
        Ok(identities)
    }
}

impl Imported {
    fn add(
        &mut self,
        domain: &str,
        provider_type: &str,
        id: &str,
        email: Option<&str>,
        status: Status,
    ) -> Result<(), String> {
        let (user, now) = (self.record.id, self.record.created);
        let mut name = match provider_type {
            // Nobody logs in again as these; they are kept for the documents that name them.
            provider::ANONYMOUS | provider::API_KEY => {
                let (id, provider_type) = (id.to_owned(), provider_type.to_owned());
                let data = Document::new();
                self.record.identities.push(UserIdentity { key: None, id, provider_type, data });
                return Ok(());
            }
            provider::EMAIL_PASSWORD => {
                let email = email.ok_or("a user of local-userpass has no email address")?;
                check_name(email).map_err(|error| error.message)?;
                let mut name = IdentityRecord::new(domain, provider_type, email, user, now);
                name.data = doc! { "email": email };
                name
            }
            _ => {
                check_external_name(id).map_err(|_| "the id of an identity is too long")?;
                IdentityRecord::new(domain, provider_type, id, user, now)
            }
        };
        id.clone_into(&mut name.id);
        name.user_exists = true;
        name.status = status;
        self.record.identities.push(name.of_user());
        self.names.push(name);
        Ok(())
    }
}

/// An id as text, or as extended JSON has it.
fn id(value: &Json) -> Option<ObjectId> {
    let text = value.as_str().or_else(|| value.get("$oid")?.as_str())?;
    ObjectId::parse_str(text).ok()
}

/// When a user was made: as the entry says, or as the id does.
fn created(user: &Map<String, Json>, id: ObjectId) -> DateTime {
    let given = user.get("creation_date").and_then(Json::as_i64).map(of_seconds);
    let of_exporter = || {
        let time = user.get("createdAt")?;
        match Bson::try_from(time.clone()).ok()? {
            Bson::DateTime(time) => Some(time),
            Bson::String(text) => DateTime::parse_rfc3339_str(text).ok(),
            _ => None,
        }
    };
    given.or_else(of_exporter).unwrap_or_else(|| id.timestamp())
}

fn of_seconds(seconds: i64) -> DateTime {
    DateTime::from_millis(seconds.saturating_mul(1000))
}
