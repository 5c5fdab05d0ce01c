//! What the run in an arena has taken from the budget of all runs.

use hookstead_memory::{Held, Refused};

use super::{Arena, KEEP_BYTES};

/// Memory is taken from the budget in steps of this size.
const STEP_BYTES: usize = 512 << 10;
/// What is taken from the budget and not needed any more is given back from this size on.
const SURPLUS_BYTES_MAX: usize = 4 << 20;

impl Arena {
    /// Lets a run answer for the memory that is touched from now on. What the one before has taken
    /// comes back.
    pub(crate) fn replace_held(&mut self, held: Option<Held>) -> Option<Held> {
        std::mem::replace(&mut self.held, held)
    }

    /// Adds what was taken from the budget for the run meanwhile.
    pub(crate) fn add_held(&mut self, more: Held) {
        if let Some(held) = &mut self.held {
            held.merge(more);
        }
    }

    /// How many bytes the budget had no room for; 0 if it is not why a turn was suspended.
    pub(crate) fn wanted(&self) -> usize {
        self.wanted
    }

    /// Gives back to the budget what the run does not need any more. Takes locks: not for turns.
    pub(crate) fn settle_held(&mut self) {
        let needed = self.touched_bytes(self.top(), 0);
        if let Some(held) = &mut self.held
            && held.bytes() > needed + SURPLUS_BYTES_MAX
        {
            held.shrink_to(needed + STEP_BYTES);
        }
    }

    /// Makes what the run has taken from the budget what it uses, as after it was put in again.
    pub(crate) fn set_held(&mut self, mut held: Held) {
        held.set(self.touched_bytes(self.top(), 0));
        self.held = Some(held);
    }

    /// How much of what lies between the image's end and the top has not been given back.
    pub(crate) fn fresh_bytes_used(&self) -> usize {
        // SAFETY: the book is there, and nobody writes it now.
        let discarded_bytes = unsafe { (*self.book()).discarded_bytes };
        self.fresh_bytes().saturating_sub(discarded_bytes)
    }

    /// What has been touched beyond [`KEEP_BYTES`] once the top is there and so many bytes of what
    /// was given back are used again.
    pub(super) fn touched_bytes(&self, top: usize, reused: usize) -> usize {
        // SAFETY: the book is there, and nobody writes it now.
        let discarded_bytes = unsafe { (*self.book()).discarded_bytes };
        let touched = self.clean_from.max(top).saturating_sub(self.image_end + KEEP_BYTES);
        (touched + reused).saturating_sub(discarded_bytes)
    }

    /// Takes from the budget what is missing of so many bytes. Takes no lock.
    pub(super) fn charge(&mut self, bytes: usize) -> Option<()> {
        self.wanted = 0;
        let Some(held) = &mut self.held else { return Some(()) };
        let Some(missing) = bytes.checked_sub(held.bytes()).filter(|missing| *missing > 0) else {
            return Some(());
        };
        let grown = held.grow(missing.max(STEP_BYTES)).or_else(|_| held.grow(missing));
        if grown == Err(Refused::NoRoom) {
            self.wanted = missing;
        }
        grown.ok()
    }
}
