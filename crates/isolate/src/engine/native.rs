//! Natives: how JavaScript reaches the run's host.

use std::{
    ffi::c_int,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
};

use hookstead_memory::Held;
use rquickjs_sys as qjs;

use super::{
    classes::classes_of,
    context::{Engine, evaluate, frame},
    convert, exceptions,
    pack::{Trouble, pack},
    pieces,
};
use crate::{
    Host, LongWork, NativeCall, Thrown, Value, background,
    frame::{Frame, Step},
    host::Answer,
    recipe::{Recipe, Scripts},
    value::panicked,
};

/// The natives that are the isolate's own, beside those of `marks`. Their numbers come after those
/// of the host's.
pub(super) const SCRIPT: &str = "script";
pub(super) const WAIT: &str = "wait";

/// Arguments that can be objects; later ones cannot.
const STRUCTURES_MAX: usize = 8;

/// What natives were given and gave back together: from so much on they may have taken long.
const LONG_BYTES: usize = 16 << 10;
/// What a call takes besides, as if it were bytes: a look at the time after a hundred calls.
const CALL_BYTES: usize = 160;

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
    /// What another thread has to do before JavaScript goes on.
    pub(crate) work: Option<LongWork>,
    pub(crate) result: Result<Value, Thrown>,
    /// What short natives were given and gave back since the last look at the time.
    passed_bytes: usize,
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
            work: None,
            result: Ok(Value::Undefined),
            passed_bytes: 0,
            held: None,
        }
    }

    /// Keeps the result of work that another thread has done; the arguments of that work are gone.
    pub(crate) fn finish_work(&mut self, result: Result<Value, Thrown>)
    where
        H: Host,
    {
        let bytes = result.as_ref().map_or(0, Value::bytes);
        self.held = if bytes >= LONG_BYTES { held(&self.host, bytes) } else { None };
        self.result = result;
    }

    /// Frees what is large on another thread.
    pub(crate) fn discard_large(&mut self) {
        background::discard_values(&mut self.arguments);
        background::discard_values(&mut self.call);
        if self.structures.capacity() >= background::DISCARD_BYTES_MIN {
            background::discard(std::mem::take(&mut self.structures));
        }
        if self.result.as_ref().map_or(0, Value::bytes) >= background::DISCARD_BYTES_MIN {
            background::discard(std::mem::replace(&mut self.result, Ok(Value::Undefined)));
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
            self.install_marks(&natives)?;
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
        let Some(frame) = frame(context) else { return qjs::JS_UNDEFINED };
        let table = frame.table().cast::<Table<H>>();
        let native = H::NATIVES.get(usize::try_from(magic).unwrap_or(usize::MAX));
        // The copies are made where signals may come: JavaScript may run, and take long.
        let copied = copy_arguments::<H>(context, frame, table, count, arguments);
        match (copied, native) {
            (Ok(()), Some(native)) => {
                if frame.undisturbed(|| call::<H>(table, &native.call)) {
                    frame.suspend(Step::Working);
                }
            }
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
        frame.undisturbed(|| background::discard_values(&mut (*table).arguments));
        let mut bytes_left = (*table).given_bytes_max;
        let mut start = begin;
        for index in 0..count {
            let end = ends.get(index).copied().unwrap_or(0);
            let kept = &raw mut (*table).arguments;
            if end > start {
                take_structure(frame, &raw mut (*table).structures, start..end, kept);
                start = end;
                continue;
            }
            convert::copy(context, *arguments.add(index), bytes_left, kept)?;
            bytes_left -= (&(*kept)).last().map_or(0, Value::bytes);
        }
        if start > begin {
            frame.undisturbed(|| {
                (*table).structures.truncate(begin);
                if (*table).structures.capacity() >= background::DISCARD_BYTES_MIN {
                    background::discard(std::mem::take(&mut (*table).structures));
                }
                (*table).structures.shrink_to(LONG_BYTES);
            });
        }
    }
    Ok(())
}

/// Makes a part of what was written down an argument.
unsafe fn take_structure(
    frame: &Frame,
    structures: *mut Vec<u8>,
    part: Range<usize>,
    kept: *mut Vec<Value>,
) {
    // SAFETY: the caller vouches for the pointers, and nobody else uses them meanwhile.
    unsafe {
        if part.start == 0 && part.end == (*structures).len() && part.len() > pieces::BYTES {
            // It is all that there is, and large.
            frame.undisturbed(|| (*kept).push(Value::Packed(std::mem::take(&mut *structures))));
            return;
        }
        frame.undisturbed(|| (*kept).push(Value::Packed(Vec::with_capacity(part.len()))));
        let Some(Value::Packed(copy)) = (*kept).last_mut() else { return };
        pieces::append(frame, copy, &(&(*structures))[part]);
    }
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
        let Some(classes) = classes_of(context) else { return Ok(()) };
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

/// Calls a native with what is in the table; whether another thread has to go on. The result stays
/// in the table, or the work does.
unsafe fn call<H: Host>(table: *mut Table<H>, native: &NativeCall<H>) -> bool {
    // SAFETY: the caller vouches for the table. No native calls back into JavaScript, so the host
    // is borrowed once at a time.
    unsafe {
        // Field by field: the hook's arguments are borrowed elsewhere.
        let (host, arguments) = (&mut (*table).host, &mut (*table).arguments);
        // Long work takes the arguments along; they count until its result has been given back.
        let given: usize = arguments.iter().map(Value::bytes).sum();
        let answer = match host {
            None => Answer::Now(Err(Thrown::new("InternalError", "there is no run yet"))),
            Some(host) => catch_unwind(AssertUnwindSafe(|| answer(native, host, arguments)))
                .unwrap_or_else(|_| Answer::Now(Err(panicked()))),
        };
        match answer {
            Answer::Now(result) => (*table).result = result,
            Answer::Later(work) => (*table).work = Some(work),
        }
        let bytes = given + (*table).result.as_ref().map_or(0, Value::bytes);
        if bytes >= LONG_BYTES {
            (*table).held = held(&(*table).host, bytes);
        }
        (*table).work.is_some()
    }
}

/// Takes from the run's account what large arguments and a large result hold, until they are gone.
fn held<H: Host>(host: &Option<H>, bytes: usize) -> Option<Held> {
    host.as_ref().and_then(H::account).map(|account| account.take_anyway(bytes))
}

fn answer<H>(native: &NativeCall<H>, host: &mut H, arguments: &mut Vec<Value>) -> Answer {
    match native {
        NativeCall::Short(call) => Answer::Now(call(host, arguments)),
        NativeCall::Split(call) => call(host, arguments),
        NativeCall::Pure(pure) if (pure.is_long)(arguments) => {
            Answer::Later((pure.long)(std::mem::take(arguments)))
        }
        NativeCall::Pure(pure) => Answer::Now((pure.short)(arguments)),
    }
}

/// The result in the table as the engine takes it.
unsafe fn give_back<H>(context: *mut qjs::JSContext, table: *const Table<H>) -> qjs::JSValue {
    // SAFETY: the caller vouches for both.
    unsafe {
        match &(*table).result {
            Ok(value) => convert::to_js(context, value),
            Err(thrown) => exceptions::throw(context, thrown),
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
            background::discard_values(arguments);
            let result = std::mem::replace(result, Ok(Value::Undefined));
            if returned >= background::DISCARD_BYTES_MIN {
                background::discard(result);
            }
            (*table).held = None;
        }
        // Many short calls take as long as a long one.
        (*table).passed_bytes += given + returned + CALL_BYTES;
        if (*table).passed_bytes >= LONG_BYTES {
            (*table).passed_bytes = 0;
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
            Some(Ok(bytecode)) => evaluate(context, bytecode.bytes()),
            Some(Err(error)) => exceptions::throw(context, error),
            None => exceptions::throw(context, &Thrown::new("InternalError", "no such script")),
        }
    }
}
