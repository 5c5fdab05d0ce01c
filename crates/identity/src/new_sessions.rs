//! How many sessions begin from one network. A session is a document that is kept until it is
//! over, which may be years: whoever has one account could fill the disk with them.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use crate::{AuthError, recent::Recent};

const HOUR_S: f64 = 3600.0;
/// How much memory is spent on it, and how much of it a network is taken to need.
const MEMORY_BYTES_MAX: usize = 2 << 20;
const NETWORK_BYTES: usize = 128;

/// The sessions that have begun lately, by the networks that they began from.
pub(crate) struct NewSessions {
    networks: Recent<IpAddr, Arc<Mutex<Lately>>>,
    per_hour_max: f64,
}

/// The sessions of a network: as many as there may be in an hour are forgotten within an hour.
#[derive(Default)]
struct Lately {
    sessions: f64,
    at: Option<Instant>,
}

impl NewSessions {
    pub(crate) fn new(per_hour_max: u32) -> Self {
        Self { networks: Recent::new(MEMORY_BYTES_MAX), per_hour_max: per_hour_max.into() }
    }

    /// Refuses a session more where there were too many. To be called before anything is made.
    pub(crate) fn check(&self, network: IpAddr, now: Instant) -> Result<(), AuthError> {
        let lately = self.lately(network);
        if lock(&lately).left(now, self.per_hour_max) + 1.0 <= self.per_hour_max {
            return Ok(());
        }
        Err(AuthError::too_many_requests(
            "too many sessions have begun from this address ([auth] \
             sessions_of_address_per_hour_max)",
        ))
    }

    /// Counts a session.
    pub(crate) fn count(&self, network: IpAddr, now: Instant) {
        let lately = self.lately(network);
        let mut lately = lock(&lately);
        let sessions = lately.left(now, self.per_hour_max) + 1.0;
        *lately = Lately { sessions, at: Some(now) };
    }

    fn lately(&self, network: IpAddr) -> Arc<Mutex<Lately>> {
        self.networks.get_or_insert(network, NETWORK_BYTES, Arc::default)
    }
}

fn lock(lately: &Mutex<Lately>) -> MutexGuard<'_, Lately> {
    lately.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lately {
    /// How many are not forgotten.
    fn left(&self, now: Instant, per_hour_max: f64) -> f64 {
        let age = self.at.map_or(0.0, |at| now.saturating_duration_since(at).as_secs_f64());
        (self.sessions - age * per_hour_max / HOUR_S).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_network_begins_so_many_sessions_in_an_hour_and_others_do_not_suffer() {
        let [here, there] = [[192, 0, 2, 1], [192, 0, 2, 2]].map(IpAddr::from);
        let (new, start) = (NewSessions::new(60), Instant::now());
        let mut begun = Vec::new();
        for minute in 0..120 {
            let now = start + Duration::from_secs(60 * minute);
            let mut count = 0;
            while new.check(here, now).is_ok() {
                new.count(here, now);
                count += 1;
            }
            begun.push(count);
            assert!(new.check(there, now).is_ok());
        }
        assert_eq!(begun[..3], [60, 1, 1]);
        assert_eq!(begun.iter().sum::<u64>(), 60 + 119);
        assert!(new.check(here, start + Duration::from_hours(9)).is_ok());
    }
}
