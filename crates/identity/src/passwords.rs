//! Hashes and checks of passwords, on threads of their own.
//!
//! A check takes many milliseconds and 19 MiB of memory. A few threads of low priority do them, so
//! many more checks wait, and the rest is refused: whoever guesses passwords slows down nobody
//! but those who log in. The places to wait are shared out, and those above suspicion come first.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, Once, OnceLock, PoisonError},
    thread,
};

use argon2::{
    Argon2, PasswordHasher as _, PasswordVerifier as _,
    password_hash::{Error, phc::PasswordHash},
};
use tokio::sync::oneshot;

use crate::{
    AuthError, random,
    shares::{Shares, Whose},
};

/// How much lower than that of others the priority of the threads is.
const NICENESS: i32 = 5;
const SALT_BYTES: usize = 16;

/// After so many checks for those above suspicion, one for suspects is done, if any waits.
const CHECKS_IN_A_ROW_MAX: usize = 3;

/// Hashes and checks passwords.
pub(crate) struct Passwords {
    queue: Arc<Queue>,
    /// Threads are started when they are needed for the first time.
    started: Once,
    threads: usize,
}

/// What waits to be done.
struct Queue {
    state: Mutex<State>,
    came: Condvar,
    /// The hash of a password that nobody knows.
    nobodys_hash: OnceLock<Option<String>>,
}

struct State {
    jobs: VecDeque<Job>,
    jobs_of_suspects: VecDeque<Job>,
    shares: Shares,
    in_a_row: usize,
    /// How many threads there are.
    threads: usize,
    is_closed: bool,
}

struct Job {
    whose: Whose,
    work: Box<dyn Work>,
}

/// What a thread does; it is told the hash of a password that nobody knows.
trait Work: Send {
    /// Whether nobody waits for the answer any more.
    fn is_left(&self) -> bool;
    fn run(self: Box<Self>, nobodys_hash: &str);
}

struct Answering<T, F> {
    sender: oneshot::Sender<Result<T, AuthError>>,
    work: F,
}

impl<T: Send, F: FnOnce(&str) -> Result<T, AuthError> + Send> Work for Answering<T, F> {
    fn is_left(&self) -> bool {
        self.sender.is_closed()
    }

    fn run(self: Box<Self>, nobodys_hash: &str) {
        if !self.is_left() {
            let Self { sender, work } = *self;
            let _ = sender.send(work(nobodys_hash));
        }
    }
}

impl Passwords {
    pub(crate) fn new(threads: usize, waiting_max: usize) -> Self {
        let state = State {
            jobs: VecDeque::new(),
            jobs_of_suspects: VecDeque::new(),
            shares: Shares::new(waiting_max, waiting_max.div_ceil(4)),
            in_a_row: 0,
            threads: 0,
            is_closed: false,
        };
        let (state, came) = (Mutex::new(state), Condvar::new());
        let queue = Arc::new(Queue { state, came, nobodys_hash: OnceLock::new() });
        Self { queue, started: Once::new(), threads }
    }

    /// The hash of a password, by argon2id with a random salt.
    pub(crate) async fn hash(&self, password: &str, whose: Whose) -> Result<String, AuthError> {
        let password = password.to_owned();
        self.run(whose, move |_| hash(&password)).await
    }

