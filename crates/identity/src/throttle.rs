//! Slows down those who guess: the more attempts on a name or from an address have failed, the
//! longer the next one waits. It never waits longer than a limit, so that the right password is
//! let in whatever others have tried. Those who make new users without end are slowed down alike.
//!
//! What is slowed down waits in places that are shared out by names and addresses. Who has logged
//! in lately from the same address does not wait, as long as few attempts there have failed since.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bson::oid::ObjectId;

use crate::{
    AuthError,
    directory::Limits,
    recent::Recent,
    shares::{Shares, Whose},
};

/// So many failures have no consequence.
const FREE_FAILURES_OF_NAME: u32 = 5;
const FREE_FAILURES_OF_ADDRESS: u32 = 20;
/// So many failures and open attempts leave an address without suspicion.
const FEW_ATTEMPTS_OF_ADDRESS: u32 = 5;
/// So many new users from one address have no consequence.
const FREE_NEW_USERS_OF_ADDRESS: u32 = 500;
/// How long the first one waits who has to; each further failure doubles it.
const FIRST_DELAY: Duration = Duration::from_millis(100);
/// Failures are forgotten when there was none for so long.
const MEMORY_TIME: Duration = Duration::from_mins(15);
/// How much memory is spent on names, and as much again on addresses and on both together.
const MEMORY_BYTES_MAX: usize = 2 << 20;
const ENTRY_BYTES: usize = 160;

/// Slows down those who guess.
pub(crate) struct Throttle {
    names: Recent<ObjectId, Arc<Failures>>,
    addresses: Recent<IpAddr, Arc<Failures>>,
    /// Names that were logged in with lately, each with the address, and what has failed since.
    known: Recent<(ObjectId, IpAddr), Arc<Failures>>,
    /// The new users from an address.
    new_users: Recent<IpAddr, Arc<Failures>>,
    waiting: Mutex<Shares>,
    delay_max: Duration,
}

/// The attempts on a name or from an address.
#[derive(Default)]
struct Failures(Mutex<Count>);

#[derive(Default)]
struct Count {
    failed: u32,
    last: Option<Instant>,
    /// The attempts that have no outcome yet.
    open: u32,
}

/// Who asks: a name, and an address.
pub(crate) struct Asker {
    key: (ObjectId, IpAddr),
    name: Arc<Failures>,
    address: Arc<Failures>,
    known: Option<Arc<Failures>>,
}

/// An attempt that is under way. It has failed unless it succeeds: one that is refused a place, or
/// whose caller leaves, counts too.
pub(crate) struct Attempt<'a> {
    throttle: &'a Throttle,
    asker: Asker,
    whose: Whose,
    has_succeeded: bool,
}

/// A place, as long as it is taken.
struct Waiting<'a> {
    throttle: &'a Throttle,
    whose: Whose,
}

impl Throttle {
    pub(crate) fn new(limits: &Limits) -> Self {
        let of_address = usize::try_from(limits.log_ins_waiting_of_address_max);
        Self {
            names: Recent::new(MEMORY_BYTES_MAX),
            addresses: Recent::new(MEMORY_BYTES_MAX),
            known: Recent::new(MEMORY_BYTES_MAX),
            new_users: Recent::new(MEMORY_BYTES_MAX),
            waiting: Mutex::new(Shares::new(
                limits.log_ins_waiting_max,
                of_address.unwrap_or(usize::MAX),
            )),
            delay_max: limits.log_in_delay_max,
        }
    }

    pub(crate) fn asker(&self, name: ObjectId, from: IpAddr) -> Asker {
        let key = (name, network_of(from));
        Asker {
            key,
            name: self.names.get_or_insert(name, ENTRY_BYTES, Arc::default),
            address: self.addresses.get_or_insert(key.1, ENTRY_BYTES, Arc::default),
            known: self.known.get(&key),
        }
    }

