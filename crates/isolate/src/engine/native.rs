//! Natives: how JavaScript reaches the run's host.

use std::{
    ffi::c_int,
    panic::{AssertUnwindSafe, catch_unwind},
};

use hookstead_memory::Held;
use rquickjs_sys as qjs;

use super::{
    Engine, convert,
    pack::{Trouble, pack},
};
use crate::{
    Host, Thrown, Value,
    image::{Recipe, Scripts},
    turn::{Frame, Step},
};

/// The natives that are the isolate's own; their numbers come after those of the host's.
const SCRIPT: &str = "script";
const WAIT: &str = "wait";

/// Arguments that can be objects; later ones cannot.
const STRUCTURES_MAX: usize = 8;

/// What a native was given and gave back together: from so much on it may have taken long.
const LONG_BYTES: usize = 16 << 10;

/// A run's table: the host, and whatever natives and hooks hold while the engine works, so that a
/// turn that is given up takes nothing with it.
pub(crate) struct Table<H> {
    /// `None` while an image is made.
    pub(crate) host: Option<H>,
    pub(crate) scripts: *const Scripts,
    /// The arguments of the hook that is being called.
    pub(crate) call: Vec<Value>,
    /// Why the turn failed.
    pub(crate) failure: Option<Thrown>,
    /// The call for whose answer JavaScript stands still.
    pub(crate) waits_for: f64,
    /// What a native can be given at once.
    given_bytes_max: usize,
    arguments: Vec<Value>,
    /// Arguments in the making: JavaScript may run meanwhile, and call natives in turn.
    structures: Vec<u8>,
    pub(crate) result: Result<Value, Thrown>,
    /// What the run has taken from the budget for large arguments and a large result.
    held: Option<Held>,
}

impl<H> Table<H> {
    /// What arguments in the making take, which may go on over many slices.
    pub(crate) fn unfinished_bytes(&self) -> usize {
        self.structures.capacity()
    }

    pub(crate) fn new(host: Option<H>, recipe: &Recipe) -> Self {
        Self {
            host,
            scripts: &raw const recipe.scripts,
            call: Vec::new(),
            failure: None,
            waits_for: 0.0,
            given_bytes_max: recipe.memory_bytes,
            arguments: Vec::new(),
            structures: Vec::new(),
            result: Ok(Value::Undefined),
            held: None,
        }
    }
}

impl Engine {
    /// Lets JavaScript call the host's natives, which it finds on the global `__host`.
    pub(crate) fn install_natives<H: Host>(self) -> Result<(), Thrown> {
        // SAFETY: the context is alive; defining a property consumes the value.
        unsafe {
            let natives = self.hold(qjs::JS_NewObject(self.context))?;
            let names = H::NATIVES.iter().map(|native| native.name).chain([SCRIPT, WAIT]);
            for (name, magic) in names.zip(0..) {
                let function = self.hold(new_native::<H>(self.context, magic))?.release();
                let atom = self.atom(name.as_bytes())?;
                let defined = qjs::JS_SetProperty(self.context, natives.value, atom.id, function);
                if defined < 0 {
                    return Err(self.take_exception());
                }
            }
            let global = self.global();
            let natives = natives.release();
            qjs::JS_SetPropertyStr(self.context, global.value, c"__host".as_ptr(), natives);
        }
        Ok(())
    }
}

unsafe fn new_native<H: Host>(context: *mut qjs::JSContext, magic: c_int) -> qjs::JSValue {
    /// How the engine calls a function with a number.
    type Numbered = unsafe extern "C" fn(
        *mut qjs::JSContext,
        qjs::JSValue,
        c_int,
        *mut qjs::JSValue,
        c_int,
    ) -> qjs::JSValue;
    type Plain = unsafe extern "C" fn(
        *mut qjs::JSContext,
        qjs::JSValue,
        c_int,
        *mut qjs::JSValue,
    ) -> qjs::JSValue;
    let function: Numbered = call_native::<H>;
    // SAFETY: the engine casts it back, as it was told which kind it is.
    unsafe {
        let function = std::mem::transmute::<Numbered, Plain>(function);
        let kind = qjs::JSCFunctionEnum_JS_CFUNC_generic_magic;
        qjs::JS_NewCFunction2(context, Some(function), c"".as_ptr(), 0, kind, magic)
    }
}

