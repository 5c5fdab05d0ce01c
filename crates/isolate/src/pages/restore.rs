//! Making a page what it was.

use crate::mapping::page_bytes;

/// What is compared and written at once: a cache line.
const LINE_BYTES: usize = 64;

/// Writes to `now` where it differs from `before`. Most of a warm page is as it was; looking takes
/// less time than writing, and keeps lines that nobody changed from going back to memory.
///
/// # Safety
/// Both must be pages, the first one writable, and nobody else may use them.
pub(super) unsafe fn restore(now: *mut u8, before: *const u8) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has been asked, and the caller vouches for the pages.
        unsafe { restore_lines(now, before) };
        return;
    }
    // SAFETY: the caller vouches for the pages.
    unsafe { std::ptr::copy_nonoverlapping(before, now, page_bytes()) };
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn restore_lines(now: *mut u8, before: *const u8) {
    use std::arch::x86_64::{
        __m256i, _mm256_load_si256, _mm256_or_si256, _mm256_store_si256, _mm256_testz_si256,
        _mm256_xor_si256,
    };
    for offset in (0..page_bytes()).step_by(LINE_BYTES) {
        // SAFETY: pages consist of whole lines, which are aligned.
        unsafe {
            let now = now.add(offset).cast::<__m256i>();
            let before = before.add(offset).cast::<__m256i>();
            let (first, second) = (_mm256_load_si256(before), _mm256_load_si256(before.add(1)));
            let differ = _mm256_or_si256(
                _mm256_xor_si256(first, _mm256_load_si256(now)),
                _mm256_xor_si256(second, _mm256_load_si256(now.add(1))),
            );
            if _mm256_testz_si256(differ, differ) == 0 {
                _mm256_store_si256(now, first);
                _mm256_store_si256(now.add(1), second);
            }
        }
    }
}
