//! The engine's names for texts.

use rquickjs_sys as qjs;

/// The engine's name for a text.
pub(super) struct Atom {
    context: *mut qjs::JSContext,
    pub(super) id: qjs::JSAtom,
}

impl Atom {
    /// The name for a text in UTF-8; `None`, and an exception, if the engine refuses.
    ///
    /// # Safety
    /// The context must be alive as long as the name is.
    pub(super) unsafe fn new(context: *mut qjs::JSContext, text: &[u8]) -> Option<Self> {
        let length = text.len() as qjs::size_t;
        // SAFETY: the length is the text's.
        let id = unsafe { qjs::JS_NewAtomLen(context, text.as_ptr().cast(), length) };
        (id != qjs::JS_ATOM_NULL).then_some(Self { context, id })
    }
}

impl Clone for Atom {
    fn clone(&self) -> Self {
        // SAFETY: the name is alive, and so is its context.
        Self { context: self.context, id: unsafe { qjs::JS_DupAtom(self.context, self.id) } }
    }
}

impl Drop for Atom {
    fn drop(&mut self) {
        // SAFETY: the name is owned, and its context alive.
        unsafe { qjs::JS_FreeAtom(self.context, self.id) }
    }
}