/// What the engine calls for every native; `magic` says which.
unsafe extern "C" fn call_native<H: Host>(
    context: *mut qjs::JSContext,
    _this: qjs::JSValue,
    count: c_int,
    arguments: *mut qjs::JSValue,
    magic: c_int,
) -> qjs::JSValue {
    // SAFETY: the engine runs within turns only, and hands over its own context and `count`
    // arguments. The table is the run's; nobody else touches it while a turn runs.
    unsafe {
        let Some(frame) = super::frame(context) else { return qjs::JS_UNDEFINED };
        let table = frame.table().cast::<Table<H>>();
        let native = H::NATIVES.get(usize::try_from(magic).unwrap_or(usize::MAX));
        // The copies are made where signals may come: JavaScript may run, and take long.
        let copied = copy_arguments::<H>(context, frame, table, count, arguments);
        match (copied, native) {
            (Ok(()), Some(native)) => frame.undisturbed(|| call::<H>(table, native.call)),
            (Ok(()), None) if magic as usize == H::NATIVES.len() => {
                return script::<H>(context, table);
            }
            (Ok(()), None) => wait::<H>(frame, table),
            (Err(Trouble::Thrown), _) => return qjs::JS_EXCEPTION,
            (Err(Trouble::Refused((name, message))), _) => {
                frame.undisturbed(|| (*table).result = Err(Thrown::new(name, message)));
            }
        }
        let value = give_back::<H>(context, table);
        frame.undisturbed(|| rest::<H>(frame, table));
        value
    }
}

/// Copies the arguments of a native's call into the table.
unsafe fn copy_arguments<H>(
    context: *mut qjs::JSContext,
    frame: &Frame,
    table: *mut Table<H>,
    count: c_int,
    arguments: *mut qjs::JSValue,
) -> Result<(), Trouble> {
    // SAFETY: the caller vouches for all of them. JavaScript may run and call another native, so
    // the table is never borrowed in between.
    unsafe {
        let count = usize::try_from(count).unwrap_or(0);
        let begin = (*table).structures.len();
        let mut ends = [0; STRUCTURES_MAX];
        let packed = pack_structures(context, table, count, arguments, &mut ends);
        if packed.is_err() {
            (*table).structures.truncate(begin);
        }
        packed?;
        // If JavaScript runs from here on, the copy fails.
        frame.undisturbed(|| (*table).arguments.clear());
        let mut bytes_left = (*table).given_bytes_max;
        let mut start = begin;
        for index in 0..count {
            let end = ends.get(index).copied().unwrap_or(0);
            if end > start {
                frame.undisturbed(|| {
                    let structure = (&(*table).structures)[start..end].to_vec();
                    (*table).arguments.push(Value::Packed(structure));
                });
                start = end;
                continue;
            }
            convert::copy(context, *arguments.add(index), bytes_left, |value| {
                bytes_left -= value.bytes();
                (*table).arguments.push(value);
            })?;
        }
        if start > begin {
            frame.undisturbed(|| {
                (*table).structures.truncate(begin);
                (*table).structures.shrink_to(LONG_BYTES);
            });
        }
    }
    Ok(())
}

/// Writes down those of the arguments that are objects; where each ends. JavaScript may run.
unsafe fn pack_structures<H>(
    context: *mut qjs::JSContext,
    table: *mut Table<H>,
    count: usize,
    arguments: *mut qjs::JSValue,
    ends: &mut [usize; STRUCTURES_MAX],
) -> Result<(), Trouble> {
    // SAFETY: the caller vouches for all of them.
    unsafe {
        let Some(classes) = super::classes_of(context) else { return Ok(()) };
        let (written, bytes_max) = (&raw mut (*table).structures, (*table).given_bytes_max);
        for (index, end) in ends.iter_mut().enumerate().take(count) {
            let argument = *arguments.add(index);
            if qjs::JS_IsObject(argument) && !convert::is_bytes(argument) {
                pack(context, argument, classes, written, bytes_max)?;
                *end = (*written).len();
            }
        }
    }
    Ok(())
}

