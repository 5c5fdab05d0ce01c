//! The heap of the C library, which Rust allocates from.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use hookstead_memory::Budget;

use crate::mapping::give_back_large;

/// The C library's heap, whose large blocks go back to the system piece by piece.
struct Heap;

#[global_allocator]
static HEAP: Heap = Heap;

// SAFETY: all that it does is the system's allocator's, but for blocks that are about to be freed.
unsafe impl GlobalAlloc for Heap {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps to the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // SAFETY: as above.
        unsafe { System.realloc(block, layout, bytes) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller is done with the block, which is the process's alone.
        unsafe { give_back_large(block, layout.size()) };
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }
}

/// What was freed and not given back is given back once it may be so much.
const TRIM_BYTES_MIN: usize = 32 << 20;

/// Gives back what has been freed, where that may be much: the C library keeps small blocks.
pub(crate) struct Trimmer {
    budget: Arc<Budget>,
    /// The most that was taken from the budget since the last time.
    most_bytes: AtomicUsize,
}

impl Trimmer {
    pub(crate) fn new(budget: &Arc<Budget>) -> Self {
        Self { budget: Arc::clone(budget), most_bytes: AtomicUsize::new(0) }
    }

    /// Called every few seconds.
    pub(crate) fn look(&self) {
        let used = self.budget.used_bytes();
        let most = self.most_bytes.fetch_max(used, Ordering::Relaxed);
        if most > used + TRIM_BYTES_MIN {
            self.most_bytes.store(used, Ordering::Relaxed);
            trim();
        }
    }
}

fn trim() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: asks the C library to give back what nobody uses.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Has the C library ask the system for each large block by itself. The system makes such a block
/// larger without copying it; else a vector that grows copies up to 32 MiB at once.
pub(crate) fn map_large_blocks() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        /// Blocks from this size on have mappings of their own.
        const MAPPED_BYTES_MIN: libc::c_int = 1 << 20;
        // SAFETY: sets a parameter of the allocator, which locks what it has to.
        unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED_BYTES_MIN);
        }
    }
}

/// Has large blocks given back to the system when they are freed. By default the C library learns
/// from the first ones that are freed, and keeps up to 64 MiB in each of its heaps from then on.
pub fn give_back_early() {
    map_large_blocks();
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        /// What may be free at the end of a heap.
        const FREE_BYTES_MAX: libc::c_int = 4 << 20;
        // SAFETY: as above.
        unsafe {
            libc::mallopt(libc::M_TRIM_THRESHOLD, FREE_BYTES_MAX);
        }
    }
}
