//! What is done with values of the engine's: properties, names, and exceptions in their place.

use std::ffi::CStr;

use rquickjs_sys as qjs;

use super::{
    atom::Atom,
    context::{Engine, Held},
    exceptions,
};
use crate::Thrown;

impl Engine {
    pub(super) fn global(&self) -> Held<'_> {
        // SAFETY: the context is alive.
        Held::new(self, unsafe { qjs::JS_GetGlobalObject(self.context) })
    }

    pub(super) fn property(&self, object: &Held<'_>, name: &CStr) -> Result<Held<'_>, Thrown> {
        // SAFETY: the object is of this engine.
        self.hold(unsafe { qjs::JS_GetPropertyStr(self.context, object.value, name.as_ptr()) })
    }

    pub(super) fn delete(&self, object: &Held<'_>, name: &CStr) -> Result<(), Thrown> {
        let atom = self.atom(name.to_bytes())?;
        // SAFETY: the object is of this engine.
        let deleted = unsafe { qjs::JS_DeleteProperty(self.context, object.value, atom.id, 0) };
        if deleted < 0 { Err(self.take_exception()) } else { Ok(()) }
    }

    pub(super) fn atom(&self, text: &[u8]) -> Result<Atom, Thrown> {
        // SAFETY: the context is alive.
        unsafe { Atom::new(self.context, text) }.ok_or_else(|| self.take_exception())
    }

    /// Wraps a value that the engine has just made, or catches the exception in its place.
    pub(super) fn hold(&self, value: qjs::JSValue) -> Result<Held<'_>, Thrown> {
        // SAFETY: looking at a tag is always sound.
        if unsafe { qjs::JS_IsException(value) } {
            return Err(self.take_exception());
        }
        Ok(Held::new(self, value))
    }

    pub(super) fn take_exception(&self) -> Thrown {
        // SAFETY: the context is alive.
        unsafe { exceptions::take_exception(self.context) }
    }
}
