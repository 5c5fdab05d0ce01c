//! A short memory of credentials that were right, so that not every request checks a password.

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use aws_lc_rs::hmac;

use super::{Proven, Users, keyed_digest};
use crate::{
    AuthError, Credentials,
    flights::{Flight, Flights},
    random,
    recent::Recent,
    records::{IdentityRecord, provider},
    throttle::Asker,
};

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
    /// Checks of passwords that are under way: many requests at once would otherwise cost a check
    /// each.
    flights: Flights<[u8; 32], Outcome>,
}

pub(super) type Outcome = Result<Proven, AuthError>;

struct Proof {
    proven: Proven,
    until: Instant,
}

impl Proofs {
    pub(super) fn new() -> Self {
        let key = random::bytes::<32>().ok();
        let key = key.map(|key| hmac::Key::new(hmac::HMAC_SHA256, &key));
        Self { key, recent: Recent::new(PROOFS_BYTES_MAX), flights: Flights::new() }
    }

    /// The digest of credentials. Those that name nobody are never remembered, and passwords only
    /// for the network that they came from: nobody else can try guesses on the memory.
    fn digest(&self, credentials: &Credentials, asker: Option<&Asker>) -> Option<[u8; 32]> {
        let key = self.key.as_ref()?;
        match credentials {
            Credentials::EmailPassword { email, password } => {
                let network = asker?.network().to_string();
                Some(keyed_digest(key, &["password", &network, email, password]))
            }
            Credentials::ApiKey(api_key) => Some(keyed_digest(key, &["api key", api_key])),
            Credentials::CustomToken(token) => Some(keyed_digest(key, &["custom token", token])),
            Credentials::Anonymous | Credentials::CustomFunction(_) | Credentials::OAuth(..) => {
                None
            }
        }
    }
}

impl Users {
    /// Who asks, where the credentials can be guessed: failures slow them down.
    pub(super) fn asker(&self, credentials: &Credentials, from: IpAddr) -> Option<Asker> {
        let Credentials::EmailPassword { email, .. } = credentials else { return None };
        let key = IdentityRecord::key(self.domain(), provider::EMAIL_PASSWORD, email);
        Some(self.directory.throttle.asker(key, from))
    }

    /// The check of the same password that is under way for the same network, or a new one.
    pub(super) fn flight(
        &self,
        credentials: &Credentials,
        asker: &Asker,
    ) -> Option<Flight<'_, [u8; 32], Outcome>> {
        // Otherwise the right guess would be answered while wrong ones wait or are refused.
        if !asker.may_join() {
            return None;
        }
        Some(self.proofs.flights.join(self.proofs.digest(credentials, Some(asker))?))
    }

    /// Who has proven the same lately, where nothing has changed since then.
    pub(super) async fn proven_lately(
        &self,
        credentials: &Credentials,
        asker: Option<&Asker>,
    ) -> Result<Option<Proven>, AuthError> {
        // What the memory does not know is checked and counted.
        if asker.is_some_and(|asker| !asker.is_known()) {
            return Ok(None);
        }
        let Some(digest) = self.proofs.digest(credentials, asker) else { return Ok(None) };
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

    pub(super) fn remember(
        &self,
        credentials: &Credentials,
        asker: Option<&Asker>,
        proven: &Proven,
    ) {
        let Some(digest) = self.proofs.digest(credentials, asker) else { return };
        let proof = Proof { proven: proven.clone(), until: Instant::now() + PROOF_TIME };
        self.proofs.recent.insert(digest, Arc::new(proof), PROOF_BYTES);
    }
}
