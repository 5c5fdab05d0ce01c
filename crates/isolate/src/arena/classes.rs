//! Sizes of blocks: every 64 bytes up to 1 KiB, then eight per power of two.

const FINE_STEP_BYTES: usize = 64;
const FINE_BYTES_MAX: usize = 1024;
const FINE_CLASSES: usize = FINE_BYTES_MAX / FINE_STEP_BYTES;
/// Sizes per power of two, as a power of two.
const COARSE_STEPS_LOG2: u32 = 3;
/// No block is larger than two to this.
const SIZE_LOG2_MAX: u32 = 40;
/// How many classes there are.
pub(super) const CLASSES: usize =
    FINE_CLASSES + ((SIZE_LOG2_MAX - FINE_BYTES_MAX.ilog2()) as usize) * (1 << COARSE_STEPS_LOG2);

/// The class of a size, `None` for an absurd one.
pub(super) fn class_of(size: usize) -> Option<usize> {
    if size <= FINE_BYTES_MAX {
        return Some(size.saturating_sub(1) / FINE_STEP_BYTES);
    }
    let last = size - 1;
    let log2 = last.ilog2();
    if log2 >= SIZE_LOG2_MAX {
        return None;
    }
    let doublings = (log2 - FINE_BYTES_MAX.ilog2()) as usize;
    let step = (last >> (log2 - COARSE_STEPS_LOG2)) & ((1 << COARSE_STEPS_LOG2) - 1);
    Some(FINE_CLASSES + (doublings << COARSE_STEPS_LOG2) + step)
}

/// What a block of a class holds.
pub(super) fn size_of_class(class: usize) -> usize {
    if class < FINE_CLASSES {
        return (class + 1) * FINE_STEP_BYTES;
    }
    let coarse = class - FINE_CLASSES;
    let doublings = coarse >> COARSE_STEPS_LOG2;
    let step = coarse & ((1 << COARSE_STEPS_LOG2) - 1);
    let unit = FINE_BYTES_MAX >> COARSE_STEPS_LOG2;
    ((1 << COARSE_STEPS_LOG2) + step + 1) * (unit << doublings)
}
