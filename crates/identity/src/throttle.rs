//! Slows down those who guess: the more attempts on a name or from an address have failed, the
//! longer the next one waits. It never waits longer than a limit, so that the right password is
//! let in whatever others have tried. Those who make new users without end are slowed down alike.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bson::oid::ObjectId;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{AuthError, directory::Limits, recent::Recent};

/// So many failures have no consequence.
const FREE_FAILURES_OF_NAME: u32 = 5;
const FREE_FAILURES_OF_ADDRESS: u32 = 20;
/// So many new users from one address have no consequence.
const FREE_NEW_USERS_OF_ADDRESS: u32 = 500;
/// How long the first one waits who has to; each further failure doubles it.
const FIRST_DELAY: Duration = Duration::from_millis(100);
/// Failures are forgotten when there was none for so long.
const MEMORY_TIME: Duration = Duration::from_mins(15);
/// How much memory is spent on names, and as much again on addresses.
const MEMORY_BYTES_MAX: usize = 2 << 20;
const ENTRY_BYTES: usize = 160;

/// Slows down those who guess.
pub(crate) struct Throttle {
    names: Recent<ObjectId, Arc<Failures>>,
    addresses: Recent<IpAddr, Arc<Failures>>,
    /// The new users from an address.
    new_users: Recent<IpAddr, Arc<Failures>>,
    waiting: Semaphore,
    delay_max: Duration,
    waiting_of_address_max: u32,
}

/// The attempts on a name or from an address.
#[derive(Default)]
struct Failures(Mutex<Count>);

#[derive(Default)]
struct Count {
    failed: u32,
    last: Option<Instant>,
    waiting: u32,
}

/// An attempt. One that is dropped without an outcome does not count.
pub(crate) struct Attempt {
    name: Arc<Failures>,
    address: Arc<Failures>,
}

/// Counts who waits, as long as it does.
struct Waiting<'a> {
    address: &'a Failures,
    _place: SemaphorePermit<'a>,
}

impl Throttle {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            names: Recent::new(MEMORY_BYTES_MAX),
            addresses: Recent::new(MEMORY_BYTES_MAX),
            new_users: Recent::new(MEMORY_BYTES_MAX),
            waiting: Semaphore::new(limits.log_ins_waiting_max),
            delay_max: limits.log_in_delay_max,
            waiting_of_address_max: limits.log_ins_waiting_of_address_max,
        }
    }

    /// Begins an attempt, as soon as it may.
    pub(crate) async fn begin(&self, name: ObjectId, from: IpAddr) -> Result<Attempt, AuthError> {
        let name = self.names.get_or_insert(name, ENTRY_BYTES, Arc::default);
        let address = self.addresses.get_or_insert(network_of(from), ENTRY_BYTES, Arc::default);
        let attempt = Attempt { name, address };
        self.pause(self.delay(&attempt), &attempt.address).await?;
        Ok(attempt)
    }

    /// Counts a new user from an address, as soon as there may be one.
    pub(crate) async fn new_user(&self, from: IpAddr) -> Result<(), AuthError> {
        let address = self.new_users.get_or_insert(network_of(from), ENTRY_BYTES, Arc::default);
        let delay = delay(address.lock().recent(), FREE_NEW_USERS_OF_ADDRESS, self.delay_max);
        address.count();
        self.pause(delay, &address).await
    }

    fn delay(&self, attempt: &Attempt) -> Duration {
        let (of_name, of_address) = (attempt.name.lock().recent(), attempt.address.lock().recent());
        let of_name = delay(of_name, FREE_FAILURES_OF_NAME, self.delay_max);
        of_name.max(delay(of_address, FREE_FAILURES_OF_ADDRESS, self.delay_max))
    }

    async fn pause(&self, delay: Duration, address: &Failures) -> Result<(), AuthError> {
        if !delay.is_zero() {
            let _waiting = self.wait(address)?;
            tokio::time::sleep(delay).await;
        }
        Ok(())
    }

    fn wait<'a>(&'a self, address: &'a Failures) -> Result<Waiting<'a>, AuthError> {
        let refused = || AuthError::too_many_requests("too many attempts to log in are waiting");
        let mut count = address.lock();
        if count.waiting >= self.waiting_of_address_max {
            return Err(refused());
        }
        let place = self.waiting.try_acquire().map_err(|_| refused())?;
        count.waiting += 1;
        drop(count);
        Ok(Waiting { address, _place: place })
    }
}

