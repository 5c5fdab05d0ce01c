//! Copies of values, in both directions.

use std::{borrow::Cow, ffi::c_int, str};

use rquickjs_sys as qjs;

use super::{pieces, undisturbed, unpack::unpack};
use crate::{Thrown, Value};

/// What a property made for an error allows: writing and redefining, not enumerating.
const ERROR_PROPERTY: c_int = 1 | 2;

/// What is kept of the name of an exception's class.
const NAME_BYTES_MAX: usize = 64;

/// What a plain property and an item of an array allow: everything.
pub(super) const PLAIN: c_int = qjs::JS_PROP_C_W_E as c_int;

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
            Value::Packed(bytes) => unpack(context, bytes),
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
                || qjs::JS_DefinePropertyValueUint32(context, array, index, item, PLAIN) < 0
            {
                qjs::JS_FreeValue(context, array);
                return qjs::JS_EXCEPTION;
            }
        }
        array
    }
}

/// Why a value cannot cross to the host: an error's class and its message.
pub(super) type Refusal = (&'static str, &'static str);

pub(super) const TOO_LARGE: Refusal =
    ("RangeError", "a native was given more than a run may use of memory");
pub(super) const WRONG_KIND: Refusal = ("TypeError", "this kind of value cannot cross to the host");

/// Appends a copy of a JavaScript value, of no more than so many bytes. Signals do not come while a
/// copy is made, so that it does not get lost; others have their turn between pieces of it.
///
/// JavaScript may run only before a refusal: for the stack trace of an exception.
///
/// # Safety
/// The context must be alive, the value its own, and nobody else may use `kept`, which must be in
/// the run's table.
pub(super) unsafe fn copy(
    context: *mut qjs::JSContext,
    value: qjs::JSValue,
    bytes_max: usize,
    kept: *mut Vec<Value>,
) -> Result<(), Refusal> {
    // SAFETY: the caller vouches for both.
    unsafe {
        let plain = match qjs::JS_VALUE_GET_NORM_TAG(value) {
            qjs::JS_TAG_UNDEFINED => Value::Undefined,
            qjs::JS_TAG_NULL => Value::Null,
            qjs::JS_TAG_BOOL => Value::Bool(qjs::JS_VALUE_GET_BOOL(value)),
            qjs::JS_TAG_INT => Value::Number(f64::from(qjs::JS_VALUE_GET_INT(value))),
            qjs::JS_TAG_FLOAT64 => Value::Number(qjs::JS_VALUE_GET_FLOAT64(value)),
            qjs::JS_TAG_STRING | qjs::JS_TAG_STRING_ROPE => {
                let copied = with_text(context, value, |bytes| {
                    if bytes.len() > bytes_max {
                        return Err(TOO_LARGE);
                    }
                    copy_text(context, bytes, kept);
                    Ok(())
                });
                return copied.unwrap_or(Err(WRONG_KIND));
            }
            qjs::JS_TAG_OBJECT => {
                let bytes = bytes_of(context, value)?;
                if bytes.len() > bytes_max {
                    return Err(TOO_LARGE);
                }
                copy_bytes(context, bytes, kept);
                return Ok(());
            }
            _ => return Err(WRONG_KIND),
        };
        undisturbed(context, || (*kept).push(plain));
        Ok(())
    }
}

unsafe fn copy_text(context: *mut qjs::JSContext, bytes: &[u8], kept: *mut Vec<Value>) {
    // SAFETY: as for `copy`.
    unsafe {
        if bytes.len() <= pieces::BYTES {
            undisturbed(context, || (*kept).push(Value::Text(text_of(bytes).into_owned())));
            return;
        }
        let Some(frame) = super::frame(context) else { return };
        let room = || (*kept).push(Value::Text(String::with_capacity(bytes.len())));
        frame.undisturbed(room);
        if let Some(Value::Text(text)) = (*kept).last_mut() {
            pieces::append_text(frame, bytes, |piece| text.push_str(piece));
        }
    }
}

