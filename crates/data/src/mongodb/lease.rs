//! Sessions that commands outside of transactions run in, one command at a time each.
//!
//! The driver would make a session per command; keeping them costs less. And they are ours alone,
//! so that we can number the writes of a bulk, by which a server knows one that it has done
//! already: the driver does that for single writes only.
//!
//! The driver numbers writes of a session, too, and a server takes no number twice. So a session
//! that comes here never leaves: it is given back to the pool below, whatever happened, and not to
//! that of the driver. For the same reason nothing here may be passed to a command of the driver's
//! that it would number itself.

use std::sync::{Arc, Mutex, PoisonError};

use bson::Timestamp;
use mongodb::ClientSession;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use super::shared::Shared;
use crate::DataError;

/// Above all numbers that the driver may have used while a session was its own.
const FIRST_NUMBER: i64 = 1 << 40;

/// Sessions that are not in use.
#[derive(Default)]
pub(super) struct Leases {
    /// The last one is the next to be used: of those that stay unused, servers forget their half.
    idle: Mutex<Vec<Arc<AsyncMutex<Leased>>>>,
}

struct Leased {
    session: ClientSession,
    number: i64,
}

/// A session, ours until this is dropped.
pub(super) struct Lease {
    shared: Arc<Shared>,
    /// What goes back to the others.
    slot: Arc<AsyncMutex<Leased>>,
    leased: OwnedMutexGuard<Leased>,
    /// Whether its last command may still be running: a server lets the next one wait then.
    pub(super) is_busy: bool,
}

impl Lease {
    /// Takes one that is not in use, or a new one.
    pub(super) async fn take(shared: &Arc<Shared>) -> Result<Self, DataError> {
        let idle = shared.leases.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let slot = match idle {
            Some(slot) => slot,
            None => {
                let client = shared.client().await?;
                let session = client.start_session().causal_consistency(false).await;
                let session = session.map_err(|error| shared.explain(error))?;
                Arc::new(AsyncMutex::new(Leased { session, number: FIRST_NUMBER }))
            }
        };
        let leased = Arc::clone(&slot).lock_owned().await;
        Ok(Self { shared: Arc::clone(shared), slot, leased, is_busy: false })
    }

    /// The session.
    pub(super) fn session(&mut self) -> &mut ClientSession {
        &mut self.leased.session
    }

    /// A number that no write of the session has had.
    pub(super) fn next_number(&mut self) -> i64 {
        self.leased.number += 1;
        self.leased.number
    }

    /// How far the data had come with the last answer.
    pub(super) fn operation_time(&self) -> Option<Timestamp> {
        self.leased.session.operation_time()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut idle = self.shared.leases.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = Arc::clone(&self.slot);
        match self.is_busy {
            // Used last.
            true => idle.insert(0, slot),
            false => idle.push(slot),
        }
    }
}
