//! The program's own code and constants: where they lie, and letting go of them.

use std::{ffi::c_int, ops::Range};

use crate::mapping::{page_bytes, to_pages};

/// Lets go of all code and constants that this process has in memory. What is used again comes back
/// by itself, out of the system's cache of files.
///
/// A start goes once through most of a program, and the system maps sixteen pages where one is
/// asked for, so that after it more is there than is ever used again. Breakpoints that a debugger
/// has set are lost.
pub fn forget_code() {
    // SAFETY: the callback gets valid pointers and keeps none.
    unsafe { libc::dl_iterate_phdr(Some(forget_object), std::ptr::null_mut()) };
}

unsafe extern "C" fn forget_object(
    object: *mut libc::dl_phdr_info,
    _bytes: libc::size_t,
    _data: *mut libc::c_void,
) -> c_int {
    // SAFETY: the loader hands over a valid object.
    for segment in unsafe { segments(object) } {
        let start = to_pages(segment.addresses.start);
        let end = (segment.addresses.start + segment.file_bytes) & !(page_bytes() - 1);
        if segment.flags & libc::PF_W == 0 && start < end {
            let start = std::ptr::with_exposed_provenance_mut(start);
            // SAFETY: nobody can write to these pages, so they are what the file says. Where the
            // system refuses, they stay.
            unsafe { libc::madvise(start, end - start.addr(), libc::MADV_DONTNEED) };
        }
    }
    0
}

/// A part of an object file that is in memory.
pub(crate) struct Segment {
    pub(crate) addresses: Range<usize>,
    /// How much of it is in the file; the rest began as zeroes.
    pub(crate) file_bytes: usize,
    /// `PF_W`, `PF_X` and the like.
    pub(crate) flags: u32,
}

/// The segments of an object that the loader knows.
///
/// # Safety
/// The object must be one that `dl_iterate_phdr` hands over, for as long as it does.
pub(crate) unsafe fn segments(object: *const libc::dl_phdr_info) -> impl Iterator<Item = Segment> {
    // SAFETY: the caller vouches for the object, which has so many headers.
    let (base, headers) = unsafe {
        let object = &*object;
        let count = usize::from(object.dlpi_phnum);
        (object.dlpi_addr as usize, std::slice::from_raw_parts(object.dlpi_phdr, count))
    };
    headers.iter().filter(|header| header.p_type == libc::PT_LOAD).map(move |header| {
        let start = base + header.p_vaddr as usize;
        Segment {
            addresses: start..start + header.p_memsz as usize,
            file_bytes: header.p_filesz as usize,
            flags: header.p_flags,
        }
    })
}