unsafe fn copy_bytes(context: *mut qjs::JSContext, bytes: &[u8], kept: *mut Vec<Value>) {
    // SAFETY: as for `copy`.
    unsafe {
        if bytes.len() <= pieces::BYTES {
            undisturbed(context, || (*kept).push(Value::Bytes(bytes.to_vec())));
            return;
        }
        let Some(frame) = super::frame(context) else { return };
        frame.undisturbed(|| (*kept).push(Value::Bytes(Vec::with_capacity(bytes.len()))));
        if let Some(Value::Bytes(copy)) = (*kept).last_mut() {
            pieces::append(frame, copy, bytes);
        }
    }
}

/// Looks at a string's bytes: UTF-8, but for lone surrogates. `None` if the engine refuses.
///
/// # Safety
/// As for [`copy`].
pub(super) unsafe fn with_text<R>(
    context: *mut qjs::JSContext,
    value: qjs::JSValue,
    look: impl FnOnce(&[u8]) -> R,
) -> Option<R> {
    let mut length: qjs::size_t = 0;
    // SAFETY: the engine returns `length` bytes that live until they are freed below.
    unsafe {
        let text = qjs::JS_ToCStringLen2(context, &raw mut length, value, false);
        if text.is_null() {
            forget_exception(context);
            return None;
        }
        let result = look(std::slice::from_raw_parts(text.cast::<u8>(), length as usize));
        qjs::JS_FreeCString(context, text);
        Some(result)
    }
}

pub(super) fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(bytes) {
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

/// Whether an object is a buffer, or an array of its bytes.
///
/// # Safety
/// The value must be an object.
pub(super) unsafe fn is_bytes(value: qjs::JSValue) -> bool {
    // SAFETY: the caller vouches for the value.
    unsafe { qjs::JS_IsArrayBuffer(value) || is_byte_array(value) }
}

unsafe fn is_byte_array(value: qjs::JSValue) -> bool {
    const BYTES: [c_int; 2] = [
        qjs::JSTypedArrayEnum_JS_TYPED_ARRAY_UINT8 as c_int,
        qjs::JSTypedArrayEnum_JS_TYPED_ARRAY_UINT8C as c_int,
    ];
    // SAFETY: the caller vouches for the value.
    unsafe { BYTES.contains(&qjs::JS_GetTypedArrayType(value)) }
}

/// The bytes of a buffer, which stay there as long as no JavaScript runs.
///
/// # Safety
/// As for [`copy`]; the value must be an object.
pub(super) unsafe fn bytes_of<'a>(
    context: *mut qjs::JSContext,
    value: qjs::JSValue,
) -> Result<&'a [u8], Refusal> {
    let mut length: qjs::size_t = 0;
    // SAFETY: the engine returns `length` bytes that live as long as the object.
    unsafe {
        let start = if qjs::JS_IsArrayBuffer(value) {
            qjs::JS_GetArrayBuffer(context, &raw mut length, value)
        } else if is_byte_array(value) {
            qjs::JS_GetUint8Array(context, &raw mut length, value)
        } else {
            return Err(WRONG_KIND);
        };
        if start.is_null() {
            if qjs::JS_HasException(context) {
                forget_exception(context);
                return Err(WRONG_KIND);
            }
            return Ok(&[]);
        }
        Ok(std::slice::from_raw_parts(start, length as usize))
    }
}

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
        if let Some(frame) = super::frame(context) {
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
/// As for [`copy`]. The property is to be freed.
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

/// The engine's name for a text.
pub(super) struct Atom {
    context: *mut qjs::JSContext,
    pub(super) id: qjs::JSAtom,
}

impl Atom {
    /// The name for a text in UTF-8; `None`, and an exception, if the engine refuses.
    ///
    /// # Safety
    /// The context must be alive as long as the name is.
    pub(super) unsafe fn new(context: *mut qjs::JSContext, text: &[u8]) -> Option<Self> {
        let length = text.len() as qjs::size_t;
        // SAFETY: the length is the text's.
        let id = unsafe { qjs::JS_NewAtomLen(context, text.as_ptr().cast(), length) };
        (id != qjs::JS_ATOM_NULL).then_some(Self { context, id })
    }
}

impl Clone for Atom {
    fn clone(&self) -> Self {
        // SAFETY: the name is alive, and so is its context.
        Self { context: self.context, id: unsafe { qjs::JS_DupAtom(self.context, self.id) } }
    }
}

impl Drop for Atom {
    fn drop(&mut self) {
        // SAFETY: the name is owned, and its context alive.
        unsafe { qjs::JS_FreeAtom(self.context, self.id) }
    }
}