    /// Begins an attempt, as soon as it may.
    pub(crate) async fn begin(
        &self,
        name: ObjectId,
        from: IpAddr,
    ) -> Result<Attempt<'_>, AuthError> {
        let asker = self.asker(name, from);
        let (delay, whose) = (self.delay(&asker), asker.whose());
        for failures in asker.all() {
            failures.lock().open += 1;
        }
        let attempt = Attempt { throttle: self, asker, whose, has_succeeded: false };
        self.pause(delay, whose).await?;
        Ok(attempt)
    }

    /// Counts a new user from an address, as soon as there may be one. Answers whose the work is
    /// that it makes.
    pub(crate) async fn new_user(&self, from: IpAddr) -> Result<Whose, AuthError> {
        let network = network_of(from);
        let address = self.new_users.get_or_insert(network, ENTRY_BYTES, Arc::default);
        let delay = delay(address.lock().recent(), FREE_NEW_USERS_OF_ADDRESS, self.delay_max);
        address.count();
        let whose = Whose { name: None, network: Some(network), is_suspect: true };
        self.pause(delay, whose).await?;
        Ok(whose)
    }

    fn delay(&self, asker: &Asker) -> Duration {
        if asker.is_known() {
            return Duration::ZERO;
        }
        let (of_name, of_address) = (asker.name.lock().recent(), asker.address.lock().recent());
        let of_name = delay(of_name, FREE_FAILURES_OF_NAME, self.delay_max);
        of_name.max(delay(of_address, FREE_FAILURES_OF_ADDRESS, self.delay_max))
    }

    async fn pause(&self, delay: Duration, whose: Whose) -> Result<(), AuthError> {
        if !delay.is_zero() {
            let _waiting = self.wait(whose)?;
            tokio::time::sleep(delay).await;
        }
        Ok(())
    }

    fn wait(&self, whose: Whose) -> Result<Waiting<'_>, AuthError> {
        if self.waiting().take(&whose) {
            return Ok(Waiting { throttle: self, whose });
        }
        Err(AuthError::too_many_requests("too many attempts to log in are waiting"))
    }

    fn waiting(&self) -> MutexGuard<'_, Shares> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Asker {
    /// Whether the name was logged in with lately from this address, and few attempts there have
    /// failed since. Only then may a memory answer: a wrong guess then costs one of those few.
    pub(crate) fn is_known(&self) -> bool {
        let known = self.known.as_ref();
        known.is_some_and(|known| known.lock().against() < FREE_FAILURES_OF_NAME)
    }

    /// Whether the address is free to ask for what others at the address ask for at this moment.
    pub(crate) fn may_join(&self) -> bool {
        self.address.lock().against() < FREE_FAILURES_OF_ADDRESS
    }

    /// From where.
    pub(crate) fn network(&self) -> IpAddr {
        self.key.1
    }

    fn whose(&self) -> Whose {
        let (name, network) = self.key;
        let is_known = self.is_known();
        Whose {
            // Others cannot use up the share of the name.
            name: (!is_known).then_some(name),
            network: Some(network),
            is_suspect: !is_known && self.address.lock().against() >= FEW_ATTEMPTS_OF_ADDRESS,
        }
    }

    fn all(&self) -> impl Iterator<Item = &Arc<Failures>> {
        [&self.name, &self.address].into_iter().chain(&self.known)
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
pub(crate) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(network.into())
        }
        address => address,
    }
}

