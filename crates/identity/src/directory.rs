//! Where users are kept, and what lasts when an app is loaded anew.

use std::{
    num::NonZero,
    sync::Arc,
    thread,
    time::{Duration, SystemTime},
};

use bson::{DateTime, oid::ObjectId};
use hookstead_data::Store;
use hookstead_memory::Budget;
use hookstead_outbound::Client;

use crate::{
    AuthError, KeyError, SigningKeys,
    collection::Collection,
    fetcher::Fetcher,
    flights::Flights,
    new_sessions::NewSessions,
    oauth::Places,
    passwords::Passwords,
    people::{Change, People},
    records::UserRecord,
    throttle::Throttle,
};

/// What time it is. Tests move it.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// Where users are kept, and what lasts when an app is loaded anew: keys, queues, memories.
pub struct Directory {
    pub(crate) users: Collection,
    pub(crate) identities: Collection,
    pub(crate) sessions: Collection,
    /// Log-ins by a browser that have come to their end.
    pub(crate) log_ins: Collection,
    pub(crate) api_keys: Collection,
    pub(crate) server_keys: Collection,
    pub(crate) passwords: Passwords,
    pub(crate) throttle: Throttle,
    pub(crate) new_sessions: NewSessions,
    pub(crate) fetcher: Option<Fetcher>,
    /// Of those who ask Google, Facebook or Apple.
    pub(crate) places: Places,
    /// The users who are being made, by the keys of their identities.
    pub(crate) creations: Flights<ObjectId, Result<Option<Arc<UserRecord>>, AuthError>>,
    /// What tells this copy of the program from others.
    pub(crate) copy: ObjectId,
    keys: Option<SigningKeys>,
    people: People,
    clock: Clock,
}

/// What the operator decides about it.
#[derive(Debug, Clone)]
pub struct DirectoryOptions {
    /// The database of the users.
    pub database: String,
}

/// How much may happen at the same time.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How many passwords are checked at the same time. Each check takes 19 MiB of memory.
    pub password_checks_max: usize,
    /// How many more checks wait; the next one is refused.
    pub password_checks_waiting_max: usize,
    /// How long an attempt to log in waits at most, after many that have failed.
    pub log_in_delay_max: Duration,
    /// How many attempts wait for that reason; the next one is refused.
    pub log_ins_waiting_max: usize,
    /// How many of them may come from one address.
    pub log_ins_waiting_of_address_max: u32,
    /// How many sessions begin from one address in an hour; the next one is refused.
    pub sessions_of_address_per_hour_max: u32,
    /// How many log-ins ask Google, Facebook or Apple at the same time; the next one is refused.
    pub provider_calls_max: usize,
    /// How many of them may come from one address.
    pub provider_calls_of_address_max: usize,
    /// How long such a log-in may ask.
    pub provider_time: Duration,
}

/// How many passwords are checked at the same time by default, however many processors there are.
const PASSWORD_CHECKS_MAX: usize = 8;

impl Default for Limits {
    fn default() -> Self {
        // Half of the processors, rounded up: the rest is for requests.
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            password_checks_max: processors.div_ceil(2).min(PASSWORD_CHECKS_MAX),
            password_checks_waiting_max: 128,
            log_in_delay_max: Duration::from_secs(5),
            log_ins_waiting_max: 1024,
            log_ins_waiting_of_address_max: 64,
            sessions_of_address_per_hour_max: 20_000,
            provider_calls_max: 64,
            provider_calls_of_address_max: 16,
            provider_time: Duration::from_secs(15),
        }
    }
}

impl Directory {
    /// A directory of users in a store. Until [`Directory::with_keys`] is called, tokens are
    /// signed with a random key, and no session outlasts the program.
    pub fn new(store: Arc<dyn Store>, options: DirectoryOptions) -> Self {
        let collection = |name| Collection::new(&store, &options.database, name);
        let limits = Limits::default();
        Self {
            users: collection("users"),
            identities: collection("identities"),
            sessions: collection("sessions"),
            log_ins: collection("log_ins"),
            api_keys: collection("api_keys"),
            server_keys: collection("server_keys"),
            passwords: Self::passwords(&limits),
            throttle: Throttle::new(&limits),
            new_sessions: NewSessions::new(limits.sessions_of_address_per_hour_max),
            fetcher: None,
            places: Self::places(&limits),
            creations: Flights::new(),
            copy: ObjectId::new(),
            // Without random bytes there is no key, and no token can be signed.
            keys: SigningKeys::random().ok(),
            people: People::new(),
            clock: Arc::new(SystemTime::now),
        }
    }

    /// The same one with keys that sign the tokens.
    #[must_use]
    pub fn with_keys(mut self, keys: SigningKeys) -> Self {
        self.keys = Some(keys);
        self
    }

    /// The same one with a client that fetches the keys of others; what it reads is taken from
    /// the budget. Without it, tokens whose keys another server publishes are refused.
    #[must_use]
    pub fn with_client(mut self, client: Arc<Client>, budget: Arc<Budget>) -> Self {
        self.fetcher = Some(Fetcher { client, budget });
        self
    }

    /// The same one with other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: &Limits) -> Self {
        self.passwords = Self::passwords(limits);
        self.throttle = Throttle::new(limits);
        self.new_sessions = NewSessions::new(limits.sessions_of_address_per_hour_max);
        self.places = Self::places(limits);
        self
    }

    /// The same one with another clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    fn passwords(limits: &Limits) -> Passwords {
        Passwords::new(limits.password_checks_max, limits.password_checks_waiting_max)
    }

    fn places(limits: &Limits) -> Places {
        let (places, of_address) =
            (limits.provider_calls_max, limits.provider_calls_of_address_max);
        Places::new(places, of_address, limits.provider_time)
    }

    pub(crate) fn keys(&self) -> Result<&SigningKeys, AuthError> {
        let keys = self.keys.as_ref();
        keys.ok_or_else(|| AuthError::internal(KeyError::Random.to_string()))
    }

    pub(crate) fn now(&self) -> DateTime {
        DateTime::from_system_time((self.clock)())
    }

    /// In seconds since 1970.
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit")]
    pub(crate) fn now_s(&self) -> f64 {
        self.now().timestamp_millis() as f64 / 1000.0
    }

    /// What is kept of a user, as it was so long ago at most.
    pub(crate) async fn user(
        &self,
        id: ObjectId,
        age_max: Duration,
    ) -> Result<Option<Arc<UserRecord>>, AuthError> {
        self.people.get(&self.users, id, age_max).await
    }

    /// To be held while a user is changed: what was read before is not used afterwards.
    pub(crate) fn change(&self, user: ObjectId) -> Change<'_> {
        self.people.change(user)
    }
}
