//! What the bodies of one connection hold, of what those of all connections may.
//!
//! Connections that hold back the rest of their bodies must not keep others out. So where bodies
//! are close to holding what they may, a connection gets more only if another one holds more than
//! twice as much, and of those that hold so much, the ones that wait for their clients are closed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use hookstead_memory::{Part, Share};

use crate::link::{Link, Links};

/// The last part of the memory, which is only for connections that hold less than others.
const LAST_PART: usize = 8;

/// How much more than another one a connection must hold to be closed for it.
const HEAVIER: usize = 2;

/// How often all connections are looked at, at most.
const LOOK_PAUSE: Duration = Duration::from_millis(5);

/// What a request takes of the memory while its body arrives, besides its head and what has
/// arrived of the body: its tables, its timer, and those of its stream in HTTP/2.
const ARRIVING_BYTES: usize = 16 << 10;

/// What the bodies of all connections hold.
pub(crate) struct AllBodies {
    part: Arc<Part>,
    links: Arc<Links>,
    begun: Instant,
    /// When the connections were last looked at, in microseconds from the begin.
    looked_us: AtomicU64,
    /// The most that one of them held then.
    most_bytes: AtomicUsize,
}

/// What the bodies of one connection hold.
pub(crate) struct Bodies {
    all: Arc<AllBodies>,
    held_bytes: AtomicUsize,
    arriving: AtomicU64,
}

/// Bytes of bodies; given back when it is dropped.
pub(crate) struct Held {
    bodies: Arc<Bodies>,
    /// Nothing until the first bytes are taken.
    share: Option<Share>,
}

/// A request whose body has yet to arrive.
pub(crate) struct Arriving {
    held: Held,
}

/// Why no more bytes can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// All bodies together hold as much as they may.
    All,
    /// There is little left, and this connection holds as much as others.
    Connection,
}

impl AllBodies {
    pub(crate) fn new(part: Arc<Part>, links: Arc<Links>) -> Arc<Self> {
        let (looked_us, most_bytes) = (AtomicU64::new(0), AtomicUsize::new(0));
        Arc::new(Self { part, links, begun: Instant::now(), looked_us, most_bytes })
    }

    /// Whether so many bytes more come close to all that there may be.
    fn is_scarce(&self, bytes: usize) -> bool {
        let max = self.part.bytes_max();
        self.part.used_bytes().saturating_add(bytes) > max - max / LAST_PART
    }

    /// Whether a connection that will hold so many bytes is not among those that hold most.
    /// Closes such connections where they wait for their clients.
    fn make_room(&self, bytes: usize) -> bool {
        let now = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        let looked = self.looked_us.load(Ordering::Relaxed);
        let pause = LOOK_PAUSE.as_micros() as u64;
        let is_first = looked == 0 || now.saturating_sub(looked) >= pause;
        let order = Ordering::Relaxed;
        if is_first && self.looked_us.compare_exchange(looked, now, order, order).is_ok() {
            self.look(bytes);
        }
        self.most_bytes.load(Ordering::Relaxed) / HEAVIER > bytes
    }

    fn look(&self, bytes: usize) {
        let mut links = self.links.all();
        let held = |link: &Arc<Link>| link.bodies.held_bytes.load(Ordering::Relaxed);
        let most = links.iter().map(held).max().unwrap_or_default();
        self.most_bytes.store(most, Ordering::Relaxed);
        links.retain(|link| link.waits_for_client() && held(link) / HEAVIER > bytes);
        links.sort_by_cached_key(|link| std::cmp::Reverse(held(link)));
        let max = self.part.bytes_max();
        let (mut left, enough) = (self.part.used_bytes(), max - 2 * (max / LAST_PART));
        for link in links {
            if left <= enough {
                break;
            }
            left = left.saturating_sub(held(&link));
            link.close.notify_one();
        }
    }
}

impl Bodies {
    pub(crate) fn new(all: &Arc<AllBodies>) -> Arc<Self> {
        let (all, held_bytes) = (Arc::clone(all), AtomicUsize::new(0));
        Arc::new(Self { all, held_bytes, arriving: AtomicU64::new(0) })
    }

