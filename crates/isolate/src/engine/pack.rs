//! Structures for the host: objects and arrays, written down as they are walked.
//!
//! JavaScript may run on the way: getters, proxies, and what the prelude says of objects that it
//! does not know. It may call natives in turn, which write behind what is written already, and take
//! theirs away again.

use std::cell::Cell;

use rquickjs_sys as qjs;

use super::{
    classes::Classes,
    context::{frame, undisturbed},
    convert::{self, Refusal},
    marks, pieces,
    text::{text_of, with_text},
};
use crate::packed::{self, Head, Item};

/// Deeper values are refused; what refers to itself has no end.
const DEPTH_MAX: usize = 200;

/// After so many items, others have their turn if the slice of time is over: objects that occur
/// many times in a value are written down as many times.
const ITEMS_AT_ONCE: u32 = 128;

const TOO_DEEP: Refusal = ("RangeError", "a value is nested too deeply, or refers to itself");

/// Why a value is not written down.
pub(super) enum Trouble {
    /// The engine has an exception.
    Thrown,
    /// It cannot cross.
    Refused(Refusal),
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Writes an object down behind what is there. After a failure, a part of it may be.
///
/// # Safety
/// The context must be alive, the object its own, and nobody may borrow what is written to.
pub(super) unsafe fn pack(
    context: *mut qjs::JSContext,
    object: qjs::JSValue,
    classes: &Classes,
    written: *mut Vec<u8>,
    bytes_max: usize,
) -> Result<(), Trouble> {
    let packer = Packer { context, classes, written, bytes_max, items: Cell::new(0) };
    // SAFETY: the caller vouches for all of them.
    unsafe {
        if !packer.object(object, 0)? {
            packer.write(Item::Undefined)?;
        }
    }
    Ok(())
}

/// It owns nothing.
struct Packer<'c> {
    context: *mut qjs::JSContext,
    classes: &'c Classes,
    written: *mut Vec<u8>,
    /// How long what is written may become.
    bytes_max: usize,
    /// Items since the last look at the time.
    items: Cell<u32>,
}

/// Whether there was anything to write; there is not for functions and symbols.
type Written = Result<bool, Trouble>;

