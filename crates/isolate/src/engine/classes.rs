//! What the prelude tells of its objects, so that structures of them can cross the border.

use rquickjs_sys as qjs;

use super::context::{Engine, Held};
use crate::{Thrown, frame::Seat};

/// Fields that a class may have.
const FIELDS_MAX: u32 = 8;

/// The values in here are alive as long as the image.
pub(crate) struct Classes {
    /// The prototype of plain objects.
    pub(super) plain: qjs::JSValue,
    /// What tells a date's time.
    pub(super) time: qjs::JSValue,
    /// What says how to write down an object that is of none of the classes: another value, or
    /// `undefined`, and then it is written as a plain object; a function is left out.
    pub(super) foreign: qjs::JSValue,
    /// By number.
    pub(super) classes: Vec<Class>,
}

// SAFETY: the engine has no thread-local state; who owns the arena decides who may enter it.
unsafe impl Send for Classes {}

/// Objects that cross as the values of their fields.
pub(super) struct Class {
    pub(super) prototype: qjs::JSValue,
    pub(super) fields: Vec<qjs::JSAtom>,
}

impl Engine {
    /// Takes what the prelude has left in the property `structures` of its object; nothing if there
    /// is none.
    ///
    /// It is an object with the functions `time` and `foreign`, and with `classes`: lists of a
    /// prototype and the names of its fields.
    pub(super) fn take_classes(
        self,
        hooks: &Held<'_>,
        taken: &mut Option<Box<Classes>>,
    ) -> Result<(), Thrown> {
        let structures = self.property(hooks, c"structures")?;
        // SAFETY: looking at a tag is always sound.
        if unsafe { qjs::JS_IsUndefined(structures.value) } {
            return Ok(());
        }
        let list = self.property(&structures, c"classes")?;
        let plain = self.prototype(&list)?;
        let [time, foreign] = [c"time", c"foreign"].map(|name| self.property(&structures, name));
        let (time, foreign) = (time?.release(), foreign?.release());
        let new = Classes { plain: plain.release(), time, foreign, classes: Vec::new() };
        *taken = Some(Box::new(new));
        let Some(classes) = taken else { return Ok(()) };
        for index in 0..self.length(&list)? {
            let parts = self.item(&list, index)?;
            let prototype = self.item(&parts, 0)?.release();
            let fields = Vec::with_capacity(FIELDS_MAX as usize);
            classes.classes.push(Class { prototype, fields });
            for field in 1..self.length(&parts)?.min(FIELDS_MAX) {
                let name = self.item(&parts, field)?;
                // SAFETY: the context is alive; the atom is kept for good.
                let atom = unsafe { qjs::JS_ValueToAtom(self.context, name.value) };
                if let Some(class) = classes.classes.last_mut() {
                    class.fields.push(atom);
                }
            }
        }
        Ok(())
    }

    /// The prototype of plain objects: that of an array's prototype.
    fn prototype(&self, array: &Held<'_>) -> Result<Held<'_>, Thrown> {
        // SAFETY: the value is of this engine, and so is its prototype.
        unsafe {
            let of_arrays = self.hold(qjs::JS_GetPrototype(self.context, array.value))?;
            self.hold(qjs::JS_GetPrototype(self.context, of_arrays.value))
        }
    }

    fn item(&self, list: &Held<'_>, index: u32) -> Result<Held<'_>, Thrown> {
        // SAFETY: the list is of this engine.
        self.hold(unsafe { qjs::JS_GetPropertyUint32(self.context, list.value, index) })
    }

    fn length(&self, list: &Held<'_>) -> Result<u32, Thrown> {
        let mut length = 0;
        // SAFETY: the list is of this engine.
        let outcome = unsafe { qjs::JS_GetLength(self.context, list.value, &raw mut length) };
        if outcome < 0 {
            return Err(self.take_exception());
        }
        Ok(u32::try_from(length).unwrap_or(u32::MAX))
    }
}

/// The classes that the prelude has named, if it has.
///
/// # Safety
/// The context must be alive, and the classes must not be kept beyond its end.
pub(super) unsafe fn classes_of<'a>(context: *mut qjs::JSContext) -> Option<&'a Classes> {
    // SAFETY: the caller vouches for the context; its engine was made with a seat.
    unsafe {
        let seat = qjs::JS_GetRuntimeOpaque(qjs::JS_GetRuntime(context)).cast::<Seat>();
        (*seat).classes().cast::<Classes>().as_ref()
    }
}
