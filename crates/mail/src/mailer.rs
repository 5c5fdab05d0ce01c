//! The queue of mails, and what sends them.

use std::{
    fmt,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use lettre::AsyncTransport as _;
use tokio::{
    sync::{
        OwnedSemaphorePermit, Semaphore,
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
        watch,
    },
    task::JoinSet,
    time::{sleep, sleep_until, timeout},
};

use crate::{
    Delivery, LimitReached, Mail, MailLimits, Outcome, Recipient, Sender, SmtpServer, SmtpUrlError,
    failure::Failure,
    limits::{Counted, Counts},
    smtp_server::Transport,
};

/// Connections to the server at once.
const CONNECTIONS_MAX: usize = 4;

/// How long a mail waits after each attempt that failed. Links are good for 30 minutes; servers
/// that turn strangers away at first take a mail after some minutes.
const RETRY_PAUSES: [Duration; 3] =
    [Duration::from_secs(10), Duration::from_secs(60), Duration::from_mins(5)];

/// What the operator decides about mails.
#[derive(Clone)]
pub struct MailerOptions {
    /// The server that takes them.
    pub server: SmtpServer,
    /// Who they come from.
    pub from: Sender,
    /// How long an attempt to send one may take.
    pub send_time: Duration,
    /// How many there may be.
    pub limits: MailLimits,
    /// How long a mail waits after each attempt that failed; after one more attempt it is given up.
    pub retry_pauses: Vec<Duration>,
}

impl MailerOptions {
    /// The defaults for a server and a sender.
    pub fn new(server: SmtpServer, from: Sender) -> Self {
        Self {
            server,
            from,
            send_time: Duration::from_secs(30),
            limits: MailLimits::default(),
            retry_pauses: RETRY_PAUSES.to_vec(),
        }
    }
}

/// Takes mails into a queue in memory, and sends them. Clones share the queue.
#[derive(Clone)]
pub struct Mailer(Arc<Shared>);

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer").finish_non_exhaustive()
    }
}

struct Shared {
    options: MailerOptions,
    transport: Transport,
    counts: Mutex<Counts>,
    /// Places in the queue; a mail has one until it is sent or given up.
    places: Arc<Semaphore>,
    connections: Semaphore,
    queue: UnboundedSender<Queued>,
    /// Taken by the one that sends.
    queued: Mutex<Option<UnboundedReceiver<Queued>>>,
    /// When mails are given up, once the program stops.
    end: watch::Sender<Option<Instant>>,
}

/// A mail that waits to be sent.
struct Queued {
    to: Recipient,
    mail: Mail,
    _place: OwnedSemaphorePermit,
}

/// A place in the queue for one mail, which counts for the limits. It is given back where no mail
/// is sent.
pub struct Reservation {
    mailer: Mailer,
    to: Recipient,
    place: Option<OwnedSemaphorePermit>,
    counted: Option<Counted>,
}

impl Mailer {
    /// A mailer that sends nothing until [`Mailer::run`].
    ///
    /// # Errors
    /// TLS cannot be had.
    pub fn new(options: MailerOptions) -> Result<Self, SmtpUrlError> {
        let transport = options.server.transport(options.from.domain(), options.send_time)?;
        let (queue, queued) = unbounded_channel();
        let limits = options.limits;
        Ok(Self(Arc::new(Shared {
            transport,
            counts: Mutex::new(Counts::new(limits)),
            places: Arc::new(Semaphore::new(limits.queue_max.min(Semaphore::MAX_PERMITS))),
            connections: Semaphore::new(CONNECTIONS_MAX),
            queue,
            queued: Mutex::new(Some(queued)),
            end: watch::channel(None).0,
            options,
        })))
    }

    /// Takes a place in the queue for a mail that somebody in `network` asks for. To be called
    /// before there is a link: what is refused then has no consequences.
    ///
    /// # Errors
    /// There are too many mails.
    pub fn reserve(&self, to: Recipient, network: IpAddr) -> Result<Reservation, LimitReached> {
        let places = Arc::clone(&self.0.places);
        let place = places.try_acquire_owned().map_err(|_| LimitReached::Queue)?;
        let counted = self.0.counts().add(&to, network, Instant::now())?;
        let (place, counted) = (Some(place), Some(counted));
        Ok(Reservation { mailer: self.clone(), to, place, counted })
    }

