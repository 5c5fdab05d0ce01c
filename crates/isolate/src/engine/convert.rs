//! Copies of values, in both directions.

use std::{borrow::Cow, ffi::c_int};

use rquickjs_sys as qjs;

use crate::{Thrown, Value};

/// What a property made for an error allows: writing and redefining, not enumerating.
const ERROR_PROPERTY: c_int = 1 | 2;

/// What is kept of the name of an exception's class.
const NAME_BYTES_MAX: usize = 64;

/// What an item of an array allows: everything.
const ITEM: c_int = qjs::JS_PROP_C_W_E as c_int;

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

/// A new JavaScript value, or the engine's mark of an exception.
///
/// # Safety
/// The context must be alive.
pub(super) unsafe fn to_js(context: *mut qjs::JSContext, value: &Value) -> qjs::JSValue {
    // SAFETY: the caller vouches for the context; lengths are those of the slices.
    unsafe {
        match value {
            Value::Undefined => qjs::JS_UNDEFINED,
            Value::Null => qjs::JS_NULL,
            Value::Bool(true) => qjs::JS_TRUE,
            Value::Bool(false) => qjs::JS_FALSE,
            Value::Number(number) => qjs::JS_NewFloat64(*number),
            Value::Text(text) => new_string(context, text),
            Value::Bytes(bytes) => {
                qjs::JS_NewArrayBufferCopy(context, bytes.as_ptr(), bytes.len() as qjs::size_t)
            }
            Value::List(items) => new_array(context, items),
        }
    }
}

unsafe fn new_string(context: *mut qjs::JSContext, text: &str) -> qjs::JSValue {
    // SAFETY: as for `to_js`.
    unsafe { qjs::JS_NewStringLen(context, text.as_ptr().cast(), text.len() as qjs::size_t) }
}

unsafe fn new_array(context: *mut qjs::JSContext, items: &[Value]) -> qjs::JSValue {
    // SAFETY: as for `to_js`; defining a property consumes the item. Setting it instead could
    // call a setter that a script put on the prototype of all arrays.
    unsafe {
        let array = qjs::JS_NewArray(context);
        if qjs::JS_IsException(array) {
            return array;
        }
        for (index, item) in (0..).zip(items) {
            let item = to_js(context, item);
            if qjs::JS_IsException(item)
                || qjs::JS_DefinePropertyValueUint32(context, array, index, item, ITEM) < 0
            {
                qjs::JS_FreeValue(context, array);
                return qjs::JS_EXCEPTION;
            }
        }
        array
    }
}

/// A copy of a JavaScript value.
///
/// # Safety
/// The context must be alive and the value its own.
pub(super) unsafe fn from_js(
    context: *mut qjs::JSContext,
    value: qjs::JSValue,
) -> Result<Value, Thrown> {
    // SAFETY: the caller vouches for both.
    unsafe {
        match qjs::JS_VALUE_GET_NORM_TAG(value) {
            qjs::JS_TAG_UNDEFINED => Ok(Value::Undefined),
            qjs::JS_TAG_NULL => Ok(Value::Null),
            qjs::JS_TAG_BOOL => Ok(Value::Bool(qjs::JS_VALUE_GET_BOOL(value))),
            qjs::JS_TAG_INT => Ok(Value::Number(f64::from(qjs::JS_VALUE_GET_INT(value)))),
            qjs::JS_TAG_FLOAT64 => Ok(Value::Number(qjs::JS_VALUE_GET_FLOAT64(value))),
            qjs::JS_TAG_STRING | qjs::JS_TAG_STRING_ROPE => {
                string_from_js(context, value).map(Value::Text)
            }
            qjs::JS_TAG_OBJECT => bytes_from_js(context, value).map(Value::Bytes),
            _ => Err(Thrown::new("TypeError", "this kind of value cannot cross to the host")),
        }
    }
}

/// # Safety
/// As for [`from_js`].
unsafe fn string_from_js(
    context: *mut qjs::JSContext,
    value: qjs::JSValue,
) -> Result<String, Thrown> {
    // SAFETY: the caller vouches for both.
    unsafe { with_text(context, value, |bytes| text_of(bytes).into_owned()) }
}

/// Looks at a string's bytes: UTF-8, but for lone surrogates.
///
/// # Safety
/// As for [`from_js`].
unsafe fn with_text<R>(
    context: *mut qjs::JSContext,
    value: qjs::JSValue,
    look: impl FnOnce(&[u8]) -> R,
) -> Result<R, Thrown> {
    let mut length: qjs::size_t = 0;
    // SAFETY: the engine returns `length` bytes that live until they are freed below.
    unsafe {
        let text = qjs::JS_ToCStringLen2(context, &raw mut length, value, false);
        if text.is_null() {
            return Err(take_exception(context));
        }
        let result = look(std::slice::from_raw_parts(text.cast::<u8>(), length as usize));
        qjs::JS_FreeCString(context, text);
        Ok(result)
    }
}

fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(without_surrogates(bytes)),
    }
}

/// The engine writes a lone surrogate as three bytes, which UTF-8 forbids: one U+FFFD each.
fn without_surrogates(bytes: &[u8]) -> String {
    let mut mended = bytes.to_vec();
    for start in 0..mended.len().saturating_sub(2) {
        if mended[start] == 0xed && mended[start + 1] >= 0xa0 {
            mended[start..start + 3].copy_from_slice("\u{fffd}".as_bytes());
        }
    }
    String::from_utf8_lossy(&mended).into_owned()
}

