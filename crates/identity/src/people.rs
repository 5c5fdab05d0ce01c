//! What was read of users lately.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bson::{doc, oid::ObjectId};

use crate::{
    AuthError, AuthErrorKind, collection::Collection, recent::Recent, records::UserRecord,
};

/// How much memory is spent on it, and how much of it a user is taken to need.
const USERS_BYTES_MAX: usize = 16 << 20;
const USER_BYTES: usize = 2 << 10;
/// How often a user is read anew who is changed while being read.
const READS_MAX: usize = 8;

/// What was read of users lately.
pub(crate) struct People {
    entries: Recent<ObjectId, Arc<Entry>>,
}

#[derive(Default)]
struct Entry {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    record: Option<Arc<UserRecord>>,
    /// When reading it began; nothing where it must be read anew.
    read_at: Option<Instant>,
    /// How often this process has changed the user.
    changes: u64,
}

/// A change of a user by this process. When it is dropped, nobody sees the former state any more.
pub(crate) struct Change<'a> {
    people: &'a People,
    user: ObjectId,
}

impl People {
    pub(crate) fn new() -> Self {
        Self { entries: Recent::new(USERS_BYTES_MAX) }
    }

    /// A user out of the collection `users`, as it was read so long ago at most.
    pub(crate) async fn get(
        &self,
        users: &Collection,
        user: ObjectId,
        age_max: Duration,
    ) -> Result<Option<Arc<UserRecord>>, AuthError> {
        let entry = self.entry(user);
        for _ in 0..READS_MAX {
            let changes = match entry.fresh(age_max) {
                Ok(record) => return Ok(record),
                Err(changes) => changes,
            };
            let begun = Instant::now();
            let document = users.find_one(doc! { "_id": user }).await?;
            let record = document.map(UserRecord::read).transpose()?;
            let mut state = entry.lock();
            if state.changes == changes {
                // An equal record stays the same object, by which others see that it is equal.
                if state.record.as_deref() != record.as_ref() {
                    state.record = record.map(Arc::new);
                }
                state.read_at = Some(begun);
                return Ok(state.record.clone());
            }
        }
        Err(AuthError::new(AuthErrorKind::Unavailable, "the user cannot be read at the moment"))
    }

    pub(crate) fn change(&self, user: ObjectId) -> Change<'_> {
        Change { people: self, user }
    }

    fn entry(&self, user: ObjectId) -> Arc<Entry> {
        self.entries.get_or_insert(user, USER_BYTES, Arc::default)
    }
}

impl Entry {
    /// The record, or how often it was changed, where it must be read anew.
    fn fresh(&self, age_max: Duration) -> Result<Option<Arc<UserRecord>>, u64> {
        let state = self.lock();
        match state.read_at {
            Some(read_at) if read_at.elapsed() < age_max => Ok(state.record.clone()),
            _ => Err(state.changes),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        let entry = self.people.entry(self.user);
        let mut state = entry.lock();
        state.changes += 1;
        state.read_at = None;
    }
}
