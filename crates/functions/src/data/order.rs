//! In which order a run's commands take effect.
//!
//! Many functions start a write, do not wait for it, and read what they wrote. A read therefore
//! begins once the writes that the run started before it have ended. Writes do not wait for each
//! other: those of a `Promise.all` go on at once.

use tokio::sync::watch;

/// The writes of a run that are under way, each with its data source.
#[derive(Default)]
pub(crate) struct Writes {
    under_way: Vec<(String, watch::Receiver<()>)>,
}

/// A write is under way as long as this exists.
pub(crate) struct WriteGuard {
    _end: watch::Sender<()>,
}

/// Writes that a read waits for.
pub(crate) struct Barrier(Vec<watch::Receiver<()>>);

impl Writes {
    /// Notes a write that begins.
    pub(crate) fn begin(&mut self, source: &str) -> WriteGuard {
        self.forget_ended();
        let (end, ended) = watch::channel(());
        self.under_way.push((source.to_owned(), ended));
        WriteGuard { _end: end }
    }

    /// What a read that begins now has to wait for.
    pub(crate) fn barrier(&mut self, source: &str) -> Barrier {
        self.forget_ended();
        let writes = self.under_way.iter().filter(|(of, _)| of == source);
        Barrier(writes.map(|(_, ended)| ended.clone()).collect())
    }

    fn forget_ended(&mut self) {
        self.under_way.retain(|(_, ended)| ended.has_changed().is_ok());
    }
}

impl Barrier {
    /// Waits until they have ended, well or not.
    pub(crate) async fn wait(self) {
        for mut ended in self.0 {
            // Nothing is ever sent: it returns when the sender has gone.
            while ended.changed().await.is_ok() {}
        }
    }
}
