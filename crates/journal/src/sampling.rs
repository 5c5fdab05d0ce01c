//! Refusals that cost their callers nothing: a few lines a second of each kind, and the number of
//! the rest.
//!
//! A kind is a code together with an endpoint, so that a flood of one kind hides no other. Counting
//! takes no lock: it is what a flood of forged requests costs.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use crate::Kind;

/// Kinds that are counted apart; those beyond are counted together. A power of two.
const KINDS_MAX: usize = 1024;

/// Places that are looked at for a kind.
const PROBES_MAX: usize = 16;

/// What is counted together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) kind: Kind,
    pub(crate) status: u16,
    /// Empty where nothing was refused, as with the answer to `OPTIONS`.
    pub(crate) code: &'static str,
    /// Empty where the request named nothing that is there.
    pub(crate) name: Box<str>,
}

/// What becomes of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It gets a line.
    Write,
    /// It is the first of this second that only counts: somebody has to tell the number later.
    CountFirst,
    /// It only counts.
    Count,
}

/// The number of refusals that got no line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rest<'a> {
    /// Of which kind; `None`: of several.
    pub(crate) label: Option<&'a Label>,
    pub(crate) number: u64,
}

/// Counts refusals by their kind and by the second.
pub(crate) struct Sampler {
    start: Instant,
    lines_max: u32,
    slots: Box<[Slot]>,
    /// Counts the kinds that found no slot.
    others: Slot,
}

#[derive(Default)]
struct Slot {
    label: OnceLock<Label>,
    /// The second in the upper half, the number of refusals in it in the lower one.
    window: AtomicU64,
    /// Of earlier seconds: those that got no line and have not been told.
    untold: AtomicU64,
}

impl Sampler {
    pub(crate) fn new(lines_max: u32) -> Self {
        let slots = (0..KINDS_MAX).map(|_| Slot::default()).collect();
        Self { start: Instant::now(), lines_max, slots, others: Slot::default() }
    }

    /// Counts a refusal.
    pub(crate) fn count(
        &self,
        kind: Kind,
        status: u16,
        code: &'static str,
        name: &str,
        now: Instant,
    ) -> Verdict {
        let number = self.slot(kind, status, code, name).count(self.second(now), self.lines_max);
        match number {
            number if number <= self.lines_max => Verdict::Write,
            number if number == self.lines_max + 1 => Verdict::CountFirst,
            _ => Verdict::Count,
        }
    }

    /// Takes what was counted in the seconds before this one, or everything without a moment.
    /// Says whether there is more to tell later.
    pub(crate) fn take(&self, now: Option<Instant>, mut tell: impl FnMut(Rest<'_>)) -> bool {
        let second = now.map(|now| self.second(now));
        let mut is_more_left = false;
        for slot in self.slots.iter().chain([&self.others]) {
            let (number, is_left) = slot.take(second, self.lines_max);
            is_more_left |= is_left;
            if number > 0 {
                tell(Rest { label: slot.label.get(), number });
            }
        }
        is_more_left
    }

    /// By a clock that nobody sets.
    fn second(&self, now: Instant) -> u32 {
        // From 1 on, so that no slot begins in the current second.
        let seconds = now.saturating_duration_since(self.start).as_secs() + 1;
        u32::try_from(seconds).unwrap_or(u32::MAX)
    }

    fn slot(&self, kind: Kind, status: u16, code: &'static str, name: &str) -> &Slot {
        let mut hasher = DefaultHasher::new();
        (code, name, status).hash(&mut hasher);
        let first = hasher.finish() as usize;
        for probe in 0..PROBES_MAX {
            let slot = &self.slots[first.wrapping_add(probe) % KINDS_MAX];
            let label = slot.label.get_or_init(|| Label { kind, status, code, name: name.into() });
            let is_same = label.code == code && *label.name == *name && label.status == status;
            if is_same && label.kind == kind {
                return slot;
            }
        }
        &self.others
    }
}

impl Slot {
    /// Counts one more; gives its number within its second.
    fn count(&self, second: u32, lines_max: u32) -> u32 {
        let mut window = self.window.load(Relaxed);
        while at(window) < second {
            let next = pack(second, 1);
            match self.window.compare_exchange_weak(window, next, Relaxed, Relaxed) {
                Ok(_) => {
                    self.keep(window, lines_max);
                    return 1;
                }
                Err(other) => window = other,
            }
        }
        // A thread that was held up counts in the second that has begun meanwhile.
        number(self.window.fetch_add(1, Relaxed)).saturating_add(1)
    }

