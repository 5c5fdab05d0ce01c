//! What runs take of the memory budget, in natives and in the calls that they start.

use std::sync::Arc;

use hookstead_isolate::{Thrown, Value};
use hookstead_memory::{Account, Held, Refused};
use tokio::time::timeout;

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

/// Takes bytes for a run; where there is no room, waits for it.
pub(crate) async fn take(account: &Arc<Account>, bytes: usize) -> Result<Held, Refused> {
    match account.take(bytes) {
        Err(Refused::NoRoom) => {}
        taken => return taken,
    }
    let waited = timeout(account.budget().wait_time(), account.room(bytes)).await;
    waited.unwrap_or(Err(Refused::NoRoom))
}

/// Adds bytes to what is held; where there is no room, waits for it.
pub(crate) async fn grow(held: &mut Held, bytes: usize) -> Result<(), Refused> {
    let more = take(held.account(), bytes).await?;
    held.merge(more);
    Ok(())
}
