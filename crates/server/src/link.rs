//! A connection as its requests see it, and the connections that there are.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, OnceLock, PoisonError, Weak},
    time::Duration,
};

use hookstead_memory::Part;
use tokio::sync::Notify;

use crate::{activity::Activity, bodies::Bodies, framing::Flaw, shared::Shared, workers::Seat};

/// Streams of one HTTP/2 connection at once.
pub(crate) const STREAMS_MAX: u32 = 200;

/// Where memory is scarce, a client loses its connection that has not read a response for so long.
const SCARCE_TIME: Duration = Duration::from_secs(2);

/// What the requests of one connection share.
pub(crate) struct Link {
    pub(crate) shared: Arc<Shared>,
    pub(crate) peer: IpAddr,
    pub(crate) seat: Seat,
    pub(crate) activity: Activity,
    pub(crate) bodies: Arc<Bodies>,
    /// What is wrong with the framing of one of them, which is the last.
    pub(crate) flaw: OnceLock<Flaw>,
    /// Told when the connection is to be closed at once.
    pub(crate) close: Notify,
}

impl Link {
    /// Whether the connection only waits for its client: for a request, for the rest of one, or to
    /// be closed.
    pub(crate) fn waits_for_client(&self) -> bool {
        self.activity.has_read_all() && self.activity.running() <= self.bodies.arriving()
    }
}

/// The connections, to find those that do not read.
#[derive(Default)]
pub(crate) struct Links(Mutex<HashMap<usize, Weak<Link>>>);

impl Links {
    pub(crate) fn add(&self, link: &Arc<Link>) {
        self.lock().insert(key(link), Arc::downgrade(link));
    }

    pub(crate) fn remove(&self, link: &Arc<Link>) {
        self.lock().remove(&key(link));
    }

    /// The connections that there are.
    pub(crate) fn all(&self) -> Vec<Arc<Link>> {
        self.lock().values().filter_map(Weak::upgrade).collect()
    }

    /// Closes connections on which no request has begun, or whose clients have been silent for so
    /// long in the middle of one.
    pub(crate) fn close_waiting(&self, silent_time: Duration) {
        for link in self.all() {
            let is_idle = link.activity.running() == 0 || link.activity.silent_for() >= silent_time;
            if link.waits_for_client() && is_idle {
                link.close.notify_one();
            }
        }
    }

    /// Closes connections that do not read their responses, those first that hold most, until half
    /// of what all may hold is free.
    pub(crate) fn close_stalled(&self, responses: &Part) {
        let stalled = |link: &Arc<Link>| {
            link.activity.unread_for().is_some_and(|unread| unread >= SCARCE_TIME)
        };
        let mut links = self.all();
        links.retain(stalled);
        links.sort_by_key(|link| std::cmp::Reverse(link.activity.unread_bytes()));
        let mut left = responses.used_bytes();
        for link in links {
            if left <= responses.bytes_max() / 2 {
                break;
            }
            left = left.saturating_sub(link.activity.unread_bytes());
            link.close.notify_one();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<usize, Weak<Link>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(link: &Arc<Link>) -> usize {
    Arc::as_ptr(link).addr()
}
