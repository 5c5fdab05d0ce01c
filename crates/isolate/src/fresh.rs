//! What a run put behind its image, while the run is out of its isolate.
//!
//! A little is copied. Much is moved: the system takes the pages out of the arena and puts them in
//! again, without looking at what they hold. So a run that waits with all the memory that it may
//! have costs its siblings next to nothing, and holes that were given back stay holes.

use std::{io, ptr};

use crate::mapping::{Mapping, page_bytes, to_pages};

/// From so much on, moving is faster than copying, and new pages afterwards.
const MOVE_BYTES_MIN: usize = 512 << 10;

/// Memory that was taken out of an arena.
pub(crate) enum Fresh {
    Little(Vec<u8>),
    /// Whole pages.
    Much(Mapping),
}

impl Default for Fresh {
    fn default() -> Self {
        Self::Little(Vec::new())
    }
}

impl Fresh {
    /// Takes out so many bytes from a page on. Whether the whole pages there are zeroes now.
    pub(crate) fn take(arena: &Mapping, start: usize, bytes: usize) -> (Self, bool) {
        if bytes < MOVE_BYTES_MIN {
            // SAFETY: the arena's owner is at it, and all that was handed out can be read.
            let here = unsafe { std::slice::from_raw_parts(arena.start().add(start), bytes) };
            return (Self::Little(here.to_vec()), false);
        }
        let bytes = to_pages(bytes);
        match arena.move_out(start, bytes) {
            Ok(moved) => (Self::Much(moved), true),
            Err(_) => (Self::copy_pages(arena, start, bytes), false),
        }
    }

    /// Copies pages that are not all zeroes, where the system does not move them.
    fn copy_pages(arena: &Mapping, start: usize, bytes: usize) -> Self {
        let Ok(copy) = Mapping::zeroed(bytes) else {
            // SAFETY: as in `take`.
            let here = unsafe { std::slice::from_raw_parts(arena.start().add(start), bytes) };
            return Self::Little(here.to_vec());
        };
        copy_used_pages(arena, start, &copy, 0, bytes);
        Self::Much(copy)
    }

    /// How many bytes there are.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Little(bytes) => bytes.len(),
            Self::Much(pages) => pages.bytes(),
        }
    }

    /// Puts everything back in. What lies there is nobody's, and can be written to.
    pub(crate) fn put(self, arena: &Mapping, start: usize) -> io::Result<()> {
        match self {
            Self::Little(bytes) => {
                // SAFETY: the caller vouches for the place.
                let there = unsafe { arena.start().add(start) };
                // SAFETY: as above; the two do not overlap.
                unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), there, bytes.len()) };
            }
            Self::Much(pages) => {
                if let Err((pages, _)) = arena.move_in(start, pages) {
                    arena.allow(start, pages.bytes(), true)?;
                    arena.discard(start, pages.bytes());
                    copy_used_pages(&pages, 0, arena, start, pages.bytes());
                }
            }
        }
        Ok(())
    }
}

/// Copies what is not zero to where everything is.
fn copy_used_pages(from: &Mapping, start: usize, to: &Mapping, to_start: usize, bytes: usize) {
    for offset in (0..bytes).step_by(page_bytes()) {
        // SAFETY: the callers vouch for the ranges; the mappings do not overlap.
        unsafe {
            let page = from.start().add(start + offset);
            let words = std::slice::from_raw_parts(page.cast::<u64>(), page_bytes() / 8);
            if words.iter().any(|word| *word != 0) {
                let copy = to.start().add(to_start + offset);
                ptr::copy_nonoverlapping(page, copy, page_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Moved by the system or copied, little or much, with a hole in it.
    #[test]
    fn everything_comes_back_where_it_was() {
        let page = page_bytes();
        let arena = Mapping::zeroed(4096 * page).expect("memory");
        let write = |at: usize, byte: u8| {
            // SAFETY: the place is in the mapping.
            unsafe { arena.start().add(at).write(byte) };
        };
        // SAFETY: as above.
        let read = |at: usize| unsafe { arena.start().add(at).read() };
        let start = 5 * page;
        for bytes in [0, 1, page, MOVE_BYTES_MIN - 1, MOVE_BYTES_MIN, 2000 * page + 17] {
            for is_copied in [false, true] {
                let is_hole = |at: usize| at / (16 * page) == 1;
                (0..bytes).step_by(61).for_each(|at| write(start + at, !is_hole(at) as u8));
                let fresh = if is_copied {
                    Fresh::copy_pages(&arena, start, to_pages(bytes))
                } else {
                    Fresh::take(&arena, start, bytes).0
                };
                assert!(fresh.bytes() >= bytes);
                (0..bytes).for_each(|at| write(start + at, 7));
                fresh.put(&arena, start).expect("it fits");
                for at in 0..bytes {
                    let expected = at % 61 == 0 && !is_hole(at);
                    assert_eq!(read(start + at), u8::from(expected), "{at} of {bytes}");
                }
                arena.discard(0, arena.bytes());
            }
        }
    }

    #[test]
    fn pages_that_cannot_be_moved_in_are_copied() {
        let (page, bytes) = (page_bytes(), MOVE_BYTES_MIN);
        let (arena, copy) = (Mapping::zeroed(2 * bytes), Mapping::zeroed(bytes));
        let (arena, copy) = (arena.expect("memory"), copy.expect("memory"));
        // SAFETY: the places are in the mappings.
        unsafe {
            copy.start().add(3 * page).write(9);
            ptr::write_bytes(arena.start(), 7, 2 * bytes);
            // A hole in what is to be moved: the system does not.
            libc::munmap(copy.start().add(5 * page).cast(), page);
            let hole = copy.start().add(5 * page).cast();
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
            libc::mmap(hole, page, libc::PROT_READ, flags, -1, 0);
        }
        Fresh::Much(copy).put(&arena, page).expect("it fits");
        // SAFETY: as above.
        let at = |offset: usize| unsafe { arena.start().add(offset).read() };
        assert_eq!((at(0), at(page), at(4 * page), at(bytes + page)), (7, 0, 9, 7));
    }
}
