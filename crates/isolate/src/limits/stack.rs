//! The limit of stack: stacks for turns, and where one ends.
//!
//! The engine looks how deep it is and throws an exception. Code of it that does not look touches
//! the guard below the stack, and the handler of that fault (`signals`) gives the turn up.

use std::{io, sync::Mutex};

use corosensei::stack::{DefaultStack, Stack as _};

use crate::{
    frame::Frame,
    lock::lock,
    mapping::{page_bytes, to_pages},
};

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

/// Keeps a stack for the next turn.
pub(crate) fn put_back(stack: DefaultStack) {
    let mut kept = lock(&KEPT);
    if kept.len() < KEPT_MAX {
        kept.push(stack);
    }
}

/// Forgets all stacks but one.
pub(crate) fn shrink() {
    lock(&KEPT).truncate(1);
}

fn size(stack: &DefaultStack) -> usize {
    stack.base().get() - stack.limit().get()
}

impl Frame {
    /// How much stack there is below an address, if it is on this stack.
    pub(crate) fn stack_left(&self, address: usize) -> Option<usize> {
        let stack = self.stack();
        stack.contains(&address).then(|| (address - stack.start).saturating_sub(page_bytes()))
    }

    /// Whether an address is in the guard below the stack.
    pub(crate) fn is_guard(&self, address: usize) -> bool {
        let start = self.stack().start;
        (start..start + page_bytes()).contains(&address)
    }
}
