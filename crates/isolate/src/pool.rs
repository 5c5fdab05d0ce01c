//! Runs, as many at once as allowed, the others in order of arrival.

use std::sync::Arc;

use hookstead_memory::Account;

use crate::{
    Ending, Host, Image, RunLimits,
    limits::runs::{Busy, PoolLimits, Runs},
    run,
};

/// Admits runs.
pub struct Pool {
    runs: Runs,
    isolates_max: usize,
}

impl Pool {
    /// A pool in which nothing runs.
    pub fn new(limits: PoolLimits) -> Self {
        Self { runs: Runs::new(&limits), isolates_max: limits.isolates_max }
    }

    /// Runs an image with a host; the host comes back with how the run ended.
    ///
    /// The run computes on the thread that polls, half a millisecond at a time. Must be awaited
    /// within a Tokio runtime that has a timer. Dropping the future ends the run where it stands,
    /// and the host with all that it has begun.
    ///
    /// # Errors
    /// [`Busy`] when too many wait already, or there is no memory in time.
    pub async fn run<H: Host>(
        &self,
        image: Arc<Image<H>>,
        limits: RunLimits,
        host: H,
    ) -> Result<(H, Ending), Busy> {
        let account = host.account().map_or_else(Account::unlimited, Arc::clone);
        let permit = self.runs.admit(&account).await?;
        Ok(run::run(image, limits, (permit, account), self.isolates_max, host).await)
    }
}