    /// Whether a password belongs to a hash. Where there is none, the answer is no, which takes
    /// the same time.
    pub(crate) async fn verify(
        &self,
        password: &str,
        hash: Option<&str>,
        whose: Whose,
    ) -> Result<bool, AuthError> {
        let (password, hash) = (password.to_owned(), hash.map(str::to_owned));
        self.run(whose, move |nobodys_hash| {
            let is_right = verify(&password, hash.as_deref().unwrap_or(nobodys_hash))?;
            Ok(is_right && hash.is_some())
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        whose: Whose,
        work: impl FnOnce(&str) -> Result<T, AuthError> + Send + 'static,
    ) -> Result<T, AuthError> {
        self.started.call_once(|| start(&self.queue, self.threads));
        let (sender, receiver) = oneshot::channel();
        self.queue.push(Job { whose, work: Box::new(Answering { sender, work }) })?;
        receiver.await.unwrap_or_else(|_| Err(no_thread()))
    }
}

impl Drop for Passwords {
    fn drop(&mut self) {
        self.queue.state().is_closed = true;
        self.queue.came.notify_all();
    }
}

impl Queue {
    fn push(&self, job: Job) -> Result<(), AuthError> {
        let mut state = self.state();
        if state.threads == 0 {
            return Err(no_thread());
        }
        if !state.shares.take(&job.whose) {
            state.remove_left();
            if !state.shares.take(&job.whose) {
                return Err(AuthError::too_many_requests("too many passwords to check"));
            }
        }
        match job.whose.is_suspect {
            true => state.jobs_of_suspects.push_back(job),
            false => state.jobs.push_back(job),
        }
        drop(state);
        self.came.notify_one();
        Ok(())
    }

    /// The next job, or nothing where there will be none any more.
    fn next(&self) -> Option<Job> {
        let mut state = self.state();
        loop {
            if state.is_closed {
                return None;
            }
            if let Some(job) = state.pop() {
                return Some(job);
            }
            state = self.came.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn pop(&mut self) -> Option<Job> {
        let is_turn_of_suspects = self.in_a_row >= CHECKS_IN_A_ROW_MAX;
        let job = match is_turn_of_suspects {
            true => self.jobs_of_suspects.pop_front().or_else(|| self.jobs.pop_front()),
            false => self.jobs.pop_front().or_else(|| self.jobs_of_suspects.pop_front()),
        }?;
        self.in_a_row = if job.whose.is_suspect { 0 } else { self.in_a_row + 1 };
        self.shares.give_back(&job.whose);
        Some(job)
    }

    /// Removes jobs whose callers have left.
    fn remove_left(&mut self) {
        let shares = &mut self.shares;
        let mut stays = |job: &Job| {
            let is_left = job.work.is_left();
            if is_left {
                shares.give_back(&job.whose);
            }
            !is_left
        };
        self.jobs.retain(&mut stays);
        self.jobs_of_suspects.retain(&mut stays);
    }
}

fn no_thread() -> AuthError {
    AuthError::internal("there is no thread that checks passwords")
}

/// Starts threads, which end with the passwords.
fn start(queue: &Arc<Queue>, threads: usize) {
    for _ in 0..threads.max(1) {
        queue.state().threads += 1;
        let works = Arc::clone(queue);
        let thread = thread::Builder::new().name("passwords".to_owned());
        if thread.spawn(move || work(&works)).is_err() {
            one_thread_less(queue);
        }
    }
}

/// Without any thread, nobody waits for an answer.
fn one_thread_less(queue: &Queue) {
    let mut state = queue.state();
    state.threads -= 1;
    if state.threads == 0 {
        while state.pop().is_some() {}
    }
}

fn work(queue: &Queue) {
    // Of this thread alone; where the system refuses, the priority stays.
    let _ = rustix::process::setpriority_process(None, NICENESS);
    let nobodys_hash = queue.nobodys_hash.get_or_init(|| {
        let password = random::link_token().ok()?;
        hash(&password).ok()
    });
    if let Some(nobodys_hash) = nobodys_hash {
        while let Some(job) = queue.next() {
            job.work.run(nobodys_hash);
        }
    }
    one_thread_less(queue);
}

fn hash(password: &str) -> Result<String, AuthError> {
    let salt = random::bytes::<SALT_BYTES>()?;
    let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
    let hash = hash.map_err(|error| AuthError::internal(format!("argon2: {error}")))?;
    Ok(hash.to_string())
}

fn verify(password: &str, hash: &str) -> Result<bool, AuthError> {
    let unreadable = |error| AuthError::internal(format!("the hash of a password: {error}"));
    let hash = PasswordHash::new(hash).map_err(unreadable)?;
    match Argon2::default().verify_password(password.as_bytes(), &hash) {
        Ok(()) => Ok(true),
        Err(Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(AuthError::internal(format!("argon2: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOBODY: Whose = Whose::OF_NOBODY;

    #[test]
    fn a_hash_is_argon2id_with_the_recommended_parameters() {
        let hashed = hash("correct horse").unwrap();
        assert!(hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hashed}");
        assert_eq!(verify("correct horse", &hashed), Ok(true));
        assert_eq!(verify("correct house", &hashed), Ok(false));
        assert_ne!(hash("correct horse").unwrap(), hashed);
    }

    #[tokio::test]
    async fn who_has_no_hash_is_refused_by_the_same_work() {
        let passwords = Passwords::new(1, 1);
        assert_eq!(passwords.verify("anything", None, NOBODY).await, Ok(false));
        let hash = passwords.hash("anything", NOBODY).await.unwrap();
        assert_eq!(passwords.verify("anything", Some(&hash), NOBODY).await, Ok(true));
    }

    #[tokio::test]
    async fn more_checks_than_may_wait_are_refused() {
        let passwords = Arc::new(Passwords::new(1, 2));
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let blocked = Arc::clone(&passwords);
        let (began, begins) = oneshot::channel();
        let first = tokio::spawn(async move {
            let work = move |_: &str| {
                let _ = began.send(());
                let _ = wait.recv();
                Ok(())
            };
            blocked.run(NOBODY, work).await
        });
        begins.await.unwrap();
        let mut waiting = Vec::new();
        for _ in 0..2 {
            let mut job = Box::pin(passwords.run(NOBODY, |_| Ok(())));
            assert!(futures_poll(&mut job).is_none());
            waiting.push(job);
        }
        let refused = futures_poll(&mut Box::pin(passwords.run(NOBODY, |_| Ok(()))));
        let kind = refused.and_then(Result::err).map(|error| error.kind);
        assert_eq!(kind, Some(crate::AuthErrorKind::TooManyRequests));
        drop(release);
        assert_eq!(first.await.unwrap(), Ok(()));
        for job in waiting {
            assert_eq!(job.await, Ok(()));
        }
    }

    #[test]
    fn those_above_suspicion_come_first_and_suspects_are_not_forgotten() {
        let passwords = Passwords::new(1, 40);
        let mut state = passwords.queue.state();
        state.threads = 1;
        drop(state);
        let mut waiting = Vec::new();
        for is_suspect in [true, false] {
            for _ in 0..8 {
                let (sender, receiver) = oneshot::channel();
                let work = Box::new(Answering { sender, work: |_: &str| Ok(()) });
                let whose = Whose { is_suspect, ..NOBODY };
                passwords.queue.push(Job { whose, work }).unwrap();
                waiting.push(receiver);
            }
        }
        let mut order = String::new();
        while let Some(job) = passwords.queue.state().pop() {
            order.push(if job.whose.is_suspect { 's' } else { '.' });
        }
        assert_eq!(order, "...s...s..ssssss");
    }

    #[tokio::test]
    async fn a_check_whose_caller_has_left_keeps_no_place() {
        let passwords = Passwords::new(1, 1);
        passwords.queue.state().threads = 1;
        let push = || {
            let (sender, receiver) = oneshot::channel();
            let work = Box::new(Answering { sender, work: |_: &str| Ok(()) });
            passwords.queue.push(Job { whose: NOBODY, work }).map(|()| receiver)
        };
        let first = push().unwrap();
        assert!(push().is_err());
        drop(first);
        assert!(push().is_ok());
    }

    /// What a future answers when it is polled once.
    fn futures_poll<T>(future: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::Pin::new(future).poll(&mut context) {
            std::task::Poll::Ready(value) => Some(value),
            std::task::Poll::Pending => None,
        }
    }
}
