//! QuickJS behind a safe face: one runtime, one context, values copied across.
//!
//! Nothing here hands out a JavaScript value that outlives its engine, and nothing of Rust's is
//! owned by a JavaScript object: natives find the run's host through the context.

use std::{
    ffi::{CStr, CString, c_int, c_void},
    marker::PhantomData,
    ptr,
    rc::Rc,
    time::Instant,
};

use rquickjs_sys as qjs;

use crate::{Thrown, Value, clock::Clock, memory::Heap};

mod convert;
mod native;

pub(crate) use native::HostSlot;

/// Methods with which a script could read and write where it must not, by class.
///
/// - A buffer that changes its size: `JS_GetUint8Array` and some of the engine's own functions go
///   on using the old one.
/// - Lazy methods of iterators: a chain of them calls itself in C without looking at the stack's
///   limit, and a stack that overflows ends the process.
const UNSAFE_METHODS: &[(&CStr, &[&CStr])] = &[
    (c"ArrayBuffer", &[c"resize"]),
    (c"SharedArrayBuffer", &[c"grow"]),
    (c"Iterator", &[c"drop", c"filter", c"flatMap", c"map", c"take"]),
];

/// So far below nothing: the limit of the stack comes to lie above its top.
const STACK_CLOSED_BYTES: qjs::size_t = qjs::size_t::MAX - (1 << 20);

/// A runtime with its one context.
pub(crate) struct Engine {
    runtime: *mut qjs::JSRuntime,
    context: *mut qjs::JSContext,
    /// The prelude's object of hooks, owned; `undefined` before there is one.
    hooks: qjs::JSValue,
    /// Boxed: the runtime and its interrupt handler hold its address.
    heap: *mut Heap,
    /// Shared with the heap; the natives hold its address.
    clock: Rc<Clock>,
}

/// A JavaScript value, kept alive as long as its engine.
pub(crate) struct Held<'e> {
    context: *mut qjs::JSContext,
    value: qjs::JSValue,
    engine: PhantomData<&'e Engine>,
}

/// What bytecode keeps of its source.
#[derive(Clone, Copy)]
pub(crate) enum Detail {
    /// Its text and its lines, which stack traces and `toString` show.
    Full,
    /// Nothing: every run reads the prelude, and half the time would go into these.
    Stripped,
}

/// What an engine may use.
pub(crate) struct Bounds {
    pub(crate) memory_bytes: usize,
    pub(crate) stack_bytes: usize,
    pub(crate) deadline: Instant,
}

impl Engine {
    /// A fresh runtime and context, for use on this thread.
    pub(crate) fn new(bounds: &Bounds) -> Result<Self, Thrown> {
        let clock = Rc::new(Clock::new(bounds.deadline));
        let heap = Box::into_raw(Box::new(Heap::new(bounds.memory_bytes, Rc::clone(&clock))));
        let functions = Heap::functions();
        // SAFETY: the functions expect a `Heap`, which lives until the engine is dropped.
        let runtime = unsafe { qjs::JS_NewRuntime2(&raw const functions, heap.cast()) };
        let mut engine =
            Self { runtime, context: ptr::null_mut(), hooks: qjs::JS_UNDEFINED, heap, clock };
        if runtime.is_null() {
            return Err(out_of_memory());
        }
        // SAFETY: the runtime is alive; the heap and the clock outlive it.
        unsafe {
            let clock = Rc::as_ptr(&engine.clock).cast_mut().cast();
            qjs::JS_SetMaxStackSize(runtime, bounds.stack_bytes as qjs::size_t);
            qjs::JS_SetInterruptHandler(runtime, Some(on_interrupt), heap.cast());
            qjs::JS_SetRuntimeOpaque(runtime, clock);
            engine.context = qjs::JS_NewContext(runtime);
        }
        if engine.context.is_null() {
            return Err(out_of_memory());
        }
        engine.take_unsafe_methods()?;
        Ok(engine)
    }

