//! Documents that other servers publish, such as certificates: fetched once and kept for a while.
//!
//! Strangers can name documents to fetch. What they can cause is bounded: how many calls there are
//! at once and in a minute, how many documents are kept, and how many callers wait.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use hookstead_memory::{Account, Budget};
use serde::Deserialize;
use serde_json::json;
use thiserror::Error;
use tokio::sync::Semaphore;

use crate::Client;

/// How long a document counts, and how long it is remembered that it could not be had.
const AGE_MAX: Duration = Duration::from_hours(24);
const FAILURE_TIME: Duration = Duration::from_secs(10);
/// How many documents are kept, those included that could not be had.
const DOCUMENTS_MAX: usize = 128;
/// How many are fetched at once, and how many callers wait for their turn.
const FETCHES_MAX: usize = 4;
const WAITING_MAX: usize = 64;
/// How many are fetched in a minute.
const FETCHES_PER_MINUTE_MAX: u32 = 30;

/// Fetches documents, and keeps them.
pub struct Documents {
    client: Arc<Client>,
    budget: Arc<Budget>,
    known: Mutex<Known>,
    fetches: Semaphore,
    waiting: Semaphore,
}

/// Why a document cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DocumentError {
    /// Too much is being fetched.
    #[error("too many documents are fetched, or were in the last minute")]
    Busy,
    /// It was not answered, or not with the document.
    #[error("{0}")]
    Failed(String),
}

type Outcome = Result<Arc<[u8]>, DocumentError>;

/// What came of fetching a document.
struct Kept {
    fetched: Instant,
    outcome: Outcome,
    /// Whether it was there this time or before: strangers cannot name many such.
    is_known: bool,
}

#[derive(Default)]
struct Known {
    documents: HashMap<String, Kept>,
    /// When this minute has begun, and how many were fetched in it that nobody had before.
    minute: Option<(Instant, u32)>,
}

#[derive(Deserialize)]
struct ResponseHead {
    #[serde(rename = "statusCode")]
    status_code: u16,
}

impl Documents {
    /// Makes calls with this client, and takes the memory of answers from this budget.
    pub fn new(client: Arc<Client>, budget: Arc<Budget>) -> Self {
        Self {
            client,
            budget,
            known: Mutex::default(),
            fetches: Semaphore::new(FETCHES_MAX),
            waiting: Semaphore::new(WAITING_MAX),
        }
    }

    /// The document at a URL, of at most so many bytes.
    ///
    /// # Errors
    /// It cannot be had, or too much is being fetched.
    pub async fn get(&self, url: &str, bytes_max: usize) -> Outcome {
        if let Some(known) = self.known(url) {
            return known;
        }
        let _place = self.waiting.try_acquire().map_err(|_| DocumentError::Busy)?;
        let _turn = self.fetches.acquire().await.map_err(|_| DocumentError::Busy)?;
        // Somebody may have fetched it meanwhile.
        if let Some(known) = self.known(url) {
            return known;
        }
        self.lock().count(url, Instant::now())?;
        let outcome = self.fetch(url, bytes_max).await;
        self.lock().keep(url, outcome.clone());
        outcome
    }

    async fn fetch(&self, url: &str, bytes_max: usize) -> Outcome {
        let head = json!({ "method": "GET", "url": url }).to_string();
        let account = Account::new(&self.budget, bytes_max);
        let response = Arc::clone(&self.client).perform(head, None, account).await;
        let response = response.map_err(|error| DocumentError::Failed(error.to_string()))?;
        let head: ResponseHead = serde_json::from_str(&response.head)
            .map_err(|error| DocumentError::Failed(error.to_string()))?;
        if head.status_code != 200 {
            return Err(DocumentError::Failed(format!("status {}", head.status_code)));
        }
        if response.body.len() > bytes_max {
            return Err(DocumentError::Failed(format!("more than {bytes_max} bytes")));
        }
        Ok(Arc::from(&response.body[..]))
    }

    fn known(&self, url: &str) -> Option<Outcome> {
        let known = self.lock();
        let Kept { fetched, outcome, .. } = known.documents.get(url)?;
        let age_max = if outcome.is_ok() { AGE_MAX } else { FAILURE_TIME };
        (fetched.elapsed() < age_max).then(|| outcome.clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Counts that a document is about to be fetched. What has been there does not count: else
    /// whoever names documents that do not exist would keep it from being fetched again.
    fn count(&mut self, url: &str, now: Instant) -> Result<(), DocumentError> {
        if self.documents.get(url).is_some_and(|kept| kept.is_known) {
            return Ok(());
        }
        let minute = self.minute.filter(|(begun, _)| now - *begun < Duration::from_mins(1));
        let (begun, count) = minute.unwrap_or((now, 0));
        if count >= FETCHES_PER_MINUTE_MAX {
            return Err(DocumentError::Busy);
        }
        self.minute = Some((begun, count + 1));
        Ok(())
    }

    /// Keeps a document. What was never there makes room first, then what is oldest.
    fn keep(&mut self, url: &str, outcome: Outcome) {
        if self.documents.len() >= DOCUMENTS_MAX && !self.documents.contains_key(url) {
            let age = |(_, kept): &(&String, &Kept)| (kept.is_known, kept.fetched);
            let last = self.documents.iter().min_by_key(age).map(|(url, _)| url.clone());
            if let Some(last) = last {
                self.documents.remove(&last);
            }
        }
        let before = self.documents.get(url).is_some_and(|kept| kept.is_known);
        let kept = Kept { fetched: Instant::now(), is_known: before || outcome.is_ok(), outcome };
        self.documents.insert(url.to_owned(), kept);
    }
}

impl fmt::Debug for Documents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Documents").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_that_do_not_exist_keep_no_known_one_from_being_fetched() {
        let (mut known, now) = (Known::default(), Instant::now());
        let failed = || Err(DocumentError::Failed(String::new()));
        known.keep("https://a/known", Ok(Arc::from(&b"1"[..])));
        known.keep("https://a/known", failed());
        for index in 0..2 * DOCUMENTS_MAX {
            let url = format!("https://a/{index}");
            let counted = known.count(&url, now).is_ok();
            assert_eq!(counted, index < FETCHES_PER_MINUTE_MAX as usize, "{index}");
            known.keep(&url, failed());
        }
        assert_eq!(known.documents.len(), DOCUMENTS_MAX);
        assert_eq!(known.count("https://a/known", now), Ok(()));
        assert_eq!(known.count("https://a/other", now + Duration::from_mins(1)), Ok(()));
    }
}
