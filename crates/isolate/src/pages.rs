//! Putting an image back, and setting a waiting run aside.
//!
//! A run of a few microseconds writes to a few dozen pages of an image of hundreds. Which ones is
//! learnt: the image is read-only, and the first write to a page ends up in the handler of
//! `signals`, which keeps a copy of the page and lets the write go ahead. From then on the page is
//! *warm*: every reset looks at it and puts back the lines that differ. Pages that stay as they
//! are over many resets are made read-only again. So a reset costs a look at the pages that runs
//! usually write to, and no call into the system.
//!
//! A run that waits leaves its isolate to others: what it changed is packed, cache line by cache
//! line, and unpacked when it goes on. Addresses stay what they were.

use std::{cell::Cell, io, ptr};

use hookstead_memory::Held;

use self::lines::{BLOCK_BYTES, LINE_BYTES, changed, restore};
use crate::{
    arena::Arena,
    frame::Frame,
    fresh::Fresh,
    mapping::{Mapping, page_bytes},
};

const WRITABLE: libc::c_int = libc::PROT_READ | libc::PROT_WRITE;
/// As many lines as most runs change, and more.
const LINES_USUAL: usize = 512;
/// Buffers for packed lines that are kept for the next run that waits. While some runs wait and
/// others go on, buffers come back as fast as they are taken.
const SPARE_BUFFERS_MAX: usize = 4;
/// Buffers with room for more lines are not kept.
const SPARE_LINES_MAX: usize = 2 * LINES_USUAL;
/// A waiting run has taken so much from the budget with its begin.
const PACKED_BYTES_USUAL: usize = 64 << 10;
/// Warm pages are compared with the image once in so many resets.
const RESETS_PER_SWEEP: u32 = 64;
/// A page that was unchanged in so many sweeps in a row is warm no more. Warming it up again takes
/// longer than copying it some hundred times; and many pages that every run writes to look
/// unchanged after it, because all that it did was to count references up and down.
const IDLE_SWEEPS_MAX: u8 = 128;

/// The pages of an image and which of them are warm.
pub(crate) struct Pages {
    base: *mut u8,
    count: usize,
    /// Copies of the warm pages, each at its own place; the others are empty.
    pristine: Mapping,
    /// One bit per page. The signal handler writes it while the isolate's thread is interrupted.
    warm: Box<[Cell<u64>]>,
    idle_sweeps: Box<[Cell<u8>]>,
    resets_to_sweep: u32,
    spare: Vec<ChangedLines>,
}

// SAFETY: the pointer is into the arena that stands beside these pages and moves with them.
unsafe impl Send for Pages {}

/// What a run changed, while it is out of its isolate.
#[derive(Default)]
pub(crate) struct Packed {
    changed: ChangedLines,
    fresh: Fresh,
    /// What the run has taken from the budget for it.
    held: Option<Held>,
}

impl Packed {
    /// How many bytes that takes.
    pub(crate) fn bytes(&self) -> usize {
        self.changed.bytes() + self.fresh.bytes()
    }
}

/// Changed lines of the image.
#[derive(Default)]
struct ChangedLines {
    places: Vec<u32>,
    /// Their bytes, in the order of `places`.
    lines: Vec<u8>,
}

impl ChangedLines {
    fn with_usual_room() -> Self {
        Self {
            places: Vec::with_capacity(LINES_USUAL),
            lines: Vec::with_capacity(LINES_USUAL * LINE_BYTES),
        }
    }

    /// How many bytes they take, with the room that is not used.
    fn bytes(&self) -> usize {
        self.places.capacity() * size_of::<u32>() + self.lines.capacity()
    }

    fn is_usual(&self) -> bool {
        self.places.capacity() <= SPARE_LINES_MAX
    }
}

impl Pages {
    /// The pages of the isolate in which a turn runs, if it has an image.
    pub(crate) fn of(frame: &Frame) -> Option<&Self> {
        // SAFETY: turns are made with pages, which outlive them, as `Turn::new` demands.
        unsafe { frame.pages().cast::<Self>().as_ref() }
    }

