//! What all requests share.

use std::sync::{Arc, PoisonError, RwLock};

use hookstead_journal::Journal;
use hookstead_memory::{Budget as Memory, Part};
use hookstead_site::Site;

use crate::{bodies::AllBodies, budget::Budget, config::Config, link::Links, told::Told};

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) journal: Arc<Journal>,
    /// Requests at once.
    pub(crate) requests: Arc<Budget>,
    /// The memory of the app that the server began with, and of those that follow it.
    pub(crate) memory: Arc<Memory>,
    /// Bodies of requests; they take at most half of all memory.
    pub(crate) bodies: Arc<AllBodies>,
    /// Bytes of responses that nobody has read yet, at most half of all memory.
    pub(crate) responses: Arc<Part>,
    pub(crate) links: Arc<Links>,
    /// What clients have asked for that is not served.
    pub(crate) unserved: Told,
    pub(crate) site: RwLock<Arc<Site>>,
}

impl Shared {
    /// The app as it is now; a request keeps the one that it began with.
    pub(crate) fn site(&self) -> Arc<Site> {
        Arc::clone(&self.site.read().unwrap_or_else(PoisonError::into_inner))
    }
}
