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

#[derive(Default)]
struct Known {
    documents: HashMap<String, (Instant, Outcome)>,
    /// When this minute has begun, and how many were fetched in it.
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
        self.count_fetch()?;
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
        let (fetched, outcome) = known.documents.get(url)?;
        let age_max = if outcome.is_ok() { AGE_MAX } else { FAILURE_TIME };
        (fetched.elapsed() < age_max).then(|| outcome.clone())
    }

    fn count_fetch(&self) -> Result<(), DocumentError> {
        let mut known = self.lock();
        let now = Instant::now();
        let minute = known.minute.filter(|(begun, _)| now - *begun < Duration::from_mins(1));
        let (begun, count) = minute.unwrap_or((now, 0));
        if count >= FETCHES_PER_MINUTE_MAX {
            return Err(DocumentError::Busy);
        }
        known.minute = Some((begun, count + 1));
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Keeps a document. What could not be had makes room first, then what is oldest.
    fn keep(&mut self, url: &str, outcome: Outcome) {
        if self.documents.len() >= DOCUMENTS_MAX && !self.documents.contains_key(url) {
            let age = |(_, (fetched, outcome)): &(&String, &(Instant, Outcome))| {
                (outcome.is_ok(), *fetched)
            };
            let last = self.documents.iter().min_by_key(age).map(|(url, _)| url.clone());
            if let Some(last) = last {
                self.documents.remove(&last);
            }
        }
        self.documents.insert(url.to_owned(), (Instant::now(), outcome));
    }
}

impl fmt::Debug for Documents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Documents").finish_non_exhaustive()
    }
}
