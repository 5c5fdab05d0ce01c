//! What runs take of the memory budget, in natives and in the calls that they start.

use hookstead_isolate::{Thrown, Value};
use hookstead_memory::{Held, Refused};

/// What a call under way takes beside its request and its answer: buffers of a connection.
pub(crate) const CALL_BYTES: usize = 64 << 10;

/// An answer, and what the run has taken from the budget for it.
pub(crate) type Answered = Result<(Value, Held), Broken>;

/// Why a call has no answer.
#[derive(Debug)]
pub(crate) enum Broken {
    /// For the function, which may catch it.
    Thrown(Thrown),
    /// There is no memory for the answer: the run fails, as if JavaScript had used it up.
    Memory(Refused),
}

impl From<Thrown> for Broken {
    fn from(thrown: Thrown) -> Self {
        Self::Thrown(thrown)
    }
}

impl From<Refused> for Broken {
    fn from(refused: Refused) -> Self {
        Self::Memory(refused)
    }
}
