//! What sends mails, which an app that is read again has in common with the one before.

use std::{
    cmp::min,
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use hookstead_journal::Journal;
use hookstead_mail::{Mailer, Outcome};
use tokio::task::JoinHandle;

/// How long mails that wait get when the program stops, after the requests.
const STOP_TIME: Duration = Duration::from_secs(10);

/// What the operator can do about a mail that was not sent.
const WITHOUT_MAIL: &str = "`hookstead users confirm` and `hookstead users reset-link` do without";

/// What sends mails, which is made once and lasts as long as the program.
#[derive(Clone, Default)]
pub(crate) struct SharedMailer(Arc<OnceLock<Mailer>>);

/// What sends mails while the server runs.
pub(crate) struct Sending {
    mailer: Mailer,
    task: JoinHandle<()>,
}

impl SharedMailer {
    /// What sends mails, which the first who asks for it makes.
    pub(crate) fn get_or_make(
        &self,
        make: impl FnOnce() -> anyhow::Result<Option<Mailer>>,
    ) -> anyhow::Result<Option<Mailer>> {
        if let Some(mailer) = self.0.get() {
            return Ok(Some(mailer.clone()));
        }
        Ok(make()?.map(|made| self.0.get_or_init(|| made).clone()))
    }

    /// Begins to send, where there is a mail server. What becomes of mails is told.
    pub(crate) fn begin(&self, journal: Arc<Journal>) -> Option<Sending> {
        let mailer = self.0.get()?.clone();
        let task = tokio::spawn(mailer.clone().run(move |delivery| match delivery.outcome {
            Outcome::Sent => journal.inform(delivery.to_string()),
            Outcome::Waits { .. } => journal.notice(delivery.to_string()),
            Outcome::Failed { .. } => journal.notice(format!("{delivery}; {WITHOUT_MAIL}")),
        }));
        Some(Sending { mailer, task })
    }
}

impl fmt::Debug for SharedMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedMailer").finish_non_exhaustive()
    }
}

impl Sending {
    /// Sends what waits for a short time, and tells what is not sent.
    pub(crate) async fn finish(self, shutdown_time: Duration) {
        self.mailer.stop(min(STOP_TIME, shutdown_time));
        // A panic in it has been told.
        let _ = self.task.await;
    }
}
