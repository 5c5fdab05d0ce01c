//! Room for new connections, where there are as many as there may be.
//!
//! Somebody who opens connections and sends nothing could keep everybody else out. So when there is
//! no room, connections are closed that only wait for their clients: those of the address that has
//! most of them, the one first that has been silent for longest. A connection on which a function
//! runs is never closed.

use std::{
    cmp::Reverse,
    collections::HashMap,
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use hookstead_identity::network_of;
use hookstead_journal::Journal;

use crate::link::{Link, Links};

/// This part of all connections is closed at once, because finding them takes a look at each.
const CLOSED_PART: usize = 64;

/// A client that has just connected, or got a response, may be about to send a request.
const PATIENCE: Duration = Duration::from_millis(50);

/// How often the log is told of closed connections.
const NOTICE_PAUSE: Duration = Duration::from_secs(10);

/// Closes connections, and tells the log.
#[derive(Default)]
pub(crate) struct Room {
    closed: usize,
    told: Option<Instant>,
}

impl Room {
    /// Closes some connections that only wait for their clients. False where there are none.
    pub(crate) fn make(&mut self, links: &Links, reason: &str, journal: &Journal) -> bool {
        let mut links = links.all();
        let count = (links.len() / CLOSED_PART).max(1);
        let Some(address) = sort_by_claim(&mut links) else { return false };
        links.truncate(count);
        links.iter().for_each(|link| link.close.notify_one());
        self.closed += links.len();
        if self.told.is_some_and(|told| told.elapsed() < NOTICE_PAUSE) {
            return true;
        }
        let closed = std::mem::take(&mut self.closed);
        self.told = Some(Instant::now());
        journal.notice(format!(
            "{reason}: {closed} idle connections were closed, first those of {address}, which has \
             the most"
        ));
        true
    }
}

/// Keeps the connections that only wait for their clients, those first that have to go first, and
/// returns the address of these.
fn sort_by_claim(links: &mut Vec<Arc<Link>>) -> Option<IpAddr> {
    let mut counts: HashMap<IpAddr, usize> = HashMap::new();
    for link in links.iter() {
        *counts.entry(network_of(link.peer)).or_default() += 1;
    }
    links.retain(|link| link.waits_for_client() && link.activity.silent_for() >= PATIENCE);
    links.sort_by_cached_key(|link| {
        let count = counts.get(&network_of(link.peer)).copied().unwrap_or_default();
        Reverse((count, network_of(link.peer), link.activity.silent_for()))
    });
    links.first().map(|link| network_of(link.peer))
}