    /// Makes what an arena holds an image: read-only, but for the pages that `warm` names.
    pub(crate) fn seal(
        arena: &mut Arena,
        limit_bytes: usize,
        warm: impl Iterator<Item = usize>,
    ) -> io::Result<Self> {
        let end = arena.seal(limit_bytes)?;
        let count = end / page_bytes();
        let pages = Self {
            base: arena.mapping().start(),
            count,
            pristine: Mapping::zeroed(end)?,
            warm: vec![Cell::new(0); count.div_ceil(64)].into_boxed_slice(),
            idle_sweeps: vec![Cell::new(0); count].into_boxed_slice(),
            resets_to_sweep: RESETS_PER_SWEEP,
            spare: Vec::with_capacity(SPARE_BUFFERS_MAX),
        };
        arena.mapping().allow(0, end, false)?;
        // The allocator's book.
        for page in std::iter::once(0).chain(warm.filter(|page| *page < count)) {
            pages.warm_up(page)?;
        }
        Ok(pages)
    }

    /// How large the image is.
    pub(crate) fn bytes(&self) -> usize {
        self.pristine.bytes()
    }

    /// How many pages the image has.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The page that holds an address.
    pub(crate) fn page_of(&self, address: usize) -> Option<usize> {
        let page = address.checked_sub(self.base.addr())? / page_bytes();
        (page < self.count).then_some(page)
    }

    /// Keeps a copy of a page and allows writing to it; whether it was cold. Safe in a signal
    /// handler: it allocates nothing and takes no lock.
    pub(crate) fn warm_up(&self, page: usize) -> io::Result<bool> {
        if self.is_warm(page) {
            return Ok(false);
        }
        self.keep(page);
        match self.protect(page, 1, WRITABLE) {
            Ok(()) => self.note_warm(page),
            // Every border between warm and cold is one more mapping, and a process may have so
            // many. An image that is all warm has no borders.
            Err(_) => self.warm_up_all()?,
        }
        Ok(true)
    }

    #[cold]
    fn warm_up_all(&self) -> io::Result<()> {
        for page in (0..self.count).filter(|page| !self.is_warm(*page)) {
            self.keep(page);
        }
        self.protect(0, self.count, WRITABLE)?;
        (0..self.count).for_each(|page| self.note_warm(page));
        Ok(())
    }

    fn is_warm(&self, page: usize) -> bool {
        self.warm[page / 64].get() & (1 << (page % 64)) != 0
    }

    fn note_warm(&self, page: usize) {
        let word = &self.warm[page / 64];
        word.set(word.get() | 1 << (page % 64));
    }

    /// Copies a cold page, which is as it was.
    fn keep(&self, page: usize) {
        // SAFETY: both pages are this image's, and the two mappings do not overlap.
        unsafe { ptr::copy_nonoverlapping(self.page(page), self.copy(page), page_bytes()) };
    }

