//! What crosses the border between JavaScript and Rust: copies, never references.

use std::borrow::Cow;

/// A value that was copied across the border.
#[derive(Debug, Default, Clone, PartialEq)]
pub enum Value {
    /// `undefined`
    #[default]
    Undefined,
    /// `null`
    Null,
    /// A boolean.
    Bool(bool),
    /// A number; integers included.
    Number(f64),
    /// A string; lone surrogates have become U+FFFD.
    Text(String),
    /// An `ArrayBuffer`; a `Uint8Array` is taken as well.
    Bytes(Vec<u8>),
    /// An array, from Rust to JavaScript only.
    List(Vec<Value>),
    /// An object or an array with all that it holds: what a [`crate::PackedWriter`] wrote, and
    /// what a [`crate::PackedReader`] reads.
    Packed(Vec<u8>),
}

impl Value {
    /// The text of a string, `None` for anything else.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes of a buffer, or of a string in UTF-8; `None` for anything else.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Text(text) => Some(text.as_bytes()),
            _ => None,
        }
    }

    /// What an object or an array holds, `None` for anything else.
    pub fn as_packed(&self) -> Option<crate::PackedReader<'_>> {
        match self {
            Self::Packed(bytes) => Some(crate::PackedReader::new(bytes)),
            _ => None,
        }
    }

    /// How many bytes of text and data it holds.
    #[inline]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) | Self::Packed(bytes) => bytes.len(),
            Self::List(items) => bytes_of_all(items),
            Self::Undefined | Self::Null | Self::Bool(_) | Self::Number(_) => 0,
        }
    }

    /// The number, `None` for anything else.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }
}

/// Not in line: what calls itself is not put in line anywhere.
#[inline(never)]
fn bytes_of_all(items: &[Value]) -> usize {
    items.iter().map(Value::bytes).sum()
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

/// An exception: thrown into JavaScript by a native, or caught from it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {message}")]
pub struct Thrown {
    /// The error's class, such as `TypeError`.
    pub name: Cow<'static, str>,
    /// The error's message.
    pub message: String,
    /// The error's `code` property, as Node.js has it.
    pub code: Option<Cow<'static, str>>,
    /// Where a script does not compile: the line, from 1, and the byte in it, from 1.
    pub place: Option<(usize, usize)>,
}

impl Thrown {
    /// An exception of a class.
    pub fn new(name: &'static str, message: impl Into<String>) -> Self {
        Self { name: name.into(), message: message.into(), code: None, place: None }
    }

    /// The same exception with a `code`.
    #[must_use]
    pub fn with_code(mut self, code: &'static str) -> Self {
        self.code = Some(code.into());
        self
    }
}

/// What a native fails with that has panicked.
pub(crate) fn panicked() -> Thrown {
    Thrown::new("InternalError", "a native panicked")
}
