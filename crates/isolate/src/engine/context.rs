//! The runtime with its context, the values that are held of it, and the turn that it runs in.

use std::{ffi::c_int, marker::PhantomData};

use rquickjs_sys as qjs;

use crate::frame::{Frame, Seat};

/// What a plain property and an item of an array allow: everything.
pub(super) const PLAIN: c_int = qjs::JS_PROP_C_W_E as c_int;

/// A runtime with its one context. Copies are the same runtime.
#[derive(Clone, Copy)]
pub(crate) struct Engine {
    pub(super) runtime: *mut qjs::JSRuntime,
    pub(super) context: *mut qjs::JSContext,
}

// SAFETY: the engine has no thread-local state; who owns the arena decides who may enter it.
unsafe impl Send for Engine {}

/// A JavaScript value of ours.
pub(crate) struct Held<'e> {
    context: *mut qjs::JSContext,
    pub(super) value: qjs::JSValue,
    engine: PhantomData<&'e Engine>,
}

impl<'e> Held<'e> {
    pub(super) fn new(engine: &'e Engine, value: qjs::JSValue) -> Self {
        // SAFETY: the engine is borrowed as long as the value is held.
        unsafe { Self::of(engine.context, value) }
    }

    /// # Safety
    /// The context must be alive as long as the value is held, and the value the caller's own.
    pub(super) unsafe fn of(context: *mut qjs::JSContext, value: qjs::JSValue) -> Self {
        Self { context, value, engine: PhantomData }
    }

    /// The value, for the caller to free.
    pub(super) fn release(self) -> qjs::JSValue {
        std::mem::ManuallyDrop::new(self).value
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // SAFETY: the value is owned and its engine is alive, as it is borrowed.
        unsafe { qjs::JS_FreeValue(self.context, self.value) }
    }
}

/// Does what must not be left half done: what allocates outside of the arena, above all.
///
/// # Safety
/// The context must be alive.
pub(super) unsafe fn undisturbed<R>(context: *mut qjs::JSContext, work: impl FnOnce() -> R) -> R {
    // SAFETY: the caller vouches for the context.
    match unsafe { frame(context) } {
        Some(frame) => frame.undisturbed(work),
        None => work(),
    }
}

/// The turn in which an engine runs.
///
/// # Safety
/// The context must be alive, and the turn must not be kept beyond its end.
pub(super) unsafe fn frame<'a>(context: *mut qjs::JSContext) -> Option<&'a Frame> {
    // SAFETY: the caller vouches for the context; its engine was made with a seat.
    unsafe { (*qjs::JS_GetRuntimeOpaque(qjs::JS_GetRuntime(context)).cast::<Seat>()).frame() }
}

/// Evaluates bytecode.
///
/// # Safety
/// The context must be alive and the bytecode of this very engine's making: the engine trusts it.
pub(super) unsafe fn evaluate(context: *mut qjs::JSContext, bytecode: &[u8]) -> qjs::JSValue {
    let flags = qjs::JS_READ_OBJ_BYTECODE as c_int;
    // SAFETY: the caller vouches for both; `JS_EvalFunction` frees the script.
    unsafe {
        let script =
            qjs::JS_ReadObject(context, bytecode.as_ptr(), bytecode.len() as qjs::size_t, flags);
        if qjs::JS_IsException(script) {
            return script;
        }
        qjs::JS_EvalFunction(context, script)
    }
}