    /// Takes away what the engine cannot do safely; see [`UNSAFE_METHODS`].
    fn take_unsafe_methods(&self) -> Result<(), Thrown> {
        // SAFETY: the context is alive.
        let global = Held::new(self, unsafe { qjs::JS_GetGlobalObject(self.context) });
        for (class, methods) in UNSAFE_METHODS {
            let prototype = self.property(&self.property(&global, class)?, c"prototype")?;
            for method in *methods {
                self.delete(&prototype, method)?;
            }
        }
        Ok(())
    }

    fn property(&self, object: &Held<'_>, name: &CStr) -> Result<Held<'_>, Thrown> {
        // SAFETY: the object is of this engine.
        self.hold(unsafe { qjs::JS_GetPropertyStr(self.context, object.value, name.as_ptr()) })
    }

    fn delete(&self, object: &Held<'_>, name: &CStr) -> Result<(), Thrown> {
        // SAFETY: the object is of this engine; the atom is freed.
        unsafe {
            let atom = qjs::JS_NewAtom(self.context, name.as_ptr());
            let deleted = qjs::JS_DeleteProperty(self.context, object.value, atom, 0);
            qjs::JS_FreeAtom(self.context, atom);
            if deleted < 0 { Err(self.take_exception()) } else { Ok(()) }
        }
    }

    /// Whether the deadline has passed.
    pub(crate) fn is_expired(&self) -> bool {
        self.clock.is_over()
    }

    /// When JavaScript has to stop.
    pub(crate) fn deadline(&self) -> Instant {
        self.clock.deadline()
    }

    /// Whether memory ran out.
    pub(crate) fn is_exhausted(&self) -> bool {
        // SAFETY: the heap lives as long as the engine and is not borrowed between calls.
        unsafe { (*self.heap).is_exhausted() }
    }

    /// Compiles a sloppy script into bytecode, with what `detail` says.
    pub(crate) fn compile(
        &self,
        name: &str,
        source: &str,
        detail: Detail,
    ) -> Result<Vec<u8>, Thrown> {
        let flags = qjs::JS_EVAL_TYPE_GLOBAL | qjs::JS_EVAL_FLAG_COMPILE_ONLY;
        let name = c_string(name);
        let text = c_string(source);
        let length = text.as_bytes().len();
        // SAFETY: the source ends in a zero byte, as the engine wants it, and so does the name.
        let script = self.hold(unsafe {
            qjs::JS_Eval(
                self.context,
                text.as_ptr(),
                length as qjs::size_t,
                name.as_ptr(),
                flags as c_int,
            )
        })?;
        self.write_bytecode(&script, detail)
    }

    fn write_bytecode(&self, script: &Held<'_>, detail: Detail) -> Result<Vec<u8>, Thrown> {
        let mut length: qjs::size_t = 0;
        let flags = qjs::JS_WRITE_OBJ_BYTECODE
            | match detail {
                Detail::Full => 0,
                Detail::Stripped => qjs::JS_WRITE_OBJ_STRIP_SOURCE | qjs::JS_WRITE_OBJ_STRIP_DEBUG,
            };
        let flags = flags as c_int;
        // SAFETY: the engine returns a block of `length` bytes of its own, freed below.
        unsafe {
            let block = qjs::JS_WriteObject(self.context, &raw mut length, script.value, flags);
            if block.is_null() {
                return Err(self.take_exception());
            }
            let bytes = std::slice::from_raw_parts(block, length as usize).to_vec();
            qjs::js_free(self.context, block.cast());
            Ok(bytes)
        }
    }

    /// Evaluates bytecode from [`Engine::compile`]; the script's completion value.
    pub(crate) fn evaluate(&self, bytecode: &[u8]) -> Result<Held<'_>, Thrown> {
        // SAFETY: only bytecode that `compile` wrote gets here.
        self.hold(unsafe { convert::evaluate(self.context, bytecode) })
    }

    /// Takes the object of hooks out of a global, away from JavaScript.
    pub(crate) fn take_hooks(&mut self, global_name: &str) -> Result<(), Thrown> {
        self.hooks = self.take_global(&c_string(global_name))?;
        Ok(())
    }

