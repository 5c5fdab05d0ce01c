//! What the journal has been told once.

use std::sync::{Mutex, PoisonError};

/// Subjects of notices that are written once: clients ask again and again.
#[derive(Default)]
pub(crate) struct Told(Mutex<Vec<&'static str>>);

impl Told {
    /// Whether a subject comes up for the first time.
    pub(crate) fn is_news(&self, subject: &'static str) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = !told.contains(&subject);
        if is_news {
            told.push(subject);
        }
        is_news
    }
}
