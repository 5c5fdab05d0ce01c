//! The program's own pages, as far as they need not stay in memory.

use std::ffi::c_int;

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
    // SAFETY: the loader hands over a valid object with so many headers.
    let (base, headers) = unsafe {
        let object = &*object;
        let count = usize::from(object.dlpi_phnum);
        (object.dlpi_addr as usize, std::slice::from_raw_parts(object.dlpi_phdr, count))
    };
    for header in headers {
        let is_file = header.p_type == libc::PT_LOAD && header.p_flags & libc::PF_W == 0;
        let start = to_pages(base + header.p_vaddr as usize);
        let end = (base + header.p_vaddr as usize + header.p_filesz as usize) & !(page_bytes() - 1);
        if is_file && start < end {
            let start = std::ptr::with_exposed_provenance_mut(start);
            // SAFETY: nobody can write to these pages, so they are what the file says. Where the
            // system refuses, they stay.
            unsafe { libc::madvise(start, end - start.addr(), libc::MADV_DONTNEED) };
        }
    }
    0
}
