//! The memory of one run, counted, with two ends.
//!
//! Every block carries its size in front of it. Past the limit the heap remembers that it was
//! exhausted and the interrupt handler stops the script at its next look: whatever the script made
//! of it, the run is told from outside that it failed. Memory is refused only a reserve later,
//! because parts of the engine do not survive a refusal: its compiler, which `eval` reaches, goes
//! on with half of its output.
//!
//! Long past the deadline memory is refused as well: much of the engine's own code runs long
//! without asking the interrupt handler, and little of that runs long without asking for memory.
//! The exception that stops a script is never refused: what is thrown in its place when there is
//! no memory can be caught.
//!
//! The heap owns its blocks and frees them all when it goes. The engine is never asked to take its
//! world apart, which it can do only as long as it has not lost count of anything; after running
//! out of memory somewhere deep inside, it has, and then it aborts the process.

use std::{
    alloc::{self, Layout},
    ffi::c_void,
    ptr,
    rc::Rc,
};

use rquickjs_sys as qjs;

use crate::clock::Clock;

/// In front of every block; 16 is the alignment that C's `malloc` promises.
#[repr(C, align(16))]
struct Header {
    /// What was asked for.
    size: usize,
    /// The neighbours in the heap's list of blocks.
    previous: *mut Header,
    next: *mut Header,
}

const HEADER_BYTES: usize = size_of::<Header>();

/// What there is past the limit: more than compiling any sensible text takes.
const RESERVE_BYTES: usize = 64 << 20;
/// Looking at the clock takes longer than allocating.
const BOOKINGS_PER_LOOK: u32 = 32;
/// More than the exception takes that stops a script.
const EXCEPTION_BYTES: usize = 64 << 10;

/// One run's memory: its account and its blocks.
pub(crate) struct Heap {
    used_bytes: usize,
    /// Past this the run has failed.
    limit_bytes: usize,
    /// Past this memory is refused.
    end_bytes: usize,
    exhausted: bool,
    stopping: bool,
    bookings: u32,
    first: *mut Header,
    clock: Rc<Clock>,
}

impl Heap {
    pub(crate) fn new(limit_bytes: usize, clock: Rc<Clock>) -> Self {
        Self {
            used_bytes: 0,
            limit_bytes,
            end_bytes: limit_bytes.saturating_add(RESERVE_BYTES),
            exhausted: false,
            stopping: false,
            bookings: 0,
            first: ptr::null_mut(),
            clock,
        }
    }

    /// Whether the run must stop now; if so, there is memory for that.
    pub(crate) fn must_stop(&mut self) -> bool {
        if !self.exhausted && !self.clock.is_over() {
            return false;
        }
        self.stopping = true;
        let needed = self.used_bytes.saturating_add(EXCEPTION_BYTES);
        self.limit_bytes = self.limit_bytes.max(needed);
        self.end_bytes = self.end_bytes.max(needed);
        true
    }

    /// Whether the run ever needed more than it may.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.exhausted
    }

    /// The functions through which the engine allocates; each expects a `*mut Heap`.
    pub(crate) fn functions() -> qjs::JSMallocFunctions {
        qjs::JSMallocFunctions {
            js_calloc: Some(calloc),
            js_malloc: Some(malloc),
            js_free: Some(free),
            js_realloc: Some(realloc),
            js_malloc_usable_size: Some(usable_size),
        }
    }

    /// Books `bytes` more, or refuses.
    fn book(&mut self, bytes: usize) -> bool {
        self.bookings = self.bookings.wrapping_add(1);
        let looks_at_clock = self.bookings % BOOKINGS_PER_LOOK == 1;
        if looks_at_clock && !self.stopping && self.clock.is_long_over() {
            return false;
        }
        let used = self.used_bytes.saturating_add(bytes);
        self.exhausted |= used > self.limit_bytes;
        let is_granted = used <= self.end_bytes && used < usize::MAX;
        if is_granted {
            self.used_bytes = used;
        }
        is_granted
    }

    /// Takes a block into the list.
    ///
    /// # Safety
    /// `block` must be a block's header with its size, in no list.
    unsafe fn link(&mut self, block: *mut Header) {
        // SAFETY: the caller vouches for the block; those in the list are alive.
        unsafe {
            (*block).previous = ptr::null_mut();
            (*block).next = self.first;
            if let Some(next) = self.first.as_mut() {
                next.previous = block;
            }
        }
        self.first = block;
    }

    /// Takes a block out of the list.
    ///
    /// # Safety
    /// The block must be in this heap's list.
    unsafe fn unlink(&mut self, block: *mut Header) {
        // SAFETY: the caller vouches for the block, the list for its neighbours.
        unsafe {
            let (previous, next) = ((*block).previous, (*block).next);
            match previous.as_mut() {
                Some(previous) => previous.next = next,
                None => self.first = next,
            }
            if let Some(next) = next.as_mut() {
                next.previous = previous;
            }
        }
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        let mut block = self.first;
        while !block.is_null() {
            // SAFETY: the list holds the blocks that are alive, and nobody uses them any more.
            unsafe {
                let next = (*block).next;
                alloc::dealloc(block.cast(), layout_of(block));
                block = next;
            }
        }
    }
}

