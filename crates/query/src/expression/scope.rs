//! What an expression sees: the document, and variables.

use bson::RawDocument;

use super::value::Value;

/// The document that an expression is evaluated for, and the variables that are set around it.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    root: &'a RawDocument,
    frame: Option<&'a Frame<'a>>,
}

/// The variables that one operator sets.
#[derive(Debug)]
pub(super) struct Frame<'a> {
    values: &'a [Option<Value<'a>>],
    outer: Option<&'a Frame<'a>>,
}

impl<'a> Scope<'a> {
    /// A document, and no variables but those that expressions set themselves.
    pub fn new(root: &'a RawDocument) -> Self {
        Self { root, frame: None }
    }

    /// The whole document.
    pub fn root(&self) -> &'a RawDocument {
        self.root
    }

    /// More variables, inside of those that there are.
    pub(super) fn frame(&self, values: &'a [Option<Value<'a>>]) -> Frame<'a> {
        Frame { values, outer: self.frame }
    }

    /// The same document, seen with the variables of a frame.
    pub(super) fn within(&self, frame: &'a Frame<'a>) -> Self {
        Self { root: self.root, frame: Some(frame) }
    }

    /// A variable by its place: how many frames outside, and the how manieth there.
    pub(super) fn variable(&self, slot: Slot) -> Option<&'a Value<'a>> {
        let mut frame = self.frame?;
        for _ in 0..slot.frames {
            frame = frame.outer?;
        }
        frame.values.get(slot.index)?.as_ref()
    }
}

/// Where a variable is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) frames: usize,
    pub(super) index: usize,
}
