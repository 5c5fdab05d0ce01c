//! Natives: how JavaScript reaches the run's host.

use std::{
    ffi::{c_int, c_void},
    panic::{AssertUnwindSafe, catch_unwind},
    ptr,
};

use rquickjs_sys as qjs;

use super::{Engine, c_string, convert};
use crate::{Host, Image, Thrown, Value, clock::Clock};

/// The one native that is the isolate's own; its number comes after those of the host's.
const SCRIPT: &str = "script";

/// A host while its run lasts, where the natives find it.
pub(crate) struct HostSlot<'i, H> {
    host: H,
    image: &'i Image,
}

impl<'i, H: Host> HostSlot<'i, H> {
    pub(crate) fn new(host: H, image: &'i Image) -> Self {
        Self { host, image }
    }

    pub(crate) fn into_host(self) -> H {
        self.host
    }
}

impl Engine {
    /// Lets JavaScript call the host's natives, which it finds on the global `__host`.
    ///
    /// # Safety
    /// The slot must stay where it is until the engine is dropped, and nobody may touch it but
    /// through [`Engine::with_host`].
    pub(crate) unsafe fn install_natives<H: Host>(
        &self,
        slot: *mut HostSlot<'_, H>,
    ) -> Result<(), Thrown> {
        // SAFETY: the context is alive; setting a property consumes the value.
        unsafe {
            qjs::JS_SetContextOpaque(self.context, slot.cast());
            let natives = self.hold(qjs::JS_NewObject(self.context))?;
            let names = H::NATIVES.iter().map(|native| native.name).chain([SCRIPT]);
            for (name, magic) in names.zip(0..) {
                let name = c_string(name);
                let function = self.hold(qjs::JS_NewCFunctionData2(
                    self.context,
                    Some(call_native::<H>),
                    name.as_ptr(),
                    0,
                    magic,
                    0,
                    ptr::null_mut(),
                ))?;
                let function = qjs::JS_DupValue(self.context, function.value);
                if qjs::JS_SetPropertyStr(self.context, natives.value, name.as_ptr(), function) < 0
                {
                    return Err(self.take_exception());
                }
            }
            let global = super::Held::new(self, qjs::JS_GetGlobalObject(self.context));
            let natives = qjs::JS_DupValue(self.context, natives.value);
            qjs::JS_SetPropertyStr(self.context, global.value, c"__host".as_ptr(), natives);
        }
        Ok(())
    }

    /// The host of the run, between two turns of JavaScript.
    ///
    /// # Safety
    /// The slot must be the one of [`Engine::install_natives`].
    pub(crate) unsafe fn with_host<H: Host, R>(
        &mut self,
        slot: *mut HostSlot<'_, H>,
        look: impl FnOnce(&mut H) -> R,
    ) -> R {
        // SAFETY: the engine is borrowed for good, so no native runs meanwhile.
        look(unsafe { &mut (*slot).host })
    }
}

/// What the engine calls for every native; `magic` says which.
unsafe extern "C" fn call_native<H: Host>(
    context: *mut qjs::JSContext,
    _this: qjs::JSValue,
    count: c_int,
    arguments: *mut qjs::JSValue,
    magic: c_int,
    _data: *mut qjs::JSValue,
) -> qjs::JSValue {
    // SAFETY: the engine hands over its own context and `count` arguments.
    unsafe {
        let slot: *mut c_void = qjs::JS_GetContextOpaque(context);
        let slot = slot.cast::<HostSlot<'_, H>>();
        // Natives may take long, and the engine asks for the time once in thousands of calls.
        let clock = qjs::JS_GetRuntimeOpaque(qjs::JS_GetRuntime(context)).cast::<Clock>();
        if (*clock).is_over() {
            return convert::throw(context, &Thrown::new("InternalError", "interrupted"));
        }
        let arguments = match convert::arguments_from_js(context, count, arguments) {
            Ok(arguments) => arguments,
            Err(thrown) => return convert::throw(context, &thrown),
        };
        let index = usize::try_from(magic).unwrap_or(usize::MAX);
        let Some(native) = H::NATIVES.get(index) else {
            return script(context, (*slot).image, &arguments);
        };
        // No native calls back into JavaScript, so the host is borrowed once at a time.
        let host = &mut (*slot).host;
        match catch_unwind(AssertUnwindSafe(|| (native.call)(host, &arguments))) {
            Ok(Ok(value)) => convert::to_js(context, &value),
            Ok(Err(thrown)) => convert::throw(context, &thrown),
            Err(_) => convert::throw(context, &Thrown::new("InternalError", "a native panicked")),
        }
    }
}

/// The completion value of one of the image's scripts, evaluated now.
///
/// # Safety
/// The context must be alive.
unsafe fn script(context: *mut qjs::JSContext, image: &Image, arguments: &[Value]) -> qjs::JSValue {
    let index = arguments.first().and_then(Value::as_number);
    let script = index.and_then(|index| image.scripts().get(index as usize));
    // SAFETY: the image holds what `compile` wrote.
    unsafe {
        match script {
            Some(Ok(bytecode)) => convert::evaluate(context, bytecode),
            Some(Err(error)) => convert::throw(context, error),
            None => convert::throw(context, &Thrown::new("InternalError", "no such script")),
        }
    }
}
