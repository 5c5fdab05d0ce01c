//! The memory of one run, counted, with a hard end.
//!
//! Every block carries its size in front of it. Past the limit an allocation fails, which the
//! engine turns into an exception, and the heap remembers that it was exhausted: whatever the
//! script made of the exception, the run is told from outside that it failed.

use std::{
    alloc::{self, Layout},
    ffi::c_void,
    ptr,
};

use rquickjs_sys as qjs;

/// In front of every block; 16 keeps the alignment that C's `malloc` promises.
const HEADER_BYTES: usize = 16;

/// The account of one run's memory.
pub(crate) struct Heap {
    used_bytes: usize,
    limit_bytes: usize,
    exhausted: bool,
}

impl Heap {
    pub(crate) fn new(limit_bytes: usize) -> Self {
        Self { used_bytes: 0, limit_bytes, exhausted: false }
    }

    /// Whether an allocation was ever refused.
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
        match self.used_bytes.checked_add(bytes) {
            Some(used) if used <= self.limit_bytes => {
                self.used_bytes = used;
                true
            }
            _ => {
                self.exhausted = true;
                false
            }
        }
    }
}

fn layout(size: usize) -> Option<Layout> {
    Layout::from_size_align(size.checked_add(HEADER_BYTES)?, HEADER_BYTES).ok()
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
    // SAFETY: the block is at least as long as the header and as strictly aligned.
    unsafe {
        base.cast::<usize>().write(size);
        base.add(HEADER_BYTES).cast()
    }
}

/// The size that a block was asked for.
///
/// # Safety
/// `block` must come from [`allocate`] and not be freed.
unsafe fn size_of_block(block: *const c_void) -> usize {
    // SAFETY: the header stands in front of the block.
    unsafe { block.cast::<u8>().sub(HEADER_BYTES).cast::<usize>().read() }
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

unsafe extern "C" fn free(opaque: *mut c_void, block: *mut c_void) {
    if block.is_null() {
        return;
    }
    // SAFETY: the engine frees each of its blocks once; the layout is the one of its allocation.
    unsafe {
        let layout = layout_of_block(block);
        (*opaque.cast::<Heap>()).used_bytes -= layout.size();
        alloc::dealloc(block.cast::<u8>().sub(HEADER_BYTES), layout);
    }
}

unsafe extern "C" fn realloc(
    opaque: *mut c_void,
    block: *mut c_void,
    size: qjs::size_t,
) -> *mut c_void {
    let size = size as usize;
    if block.is_null() {
        // SAFETY: as for `malloc`.
        return unsafe { allocate(opaque, size, false) };
    }
    if size == 0 {
        // SAFETY: as for `free`.
        unsafe { free(opaque, block) };
        return ptr::null_mut();
    }
    // SAFETY: the block is the engine's own, so its header is whole.
    unsafe { resize(opaque, block, size) }
}

/// # Safety
/// As for [`allocate`] and [`size_of_block`].
unsafe fn resize(opaque: *mut c_void, block: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: the caller vouches for both pointers.
    let (heap, old) = unsafe { (&mut *opaque.cast::<Heap>(), layout_of_block(block)) };
    let Some(new) = layout(size) else {
        heap.exhausted = true;
        return ptr::null_mut();
    };
    if new.size() > old.size() && !heap.book(new.size() - old.size()) {
        return ptr::null_mut();
    }
    // SAFETY: `old` is the block's layout and the new size is not zero.
    let base = unsafe { alloc::realloc(block.cast::<u8>().sub(HEADER_BYTES), old, new.size()) };
    if base.is_null() {
        heap.used_bytes -= new.size().saturating_sub(old.size());
        heap.exhausted = true;
        return ptr::null_mut();
    }
    heap.used_bytes -= old.size().saturating_sub(new.size());
    // SAFETY: as in `allocate`.
    unsafe {
        base.cast::<usize>().write(size);
        base.add(HEADER_BYTES).cast()
    }
}

/// # Safety
/// As for [`size_of_block`].
unsafe fn layout_of_block(block: *const c_void) -> Layout {
    // SAFETY: the caller vouches for the block; the sum was checked when it was allocated.
    unsafe { Layout::from_size_align_unchecked(size_of_block(block) + HEADER_BYTES, HEADER_BYTES) }
}

unsafe extern "C" fn usable_size(block: *const c_void) -> qjs::size_t {
    if block.is_null() {
        return 0;
    }
    // SAFETY: the engine asks about its own blocks only.
    unsafe { size_of_block(block) as qjs::size_t }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_past_the_limit_and_remembers() {
        let mut heap = Heap::new(1000);
        let opaque: *mut c_void = ptr::from_mut(&mut heap).cast();
        // SAFETY: `opaque` points to the heap above and every block is freed once.
        unsafe {
            let block = malloc(opaque, 500);
            assert!(!block.is_null());
            assert!(malloc(opaque, 600).is_null());
            let grown = realloc(opaque, block, 900);
            assert!(!grown.is_null());
            assert_eq!(usable_size(grown), 900);
            assert!(realloc(opaque, grown, 2000).is_null());
            let shrunk = realloc(opaque, grown, 10);
            free(opaque, shrunk);
        }
        assert!(heap.is_exhausted());
        assert_eq!(heap.used_bytes, 0);
    }

    #[test]
    fn an_absurd_size_is_refused_without_overflow() {
        let mut heap = Heap::new(usize::MAX);
        let opaque: *mut c_void = ptr::from_mut(&mut heap).cast();
        // SAFETY: `opaque` points to the heap above; nothing is allocated.
        unsafe {
            assert!(calloc(opaque, usize::MAX as qjs::size_t, 2).is_null());
            assert!(malloc(opaque, usize::MAX as qjs::size_t).is_null());
        }
        assert_eq!(heap.used_bytes, 0);
    }
}
