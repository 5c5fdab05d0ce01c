//! The functions through which the engine allocates. It passes each of them its arena.

use std::{ffi::c_void, ptr};

use rquickjs_sys as qjs;

use super::{Arena, block_of, classes::class_of, held_by, is_chunk};

/// Bytes with how many of them may hold something old; ends the run where there is no memory, and
/// waits where there is no room in the budget.
///
/// # Safety
/// `opaque` must point to an [`Arena`] that nothing else borrows now, within a turn.
unsafe fn allocate(opaque: *mut c_void, size: usize) -> (*mut c_void, usize) {
    // SAFETY: the caller vouches for `opaque`; the borrow ends before the run does.
    unsafe {
        let arena = opaque.cast::<Arena>();
        let seat = &*(*arena).seat();
        loop {
            match seat.busy(|| (*arena).allocate(size)) {
                Some(found) => return found,
                None if (*arena).wanted() > 0 => seat.wait_for_room(),
                None => seat.exhaust(),
            }
        }
    }
}

pub(super) unsafe extern "C" fn calloc(
    opaque: *mut c_void,
    count: qjs::size_t,
    size: qjs::size_t,
) -> *mut c_void {
    let bytes = (count as usize).saturating_mul(size as usize);
    // SAFETY: the engine passes on the opaque pointer it was made with.
    unsafe {
        let (content, old_bytes) = allocate(opaque, bytes);
        ptr::write_bytes(content.cast::<u8>(), 0, bytes.min(old_bytes));
        content
    }
}

pub(super) unsafe extern "C" fn malloc(opaque: *mut c_void, size: qjs::size_t) -> *mut c_void {
    // SAFETY: the engine passes on the opaque pointer it was made with.
    unsafe { allocate(opaque, size as usize).0 }
}

pub(super) unsafe extern "C" fn free(opaque: *mut c_void, content: *mut c_void) {
    if !content.is_null() {
        // SAFETY: the engine frees each of its blocks once.
        unsafe {
            let arena = opaque.cast::<Arena>();
            (*(*arena).seat()).busy(|| (*arena).release(content));
        }
    }
}

pub(super) unsafe extern "C" fn realloc(
    opaque: *mut c_void,
    content: *mut c_void,
    size: qjs::size_t,
) -> *mut c_void {
    let size = size as usize;
    if content.is_null() {
        // SAFETY: as for `malloc`.
        return unsafe { malloc(opaque, size as qjs::size_t) };
    }
    if size == 0 {
        // SAFETY: as for `free`.
        unsafe { free(opaque, content) };
        return ptr::null_mut();
    }
    // SAFETY: the block is the engine's own, and large enough on either side of the copy.
    unsafe {
        let held = held_by(content);
        if size <= held && size >= held / 2 {
            return content;
        }
        let arena = opaque.cast::<Arena>();
        if !is_chunk(content) && size > held && extend(arena, content, size).is_some() {
            return content;
        }
        let moved = allocate(opaque, size).0;
        ptr::copy_nonoverlapping(content.cast::<u8>(), moved.cast(), size.min(held));
        free(opaque, content);
        moved
    }
}

/// The same block for more bytes, where nothing lies behind it.
///
/// # Safety
/// As for [`allocate`]; `content` must be a block's.
unsafe fn extend(arena: *mut Arena, content: *mut c_void, size: usize) -> Option<()> {
    let class = class_of(size)?;
    // SAFETY: the caller vouches for both.
    unsafe {
        let seat = &*(*arena).seat();
        loop {
            let extended = seat.busy(|| (*arena).extend(block_of(content), class));
            if extended.is_some() || (*arena).wanted() == 0 {
                return extended;
            }
            seat.wait_for_room();
        }
    }
}

pub(super) unsafe extern "C" fn usable_size(content: *const c_void) -> qjs::size_t {
    if content.is_null() {
        return 0;
    }
    // SAFETY: the engine asks about its own blocks only.
    unsafe { held_by(content) as qjs::size_t }
}
