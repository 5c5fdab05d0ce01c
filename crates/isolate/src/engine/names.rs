//! Names of properties that were met before: the items of a list mostly have the same.

use rquickjs_sys as qjs;

use super::atom::Atom;

/// How many are remembered, a power of two.
const NAMES: usize = 64;

/// The engine's names for texts. Another text may take the place of one.
pub(super) struct Names<'t> {
    context: *mut qjs::JSContext,
    known: [Option<(&'t [u8], Atom)>; NAMES],
}

impl<'t> Names<'t> {
    /// None are known.
    ///
    /// # Safety
    /// The context must be alive as long as the names are.
    pub(super) unsafe fn new(context: *mut qjs::JSContext) -> Self {
        Self { context, known: [const { None }; NAMES] }
    }

    /// The engine's name for a text in UTF-8; `None`, and an exception, if the engine refuses.
    pub(super) fn get(&mut self, text: &'t [u8]) -> Option<Atom> {
        let (first, last) = (text.first().copied(), text.last().copied());
        let mix = text.len() * 31 + usize::from(first.unwrap_or(0)) * 7;
        let slot = (mix + usize::from(last.unwrap_or(0))) % NAMES;
        if let Some((known, atom)) = &self.known[slot]
            && *known == text
        {
            return Some(atom.clone());
        }
        // SAFETY: the context is alive.
        let atom = unsafe { Atom::new(self.context, text) }?;
        self.known[slot] = Some((text, atom.clone()));
        Some(atom)
    }
}
