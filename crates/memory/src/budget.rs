//! How much there is, how much of it is taken, and by whom.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use crate::{RUN_BYTES, queue::Queue};

/// A holder of so many bytes at most counts as small, in a budget that is not tiny.
const SMALL_BYTES: usize = 1 << 20;
/// In a tiny budget, small is this part of it.
const SMALL_PART: usize = 64;
/// This part of the budget is for small holders only.
const RESERVED_PART: usize = 8;
/// Of that, this part of the budget is for those that hold next to nothing, such as a run that is
/// to begin: runs that grow a little cannot keep others from beginning.
const RESERVED_FOR_TINY_PART: usize = 16;
/// Who holds no more than this holds next to nothing.
const TINY_BYTES: usize = RUN_BYTES + (64 << 10);

/// Gives memory back that nobody needs now; it says whether it is still there to be asked.
type Reclaimer = Box<dyn Fn() -> bool + Send + Sync>;

/// A number of bytes, and how many of them are taken.
pub struct Budget {
    bytes_max: usize,
    /// What all may take together that are not small.
    large_max: usize,
    small_bytes: usize,
    wait_time: Duration,
    used: AtomicUsize,
    /// Runs that hold more than a small one does.
    large_runs: AtomicUsize,
    pub(crate) queue: Queue,
    reclaimers: Mutex<Vec<Reclaimer>>,
}

impl Budget {
    /// A budget of so many bytes. Who waits for room gives up after `wait_time`.
    pub fn new(bytes_max: usize, wait_time: Duration) -> Arc<Self> {
        // Sums of what is taken beyond the budget must not overflow.
        let bytes_max = bytes_max.min(usize::MAX / 4);
        Arc::new(Self {
            bytes_max,
            large_max: bytes_max - bytes_max / RESERVED_PART,
            small_bytes: SMALL_BYTES.min(bytes_max / SMALL_PART),
            wait_time,
            used: AtomicUsize::new(0),
            large_runs: AtomicUsize::new(0),
            queue: Queue::default(),
            reclaimers: Mutex::default(),
        })
    }

    /// A budget that is never used up.
    pub fn unlimited() -> Arc<Self> {
        Self::new(usize::MAX, Duration::ZERO)
    }

    /// How many bytes there are.
    pub fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    /// How many bytes are taken.
    pub fn used_bytes(&self) -> usize {
        self.used.load(Ordering::Acquire)
    }

    /// How long to wait for room.
    pub fn wait_time(&self) -> Duration {
        self.wait_time
    }

    /// Takes bytes that belong to no run; `None` where there is no room.
    pub fn take(self: &Arc<Self>, bytes: usize) -> Option<Share> {
        let mut share = Share { budget: Arc::clone(self), part: None, bytes: 0 };
        share.grow(bytes).then_some(share)
    }

    /// Takes bytes that are in use already, whether or not there is room.
    pub fn take_anyway(self: &Arc<Self>, bytes: usize) -> Share {
        self.add_anyway(bytes);
        Share { budget: Arc::clone(self), part: None, bytes }
    }

    /// A part of the budget that is limited by itself as well.
    pub fn part(self: &Arc<Self>, bytes_max: usize) -> Arc<Part> {
        let (budget, used) = (Arc::clone(self), AtomicUsize::new(0));
        Arc::new(Part { budget, used, bytes_max })
    }

    /// Has something called whenever somebody finds no room, before he waits. It gives back what
    /// is kept for speed alone, and returns false once it is not needed any more.
    pub fn when_scarce(&self, reclaim: impl Fn() -> bool + Send + Sync + 'static) {
        let mut reclaimers = self.reclaimers.lock().unwrap_or_else(PoisonError::into_inner);
        reclaimers.push(Box::new(reclaim));
    }

    /// Gives back what is kept for speed alone.
    pub fn reclaim(&self) {
        // Whoever finds it locked comes at the same time as another one who does the same.
        if let Ok(mut reclaimers) = self.reclaimers.try_lock() {
            reclaimers.retain(|reclaim| reclaim());
        }
    }

    /// Up to where the budget may be filled by somebody who holds so many bytes then.
    pub(crate) fn ceiling(&self, bytes: usize) -> usize {
        match bytes {
            0..=TINY_BYTES => self.bytes_max,
            _ if bytes <= self.small_bytes => {
                self.bytes_max - self.bytes_max / RESERVED_FOR_TINY_PART
            }
            _ => self.large_max,
        }
    }

