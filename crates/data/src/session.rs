//! Which transaction a command of a session belongs to, and which calls are allowed when.
//!
//! The state is that of the calls that were sent, not of the commands that are done: nobody needs
//! to wait for one before sending the next. What a call does to the documents is the store's part.
//!
//! | call    | outside       | inside             | committed    | aborted      |
//! |---------|---------------|--------------------|--------------|--------------|
//! | command | runs alone    | in the transaction | then outside | then outside |
//! | start   | then inside   | refused            | then inside  | then inside  |
//! | commit  | refused       | then committed     | once more    | refused      |
//! | abort   | refused       | then aborted       | refused      | refused      |

use crate::{DataError, ErrorKind};

/// The state of a session: `T` is a transaction of the store, `C` what it keeps of a commit.
pub(crate) enum SessionState<T, C> {
    /// No transaction has begun, or a command has been sent since it ended.
    Outside,
    Inside(T),
    Committed(C),
    Aborted,
}

/// What a commit has to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Commit<T, C> {
    /// Commit the transaction.
    First(T, C),
    /// Answer for a commit that has been sent before: committing twice is committing once.
    Again(C),
}

impl<T: Clone, C: Clone> SessionState<T, C> {
    /// A command is sent; answers the transaction that it belongs to.
    pub(crate) fn command(&mut self) -> Option<T> {
        match self {
            Self::Inside(transaction) => Some(transaction.clone()),
            _ => {
                *self = Self::Outside;
                None
            }
        }
    }

    /// A transaction is started.
    pub(crate) fn start(&mut self, transaction: impl FnOnce() -> T) -> Result<(), DataError> {
        if self.is_inside() {
            return Err(misuse("Transaction already in progress"));
        }
        *self = Self::Inside(transaction());
        Ok(())
    }

    /// The transaction is committed; `commit` makes what is kept of it.
    pub(crate) fn commit(
        &mut self,
        commit: impl FnOnce(&T) -> C,
    ) -> Result<Commit<T, C>, DataError> {
        match self {
            Self::Inside(transaction) => {
                let (transaction, kept) = (transaction.clone(), commit(transaction));
                *self = Self::Committed(kept.clone());
                Ok(Commit::First(transaction, kept))
            }
            Self::Committed(kept) => Ok(Commit::Again(kept.clone())),
            Self::Outside => Err(misuse("No transaction started")),
            Self::Aborted => {
                Err(misuse("Cannot call commitTransaction after calling abortTransaction"))
            }
        }
    }

    /// The transaction is aborted; answers which one.
    pub(crate) fn abort(&mut self) -> Result<T, DataError> {
        match self {
            Self::Inside(transaction) => {
                let transaction = transaction.clone();
                *self = Self::Aborted;
                Ok(transaction)
            }
            Self::Outside => Err(misuse("No transaction started")),
            Self::Committed(_) => {
                Err(misuse("Cannot call abortTransaction after calling commitTransaction"))
            }
            Self::Aborted => Err(misuse("Cannot call abortTransaction twice")),
        }
    }

    /// Whether a transaction has begun and not ended.
    pub(crate) fn is_inside(&self) -> bool {
        matches!(self, Self::Inside(_))
    }
}

/// A call that the state of a session does not allow.
pub(crate) fn misuse(message: &str) -> DataError {
    DataError::new(ErrorKind::Refused, message)
}

#[cfg(test)]
mod tests {
    use super::{Commit, SessionState};

    /// What calls answer: those of `calls` by their first letters, one transaction a number.
    fn answers(calls: &str) -> Vec<String> {
        let (mut state, mut transactions) = (SessionState::<u32, u32>::Outside, 0);
        let answer = |call| {
            let said = match call {
                'c' => {
                    Ok(state.command().map_or("alone".to_owned(), |number| format!("in {number}")))
                }
                's' => state.start(|| (transactions += 1, transactions).1).map(|()| String::new()),
                'C' => state.commit(|number| *number).map(|commit| match commit {
                    Commit::First(number, _) => format!("commit {number}"),
                    Commit::Again(number) => format!("again {number}"),
                }),
                _ => state.abort().map(|number| format!("abort {number}")),
            };
            said.unwrap_or_else(|error| error.message)
        };
        calls.chars().map(answer).collect()
    }

    const NONE: &str = "No transaction started";
    const AFTER_ABORT: &str = "Cannot call commitTransaction after calling abortTransaction";
    const AFTER_COMMIT: &str = "Cannot call abortTransaction after calling commitTransaction";

    #[test]
    fn every_call_in_every_state() {
        // `c` a command, `s` start, `C` commit, `A` abort; the answer is that of the last call.
        for (calls, last) in [
            ("c", "alone"),
            ("s", ""),
            ("C", NONE),
            ("A", NONE),
            ("sc", "in 1"),
            ("ss", "Transaction already in progress"),
            ("sC", "commit 1"),
            ("sA", "abort 1"),
            ("sCc", "alone"),
            ("sCs", ""),
            ("sCC", "again 1"),
            ("sCA", AFTER_COMMIT),
            ("sAc", "alone"),
            ("sAs", ""),
            ("sAC", AFTER_ABORT),
            ("sAA", "Cannot call abortTransaction twice"),
        ] {
            assert_eq!(answers(calls).last().map(String::as_str), Some(last), "{calls}");
        }
    }

    #[test]
    fn a_call_that_is_refused_changes_nothing() {
        for (calls, last) in [
            ("Cs", ""),
            ("ssc", "in 1"),
            ("sCAC", "again 1"),
            ("sACA", "Cannot call abortTransaction twice"),
        ] {
            assert_eq!(answers(calls).last().map(String::as_str), Some(last), "{calls}");
        }
    }

    #[test]
    fn a_command_after_a_transaction_ends_what_is_known_of_it() {
        for calls in ["sCcC", "sCcA", "sAcC", "sAcA"] {
            assert_eq!(answers(calls).last().map(String::as_str), Some(NONE), "{calls}");
        }
        assert_eq!(answers("sCscC"), ["", "commit 1", "", "in 2", "commit 2"]);
    }
}
