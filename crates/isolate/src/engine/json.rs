//! `JSON.parse`, twice as fast for what it is mostly given.
//!
//! The engine's own reads a text character by character and looks up the name of every property
//! anew. This one reads bytes, and remembers the names that it has met (`names`). It is for
//! well-formed texts without a reviver alone; everything else, and every error, is the engine's own
//! to judge, from the start.

use std::{ffi::c_int, str};

use rquickjs_sys as qjs;

use super::{
    atom::Atom,
    context::{Engine, Held, PLAIN, frame},
    exceptions,
    names::Names,
};
use crate::Thrown;

/// Deeper values are left to the engine, which looks at its stack.
const DEPTH_MAX: usize = 128;
/// After so many values the reader looks whether its slice of time is well over. They take some
/// twenty microseconds; the timer that would interrupt the reader later costs more than many looks.
const VALUES_PER_LOOK: u32 = 256;
/// An array begins with so many items at once.
const ITEMS_FIRST: usize = 32;

/// The first byte of surrogates, and of other characters.
const SURROGATES: u8 = 0xed;

/// Bytes of a string that are more than themselves, or not allowed.
const IS_SPECIAL: [bool; 256] = {
    let mut is_special = [false; 256];
    let mut control = 0;
    while control < 0x20 {
        is_special[control] = true;
        control += 1;
    }
    is_special[b'"' as usize] = true;
    is_special[b'\\' as usize] = true;
    is_special[SURROGATES as usize] = true;
    is_special
};

impl Engine {
    /// Puts this `JSON.parse` in front of the engine's.
    pub(super) fn install_json(self) -> Result<(), Thrown> {
        let global = self.global();
        let json = self.property(&global, c"JSON")?;
        let own = self.property(&json, c"parse")?;
        // SAFETY: the context is alive; the data is copied, and defining consumes the function.
        let replaced = unsafe {
            let (mut data, name) = (own.value, c"parse".as_ptr());
            let parse =
                qjs::JS_NewCFunctionData2(self.context, Some(parse), name, 2, 0, 1, &raw mut data);
            let parse = self.hold(parse)?.release();
            let hidden = (qjs::JS_PROP_WRITABLE | qjs::JS_PROP_CONFIGURABLE) as c_int;
            qjs::JS_DefinePropertyValueStr(self.context, json.value, name, parse, hidden)
        };
        if replaced < 0 { Err(self.take_exception()) } else { Ok(()) }
    }
}

/// `JSON.parse(text, reviver)`; the data is the engine's own.
unsafe extern "C" fn parse(
    context: *mut qjs::JSContext,
    this: qjs::JSValue,
    count: c_int,
    arguments: *mut qjs::JSValue,
    _magic: c_int,
    data: *mut qjs::JSValue,
) -> qjs::JSValue {
    // SAFETY: the engine hands over at least as many arguments as the function's length.
    unsafe {
        let (text, reviver) = (*arguments, *arguments.add(1));
        if qjs::JS_IsString(text) && (count < 2 || qjs::JS_IsUndefined(reviver)) {
            let mut length: qjs::size_t = 0;
            let bytes = qjs::JS_ToCStringLen2(context, &raw mut length, text, false);
            if bytes.is_null() {
                return qjs::JS_EXCEPTION;
            }
            let slice = std::slice::from_raw_parts(bytes.cast::<u8>(), length as usize);
            let value = Reader::new(context, slice).read_all();
            qjs::JS_FreeCString(context, bytes);
            if let Some(value) = value {
                return value;
            }
        }
        qjs::JS_Call(context, *data, this, count, arguments)
    }
}

/// A text on its way to becoming a value. It owns references of the engine's alone, and every
/// `None` means that the engine has to read the text itself.
struct Reader<'t> {
    context: *mut qjs::JSContext,
    text: &'t [u8],
    at: usize,
    names: Names<'t>,
    values_until_look: u32,
}

