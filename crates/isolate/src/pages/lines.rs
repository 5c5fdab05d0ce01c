//! Pages by cache lines: what a run changed is compared, put back and packed line by line.

use std::slice;

use crate::mapping::page_bytes;

/// What is compared and written at once.
pub(super) const LINE_BYTES: usize = 64;
/// What [`changed`] looks at: a line for each bit. Pages are multiples of it.
pub(super) const BLOCK_BYTES: usize = 64 * LINE_BYTES;

/// Writes to the page `now` where it differs from `before`. Most of a warm page is as it was;
/// looking takes less time than writing, and keeps lines that nobody changed from going back to
/// memory. Whether anything differed.
///
/// # Safety
/// Both must be pages, the first one writable, and nobody else may use them.
pub(super) unsafe fn restore(now: *mut u8, before: *const u8) -> bool {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has been asked, and the caller vouches for the pages.
        return unsafe { avx2::restore(now, before) };
    }
    // SAFETY: the caller vouches for the pages.
    let (now, before) = unsafe {
        (slice::from_raw_parts_mut(now, page_bytes()), slice::from_raw_parts(before, page_bytes()))
    };
    let is_changed = now != before;
    if is_changed {
        now.copy_from_slice(before);
    }
    is_changed
}

/// Which lines of two blocks differ: the first one is the lowest bit.
///
/// # Safety
/// Both must be blocks within pages, and nobody may write to them.
pub(super) unsafe fn changed(now: *const u8, before: *const u8) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has been asked, and the caller vouches for the blocks.
        return unsafe { avx2::changed(now, before) };
    }
    // SAFETY: the caller vouches for the blocks.
    unsafe { changed_by_words(now, before) }
}

/// # Safety
/// As for [`changed`].
unsafe fn changed_by_words(now: *const u8, before: *const u8) -> u64 {
    type Line = [u64; LINE_BYTES / 8];
    (0..64).fold(0, |bits, line| {
        // SAFETY: the caller vouches for the blocks; lines are aligned to more than words.
        let (now, before) =
            unsafe { (&*now.cast::<Line>().add(line), &*before.cast::<Line>().add(line)) };
        let differ = now.iter().zip(before).fold(0, |differ, (a, b)| differ | (a ^ b));
        bits | u64::from(differ != 0) << line
    })
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::{
        __m256i, _mm256_load_si256, _mm256_or_si256, _mm256_setzero_si256, _mm256_store_si256,
        _mm256_testz_si256, _mm256_xor_si256,
    };

    use super::{BLOCK_BYTES, LINE_BYTES};
    use crate::mapping::page_bytes;

    /// Lines that are compared at once where a page is put back: few of a page are changed, and
    /// four that are not cost half of what they cost one by one.
    const GROUP_BYTES: usize = 4 * LINE_BYTES;

    /// # Safety
    /// As for [`super::restore`].
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn restore(now: *mut u8, before: *const u8) -> bool {
        let mut is_changed = false;
        for offset in (0..page_bytes()).step_by(GROUP_BYTES) {
            // SAFETY: pages consist of whole groups, which are aligned.
            unsafe {
                let (now, before) = (now.add(offset), before.add(offset));
                if differ::<GROUP_BYTES>(now, before) {
                    is_changed = true;
                    restore_group(now, before);
                }
            }
        }
        is_changed
    }

    /// Puts the lines of a group back that differ.
    ///
    /// # Safety
    /// As for [`super::restore`], for a group.
    #[target_feature(enable = "avx2")]
    unsafe fn restore_group(now: *mut u8, before: *const u8) {
        for offset in (0..GROUP_BYTES).step_by(LINE_BYTES) {
            // SAFETY: groups consist of whole lines, which are aligned.
            unsafe {
                let (now, before) = (now.add(offset), before.add(offset).cast::<__m256i>());
                if differ::<LINE_BYTES>(now, before.cast()) {
                    let now = now.cast::<__m256i>();
                    _mm256_store_si256(now, _mm256_load_si256(before));
                    _mm256_store_si256(now.add(1), _mm256_load_si256(before.add(1)));
                }
            }
        }
    }

    /// # Safety
    /// As for [`super::changed`].
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn changed(now: *const u8, before: *const u8) -> u64 {
        let mut bits = 0;
        for offset in (0..BLOCK_BYTES).step_by(LINE_BYTES) {
            // SAFETY: blocks consist of whole lines.
            let differ = unsafe { differ::<LINE_BYTES>(now.add(offset), before.add(offset)) };
            bits |= u64::from(differ) << (offset / LINE_BYTES);
        }
        bits
    }

    /// Whether so many bytes differ: whole lines.
    #[target_feature(enable = "avx2")]
    unsafe fn differ<const BYTES: usize>(now: *const u8, before: *const u8) -> bool {
        let mut differ = _mm256_setzero_si256();
        for offset in (0..BYTES).step_by(size_of::<__m256i>()) {
            // SAFETY: the callers vouch for the bytes, which are aligned.
            let (now, before) = unsafe {
                let now = now.add(offset).cast();
                (_mm256_load_si256(now), _mm256_load_si256(before.add(offset).cast()))
            };
            differ = _mm256_or_si256(differ, _mm256_xor_si256(before, now));
        }
        _mm256_testz_si256(differ, differ) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[repr(align(4096))]
    struct Block([u8; BLOCK_BYTES]);

    #[test]
    fn every_changed_byte_is_found_in_its_line() {
        let before = Block([7; BLOCK_BYTES]);
        for at in (0..BLOCK_BYTES).step_by(13) {
            let mut now = Block([7; BLOCK_BYTES]);
            now.0[at] ^= 1;
            let (now, before) = (now.0.as_ptr(), before.0.as_ptr());
            // SAFETY: both are blocks, aligned as pages are.
            let found = unsafe { (changed(now, before), changed_by_words(now, before)) };
            assert_eq!(found, (1 << (at / LINE_BYTES), 1 << (at / LINE_BYTES)), "{at}");
        }
    }

    #[test]
    fn every_changed_byte_is_put_back() {
        let before = Block([7; BLOCK_BYTES]);
        for at in (0..BLOCK_BYTES).step_by(13) {
            let mut now = Block([7; BLOCK_BYTES]);
            now.0[at] ^= 1;
            now.0[BLOCK_BYTES - 1 - at] = 0;
            let pages = || (0..BLOCK_BYTES).step_by(page_bytes());
            let base = now.0.as_mut_ptr();
            // SAFETY: both are blocks of whole pages, aligned as pages are.
            let put_back = |page| unsafe { restore(base.add(page), before.0.as_ptr().add(page)) };
            assert!(pages().filter(|page| put_back(*page)).count() > 0, "{at}");
            assert!(pages().filter(|page| put_back(*page)).count() == 0, "{at}");
            assert_eq!(now.0, before.0, "{at}");
        }
    }
}
