//! What every run of an application starts from.

use std::time::{Duration, Instant};

use crate::{
    Thrown,
    engine::{Bounds, Detail, Engine},
};

/// Compiling is bounded too: a source file comes from a stranger as often as not.
const COMPILE_TIME_MAX: Duration = Duration::from_secs(60);
const COMPILE_MEMORY_BYTES_MAX: usize = 1 << 30;
const COMPILE_STACK_BYTES_MAX: usize = 1 << 20;
/// The thread that compiles needs room for the engine's stack and its own.
const COMPILE_THREAD_STACK_BYTES: usize = COMPILE_STACK_BYTES_MAX + (1 << 20);

/// A script's source.
pub struct Script {
    /// The name in stack traces.
    pub name: String,
    /// The text; sloppy unless it says otherwise.
    pub source: String,
}

/// A script that does not compile. Loading it throws the same exception.
#[derive(Debug, Clone)]
pub struct ScriptError {
    /// Which script, from 0.
    pub index: usize,
    /// What the engine says.
    pub thrown: Thrown,
}

/// The prelude and the scripts of an application, compiled.
pub struct Image {
    prelude: Vec<u8>,
    scripts: Vec<Result<Vec<u8>, Thrown>>,
}

impl Image {
    /// Compiles a prelude, which every run evaluates first, and scripts, which a run evaluates
    /// when its JavaScript asks for them (`__host.script(index)`).
    ///
    /// # Errors
    /// The prelude does not compile, or there is no thread to compile on.
    pub fn new(prelude: &Script, scripts: &[Script]) -> Result<Self, Thrown> {
        // A thread of its own: the caller's stack may be shorter than the engine's limit.
        std::thread::scope(|scope| {
            std::thread::Builder::new()
                .name("compile".into())
                .stack_size(COMPILE_THREAD_STACK_BYTES)
                .spawn_scoped(scope, || Self::compile(prelude, scripts))
                .map_err(|error| Thrown::new("InternalError", error.to_string()))?
                .join()
                .map_err(|_| Thrown::new("InternalError", "compiling panicked"))?
        })
    }

    /// The scripts that do not compile.
    pub fn errors(&self) -> impl Iterator<Item = ScriptError> + '_ {
        self.scripts.iter().enumerate().filter_map(|(index, script)| {
            let thrown = script.as_ref().err()?.clone();
            Some(ScriptError { index, thrown })
        })
    }

    pub(crate) fn prelude(&self) -> &[u8] {
        &self.prelude
    }

    pub(crate) fn scripts(&self) -> &[Result<Vec<u8>, Thrown>] {
        &self.scripts
    }

    fn compile(prelude: &Script, scripts: &[Script]) -> Result<Self, Thrown> {
        let bounds = || Bounds {
            memory_bytes: COMPILE_MEMORY_BYTES_MAX,
            stack_bytes: COMPILE_STACK_BYTES_MAX,
            deadline: Instant::now() + COMPILE_TIME_MAX,
        };
        let mut engine = Engine::new(&bounds())?;
        let prelude = engine.compile(&prelude.name, &prelude.source, Detail::Stripped)?;
        let mut compiled = Vec::with_capacity(scripts.len());
        for script in scripts {
            compiled.push(engine.compile(&script.name, &script.source, Detail::Full));
            if engine.is_exhausted() || engine.is_expired() {
                // What one script broke is not for the next one to suffer.
                engine = Engine::new(&bounds())?;
            }
        }
        Ok(Self { prelude, scripts: compiled })
    }
}