    /// Requests whose bodies have yet to arrive.
    pub(crate) fn arriving(&self) -> u64 {
        self.arriving.load(Ordering::Relaxed)
    }

    /// Nothing, which can grow.
    pub(crate) fn nothing(self: &Arc<Self>) -> Held {
        Held { bodies: Arc::clone(self), share: None }
    }

    /// Takes what a request needs while its body arrives; its head has so many bytes.
    pub(crate) fn await_body(self: &Arc<Self>, head_bytes: usize) -> Result<Arriving, Full> {
        let mut held = self.nothing();
        held.grow(ARRIVING_BYTES + head_bytes)?;
        self.arriving.fetch_add(1, Ordering::Relaxed);
        Ok(Arriving { held })
    }
}

impl Held {
    /// How many bytes this is.
    pub(crate) fn bytes(&self) -> usize {
        self.share.as_ref().map_or(0, Share::bytes)
    }

    /// Takes more.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), Full> {
        let all = &self.bodies.all;
        // The only body may have all of it.
        if all.is_scarce(bytes) && self.bytes() != all.part.used_bytes() {
            let held_bytes = self.bodies.held_bytes.load(Ordering::Relaxed);
            if !all.make_room(held_bytes.saturating_add(bytes)) {
                return Err(Full::Connection);
            }
        }
        match &mut self.share {
            Some(share) => share.grow(bytes).then_some(()).ok_or(Full::All)?,
            None => self.share = Some(all.part.take(bytes).ok_or(Full::All)?),
        }
        self.bodies.held_bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.bodies.held_bytes.fetch_sub(self.bytes(), Ordering::Relaxed);
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        self.held.bodies.arriving.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use hookstead_memory::Budget;

    use super::*;

    const MAX: usize = 1 << 20;

    fn all() -> Arc<AllBodies> {
        let part = Budget::new(1 << 30, Duration::ZERO).part(MAX);
        AllBodies::new(part, Arc::default())
    }

    #[test]
    fn the_only_body_may_have_all_of_it_and_no_more() {
        let all = all();
        let bodies = Bodies::new(&all);
        let mut held = bodies.nothing();
        assert_eq!((held.grow(1000), held.grow(MAX - 1000)), (Ok(()), Ok(())));
        assert_eq!(held.grow(1), Err(Full::All));
        assert_eq!(bodies.await_body(0).err(), Some(Full::Connection));
        assert_eq!((bodies.arriving(), all.part.used_bytes()), (0, MAX));
        drop(held);
        assert_eq!((bodies.held_bytes.load(Ordering::Relaxed), all.part.used_bytes()), (0, 0));
        assert_eq!(bodies.nothing().grow(MAX), Ok(()));
    }

    #[test]
    fn the_last_part_is_for_connections_that_hold_less_than_others() {
        let all = all();
        let (large, small) = (Bodies::new(&all), Bodies::new(&all));
        let mut held = [large.nothing(), small.nothing()];
        assert_eq!(held[0].grow(MAX / 2), Ok(()));
        assert_eq!(held[1].grow(MAX / 4), Ok(()));
        // As long as nothing tells that others hold more, nobody gets it.
        assert_eq!(held[1].grow(MAX / 5), Err(Full::Connection));
        all.most_bytes.store(MAX / 2, Ordering::Relaxed);
        assert_eq!(Bodies::new(&all).nothing().grow(MAX / 5), Ok(()));
        assert_eq!(held[0].grow(MAX / 5), Err(Full::Connection));
        assert_eq!(held[1].grow(MAX / 5), Err(Full::Connection));
    }

    #[test]
    fn requests_whose_bodies_arrive_are_counted() {
        let all = all();
        let bodies = Bodies::new(&all);
        let arriving = bodies.await_body(100).unwrap();
        assert_eq!((bodies.arriving(), all.part.used_bytes()), (1, ARRIVING_BYTES + 100));
        drop(arriving);
        assert_eq!((bodies.arriving(), all.part.used_bytes()), (0, 0));
    }
}
