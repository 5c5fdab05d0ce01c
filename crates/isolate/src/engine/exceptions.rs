//! Exceptions: taken out of the engine, and thrown into it.

use std::{borrow::Cow, ffi::c_int, str};

use rquickjs_sys as qjs;

use super::{
    context::frame,
    text::{new_string, text_of, with_text},
};
use crate::Thrown;

/// What a property made for an error allows: writing and redefining, not enumerating.
const ERROR_PROPERTY: c_int = 1 | 2;

/// What is kept of the name of an exception's class.
const NAME_BYTES_MAX: usize = 64;

/// Drops the pending exception without a look at it, which could run JavaScript.
///
/// # Safety
/// The context must be alive.
pub(super) unsafe fn forget_exception(context: *mut qjs::JSContext) {
    // SAFETY: the caller vouches for the context; the value is freed.
    unsafe { qjs::JS_FreeValue(context, qjs::JS_GetException(context)) };
}

/// Takes the pending exception out of the context. The turn is about to end: signals do not suspend
/// it any more, so that what is returned does not get lost.
///
/// # Safety
/// The context must be alive.
pub(super) unsafe fn take_exception(context: *mut qjs::JSContext) -> Thrown {
    // SAFETY: the caller vouches for the context; the values are freed.
    unsafe {
        let error = qjs::JS_GetException(context);
        // A getter may end the run here and now, so nothing is owned until the last one is done.
        let mut name = [0; NAME_BYTES_MAX];
        let name_text = error_property(context, error, c"name");
        let name_bytes = name_text.and_then(|text| {
            let kept = with_text(context, text, |bytes| keep_name(bytes, &mut name));
            qjs::JS_FreeValue(context, text);
            kept
        });
        let message_text = error_property(context, error, c"message")
            .or_else(|| qjs::JS_IsString(error).then(|| qjs::JS_DupValue(context, error)));
        // What hangs on the error may take long to free.
        qjs::JS_FreeValue(context, error);
        if let Some(frame) = frame(context) {
            frame.calm_down();
        }
        let message = message_text.and_then(|text| {
            let message = with_text(context, text, |bytes| text_of(bytes).into_owned());
            qjs::JS_FreeValue(context, text);
            message
        });
        let name = name_bytes.and_then(|bytes| str::from_utf8(&name[..bytes]).ok());
        Thrown {
            name: name.map_or(Cow::Borrowed("Error"), |name| Cow::Owned(name.to_owned())),
            message: message.unwrap_or_else(|| "a value that is not an error was thrown".into()),
            code: None,
            place: None,
        }
    }
}

/// Takes the pending exception of a script that does not compile, with the place that it is about.
///
/// # Safety
/// As for [`take_exception`].
pub(super) unsafe fn take_syntax_error(context: *mut qjs::JSContext) -> Thrown {
    // SAFETY: the caller vouches for the context. No code of the script has run, so that nothing of
    // it takes part in this; the error is thrown again for `take_exception`.
    unsafe {
        let error = qjs::JS_GetException(context);
        let stack = error_property(context, error, c"stack");
        let place = stack.and_then(|text| {
            let place = with_text(context, text, |bytes| place_in(&text_of(bytes)));
            qjs::JS_FreeValue(context, text);
            place.flatten()
        });
        qjs::JS_Throw(context, error);
        Thrown { place, ..take_exception(context) }
    }
}

/// The line and the column of the first line of a stack: `    at FILE:LINE:COLUMN`.
fn place_in(stack: &str) -> Option<(usize, usize)> {
    let mut parts = stack.lines().next()?.rsplitn(3, ':');
    let (column, line) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some((line, column))
}

/// Keeps what fits of a name that is text; how many bytes that is.
fn keep_name(bytes: &[u8], kept: &mut [u8; NAME_BYTES_MAX]) -> usize {
    let length = str::from_utf8(bytes).map_or(0, |text| text.floor_char_boundary(NAME_BYTES_MAX));
    kept[..length].copy_from_slice(&bytes[..length]);
    length
}

/// An error's property, if it is a string; converting another value would run JavaScript.
///
/// # Safety
/// The context must be alive, and the error its own. The property is to be freed.
unsafe fn error_property(
    context: *mut qjs::JSContext,
    error: qjs::JSValue,
    name: &std::ffi::CStr,
) -> Option<qjs::JSValue> {
    // SAFETY: the caller vouches for both; what is not returned is freed.
    unsafe {
        if !qjs::JS_IsError(error) {
            return None;
        }
        let value = qjs::JS_GetPropertyStr(context, error, name.as_ptr());
        if qjs::JS_IsException(value) {
            // A getter threw in turn; nobody may take that for an exception of his own.
            forget_exception(context);
            return None;
        }
        if !qjs::JS_IsString(value) {
            qjs::JS_FreeValue(context, value);
            return None;
        }
        Some(value)
    }
}

/// Throws into JavaScript; what a native returns to the engine then.
///
/// A new error has a stack trace, and a script may take part in writing it: even one that calls the
/// native that failed. So what was `thrown` is not looked at any more once there is an error.
///
/// # Safety
/// The context must be alive.
pub(super) unsafe fn throw(context: *mut qjs::JSContext, thrown: &Thrown) -> qjs::JSValue {
    // SAFETY: the caller vouches for the context; defining and throwing consume their values.
    unsafe {
        let text = |text: Option<&str>| text.map(|text| new_string(context, text));
        let properties = [
            (c"message", text(Some(&thrown.message))),
            (c"name", text((thrown.name != "Error").then_some(&thrown.name))),
            (c"code", text(thrown.code.as_deref())),
        ];
        let error = qjs::JS_NewError(context);
        for (name, value) in properties {
            match value {
                Some(value) if !qjs::JS_IsException(error) && !qjs::JS_IsException(value) => {
                    let name = name.as_ptr();
                    qjs::JS_DefinePropertyValueStr(context, error, name, value, ERROR_PROPERTY);
                }
                Some(value) => qjs::JS_FreeValue(context, value),
                None => {}
            }
        }
        if qjs::JS_IsException(error) { error } else { qjs::JS_Throw(context, error) }
    }
}
