//! Functions of the C library's in which a turn may be suspended.
//!
//! Filling, copying, comparing or searching hundreds of megabytes is one call of the C library's,
//! which the engine makes for `fill`, `slice`, `concat` and many others. A turn can be suspended in
//! these functions as it can be in the engine's own code:
//!
//! - They take no lock, allocate nothing and use no variable but their arguments, thread-local or
//!   not. All that they have at hand is in registers, which the kernel's frame keeps.
//! - They call nothing. So the address to which they return is in the place where a function finds
//!   it at its begin, and says who has called: it has to be the program's own code. Who calls them
//!   from inside the C library (`snprintf`, `qsort`) does not count.
//!
//! Where their code lies, the library's own tables for unwinding say. An address of a function is
//! that of the variant which the loader has chosen for this processor; variants in one source file
//! lie one behind the other and jump into each other's loops, so the two that follow count as well.
//! Where there are no such tables, the turn goes on to the end of the function.

use std::{
    ffi::c_void,
    sync::atomic::{AtomicUsize, Ordering},
};

/// What lies between two functions to align the second.
const GAP_BYTES_MAX: usize = 64;
/// None of these functions is as large as this.
const FUNCTION_BYTES_MAX: usize = 16 << 10;
/// The function itself and those that share its loops.
const VARIANTS: usize = 3;
const FUNCTIONS: usize = 5;

static RANGES: [[AtomicUsize; 2]; FUNCTIONS] =
    [const { [const { AtomicUsize::new(0) }; 2] }; FUNCTIONS];

unsafe extern "C" {
    /// The begin of the function that holds the byte before an address; null if it is not known.
    fn _Unwind_FindEnclosingFunction(address: *mut c_void) -> *mut c_void;
}

/// Whether an address is in one of them. Safe in a signal handler.
pub(super) fn contain(address: usize) -> bool {
    RANGES.iter().any(|[start, end]| {
        (start.load(Ordering::Relaxed)..end.load(Ordering::Relaxed)).contains(&address)
    })
}

/// Finds the functions.
pub(super) fn find() {
    // With the C library linked in, there is no code of which it is known that it is the engine's.
    if cfg!(target_feature = "crt-static") {
        return;
    }
    let functions: [*const (); FUNCTIONS] = [
        libc::memcpy as *const (),
        libc::memmove as *const (),
        libc::memset as *const (),
        libc::memcmp as *const (),
        libc::memchr as *const (),
    ];
    for ([start, end], function) in RANGES.iter().zip(functions) {
        let function = function as usize;
        if let Some(found) = end_of(function) {
            start.store(function, Ordering::Relaxed);
            end.store(found, Ordering::Relaxed);
        }
    }
}

/// Where a function ends, with those that share its loops; `None` if this is not a begin of one.
fn end_of(function: usize) -> Option<usize> {
    if function_at(function) != Some(function) {
        return None;
    }
    let mut end = own_end(function);
    for _ in 1..VARIANTS {
        let next = (end..=end + GAP_BYTES_MAX).find(|at| function_at(*at) == Some(*at));
        let Some(next) = next else { break };
        end = own_end(next);
    }
    Some(end)
}

/// Where a function ends that begins here.
fn own_end(function: usize) -> usize {
    let (mut inside, mut outside) = (function, function + FUNCTION_BYTES_MAX);
    while outside - inside > 1 {
        let middle = inside.midpoint(outside);
        if function_at(middle) == Some(function) { inside = middle } else { outside = middle }
    }
    outside
}

/// The begin of the function that holds an address.
fn function_at(address: usize) -> Option<usize> {
    let behind = std::ptr::without_provenance_mut(address + 1);
    // SAFETY: the function only looks the address up.
    let start = unsafe { _Unwind_FindEnclosingFunction(behind) };
    (!start.is_null()).then(|| start.addr())
}
