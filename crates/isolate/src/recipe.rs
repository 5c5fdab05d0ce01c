//! What an isolate is made from.

use std::borrow::Cow;

use crate::{Thrown, Value};

/// A script's source.
pub struct Script {
    /// The name in stack traces.
    pub name: String,
    /// The text; sloppy unless it says otherwise.
    pub source: String,
    /// How many lines at its begin are not counted, none or at least two: the engine has no line
    /// with the number 0 to begin with.
    pub lines_before: u16,
}

/// A script, compiled or not.
pub enum Code {
    /// To be compiled, with its text and its lines.
    Source(Script),
    /// Compiled already.
    Compiled(Bytecode),
}

/// A compiled script, good for this very version of the engine alone.
#[derive(Debug, Clone)]
pub struct Bytecode(pub(crate) Cow<'static, [u8]>);

/// The scripts of an application, compiled.
pub(crate) type Scripts = Vec<Result<Bytecode, Thrown>>;

/// How an isolate is made.
pub(crate) struct Recipe {
    pub(crate) prelude: Bytecode,
    pub(crate) scripts: Scripts,
    pub(crate) setup: Option<(&'static str, Vec<Value>)>,
    pub(crate) memory_bytes: usize,
    pub(crate) stack_bytes: usize,
}

impl Bytecode {
    /// What [`Bytecode::bytes`] gave, when the program was built.
    ///
    /// The engine trusts bytecode as the processor trusts a program. So the bytes must be part of
    /// the program, and the engine that wrote them must be the one that reads them, built from the
    /// same source for a machine with the same order of bytes. The engine refuses what another
    /// format or an accident has changed; it has no defence against what was made to deceive it.
    pub const fn from_bytes(bytes: &'static [u8]) -> Self {
        Self(Cow::Borrowed(bytes))
    }

    /// The bytecode.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// What making an isolate or compiling a script fails with for lack of memory.
pub(crate) fn no_memory(error: &std::io::Error) -> Thrown {
    Thrown::new("InternalError", format!("there is no memory: {error}"))
}
