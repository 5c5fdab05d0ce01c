//! Copies of values, in both directions.

use std::ffi::c_int;

use rquickjs_sys as qjs;

use super::{
    context::{PLAIN, frame, undisturbed},
    exceptions::forget_exception,
    pieces,
    text::{new_string, text_of, with_text},
    unpack::unpack,
};
use crate::Value;

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
        let Some(frame) = frame(context) else { return };
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
        let Some(frame) = frame(context) else { return };
        frame.undisturbed(|| (*kept).push(Value::Bytes(Vec::with_capacity(bytes.len()))));
        if let Some(Value::Bytes(copy)) = (*kept).last_mut() {
            pieces::append(frame, copy, bytes);
        }
    }
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