    /// How many have not been told, and whether this second, whose end is not known, has more.
    fn take(&self, second: Option<u32>, lines_max: u32) -> (u64, bool) {
        let mut window = self.window.load(Relaxed);
        let mut is_left = false;
        while number(window) > lines_max {
            if second.is_some_and(|second| at(window) >= second) {
                is_left = true;
                break;
            }
            let told = pack(at(window), lines_max);
            match self.window.compare_exchange_weak(window, told, Relaxed, Relaxed) {
                Ok(_) => {
                    self.keep(window, lines_max);
                    break;
                }
                Err(other) => window = other,
            }
        }
        (self.untold.swap(0, Relaxed), is_left)
    }

    /// Keeps what a window that has ended counted without a line.
    fn keep(&self, window: u64, lines_max: u32) {
        let rest = number(window).saturating_sub(lines_max);
        if rest > 0 {
            self.untold.fetch_add(rest.into(), Relaxed);
        }
    }
}

fn pack(second: u32, number: u32) -> u64 {
    u64::from(second) << 32 | u64::from(number)
}

fn at(window: u64) -> u32 {
    (window >> 32) as u32
}

fn number(window: u64) -> u32 {
    window as u32
}

#[cfg(test)]
mod tests {
    use std::{thread, time::Duration};

    use super::*;

    fn taken(sampler: &Sampler, now: Option<Instant>) -> Vec<(String, u64)> {
        let mut rests = Vec::new();
        sampler.take(now, |rest| {
            let name = rest.label.map_or("others", |label| &label.name).to_owned();
            rests.push((name, rest.number));
        });
        rests.sort();
        rests
    }

    #[test]
    fn a_few_lines_a_second_are_written_and_the_rest_is_counted() {
        let sampler = Sampler::new(3);
        let start = sampler.start;
        let count = |name, now| sampler.count(Kind::Api, 404, "NotFound", name, now);
        for second in 0..3 {
            let now = start + Duration::from_secs(second);
            let verdicts: Vec<Verdict> = (0..6).map(|_| count("a", now)).collect();
            use Verdict::{Count, CountFirst, Write};
            assert_eq!(verdicts, [Write, Write, Write, CountFirst, Count, Count]);
            // A rare one is not hidden by a flood of others.
            assert_eq!(count("b", now), Write);
        }
        let now = start + Duration::from_secs(2);
        assert_eq!(taken(&sampler, Some(now)), [("a".to_owned(), 6)]);
        assert_eq!(taken(&sampler, Some(now)), []);
        assert_eq!(taken(&sampler, None), [("a".to_owned(), 3)]);
        assert_eq!(taken(&sampler, None), []);
    }

    #[test]
    fn a_clock_that_stands_still_or_goes_back_loses_nothing() {
        let sampler = Sampler::new(0);
        for second in [5, 3, 5, 4, 6, 6] {
            let now = sampler.start + Duration::from_secs(second);
            sampler.count(Kind::Api, 404, "NotFound", "", now);
        }
        assert_eq!(taken(&sampler, None), [(String::new(), 6)]);
    }

    #[test]
    fn more_kinds_than_there_are_slots_are_counted_together() {
        let sampler = Sampler::new(0);
        let kinds = KINDS_MAX as u64 * 2;
        for kind in 0..kinds {
            let name = kind.to_string();
            sampler.count(Kind::Endpoint, 401, "AuthError", &name, sampler.start);
        }
        let taken = taken(&sampler, None);
        assert!(taken.len() <= KINDS_MAX + 1 && taken.iter().any(|(name, _)| name == "others"));
        assert_eq!(taken.iter().map(|(_, number)| number).sum::<u64>(), kinds);
    }

    #[test]
    fn no_refusal_is_lost_between_threads() {
        const EACH: u32 = 20_000;
        let sampler = Sampler::new(2);
        let written = AtomicU64::new(0);
        let told = AtomicU64::new(0);
        let add = |rest: Rest<'_>| {
            told.fetch_add(rest.number, Relaxed);
        };
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for number in 0..EACH {
                        let now = sampler.start + Duration::from_millis(number.into());
                        let verdict = sampler.count(Kind::Api, 400, "BadRequest", "x", now);
                        written.fetch_add(u64::from(verdict == Verdict::Write), Relaxed);
                        if number % 1000 == 0 {
                            sampler.take(Some(now), add);
                        }
                    }
                });
            }
        });
        sampler.take(None, add);
        assert_eq!(written.into_inner() + told.into_inner(), u64::from(4 * EACH));
    }
}
