//! Stacks for turns, kept for the next one.

use std::{io, sync::Mutex};

use corosensei::stack::{DefaultStack, Stack as _};

use crate::{lock::lock, mapping::to_pages, turn::Turn};

/// What a turn needs beside the engine's stack: natives and conversions.
const EXTRA_BYTES: usize = 1 << 20;
/// Stacks beyond this are not kept.
const KEPT_MAX: usize = 64;

static KEPT: Mutex<Vec<DefaultStack>> = Mutex::new(Vec::new());

/// A stack on which the engine may use so many bytes.
pub(crate) fn take(engine_bytes: usize) -> io::Result<DefaultStack> {
    let bytes = to_pages(engine_bytes.saturating_add(EXTRA_BYTES));
    let mut kept = lock(&KEPT);
    let fitting = kept.iter().rposition(|stack| size(stack) >= bytes && size(stack) < 2 * bytes);
    match fitting {
        Some(index) => Ok(kept.swap_remove(index)),
        None => {
            drop(kept);
            DefaultStack::new(bytes)
        }
    }
}

/// Ends a turn and keeps its stack.
pub(crate) fn put_back(turn: Turn) {
    if let Some(stack) = turn.into_stack() {
        let mut kept = lock(&KEPT);
        if kept.len() < KEPT_MAX {
            kept.push(stack);
        }
    }
}

/// Forgets all stacks but one.
pub(crate) fn shrink() {
    lock(&KEPT).truncate(1);
}

fn size(stack: &DefaultStack) -> usize {
    stack.base().get() - stack.limit().get()
}
