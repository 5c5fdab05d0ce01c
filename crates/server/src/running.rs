//! A request as long as it runs.

use std::sync::Arc;

use http::Version;

use crate::link::Link;

/// A request that runs, whether or not its client still waits for it.
pub(crate) struct Running {
    link: Arc<Link>,
    number: u64,
    others: u64,
}

impl Running {
    /// A request begins; it runs until the returned value is dropped.
    pub(crate) fn begin(link: &Arc<Link>, version: Version) -> Self {
        let (number, others) = link.activity.begin_request(version);
        Self { link: Arc::clone(link), number, others }
    }

    /// The connection that it came on.
    pub(crate) fn link(&self) -> &Arc<Link> {
        &self.link
    }

    /// What is wrong with the framing of this request, as far as that is known.
    pub(crate) fn flaw(&self) -> Option<&'static str> {
        let flaw = self.link.flaw.get().filter(|flaw| flaw.request == self.number)?;
        Some(flaw.reason)
    }

    /// How many requests of the same connection ran when this one began.
    pub(crate) fn others(&self) -> u64 {
        self.others
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.link.activity.end_request();
    }
}
