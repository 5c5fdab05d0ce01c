//! How much memory the program takes.

use std::{sync::Arc, time::Duration};

use hookstead_memory::{Budget, Limit, memory_limit};

use crate::{prepare::size, settings::Settings};

/// Of what the process may use, this part is for what callers make it hold. The rest is for the
/// program, for buffers of the system, and for what is freed and not given back at once.
const PERCENT: u64 = 70;

/// Without a limit anywhere.
const BYTES_UNKNOWN: u64 = 1 << 30;

/// The budget that the settings ask for.
pub(crate) fn budget(settings: &Settings) -> Arc<Budget> {
    let limits = &settings.limits;
    let bytes = match limits.memory_mib {
        0 => share_of(memory_limit().map_or(BYTES_UNKNOWN, |limit| limit.bytes)),
        mebibytes => size(mebibytes, 20),
    };
    Budget::new(bytes, Duration::from_secs(limits.memory_wait_s))
}

/// One line about it, for the log.
pub(crate) fn describe(budget: &Budget, settings: &Settings) -> String {
    let mebibytes = |bytes: u64| bytes >> 20;
    let bytes = mebibytes(budget.bytes_max() as u64);
    let origin = match (settings.limits.memory_mib, memory_limit()) {
        (0, Some(Limit { bytes, source })) => {
            format!("{PERCENT} % of {} MiB, as {} says", mebibytes(bytes), source.display())
        }
        (0, None) => "the system does not say how much there is".to_owned(),
        _ => "[limits] memory_mib".to_owned(),
    };
    format!("memory for runs, bodies and responses: {bytes} MiB ({origin})")
}

fn share_of(bytes: u64) -> usize {
    size(bytes / 100 * PERCENT, 0)
}