/// Calls a native with what is in the table. Its result stays there.
unsafe fn call<H: Host>(
    table: *mut Table<H>,
    native: fn(&mut H, &[Value]) -> Result<Value, Thrown>,
) {
    // SAFETY: the caller vouches for the table. No native calls back into JavaScript, so the host
    // is borrowed once at a time.
    unsafe {
        // Field by field: the hook's arguments are borrowed elsewhere.
        let (host, arguments) = (&mut (*table).host, &(*table).arguments);
        (*table).result = match host {
            None => Err(Thrown::new("InternalError", "there is no run yet")),
            Some(host) => catch_unwind(AssertUnwindSafe(|| native(host, arguments)))
                .unwrap_or_else(|_| Err(Thrown::new("InternalError", "a native panicked"))),
        };
        count::<H>(table);
    }
}

/// Takes from the run's account what large arguments and a large result hold, until they are gone.
unsafe fn count<H: Host>(table: *mut Table<H>) {
    // SAFETY: the caller vouches for the table.
    unsafe {
        let (arguments, result) = (&(*table).arguments, &(*table).result);
        let given: usize = arguments.iter().map(Value::bytes).sum();
        let bytes = given + result.as_ref().map_or(0, Value::bytes);
        if bytes >= LONG_BYTES {
            let account = (*table).host.as_ref().and_then(H::account);
            let held = account.map(|account| account.take_anyway(bytes));
            (*table).held = held;
        }
    }
}

/// The result in the table as the engine takes it.
unsafe fn give_back<H>(context: *mut qjs::JSContext, table: *const Table<H>) -> qjs::JSValue {
    // SAFETY: the caller vouches for both.
    unsafe {
        match &(*table).result {
            Ok(value) => convert::to_js(context, value),
            Err(thrown) => convert::throw(context, thrown),
        }
    }
}

/// Lets JavaScript stand still until the host has an answer, which the run leaves in the table.
unsafe fn wait<H: Host>(frame: &Frame, table: *mut Table<H>) {
    // SAFETY: the caller vouches for the table, which nobody touches but the run while it waits.
    unsafe {
        match (&(*table).host, (*table).arguments.first().and_then(Value::as_number)) {
            (Some(_), Some(id)) => {
                (*table).waits_for = id;
                frame.suspend(Step::Waiting);
            }
            _ => frame.undisturbed(|| {
                (*table).result = Err(Thrown::new("InternalError", "there is nothing to wait for"));
            }),
        }
    }
}

/// The engine asks for the time once in thousands of calls, and a native may have taken long.
unsafe fn rest<H>(frame: &Frame, table: *mut Table<H>) {
    // SAFETY: the caller vouches for the table.
    unsafe {
        let (arguments, result) = (&mut (*table).arguments, &mut (*table).result);
        let given: usize = arguments.iter().map(Value::bytes).sum();
        let returned = result.as_ref().map_or(0, Value::bytes);
        // What is large is not kept until the next call.
        if given + returned >= LONG_BYTES {
            arguments.clear();
            *result = Ok(Value::Undefined);
            (*table).held = None;
            frame.suspend_if_over();
        }
    }
}

/// The completion value of one of the image's scripts, evaluated now.
///
/// # Safety
/// The context and the table must be those of the turn that runs.
unsafe fn script<H>(context: *mut qjs::JSContext, table: *mut Table<H>) -> qjs::JSValue {
    // SAFETY: the scripts outlive the run, and are what `compile` wrote.
    unsafe {
        let index = (*table).arguments.first().and_then(Value::as_number);
        let scripts = &*(*table).scripts;
        match index.and_then(|index| scripts.get(index as usize)) {
            Some(Ok(bytecode)) => convert::evaluate(context, bytecode.bytes()),
            Some(Err(error)) => convert::throw(context, error),
            None => convert::throw(context, &Thrown::new("InternalError", "no such script")),
        }
    }
}
