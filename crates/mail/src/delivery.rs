//! What became of a mail.

use std::{fmt, time::Duration};

/// What became of a mail, for the journal: it holds the recipient, and never the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// What it is, such as "the mail to confirm an address".
    pub label: &'static str,
    /// Who gets it.
    pub to: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The server has taken it.
    Sent,
    /// The first attempt failed, and others follow.
    Waits {
        /// Why it failed.
        why: String,
        /// When the next attempt is.
        pause: Duration,
    },
    /// It is given up.
    Failed {
        /// Why the last attempt failed.
        why: String,
    },
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { label, to, outcome } = self;
        match outcome {
            Outcome::Sent => write!(f, "{label} was sent to {to}"),
            Outcome::Waits { why, pause } => {
                let seconds = pause.as_secs_f32();
                write!(f, "{label} waits to be sent to {to}: {why}; next attempt in {seconds} s")
            }
            Outcome::Failed { why } => write!(f, "{label} was not sent to {to}: {why}"),
        }
    }
}
