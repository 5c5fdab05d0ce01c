//! The engine's allocator: a bump pointer and lists of free blocks, by size.
//!
//! All bookkeeping that a run changes lies *inside* the arena, in front of the first block, so that
//! putting the arena's bytes back puts the allocator back too. What the arena knows of the machine
//! (which pages are usable, which have been touched) is outside and survives.
//!
//! Blocks come in classes of sizes. Nothing is ever split or merged; a world that lives for
//! milliseconds needs no more than this.
//!
//! The engine keeps small objects in chunks of nearly 4 KiB of its own, so that few calls arrive
//! here. A chunk gets a page to itself: a run that takes a place in it, or gives one back, writes
//! to no other page. So chunks have no head, and only they lie at multiples of their size.
//!
//! There is no failure: where memory runs out, the run ends (`Seat::exhaust`) and the engine never
//! learns of it, because parts of it do not survive a refusal. Where the run may have more and the
//! budget of all runs has no room, the turn is suspended until it has (`Seat::wait_for_room`).

use std::{ffi::c_void, io, ptr};

use hookstead_memory::Held;
use rquickjs_sys as qjs;

use self::{
    callbacks::{calloc, free, malloc, realloc, usable_size},
    classes::{CLASSES, class_of, size_of_class},
};
use crate::{
    frame::Seat,
    fresh::Fresh,
    mapping::{Mapping, page_bytes, to_pages},
};

mod callbacks;
mod charge;
mod classes;
#[cfg(test)]
mod tests;

/// In front of every block; 16 is the alignment that C's `malloc` promises.
#[repr(C, align(16))]
struct Block {
    class: usize,
    /// The next block in the list of free ones.
    next: *mut Block,
}

const BLOCK_BYTES: usize = size_of::<Block>();

/// A chunk that nobody uses.
#[repr(C)]
struct Chunk {
    next: *mut Chunk,
}

const CHUNK_BYTES: usize = 4096;
/// What is smaller is no chunk of the engine's.
const CHUNK_BYTES_MIN: usize = 3600;
/// An image is made with so many chunks in a row, to leave few gaps. What it does not use of the
/// last row is never touched.
const CHUNKS_OF_IMAGE: usize = 8;

/// A free block from this size on gives its memory back to the system.
const DISCARD_BYTES_MIN: usize = 1 << 20;
/// Pages are made usable in steps of this size.
const COMMIT_BYTES: usize = 1 << 20;
/// What a run may leave touched for the next one. The rest goes back to the system.
pub(crate) const KEEP_BYTES: usize = 512 << 10;

/// The bookkeeping that lies in the arena.
#[repr(C, align(16))]
struct Book {
    /// Where the next block is made, from the start of the arena.
    top: usize,
    /// Bytes below the top that have been given back to the system.
    discarded_bytes: usize,
    chunks: *mut Chunk,
    /// Where the rest of the last row of chunks is.
    row: usize,
    row_end: usize,
    free: [*mut Block; CLASSES],
}

/// The memory of one engine.
pub(crate) struct Arena {
    mapping: Mapping,
    /// The end of what is usable.
    committed: usize,
    /// From here on, everything is zero.
    clean_from: usize,
    /// The end of the image: pages below are not given back.
    image_end: usize,
    /// What a run may use beyond the image.
    limit_bytes: usize,
    /// After so many allocations there is no memory: a test's lever.
    allocations_left: Option<u64>,
    /// What the run whose turn it is has taken from the budget for memory that it has touched
    /// beyond [`KEEP_BYTES`]; `None` while an image is made.
    held: Option<Held>,
    /// How many bytes the budget had no room for.
    wanted: usize,
    seat: Box<Seat>,
}