    /// An owned value out of a global that is no more.
    fn take_global(&self, name: &CStr) -> Result<qjs::JSValue, Thrown> {
        // SAFETY: the context is alive; the result is not freed but handed on.
        unsafe {
            let global = Held::new(self, qjs::JS_GetGlobalObject(self.context));
            let taken = self.property(&global, name)?;
            self.delete(&global, name)?;
            Ok(qjs::JS_DupValue(self.context, taken.value))
        }
    }

    /// Calls a hook with copies of the arguments and drops what it returns.
    pub(crate) fn call_hook(&self, name: &str, arguments: &[Value]) -> Result<(), Thrown> {
        let name = c_string(name);
        // SAFETY: the hooks belong to this engine; every value made here is freed.
        unsafe {
            let method =
                self.hold(qjs::JS_GetPropertyStr(self.context, self.hooks, name.as_ptr()))?;
            let mut held = Vec::with_capacity(arguments.len());
            for argument in arguments {
                held.push(self.hold(convert::to_js(self.context, argument))?);
            }
            let mut raw: Vec<_> = held.iter().map(|argument| argument.value).collect();
            self.hold(qjs::JS_Call(
                self.context,
                method.value,
                self.hooks,
                raw.len() as c_int,
                raw.as_mut_ptr(),
            ))?;
        }
        Ok(())
    }

    /// Runs promise jobs until none is left.
    ///
    /// A job's exception is nobody's business but its promise's, unless it cannot be caught.
    pub(crate) fn run_jobs(&self) {
        loop {
            let mut context = ptr::null_mut();
            // SAFETY: the runtime is alive.
            let state = unsafe { qjs::JS_ExecutePendingJob(self.runtime, &raw mut context) };
            if state < 0 {
                drop(self.take_exception());
            }
            if state == 0 || self.is_expired() || self.is_exhausted() {
                return;
            }
        }
    }

    /// Wraps a value that the engine has just made, or catches the exception in its place.
    fn hold(&self, value: qjs::JSValue) -> Result<Held<'_>, Thrown> {
        // SAFETY: looking at a tag is always sound.
        if unsafe { qjs::JS_IsException(value) } {
            return Err(self.take_exception());
        }
        Ok(Held::new(self, value))
    }

    fn take_exception(&self) -> Thrown {
        // SAFETY: the context is alive.
        unsafe { convert::take_exception(self.context) }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // The runtime is not freed: all that it consists of lies in the heap. Taking it apart would
        // be slow, and after running out of memory it would abort the process.
        // SAFETY: `Held` borrows the engine, so nobody looks into the heap any more.
        drop(unsafe { Box::from_raw(self.heap) });
    }
}

impl<'e> Held<'e> {
    fn new(engine: &'e Engine, value: qjs::JSValue) -> Self {
        Self { context: engine.context, value, engine: PhantomData }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // SAFETY: the value is owned and its engine is alive, as it is borrowed.
        unsafe { qjs::JS_FreeValue(self.context, self.value) }
    }
}

/// Stops JavaScript once the deadline has passed.
unsafe extern "C" fn on_interrupt(runtime: *mut qjs::JSRuntime, opaque: *mut c_void) -> c_int {
    // SAFETY: the opaque pointer is the heap, which outlives the runtime and is not borrowed while
    // a script runs; the runtime is alive.
    unsafe {
        let must_stop = (*opaque.cast::<Heap>()).must_stop();
        if must_stop {
            // Some of the engine's functions swallow the exception that stops a script: what the
            // body of a promise throws rejects it, and its caller goes on. So nothing may be
            // called any more: each exception ends a function for good.
            qjs::JS_SetMaxStackSize(runtime, STACK_CLOSED_BYTES);
        }
        c_int::from(must_stop)
    }
}

fn out_of_memory() -> Thrown {
    Thrown::new("InternalError", "out of memory")
}

/// A C string; the engine's C strings end at the first zero byte, so none is let in.
fn c_string(text: &str) -> CString {
    CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default()
}
