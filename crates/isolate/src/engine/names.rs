//! Names of properties that were met before: the items of a list mostly have the same.

use rquickjs_sys as qjs;

use super::atom::Atom;

/// How many are remembered, a power of two. A place among them fits into a byte.
const NAMES: usize = 64;

/// The engine's names for texts. Another text may take the place of one.
pub(super) struct Names<'t> {
    context: *mut qjs::JSContext,
    known: [Option<(&'t [u8], Atom)>; NAMES],
    /// For each place of `known`, the place of the name that came after it the last time.
    next: [u8; NAMES],
    last: u8,
}

impl<'t> Names<'t> {
    /// None are known.
    ///
    /// # Safety
    /// The context must be alive as long as the names are.
    pub(super) unsafe fn new(context: *mut qjs::JSContext) -> Self {
        Self { context, known: [const { None }; NAMES], next: [0; NAMES], last: 0 }
    }

    /// The name that came after the last one before, if the text begins with it in quotes, and its
    /// length without them. The items of a list have the same names in the same order.
    pub(super) fn expected(&mut self, text: &[u8]) -> Option<(Atom, usize)> {
        let place = self.next[usize::from(self.last)];
        let (name, atom) = self.known[usize::from(place)].as_ref()?;
        let rest = text.strip_prefix(b"\"")?.strip_prefix(*name)?;
        if rest.first() != Some(&b'"') {
            return None;
        }
        self.last = place;
        Some((atom.clone(), name.len()))
    }

    /// The engine's name for a text in UTF-8 without escapes; `None`, and an exception, if the
    /// engine refuses.
    pub(super) fn get(&mut self, text: &'t [u8]) -> Option<Atom> {
        let (first, last) = (text.first().copied(), text.last().copied());
        let mix = text.len() * 31 + usize::from(first.unwrap_or(0)) * 7;
        let slot = (mix + usize::from(last.unwrap_or(0))) % NAMES;
        self.next[usize::from(self.last)] = slot as u8;
        self.last = slot as u8;
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