/// # Safety
/// As for [`from_js`]; the value must be an object.
unsafe fn bytes_from_js(
    context: *mut qjs::JSContext,
    value: qjs::JSValue,
) -> Result<Vec<u8>, Thrown> {
    let mut length: qjs::size_t = 0;
    // SAFETY: the engine returns `length` bytes that live as long as the object, and nothing
    // runs in between.
    unsafe {
        let start = if qjs::JS_IsArrayBuffer(value) {
            qjs::JS_GetArrayBuffer(context, &raw mut length, value)
        } else {
            qjs::JS_GetUint8Array(context, &raw mut length, value)
        };
        if start.is_null() {
            if qjs::JS_HasException(context) {
                return Err(take_exception(context));
            }
            return Ok(Vec::new());
        }
        Ok(std::slice::from_raw_parts(start, length as usize).to_vec())
    }
}

/// Takes the pending exception out of the context.
///
/// # Safety
/// The context must be alive.
pub(super) unsafe fn take_exception(context: *mut qjs::JSContext) -> Thrown {
    // SAFETY: the caller vouches for the context; the values are freed.
    unsafe {
        let error = qjs::JS_GetException(context);
        // A getter may end the run here and now, so the name is kept where nothing owns it, and
        // the message comes last.
        let mut name = [0; NAME_BYTES_MAX];
        let name_bytes = error_property(context, error, c"name", |text| {
            let length = text.floor_char_boundary(NAME_BYTES_MAX);
            name[..length].copy_from_slice(&text.as_bytes()[..length]);
            length
        });
        let message = error_property(context, error, c"message", str::to_owned);
        let message = message.or_else(|| plain_text(context, error, str::to_owned));
        qjs::JS_FreeValue(context, error);
        let name = name_bytes.and_then(|bytes| std::str::from_utf8(&name[..bytes]).ok());
        Thrown {
            name: name.map_or(Cow::Borrowed("Error"), |name| Cow::Owned(name.to_owned())),
            message: message.unwrap_or_else(|| "a value that is not an error was thrown".into()),
            code: None,
        }
    }
}

/// The text of an error's property, if there is one.
///
/// # Safety
/// As for [`from_js`].
unsafe fn error_property<R>(
    context: *mut qjs::JSContext,
    error: qjs::JSValue,
    name: &std::ffi::CStr,
    look: impl FnOnce(&str) -> R,
) -> Option<R> {
    // SAFETY: the caller vouches for both; the value is freed.
    unsafe {
        if !qjs::JS_IsError(error) {
            return None;
        }
        let value = qjs::JS_GetPropertyStr(context, error, name.as_ptr());
        if qjs::JS_IsException(value) {
            // A getter threw in turn; nobody may take that for an exception of his own.
            qjs::JS_FreeValue(context, qjs::JS_GetException(context));
            return None;
        }
        let result = plain_text(context, value, look);
        qjs::JS_FreeValue(context, value);
        result
    }
}

/// Looks at the text of a value that is a string already; converting another one would run
/// JavaScript.
///
/// # Safety
/// As for [`from_js`].
unsafe fn plain_text<R>(
    context: *mut qjs::JSContext,
    value: qjs::JSValue,
    look: impl FnOnce(&str) -> R,
) -> Option<R> {
    // SAFETY: the caller vouches for both.
    unsafe {
        if !qjs::JS_IsString(value) {
            return None;
        }
        with_text(context, value, |bytes| look(&text_of(bytes))).ok()
    }
}

/// Throws into JavaScript; what a native returns to the engine then.
///
/// # Safety
/// The context must be alive.
pub(super) unsafe fn throw(context: *mut qjs::JSContext, thrown: &Thrown) -> qjs::JSValue {
    // SAFETY: the caller vouches for the context; defining and throwing consume their values.
    unsafe {
        let error = qjs::JS_NewError(context);
        if qjs::JS_IsException(error) {
            return error;
        }
        let define = |name: *const std::ffi::c_char, text: &str| {
            let text = new_string(context, text);
            if !qjs::JS_IsException(text) {
                qjs::JS_DefinePropertyValueStr(context, error, name, text, ERROR_PROPERTY);
            }
        };
        define(c"message".as_ptr(), &thrown.message);
        if thrown.name != "Error" {
            define(c"name".as_ptr(), &thrown.name);
        }
        if let Some(code) = &thrown.code {
            define(c"code".as_ptr(), code);
        }
        qjs::JS_Throw(context, error)
    }
}

/// Copies the arguments of a native's call to where they are kept.
///
/// # Safety
/// `arguments` must point to `count` values of the context, or `count` be zero.
pub(super) unsafe fn arguments_from_js(
    context: *mut qjs::JSContext,
    count: c_int,
    arguments: *mut qjs::JSValue,
    kept: &mut Vec<Value>,
) -> Result<(), Thrown> {
    kept.clear();
    for index in 0..usize::try_from(count).unwrap_or(0) {
        // SAFETY: the caller vouches for the array.
        kept.push(unsafe { from_js(context, *arguments.add(index))? });
    }
    Ok(())
}

/// The engine's name for a text, to be freed.
///
/// # Safety
/// The context must be alive.
pub(super) unsafe fn atom(context: *mut qjs::JSContext, text: &str) -> qjs::JSAtom {
    // SAFETY: the length is the text's.
    unsafe { qjs::JS_NewAtomLen(context, text.as_ptr().cast(), text.len() as qjs::size_t) }
}
