//! The border between Rust and JavaScript: what each half has to know of the other one.
//!
//! The natives are in the table of `natives.rs`; numbers, classes and hooks are here. A test writes
//! the JavaScript half of all this (`js/src/border.js`) and its types (`js/src/border.d.ts`).

#[cfg(test)]
mod javascript;

/// A type of what crosses.
#[cfg(test)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    /// Whatever can cross.
    Any,
    Bool,
    /// From JavaScript: bytes, or a text that stands for its UTF-8. To JavaScript: a new buffer.
    Bytes,
    Number,
    Text,
    Undefined,
    /// The type, or `undefined`.
    Maybe(&'static Type),
    /// Any number of arguments of the type.
    Rest(&'static Type),
}

/// The name of a native or of a hook, its arguments and its result.
#[cfg(test)]
pub(crate) struct Signature {
    pub(crate) name: &'static str,
    pub(crate) arguments: &'static [(&'static str, Type)],
    pub(crate) result: Type,
}

/// The natives that are the isolate's own.
#[cfg(test)]
pub(crate) const OF_THE_ISOLATE: &[Signature] = {
    use Type::{Any, Number};
    &[
        Signature {
            name: "marked",
            arguments: &[("number", Number), ("mark", Number)],
            result: Number,
        },
        Signature { name: "number_mark", arguments: &[("number", Number)], result: Number },
        Signature { name: "script", arguments: &[("index", Number)], result: Any },
        Signature { name: "wait", arguments: &[("id", Number)], result: Any },
    ]
};

/// The functions that the JavaScript half leaves for the host.
pub(crate) const HOOKS: &[&str] = &["complete", "finish", "prepare", "start"];

/// The arguments of the hooks.
#[cfg(test)]
pub(crate) const HOOK_SIGNATURES: &[Signature] = {
    use Type::{Any, Bool, Number, Text, Undefined};
    &[
        Signature {
            name: "complete",
            arguments: &[("id", Number), ("succeeded", Bool), ("value", Any)],
            result: Undefined,
        },
        Signature { name: "finish", arguments: &[], result: Undefined },
        Signature { name: "prepare", arguments: &[("settings", Text)], result: Undefined },
        Signature {
            name: "start",
            arguments: &[("script", Number), ("options", Number)],
            result: Undefined,
        },
    ]
};

macro_rules! numbers {
    ($($(#[doc = $doc:literal])* $kind:ident { $($name:ident = $number:expr,)* })*) => {
        $($(#[doc = $doc])* pub(crate) mod $kind {
            $(#[allow(dead_code, reason = "each half uses some of them")]
            pub(crate) const $name: u8 = $number;)*
        })*

        /// Each kind: what it is, its name, its numbers by name.
        #[cfg(test)]
        const NUMBERS: &[(&[&str], &str, &[(&str, u8)])] = &[
            $((&[$($doc),*], stringify!($kind), &[$((stringify!($name), $number)),*])),*
        ];
    };
}

numbers! {
    /// What a function is called with: the lowest bits of the options of a run.
    payload { REQUEST = 0, JSON = 1, FORM = 2, ARGUMENTS = 3, BITS = 3, }
    /// How the result of a function is written, the next bits: with narrow numbers, integers of 32
    /// bits are written as such in extended JSON.
    result { NONE = 0, JSON = 4, EJSON = 8, NARROW_EJSON = 12, BITS = 12, }
    /// The other options of a run, a bit each.
    option { HAS_BODY = 16, RESPONSE_DROPS_RESULT = 32, }
    /// Whose rights a run has, the highest bits of its options: the system user's, alone or with a
    /// user to show, or a user's.
    rights { SYSTEM = 0, SYSTEM_WITH_USER = 64, USER = 128, BITS = 192, }
    /// The BSON type that a number came with, as the mark that it carries; 0 is none.
    mark { NONE = 0, INT32 = 1, INT64 = 2, DOUBLE = 3, }
    /// A number of MongoDB's errors.
    mongo_code { WRITE_CONFLICT = hookstead_data::MongoCode::WRITE_CONFLICT.number() as u8, }
}

macro_rules! classes {
    ($($number:literal $name:ident = $class:ident { $($field:ident),* },)*) => {
        /// The classes whose values cross as those of their fields, by number.
        pub(crate) mod class {
            $(pub(crate) const $name: u8 = $number;)*
        }

        /// Each class: its number, its name in `BSON` and its fields.
        #[cfg(test)]
        const CLASSES: &[(u8, &str, &[&str])] =
            &[$(($number, stringify!($class), &[$(stringify!($field)),*])),*];
    };
}

classes! {
    0 OBJECT_ID = ObjectId { _hex },
    1 BINARY = Binary { _bytes, sub_type },
    2 LONG = Long { low, high, unsigned },
    3 INT32 = Int32 { value },
    4 DOUBLE = Double { value },
    5 DECIMAL128 = Decimal128 { _text },
    6 REGULAR_EXPRESSION = BSONRegExp { pattern, options },
    7 TIMESTAMP = Timestamp { t, i },
    8 CODE = Code { code, scope },
    9 MIN_KEY = MinKey {},
    10 MAX_KEY = MaxKey {},
    11 UUID = UUID { _bytes, sub_type },
}
