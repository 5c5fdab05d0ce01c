//! The time zone in which JavaScript lives.

use std::fs;

/// Has functions live in UTC, whatever the process was told: the C library, which the engine asks,
/// reads its time zone once. Nothing else of the engine depends on where the process runs.
///
/// It is for the very start of a program. Where there are other threads already, it changes nothing
/// and says so.
pub fn live_in_utc() -> bool {
    let is_alone = fs::read_dir("/proc/self/task").is_ok_and(|threads| threads.count() == 1);
    if is_alone {
        // SAFETY: this is the only thread, so nobody else reads the environment meanwhile.
        unsafe { std::env::set_var("TZ", "UTC0") };
    }
    is_alone
}
