//! What every run of an application starts from.

use std::{sync::Arc, time::Duration};

use hookstead_memory::Budget;

use crate::{
    Host, Thrown, Value,
    compiler::compile_all,
    isolates::Isolates,
    recipe::{Bytecode, Code, Recipe},
};

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

/// The prelude and the scripts of an application, compiled, and the isolates that hold them.
pub struct Image<H: Host> {
    pub(crate) recipe: Recipe,
    pub(crate) isolates: Isolates<H>,
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
