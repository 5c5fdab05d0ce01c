//! Isolates: arenas that hold an image, and whose run's it is at the moment.
//!
//! An image holds addresses, so every isolate is made anew, and what a run leaves in it makes sense
//! there alone: a run belongs to the isolate in which it began. Several runs can belong to one. The
//! one whose turn it is lives in the arena; those that wait are packed.

use std::{
    collections::HashMap,
    num::NonZero,
    ptr,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use hookstead_memory::{Account, Budget, Held, Share};
use tokio::sync::MutexGuard;

use crate::{
    Host, Thrown,
    arena::{Arena, KEEP_BYTES},
    background,
    engine::{Classes, Engine, HookFunction, Table},
    heap::Trimmer,
    image::{Recipe, no_memory, to_end},
    lock::lock,
    pages::{Packed, Pages},
    signals, stacks,
    turn::{Seat, Turn},
    watchdog,
};

/// The global in which the prelude leaves the object of hooks.
const HOOKS: &std::ffi::CStr = c"__hookstead";
/// An image may become this large.
const IMAGE_BYTES_MAX: usize = 1 << 30;
const IMAGE_TIME_MAX: Duration = Duration::from_secs(60);
/// A run with more memory than this has an isolate to itself, as far as there are others.
const HEAVY_BYTES: usize = 1 << 20;
/// An isolate that nobody has used for so long goes.
const IDLE_MAX: Duration = Duration::from_secs(10);
/// Where an isolate could not be made, nobody tries again for so long.
const MAKE_PAUSE: Duration = Duration::from_secs(1);

/// After its first slice, a run may have so much processor time before another one enters its
/// isolate. What a run has changed is packed then, which takes as long as a slice where it is much;
/// most runs end before. The thread serves others between any two slices.
const STAY_TIME_MAX: Duration = Duration::from_millis(4);
/// So long all who wait for an isolate may have of that together.
const STAYS_TIME_MAX: Duration = Duration::from_millis(50);

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
    _share: Share,
}

/// An isolate and who belongs to it.
pub(crate) struct Place {
    isolate: tokio::sync::Mutex<Isolate>,
    /// Where long runs wait, of which one at a time waits among the others.
    line: tokio::sync::Mutex<()>,
    /// Short runs that wait for the isolate.
    waiting: AtomicUsize,
    /// Runs that belong here.
    runs: AtomicUsize,
    is_heavy: AtomicBool,
    /// The thread that was here last: its processor has the memory at hand.
    thread: AtomicUsize,
    /// Runs that went away while another one was having its turn.
    gone: Mutex<Vec<RunId>>,
    used_at: Mutex<Instant>,
}

/// All isolates of an image.
pub(crate) struct Isolates<H> {
    places: Arc<Places>,
    /// Isolates in the making; changed while the places are locked, or by whoever gives up.
    claims: Arc<AtomicUsize>,
    /// When an isolate could last not be made.
    failed_at: Mutex<Option<Instant>>,
    budget: Arc<Budget>,
    image_bytes: usize,
    host: std::marker::PhantomData<fn(H)>,
}

/// In no order.
type Places = Mutex<Vec<Arc<Place>>>;

/// An isolate that is to be made, counted.
pub(crate) struct Claim(Arc<AtomicUsize>);