    /// Takes bytes as long as no more than `ceiling` are taken then.
    pub(crate) fn add(&self, bytes: usize, ceiling: usize) -> bool {
        let more = |used: usize| used.checked_add(bytes).filter(|used| *used <= ceiling);
        self.used.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more).is_ok()
    }

    pub(crate) fn add_anyway(&self, bytes: usize) {
        self.used.fetch_add(bytes, Ordering::SeqCst);
    }

    /// Takes back what was taken a moment ago. It takes no lock.
    pub(crate) fn undo(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::SeqCst);
    }

    /// Gives bytes back.
    pub(crate) fn subtract(&self, bytes: usize) {
        // First the bytes, then the look at who waits; who waits does it the other way round.
        self.used.fetch_sub(bytes, Ordering::SeqCst);
        if self.queue.is_waited_in() {
            self.queue.settle(self);
        }
    }

    /// The bytes of a run went from one number to another.
    pub(crate) fn note_run(&self, before: usize, after: usize) {
        match (before > self.small_bytes, after > self.small_bytes) {
            (false, true) => self.large_runs.fetch_add(1, Ordering::SeqCst),
            (true, false) => self.large_runs.fetch_sub(1, Ordering::SeqCst),
            _ => 0,
        };
    }

    pub(crate) fn is_large(&self, bytes: usize) -> bool {
        bytes > self.small_bytes
    }

    pub(crate) fn large_runs(&self) -> usize {
        self.large_runs.load(Ordering::SeqCst)
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget")
            .field("bytes_max", &self.bytes_max)
            .field("used_bytes", &self.used_bytes())
            .finish_non_exhaustive()
    }
}

/// A part of a budget with a limit of its own, such as that of all bodies.
pub struct Part {
    budget: Arc<Budget>,
    used: AtomicUsize,
    bytes_max: usize,
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part")
            .field("bytes_max", &self.bytes_max)
            .field("used_bytes", &self.used_bytes())
            .finish_non_exhaustive()
    }
}

impl Part {
    /// Takes bytes; `None` where the part or the budget has no room.
    pub fn take(self: &Arc<Self>, bytes: usize) -> Option<Share> {
        let part = Some(Arc::clone(self));
        let mut share = Share { budget: Arc::clone(&self.budget), part, bytes: 0 };
        share.grow(bytes).then_some(share)
    }

    /// How many bytes of this part are taken.
    pub fn used_bytes(&self) -> usize {
        self.used.load(Ordering::Acquire)
    }

    /// How many bytes this part has.
    pub fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    /// How much a single holder may have of it that is not small.
    pub fn large_bytes_max(&self) -> usize {
        self.bytes_max - self.bytes_max / RESERVED_PART
    }

    /// Takes a share of the budget over; it comes back where this part has no room for it.
    ///
    /// # Errors
    /// The share itself, unchanged, where it is a part of another one already or has no room.
    pub fn adopt(self: &Arc<Self>, mut share: Share) -> Result<Share, Share> {
        if share.part.is_some() || !self.add(share.bytes, share.bytes) {
            return Err(share);
        }
        share.part = Some(Arc::clone(self));
        Ok(share)
    }

    /// Takes bytes for somebody who holds so many then. The last eighth is for small ones, as it
    /// is in the whole.
    fn add(&self, bytes: usize, after: usize) -> bool {
        let is_small = after <= self.budget.small_bytes;
        let reserved = if is_small { 0 } else { self.bytes_max / RESERVED_PART };
        let ceiling = self.bytes_max - reserved;
        let more = |used: usize| used.checked_add(bytes).filter(|used| *used <= ceiling);
        self.used.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).is_ok()
    }
}

/// Bytes that somebody has taken; given back when it is dropped.
pub struct Share {
    budget: Arc<Budget>,
    part: Option<Arc<Part>>,
    bytes: usize,
}

impl Share {
    pub(crate) fn of_taken(budget: Arc<Budget>, bytes: usize) -> Self {
        Self { budget, part: None, bytes }
    }

    /// Takes more; false, and nothing taken, where there is no room.
    pub fn grow(&mut self, bytes: usize) -> bool {
        let Some(after) = self.bytes.checked_add(bytes) else { return false };
        if self.part.as_ref().is_some_and(|part| !part.add(bytes, after)) {
            return false;
        }
        let ceiling = self.budget.ceiling(after);
        let grown = self.budget.add(bytes, ceiling) || {
            self.budget.reclaim();
            self.budget.add(bytes, ceiling)
        };
        match (grown, &self.part) {
            (true, _) => self.bytes = after,
            (false, Some(part)) => {
                part.used.fetch_sub(bytes, Ordering::AcqRel);
            }
            (false, None) => {}
        }
        grown
    }

    /// How many bytes this is.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Gives back all but so many bytes.
    pub fn shrink_to(&mut self, bytes: usize) {
        let Some(surplus) = self.bytes.checked_sub(bytes).filter(|surplus| *surplus > 0) else {
            return;
        };
        self.bytes = bytes;
        if let Some(part) = &self.part {
            part.used.fetch_sub(surplus, Ordering::AcqRel);
        }
        self.budget.subtract(surplus);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Share").field(&self.bytes).finish()
    }
}
