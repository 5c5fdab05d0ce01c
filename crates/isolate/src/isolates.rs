//! All isolates of an image: which of them a run gets, when one is made, and when one goes.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use hookstead_memory::Budget;

use crate::{
    Host, Thrown, arena::KEEP_BYTES, heap::Trimmer, isolate::Isolate, lock::lock, place::Place,
    processors::processors, recipe::Recipe, watchdog,
};

/// An isolate that nobody has used for so long goes.
const IDLE_MAX: Duration = Duration::from_secs(10);
/// Where an isolate could not be made, nobody tries again for so long.
const MAKE_PAUSE: Duration = Duration::from_secs(1);

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

/// In no order, at least one.
type Places = Mutex<Vec<Arc<Place>>>;

/// An isolate that is to be made, counted.
pub(crate) struct Claim {
    count: Arc<AtomicUsize>,
    is_awaited: bool,
}

impl Claim {
    fn new(count: &Arc<AtomicUsize>, is_awaited: bool) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self { count: Arc::clone(count), is_awaited }
    }

    /// Whether the isolate is worth waiting for: there are fewer than processors.
    pub(crate) fn is_awaited(&self) -> bool {
        self.is_awaited
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<H: Host> Isolates<H> {
    pub(crate) fn new(recipe: &Recipe, budget: &Arc<Budget>) -> Result<Self, Thrown> {
        let mut isolate = Isolate::new::<H>(recipe, &[], budget.take_anyway(0))?;
        let image_bytes = isolate.image_bytes();
        // There has to be one, whatever it takes.
        isolate.set_share(budget.take_anyway(isolate_bytes(image_bytes)));
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
        let isolate = place.as_ref().and_then(|place| place.try_enter());
        let Some(mut isolate) = isolate else { return (Duration::ZERO, 0) };
        let begun = Instant::now();
        for _ in 0..resets {
            isolate.reset();
        }
        (begun.elapsed() / resets.max(1), isolate.warm_pages().len())
    }

    /// A place for a run: a free one, best where this thread was last. If there is none, the run
    /// shares one: most runs wait most of the time.
    ///
    /// A new one is wanted then while there are fewer than processors, or while those that there
    /// are have heavy runs, of which one is made at a time: the caller gets the claim to
    /// [`Isolates::make`] it. None is made just after one could not be had, be it that the budget
    /// has no room for it or that the system does not give the memory.
    pub(crate) fn place(&self, isolates_max: usize) -> (Arc<Place>, Option<Claim>) {
        let places = lock(&self.places);
        let (best, is_taken, is_heavy) = self.best(&places);
        let claims = self.claims.load(Ordering::Relaxed);
        let is_awaited = places.len() + claims < processors();
        let is_wanted = is_taken && (is_awaited || (is_heavy && claims == 0));
        let may_grow = || places.len() + claims < isolates_max && !self.has_failed_lately();
        best.add_run(this_thread());
        (best, (is_wanted && may_grow()).then(|| Claim::new(&self.claims, is_awaited)))
    }

    /// Makes a new place, which takes milliseconds. None is made where there is no room for one.
    pub(crate) fn make(&self, recipe: &Recipe, claim: Claim) {
        let warm = warm(&lock(&self.places));
        let share = self.budget.take(isolate_bytes(self.image_bytes));
        let made = share.and_then(|share| Isolate::new::<H>(recipe, &warm, share).ok());
        let mut places = lock(&self.places);
        drop(claim);
        match made {
            Some(isolate) => places.push(Arc::new(Place::new(isolate))),
            None => *lock(&self.failed_at) = Some(Instant::now()),
        }
    }

    fn has_failed_lately(&self) -> bool {
        lock(&self.failed_at).is_some_and(|failed_at| failed_at.elapsed() < MAKE_PAUSE)
    }

    /// The best place that is there, whether others have it as well, and whether one of those has
    /// much memory.
    fn best(&self, places: &[Arc<Place>]) -> (Arc<Place>, bool, bool) {
        let here = this_thread();
        let rank = |place: &&Arc<Place>| {
            let runs = place.runs();
            (runs > 0 && place.is_heavy(), runs > 0, !place.is_near(here), runs)
        };
        let Some(best) = places.iter().min_by_key(rank) else { unreachable!("one always stays") };
        let (is_heavy, is_taken, ..) = rank(&best);
        (Arc::clone(best), is_taken, is_heavy)
    }
}

/// The pages that runs write to, as far as a sibling knows.
fn warm(places: &[Arc<Place>]) -> Vec<usize> {
    let sibling = places.iter().find_map(|place| place.try_enter());
    sibling.map(|isolate| isolate.warm_pages()).unwrap_or_default()
}

/// What an isolate takes: the image, the copies of its pages, and what runs leave touched.
fn isolate_bytes(image_bytes: usize) -> usize {
    2 * image_bytes + KEEP_BYTES
}

/// Lets isolates go that nobody has used for so long, all but one.
fn shrink(places: &Places, idle: Duration) {
    let mut places = lock(places);
    let surplus = places.len().saturating_sub(1);
    let is_idle = |place: &mut Arc<Place>| place.is_idle(idle);
    let gone: Vec<_> = places.extract_if(.., is_idle).take(surplus).collect();
    drop(places);
    // Their memory goes back while others go on.
    drop(gone);
}

/// A number for this thread, from 1.
fn this_thread() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    thread_local! {
        static NUMBER: usize = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    NUMBER.with(|number| *number)
}