impl Claim {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Isolate {
    /// Makes an image and seals it.
    fn new<H: Host>(recipe: &Recipe, warm: &[usize], share: Share) -> Result<Self, Thrown> {
        signals::install();
        let arena = Arena::new(recipe.memory_bytes, IMAGE_BYTES_MAX).map_err(|e| no_memory(&e))?;
        let mut making =
            Making { arena, engine: None, hooks: Vec::new(), classes: None, outcome: Ok(()) };
        let mut table = Table::<H>::new(None, recipe);
        let stack = stacks::take(recipe.stack_bytes).map_err(|e| no_memory(&e))?;
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
            unsafe { (*arena.seat()).set_classes(&raw const **classes) };
        }
        let pages = Pages::seal(&mut arena, recipe.memory_bytes, warm.iter().copied())
            .map_err(|e| no_memory(&e))?;
        let (pages, packed) = (Box::new(pages), HashMap::new());
        let (resident, _share) = (None, share);
        Ok(Self { engine, hooks, _classes: classes, pages, arena, resident, packed, _share })
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
            self.pages.reset(&mut self.arena);
            self.arena.replace_held(None);
            self.resident = None;
        } else if let Some(packed) = self.packed.remove(&run)
            && packed.bytes() >= background::DISCARD_BYTES_MIN
        {
            background::discard(packed);
        }
    }

    fn is_heavy(&self) -> bool {
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

impl Place {
    fn new(isolate: Isolate) -> Self {
        Self {
            isolate: tokio::sync::Mutex::new(isolate),
            line: tokio::sync::Mutex::default(),
            waiting: AtomicUsize::new(0),
            runs: AtomicUsize::new(0),
            is_heavy: AtomicBool::new(false),
            thread: AtomicUsize::new(0),
            gone: Mutex::default(),
            used_at: Mutex::new(Instant::now()),
        }
    }

    /// Waits for the isolate. Between two long runs, all the others have their turn.
    pub(crate) async fn enter(&self, is_long: bool) -> MutexGuard<'_, Isolate> {
        if is_long {
            let _first = self.line.lock().await;
            return self.isolate.lock().await;
        }
        if let Ok(isolate) = self.isolate.try_lock() {
            return isolate;
        }
        let _counted = Counted::new(&self.waiting);
        self.isolate.lock().await
    }

    /// Whether a short run waits for the isolate.
    pub(crate) fn is_awaited(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// For how long a run that is not done after its first slice may go on before others enter.
    /// The more of them wait, the shorter.
    pub(crate) fn stay_time(&self) -> Duration {
        let waiting = u32::try_from(self.waiting.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
        STAY_TIME_MAX.min(STAYS_TIME_MAX / waiting.max(1))
    }

    /// After a slice, with the isolate still locked: notes how heavy it has become, and forgets who
    /// went away meanwhile.
    pub(crate) fn tidy(&self, isolate: &mut Isolate) {
        self.is_heavy.store(isolate.is_heavy(), Ordering::Relaxed);
        for run in lock(&self.gone).drain(..) {
            isolate.forget(run);
        }
    }

    /// Forgets who went away just when nobody looked: after a slice, with the isolate unlocked.
    pub(crate) fn forget_gone(&self) {
        if !lock(&self.gone).is_empty()
            && let Ok(mut isolate) = self.isolate.try_lock()
        {
            self.tidy(&mut isolate);
        }
    }

    /// A run is over, wherever it stands; the isolate forgets it, if it has not yet.
    pub(crate) fn leave(&self, run: Option<RunId>) {
        match (self.isolate.try_lock(), run) {
            (Ok(mut isolate), run) => {
                if let Some(run) = run {
                    isolate.forget(run);
                }
                self.tidy(&mut isolate);
            }
            (Err(_), Some(run)) => {
                lock(&self.gone).push(run);
                // The other one may have finished before it could see the name.
                self.forget_gone();
            }
            (Err(_), None) => self.forget_gone(),
        }
        *lock(&self.used_at) = Instant::now();
        self.runs.fetch_sub(1, Ordering::Release);
    }

    fn is_free(&self) -> bool {
        self.runs.load(Ordering::Acquire) == 0
    }
}

/// One more, until it is dropped.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<H: Host> Isolates<H> {
    pub(crate) fn new(recipe: &Recipe, budget: &Arc<Budget>) -> Result<Self, Thrown> {
        let mut isolate = Isolate::new::<H>(recipe, &[], budget.take_anyway(0))?;
        let image_bytes = isolate.pages.bytes();
        // There has to be one, whatever it takes.
        isolate._share = budget.take_anyway(isolate_bytes(image_bytes));
        let places = Arc::new(Mutex::new(vec![Arc::new(Place::new(isolate))]));
        let kept = Arc::downgrade(&places);
        let shrink_idle =
            move |idle: Duration| kept.upgrade().map(|places| shrink(&places, idle)).is_some();
        let shrink_unused = shrink_idle.clone();
        let trimmer = Trimmer::new(budget);
        watchdog::when_idle(move || {
            trimmer.look();
            shrink_idle(IDLE_MAX)
        });
        budget.when_scarce(move || shrink_unused(Duration::ZERO));
        Ok(Self {
            places,
            claims: Arc::default(),
            failed_at: Mutex::default(),
            budget: Arc::clone(budget),
            image_bytes,
            host: std::marker::PhantomData,
        })
    }

    pub(crate) fn image_bytes(&self) -> usize {
        self.image_bytes
    }

    pub(crate) fn time_resets(&self, resets: u32) -> (Duration, usize) {
        let place = lock(&self.places).last().map(Arc::clone);
        let isolate = place.as_ref().and_then(|place| place.isolate.try_lock().ok());
        let Some(mut isolate) = isolate else { return (Duration::ZERO, 0) };
        let Isolate { pages, arena, .. } = &mut *isolate;
        let begun = Instant::now();
        for _ in 0..resets {
            pages.reset(arena);
        }
        (begun.elapsed() / resets.max(1), pages.warm().count())
    }

    /// A place for a run: a free one, best where this thread was last. If there is none, a new one
    /// while there are fewer than processors, or while those that there are have heavy runs. Else
    /// the run shares one: most runs wait most of the time. So it does where a new one cannot be
    /// had, be it that the budget has no room for it or that the system does not give the memory.
    ///
    /// Where a new one is wanted, the caller gets the claim to [`Isolates::make`] it.
    pub(crate) fn place(&self, isolates_max: usize) -> Result<Arc<Place>, Claim> {
        let places = lock(&self.places);
        let best = self.best(&places, isolates_max);
        let best = best.or_else(|| self.best(&places, 0).filter(|_| self.has_failed_lately()));
        best.map(taken).ok_or_else(|| Claim::new(&self.claims))
    }

    /// Makes a new place, which takes milliseconds. None is made where there is no room for one.
    pub(crate) fn make(&self, recipe: &Recipe, claim: Claim) -> Result<(), Thrown> {
        let warm = warm(&lock(&self.places));
        let share = self.budget.take(isolate_bytes(self.image_bytes));
        let made = share.map(|share| Isolate::new::<H>(recipe, &warm, share));
        if !matches!(made, Some(Ok(_))) {
            *lock(&self.failed_at) = Some(Instant::now());
        }
        let mut places = lock(&self.places);
        drop(claim);
        places.extend(made.transpose()?.map(|isolate| Arc::new(Place::new(isolate))));
        Ok(())
    }

    fn has_failed_lately(&self) -> bool {
        lock(&self.failed_at).is_some_and(|failed_at| failed_at.elapsed() < MAKE_PAUSE)
    }

    /// A place that is there; `None` if a new one is to be made.
    fn best(&self, places: &[Arc<Place>], isolates_max: usize) -> Option<Arc<Place>> {
        let here = this_thread();
        let is_near = |place: &Arc<Place>| place.thread.load(Ordering::Relaxed) == here;
        let rank = |place: &&Arc<Place>| {
            let runs = place.runs.load(Ordering::Acquire);
            let is_heavy = runs > 0 && place.is_heavy.load(Ordering::Relaxed);
            (is_heavy, runs > 0, !is_near(place), runs)
        };
        let best = places.iter().min_by_key(rank)?;
        let (is_heavy, is_taken, ..) = rank(&best);
        let count = places.len() + self.claims.load(Ordering::Relaxed);
        let is_wanting = is_taken && (is_heavy || count < processors());
        let may_grow = count < isolates_max.max(1);
        (!is_wanting || !may_grow).then(|| Arc::clone(best))
    }
}

/// The pages that runs write to, as far as a sibling knows.
fn warm(places: &[Arc<Place>]) -> Vec<usize> {
    let sibling = places.iter().find_map(|place| place.isolate.try_lock().ok());
    sibling.map(|isolate| isolate.pages.warm().collect()).unwrap_or_default()
}

/// What an isolate takes: the image, the copies of its pages, and what runs leave touched.
fn isolate_bytes(image_bytes: usize) -> usize {
    2 * image_bytes + KEEP_BYTES
}

/// Lets isolates go that nobody has used for so long, all but one.
fn shrink(places: &Places, idle: Duration) {
    let mut places = lock(places);
    let surplus = places.len().saturating_sub(1);
    let is_idle =
        |place: &mut Arc<Place>| place.is_free() && lock(&place.used_at).elapsed() >= idle;
    let gone: Vec<_> = places.extract_if(.., is_idle).take(surplus).collect();
    drop(places);
    // Their memory goes back while others go on.
    drop(gone);
}

fn taken(place: Arc<Place>) -> Arc<Place> {
    place.runs.fetch_add(1, Ordering::AcqRel);
    place.thread.store(this_thread(), Ordering::Relaxed);
    place
}

pub(crate) fn processors() -> usize {
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT.get_or_init(|| thread::available_parallelism().map_or(1, NonZero::get))
}

/// A number for this thread, from 1.
fn this_thread() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    thread_local! {
        static NUMBER: usize = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    NUMBER.with(|number| *number)
}

/// A name for a run.
pub(crate) fn new_run() -> RunId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
