//! Address space: reserved first, made usable page by page, given back when no longer needed.

use std::{io, mem::ManuallyDrop, ptr, sync::OnceLock};

use crate::background;

/// From so much on, giving memory back takes longer than moving it away.
const DISCARD_SOON_BYTES_MIN: usize = 8 << 20;

/// Larger ranges are given back in pieces of this size.
const PIECE_BYTES: usize = 2 << 20;

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

const ANONYMOUS: libc::c_int = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;

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
        // SAFETY: a new mapping takes nothing from anybody.
        let start = unsafe { libc::mmap(ptr::null_mut(), bytes, protection, ANONYMOUS, -1, 0) };
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

    /// Moves the memory of whole pages to a mapping of its own; here they read as zeroes from now
    /// on.
    #[cfg(target_os = "linux")]
    pub(crate) fn move_out(&self, offset: usize, bytes: usize) -> io::Result<Self> {
        debug_assert!(offset + bytes <= self.bytes, "the range lies in the mapping");
        // SAFETY: the range is this mapping's own.
        let from = unsafe { self.start.add(offset) };
        let to = Self::reserve_like(from, bytes)?;
        let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED | libc::MREMAP_DONTUNMAP;
        // SAFETY: both ranges belong to their mappings.
        let moved = unsafe { libc::mremap(from.cast(), bytes, bytes, flags, to.start) };
        if moved == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(to) }
    }

    /// Moves the memory of a whole mapping to pages that hold nothing and can be written to. What
    /// could not be moved is given back, and the pages are as they were.
    #[cfg(target_os = "linux")]
    pub(crate) fn move_in(&self, offset: usize, from: Self) -> Result<(), (Self, io::Error)> {
        debug_assert!(offset + from.bytes <= self.bytes, "the range lies in the mapping");
        // SAFETY: the range is this mapping's own.
        let to = unsafe { self.start.add(offset) };
        let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
        // SAFETY: both ranges belong to their mappings.
        let moved = unsafe { libc::mremap(from.start.cast(), from.bytes, from.bytes, flags, to) };
        if moved != libc::MAP_FAILED {
            let _gone = ManuallyDrop::new(from);
            return Ok(());
        }
        let error = io::Error::last_os_error();
        // The system may have made room already.
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = ANONYMOUS | libc::MAP_FIXED;
        // SAFETY: as above, and nobody needs what is there.
        unsafe { libc::mmap(to.cast(), from.bytes, protection, flags, -1, 0) };
        Err((from, error))
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn move_out(&self, _offset: usize, _bytes: usize) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn move_in(&self, _offset: usize, from: Self) -> Result<(), (Self, io::Error)> {
        Err((from, io::ErrorKind::Unsupported.into()))
    }

    /// Reserves addresses that lie within a large page as another range does: then whole tables of
    /// pages can be moved between the two.
    #[cfg(target_os = "linux")]
    fn reserve_like(other: *const u8, bytes: usize) -> io::Result<Self> {
        const LARGE_BYTES: usize = 2 << 20;
        let room = ManuallyDrop::new(Self::reserve(bytes + LARGE_BYTES)?);
        let head = other.addr().wrapping_sub(room.start.addr()) % LARGE_BYTES;
        let (start, tail) = (room.start.wrapping_add(head), room.bytes - head - bytes);
        // SAFETY: what is unmapped belongs to nobody but the mapping that is not dropped.
        unsafe {
            if head > 0 {
                libc::munmap(room.start.cast(), head);
            }
            if tail > 0 {
                libc::munmap(start.wrapping_add(bytes).cast(), tail);
            }
        }
        Ok(Self { start, bytes })
    }

    /// Gives the memory of whole pages back to the system; they read as zeroes from now on.
    pub(crate) fn discard(&self, offset: usize, bytes: usize) {
        debug_assert!(offset + bytes <= self.bytes, "the range lies in the mapping");
        // SAFETY: the range is this mapping's own, and its owner is done with what it held.
        unsafe {
            let start = self.start.add(offset);
            if libc::madvise(start.cast(), bytes, libc::MADV_DONTNEED) != 0 {
                // Memory that is locked stays. Whoever reads it must find zeroes all the same.
                ptr::write_bytes(start, 0, bytes);
            }
        }
    }
}

impl Mapping {
    /// As [`Mapping::discard`], but the system gets much memory back on another thread: it takes a
    /// millisecond for every dozen megabytes.
    pub(crate) fn discard_soon(&self, offset: usize, bytes: usize) {
        if bytes >= DISCARD_SOON_BYTES_MIN
            && let Ok(moved) = self.move_out(offset, bytes)
        {
            background::discard(moved);
        } else {
            self.discard(offset, bytes);
        }
    }
}

/// Gives the memory of the whole pages of a range back to the system, piece by piece, if the range
/// is large.
///
/// Unmapping takes a millisecond for every dozen megabytes, and as long no other thread can map,
/// unmap or protect anything. A range that holds nothing is unmapped at once.
///
/// # Safety
/// The range is one that nobody reads any more, of memory that is the process's alone.
#[inline]
pub(crate) unsafe fn give_back_large(start: *mut u8, bytes: usize) {
    if bytes >= DISCARD_SOON_BYTES_MIN {
        // SAFETY: the caller vouches for the range.
        unsafe { give_back_in_pieces(start, bytes) };
    }
}

/// # Safety
/// As for [`give_back_large`].
#[cold]
unsafe fn give_back_in_pieces(start: *mut u8, bytes: usize) {
    let first = start.addr().next_multiple_of(page_bytes()) - start.addr();
    let end = first + ((bytes - first) & !(page_bytes() - 1));
    for offset in (first..end).step_by(PIECE_BYTES) {
        let piece = PIECE_BYTES.min(end - offset);
        // SAFETY: the pages are within the range. A refusal leaves them to whoever unmaps them.
        unsafe { libc::madvise(start.add(offset).cast(), piece, libc::MADV_DONTNEED) };
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own, and nobody uses it any more.
        unsafe { give_back_large(self.start, self.bytes) };
        // SAFETY: as above.
        unsafe { libc::munmap(self.start.cast(), self.bytes) };
    }
}

#[cfg(test)]
mod tests;
