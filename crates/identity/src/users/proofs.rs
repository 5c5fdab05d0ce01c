//! A short memory of credentials that were right, so that not every request checks a password.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use aws_lc_rs::hmac;
use tokio::sync::OnceCell;

use super::{Proven, Users, keyed_digest};
use crate::{AuthError, Credentials, random, recent::Recent};

/// How long credentials are remembered.
const PROOF_TIME: Duration = Duration::from_secs(60);
/// How much memory is spent on it, and how much of it an entry is taken to need.
const PROOFS_BYTES_MAX: usize = 8 << 20;
const PROOF_BYTES: usize = 512;

/// Credentials that were right lately. They are kept as digests under a key that only this
/// process has, and count only as long as the user, the password and the API key are what they
/// were.
pub(super) struct Proofs {
    /// Without random bytes there is no key, and nothing is remembered.
    key: Option<hmac::Key>,
    recent: Recent<[u8; 32], Arc<Proof>>,
    flights: Mutex<HashMap<[u8; 32], Weak<OnceCell<Outcome>>>>,
}

type Outcome = Result<Proven, AuthError>;

/// A check of a password that is under way. Who comes with the same name and password meanwhile
/// gets the same answer: many requests at once would otherwise cost a check each.
pub(super) struct Flight<'a> {
    /// There until it is dropped.
    outcome: Option<Arc<OnceCell<Outcome>>>,
    proofs: &'a Proofs,
    digest: [u8; 32],
}

struct Proof {
    proven: Proven,
    until: Instant,
}

impl Proofs {
    pub(super) fn new() -> Self {
        let key = random::bytes::<32>().ok();
        let key = key.map(|key| hmac::Key::new(hmac::HMAC_SHA256, &key));
        Self { key, recent: Recent::new(PROOFS_BYTES_MAX), flights: Mutex::default() }
    }

    /// The check of these credentials that is under way, or a new one.
    pub(super) fn flight(&self, credentials: &Credentials) -> Option<Flight<'_>> {
        let Credentials::EmailPassword { .. } = credentials else { return None };
        let digest = self.digest(credentials)?;
        let mut flights = self.flights();
        let outcome = match flights.get(&digest).and_then(Weak::upgrade) {
            Some(outcome) => outcome,
            None => {
                let outcome = Arc::default();
                flights.insert(digest, Arc::downgrade(&outcome));
                outcome
            }
        };
        Some(Flight { outcome: Some(outcome), proofs: self, digest })
    }

    fn flights(&self) -> MutexGuard<'_, HashMap<[u8; 32], Weak<OnceCell<Outcome>>>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The digest of credentials. Those that name nobody are never remembered.
    fn digest(&self, credentials: &Credentials) -> Option<[u8; 32]> {
        let key = self.key.as_ref()?;
        match credentials {
            Credentials::EmailPassword { email, password } => {
                Some(keyed_digest(key, &["password", email, password]))
            }
            Credentials::ApiKey(api_key) => Some(keyed_digest(key, &["api key", api_key])),
            Credentials::CustomToken(token) => Some(keyed_digest(key, &["custom token", token])),
            Credentials::Anonymous | Credentials::CustomFunction(_) => None,
        }
    }
}

impl Flight<'_> {
    /// The answer of the check, which this call makes unless another one does.
    pub(super) async fn answer(&self, check: impl Future<Output = Outcome>) -> Outcome {
        match &self.outcome {
            Some(outcome) => outcome.get_or_init(|| check).await.clone(),
            None => check.await,
        }
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        let mut flights = self.proofs.flights();
        // Dropped under the lock, so that the last one knows that it is the last.
        let Some(outcome) = self.outcome.take() else { return };
        let own = Arc::downgrade(&outcome);
        let is_over = Arc::strong_count(&outcome) == 1 || outcome.initialized();
        if is_over && flights.get(&self.digest).is_some_and(|held| held.ptr_eq(&own)) {
            // Who comes later checks anew.
            flights.remove(&self.digest);
        }
        drop(outcome);
    }
}

impl Users {
    /// Who has proven the same lately, where nothing has changed since then.
    pub(super) async fn proven_lately(
        &self,
        credentials: &Credentials,
    ) -> Result<Option<Proven>, AuthError> {
        let Some(digest) = self.proofs.digest(credentials) else { return Ok(None) };
        let Some(proof) = self.proofs.recent.get(&digest) else { return Ok(None) };
        let expires_s = proof.proven.expires_s;
        let is_over = expires_s.is_some_and(|expires_s| expires_s <= self.directory.now_s());
        if proof.until > Instant::now() && !is_over {
            let former = &proof.proven;
            let record = self.existing(former.record.id, self.config.revocation_delay).await?;
            let is_unchanged = |record: &Arc<_>| former.still_holds(record);
            if let Some(record) = record.filter(is_unchanged) {
                return Ok(Some(Proven { record, ..former.clone() }));
            }
        }
        self.proofs.recent.remove(&digest);
        Ok(None)
    }

    pub(super) fn remember(&self, credentials: &Credentials, proven: &Proven) {
        let Some(digest) = self.proofs.digest(credentials) else { return };
        let proof = Proof { proven: proven.clone(), until: Instant::now() + PROOF_TIME };
        self.proofs.recent.insert(digest, Arc::new(proof), PROOF_BYTES);
    }
}