impl Arena {
    /// An empty arena in which a run may use so many bytes beyond its image.
    pub(crate) fn new(limit_bytes: usize, image_bytes_max: usize) -> io::Result<Box<Self>> {
        // Blocks that were given back still occupy addresses, of which there are plenty.
        let reserved = limit_bytes.saturating_mul(4).saturating_add(image_bytes_max);
        let mut arena = Box::new(Self {
            mapping: Mapping::reserve(reserved)?,
            committed: 0,
            clean_from: 0,
            image_end: 0,
            limit_bytes: image_bytes_max,
            allocations_left: None,
            held: None,
            wanted: 0,
            seat: Box::new(Seat::new()),
        });
        arena.commit(size_of::<Book>())?;
        arena.clean_from = size_of::<Book>();
        // SAFETY: the book's place has just been made usable, and zeroes are a book.
        unsafe { (*arena.book()).top = size_of::<Book>() };
        Ok(arena)
    }

    /// Whoever runs in this arena; it stays where it is.
    pub(crate) fn seat(&self) -> *const Seat {
        &raw const *self.seat
    }

    pub(crate) fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// The end of what has been handed out, from the start of the arena.
    pub(crate) fn top(&self) -> usize {
        // SAFETY: the book is there as long as the arena is.
        unsafe { (*self.book()).top }
    }

    /// Declares all that is in the arena an image; what comes after it is one run's.
    /// The image's end, in whole pages.
    pub(crate) fn seal(&mut self, limit_bytes: usize) -> io::Result<usize> {
        let end = to_pages(self.top());
        self.commit(end)?;
        self.image_end = end;
        self.limit_bytes = limit_bytes;
        self.clean_from = self.clean_from.max(end);
        // SAFETY: the book is there, and nobody borrows it.
        unsafe {
            let book = &mut *self.book();
            (book.top, book.row, book.row_end) = (end, 0, 0);
        }
        Ok(end)
    }

    /// Lets the n-th allocation from now on find no memory.
    pub(crate) fn set_allocations_left(&mut self, allocations: Option<u64>) {
        self.allocations_left = allocations;
    }

    pub(crate) fn allocations_left(&self) -> Option<u64> {
        self.allocations_left
    }

    /// How much lies between the image's end and the top.
    pub(crate) fn fresh_bytes(&self) -> usize {
        self.top().saturating_sub(self.image_end)
    }

    /// Takes out what lies there, for a top that is about to be put back as well.
    pub(crate) fn take_fresh(&mut self) -> Fresh {
        let bytes = self.fresh_bytes();
        let (fresh, is_clean) = Fresh::take(&self.mapping, self.image_end, bytes);
        if is_clean && self.clean_from <= self.image_end + fresh.bytes() {
            self.clean_from = self.image_end;
        }
        fresh
    }

    /// Puts it in again.
    pub(crate) fn put_fresh(&mut self, fresh: Fresh) -> io::Result<()> {
        let end = self.image_end + fresh.bytes();
        self.commit(end)?;
        self.clean_from = self.clean_from.max(end);
        fresh.put(&self.mapping, self.image_end)
    }

    /// After a run: gives back what the next one will hardly need.
    pub(crate) fn trim(&mut self) {
        let keep_end = (self.image_end + KEEP_BYTES).min(self.committed);
        if self.clean_from > keep_end {
            self.mapping.discard_soon(keep_end, to_pages(self.clean_from) - keep_end);
            self.clean_from = keep_end;
        }
    }

    /// The functions through which the engine allocates; each expects a `*mut Arena`.
    pub(crate) fn functions() -> qjs::JSMallocFunctions {
        qjs::JSMallocFunctions {
            js_calloc: Some(calloc),
            js_malloc: Some(malloc),
            js_free: Some(free),
            js_realloc: Some(realloc),
            js_malloc_usable_size: Some(usable_size),
        }
    }

    fn book(&self) -> *mut Book {
        self.mapping.start().cast()
    }

