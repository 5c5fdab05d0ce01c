//! Commands that took long to be read, with the memory that they take until they are done.
//!
//! What takes much memory when it is read, such as regular expressions, takes long to be read, too:
//! of a command that is read at once, it is little.

use std::sync::Arc;

use hookstead_memory::{Part, Share};
use hookstead_query::{QueryError, with_kept};

use super::{
    commands::Work,
    computation::{hold, no_memory},
    failure::{Failure, Outcome},
};
use crate::{Answer, Batch, Command, Cursor, Future};

/// A command that has been read.
pub(super) struct Parsed {
    pub(super) work: Work,
    /// The memory that it takes.
    pub(super) share: Option<Share>,
}

impl Parsed {
    /// Reads a command within a computation.
    pub(super) fn parse(command: Command, memory: &Arc<Part>) -> Outcome<Self> {
        let (parsed, held) = with_kept(|| Work::parse(command));
        let work = match parsed {
            Err(error) if error.code == Some(QueryError::INTERRUPTED) => {
                return Err(Failure::Cancelled);
            }
            parsed => parsed?,
        };
        let (bytes, mut share) = (held.bytes(), None);
        if bytes > 0 && !hold(&mut share, memory, bytes) {
            return Err(no_memory(memory, bytes).into());
        }
        Ok(Self { work, share })
    }
}

/// The same answer; a cursor goes on using what has been read of its command.
pub(super) fn keeping(share: Option<Share>, answer: Answer) -> Answer {
    match (answer, share) {
        (Answer::Cursor(batch, Some(cursor)), Some(share)) => {
            Answer::Cursor(batch, Some(Box::new(Keeping { cursor, _share: share })))
        }
        (answer, _) => answer,
    }
}

struct Keeping {
    cursor: Box<dyn Cursor>,
    _share: Share,
}

impl Cursor for Keeping {
    fn next_batch(&mut self) -> Future<'_, Batch> {
        self.cursor.next_batch()
    }

    fn held_bytes(&self) -> usize {
        self.cursor.held_bytes()
    }
}
