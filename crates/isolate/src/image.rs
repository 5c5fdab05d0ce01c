//! What every run of an application starts from.

use std::{
    borrow::Cow,
    ffi::{CStr, CString, c_int},
    sync::Arc,
    time::{Duration, Instant},
};

use hookstead_memory::Budget;

use crate::{
    Host, Thrown, Value,
    arena::Arena,
    engine::{Detail, Engine},
    isolates::Isolates,
    stacks,
    turn::{Seat, Step, Turn},
};

/// Compiling is bounded too: a source file comes from a stranger as often as not.
const COMPILE_TIME_MAX: Duration = Duration::from_secs(60);
const COMPILE_MEMORY_BYTES_MAX: usize = 1 << 30;
const COMPILE_STACK_BYTES_MAX: usize = 1 << 20;

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

/// A script that does not compile. Loading it throws the same exception.
#[derive(Debug, Clone)]
pub struct ScriptError {
    /// Which script, from 0.
    pub index: usize,
    /// What the engine says.
    pub thrown: Thrown,
}

/// What an image is made of.
pub struct ImageParts {
    /// Evaluated first; it sees `__host` and leaves its hooks in `__hookstead`.
    pub prelude: Bytecode,
    /// What `__host.script(index)` evaluates.
    pub scripts: Vec<Code>,
    /// A hook that completes the image, and its arguments. Natives cannot be called yet.
    pub setup: Option<(&'static str, Vec<Value>)>,
    /// What a run may use of memory beyond the image.
    pub memory_bytes: usize,
    /// What a run may use of native stack.
    pub stack_bytes: usize,
}

/// A compiled script, good for this very version of the engine alone.
#[derive(Debug, Clone)]
pub struct Bytecode(pub(crate) Cow<'static, [u8]>);

/// The scripts of an application, compiled.
pub(crate) type Scripts = Vec<Result<Bytecode, Thrown>>;

/// The prelude and the scripts of an application, compiled, and the isolates that hold them.
pub struct Image<H: Host> {
    pub(crate) recipe: Recipe,
    pub(crate) isolates: Isolates<H>,
}

/// How an isolate is made.
pub(crate) struct Recipe {
    pub(crate) prelude: Bytecode,
    pub(crate) scripts: Scripts,
    pub(crate) setup: Option<(&'static str, Vec<Value>)>,
    pub(crate) memory_bytes: usize,
    pub(crate) stack_bytes: usize,
}

impl Bytecode {
    /// Compiles a script.
    ///
    /// # Errors
    /// The script does not compile.
    pub fn compile(script: &Script, detail: Detail) -> Result<Self, Thrown> {
        Compiler::new()?.compile(script, detail)
    }

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

impl<H: Host> Image<H> {
    /// Compiles the scripts and makes a first isolate.
    ///
    /// # Errors
    /// The prelude or the setup throws, or there is no memory.
    pub fn new(parts: ImageParts) -> Result<Self, Thrown> {
        Self::within(parts, &Budget::unlimited())
    }

    /// The same, with isolates that count against a budget.
    ///
    /// # Errors
    /// As for [`Image::new`].
    pub fn within(parts: ImageParts, budget: &Arc<Budget>) -> Result<Self, Thrown> {
        let ImageParts { prelude, scripts, setup, memory_bytes, stack_bytes } = parts;
        let scripts = compile_all(scripts)?;
        let recipe = Recipe { prelude, scripts, setup, memory_bytes, stack_bytes };
        let isolates = Isolates::new(&recipe, budget)?;
        Ok(Self { recipe, isolates })
    }

    /// The scripts that do not compile.
    pub fn errors(&self) -> impl Iterator<Item = ScriptError> + '_ {
        self.recipe.scripts.iter().enumerate().filter_map(|(index, script)| {
            let thrown = script.as_ref().err()?.clone();
            Some(ScriptError { index, thrown })
        })
    }

    /// How long it takes to put the image back, on average, and how many of its pages that copies:
    /// those that the runs so far have written to. For benches.
    pub fn time_resets(&self, resets: u32) -> (Duration, usize) {
        self.isolates.time_resets(resets)
    }

    /// How large the image is, in bytes.
    pub fn bytes(&self) -> usize {
        self.isolates.image_bytes()
    }
}

fn compile_all(scripts: Vec<Code>) -> Result<Scripts, Thrown> {
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
    let stack = stacks::take(COMPILE_STACK_BYTES_MAX).map_err(|error| no_memory(&error))?;
    // SAFETY: the seat and all that the body borrows outlive the turn, which ends here.
    let turn = unsafe { Turn::new(stack, seat, std::ptr::null(), std::ptr::null_mut(), body) };
    to_end(turn, Instant::now() + COMPILE_TIME_MAX)
}

/// Runs a turn to its end, however many slices that takes.
pub(crate) fn to_end(mut turn: Turn, deadline: Instant) -> Result<(), Thrown> {
    let step = loop {
        match turn.resume(deadline) {
            Step::SliceOver if Instant::now() < deadline => {}
            step => break step,
        }
    };
    stacks::put_back(turn);
    match step {
        Step::Done => Ok(()),
        Step::SliceOver | Step::Waiting | Step::Working | Step::NoRoom => {
            Err(Thrown::new("InternalError", "this takes too long to load"))
        }
        Step::OutOfMemory => Err(out_of_memory()),
        Step::OutOfStack => Err(Thrown::new("InternalError", "stack overflow")),
    }
}

fn out_of_memory() -> Thrown {
    Thrown::new("InternalError", "out of memory")
}

pub(crate) fn no_memory(error: &std::io::Error) -> Thrown {
    Thrown::new("InternalError", format!("there is no memory: {error}"))
}

/// A C string; the engine's C strings end at the first zero byte, so none is let in.
fn c_string(text: &str) -> CString {
    CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default()
}
