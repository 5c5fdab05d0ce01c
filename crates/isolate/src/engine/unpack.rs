//! Structures from the host: objects and arrays, made as they are read.
//!
//! No JavaScript runs meanwhile: plain objects are defined, not assigned to.

use rquickjs_sys as qjs;

use super::{
    classes::{Classes, classes_of},
    context::{Held, PLAIN},
    exceptions, marks,
    names::Names,
};
use crate::{
    Thrown,
    packed::{Item, PackedReader},
};

/// A new JavaScript value, or the engine's mark of an exception.
///
/// # Safety
/// The context must be alive.
pub(super) unsafe fn unpack(context: *mut qjs::JSContext, bytes: &[u8]) -> qjs::JSValue {
    // SAFETY: the caller vouches for the context; its classes live as long.
    let (names, classes) = unsafe { (Names::new(context), classes_of(context)) };
    let mut unpacker = Unpacker { context, names, classes, reader: PackedReader::new(bytes) };
    match unpacker.value() {
        Ok(Some(value)) => value.release(),
        Ok(None) => {
            let thrown = Thrown::new("InternalError", "a structure is broken");
            // SAFETY: the caller vouches for the context.
            unsafe { exceptions::throw(context, &thrown) }
        }
        Err(Failed) => qjs::JS_EXCEPTION,
    }
}

/// The engine has an exception.
struct Failed;

/// It owns references of the engine's alone.
struct Unpacker<'t> {
    context: *mut qjs::JSContext,
    names: Names<'t>,
    classes: Option<&'t Classes>,
    reader: PackedReader<'t>,
}

impl<'t> Unpacker<'t> {
    /// The next value; `None` at the end of a list, and where the bytes make no sense.
    fn value(&mut self) -> Result<Option<Held<'t>>, Failed> {
        let Some(item) = self.reader.item() else { return Ok(None) };
        // SAFETY: the context is alive; lengths are those of the slices.
        let value = unsafe {
            match item {
                Item::End => return Ok(None),
                Item::Undefined => qjs::JS_UNDEFINED,
                Item::Null => qjs::JS_NULL,
                Item::Bool(true) => qjs::JS_TRUE,
                Item::Bool(false) => qjs::JS_FALSE,
                Item::Integer(integer) => qjs::JS_MKVAL(qjs::JS_TAG_INT, integer),
                Item::Number(number) => qjs::JS_NewFloat64(number),
                Item::Marked(mark, number) => marks::marked(number, mark),
                Item::Text(text) => {
                    let length = text.len() as qjs::size_t;
                    qjs::JS_NewStringLen(self.context, text.as_ptr().cast(), length)
                }
                Item::Bytes(bytes) => {
                    let length = bytes.len() as qjs::size_t;
                    qjs::JS_NewUint8ArrayCopy(self.context, bytes.as_ptr(), length)
                }
                Item::Date(time) => qjs::JS_NewDate(self.context, time),
                Item::List => return self.list(),
                Item::Document => return self.document(),
                Item::Instance(class) => return self.instance(class),
            }
        };
        self.made(value).map(Some)
    }

    fn list(&mut self) -> Result<Option<Held<'t>>, Failed> {
        // SAFETY: the context is alive.
        let array = self.made(unsafe { qjs::JS_NewArray(self.context) })?;
        for index in 0.. {
            let Some(item) = self.value()? else { break };
            let (context, array, item) = (self.context, array.value, item.release());
            // SAFETY: both are this context's; the item is consumed.
            let defined =
                unsafe { qjs::JS_DefinePropertyValueUint32(context, array, index, item, PLAIN) };
            if defined < 0 {
                return Err(Failed);
            }
        }
        Ok(Some(array))
    }

    fn document(&mut self) -> Result<Option<Held<'t>>, Failed> {
        // SAFETY: the context is alive.
        let object = self.made(unsafe { qjs::JS_NewObject(self.context) })?;
        while let Some(key) = self.reader.key() {
            let Some(name) = self.names.get(key.as_bytes()) else { return Err(Failed) };
            let Some(value) = self.value()? else { return Ok(None) };
            self.define(&object, name.id, value)?;
        }
        Ok(Some(object))
    }

    fn instance(&mut self, number: u8) -> Result<Option<Held<'t>>, Failed> {
        let classes = self.classes.map_or(&[][..], |classes| &classes.classes);
        let Some(class) = classes.get(usize::from(number)) else { return Ok(None) };
        // SAFETY: the context is alive, and so is the prototype.
        let object = unsafe { qjs::JS_NewObjectProto(self.context, class.prototype) };
        let object = self.made(object)?;
        for field in &class.fields {
            let Some(value) = self.value()? else { return Ok(None) };
            self.define(&object, *field, value)?;
        }
        Ok(Some(object))
    }

    fn define(&self, object: &Held<'_>, name: qjs::JSAtom, value: Held<'_>) -> Result<(), Failed> {
        let value = value.release();
        // SAFETY: both are this context's; the value is consumed.
        let defined =
            unsafe { qjs::JS_DefinePropertyValue(self.context, object.value, name, value, PLAIN) };
        if defined < 0 { Err(Failed) } else { Ok(()) }
    }

    fn made(&self, value: qjs::JSValue) -> Result<Held<'t>, Failed> {
        // SAFETY: looking at a tag is always sound; the value is new, and its context outlives
        // this.
        unsafe {
            if qjs::JS_IsException(value) { Err(Failed) } else { Ok(Held::of(self.context, value)) }
        }
    }
}