/// How long an attempt waits after so many failures.
fn delay(failed: u32, free: u32, delay_max: Duration) -> Duration {
    match failed.checked_sub(free) {
        None => Duration::ZERO,
        Some(doublings) => {
            let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
            FIRST_DELAY.saturating_mul(factor).min(delay_max)
        }
    }
}

/// One who has an IPv6 address has its whole network.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(network.into())
        }
        address => address,
    }
}

impl Attempt {
    /// The attempt has failed.
    pub(crate) fn failed(self) {
        self.name.count();
        self.address.count();
    }

    /// The attempt has succeeded: what failed on the name before is forgotten.
    pub(crate) fn succeeded(self) {
        self.name.lock().failed = 0;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.address.lock().waiting -= 1;
    }
}

impl Failures {
    fn count(&self) {
        let mut count = self.lock();
        count.failed = count.recent().saturating_add(1);
        count.last = Some(Instant::now());
    }

    fn lock(&self) -> MutexGuard<'_, Count> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Count {
    /// The failures that are not forgotten.
    fn recent(&self) -> u32 {
        match self.last {
            Some(last) if last.elapsed() < MEMORY_TIME => self.failed,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_grows_and_is_bounded() {
        let delay_ms = |failed| delay(failed, 5, Duration::from_secs(5)).as_millis();
        let cases = [(0, 0), (4, 0), (5, 100), (6, 200), (10, 3200), (11, 5000), (u32::MAX, 5000)];
        for (failed, expected) in cases {
            assert_eq!(delay_ms(failed), expected, "{failed}");
        }
    }

    #[test]
    fn an_ipv6_network_counts_as_one_address() {
        for (address, network) in [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ] {
            assert_eq!(network_of(address.parse().unwrap()).to_string(), network);
        }
    }

    #[tokio::test]
    async fn failures_slow_down_the_name_and_the_address_until_the_name_succeeds() {
        let throttle = Throttle::new(&Limits::default());
        let (here, there) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let (name, other) = (ObjectId::from_bytes([1; 12]), ObjectId::from_bytes([2; 12]));
        let delay = |name, from| {
            let name = throttle.names.get_or_insert(name, 1, Arc::default);
            let address = throttle.addresses.get_or_insert(from, 1, Arc::default);
            throttle.delay(&Attempt { name, address })
        };
        for _ in 0..5 {
            throttle.begin(name, here).await.unwrap().failed();
        }
        assert_eq!(delay(name, here), FIRST_DELAY);
        assert_eq!(delay(name, there), FIRST_DELAY);
        assert_eq!(delay(other, here), Duration::ZERO);
        throttle.begin(name, here).await.unwrap().succeeded();
        assert_eq!(delay(name, here), Duration::ZERO);
        drop(throttle.begin(name, here).await.unwrap());
        assert_eq!(delay(name, here), Duration::ZERO);
        for _ in 0..FREE_FAILURES_OF_ADDRESS - 5 {
            let name = random_name();
            throttle.begin(name, here).await.unwrap().failed();
        }
        assert_eq!(delay(other, here), FIRST_DELAY);
        assert_eq!(delay(other, there), Duration::ZERO);
    }

    #[tokio::test]
    async fn new_users_without_end_are_slowed_down() {
        let limits = Limits { log_ins_waiting_max: 0, ..Limits::default() };
        let throttle = Throttle::new(&limits);
        let (here, there) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        for _ in 0..FREE_NEW_USERS_OF_ADDRESS {
            throttle.new_user(here).await.unwrap();
        }
        // One more would have to wait, for which there is no place here.
        assert!(throttle.new_user(here).await.is_err());
        assert!(throttle.new_user(there).await.is_ok());
    }

    #[tokio::test]
    async fn more_attempts_than_may_wait_are_refused() {
        let limits = Limits { log_ins_waiting_of_address_max: 1, ..Limits::default() };
        let throttle = Throttle::new(&limits);
        let address = Failures::default();
        let waiting = throttle.wait(&address).unwrap();
        assert!(throttle.wait(&address).is_err());
        drop(waiting);
        assert!(throttle.wait(&address).is_ok());
    }

    fn random_name() -> ObjectId {
        crate::random::object_id().unwrap()
    }
}