impl Packer<'_> {
    unsafe fn value(&self, value: qjs::JSValue, depth: usize) -> Written {
        // SAFETY: looking at tags is always sound; the value is this context's.
        let item = unsafe {
            match qjs::JS_VALUE_GET_NORM_TAG(value) {
                qjs::JS_TAG_UNDEFINED => Item::Undefined,
                qjs::JS_TAG_NULL => Item::Null,
                qjs::JS_TAG_BOOL => Item::Bool(qjs::JS_VALUE_GET_BOOL(value)),
                qjs::JS_TAG_INT => integer(qjs::JS_VALUE_GET_INT(value), marks::mark_of(value)),
                qjs::JS_TAG_FLOAT64 => {
                    number(qjs::JS_VALUE_GET_FLOAT64(value), marks::mark_of(value))
                }
                qjs::JS_TAG_STRING | qjs::JS_TAG_STRING_ROPE => return self.text(value),
                qjs::JS_TAG_BIG_INT | qjs::JS_TAG_SHORT_BIG_INT => {
                    return self.foreign(value, depth);
                }
                qjs::JS_TAG_OBJECT => return self.object(value, depth),
                _ => return Ok(false),
            }
        };
        self.write(item)
    }

    unsafe fn text(&self, value: qjs::JSValue) -> Written {
        // SAFETY: the value is this context's. Nobody else writes while nothing disturbs.
        let kept = unsafe {
            with_text(self.context, value, |bytes| {
                self.run(Head::Text, bytes)?;
                Ok(true)
            })
        };
        kept.unwrap_or(Err(Trouble::Refused(convert::WRONG_KIND)))
    }

    unsafe fn object(&self, object: qjs::JSValue, depth: usize) -> Written {
        if depth > DEPTH_MAX {
            return Err(TOO_DEEP.into());
        }
        // SAFETY: the object is this context's, and so is its prototype.
        unsafe {
            if qjs::JS_IsArray(object) {
                return self.list(object, depth);
            }
            if qjs::JS_IsFunction(self.context, object) {
                return self.foreign(object, depth);
            }
            let prototype = qjs::JS_GetPrototype(self.context, object);
            if qjs::JS_IsException(prototype) {
                return Err(Trouble::Thrown);
            }
            qjs::JS_FreeValue(self.context, prototype);
            if same(prototype, self.classes.plain) || qjs::JS_IsNull(prototype) {
                return self.document(object, depth);
            }
            let classes = (0..).zip(&self.classes.classes);
            if let Some((number, class)) =
                { classes }.find(|(_, class)| same(prototype, class.prototype))
            {
                return self.instance(object, number, &class.fields, depth);
            }
            if qjs::JS_IsDate(object) {
                return self.date(object);
            }
            if !convert::is_bytes(object) {
                return self.foreign(object, depth);
            }
            let bytes = convert::bytes_of(self.context, object)?;
            self.run(Head::Bytes, bytes)?;
            Ok(true)
        }
    }

    unsafe fn list(&self, array: qjs::JSValue, depth: usize) -> Written {
        self.write(Item::List)?;
        let mut length = 0;
        // SAFETY: the array is this context's; its items are freed.
        unsafe {
            if qjs::JS_GetLength(self.context, array, &raw mut length) < 0 {
                return Err(Trouble::Thrown);
            }
            for index in 0..u32::try_from(length).unwrap_or(u32::MAX) {
                let item = qjs::JS_GetPropertyUint32(self.context, array, index);
                if qjs::JS_IsException(item) {
                    return Err(Trouble::Thrown);
                }
                let written = self.value(item, depth + 1);
                qjs::JS_FreeValue(self.context, item);
                if !written? {
                    self.write(Item::Null)?;
                }
            }
        }
        self.write(Item::End)
    }

    unsafe fn document(&self, object: qjs::JSValue, depth: usize) -> Written {
        self.write(Item::Document)?;
        let (mut names, mut count) = (std::ptr::null_mut(), 0);
        let flags = qjs::JS_GPN_STRING_MASK | qjs::JS_GPN_ENUM_ONLY;
        // SAFETY: the object is this context's; the engine hands over `count` names.
        unsafe {
            let outcome = qjs::JS_GetOwnPropertyNames(
                self.context,
                &raw mut names,
                &raw mut count,
                object,
                flags as std::ffi::c_int,
            );
            if outcome < 0 {
                return Err(Trouble::Thrown);
            }
            let mut outcome = Ok(true);
            for index in 0..count as usize {
                outcome = self.property(object, (*names.add(index)).atom, depth);
                if outcome.is_err() {
                    break;
                }
            }
            qjs::JS_FreePropertyEnum(self.context, names, count);
            outcome?;
            undisturbed(self.context, || packed::write_document_end(&mut *self.written));
        }
        Ok(true)
    }

    unsafe fn property(&self, object: qjs::JSValue, name: qjs::JSAtom, depth: usize) -> Written {
        // SAFETY: both are this context's; the value and the text are freed.
        unsafe {
            let value = qjs::JS_GetProperty(self.context, object, name);
            if qjs::JS_IsException(value) {
                return Err(Trouble::Thrown);
            }
            let begin = (*self.written).len();
            let mut length: qjs::size_t = 0;
            let text = qjs::JS_AtomToCStringLen(self.context, &raw mut length, name);
            if text.is_null() {
                qjs::JS_FreeValue(self.context, value);
                return Err(Trouble::Thrown);
            }
            let bytes = std::slice::from_raw_parts(text.cast::<u8>(), length as usize);
            let kept = self.run(Head::Key, bytes);
            qjs::JS_FreeCString(self.context, text);
            let written = kept.and_then(|()| self.value(value, depth + 1));
            qjs::JS_FreeValue(self.context, value);
            if !written? {
                (*self.written).truncate(begin);
            }
        }
        Ok(true)
    }

    unsafe fn instance(
        &self,
        object: qjs::JSValue,
        number: u8,
        fields: &[qjs::JSAtom],
        depth: usize,
    ) -> Written {
        self.write(Item::Instance(number))?;
        for field in fields {
            // SAFETY: the object is this context's; the value is freed.
            unsafe {
                let value = qjs::JS_GetProperty(self.context, object, *field);
                if qjs::JS_IsException(value) {
                    return Err(Trouble::Thrown);
                }
                let written = self.value(value, depth + 1);
                qjs::JS_FreeValue(self.context, value);
                if !written? {
                    self.write(Item::Null)?;
                }
            }
        }
        Ok(true)
    }

    unsafe fn date(&self, date: qjs::JSValue) -> Written {
        let mut time = f64::NAN;
        // SAFETY: the date is this context's; its time is a number.
        unsafe {
            let (none, time_of) = (std::ptr::null_mut(), self.classes.time);
            let value = qjs::JS_Call(self.context, time_of, date, 0, none);
            if qjs::JS_IsException(value) {
                return Err(Trouble::Thrown);
            }
            qjs::JS_ToFloat64(self.context, &raw mut time, value);
            qjs::JS_FreeValue(self.context, value);
        }
        self.write(Item::Date(time))
    }

    /// What the prelude says of an object that it has not named.
    unsafe fn foreign(&self, value: qjs::JSValue, depth: usize) -> Written {
        // SAFETY: the value is this context's; what comes back is freed.
        unsafe {
            let (context, foreign) = (self.context, self.classes.foreign);
            let mut argument = value;
            let other = qjs::JS_Call(context, foreign, qjs::JS_UNDEFINED, 1, &raw mut argument);
            if qjs::JS_IsException(other) {
                return Err(Trouble::Thrown);
            }
            let written = if !qjs::JS_IsUndefined(other) {
                self.value(other, depth + 1)
            } else if qjs::JS_IsObject(value) && !qjs::JS_IsFunction(context, value) {
                self.document(value, depth)
            } else {
                Ok(false)
            };
            qjs::JS_FreeValue(context, other);
            written
        }
    }

    fn write(&self, item: Item<'_>) -> Written {
        self.check(0)?;
        // SAFETY: the context is alive, and nobody else writes while nothing disturbs.
        unsafe { undisturbed(self.context, || packed::write(&mut *self.written, item)) };
        Ok(true)
    }

    /// Writes a text, bytes or a key, in pieces. A lone surrogate has as many bytes as what it
    /// becomes, so that the length is known at the begin.
    unsafe fn run(&self, head: Head, bytes: &[u8]) -> Result<(), Trouble> {
        self.check(bytes.len())?;
        // SAFETY: the context is alive, and nobody else writes meanwhile: no JavaScript runs.
        unsafe {
            let written = self.written;
            undisturbed(self.context, || {
                packed::write_head(&mut *written, head, bytes.len());
                (*written).reserve(bytes.len());
                if bytes.len() <= pieces::BYTES {
                    match head {
                        Head::Bytes => (*written).extend_from_slice(bytes),
                        _ => (*written).extend_from_slice(text_of(bytes).as_bytes()),
                    }
                }
            });
            if bytes.len() > pieces::BYTES
                && let Some(frame) = frame(self.context)
            {
                match head {
                    Head::Bytes => pieces::append(frame, &mut *written, bytes),
                    _ => pieces::append_text(frame, bytes, |piece| {
                        (*written).extend_from_slice(piece.as_bytes());
                    }),
                }
            }
        }
        Ok(())
    }

    /// Called for each item, before it is written.
    fn check(&self, more_bytes: usize) -> Result<(), Trouble> {
        self.items.set(self.items.get() + 1);
        if self.items.get() >= ITEMS_AT_ONCE {
            self.items.set(0);
            // SAFETY: the context is alive. What is written lies in the run's table.
            if let Some(frame) = unsafe { frame(self.context) } {
                frame.suspend_if_over();
            }
        }
        // SAFETY: nobody borrows what is written to.
        let bytes = unsafe { (*self.written).len() }.saturating_add(more_bytes);
        if bytes > self.bytes_max { Err(convert::TOO_LARGE.into()) } else { Ok(()) }
    }
}

fn integer(integer: i32, mark: u8) -> Item<'static> {
    if mark == 0 { Item::Integer(integer) } else { Item::Marked(mark, f64::from(integer)) }
}

fn number(number: f64, mark: u8) -> Item<'static> {
    if mark != 0 {
        return Item::Marked(mark, number);
    }
    let integer = number as i32;
    // Negative zero equals zero, and is no integer.
    let is_integer = f64::from(integer) == number && (integer != 0 || number.is_sign_positive());
    if is_integer { Item::Integer(integer) } else { Item::Number(number) }
}

/// Whether two objects are the same one.
fn same(one: qjs::JSValue, other: qjs::JSValue) -> bool {
    // SAFETY: looking at tags and addresses is always sound.
    unsafe {
        qjs::JS_IsObject(one)
            && qjs::JS_IsObject(other)
            && qjs::JS_VALUE_GET_PTR(one) == qjs::JS_VALUE_GET_PTR(other)
    }
}