impl Attempt<'_> {
    /// Whose the work is that the attempt makes.
    pub(crate) fn whose(&self) -> Whose {
        self.whose
    }

    /// The attempt has succeeded: what failed on the name before is forgotten.
    pub(crate) fn succeeded(mut self) {
        self.has_succeeded = true;
        self.asker.name.lock().failed = 0;
        // Where many fail, a success gives nobody there more attempts.
        if self.asker.address.lock().recent() < FREE_FAILURES_OF_ADDRESS {
            self.throttle.known.insert(self.asker.key, Arc::default(), ENTRY_BYTES);
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        for failures in self.asker.all() {
            failures.lock().open -= 1;
            if !self.has_succeeded {
                failures.count();
            }
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.throttle.waiting().give_back(&self.whose);
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

    /// What speaks against further attempts: those that have failed, and those that may.
    fn against(&self) -> u32 {
        self.recent().saturating_add(self.open)
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

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));
    const NAME: ObjectId = ObjectId::from_bytes([1; 12]);
    const OTHER: ObjectId = ObjectId::from_bytes([2; 12]);

    fn delay_of(throttle: &Throttle, name: ObjectId, from: IpAddr) -> Duration {
        throttle.delay(&throttle.asker(name, from))
    }

    fn without_delay() -> Throttle {
        Throttle::new(&Limits { log_in_delay_max: Duration::ZERO, ..Limits::default() })
    }

    #[tokio::test]
    async fn failures_slow_down_the_name_and_the_address_until_the_name_succeeds() {
        let throttle = Throttle::new(&Limits::default());
        let delay = |name, from| delay_of(&throttle, name, from);
        for _ in 0..5 {
            drop(throttle.begin(NAME, HERE).await.unwrap());
        }
        assert_eq!(delay(NAME, HERE), FIRST_DELAY);
        assert_eq!(delay(NAME, THERE), FIRST_DELAY);
        assert_eq!(delay(OTHER, HERE), Duration::ZERO);
        throttle.begin(NAME, HERE).await.unwrap().succeeded();
        assert_eq!(delay(NAME, HERE), Duration::ZERO);
        drop(throttle.begin(NAME, HERE).await.unwrap());
        assert_eq!(delay(NAME, HERE), Duration::ZERO);
        for _ in 0..FREE_FAILURES_OF_ADDRESS - 6 {
            let name = random_name();
            drop(throttle.begin(name, HERE).await.unwrap());
        }
        assert_eq!(delay(OTHER, HERE), FIRST_DELAY);
        assert_eq!(delay(OTHER, THERE), Duration::ZERO);
    }

    #[tokio::test]
    async fn attempts_that_are_refused_or_given_up_count() {
        let limits = Limits { log_ins_waiting_max: 0, ..Limits::default() };
        let throttle = Throttle::new(&limits);
        let failed = || throttle.asker(NAME, HERE).address.lock().recent();
        for _ in 0..FREE_FAILURES_OF_NAME {
            drop(throttle.begin(NAME, HERE).await.unwrap());
        }
        assert_eq!(failed(), 5);
        assert!(throttle.begin(NAME, HERE).await.is_err());
        assert_eq!(failed(), 6);
        let throttle = Throttle::new(&Limits::default());
        for _ in 0..FREE_FAILURES_OF_NAME {
            drop(throttle.begin(NAME, HERE).await.unwrap());
        }
        let mut waits = Box::pin(throttle.begin(NAME, HERE));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(waits.as_mut().poll(&mut context).is_pending());
        drop(waits);
        assert_eq!(throttle.asker(NAME, HERE).address.lock().recent(), 6);
        assert_eq!(throttle.asker(NAME, HERE).address.lock().open, 0);
    }

    #[tokio::test]
    async fn who_has_logged_in_from_an_address_is_known_there_until_attempts_there_fail() {
        let throttle = without_delay();
        let is_known = |from| throttle.asker(NAME, from).is_known();
        assert!(!is_known(HERE));
        throttle.begin(NAME, HERE).await.unwrap().succeeded();
        assert!(is_known(HERE));
        for _ in 0..100 {
            drop(throttle.begin(NAME, THERE).await.unwrap());
        }
        assert_eq!((is_known(HERE), is_known(THERE)), (true, false));
        // Attempts that are under way count before they have failed.
        let mut open = Vec::new();
        for _ in 0..FREE_FAILURES_OF_NAME {
            open.push(throttle.begin(NAME, HERE).await.unwrap());
        }
        assert!(!is_known(HERE));
        drop(open);
        assert!(!is_known(HERE));
        throttle.begin(NAME, HERE).await.unwrap().succeeded();
        assert!(is_known(HERE));
        for _ in 0..FREE_FAILURES_OF_ADDRESS {
            drop(throttle.begin(NAME, HERE).await.unwrap());
        }
        throttle.begin(NAME, HERE).await.unwrap().succeeded();
        assert!(!is_known(HERE));
    }

    #[tokio::test]
    async fn an_address_with_few_attempts_is_above_suspicion() {
        let throttle = without_delay();
        let is_suspect = |from| throttle.asker(OTHER, from).whose().is_suspect;
        for number in 0..10 {
            assert_eq!(is_suspect(HERE), number >= FEW_ATTEMPTS_OF_ADDRESS, "{number}");
            drop(throttle.begin(NAME, HERE).await.unwrap());
        }
        assert!(!is_suspect(THERE));
    }

    #[tokio::test]
    async fn new_users_without_end_are_slowed_down() {
        let limits = Limits { log_ins_waiting_max: 0, ..Limits::default() };
        let throttle = Throttle::new(&limits);
        for _ in 0..FREE_NEW_USERS_OF_ADDRESS {
            throttle.new_user(HERE).await.unwrap();
        }
        // One more would have to wait, for which there is no place here.
        assert!(throttle.new_user(HERE).await.is_err());
        assert!(throttle.new_user(THERE).await.is_ok());
    }

    #[tokio::test]
    async fn more_attempts_than_may_wait_are_refused() {
        let limits = Limits { log_ins_waiting_of_address_max: 1, ..Limits::default() };
        let throttle = Throttle::new(&limits);
        let whose = throttle.asker(NAME, HERE).whose();
        let waiting = throttle.wait(whose).unwrap();
        assert!(throttle.wait(whose).is_err());
        drop(waiting);
        assert!(throttle.wait(whose).is_ok());
    }

    fn random_name() -> ObjectId {
        crate::random::object_id().unwrap()
    }
}