fn layout(size: usize) -> Option<Layout> {
    Layout::from_size_align(size.checked_add(HEADER_BYTES)?, align_of::<Header>()).ok()
}

/// # Safety
/// `block` must be the header of a block that is alive.
unsafe fn layout_of(block: *const Header) -> Layout {
    // SAFETY: the caller vouches for the block; the sum was checked when it was allocated.
    unsafe { Layout::from_size_align_unchecked((*block).size + HEADER_BYTES, align_of::<Header>()) }
}

/// # Safety
/// `content` must come from [`content_of`].
unsafe fn header_of(content: *const c_void) -> *mut Header {
    // SAFETY: the header stands in front of the content.
    unsafe { content.cast::<Header>().cast_mut().sub(1) }
}

/// # Safety
/// `block` must be the header of a block that is alive.
unsafe fn content_of(block: *mut Header) -> *mut c_void {
    // SAFETY: the content stands behind the header.
    unsafe { block.add(1).cast() }
}

/// Allocates `size` bytes behind a header that says so.
///
/// # Safety
/// `opaque` must point to the run's [`Heap`], which nothing else borrows now.
unsafe fn allocate(opaque: *mut c_void, size: usize, zeroed: bool) -> *mut c_void {
    // SAFETY: the caller vouches for `opaque`.
    let heap = unsafe { &mut *opaque.cast::<Heap>() };
    let Some(layout) = layout(size) else {
        heap.exhausted = true;
        return ptr::null_mut();
    };
    if !heap.book(layout.size()) {
        return ptr::null_mut();
    }
    // SAFETY: the layout is never empty, as it holds the header.
    let base = unsafe { if zeroed { alloc::alloc_zeroed(layout) } else { alloc::alloc(layout) } };
    if base.is_null() {
        heap.used_bytes -= layout.size();
        heap.exhausted = true;
        return ptr::null_mut();
    }
    let block = base.cast::<Header>();
    // SAFETY: the block is at least as long as the header and as strictly aligned.
    unsafe {
        block.write(Header { size, previous: ptr::null_mut(), next: ptr::null_mut() });
        heap.link(block);
        content_of(block)
    }
}

unsafe extern "C" fn calloc(
    opaque: *mut c_void,
    count: qjs::size_t,
    size: qjs::size_t,
) -> *mut c_void {
    let Some(bytes) = (count as usize).checked_mul(size as usize) else {
        return ptr::null_mut();
    };
    // SAFETY: the engine passes on the opaque pointer it was made with.
    unsafe { allocate(opaque, bytes, true) }
}

unsafe extern "C" fn malloc(opaque: *mut c_void, size: qjs::size_t) -> *mut c_void {
    // SAFETY: the engine passes on the opaque pointer it was made with.
    unsafe { allocate(opaque, size as usize, false) }
}

unsafe extern "C" fn free(opaque: *mut c_void, content: *mut c_void) {
    if content.is_null() {
        return;
    }
    // SAFETY: the engine frees each of its blocks once.
    unsafe {
        let (heap, block) = (&mut *opaque.cast::<Heap>(), header_of(content));
        let layout = layout_of(block);
        heap.unlink(block);
        heap.used_bytes -= layout.size();
        alloc::dealloc(block.cast(), layout);
    }
}

unsafe extern "C" fn realloc(
    opaque: *mut c_void,
    content: *mut c_void,
    size: qjs::size_t,
) -> *mut c_void {
    let size = size as usize;
    if content.is_null() {
        // SAFETY: as for `malloc`.
        return unsafe { allocate(opaque, size, false) };
    }
    if size == 0 {
        // SAFETY: as for `free`.
        unsafe { free(opaque, content) };
        return ptr::null_mut();
    }
    // SAFETY: the block is the engine's own, so its header is whole.
    unsafe { resize(opaque, header_of(content), size) }
}