    /// Sends what is in the queue and what comes into it, until [`Mailer::stop`] is called and
    /// nothing is left or the time is over. Everything that becomes of a mail is given to `tell`.
    /// Only the first call sends.
    pub async fn run(self, tell: impl Fn(&Delivery) + Send + Sync + 'static) {
        let queued = self.0.queued.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut queued) = queued else { return };
        let (mut end, tell) = (self.0.end.subscribe(), Arc::new(tell));
        let mut deliveries = JoinSet::new();
        let mut is_open = true;
        loop {
            tokio::select! {
                mail = queued.recv() => {
                    let Some(mail) = mail else { break };
                    let (shared, tell) = (Arc::clone(&self.0), Arc::clone(&tell));
                    deliveries.spawn(async move { shared.deliver(mail, &*tell).await });
                }
                Some(_) = deliveries.join_next() => {}
                _ = end.wait_for(Option::is_some), if is_open => {
                    queued.close();
                    is_open = false;
                }
            }
        }
        while deliveries.join_next().await.is_some() {}
    }

    /// Ends [`Mailer::run`]: mails that wait are tried once more, and what is not sent within
    /// `time` is given up.
    pub fn stop(&self, time: Duration) {
        self.0.end.send_replace(Some(Instant::now() + time));
    }
}

impl Reservation {
    /// Puts the mail into the queue.
    pub fn send(mut self, mail: Mail) {
        self.counted = None;
        if let Some(place) = self.place.take() {
            let queued = Queued { to: self.to.clone(), mail, _place: place };
            // Once the program has stopped, nobody sends.
            let _ = self.mailer.0.queue.send(queued);
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let Some(counted) = self.counted.take() {
            self.mailer.0.counts().remove(counted);
        }
    }
}

impl Shared {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn deliver(&self, queued: Queued, tell: &(dyn Fn(&Delivery) + Send + Sync)) {
        let tell = |outcome| {
            let (label, to) = (queued.mail.label, queued.to.as_str().to_owned());
            tell(&Delivery { label, to, outcome });
        };
        let outcome = tokio::select! {
            outcome = self.attempts(&queued, &tell) => outcome,
            () = self.time_is_over() => {
                Outcome::Failed { why: "the program stops".to_owned() }
            }
        };
        tell(outcome);
    }

    /// Sends a mail, with another attempt after each pause.
    async fn attempts(&self, queued: &Queued, tell: &(dyn Fn(Outcome) + Send + Sync)) -> Outcome {
        let mut pauses = self.options.retry_pauses.iter().copied();
        let mut is_first = true;
        loop {
            let was_stopping = self.is_stopping();
            let Failure { why, is_final } = match self.attempt(queued).await {
                Ok(()) => return Outcome::Sent,
                Err(failure) => failure,
            };
            let pause = pauses.next().filter(|_| !is_final && !was_stopping);
            let Some(pause) = pause else { return Outcome::Failed { why } };
            if is_first {
                tell(Outcome::Waits { why, pause });
            }
            is_first = false;
            let mut end = self.end.subscribe();
            tokio::select! {
                () = sleep(pause) => {}
                _ = end.wait_for(Option::is_some) => {}
            }
        }
    }

    async fn attempt(&self, queued: &Queued) -> Result<(), Failure> {
        let Queued { to, mail, .. } = queued;
        let options = &self.options;
        let message = mail.message(&options.from, to).map_err(|error| Failure {
            why: format!("there can be no such mail: {error}"),
            is_final: true,
        })?;
        // The semaphore is never closed.
        let _connection = self.connections.acquire().await;
        match timeout(options.send_time, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(Failure::of(
                &error,
                &options.server,
                &[&mail.secret, options.server.password()],
            )),
            Err(_) => Err(Failure::too_slow(&options.server, options.send_time)),
        }
    }

    fn is_stopping(&self) -> bool {
        self.end.borrow().is_some()
    }

    /// Resolves when mails are given up.
    async fn time_is_over(&self) {
        let mut end = self.end.subscribe();
        let end = end.wait_for(Option::is_some).await.ok().and_then(|end| *end);
        // The sender is this one's own.
        sleep_until(end.unwrap_or_else(Instant::now).into()).await;
    }
}
