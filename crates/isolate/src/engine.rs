//! QuickJS: one runtime and one context in an arena, values copied across.
//!
//! All of this runs within a turn (`turn`), which can be given up anywhere: functions here hold
//! references of the engine's, which vanish with the arena, and nothing of Rust's.

use std::{
    ffi::{CStr, c_int, c_void},
    ptr,
};

use rquickjs_sys as qjs;

use crate::{Host, Thrown, Value, arena::Arena, frame::Seat, host::Hook};

mod access;
mod atom;
mod classes;
mod context;
mod convert;
mod countdown;
mod exceptions;
mod json;
mod marks;
mod names;
mod native;
mod pack;
mod pieces;
mod text;
mod unpack;

use context::{Held, evaluate, undisturbed};

/// What JavaScript finds on `__host` beside the natives of the host.
pub const OWN_NATIVES: [&str; 4] =
    [marks::MARKED, marks::NUMBER_MARK, native::SCRIPT, native::WAIT];

pub(crate) use classes::Classes;
pub(crate) use context::Engine;
pub(crate) use native::Table;

/// Methods with which a script could read and write where it must not, or wait where nobody
/// could end it, by class.
///
/// - A buffer that changes its size: `JS_GetUint8Array` and some of the engine's own functions go
///   on using the old one.
/// - Lazy methods of iterators: a chain of them calls itself in C without looking at the stack's
///   limit. That ends the run, but it is no error that a script could catch.
/// - What takes the engine's one lock: a turn could be suspended while it holds it.
const UNSAFE_METHODS: &[(&CStr, Option<&CStr>, &[&CStr])] = &[
    (c"ArrayBuffer", Some(c"prototype"), &[c"resize"]),
    (c"SharedArrayBuffer", Some(c"prototype"), &[c"grow"]),
    (c"Iterator", Some(c"prototype"), &[c"drop", c"filter", c"flatMap", c"map", c"take"]),
    (c"Atomics", None, &[c"wait", c"waitAsync", c"notify"]),
];

/// How much a run may allocate before cycles are looked for: nearly every run ends before that,
/// and looking writes to every object of the image.
const COLLECT_AFTER_BYTES: usize = 16 << 20;

/// The layout of `JSEvalOptions` that the engine has.
const EVAL_OPTIONS_VERSION: c_int = 1;

/// A hook of the prelude's, alive as long as the image.
#[derive(Clone, Copy)]
pub(crate) struct HookFunction {
    name: Hook,
    function: qjs::JSValue,
}

// SAFETY: as for `Engine`.
unsafe impl Send for HookFunction {}

/// What bytecode keeps of its source.
#[derive(Debug, Clone, Copy)]
pub enum Detail {
    /// Its text and its lines, which stack traces and `toString` show.
    Full,
    /// Nothing: loading it takes half the time.
    Stripped,
}

impl Engine {
    /// A fresh runtime and context in an arena.
    ///
    /// # Safety
    /// The arena must stay where it is as long as the engine is used, within a turn.
    pub(crate) unsafe fn new(arena: *mut Arena, stack_bytes: usize) -> Result<Self, Thrown> {
        let functions = Arena::functions();
        // SAFETY: the functions expect an `Arena`.
        let runtime = unsafe { qjs::JS_NewRuntime2(&raw const functions, arena.cast()) };
        if runtime.is_null() {
            return Err(Thrown::new("InternalError", "the engine does not start"));
        }
        // SAFETY: the runtime is alive.
        let context = unsafe {
            qjs::JS_SetMaxStackSize(runtime, stack_bytes as qjs::size_t);
            let seat = (*arena).seat().cast_mut().cast::<c_void>();
            qjs::JS_SetRuntimeOpaque(runtime, seat);
            qjs::JS_SetInterruptHandler(runtime, Some(on_interrupt), seat);
            qjs::JS_NewContext(runtime)
        };
        if context.is_null() {
            return Err(Thrown::new("InternalError", "the engine makes no context"));
        }
        let engine = Self { runtime, context };
        engine.take_unsafe_methods()?;
        engine.install_json()?;
        // SAFETY: the arena is the caller's.
        unsafe { (*(*arena).seat()).set_countdown(engine.find_countdown()?) };
        Ok(engine)
    }

    /// Takes away what the engine cannot do safely; see [`UNSAFE_METHODS`].
    fn take_unsafe_methods(self) -> Result<(), Thrown> {
        for (class, part, methods) in UNSAFE_METHODS {
            let mut owner = self.property(&self.global(), class)?;
            if let Some(part) = part {
                owner = self.property(&owner, part)?;
            }
            for method in *methods {
                self.delete(&owner, method)?;
            }
        }
        Ok(())
    }

    /// Tells the engine where its stack begins: on each stack anew.
    pub(crate) fn enter_stack(self) {
        // SAFETY: the runtime is alive.
        unsafe { qjs::JS_UpdateStackTop(self.runtime) };
    }

    /// Looks for cycles now, and from now on only once a run has allocated much.
    pub(crate) fn settle(self, memory_bytes: usize) {
        // SAFETY: the runtime is alive.
        unsafe {
            qjs::JS_RunGC(self.runtime);
            let mut usage = std::mem::zeroed();
            qjs::JS_ComputeMemoryUsage(self.runtime, &raw mut usage);
            let used = usize::try_from(usage.malloc_size).unwrap_or(0);
            let threshold = used + COLLECT_AFTER_BYTES.min(memory_bytes / 4);
            qjs::JS_SetGCThreshold(self.runtime, threshold as qjs::size_t);
        }
    }

