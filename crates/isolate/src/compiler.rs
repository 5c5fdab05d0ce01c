//! Scripts become bytecode.

use std::{
    ffi::{CStr, CString, c_int},
    time::{Duration, Instant},
};

use crate::{
    Thrown,
    arena::Arena,
    engine::{Detail, Engine},
    frame::Seat,
    limits::stack,
    recipe::{Bytecode, Code, Script, Scripts, no_memory},
    turn::{Turn, out_of_memory, to_end},
};

/// Compiling is bounded too: a source file comes from a stranger as often as not.
const COMPILE_TIME_MAX: Duration = Duration::from_secs(60);
const COMPILE_MEMORY_BYTES_MAX: usize = 1 << 30;
const COMPILE_STACK_BYTES_MAX: usize = 1 << 20;

impl Bytecode {
    /// Compiles a script.
    ///
    /// # Errors
    /// The script does not compile.
    pub fn compile(script: &Script, detail: Detail) -> Result<Self, Thrown> {
        Compiler::new()?.compile(script, detail)
    }
}

/// Compiles the scripts of an image.
pub(crate) fn compile_all(scripts: Vec<Code>) -> Result<Scripts, Thrown> {
    let mut compiler = Compiler::new()?;
    let mut compiled = Vec::with_capacity(scripts.len());
    for script in scripts {
        compiled.push(match script {
            Code::Source(script) => compiler.compile(&script, Detail::Full),
            Code::Compiled(bytecode) => Ok(bytecode),
        });
        if compiler.is_spent {
            // What one script broke is not for the next one to suffer.
            compiler = Compiler::new()?;
        }
    }
    Ok(compiled)
}

/// An engine that does nothing but compile.
struct Compiler {
    engine: Option<Engine>,
    arena: Box<Arena>,
    /// A limit was reached, and the engine stands still somewhere.
    is_spent: bool,
}

impl Compiler {
    fn new() -> Result<Self, Thrown> {
        let arena = Arena::new(0, COMPILE_MEMORY_BYTES_MAX).map_err(|error| no_memory(&error))?;
        let mut compiler = Self { engine: None, arena, is_spent: false };
        let Self { engine, arena, .. } = &mut compiler;
        let arena: *mut Arena = &raw mut **arena;
        let mut made = None;
        // SAFETY: the arena is boxed and outlives the engine.
        ran(unsafe { (*arena).seat() }, &mut || {
            // SAFETY: as above; the code runs within a turn of that arena.
            made = Some(unsafe { Engine::new(arena, COMPILE_STACK_BYTES_MAX) });
        })?;
        *engine = made.transpose()?;
        Ok(compiler)
    }

    fn compile(&mut self, script: &Script, detail: Detail) -> Result<Bytecode, Thrown> {
        let Some(engine) = self.engine else { return Err(out_of_memory()) };
        let (name, text) = (c_string(&script.name), c_string(&script.source));
        let first_line = 1 - c_int::from(script.lines_before);
        let (mut written, mut outcome) = (Vec::new(), Ok(()));
        let ended = ran(self.arena.seat(), &mut || {
            engine.enter_stack();
            let (name, text): (&CStr, &CStr) = (&name, &text);
            outcome = engine.compile(name, text, first_line, detail, &mut written);
        });
        self.is_spent = ended.is_err();
        ended?;
        outcome?;
        written.shrink_to_fit();
        Ok(Bytecode(written.into()))
    }
}

/// Runs something on a stack of its own to its end, within the limits of compiling.
fn ran(seat: *const Seat, body: &mut dyn FnMut()) -> Result<(), Thrown> {
    let stack = stack::take(COMPILE_STACK_BYTES_MAX).map_err(|error| no_memory(&error))?;
    // SAFETY: the seat and all that the body borrows outlive the turn, which ends here.
    let turn = unsafe { Turn::new(stack, seat, std::ptr::null(), std::ptr::null_mut(), body) };
    to_end(turn, Instant::now() + COMPILE_TIME_MAX)
}

/// A C string; the engine's C strings end at the first zero byte, so none is let in.
fn c_string(text: &str) -> CString {
    CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default()
}
