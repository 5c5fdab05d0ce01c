//! What functions write to the console that run on behalf of a request and not in its run, such as
//! those that conditions call.

use std::sync::{Arc, Mutex, PoisonError};

use crate::LogLine;

/// Lines that are kept, and bytes of them: a loop may evaluate a condition any number of times.
const LINES_MAX: usize = 256;
const BYTES_MAX: usize = 64 << 10;

/// The lines, shared by everything that adds some.
#[derive(Debug, Clone, Default)]
pub struct Console(Arc<Mutex<Vec<LogLine>>>);

impl Console {
    /// Keeps lines as long as there is room.
    pub(crate) fn extend(&self, more: Vec<LogLine>) {
        if more.is_empty() {
            return;
        }
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes: usize = lines.iter().map(|line| line.text.len()).sum();
        for line in more {
            bytes += line.text.len();
            if lines.len() >= LINES_MAX || bytes > BYTES_MAX {
                return;
            }
            lines.push(line);
        }
    }

    /// Takes what is kept.
    pub fn take(&self) -> Vec<LogLine> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
