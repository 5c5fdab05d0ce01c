//! Things that happen one after another, in the order in which they were asked for.

use tokio::sync::oneshot::{self, error::TryRecvError};

/// What has been asked for.
#[derive(Debug, Default)]
pub struct Queue {
    last: Option<oneshot::Receiver<()>>,
}

/// A place in a queue: whoever comes behind waits as long as this exists.
#[derive(Debug)]
pub struct QueuePlace {
    before: Option<oneshot::Receiver<()>>,
    _left: oneshot::Sender<()>,
}

impl Queue {
    /// The place behind all others.
    pub fn join(&mut self) -> QueuePlace {
        let (left, last) = oneshot::channel();
        QueuePlace { before: self.last.replace(last), _left: left }
    }
}

impl QueuePlace {
    /// Whether nobody is before this one any more.
    pub fn is_first(&mut self) -> bool {
        if let Some(before) = &mut self.before
            && before.try_recv() == Err(TryRecvError::Empty)
        {
            return false;
        }
        self.before = None;
        true
    }

    /// Waits until nobody is before this one any more.
    pub async fn wait(&mut self) {
        if let Some(before) = self.before.take() {
            // Nothing is ever sent: it returns when the place before has gone.
            let _ = before.await;
        }
    }
}
