//! Whose rights a run has.

use std::sync::Arc;

use hookstead_functions::User;
use hookstead_identity::User as KnownUser;
use hookstead_journal::RunBy;

/// Whose rights a run has.
#[derive(Debug, Clone)]
pub(crate) enum RunsAs {
    /// The system user's.
    System,
    /// Those of a user of the app.
    User(Arc<KnownUser>),
}

impl RunsAs {
    /// Whether the function runs as system.
    pub(crate) fn is_system(&self) -> bool {
        matches!(self, Self::System)
    }

    /// As functions see it.
    pub(crate) fn user(&self) -> User {
        match self {
            Self::System => User::System,
            Self::User(user) => User::Known(Arc::clone(user)),
        }
    }

    /// As the journal tells it.
    pub(crate) fn run_by(&self) -> RunBy {
        match self {
            Self::System => RunBy::System,
            Self::User(user) => RunBy::User(user.id.clone()),
        }
    }
}
