//! Commands that took long to be read, with the memory that they take until they are done.
//!
//! What takes much memory when it is read, such as regular expressions, takes long to be read, too:
//! of a command that is read at once, it is little.

use std::sync::Arc;

use hookstead_memory::{Part, Share};
use hookstead_query::with_kept;

use crate::{
    Answer, Batch, Command, Cursor, DataError, Future, MongoCode, Namespace,
    embedded::{
        catalogue::names,
        command::Work,
        data_source::EmbeddedStore,
        failure::{Failure, Outcome},
        threads::{
            cancel::Pending,
            computation::{hold, no_memory},
        },
    },
};

/// A command that has been read.
pub(crate) struct Parsed {
    pub(crate) work: Work,
    /// The memory that it takes.
    pub(crate) share: Option<Share>,
}

impl Parsed {
    /// Reads a command within a computation.
    pub(crate) fn parse(command: Command, memory: &Arc<Part>) -> Outcome<Self> {
        let (parsed, held) = with_kept(|| Work::parse(command));
        let work = match parsed {
            Err(error) if error.code == Some(MongoCode::INTERRUPTED) => {
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

/// What a command is, or why it is none; a command that may take long to read comes back.
pub(crate) fn parse_short(
    store: &EmbeddedStore,
    name: &Namespace,
    command: Command,
) -> Result<Result<Work, DataError>, Box<Command>> {
    match check_name(store, name, &command) {
        Ok(()) => Work::parse_short(command),
        Err(error) => Ok(Err(error)),
    }
}

/// Has a thread that reads find out what a command is.
pub(crate) fn parse_long(store: &EmbeddedStore, command: Box<Command>) -> Pending<Parsed> {
    store.readers().submit_with(move |_, shared, _| Parsed::parse(*command, &shared.memory))
}

fn check_name(store: &EmbeddedStore, name: &Namespace, command: &Command) -> Result<(), DataError> {
    let named = match command {
        Command::Aggregate(aggregate) if aggregate.of_database => {
            names::check_database(&name.database)
        }
        _ => names::check(name),
    };
    named.map_err(|failure| store.error(failure))
}

/// The same answer; a cursor goes on using what has been read of its command.
pub(crate) fn keeping(share: Option<Share>, answer: Answer) -> Answer {
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
