//! A command that is too large to be read on the thread that runs JavaScript.

use std::sync::{Arc, Mutex, PoisonError};

use bson::{RawBsonRef, RawDocumentBuf};
use hookstead_isolate::{Thrown, Value};

use super::{
    command::{Request, parse},
    spec::Spec,
};
use crate::documents;

/// A command that was read on another thread.
pub(crate) struct LargeCommand {
    /// Its fields that are strings and numbers.
    pub(crate) head: RawDocumentBuf,
    /// What it asks for, or why it makes no sense.
    pub(crate) request: Result<Request, Thrown>,
    /// How many bytes it was written down in.
    pub(crate) bytes: usize,
}

impl LargeCommand {
    /// Reads a command that was written down.
    pub(crate) fn read(given: &Value) -> Result<Self, Thrown> {
        let command = documents::read_document(given)?;
        let mut head = RawDocumentBuf::new();
        for (name, value) in command.iter().map_while(Result::ok) {
            if matches!(value, RawBsonRef::String(_) | RawBsonRef::Int32(_)) {
                head.append(name, value);
            }
        }
        let request = parse(&Spec::new(&command));
        Ok(Self { head, request, bytes: given.bytes() })
    }
}

/// Where a command waits that was read on another thread. JavaScript stands still meanwhile, so
/// that there is one at most.
#[derive(Default, Clone)]
pub(crate) struct LargeCommandSlot(Arc<Mutex<Option<LargeCommand>>>);

impl LargeCommandSlot {
    /// Keeps a command.
    pub(crate) fn put(&self, command: LargeCommand) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(command);
    }

    /// Takes the command out.
    pub(crate) fn take(&self) -> Option<LargeCommand> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