    /// The warm pages, by number.
    pub(crate) fn warm(&self) -> impl Iterator<Item = usize> + '_ {
        let bits = |(index, word): (usize, &Cell<u64>)| {
            bits_of(word.get()).map(move |bit| index * 64 + bit)
        };
        self.warm.iter().enumerate().flat_map(bits)
    }

    /// Puts the image back.
    pub(crate) fn reset(&mut self, arena: &mut Arena) {
        self.resets_to_sweep -= 1;
        if self.resets_to_sweep == 0 {
            self.sweep();
        } else {
            for page in self.warm() {
                self.put_back(page);
            }
        }
        arena.trim();
    }

    /// Puts the image back and packs what was different.
    pub(crate) fn pack(&mut self, arena: &mut Arena) -> Packed {
        let fresh_bytes = arena.fresh_bytes_used();
        let (fresh, mut held) = (arena.take_fresh(), arena.replace_held(None));
        // The allocator's book is among the lines, so nothing of the arena is asked for after it.
        let changed = self.take_changed();
        arena.trim();
        if let Some(held) = &mut held {
            held.set((fresh_bytes + changed.bytes()).saturating_sub(PACKED_BYTES_USUAL));
        }
        Packed { changed, fresh, held }
    }

    /// Puts back what was packed, on top of the image.
    pub(crate) fn unpack(&mut self, arena: &mut Arena, packed: Packed) -> io::Result<()> {
        arena.put_fresh(packed.fresh)?;
        let mut changed = packed.changed;
        for (line, bytes) in changed.places.iter().zip(changed.lines.as_chunks().0) {
            let line = *line as usize;
            // The page may have cooled down in between.
            self.warm_up(line * LINE_BYTES / page_bytes())?;
            self.write_line(line, bytes);
        }
        if self.spare.len() < SPARE_BUFFERS_MAX && changed.is_usual() {
            changed.places.clear();
            changed.lines.clear();
            self.spare.push(changed);
        }
        if let Some(held) = packed.held {
            arena.set_held(held);
        }
        Ok(())
    }

    /// The lines that differ from the image, which are put back.
    fn take_changed(&mut self) -> ChangedLines {
        let mut changed = self.spare.pop().unwrap_or_else(ChangedLines::with_usual_room);
        for page in self.warm() {
            for offset in (page * page_bytes()..(page + 1) * page_bytes()).step_by(BLOCK_BYTES) {
                let first = offset / LINE_BYTES;
                for line in bits_of(self.changed(offset)).map(|bit| first + bit) {
                    changed.places.push(line as u32);
                    self.take_line(line, &mut changed.lines);
                }
            }
        }
        if !changed.is_usual() {
            changed.places.shrink_to_fit();
            changed.lines.shrink_to_fit();
        }
        changed
    }

    /// A reset that looks which of the warm pages have changed at all.
    fn sweep(&mut self) {
        self.warm().for_each(|page| self.sweep_page(page));
        self.resets_to_sweep = RESETS_PER_SWEEP;
    }

    /// Puts a page back, or makes it read-only if there has been nothing to put back for long.
    fn sweep_page(&self, page: usize) {
        let idle_sweeps = &self.idle_sweeps[page];
        if self.put_back(page) {
            idle_sweeps.set(0);
            return;
        }
        idle_sweeps.set(idle_sweeps.get().saturating_add(1));
        let is_cold = page > 0 && idle_sweeps.get() >= IDLE_SWEEPS_MAX;
        if is_cold && self.protect(page, 1, libc::PROT_READ).is_ok() {
            idle_sweeps.set(0);
            self.pristine.discard(page * page_bytes(), page_bytes());
            let word = &self.warm[page / 64];
            word.set(word.get() & !(1 << (page % 64)));
        }
    }

    /// Makes a warm page what it was; whether it was anything else.
    fn put_back(&self, page: usize) -> bool {
        // SAFETY: both pages are this image's, the warm one is writable, and the two mappings do
        // not overlap.
        unsafe { restore(self.page(page), self.copy(page)) }
    }

    fn protect(&self, first: usize, count: usize, protection: libc::c_int) -> io::Result<()> {
        let bytes = count * page_bytes();
        // SAFETY: the pages are this image's own.
        let done = unsafe { libc::mprotect(self.page(first).cast(), bytes, protection) };
        if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    fn page(&self, page: usize) -> *mut u8 {
        debug_assert!(page < self.count, "the page is one of the image");
        // SAFETY: the page is within the image.
        unsafe { self.base.add(page * page_bytes()) }
    }

    fn copy(&self, page: usize) -> *mut u8 {
        debug_assert!(page < self.count, "the page is one of the image");
        // SAFETY: the copies have as many pages as the image.
        unsafe { self.pristine.start().add(page * page_bytes()) }
    }

    /// Which lines of a block of the image are not as they were.
    fn changed(&self, offset: usize) -> u64 {
        // SAFETY: the block is within the image, as its page is.
        unsafe { changed(self.base.add(offset), self.pristine.start().add(offset)) }
    }

    /// Appends a line as it is, and makes it what it was.
    fn take_line(&self, line: usize, lines: &mut Vec<u8>) {
        // SAFETY: the line is within a warm page of the image, whose owner is at it; the two
        // mappings do not overlap.
        unsafe {
            let now = self.base.add(line * LINE_BYTES).cast::<[u8; LINE_BYTES]>();
            let before = self.pristine.start().add(line * LINE_BYTES).cast::<[u8; LINE_BYTES]>();
            lines.extend_from_slice(&*now);
            now.write(*before);
        }
    }

    fn write_line(&self, line: usize, bytes: &[u8; LINE_BYTES]) {
        // SAFETY: the line is within a warm page of the image.
        unsafe { self.base.add(line * LINE_BYTES).cast::<[u8; LINE_BYTES]>().write(*bytes) };
    }
}

/// The bits that are set.
fn bits_of(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
        bits &= bits - 1;
        Some(bit)
    })
}

mod lines;
#[cfg(test)]
mod tests;
