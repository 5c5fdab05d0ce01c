//! Texts of the engine's: UTF-8, but for lone surrogates.

use std::{borrow::Cow, str};

use rquickjs_sys as qjs;

/// A new string of the engine's, or its mark of an exception.
///
/// # Safety
/// The context must be alive.
pub(super) unsafe fn new_string(context: *mut qjs::JSContext, text: &str) -> qjs::JSValue {
    // SAFETY: the length is that of the text.
    unsafe { qjs::JS_NewStringLen(context, text.as_ptr().cast(), text.len() as qjs::size_t) }
}

/// Looks at a string's bytes: UTF-8, but for lone surrogates. `None` if the engine refuses.
///
/// # Safety
/// The context must be alive, and the value its own.
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
            qjs::JS_FreeValue(context, qjs::JS_GetException(context));
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