/// # Safety
/// As for [`allocate`]; `block` must be the header of a block of the heap.
unsafe fn resize(opaque: *mut c_void, block: *mut Header, size: usize) -> *mut c_void {
    // SAFETY: the caller vouches for both pointers.
    let (heap, old) = unsafe { (&mut *opaque.cast::<Heap>(), layout_of(block)) };
    let Some(new) = layout(size) else {
        heap.exhausted = true;
        return ptr::null_mut();
    };
    if new.size() > old.size() && !heap.book(new.size() - old.size()) {
        return ptr::null_mut();
    }
    // SAFETY: `old` is the block's layout and the new size is not zero. A block that moves is in
    // nobody's list meanwhile.
    unsafe {
        heap.unlink(block);
        let moved = alloc::realloc(block.cast(), old, new.size()).cast::<Header>();
        if moved.is_null() {
            heap.link(block);
            heap.used_bytes -= new.size().saturating_sub(old.size());
            heap.exhausted = true;
            return ptr::null_mut();
        }
        heap.used_bytes -= old.size().saturating_sub(new.size());
        (*moved).size = size;
        heap.link(moved);
        content_of(moved)
    }
}

unsafe extern "C" fn usable_size(content: *const c_void) -> qjs::size_t {
    if content.is_null() {
        return 0;
    }
    // SAFETY: the engine asks about its own blocks only.
    unsafe { (*header_of(content)).size as qjs::size_t }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn heap(limit_bytes: usize, time: Duration) -> Heap {
        Heap::new(limit_bytes, Rc::new(Clock::new(Instant::now() + time)))
    }

    #[test]
    fn remembers_the_limit_and_refuses_past_the_reserve() {
        let mut heap = heap(1000, Duration::from_secs(60));
        let opaque: *mut c_void = ptr::from_mut(&mut heap).cast();
        // SAFETY: `opaque` points to the heap above and every block is freed once.
        unsafe {
            let block = malloc(opaque, 500);
            assert!(!(*opaque.cast::<Heap>()).is_exhausted());
            let grown = realloc(opaque, block, 2000);
            assert!((*opaque.cast::<Heap>()).is_exhausted());
            assert_eq!(usable_size(grown), 2000);
            assert!(malloc(opaque, RESERVE_BYTES as qjs::size_t).is_null());
            assert!(realloc(opaque, grown, 2 * RESERVE_BYTES as qjs::size_t).is_null());
            let shrunk = realloc(opaque, grown, 10);
            free(opaque, shrunk);
        }
        assert!(heap.must_stop());
        assert_eq!(heap.used_bytes, 0);
    }

    #[test]
    fn refuses_long_past_the_deadline() {
        for (past, is_refused) in [(0, false), (5, true)] {
            let mut heap = heap(1000, Duration::ZERO);
            let deadline = Instant::now() - Duration::from_secs(past);
            heap.clock = Rc::new(Clock::new(deadline));
            let opaque: *mut c_void = ptr::from_mut(&mut heap).cast();
            // SAFETY: `opaque` points to the heap above; the heap frees the block.
            unsafe { assert_eq!(malloc(opaque, 1).is_null(), is_refused) };
            assert!(!heap.is_exhausted());
            assert!(heap.must_stop());
            let opaque: *mut c_void = ptr::from_mut(&mut heap).cast();
            // SAFETY: as above.
            unsafe { assert!(!malloc(opaque, 10_000).is_null()) };
            assert!(!heap.is_exhausted());
        }
    }

    #[test]
    fn frees_what_nobody_freed() {
        let mut heap = heap(10_000, Duration::from_secs(60));
        let opaque: *mut c_void = ptr::from_mut(&mut heap).cast();
        // SAFETY: `opaque` points to the heap above and every block is freed at most once. The
        // address sanitizer and valgrind see what is not.
        unsafe {
            let blocks = [(); 5].map(|()| malloc(opaque, 100));
            for index in [2, 0, 4] {
                free(opaque, blocks[index]);
            }
            assert!(!realloc(opaque, blocks[1], 1000).is_null());
        }
        assert_eq!(heap.used_bytes, 1100 + 2 * HEADER_BYTES);
    }

    #[test]
    fn an_absurd_size_is_refused_without_overflow() {
        let mut heap = heap(usize::MAX, Duration::from_secs(60));
        let opaque: *mut c_void = ptr::from_mut(&mut heap).cast();
        // SAFETY: `opaque` points to the heap above; nothing is allocated.
        unsafe {
            assert!(calloc(opaque, usize::MAX as qjs::size_t, 2).is_null());
            assert!(malloc(opaque, usize::MAX as qjs::size_t).is_null());
        }
        assert_eq!(heap.used_bytes, 0);
    }
}
