//! Address space: reserved first, made usable page by page, given back when no longer needed.

use std::{io, ptr, sync::OnceLock};

/// The size of a page of this machine, in bytes; a power of two.
pub(crate) fn page_bytes() -> usize {
    static PAGE_BYTES: OnceLock<usize> = OnceLock::new();
    *PAGE_BYTES.get_or_init(|| {
        // SAFETY: asks for a constant of the system.
        let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        usize::try_from(bytes).ok().filter(|bytes| bytes.is_power_of_two()).unwrap_or(4096)
    })
}

/// Rounds up to whole pages.
pub(crate) fn to_pages(bytes: usize) -> usize {
    bytes.saturating_add(page_bytes() - 1) & !(page_bytes() - 1)
}

/// A range of addresses that belongs to nobody else.
pub(crate) struct Mapping {
    start: *mut u8,
    bytes: usize,
}

// SAFETY: a mapping is memory and belongs to its owner, whatever thread that is on.
unsafe impl Send for Mapping {}

impl Mapping {
    /// Reserves addresses. Nothing can be read or written there yet, and no memory is taken.
    pub(crate) fn reserve(bytes: usize) -> io::Result<Self> {
        Self::map(bytes, libc::PROT_NONE)
    }

    /// Zeroes that take memory when they are written.
    pub(crate) fn zeroed(bytes: usize) -> io::Result<Self> {
        Self::map(bytes, libc::PROT_READ | libc::PROT_WRITE)
    }

    fn map(bytes: usize, protection: libc::c_int) -> io::Result<Self> {
        let bytes = to_pages(bytes.max(1));
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: a new mapping takes nothing from anybody.
        let start = unsafe { libc::mmap(ptr::null_mut(), bytes, protection, flags, -1, 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Self { start: start.cast(), bytes })
    }

    pub(crate) fn start(&self) -> *mut u8 {
        self.start
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Allows reading, and writing if asked for, in whole pages.
    pub(crate) fn allow(&self, offset: usize, bytes: usize, writing: bool) -> io::Result<()> {
        debug_assert!(offset + bytes <= self.bytes, "the range lies in the mapping");
        let protection = libc::PROT_READ | if writing { libc::PROT_WRITE } else { 0 };
        // SAFETY: the range is this mapping's own.
        let done = unsafe { libc::mprotect(self.start.add(offset).cast(), bytes, protection) };
        if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Gives the memory of whole pages back to the system; they read as zeroes from now on.
    pub(crate) fn discard(&self, offset: usize, bytes: usize) {
        debug_assert!(offset + bytes <= self.bytes, "the range lies in the mapping");
        // SAFETY: the range is this mapping's own, and its owner is done with what it held.
        let done =
            unsafe { libc::madvise(self.start.add(offset).cast(), bytes, libc::MADV_DONTNEED) };
        debug_assert_eq!(done, 0, "{}", io::Error::last_os_error());
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own, and nobody uses it any more.
        unsafe { libc::munmap(self.start.cast(), self.bytes) };
    }
}