    /// Compiles a sloppy script into bytecode. The text ends in a zero byte, which is not part of
    /// it; `written` gets the bytecode.
    pub(crate) fn compile(
        self,
        name: &CStr,
        text: &CStr,
        first_line: c_int,
        detail: Detail,
        written: &mut Vec<u8>,
    ) -> Result<(), Thrown> {
        let flags = qjs::JS_EVAL_TYPE_GLOBAL | qjs::JS_EVAL_FLAG_COMPILE_ONLY;
        let length = text.count_bytes() as qjs::size_t;
        let mut options = qjs::JSEvalOptions {
            version: EVAL_OPTIONS_VERSION,
            eval_flags: flags as c_int,
            filename: name.as_ptr(),
            line_num: first_line,
        };
        // SAFETY: both texts end in a zero byte, as the engine wants them.
        let script =
            unsafe { qjs::JS_Eval2(self.context, text.as_ptr(), length, &raw mut options) };
        // SAFETY: looking at a tag is always sound, and the context is alive.
        if unsafe { qjs::JS_IsException(script) } {
            // SAFETY: as above, and the engine has an exception.
            return Err(unsafe { exceptions::take_syntax_error(self.context) });
        }
        let script = Held::new(&self, script);
        let flags = qjs::JS_WRITE_OBJ_BYTECODE
            | match detail {
                Detail::Full => 0,
                Detail::Stripped => qjs::JS_WRITE_OBJ_STRIP_SOURCE | qjs::JS_WRITE_OBJ_STRIP_DEBUG,
            };
        let mut length: qjs::size_t = 0;
        // SAFETY: the engine returns a block of `length` bytes of its own, freed below.
        unsafe {
            let flags = flags as c_int;
            let block = qjs::JS_WriteObject(self.context, &raw mut length, script.value, flags);
            if block.is_null() {
                return Err(self.take_exception());
            }
            let block = std::slice::from_raw_parts(block, length as usize);
            undisturbed(self.context, || written.extend_from_slice(block));
            let block = block.as_ptr().cast_mut();
            qjs::js_free(self.context, block.cast());
        }
        Ok(())
    }

    /// Evaluates bytecode from [`Engine::compile`]; the script's completion value.
    pub(crate) fn evaluate(&self, bytecode: &[u8]) -> Result<Held<'_>, Thrown> {
        // SAFETY: only bytecode that `compile` wrote gets here.
        self.hold(unsafe { evaluate(self.context, bytecode) })
    }

    /// Takes the hooks and the classes out of the prelude's object, and that away from JavaScript.
    pub(crate) fn take_hooks<H: Host>(
        self,
        global_name: &CStr,
        hooks: &mut Vec<HookFunction>,
        classes: &mut Option<Box<Classes>>,
    ) -> Result<(), Thrown> {
        let global = self.global();
        let object = self.property(&global, global_name)?;
        self.delete(&global, global_name)?;
        self.take_classes(&object, classes)?;
        for name in H::HOOKS.iter().copied() {
            let atom = self.atom(name.as_bytes())?;
            // SAFETY: the object is alive; the function is kept for good.
            unsafe {
                let function = qjs::JS_GetProperty(self.context, object.value, atom.id);
                let function = self.hold(function)?.release();
                undisturbed(self.context, || hooks.push(HookFunction { name, function }));
            }
        }
        Ok(())
    }

    /// Calls a hook with copies of the arguments and drops what it returns.
    pub(crate) fn call_hook(
        self,
        hooks: &[HookFunction],
        name: Hook,
        arguments: &[Value],
    ) -> Result<(), Thrown> {
        const ARGUMENTS_MAX: usize = 8;
        let Some(hook) = hooks.iter().find(|hook| hook.name == name) else {
            return Err(Thrown::new("InternalError", "the prelude has no such hook"));
        };
        let mut held = [qjs::JS_UNDEFINED; ARGUMENTS_MAX];
        let count = arguments.len().min(ARGUMENTS_MAX);
        // SAFETY: the hook is of this image; every value made here is freed.
        unsafe {
            for (held, argument) in held.iter_mut().zip(arguments) {
                *held = self.hold(convert::to_js(self.context, argument))?.release();
            }
            let result = qjs::JS_Call(
                self.context,
                hook.function,
                qjs::JS_UNDEFINED,
                count as c_int,
                held.as_mut_ptr(),
            );
            for value in &held[..count] {
                qjs::JS_FreeValue(self.context, *value);
            }
            self.hold(result)?;
        }
        Ok(())
    }

    /// Runs promise jobs until none is left.
    ///
    /// A job's exception is nobody's business but its promise's, unless it cannot be caught.
    pub(crate) fn run_jobs(self) {
        loop {
            let mut context = ptr::null_mut();
            // SAFETY: the runtime is alive.
            let state = unsafe { qjs::JS_ExecutePendingJob(self.runtime, &raw mut context) };
            if state == 0 {
                return;
            }
            if state < 0 {
                // SAFETY: the context is alive; what was thrown is not looked at.
                unsafe { exceptions::forget_exception(self.context) };
            }
        }
    }
}

/// Lets others have their turn once the slice is over. JavaScript never sees it.
unsafe extern "C" fn on_interrupt(_: *mut qjs::JSRuntime, seat: *mut c_void) -> c_int {
    // SAFETY: the engine was made with this seat.
    if let Some(frame) = unsafe { (*seat.cast::<Seat>()).frame() } {
        frame.suspend_if_over();
    }
    0
}
