//! How far something has come, on a terminal only.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar over bytes.
pub(super) fn over_bytes(total: u64) -> ProgressBar {
    bar(total, "{bar:30} {bytes} of {total_bytes}  {msg}  {eta}")
}

/// A bar over documents, whose number is to be set.
pub(super) fn over_documents() -> ProgressBar {
    bar(0, "{bar:30} {human_pos} of {human_len} documents  {eta}")
}

/// Something whose length nobody knows.
pub(super) fn without_end() -> ProgressBar {
    styled(ProgressBar::new_spinner(), "{spinner} {bytes}  {msg}")
}

fn bar(total: u64, template: &str) -> ProgressBar {
    styled(ProgressBar::new(total), template)
}

/// `indicatif` draws to standard error, and nothing where that is no terminal.
fn styled(bar: ProgressBar, template: &str) -> ProgressBar {
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
