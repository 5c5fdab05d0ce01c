//! Isolates: arenas that hold an image, and whose run's it is at the moment.
//!
//! An image holds addresses, so every isolate is made anew, and what a run leaves in it makes sense
//! there alone: a run belongs to the isolate in which it began. Several runs can belong to one. The
//! one whose turn it is lives in the arena; those that wait are packed.

use std::{
    collections::HashMap,
    ptr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use hookstead_memory::{Account, Held, Share};

use crate::{
    Host, Thrown,
    arena::Arena,
    background,
    engine::{Classes, Engine, HookFunction, Table},
    frame::Seat,
    limits::stack,
    pages::{Packed, Pages},
    recipe::{Recipe, no_memory},
    signals,
    turn::{Turn, to_end},
};

/// The global in which the prelude leaves the object of hooks.
const HOOKS: &std::ffi::CStr = c"__hookstead";
/// An image may become this large.
const IMAGE_BYTES_MAX: usize = 1 << 30;
const IMAGE_TIME_MAX: Duration = Duration::from_secs(60);
/// A run with more memory than this has an isolate to itself, as far as there are others.
const HEAVY_BYTES: usize = 1 << 20;

/// The name of a run, unique in the process.
pub(crate) type RunId = u64;

/// An arena with an image and, perhaps, a run in it.
pub(crate) struct Isolate {
    // Fields are dropped in this order: what points into the arena first.
    engine: Engine,
    hooks: Vec<HookFunction>,
    /// The seat knows where they are.
    _classes: Option<Box<Classes>>,
    pages: Box<Pages>,
    arena: Box<Arena>,
    resident: Option<RunId>,
    packed: HashMap<RunId, Packed>,
    /// What the isolate takes of the budget, whoever runs in it.
    share: Share,
}

impl Isolate {
    /// Makes an image and seals it.
    pub(crate) fn new<H: Host>(
        recipe: &Recipe,
        warm: &[usize],
        share: Share,
    ) -> Result<Self, Thrown> {
        signals::install();
        let arena = Arena::new(recipe.memory_bytes, IMAGE_BYTES_MAX).map_err(|e| no_memory(&e))?;
        let mut making =
            Making { arena, engine: None, hooks: Vec::new(), classes: None, outcome: Ok(()) };
        let mut table = Table::<H>::new(None, recipe);
        let stack = stack::take(recipe.stack_bytes).map_err(|e| no_memory(&e))?;
        let seat = making.arena.seat();
        let body = || making.make::<H>(recipe);
        // SAFETY: what the body borrows, the seat and the table outlive the turn, which ends here.
        // What the body owns is in `making`.
        let turn = unsafe { Turn::new(stack, seat, ptr::null(), (&raw mut table).cast(), body) };
        to_end(turn, Instant::now() + IMAGE_TIME_MAX)?;
        let Making { mut arena, engine, hooks, classes, outcome } = making;
        outcome?;
        let Some(engine) = engine else {
            return Err(Thrown::new("InternalError", "the engine does not start"));
        };
        if let Some(classes) = &classes {
            // SAFETY: the seat is the arena's, and the classes go where the arena goes.
            unsafe { (*arena.seat()).set_classes((&raw const **classes).cast()) };
        }
        let pages = Pages::seal(&mut arena, recipe.memory_bytes, warm.iter().copied())
            .map_err(|e| no_memory(&e))?;
        let (pages, packed) = (Box::new(pages), HashMap::new());
        Ok(Self { engine, hooks, _classes: classes, pages, arena, resident: None, packed, share })
    }

    pub(crate) fn engine(&self) -> Engine {
        self.engine
    }

    pub(crate) fn hooks(&self) -> *const [HookFunction] {
        &raw const *self.hooks
    }

    /// The seat of whoever runs here, which stays where it is.
    pub(crate) fn seat(&self) -> *const Seat {
        self.arena.seat()
    }

    /// The pages, which stay where they are.
    pub(crate) fn pages(&self) -> *const Pages {
        &raw const *self.pages
    }

    /// Lets the n-th allocation from now on find no memory.
    pub(crate) fn set_allocations_left(&mut self, allocations: Option<u64>) {
        self.arena.set_allocations_left(allocations);
    }

    pub(crate) fn allocations_left(&self) -> Option<u64> {
        self.arena.allocations_left()
    }

    /// After a slice: gives back to the budget what the run does not need any more. How many bytes
    /// the run waits for, if it does.
    pub(crate) fn settle(&mut self) -> usize {
        self.arena.settle_held();
        self.arena.wanted()
    }

    /// Gives the resident what was taken from the budget for it.
    pub(crate) fn add_held(&mut self, held: Held) {
        self.arena.add_held(held);
    }

    /// Makes a run the resident. What the one before changed is packed.
    pub(crate) fn enter(&mut self, run: RunId, account: &Arc<Account>) -> std::io::Result<()> {
        if self.resident == Some(run) {
            return Ok(());
        }
        if let Some(other) = self.resident.take() {
            let packed = self.pages.pack(&mut self.arena);
            self.packed.insert(other, packed);
        }
        self.resident = Some(run);
        match self.packed.remove(&run) {
            Some(packed) => self.pages.unpack(&mut self.arena, packed),
            None => {
                self.arena.replace_held(Some(account.nothing()));
                Ok(())
            }
        }
    }

    /// Forgets a run.
    pub(crate) fn forget(&mut self, run: RunId) {
        if self.resident == Some(run) {
            self.reset();
            self.arena.replace_held(None);
            self.resident = None;
        } else if let Some(packed) = self.packed.remove(&run)
            && packed.bytes() >= background::DISCARD_BYTES_MIN
        {
            background::discard(packed);
        }
    }

    /// Takes something else of the budget.
    pub(crate) fn set_share(&mut self, share: Share) {
        self.share = share;
    }

    /// How large its image is.
    pub(crate) fn image_bytes(&self) -> usize {
        self.pages.bytes()
    }

    /// The pages that runs write to.
    pub(crate) fn warm_pages(&self) -> Vec<usize> {
        self.pages.warm().collect()
    }

    /// Puts the image back, as after a run.
    pub(crate) fn reset(&mut self) {
        self.pages.reset(&mut self.arena);
    }

    /// Whether its run has much memory.
    pub(crate) fn is_heavy(&self) -> bool {
        self.arena.fresh_bytes() > HEAVY_BYTES
    }
}

/// An image in the making. The turn that makes it may be given up, so it owns nothing.
struct Making {
    arena: Box<Arena>,
    engine: Option<Engine>,
    hooks: Vec<HookFunction>,
    classes: Option<Box<Classes>>,
    outcome: Result<(), Thrown>,
}

impl Making {
    fn make<H: Host>(&mut self, recipe: &Recipe) {
        self.outcome = self.try_make::<H>(recipe);
    }

    fn try_make<H: Host>(&mut self, recipe: &Recipe) -> Result<(), Thrown> {
        // SAFETY: the arena is boxed and outlives the engine.
        let engine = unsafe { Engine::new(&raw mut *self.arena, recipe.stack_bytes)? };
        engine.install_natives::<H>()?;
        engine.evaluate(recipe.prelude.bytes())?;
        engine.take_hooks::<H>(HOOKS, &mut self.hooks, &mut self.classes)?;
        if let Some((hook, arguments)) = &recipe.setup {
            engine.call_hook(&self.hooks, hook, arguments)?;
        }
        engine.run_jobs();
        engine.settle(recipe.memory_bytes);
        self.engine = Some(engine);
        Ok(())
    }
}

/// A name for a run.
pub(crate) fn new_run() -> RunId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
