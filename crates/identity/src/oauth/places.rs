//! How many log-ins ask a provider at the same time.

use std::{
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    AuthError,
    shares::{Shares, Whose},
};

/// The places of those who ask a provider. Whoever finds none is refused at once.
pub(crate) struct Places {
    shares: Mutex<Shares>,
    /// How long one may take.
    pub(crate) time: Duration,
}

/// A place, given back when it is dropped.
pub(crate) struct Place<'a> {
    places: &'a Places,
    whose: Whose,
}

impl Places {
    pub(crate) fn new(places_max: usize, of_network_max: usize, time: Duration) -> Self {
        Self { shares: Mutex::new(Shares::new(places_max, of_network_max)), time }
    }

    /// Takes a place for somebody of this network.
    pub(crate) fn take(&self, network: IpAddr) -> Result<Place<'_>, AuthError> {
        let whose = Whose { name: None, network: Some(network), is_suspect: false };
        if self.shares().take(&whose) {
            return Ok(Place { places: self, whose });
        }
        Err(AuthError::too_many_requests("too many log-ins ask a provider at the same time"))
    }

    fn shares(&self) -> MutexGuard<'_, Shares> {
        self.shares.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.places.shares().give_back(&self.whose);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_leaves_room_for_others_and_places_come_back() {
        let places = Places::new(3, 2, Duration::from_secs(1));
        let [one, other] = [[192, 0, 2, 1], [192, 0, 2, 2]].map(IpAddr::from);
        let held: Vec<_> = (0..2).map(|_| places.take(one).ok().unwrap()).collect();
        assert!(places.take(one).is_err());
        let last = places.take(other).ok();
        assert!(last.is_some() && places.take(other).is_err());
        drop(held);
        assert!(places.take(one).is_ok() && places.take(other).is_ok());
    }
}
