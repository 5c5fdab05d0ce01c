//! Marks of numbers: a host gives a number a mark, and finds it on the number that comes back.
//!
//! A mark goes wherever the number is copied to: variables, properties, arrays. What the engine
//! computes has none. JavaScript cannot see marks.
//!
//! The engine keeps a value in 16 bytes: the number, and a tag of 64 bits. It writes the whole tag
//! when it makes a value, copies the whole of it with the value, and looks at the lower half
//! (`JS_VALUE_GET_TAG` of `quickjs.h`). The mark of a number is in the upper half, which is zero in
//! all others. The tests of this border (`tests/it/marks.rs`) fail for an engine that does
//! otherwise.

use std::ffi::c_int;

use rquickjs_sys as qjs;

use super::context::{Engine, Held};
use crate::Thrown;

/// Where the upper half of a tag begins.
const SHIFT: u32 = 32;

/// `marked(number, mark)`: the number with a mark of 0 to 255; everything else comes back as it is.
pub(super) const MARKED: &str = "marked";
/// `number_mark(value)`: the mark of a number, and zero for everything else.
pub(super) const NUMBER_MARK: &str = "number_mark";

/// An engine whose values look otherwise does not compile.
const _: fn(&qjs::JSValue) -> &i64 = |value| &value.tag;
const _: () = {
    assert!(size_of::<qjs::JSValue>() == 16);
    // The tags of numbers are not negative: the upper half of theirs is zero.
    assert!(qjs::JS_TAG_INT >= 0 && qjs::JS_TAG_FLOAT64 >= 0);
};

/// How the engine calls a native.
type Function = unsafe extern "C" fn(
    *mut qjs::JSContext,
    qjs::JSValue,
    c_int,
    *mut qjs::JSValue,
) -> qjs::JSValue;

/// A number with a mark; zero is none.
pub(super) fn marked(number: f64, mark: u8) -> qjs::JSValue {
    let mut value = qjs::JS_NewFloat64(number);
    // The engine finds NaN by the whole of its tag.
    if !number.is_nan() {
        value.tag |= i64::from(mark) << SHIFT;
    }
    value
}

/// The mark of a number; zero if it has none. The value must be a number.
pub(super) fn mark_of(number: qjs::JSValue) -> u8 {
    (number.tag >> SHIFT) as u8
}

impl Engine {
    /// Lets the prelude look at marks and make them.
    pub(super) fn install_marks(self, natives: &Held<'_>) -> Result<(), Thrown> {
        let functions: [(&str, c_int, Function); 2] =
            [(NUMBER_MARK, 1, number_mark), (MARKED, 2, with_mark)];
        for (name, length, function) in functions {
            // SAFETY: the context is alive; setting the property consumes the function.
            let set = unsafe {
                let kind = qjs::JSCFunctionEnum_JS_CFUNC_generic;
                let (function, unnamed) = (Some(function), c"".as_ptr());
                let made = qjs::JS_NewCFunction2(self.context, function, unnamed, length, kind, 0);
                let made = self.hold(made)?.release();
                let atom = self.atom(name.as_bytes())?;
                qjs::JS_SetProperty(self.context, natives.value, atom.id, made)
            };
            if set < 0 {
                return Err(self.take_exception());
            }
        }
        Ok(())
    }
}

unsafe extern "C" fn number_mark(
    _context: *mut qjs::JSContext,
    _this: qjs::JSValue,
    _count: c_int,
    arguments: *mut qjs::JSValue,
) -> qjs::JSValue {
    // SAFETY: the engine hands over at least as many arguments as the function's length.
    let value = unsafe { *arguments };
    // SAFETY: looking at a tag is always sound.
    let mark = if unsafe { qjs::JS_IsNumber(value) } { mark_of(value) } else { 0 };
    qjs::JS_MKVAL(qjs::JS_TAG_INT, c_int::from(mark))
}

unsafe extern "C" fn with_mark(
    context: *mut qjs::JSContext,
    _this: qjs::JSValue,
    _count: c_int,
    arguments: *mut qjs::JSValue,
) -> qjs::JSValue {
    // SAFETY: the engine hands over at least as many arguments as the function's length; what is
    // returned is the caller's own.
    unsafe {
        let (value, mark) = (*arguments, *arguments.add(1));
        let mark = if qjs::JS_IsInt(mark) { qjs::JS_VALUE_GET_INT(mark) } else { 0 };
        let mark = u8::try_from(mark).unwrap_or(0);
        match qjs::JS_VALUE_GET_NORM_TAG(value) {
            qjs::JS_TAG_INT => marked(f64::from(qjs::JS_VALUE_GET_INT(value)), mark),
            qjs::JS_TAG_FLOAT64 => marked(qjs::JS_VALUE_GET_FLOAT64(value), mark),
            _ => qjs::JS_DupValue(context, value),
        }
    }
}