impl<'t> Reader<'t> {
    /// # Safety
    /// The context must be alive as long as the reader is.
    unsafe fn new(context: *mut qjs::JSContext, text: &'t [u8]) -> Self {
        // SAFETY: the caller vouches for the context.
        let names = unsafe { Names::new(context) };
        Self { context, text, at: 0, names, values_until_look: VALUES_PER_LOOK }
    }

    fn read_all(mut self) -> Option<qjs::JSValue> {
        let value = self.value(0)?;
        self.space();
        (self.at == self.text.len()).then(|| value.release())
    }

    fn value(&mut self, depth: usize) -> Option<Held<'t>> {
        self.look();
        self.space();
        match *self.text.get(self.at)? {
            b'{' if depth < DEPTH_MAX => self.object(depth),
            b'[' if depth < DEPTH_MAX => self.array(depth),
            b'"' => self.string(),
            b't' => self.word(b"true", qjs::JS_TRUE),
            b'f' => self.word(b"false", qjs::JS_FALSE),
            b'n' => self.word(b"null", qjs::JS_NULL),
            _ => self.number(),
        }
    }

    /// Lets others have their turn, once in a while.
    fn look(&mut self) {
        self.values_until_look -= 1;
        if self.values_until_look == 0 {
            self.values_until_look = VALUES_PER_LOOK;
            // SAFETY: the context is alive.
            if let Some(frame) = unsafe { frame(self.context) } {
                frame.suspend_if_late();
            }
        }
    }

    fn object(&mut self, depth: usize) -> Option<Held<'t>> {
        self.at += 1;
        // SAFETY: the context is alive.
        let object = self.made(unsafe { qjs::JS_NewObject(self.context) })?;
        self.space();
        if self.take(b'}') {
            return Some(object);
        }
        loop {
            self.space();
            let name = self.name()?;
            self.space();
            if !self.take(b':') {
                return None;
            }
            let value = self.value(depth + 1)?.release();
            // SAFETY: both are this context's; the value is consumed.
            let defined = unsafe {
                let (context, object) = (self.context, object.value);
                qjs::JS_DefinePropertyValue(context, object, name.id, value, PLAIN)
            };
            if defined < 0 {
                return self.failed();
            }
            self.space();
            if !self.take(b',') {
                return self.take(b'}').then_some(object);
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<Held<'t>> {
        self.at += 1;
        self.space();
        let mut first = [const { None }; ITEMS_FIRST];
        let mut count = 0;
        let mut ended = self.take(b']');
        while !ended && count < ITEMS_FIRST {
            first[count] = Some(self.value(depth + 1)?);
            count += 1;
            ended = self.item_ends()?;
        }
        let mut items = [qjs::JS_UNDEFINED; ITEMS_FIRST];
        for (item, made) in items.iter_mut().zip(first.into_iter().flatten()) {
            *item = made.release();
        }
        // SAFETY: there are `count` values, which are consumed.
        let array = unsafe { qjs::JS_NewArrayFrom(self.context, count as c_int, items.as_ptr()) };
        let array = self.made(array)?;
        while !ended {
            let value = self.value(depth + 1)?.release();
            let index = u32::try_from(count).ok()?;
            // SAFETY: both are this context's; the value is consumed.
            let defined = unsafe {
                let (context, array) = (self.context, array.value);
                qjs::JS_DefinePropertyValueUint32(context, array, index, value, PLAIN)
            };
            if defined < 0 {
                return self.failed();
            }
            count += 1;
            ended = self.item_ends()?;
        }
        Some(array)
    }

    /// After an item: whether it was the last one.
    fn item_ends(&mut self) -> Option<bool> {
        self.space();
        if self.take(b',') {
            return Some(false);
        }
        self.take(b']').then_some(true)
    }

    /// A property's name, remembered. Others may take its place before it is used.
    fn name(&mut self) -> Option<Atom> {
        if let Some((name, length)) = self.names.expected(&self.text[self.at..]) {
            self.at += length + 2;
            return Some(name);
        }
        let (text, is_plain) = self.quoted()?;
        if !is_plain {
            return None;
        }
        let name = self.names.get(text);
        if name.is_none() { self.failed() } else { name }
    }

    fn string(&mut self) -> Option<Held<'t>> {
        let start = self.at;
        let (text, is_plain) = self.quoted()?;
        if is_plain {
            let length = text.len() as qjs::size_t;
            // SAFETY: the text is UTF-8 as the engine wrote it.
            let made = unsafe { qjs::JS_NewStringLen(self.context, text.as_ptr().cast(), length) };
            return self.made(made);
        }
        // Escapes are the engine's to read: a text of this string alone.
        let quoted = &self.text[start..self.at];
        // SAFETY: it parses a copy, because the text must end in a zero byte.
        unsafe {
            let length = quoted.len() as qjs::size_t;
            let copy = qjs::JS_NewStringLen(self.context, quoted.as_ptr().cast(), length);
            let copy = self.made(copy)?;
            let mut length: qjs::size_t = 0;
            let bytes = qjs::JS_ToCStringLen2(self.context, &raw mut length, copy.value, false);
            if bytes.is_null() {
                return self.failed();
            }
            let value = qjs::JS_ParseJSON(self.context, bytes, length, c"".as_ptr());
            qjs::JS_FreeCString(self.context, bytes);
            self.made(value)
        }
    }

    /// The bytes between two quotes, and whether they are the string as it is.
    fn quoted(&mut self) -> Option<(&'t [u8], bool)> {
        if !self.take(b'"') {
            return None;
        }
        let start = self.at;
        let mut is_plain = true;
        loop {
            self.at += self.text[self.at..].iter().position(|byte| IS_SPECIAL[*byte as usize])?;
            let next = self.text.get(self.at + 1);
            self.at += match self.text[self.at] {
                b'"' => break,
                b'\\' => {
                    is_plain = false;
                    next.map(|_| 2)?
                }
                // No lone surrogate, which would not be UTF-8.
                SURROGATES if *next? < 0xa0 => 1,
                _ => return None,
            }
        }
        let text = &self.text[start..self.at];
        self.at += 1;
        Some((text, is_plain))
    }

    fn number(&mut self) -> Option<Held<'t>> {
        let start = self.at;
        self.take(b'-');
        let whole = self.digits();
        if whole == 0 || (whole > 1 && self.text[self.at - whole] == b'0') {
            return None;
        }
        let is_whole = !matches!(self.text.get(self.at), Some(b'.' | b'e' | b'E'));
        if self.take(b'.') && self.digits() == 0 {
            return None;
        }
        if self.take(b'e') || self.take(b'E') {
            if !self.take(b'-') {
                self.take(b'+');
            }
            if self.digits() == 0 {
                return None;
            }
        }
        let text = &self.text[start..self.at];
        if is_whole && text.len() < 10 {
            let digits = &text[text.len() - whole..];
            let number =
                digits.iter().fold(0, |number, digit| number * 10 + i32::from(digit - b'0'));
            let is_negative = whole < text.len();
            // Negative zero is no integer.
            if number != 0 || !is_negative {
                let number = if is_negative { -number } else { number };
                return self.made(qjs::JS_MKVAL(qjs::JS_TAG_INT, number));
            }
        }
        self.made(qjs::JS_NewFloat64(str::from_utf8(text).ok()?.parse().ok()?))
    }

    /// Passes digits; how many there were.
    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        self.at - start
    }

    fn word(&mut self, word: &[u8], value: qjs::JSValue) -> Option<Held<'t>> {
        let is_there = self.text[self.at..].starts_with(word);
        self.at += word.len();
        if is_there { self.made(value) } else { None }
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.text.get(self.at) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.text.get(self.at) == Some(&byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn made(&self, value: qjs::JSValue) -> Option<Held<'t>> {
        // SAFETY: looking at a tag is always sound.
        if unsafe { qjs::JS_IsException(value) } {
            return self.failed();
        }
        // SAFETY: the value is new, and its context outlives the reader.
        Some(unsafe { Held::of(self.context, value) })
    }

    /// Forgets the exception: the engine will have its own.
    fn failed<T>(&self) -> Option<T> {
        // SAFETY: the context is alive.
        unsafe { exceptions::forget_exception(self.context) };
        None
    }
}
