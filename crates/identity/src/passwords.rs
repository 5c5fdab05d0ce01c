//! Hashes and checks of passwords, on threads of their own.
//!
//! A check takes many milliseconds and 19 MiB of memory. A few threads of low priority do them, so
//! many more checks wait, and the rest is refused: whoever guesses passwords slows down nobody
//! but those who log in.

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
};

use argon2::{
    Argon2, PasswordHasher as _, PasswordVerifier as _,
    password_hash::{Error, phc::PasswordHash},
};
use tokio::sync::oneshot;

use crate::{AuthError, random};

/// How much lower than that of others the priority of the threads is.
const NICENESS: i32 = 5;
const SALT_BYTES: usize = 16;

/// What a thread does; it is told the hash of a password that nobody knows.
type Job = Box<dyn FnOnce(&str) + Send>;

/// Hashes and checks passwords.
pub(crate) struct Passwords {
    /// Threads are started when they are needed for the first time.
    jobs: OnceLock<SyncSender<Job>>,
    threads: usize,
    waiting_max: usize,
}

impl Passwords {
    pub(crate) fn new(threads: usize, waiting_max: usize) -> Self {
        Self { jobs: OnceLock::new(), threads, waiting_max }
    }

    /// The hash of a password, by argon2id with a random salt.
    pub(crate) async fn hash(&self, password: &str) -> Result<String, AuthError> {
        let password = password.to_owned();
        self.run(move |_| hash(&password)).await
    }

    /// Whether a password belongs to a hash. Where there is none, the answer is no, which takes
    /// the same time.
    pub(crate) async fn verify(
        &self,
        password: &str,
        hash: Option<&str>,
    ) -> Result<bool, AuthError> {
        let (password, hash) = (password.to_owned(), hash.map(str::to_owned));
        self.run(move |nobodys_hash| {
            let is_right = verify(&password, hash.as_deref().unwrap_or(nobodys_hash))?;
            Ok(is_right && hash.is_some())
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&str) -> Result<T, AuthError> + Send + 'static,
    ) -> Result<T, AuthError> {
        let (sender, receiver) = oneshot::channel();
        let job = move |nobodys_hash: &str| {
            // Nobody waits for the answer where the caller is gone.
            if !sender.is_closed() {
                let _ = sender.send(work(nobodys_hash));
            }
        };
        let jobs = self.jobs.get_or_init(|| start(self.threads, self.waiting_max));
        jobs.try_send(Box::new(job)).map_err(|error| match error {
            TrySendError::Full(_) => AuthError::too_many_requests("too many passwords to check"),
            TrySendError::Disconnected(_) => no_thread(),
        })?;
        receiver.await.unwrap_or_else(|_| Err(no_thread()))
    }
}

fn no_thread() -> AuthError {
    AuthError::internal("there is no thread that checks passwords")
}

/// Starts threads, which end with the sender.
fn start(threads: usize, waiting_max: usize) -> SyncSender<Job> {
    let (sender, receiver) = sync_channel(waiting_max);
    let receiver = Arc::new(Mutex::new(receiver));
    let nobodys_hash = Arc::new(OnceLock::new());
    for _ in 0..threads.max(1) {
        let (receiver, nobodys_hash) = (Arc::clone(&receiver), Arc::clone(&nobodys_hash));
        let thread = thread::Builder::new().name("passwords".to_owned());
        // Without any thread the receiver is gone, and the next job fails.
        let _ = thread.spawn(move || work(&receiver, &nobodys_hash));
    }
    sender
}

fn work(jobs: &Mutex<Receiver<Job>>, nobodys_hash: &OnceLock<Option<String>>) {
    // Of this thread alone; where the system refuses, the priority stays.
    let _ = rustix::process::setpriority_process(None, NICENESS);
    let nobodys_hash = nobodys_hash.get_or_init(|| {
        let password = random::link_token().ok()?;
        hash(&password).ok()
    });
    let Some(nobodys_hash) = nobodys_hash else { return };
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        job(nobodys_hash);
    }
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
        assert_eq!(passwords.verify("anything", None).await, Ok(false));
        let hash = passwords.hash("anything").await.unwrap();
        assert_eq!(passwords.verify("anything", Some(&hash)).await, Ok(true));
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
            blocked.run(work).await
        });
        begins.await.unwrap();
        let mut waiting = Vec::new();
        for _ in 0..2 {
            let mut job = Box::pin(passwords.run(|_| Ok(())));
            assert!(futures_poll(&mut job).is_none());
            waiting.push(job);
        }
        let refused = futures_poll(&mut Box::pin(passwords.run(|_| Ok(()))));
        let kind = refused.and_then(Result::err).map(|error| error.kind);
        assert_eq!(kind, Some(crate::AuthErrorKind::TooManyRequests));
        drop(release);
        assert_eq!(first.await.unwrap(), Ok(()));
        for job in waiting {
            assert_eq!(job.await, Ok(()));
        }
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