    fn commit(&mut self, end: usize) -> io::Result<()> {
        if end <= self.committed {
            return Ok(());
        }
        let wanted = end.saturating_add(COMMIT_BYTES).min(self.mapping.bytes());
        let wanted = to_pages(wanted).max(to_pages(end));
        if wanted > self.mapping.bytes() {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        self.mapping.allow(self.committed, wanted - self.committed, true)?;
        self.committed = wanted;
        Ok(())
    }

    /// So many bytes and from where on they are zero; `None` where there is no memory.
    fn allocate(&mut self, size: usize) -> Option<(*mut c_void, usize)> {
        self.count_down()?;
        if (CHUNK_BYTES_MIN..=CHUNK_BYTES).contains(&size) {
            return Some((self.allocate_chunk()?, usize::MAX));
        }
        let class = class_of(size)?;
        // SAFETY: the book is there, and nothing else borrows it. The lists hold free blocks.
        unsafe {
            let book = &mut *self.book();
            let block = book.free[class];
            if block.is_null() {
                return self.carve(class);
            }
            if size_of_class(class) >= DISCARD_BYTES_MIN {
                let (_, inside) = self.inside(block, class);
                self.check_limit(inside)?;
                self.charge(self.touched_bytes(book.top, inside))?;
                book.discarded_bytes -= inside;
            }
            book.free[class] = (*block).next;
            Some((content_of(block), usize::MAX))
        }
    }

    fn allocate_chunk(&mut self) -> Option<*mut c_void> {
        // SAFETY: the book is there, and nothing else borrows it. The list holds free chunks.
        unsafe {
            let book = &mut *self.book();
            let chunk = book.chunks;
            if !chunk.is_null() {
                book.chunks = (*chunk).next;
                return Some(chunk.cast());
            }
        }
        let start = self.start_of_chunk()?;
        // SAFETY: the range is usable and above everything that was handed out.
        Some(unsafe { self.mapping.start().add(start).cast() })
    }

    /// A place for a new chunk, from the start of the arena.
    fn start_of_chunk(&mut self) -> Option<usize> {
        // SAFETY: the book is there, and nobody writes it now.
        let &Book { top, mut row, mut row_end, .. } = unsafe { &*self.book() };
        if row == row_end {
            let count = if self.image_end == 0 { CHUNKS_OF_IMAGE } else { 1 };
            row = top.next_multiple_of(CHUNK_BYTES);
            row_end = row.checked_add(count * CHUNK_BYTES)?;
            self.raise(row_end)?;
            self.use_gap(top, row);
        }
        // SAFETY: the book is there, and nothing else borrows it.
        let book = unsafe { &mut *self.book() };
        (book.row, book.row_end) = (row + CHUNK_BYTES, row_end);
        Some(row)
    }

    /// Makes what was left below a chunk a free block.
    fn use_gap(&mut self, start: usize, end: usize) {
        let Some(bytes) = (end - start).checked_sub(BLOCK_BYTES) else { return };
        let class = (0..CLASSES).take_while(|class| size_of_class(*class) <= bytes).last();
        let Some(class) = class else { return };
        // SAFETY: the gap is usable and nobody's; the book is there, and nothing else borrows it.
        unsafe {
            let book = &mut *self.book();
            let block = self.mapping.start().add(start).cast::<Block>();
            block.write(Block { class, next: book.free[class] });
            book.free[class] = block;
        }
    }

    /// Moves the top upwards and hands out what is below. From where on that is zero.
    fn raise(&mut self, top: usize) -> Option<usize> {
        self.check_limit(top.checked_sub(self.top())?)?;
        self.charge(self.touched_bytes(top, 0))?;
        self.commit(top).ok()?;
        // SAFETY: the book is there, and nothing else borrows it.
        unsafe { (*self.book()).top = top };
        let clean_from = self.clean_from;
        self.clean_from = clean_from.max(top);
        Some(clean_from)
    }

    /// Makes a new block at the top.
    fn carve(&mut self, class: usize) -> Option<(*mut c_void, usize)> {
        let mut start = self.top();
        if (start + BLOCK_BYTES).is_multiple_of(CHUNK_BYTES) {
            start += BLOCK_BYTES;
        }
        let content = start + BLOCK_BYTES;
        let clean_from = self.raise(content.checked_add(size_of_class(class))?)?;
        // SAFETY: the range is usable and above everything that was handed out.
        unsafe {
            let block = self.mapping.start().add(start).cast::<Block>();
            block.write(Block { class, next: ptr::null_mut() });
            Some((content_of(block), clean_from.saturating_sub(content)))
        }
    }

    /// # Safety
    /// `content` must have been handed out by this arena.
    unsafe fn release(&mut self, content: *mut c_void) {
        // SAFETY: the caller vouches for it; nothing else borrows the book.
        unsafe {
            if is_chunk(content) {
                let (book, chunk) = (&mut *self.book(), content.cast::<Chunk>());
                chunk.write(Chunk { next: book.chunks });
                book.chunks = chunk;
            } else {
                self.release_block(block_of(content));
            }
        }
    }

    /// # Safety
    /// `block` must be a block of this arena that was handed out.
    unsafe fn release_block(&mut self, block: *mut Block) {
        // SAFETY: the caller vouches for the block; nothing else borrows the book.
        unsafe {
            let book = &mut *self.book();
            let class = (*block).class;
            if self.end_of(block, class) == book.top && self.offset(block) >= self.image_end {
                book.top = self.offset(block);
                return;
            }
            if size_of_class(class) >= DISCARD_BYTES_MIN {
                let (start, bytes) = self.inside(block, class);
                if bytes > 0 {
                    self.mapping.discard_soon(start, bytes);
                }
                book.discarded_bytes += bytes;
            }
            (*block).next = book.free[class];
            book.free[class] = block;
        }
    }

    /// The same block for more bytes, where nothing lies behind it.
    ///
    /// # Safety
    /// As for [`Arena::release_block`].
    unsafe fn extend(&mut self, block: *mut Block, class: usize) -> Option<()> {
        self.wanted = 0;
        // SAFETY: the caller vouches for the block; nothing else borrows the book.
        unsafe {
            let old = (*block).class;
            if self.end_of(block, old) != self.top() || self.offset(block) < self.image_end {
                return None;
            }
            self.raise(self.end_of(block, class))?;
            (*block).class = class;
        }
        Some(())
    }

    /// The whole pages inside a large block, which hold nothing else: where and how many bytes.
    /// Those of the image stay.
    fn inside(&self, block: *mut Block, class: usize) -> (usize, usize) {
        let start = to_pages(self.offset(block) + BLOCK_BYTES);
        let end = self.end_of(block, class) & !(page_bytes() - 1);
        if self.offset(block) < self.image_end { (start, 0) } else { (start, end - start) }
    }

    fn offset(&self, block: *mut Block) -> usize {
        block.addr() - self.mapping.start().addr()
    }

    fn end_of(&self, block: *mut Block, class: usize) -> usize {
        self.offset(block) + BLOCK_BYTES + size_of_class(class)
    }

    /// Whether so many bytes more are within the limit.
    fn check_limit(&self, bytes: usize) -> Option<()> {
        // SAFETY: the book is there, and nobody writes it now.
        let book = unsafe { &*self.book() };
        let used = (book.top - book.discarded_bytes).saturating_sub(self.image_end);
        (used.checked_add(bytes)? <= self.limit_bytes).then_some(())
    }

    fn count_down(&mut self) -> Option<()> {
        self.wanted = 0;
        if let Some(left) = &mut self.allocations_left {
            *left = left.checked_sub(1)?;
        }
        Some(())
    }
}

/// # Safety
/// `content` must come from [`content_of`].
unsafe fn block_of(content: *const c_void) -> *mut Block {
    // SAFETY: the block stands in front of its content.
    unsafe { content.cast::<Block>().cast_mut().sub(1) }
}

/// # Safety
/// `block` must be a block of an arena.
unsafe fn content_of(block: *mut Block) -> *mut c_void {
    // SAFETY: the content stands behind the block.
    unsafe { block.add(1).cast() }
}

/// Whether this is a chunk and not what a block holds.
fn is_chunk(content: *const c_void) -> bool {
    content.addr().is_multiple_of(CHUNK_BYTES)
}

/// # Safety
/// `content` must have been handed out by an arena.
unsafe fn held_by(content: *const c_void) -> usize {
    if is_chunk(content) {
        CHUNK_BYTES
    } else {
        // SAFETY: what is no chunk has its block in front.
        size_of_class(unsafe { (*block_of(content)).class })
    }
}
